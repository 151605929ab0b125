//! What somebody said of a person holds while the person has no more rights than they.

use std::collections::BTreeMap;

use gw_model::{Epoch, Group, GroupName, ProviderName};

use super::*;

fn name(text: &str) -> GroupName {
    text.parse().unwrap()
}

fn corp() -> ProviderName {
    "corp".parse().unwrap()
}

/// Bo, whom the helpdesk linked with somebody at corp, in these groups by these words.
fn with(groups: &[(&str, Option<ProviderName>)]) -> Snapshot {
    let provider = Provider {
        name: corp(),
        title: "Corp".into(),
        issuer: "https://corp.test".into(),
        protocol: ProviderProtocol::Oidc {
            client_id: "gatewright".into(),
            scopes: Vec::new(),
        },
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    };
    let within = Some(vec![name("helpdesk"), name("staff")]);
    let bo = User {
        id: UserId::from_bits(3),
        name: "bo".into(),
        display_name: "Bo".into(),
        email: None,
        attributes: BTreeMap::new(),
        groups: groups
            .iter()
            .map(|(group, by)| Membership {
                by: by.clone(),
                ..Membership::of(name(group))
            })
            .collect(),
        factors: Vec::new(),
        identities: vec![ExternalIdentity {
            within,
            ..ExternalIdentity::of(corp(), "b-1".into())
        }],
        disabled: false,
        verified_email: None,
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    };
    let group = |text: &str| {
        Change::GroupPut(Arc::new(Group {
            name: name(text),
            title: "".into(),
            parents: Vec::new(),
            identities: Vec::new(),
            version: 0,
        }))
    };
    let changes = [
        group("helpdesk"),
        group("staff"),
        group("owners"),
        Change::ProviderPut(Arc::new(provider)),
        Change::UserPut(Arc::new(bo)),
    ];
    Snapshot::empty(Epoch::default())
        .apply(Epoch::default(), &changes)
        .unwrap()
}

fn comes(facts: &Snapshot) -> Result<User, NotLetIn> {
    let arrival = Arrival {
        proof: ProviderProof {
            provider: corp(),
            subject: "b-1".into(),
            session: None,
            authenticated_at: None,
            acr: None,
            amr: Vec::new(),
            multi_factor: false,
            phishing_resistant: false,
        },
        told: Told::new(&Default::default(), Default::default()),
        at: Timestamp::from_secs(1_000),
        until: None,
        kept: None,
    };
    arrival.who(facts, UserId::from_bits(99))
}

#[test]
fn whoever_was_linked_by_the_helpdesk_comes_until_they_have_more_rights_than_it() {
    assert!(comes(&with(&[("staff", None)])).is_ok());
    let outgrown = comes(&with(&[("staff", None), ("owners", None)]));
    assert_eq!(outgrown, Err(NotLetIn::Outgrown("bo".into())));
}

#[test]
fn what_the_providers_own_word_adds_is_declared_and_no_reason() {
    assert!(comes(&with(&[("staff", None), ("owners", Some(corp()))])).is_ok());
}

#[test]
fn whoever_comes_is_not_linked_twice_nor_without_the_bound() {
    let bo = comes(&with(&[("staff", None)])).unwrap();
    assert_eq!(bo.identities.len(), 1);
    assert!(bo.identities[0].within.is_some());
}
