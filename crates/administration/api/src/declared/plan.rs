//! What it takes to turn the facts into what files declare.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use gw_model::{
    App, AppOwner, Change, ExternalIdentity, Group, GroupName, Membership, PolicyFile, Snapshot,
    Upstream, User, UserId,
};

use super::form::{Declared, GroupForm, UserForm};
use crate::{
    operation::refuse_host,
    policies::Checked,
    types::{ChangeWord, PlannedChange},
};

/// The changes, in the order in which they fit, with what is told of them.
#[derive(Default)]
pub(crate) struct Planned {
    pub(crate) told: Vec<PlannedChange>,
    pub(crate) undeclared: Vec<PlannedChange>,
    pub(crate) changes: Vec<Change>,
    pub(crate) policies: Option<Checked>,
    pub(crate) faults: Vec<String>,
}

impl Planned {
    /// A name for these very changes of what there is now: another where any of that has changed.
    pub(crate) fn name(&self, facts: &Snapshot) -> String {
        let mut hasher = DefaultHasher::new();
        self.told.hash(&mut hasher);
        for change in &self.told {
            version(facts, change).hash(&mut hasher);
        }
        if let Some(policies) = &self.policies {
            for file in policies.files.iter() {
                (&*file.name, &*file.text).hash(&mut hasher);
            }
        }
        format!("{:016x}", hasher.finish())
    }

    fn tell(&mut self, action: ChangeWord, kind: &str, name: impl ToString, fields: Vec<&str>) {
        self.told.push(PlannedChange {
            action,
            kind: kind.to_owned(),
            name: name.to_string(),
            fields: fields.into_iter().map(str::to_owned).collect(),
        });
    }
}

/// The version of what a change is about, where that is there: the number of the transaction that
/// changed it last.
pub(crate) fn version(facts: &Snapshot, change: &PlannedChange) -> Option<u64> {
    let name = &change.name;
    match &*change.kind {
        "user" => facts.user_named(name).map(|user| user.version),
        "group" => Some(facts.group(&name.parse().ok()?)?.version),
        "app" => Some(facts.app(&name.parse().ok()?)?.version),
        "policies" => Some(facts.policies().version),
        _ => None,
    }
}

/// Compares what files declare with the facts. `ids` gives new people their ids.
pub(crate) fn planned(
    wanted: &Declared,
    facts: &Snapshot,
    configured: &[GroupName],
    prune: bool,
    ids: &mut dyn FnMut(&str) -> UserId,
) -> Planned {
    let before = Declared::read(&facts.declared().files).unwrap_or_default();
    let mut plan = Planned::default();
    let goes = Goes {
        wanted,
        before: &before,
        facts,
        configured,
        prune,
    };
    goes.apps(&mut plan);
    groups(wanted, facts, configured, &mut plan);
    users(wanted, facts, ids, &mut plan);
    goes.users(&mut plan);
    goes.groups(&mut plan);
    apps(wanted, facts, &mut plan);
    policies(wanted, facts, &mut plan);
    plan
}

/// What goes: what was declared and no longer is, and what nobody declared where that is pruned.
/// Who and what a source pushed in is the source's to say.
struct Goes<'a> {
    wanted: &'a Declared,
    before: &'a Declared,
    facts: &'a Snapshot,
    configured: &'a [GroupName],
    prune: bool,
}

impl Goes<'_> {
    fn one(&self, plan: &mut Planned, kind: &str, name: &str, was_declared: bool, change: Change) {
        if was_declared || self.prune {
            plan.tell(ChangeWord::Remove, kind, name, Vec::new());
            plan.changes.push(change);
        } else {
            plan.undeclared.push(PlannedChange {
                action: ChangeWord::Remove,
                kind: kind.to_owned(),
                name: name.to_owned(),
                fields: Vec::new(),
            });
        }
    }

    fn apps(&self, plan: &mut Planned) {
        let ours = |app: &&Arc<App>| app.owner == AppOwner::Administration;
        for app in self.facts.apps().filter(ours) {
            if !self.wanted.apps.contains_key(&app.name) {
                let was_declared = self.before.apps.contains_key(&app.name);
                let change = Change::AppRemoved(app.name.clone());
                self.one(plan, "app", app.name.as_str(), was_declared, change);
            }
        }
    }

    fn users(&self, plan: &mut Planned) {
        let stays = |user: &&Arc<User>| self.facts.break_glass_of(user.id).is_none();
        for user in self.facts.users().filter(stays) {
            let was_declared = self.before.users.contains_key(&*user.name);
            let is_brought = user.identities.iter().any(|one| self.is_brought(one));
            let stays = self.wanted.users.contains_key(&*user.name) || is_brought && !was_declared;
            if !stays {
                let change = Change::UserRemoved(user.id);
                self.one(plan, "user", &user.name, was_declared, change);
            }
        }
    }

    /// Whether somebody was pushed in, or is known at a directory that is read.
    fn is_brought(&self, identity: &ExternalIdentity) -> bool {
        let provider = self.facts.provider(&identity.provider);
        let is_directory = provider.is_some_and(|p| p.protocol.directory().is_some());
        identity.is_made() || is_directory
    }

    fn groups(&self, plan: &mut Planned) {
        for group in self.facts.groups() {
            let was_declared = self.before.groups.contains_key(&group.name);
            let is_pushed = group.identities.iter().any(ExternalIdentity::is_made);
            let stays = self.wanted.groups.contains_key(&group.name)
                || self.configured.contains(&group.name)
                || is_pushed && !was_declared;
            if !stays {
                let change = Change::GroupRemoved(group.name.clone());
                self.one(plan, "group", group.name.as_str(), was_declared, change);
            }
        }
    }
}

