mod elsewhere;
mod groups;
mod losses;
mod names;
mod people;

use std::sync::Arc;

use gw_model::{
    DISABLED_BY, Epoch, ExternalIdentity, Factor, FactorId, FactorKind, Membership, Snapshot,
    Tally, Timestamp, User, UserId,
};

use super::*;
use crate::{
    Dn,
    reading::{DirectoryGroup, Elsewhere, Member, Person, UnusableName},
    settings::{GroupMatch, MappedGroup, Provision},
    testing::{facts, mapped, settings, user},
};

fn dn(text: &str) -> Dn {
    text.parse().unwrap()
}

/// Somebody whose unique id, names and entry are all made of one word.
fn somebody(name: &str) -> Person {
    let shown = format!("uid={name},ou=people,dc=lab");
    Person {
        id: format!("id-{name}").into(),
        dn: dn(&shown).key().clone(),
        shown: shown.into(),
        name: Ok(name.into()),
        display_name: Some(name.to_uppercase().into()),
        email: None,
        is_disabled: false,
        member_of: Vec::new(),
    }
}

fn off(name: &str) -> Person {
    Person {
        is_disabled: true,
        ..somebody(name)
    }
}

fn group(name: &str, members: &[&str]) -> DirectoryGroup {
    let member = |name: &&str| {
        let text = match name.contains('=') {
            true => (*name).to_owned(),
            false => format!("uid={name},ou=people,dc=lab"),
        };
        Member::Dn(dn(&text).key().clone())
    };
    let shown = format!("cn={name},ou=groups,dc=lab");
    DirectoryGroup {
        dn: dn(&shown).key().clone(),
        shown: shown.into(),
        names: vec![name.into()],
        members: members.iter().map(member).collect(),
        unreadable: 0,
    }
}

fn reading(people: Vec<Person>, groups: Vec<DirectoryGroup>) -> Reading {
    Reading {
        people,
        unusable: Vec::new(),
        groups,
        elsewhere: Elsewhere::default(),
    }
}

/// Facts, what a directory says, and the settings between them.
struct House {
    facts: Snapshot,
    settings: Settings,
    next: u64,
}

impl House {
    fn of(users: Vec<User>) -> Self {
        let mut settings = settings();
        settings.safety.loss_always = 100;
        Self {
            facts: facts(users),
            settings,
            next: 1000,
        }
    }

    fn plan(&self, reading: &Reading) -> Result<Plan, Refused> {
        let provider = &self.settings.provider;
        plan(&Present::of(&self.facts, provider), reading, &self.settings)
    }

    /// Plans and applies, and makes sure that there is nothing left to do.
    fn follow(&mut self, reading: &Reading) -> Plan {
        let found = self.plan(reading).unwrap();
        self.apply(&found);
        let again = self.plan(reading).unwrap();
        assert_eq!(again.steps, [], "planning again finds nothing");
        assert_eq!(again.counts.memberships, found.counts.memberships);
        found
    }

    fn apply(&mut self, plan: &Plan) {
        let provider = self.settings.provider.clone();
        let present = Present::of(&self.facts, &provider);
        let mut next = self.next;
        let changes = plan.changes(&present, || {
            next += 1;
            UserId::from_bits(next)
        });
        self.next = next;
        self.facts = self.facts.apply(Epoch::default(), &changes).unwrap();
    }

    fn put(&mut self, user: User) {
        let put = [gw_model::Change::UserPut(user.into())];
        self.facts = self.facts.apply(Epoch::default(), &put).unwrap();
    }

    fn user(&self, name: &str) -> &Arc<User> {
        self.facts.user_named(name).unwrap()
    }

    fn groups(&self, name: &str) -> Vec<String> {
        let groups = self.user(name).groups.iter();
        groups.map(|one| one.group.to_string()).collect()
    }
}

fn linked(id: u64, name: &str) -> User {
    User {
        display_name: name.to_uppercase().into(),
        identities: vec![ExternalIdentity::of(
            "lab".parse().unwrap(),
            format!("id-{name}").into(),
        )],
        ..user(id, name)
    }
}

fn whys(plan: &Plan) -> Vec<&Why> {
    plan.conflicts
        .iter()
        .map(|conflict| &conflict.why)
        .collect()
}
