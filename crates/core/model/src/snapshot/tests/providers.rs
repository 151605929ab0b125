//! Providers of identities: who their people are here, and what ends when their word does.

use super::*;
use crate::{
    ExternalIdentity, Provider, ProviderProof, ProviderProtocol, Pushed, SamlAddress, SamlBinding,
    SamlProvider, ScimSource,
};

fn provider(name: &str) -> Provider {
    Provider {
        name: name.parse().unwrap(),
        title: name.into(),
        issuer: format!("https://{name}.test").into(),
        protocol: ProviderProtocol::Oidc {
            client_id: "gatewright".into(),
            scopes: vec!["profile".into()],
        },
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    }
}

fn is(provider: Provider) -> Change {
    Change::ProviderPut(Arc::new(provider))
}

fn identity(provider: &str, subject: &str) -> ExternalIdentity {
    ExternalIdentity::of(provider.parse().unwrap(), subject.into())
}

fn linked(mut user: User, provider: &str, subject: &str) -> User {
    user.identities.push(identity(provider, subject));
    user
}

fn by_provider(mut session: Session, name: &str, subject: &str) -> Change {
    session.authn = vec![AuthnEvent {
        method: AuthnMethod::Provider,
        at: Timestamp::from_secs(100),
        factor: None,
        provider: Some(Arc::new(ProviderProof {
            provider: name.parse().unwrap(),
            subject: subject.into(),
            session: None,
            authenticated_at: None,
            acr: None,
            amr: Vec::new(),
            multi_factor: false,
            phishing_resistant: false,
        })),
    }];
    Change::SessionStarted(Arc::new(session))
}

/// Ana at corp, signed in once by it and once by her passkey; Bo at partner.
fn house() -> Snapshot {
    let changes = [
        is(provider("corp")),
        is(provider("partner")),
        group("staff", &[]),
        put(linked(user(1, "ana", &[]), "corp", "a-17")),
        put(linked(user(2, "bo", &[]), "partner", "a-17")),
        by_provider(session(11, 1), "corp", "a-17"),
        Change::SessionStarted(Arc::new(session(12, 1))),
        by_provider(session(13, 2), "partner", "a-17"),
    ];
    Snapshot::empty(at(0)).apply(at(1), &changes).unwrap()
}

fn ended_by(facts: &Snapshot, change: Change) -> Vec<u64> {
    let all = facts.expand(vec![change], Timestamp::from_secs(200));
    let facts = facts.apply(at(2), &all).unwrap();
    let mut ended: Vec<_> = facts
        .sessions()
        .filter(|session| session.ended.is_some())
        .map(|session| session.id.bits())
        .collect();
    ended.sort_unstable();
    ended
}

#[test]
fn somebody_at_a_provider_is_one_person_here() {
    let facts = house();
    let name = |provider| {
        let found = facts.user_of_identity(&identity(provider, "a-17"));
        found.map(|user| user.name.to_string())
    };
    assert_eq!(name("corp").as_deref(), Some("ana"));
    assert_eq!(name("partner").as_deref(), Some("bo"));
    let taken = facts.apply(at(2), &[put(linked(user(3, "cy", &[]), "corp", "a-17"))]);
    assert!(matches!(taken, Err(ApplyError::IdentityTaken { .. })));
    let unknown = facts.apply(at(2), &[put(linked(user(3, "cy", &[]), "nobody", "x"))]);
    assert!(matches!(
        unknown,
        Err(ApplyError::Unknown {
            kind: "provider",
            ..
        })
    ));
}

#[test]
fn who_is_unlinked_or_gone_leaves_the_identity_free() {
    let facts = house();
    let unlinked = facts.apply(at(2), &[put(user(1, "ana", &[]))]).unwrap();
    assert!(
        unlinked
            .user_of_identity(&identity("corp", "a-17"))
            .is_none()
    );
    let gone = facts
        .apply(at(2), &[Change::UserRemoved(UserId::from_bits(1))])
        .unwrap();
    assert!(gone.user_of_identity(&identity("corp", "a-17")).is_none());
    let again = put(linked(user(3, "cy", &[]), "corp", "a-17"));
    assert!(gone.apply(at(3), &[again]).is_ok());
}

#[test]
fn a_provider_that_is_switched_off_ends_what_rests_on_it_and_nothing_else() {
    let facts = house();
    for off in [
        Provider {
            disabled: true,
            ..provider("corp")
        },
        Provider {
            suspended: true,
            ..provider("corp")
        },
    ] {
        assert_eq!(ended_by(&facts, is(off)), [11]);
    }
    assert_eq!(
        ended_by(&facts, Change::ProviderRemoved("corp".parse().unwrap())),
        [11]
    );
}

#[test]
fn a_word_that_means_something_else_now_ends_what_rested_on_it() {
    let facts = house();
    let mut stronger = provider("corp");
    stronger.assurance.phishing_resistant.amr.push("hwk".into());
    assert_eq!(ended_by(&facts, is(stronger)), [11]);
    let mut elsewhere = provider("corp");
    elsewhere.issuer = "https://other.test".into();
    assert_eq!(ended_by(&facts, is(elsewhere)), [11]);
    let mut renamed = provider("corp");
    renamed.title = "The company".into();
    assert!(ended_by(&facts, is(renamed)).is_empty());
}

/// Corp by SAML, with these certificates.
fn by_saml(certificates: &[&str]) -> Provider {
    let saml = SamlProvider {
        sign_on: SamlAddress {
            location: "https://corp.test/sso".into(),
            binding: SamlBinding::Redirect,
        },
        sign_out: None,
        certificates: certificates.iter().map(|one| (*one).into()).collect(),
        valid_until: None,
        names: Default::default(),
        signs_requests: true,
        wants_encrypted: false,
        unsolicited: false,
    };
    Provider {
        protocol: ProviderProtocol::Saml(saml),
        ..provider("corp")
    }
}