/// New groups come without their parents first: each then finds those that it names.
fn groups(wanted: &Declared, facts: &Snapshot, configured: &[GroupName], plan: &mut Planned) {
    let group = |form: &GroupForm, parents: Vec<GroupName>| {
        let present = facts.group(&form.name);
        Change::GroupPut(Arc::new(Group {
            name: form.name.clone(),
            title: Arc::from(form.title.as_str()),
            parents,
            identities: present.map_or_else(Vec::new, |present| present.taken_over()),
            version: 0,
        }))
    };
    let mut with_parents = Vec::new();
    for form in wanted.groups.values() {
        if configured.contains(&form.name) {
            plan.faults.push(format!(
                "group `{}`: stands in the configuration file; declare it in one place",
                form.name
            ));
            continue;
        }
        let Some(present) = facts.group(&form.name) else {
            plan.tell(ChangeWord::Add, "group", &form.name, Vec::new());
            plan.changes.push(group(form, Vec::new()));
            if !form.parents.is_empty() {
                with_parents.push(group(form, form.parents.clone()));
            }
            continue;
        };
        let mut fields = Vec::new();
        if *present.title != *form.title {
            fields.push("title");
        }
        if present.parents != form.parents {
            fields.push("parents");
        }
        if present.identities != present.taken_over() {
            fields.push("made by");
        }
        if !fields.is_empty() {
            plan.tell(ChangeWord::Change, "group", &form.name, fields);
            with_parents.push(group(form, form.parents.clone()));
        }
    }
    plan.changes.extend(with_parents);
}

fn users(
    wanted: &Declared,
    facts: &Snapshot,
    ids: &mut dyn FnMut(&str) -> UserId,
    plan: &mut Planned,
) {
    for form in wanted.users.values() {
        let Some(present) = facts.user_named(&form.name) else {
            plan.tell(ChangeWord::Add, "user", &form.name, Vec::new());
            let user = form.applied(&nobody(ids(&form.name), &form.name));
            plan.changes.push(Change::UserPut(Arc::new(user)));
            continue;
        };
        let user = form.applied(present);
        let mut fields = Vec::new();
        for (field, differs) in [
            ("display_name", user.display_name != present.display_name),
            (
                "email",
                user.email != present.email || user.verified_email != present.verified_email,
            ),
            ("groups", sorted(&user.groups) != sorted(&present.groups)),
            ("attributes", user.attributes != present.attributes),
            ("disabled", user.disabled != present.disabled),
        ] {
            if differs {
                fields.push(field);
            }
        }
        if !fields.is_empty() {
            plan.tell(ChangeWord::Change, "user", &form.name, fields);
            plan.changes.push(Change::UserPut(Arc::new(user)));
        }
    }
}

fn sorted(groups: &[Membership]) -> BTreeSet<(&GroupName, Option<gw_model::Timestamp>)> {
    groups.iter().map(|m| (&m.group, m.until)).collect()
}

