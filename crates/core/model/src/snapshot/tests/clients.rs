//! Programs that ask in their own name.

use super::*;
use crate::{Client, ClientId};

fn client(bits: u64, name: &str, groups: &[&str]) -> Change {
    Change::ClientPut(Arc::new(Client {
        id: ClientId::from_bits(bits),
        name: name.parse().unwrap(),
        title: name.into(),
        attributes: Default::default(),
        groups: groups.iter().map(|g| g.parse().unwrap()).collect(),
        app: None,
        registration: "{}".into(),
        tokens_from: Timestamp::from_secs(100),
        disabled: false,
        version: 0,
        suspended: false,
        owner: Default::default(),
        consent: Default::default(),
    }))
}

fn house() -> Snapshot {
    let changes = [
        group("staff", &[]),
        group("robots", &["staff"]),
        client(1, "builder", &["robots"]),
    ];
    Snapshot::empty(at(0)).apply(at(1), &changes).unwrap()
}

#[test]
fn a_programs_name_is_its_own_and_free_once_it_is_gone() {
    let facts = house();
    let taken = facts.apply(at(2), &[client(2, "builder", &[])]);
    assert!(matches!(taken, Err(ApplyError::ClientNameTaken(_))));
    let renamed = facts.apply(at(2), &[client(1, "mason", &[])]).unwrap();
    assert!(renamed.client_named(&"builder".parse().unwrap()).is_none());
    assert!(renamed.apply(at(3), &[client(2, "builder", &[])]).is_ok());
    let gone = [Change::ClientRemoved(ClientId::from_bits(1))];
    let without = facts.apply(at(2), &gone).unwrap();
    assert_eq!(without.clients().count(), 0);
    assert!(matches!(
        without.apply(at(3), &gone),
        Err(ApplyError::Unknown { .. })
    ));
}

#[test]
fn a_program_is_in_groups_that_exist_and_in_what_those_are_in() {
    let facts = house();
    let unknown = facts.apply(at(2), &[client(2, "other", &["nobody"])]);
    assert!(matches!(
        unknown,
        Err(ApplyError::Unknown { kind: "group", .. })
    ));
    let builder = facts.client(ClientId::from_bits(1)).unwrap();
    let groups = facts.groups_of_client(builder);
    assert_eq!(
        groups.iter().map(|g| g.as_str()).collect::<Vec<_>>(),
        ["robots", "staff"]
    );
    let gone = Change::GroupRemoved("robots".parse().unwrap());
    let facts = facts.apply(at(2), &[gone]).unwrap();
    let builder = facts.client(ClientId::from_bits(1)).unwrap();
    assert!(builder.groups.is_empty() && builder.version == 2);
}

#[test]
fn tokens_from_before_and_of_one_that_is_off_count_no_more() {
    let facts = house();
    let builder = facts.client(ClientId::from_bits(1)).unwrap();
    assert!(builder.honours(Timestamp::from_secs(100)));
    assert!(!builder.honours(Timestamp::from_secs(99)));
    let off = Client {
        disabled: true,
        ..Client::clone(builder)
    };
    assert!(!off.honours(Timestamp::from_secs(100)));
    let suspended = Client {
        suspended: true,
        ..Client::clone(builder)
    };
    assert!(suspended.is_off() && !suspended.honours(Timestamp::from_secs(100)));
}
