//! The files of declared state: `*.toml` for people, groups and apps, `*.cedar` for policies.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gw_model::{App, AppName, AppOwner, GroupName, PolicyFile, Snapshot, User};
use serde::{Deserialize, Serialize};

use crate::{
    operation::{attributes, check_name, check_text},
    policies::{self, Checked},
    reading::{self, Form},
    types::AppDocument,
};

/// The form of the files that this reads.
const VERSION: u32 = 1;

/// One file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    version: u32,
    #[serde(default, rename = "group", skip_serializing_if = "Vec::is_empty")]
    groups: Vec<GroupForm>,
    #[serde(default, rename = "user", skip_serializing_if = "Vec::is_empty")]
    users: Vec<UserForm>,
    #[serde(default, rename = "app", skip_serializing_if = "Vec::is_empty")]
    apps: Vec<AppDocument>,
}

/// A group, as it is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupForm {
    pub(crate) name: GroupName,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) title: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) parents: Vec<GroupName>,
}

/// A person, as they are declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserForm {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) groups: BTreeSet<GroupName>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attributes: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) disabled: bool,
}

/// All that files declare, checked as far as it can be without the facts.
#[derive(Default)]
pub(crate) struct Declared {
    pub(crate) groups: BTreeMap<GroupName, GroupForm>,
    pub(crate) users: BTreeMap<String, UserForm>,
    pub(crate) apps: BTreeMap<AppName, Arc<App>>,
    /// The policies, where there is a file of them.
    pub(crate) policies: Option<Checked>,
}

impl Declared {
    /// Reads files.
    ///
    /// # Errors
    /// Everything that is wrong with them, a line each.
    pub(crate) fn read(files: &[PolicyFile]) -> Result<Self, Vec<String>> {
        let (mut all, mut faults) = (Self::default(), Vec::new());
        let mut policies = Vec::new();
        let mut names = BTreeSet::new();
        for file in files {
            if !names.insert(&file.name) {
                faults.push(format!("{}: the file is there twice", file.name));
            } else if file.name.ends_with(".cedar") {
                policies.push(file.clone());
            } else if file.name.ends_with(".toml") {
                all.add(file, &mut faults);
            } else {
                faults.push(format!("{}: is neither *.toml nor *.cedar", file.name));
            }
        }
        if !policies.is_empty() {
            match policies::check(policies) {
                Ok(checked) => all.policies = Some(checked),
                Err(found) => faults.extend(found),
            }
        }
        match faults.is_empty() {
            true => Ok(all),
            false => Err(faults),
        }
    }

    fn add(&mut self, file: &PolicyFile, faults: &mut Vec<String>) {
        let form: FileForm = match toml::from_str(&file.text) {
            Ok(form) => form,
            Err(fault) => {
                let before = fault.span().and_then(|span| file.text.get(..span.start));
                let line = before.map_or(1, |text| text.matches('\n').count() + 1);
                let words = reading::words(fault.message(), Form::Toml);
                faults.push(format!("{}:{line}: {words}", file.name));
                return;
            }
        };
        if form.version != VERSION {
            let (name, version) = (&file.name, form.version);
            faults.push(format!(
                "{name}: version {version} is not known; this binary reads version {VERSION}"
            ));
            return;
        }
        let mut add = |what: &str, name: &str, fault: String| {
            faults.push(format!("{}: {what} `{name}`: {fault}", file.name));
        };
        for group in form.groups {
            let name = group.name.clone();
            if self.groups.insert(name.clone(), group).is_some() {
                add("group", name.as_str(), "is declared twice".into());
            }
        }
        for user in form.users {
            let name = user.name.clone();
            for fault in user.faults() {
                add("user", &name, fault);
            }
            if self.users.insert(name.clone(), user).is_some() {
                add("user", &name, "is declared twice".into());
            }
        }
        for document in form.apps {
            let name = document.name.clone();
            match document.app() {
                Ok(app) => {
                    if self.apps.insert(name.clone(), Arc::new(app)).is_some() {
                        add("app", name.as_str(), "is declared twice".into());
                    }
                }
                Err(found) => {
                    for fault in found {
                        add("app", name.as_str(), fault.to_string());
                    }
                }
            }
        }
    }
}

impl UserForm {
    fn faults(&self) -> Vec<String> {
        let texts = [("display_name", &self.display_name), ("email", &self.email)];
        let texts = texts
            .into_iter()
            .filter_map(|(field, text)| check_text(field, text.as_deref()?).err());
        let checks = check_name(&self.name).err().into_iter();
        checks
            .chain(texts)
            .chain(attributes(&self.attributes).err())
            .map(|problem| problem.detail.into())
            .collect()
    }

    /// A person as they would be declared; memberships that end by themselves are nobody's
    /// declaration.
    fn of(user: &User) -> Self {
        let text = |text: &Arc<str>| text.to_string();
        Self {
            name: user.name.to_string(),
            display_name: (user.display_name != user.name).then(|| text(&user.display_name)),
            email: user.email.as_ref().map(text),
            groups: user
                .groups
                .iter()
                .filter(|membership| membership.until.is_none())
                .map(|membership| membership.group.clone())
                .collect(),
            attributes: user
                .attributes
                .iter()
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
            disabled: user.disabled,
        }
    }
}

/// What there is, as files. Apps of the configuration file, and groups that it names, are
/// declared there.
pub(crate) fn exported(facts: &Snapshot, configured: &[GroupName]) -> Vec<PolicyFile> {
    let groups: Vec<_> = facts
        .groups()
        .filter(|group| !configured.contains(&group.name))
        .map(|group| GroupForm {
            name: group.name.clone(),
            title: group.title.to_string(),
            parents: group.parents.clone(),
        })
        .collect();
    // Whoever broke the glass is nobody's to declare.
    let stay = |user: &&std::sync::Arc<User>| facts.break_glass_of(user.id).is_none();
    let users: Vec<_> = facts
        .users()
        .filter(stay)
        .map(|user| UserForm::of(user))
        .collect();
    let apps: Vec<_> = facts
        .apps()
        .filter(|app| app.owner == AppOwner::Administration)
        .map(|app| AppDocument::of(app))
        .collect();
    let form = |groups, users, apps| FileForm {
        version: VERSION,
        groups,
        users,
        apps,
    };
    let files = [
        ("groups.toml", form(groups, Vec::new(), Vec::new())),
        ("people.toml", form(Vec::new(), users, Vec::new())),
        ("apps.toml", form(Vec::new(), Vec::new(), apps)),
    ];
    let written = files.into_iter().filter_map(|(name, form)| {
        Some(PolicyFile {
            name: name.into(),
            text: toml::to_string(&form).ok()?.into(),
        })
    });
    written
        .chain(facts.policies().files.iter().cloned())
        .collect()
}
