//! The demo's people: an admin, Ana of the staff, Bo the contractor.

use std::{collections::BTreeMap, sync::Arc};

use gw_engine::{Commit, Engine, random};
use gw_model::{Actor, Change, GroupName, Membership, User, UserId};

use crate::wiring::StartFault;

/// One of the demo's people.
struct Person {
    name: &'static str,
    display_name: &'static str,
    groups: &'static [&'static str],
}

const PEOPLE: [Person; 3] = [
    Person {
        name: "admin",
        display_name: "Admin",
        groups: &["owners", "staff"],
    },
    Person {
        name: "ana",
        display_name: "Ana Ruiz",
        groups: &["staff"],
    },
    Person {
        name: "bo",
        display_name: "Bo Lindqvist",
        groups: &["contractors"],
    },
];

/// Adds the people where there is nobody yet.
pub(super) async fn seed(engine: &Engine) -> Result<(), StartFault> {
    if engine.view().facts.users().next().is_some() {
        return Ok(());
    }
    let mut commit = Commit::new(Actor::Gatewright, "demo seeded");
    commit.changes = PEOPLE
        .iter()
        .map(|person| Change::UserPut(Arc::new(person.user())))
        .collect();
    engine.commit(commit).await.map_err(|fault| {
        StartFault::Setup(format!("the demo's people cannot be added: {fault}"))
    })?;
    Ok(())
}

impl Person {
    fn user(&self) -> User {
        let groups = self
            .groups
            .iter()
            .filter_map(|name| name.parse::<GroupName>().ok());
        User {
            id: UserId::from_bits(random::bits()),
            name: Arc::from(self.name),
            display_name: Arc::from(self.display_name),
            email: None,
            attributes: BTreeMap::new(),
            groups: groups.map(Membership::of).collect(),
            factors: Vec::new(),
            identities: Vec::new(),
            disabled: false,
            verified_email: None,
            tokens_from: gw_model::Timestamp::default(),
            version: 0,
        }
    }
}
