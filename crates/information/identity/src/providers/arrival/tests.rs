use gw_model::{
    BreakGlass, BreakGlassId, BreakGlassUse, ClaimTests, Epoch, Factor, FactorId, FactorKind,
    Group, MembershipRule, ProviderPeople, SamlAddress, SamlBinding, SamlProvider,
};
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_000);
const NEW: UserId = UserId::from_bits(99);

fn user(bits: u64, name: &str) -> User {
    User {
        id: UserId::from_bits(bits),
        name: name.into(),
        display_name: name.into(),
        email: Some(format!("{name}@corp.test").into()),
        attributes: Default::default(),
        groups: Vec::new(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: Some(format!("{name}@corp.test").into()),
        tokens_from: gw_model::Timestamp::default(),
        version: 0,
    }
}

fn with_passkey(mut user: User) -> User {
    user.factors.push(Factor {
        id: FactorId::from_bits(1),
        kind: FactorKind::Passkey,
        name: "key".into(),
        enrolled_at: NOW,
        authenticator: None,
    });
    user
}

fn with_account(mut user: User, provider: &str, subject: &str) -> User {
    let identity = ExternalIdentity::of(provider.parse().unwrap(), subject.into());
    user.identities.push(identity);
    user
}

fn provider(found_by: FoundBy, provision: bool) -> Provider {
    Provider {
        name: "corp".parse().unwrap(),
        title: "Corp".into(),
        issuer: "https://corp.test".into(),
        protocol: ProviderProtocol::Oidc {
            client_id: "gatewright".into(),
            scopes: Vec::new(),
        },
        people: ProviderPeople {
            found_by,
            provision,
            ..ProviderPeople::default()
        },
        memberships: vec![MembershipRule {
            when: ClaimTests([("groups".into(), vec!["engineers".into()])].into()),
            groups: vec!["staff".parse().unwrap(), "gone".parse().unwrap()],
        }],
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    }
}

fn saml() -> SamlProvider {
    SamlProvider {
        sign_on: SamlAddress {
            location: "https://corp.test/sso".into(),
            binding: SamlBinding::Redirect,
        },
        sign_out: None,
        certificates: Vec::new(),
        valid_until: None,
        names: Default::default(),
        signs_requests: true,
        wants_encrypted: false,
        unsolicited: false,
    }
}

fn house(corp: Provider, people: Vec<User>) -> Snapshot {
    let other = Provider {
        name: "partner".parse().unwrap(),
        ..provider(FoundBy::Link, false)
    };
    let staff = Group {
        name: "staff".parse().unwrap(),
        title: "".into(),
        parents: Vec::new(),
        identities: Vec::new(),
        version: 0,
    };
    let mut changes = vec![
        Change::ProviderPut(Arc::new(corp)),
        Change::ProviderPut(Arc::new(other)),
        Change::GroupPut(Arc::new(staff)),
    ];
    changes.extend(
        people
            .into_iter()
            .map(|user| Change::UserPut(Arc::new(user))),
    );
    let epoch = Epoch {
        incarnation: 1,
        number: 1,
    };
    Snapshot::empty(Epoch::default())
        .apply(epoch, &changes)
        .unwrap()
}

fn arrives(subject: &str, claims: &Value) -> Arrival {
    Arrival {
        proof: ProviderProof {
            provider: "corp".parse().unwrap(),
            subject: subject.into(),
            session: None,
            authenticated_at: Some(NOW),
            acr: None,
            amr: Vec::new(),
            multi_factor: false,
            phishing_resistant: false,
        },
        told: Told::new(claims.as_object().unwrap(), Default::default()),
        at: NOW,
        until: None,
        kept: None,
    }
}

fn ana() -> Value {
    json!({
        "preferred_username": "Ana", "name": "Ana A.", "email": "ANA@corp.test",
        "email_verified": true, "groups": ["engineers"],
    })
}

fn who(facts: &Snapshot, claims: &Value) -> Result<(UserId, String), NotLetIn> {
    let user = arrives("s-1", claims).who(facts, NEW)?;
    assert!(
        user.identities
            .iter()
            .any(|identity| &*identity.subject == "s-1")
    );
    Ok((user.id, user.name.to_string()))
}

#[test]
fn who_is_linked_is_who_they_are_whatever_they_are_called_now() {
    let people = vec![
        with_account(with_passkey(user(1, "zoe")), "corp", "s-1"),
        user(2, "ana"),
    ];
    let facts = house(provider(FoundBy::Name, true), people);
    assert_eq!(
        who(&facts, &ana()),
        Ok((UserId::from_bits(1), "zoe".into()))
    );
}

#[test]
fn nobody_is_found_where_nothing_says_by_what() {
    let facts = house(provider(FoundBy::Link, false), vec![user(1, "ana")]);
    assert_eq!(who(&facts, &ana()), Err(NotLetIn::Stranger));
}

#[test]
fn who_was_invited_is_found_by_name_or_by_verified_mail() {
    for by in [FoundBy::Name, FoundBy::VerifiedEmail] {
        let facts = house(provider(by, false), vec![user(1, "ana")]);
        assert_eq!(
            who(&facts, &ana()),
            Ok((UserId::from_bits(1), "ana".into())),
            "{by:?}"
        );
    }
}

#[test]
fn a_provider_is_no_way_around_somebodys_own_ways() {
    for present in [
        with_passkey(user(1, "ana")),
        with_account(user(1, "ana"), "partner", "p-1"),
        with_account(user(1, "ana"), "corp", "s-0"),
    ] {
        for by in [FoundBy::Name, FoundBy::VerifiedEmail] {
            let facts = house(provider(by, true), vec![present.clone()]);
            assert_eq!(who(&facts, &ana()), Err(NotLetIn::HasFactors("ana".into())));
        }
    }
}

#[test]
fn an_unverified_address_finds_nobody() {
    let facts = house(provider(FoundBy::VerifiedEmail, true), vec![user(1, "ana")]);
    for unverified in [json!(false), json!("true"), json!(1), json!(null)] {
        let mut claims = ana();
        claims["email_verified"] = unverified;
        assert_eq!(who(&facts, &claims), Err(NotLetIn::Unverified));
    }
    let mut twin = user(2, "bo");
    twin.email = Some("Ana@corp.test".into());
    twin.verified_email = Some("ana@corp.test".into());
    let facts = house(
        provider(FoundBy::VerifiedEmail, true),
        vec![user(1, "ana"), twin],
    );
    assert_eq!(who(&facts, &ana()), Err(NotLetIn::Several));
}

#[test]
fn an_address_that_nobody_made_sure_of_is_nobodys_account_to_have() {
    let mut intruder = user(1, "r6");
    intruder.email = Some("ana@corp.test".into());
    let corp = || provider(FoundBy::VerifiedEmail, true);
    let facts = house(corp(), vec![intruder.clone()]);
    assert_eq!(who(&facts, &ana()), Err(NotLetIn::UnverifiedHere));
    let facts = house(corp(), vec![intruder, user(2, "ana")]);
    let found = (UserId::from_bits(2), "ana".to_owned());
    assert_eq!(who(&facts, &ana()), Ok(found), "who has it verified");
}

#[test]
fn what_a_provider_has_verified_is_known_from_then_on() {
    let facts = house(provider(FoundBy::Link, true), Vec::new());
    let new = arrives("s-1", &ana()).who(&facts, NEW).unwrap();
    assert_eq!(new.verified_address().map(|a| &**a), Some("ANA@corp.test"));
    let mut unsure = ana();
    unsure["email_verified"] = json!(false);
    let new = arrives("s-1", &unsure).who(&facts, NEW).unwrap();
    assert!(new.email.is_some() && new.verified_address().is_none());

    let mut pushed = with_account(user(1, "ana"), "corp", "s-1");
    pushed.verified_email = None;
    let facts = house(provider(FoundBy::Link, false), vec![pushed.clone()]);
    let come = |claims: &Value| arrives("s-1", claims).who(&facts, NEW).unwrap();
    assert!(come(&ana()).verified_address().is_some());
    assert!(come(&unsure).verified_address().is_none());
    let mut another = ana();
    another["email"] = json!("bo@corp.test");
    assert!(come(&another).verified_address().is_none());
    let by_saml = Provider {
        protocol: ProviderProtocol::Saml(saml()),
        ..provider(FoundBy::Link, false)
    };
    let facts = house(by_saml, vec![pushed]);
    let come = arrives("s-1", &ana()).who(&facts, NEW).unwrap();
    assert!(come.verified_address().is_none(), "SAML has no word for it");
}

#[test]
fn somebody_new_takes_no_name_that_is_taken_and_none_that_is_no_name() {
    let facts = house(provider(FoundBy::Link, true), vec![user(1, "ana")]);
    assert_eq!(who(&facts, &ana()), Err(NotLetIn::NameTaken("ana".into())));
    for name in [
        "",
        "a b",
        "\u{430}na",
        "ana\u{200b}",
        "/ana",
        &"x".repeat(65),
    ] {
        let claims = json!({ "preferred_username": name });
        assert!(
            matches!(who(&facts, &claims), Err(NotLetIn::Name { .. })),
            "{name}"
        );
    }
    let claims = json!({ "preferred_username": "Bo@Corp.Test", "name": "Bo\u{202e}\u{0} B", "email": "bo@@x" });
    let made = arrives("s-1", &claims).who(&facts, NEW).unwrap();
    assert_eq!(
        (&*made.name, &*made.display_name, made.email),
        ("bo@corp.test", "Bo B", None)
    );
}

#[test]
fn who_is_off_or_does_not_meet_what_is_required_is_not_let_in() {
    let off = Provider {
        suspended: true,
        ..provider(FoundBy::Name, true)
    };
    assert!(matches!(
        who(&house(off, vec![]), &ana()),
        Err(NotLetIn::Off(_))
    ));
    let mut picky = provider(FoundBy::Name, true);
    picky.people.required = ClaimTests([("hd".into(), vec!["corp.test".into()])].into());
    let facts = house(picky, vec![]);
    assert!(matches!(who(&facts, &ana()), Err(NotLetIn::Required(_))));
    let mut claims = ana();
    claims["hd"] = json!("corp.test");
    assert!(who(&facts, &claims).is_ok());
    let disabled = User {
        disabled: true,
        ..with_account(user(1, "ana"), "corp", "s-1")
    };
    let facts = house(provider(FoundBy::Link, true), vec![disabled]);
    assert_eq!(who(&facts, &ana()), Err(NotLetIn::Disabled("ana".into())));
}

#[test]
fn what_the_provider_says_of_groups_lasts_as_long_as_the_session_and_replaces_what_it_said() {
    let facts = house(provider(FoundBy::Link, true), vec![]);
    let until = NOW.after(std::time::Duration::from_secs(60));
    let mut user = user(1, "ana");
    let own = Membership::of("staff".parse().unwrap());
    user.groups = vec![
        own.clone(),
        Membership {
            by: Some("corp".parse().unwrap()),
            until: Some(NOW),
            ..own.clone()
        },
        Membership {
            by: Some("partner".parse().unwrap()),
            ..own.clone()
        },
    ];
    arrives("s-1", &ana())
        .in_groups(&facts, &mut user, until)
        .unwrap();
    let by: Vec<_> = user
        .groups
        .iter()
        .map(|m| (m.by.clone(), m.until))
        .collect();
    let (corp, partner) = ("corp".parse().unwrap(), "partner".parse().unwrap());
    assert_eq!(
        by,
        [
            (None, None),
            (Some(partner), None),
            (Some(corp), Some(until))
        ]
    );
    let nothing = json!({ "groups": [] });
    arrives("s-1", &nothing)
        .in_groups(&facts, &mut user, until)
        .unwrap();
    assert_eq!(
        user.groups.len(),
        2,
        "what it does not say any more is gone"
    );
}

#[test]
fn whoever_links_an_account_links_none_that_is_somebody_elses() {
    let people = vec![
        with_account(user(1, "zoe"), "corp", "s-1"),
        with_passkey(user(2, "ana")),
    ];
    let facts = house(provider(FoundBy::Link, false), people);
    let ana = facts.user_named("ana").unwrap();
    let taken = arrives("s-1", &self::ana()).linked(&facts, ana);
    assert_eq!(taken, Err(NotLetIn::Another));
    let linked = arrives("s-2", &self::ana()).linked(&facts, ana).unwrap();
    assert_eq!(linked.identities.len(), 1);
}

#[test]
fn who_was_made_for_an_emergency_has_no_other_way_in() {
    let facts = house(provider(FoundBy::Name, true), vec![user(1, "ana")]);
    let entry = BreakGlass {
        id: BreakGlassId::from_bits(1),
        label: "".into(),
        hash: None,
        made_at: NOW,
        made_by: gw_model::Actor::Local(0),
        used: Some(BreakGlassUse {
            at: NOW,
            user: UserId::from_bits(1),
            name: "ana".into(),
            owners: Vec::new(),
            session: gw_model::SessionId::from_bits(1),
            ends: NOW,
            address: "192.0.2.1".into(),
            client: "curl".into(),
        }),
        acknowledged: None,
    };
    let epoch = Epoch {
        incarnation: 1,
        number: 2,
    };
    let facts = facts
        .apply(epoch, &[Change::BreakGlassPut(Arc::new(entry))])
        .unwrap();
    assert_eq!(who(&facts, &ana()), Err(NotLetIn::BreakGlass("ana".into())));
}