fn nobody(id: UserId, name: &str) -> User {
    User {
        id,
        name: Arc::from(name),
        display_name: Arc::from(name),
        email: None,
        attributes: BTreeMap::new(),
        groups: Vec::new(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}

impl UserForm {
    /// The person with what is declared of them. What ends by itself is left to its end, unless
    /// it is declared for good.
    fn applied(&self, present: &User) -> User {
        let text = |text: &String| Arc::from(text.as_str());
        let ending = present
            .groups
            .iter()
            .filter(|m| m.until.is_some() && !self.groups.contains(&m.group));
        let mut groups: Vec<_> = self.groups.iter().cloned().map(Membership::of).collect();
        groups.extend(ending.cloned());
        User {
            display_name: self
                .display_name
                .as_ref()
                .map_or_else(|| present.name.clone(), text),
            email: self.email.as_ref().map(text),
            verified_email: self.verified(present),
            attributes: self
                .attributes
                .iter()
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
            groups,
            disabled: self.disabled,
            ..present.clone()
        }
    }

    /// Who declares an address says that it is theirs; but not who only leaves what a provider or
    /// a directory wrote as it is, such as by declaring what was exported.
    fn verified(&self, present: &User) -> Option<Arc<str>> {
        let declared = self.email.as_deref().map(Arc::from);
        let is_as_it_was = declared == present.email && !present.identities.is_empty();
        match is_as_it_was {
            true => present.verified_email.clone(),
            false => declared,
        }
    }
}

fn apps(wanted: &Declared, facts: &Snapshot, plan: &mut Planned) {
    for app in wanted.apps.values() {
        if let Err(fault) = refuse_host(facts, app) {
            plan.faults.push(format!("app `{}`: {fault}", app.name));
        }
        let Some(present) = facts.app(&app.name) else {
            plan.tell(ChangeWord::Add, "app", &app.name, Vec::new());
            plan.changes.push(Change::AppPut(app.clone()));
            continue;
        };
        let elsewhere = match (&present.upstream, present.owner) {
            (Upstream::BuiltIn(_), _) => Some("is part of Gatewright"),
            (_, AppOwner::Configuration) => {
                Some("stands in the configuration file; declare it in one place")
            }
            _ => None,
        };
        if let Some(elsewhere) = elsewhere {
            plan.faults.push(format!("app `{}`: {elsewhere}", app.name));
            continue;
        }
        let same = App {
            version: present.version,
            ..App::clone(app)
        };
        if same != **present {
            plan.tell(ChangeWord::Change, "app", &app.name, fields(&same, present));
            plan.changes.push(Change::AppPut(app.clone()));
        }
    }
}

fn fields(one: &App, other: &App) -> Vec<&'static str> {
    [
        ("title", one.title != other.title),
        ("description", one.description != other.description),
        ("host", one.host != other.host),
        ("upstream", one.upstream != other.upstream),
        ("tags", one.tags != other.tags),
        ("attributes", one.attributes != other.attributes),
        ("routes", one.routes != other.routes),
        ("time_zone", one.time_zone != other.time_zone),
        ("in_portal", one.in_portal != other.in_portal),
        ("preserve_host", one.preserve_host != other.preserve_host),
        (
            "identity_headers",
            one.identity_headers != other.identity_headers,
        ),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(field, _)| field)
    .collect()
}

fn by_name(files: &[PolicyFile]) -> BTreeMap<&str, &PolicyFile> {
    files.iter().map(|file| (&*file.name, file)).collect()
}

fn policies(wanted: &Declared, facts: &Snapshot, plan: &mut Planned) {
    let Some(checked) = &wanted.policies else {
        return;
    };
    let present = &facts.policies().files;
    if checked.files == *present {
        return;
    }
    let (new, old) = (by_name(&checked.files), by_name(present));
    let names: BTreeSet<&str> = new.keys().chain(old.keys()).copied().collect();
    for name in names {
        match (new.get(name), old.get(name)) {
            (Some(_), None) => plan.tell(ChangeWord::Add, "policies", name, Vec::new()),
            (None, Some(_)) => plan.tell(ChangeWord::Remove, "policies", name, Vec::new()),
            (Some(new), Some(old)) if new != old => {
                plan.tell(ChangeWord::Change, "policies", name, Vec::new());
            }
            _ => {}
        }
    }
    plan.changes
        .push(Change::PoliciesApplied(checked.files.clone()));
    plan.policies = Some(checked.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_declares_an_address_says_whose_it_is_and_not_who_leaves_it_as_a_source_wrote_it() {
        let declared = |email: &str, of: &User| {
            let form = UserForm {
                name: "ana".into(),
                display_name: None,
                email: Some(email.into()),
                groups: BTreeSet::new(),
                attributes: BTreeMap::new(),
                disabled: false,
            };
            form.applied(of).verified_address().is_some()
        };
        let new = nobody(UserId::from_bits(1), "ana");
        let own = "ana@corp.test";
        let here = User {
            email: Some(own.into()),
            ..new.clone()
        };
        let okta = "okta".parse().unwrap();
        let pushed = User {
            identities: vec![ExternalIdentity::of(okta, "1".into())],
            ..here.clone()
        };
        assert!(declared(own, &new));
        assert!(declared(own, &here));
        assert!(!declared(own, &pushed));
        assert!(declared("ana@example.org", &pushed));
    }
}