#[test]
fn a_certificate_that_comes_ends_no_session_and_one_that_goes_ends_what_rests_on_its_provider() {
    let facts = house().apply(at(2), &[is(by_saml(&["old"]))]).unwrap();
    let ended = |certificates: &[&str]| ended_by(&facts, is(by_saml(certificates)));
    assert!(ended(&["old", "new"]).is_empty());
    assert!(ended(&["new", "old"]).is_empty());
    assert_eq!(ended(&["new"]), [11]);
    assert_eq!(ended(&[]), [11]);
}

#[test]
fn a_saml_providers_address_may_move_and_its_protocol_may_not_change() {
    let facts = house().apply(at(2), &[is(by_saml(&["old"]))]).unwrap();
    let mut moved = by_saml(&["old"]);
    if let ProviderProtocol::Saml(saml) = &mut moved.protocol {
        saml.sign_on.location = "https://corp.test/new".into();
        saml.wants_encrypted = true;
    }
    assert!(ended_by(&facts, is(moved)).is_empty());
    assert_eq!(ended_by(&facts, is(provider("corp"))), [11]);
    assert_eq!(ended_by(&house(), is(by_saml(&["old"]))), [11]);
}

#[test]
fn who_is_unlinked_from_a_provider_loses_the_sessions_that_rest_on_it() {
    assert_eq!(ended_by(&house(), put(user(1, "ana", &[]))), [11]);
}

#[test]
fn memberships_by_a_provider_count_while_it_is_on_and_go_with_it() {
    let mut ana = linked(user(1, "ana", &[]), "corp", "a-17");
    ana.groups.push(Membership {
        group: "staff".parse().unwrap(),
        until: None,
        by: Some("corp".parse().unwrap()),
    });
    let facts = house().apply(at(2), &[put(ana)]).unwrap();
    let now = Timestamp::from_secs(200);
    let groups = |facts: &Snapshot| {
        let ana = facts.user(UserId::from_bits(1)).unwrap();
        facts.groups_of(ana, now).0.len()
    };
    assert_eq!(groups(&facts), 1);
    let off = Provider {
        suspended: true,
        ..provider("corp")
    };
    let off = facts.apply(at(3), &[is(off)]).unwrap();
    assert_eq!(groups(&off), 0);
    assert!(off.groups_version() > facts.groups_version());
    let gone = facts
        .apply(at(3), &[Change::ProviderRemoved("corp".parse().unwrap())])
        .unwrap();
    assert!(gone.user(UserId::from_bits(1)).unwrap().groups.is_empty());
    assert!(
        gone.user(UserId::from_bits(1))
            .unwrap()
            .identities
            .is_empty()
    );
    assert!(gone.user_of_identity(&identity("corp", "a-17")).is_none());
}

/// A source that pushes people in, with a group that it made and Ana in it by its word.
fn pushed() -> Snapshot {
    let source = Provider {
        protocol: ProviderProtocol::Scim(ScimSource::default()),
        ..provider("okta")
    };
    let kept = Pushed {
        made: true,
        created: Timestamp::from_secs(1),
        modified: Timestamp::from_secs(1),
        told: "{}".into(),
    };
    let made = Group {
        name: "finance".parse().unwrap(),
        title: "".into(),
        parents: Vec::new(),
        identities: vec![ExternalIdentity {
            pushed: Some(Arc::new(kept)),
            ..identity("okta", "g")
        }],
        version: 0,
    };
    let mut ana = linked(user(1, "ana", &[]), "okta", "a-17");
    ana.groups.push(Membership {
        by: Some("okta".parse().unwrap()),
        ..Membership::of("finance".parse().unwrap())
    });
    let changes = [is(source), Change::GroupPut(Arc::new(made)), put(ana)];
    Snapshot::empty(at(0)).apply(at(1), &changes).unwrap()
}

fn members(facts: &Snapshot) -> usize {
    let (okta, finance) = ("okta".parse().unwrap(), "finance".parse().unwrap());
    facts.members_by_word(&okta, &finance).count()
}

#[test]
fn who_is_in_a_group_by_a_sources_word_is_known_without_a_look_at_the_others() {
    let facts = pushed();
    assert_eq!(members(&facts), 1);
    let out = put(linked(user(1, "ana", &[]), "okta", "a-17"));
    assert_eq!(members(&facts.apply(at(2), &[out]).unwrap()), 0);
    let gone = [
        Change::UserRemoved(UserId::from_bits(1)),
        Change::GroupRemoved("finance".parse().unwrap()),
        Change::ProviderRemoved("okta".parse().unwrap()),
    ];
    for change in gone {
        assert_eq!(members(&facts.apply(at(2), &[change]).unwrap()), 0);
    }
}

#[test]
fn a_group_is_nobodys_once_its_source_is_forgotten_and_a_source_that_is_not_there_makes_none() {
    let facts = pushed();
    let okta: crate::ProviderName = "okta".parse().unwrap();
    let made = facts.group(&"finance".parse().unwrap()).unwrap().clone();
    assert!(made.is_made_by(&okta) && made.taken_over().is_empty());
    let gone = [Change::ProviderRemoved(okta.clone())];
    let gone = facts.apply(at(2), &gone).unwrap();
    let left = gone.group(&made.name).unwrap();
    assert!(left.identities.is_empty() && !left.is_made_by(&okta));
    let unknown = gone.apply(at(3), &[Change::GroupPut(made)]);
    assert!(matches!(
        unknown,
        Err(ApplyError::Unknown {
            kind: "provider",
            ..
        })
    ));
}
