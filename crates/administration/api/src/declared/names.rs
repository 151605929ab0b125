//! What the declared state holds, by name: whatever is changed of it by hand, the next time that it
//! is applied undoes.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use gw_model::{AppName, GroupName, Snapshot, User};
use serde::Deserialize;

use super::Declared;
use crate::types::ManagedBy;

/// The names that the declared state holds.
#[derive(Debug, Default)]
pub(crate) struct Names {
    users: BTreeSet<String>,
    groups: BTreeSet<String>,
    apps: BTreeSet<String>,
    policies: bool,
}

/// A file, of which only names are read: the rest was read when it was applied.
#[derive(Deserialize, Default)]
struct Named {
    #[serde(default)]
    group: Vec<Name>,
    #[serde(default)]
    user: Vec<Name>,
    #[serde(default)]
    app: Vec<Name>,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

impl Names {
    /// Of what is about to be the declared state.
    pub(crate) fn declared(wanted: &Declared) -> Self {
        Self {
            users: wanted.users.keys().cloned().collect(),
            groups: wanted.groups.keys().map(ToString::to_string).collect(),
            apps: wanted.apps.keys().map(ToString::to_string).collect(),
            policies: wanted.policies.is_some(),
        }
    }

    fn of(facts: &Snapshot) -> Self {
        let mut all = Self::default();
        for file in facts.declared().files.iter() {
            if file.name.ends_with(".cedar") {
                all.policies = true;
                continue;
            }
            let named: Named = toml::from_str(&file.text).unwrap_or_default();
            let names = |of: Vec<Name>| of.into_iter().map(|named| named.name);
            all.users.extend(names(named.user));
            all.groups.extend(names(named.group));
            all.apps.extend(names(named.app));
        }
        all
    }

    pub(crate) fn has_user(&self, user: &User) -> bool {
        self.users.contains(&*user.name)
    }

    pub(crate) fn has_group(&self, group: &GroupName) -> bool {
        self.groups.contains(group.as_str())
    }

    pub(crate) fn has_app(&self, app: &AppName) -> bool {
        self.apps.contains(app.as_str())
    }

    pub(crate) const fn has_policies(&self) -> bool {
        self.policies
    }
}

/// Who manages what the administration may change.
pub(crate) const fn managed_by(is_declared: bool) -> ManagedBy {
    match is_declared {
        true => ManagedBy::Declared,
        false => ManagedBy::Administration,
    }
}

/// The names of the declared state as it was last applied, read once for each time.
#[derive(Default)]
pub(crate) struct DeclaredNames(Mutex<Option<(u64, Arc<Names>)>>);

impl DeclaredNames {
    /// Takes the names of a version, which need not be read any more.
    pub(crate) fn note(&self, version: u64, names: Names) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((version, Arc::new(names)));
    }

    pub(crate) fn of(&self, facts: &Snapshot) -> Arc<Names> {
        let version = facts.declared().version;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((read, names)) if *read == version => Arc::clone(names),
            _ => {
                let names = Arc::new(Names::of(facts));
                *known = Some((version, Arc::clone(&names)));
                names
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gw_engine::testing::user;
    use gw_model::{Change, Epoch, PolicyFile};

    use super::*;

    fn declaring(number: u64, text: &str) -> Snapshot {
        let file = PolicyFile {
            name: "people.toml".into(),
            text: text.into(),
        };
        let epoch = Epoch {
            number,
            ..Epoch::default()
        };
        let put = Change::DeclaredPut([file].into());
        Snapshot::default().apply(epoch, &[put]).unwrap()
    }

    #[test]
    fn what_is_declared_is_known_by_name_and_read_again_when_it_changes() {
        let names = DeclaredNames::default();
        let facts = declaring(
            1,
            "version = 1\n[[user]]\nname = \"ana\"\ngroups = [\"staff\"]\n",
        );
        let ana = user(1, "ana", &[]);
        assert!(names.of(&facts).has_user(&ana));
        assert!(!names.of(&facts).has_group(&"staff".parse().unwrap()));
        assert!(!names.of(&facts).has_policies());
        assert!(!names.of(&declaring(2, "version = 1\n")).has_user(&ana));
        assert!(!names.of(&Snapshot::default()).has_user(&ana));
        let wanted = Declared::read(&facts.declared().files).unwrap_or_default();
        names.note(2, Names::declared(&wanted));
        assert!(names.of(&declaring(2, "version = 1\n")).has_user(&ana));
    }
}
