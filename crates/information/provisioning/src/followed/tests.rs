//! A reading on an engine, taken as from a directory.

use std::sync::Arc;

use gw_directory::{
    DirectoryGroup, Dn, Elsewhere, Filter, GroupMatch, Groups, Keeper as _, MappedGroup, Member,
    MemberAttribute, NotTaken, People, Person, Provision, Reading, Referrals, Refused, Safety,
    Scope, Secret, Settings, Taken, Timing, UniqueIdAttribute, Why,
};
use gw_engine::testing::{TestEngine, group, policies, session, user};
use gw_model::{
    AuthnMethod, Change, Client, ClientId, DISABLED_BY, DirectorySource, ExternalIdentity, Group,
    Provider, ProviderProtocol, Snapshot, User,
};

use super::Followed;

const ROLE: &str = include_str!("../../../../../policies/roles/provisioning.cedar");

struct House {
    tested: TestEngine,
    followed: Followed,
}

/// The directory `lab`, which fills `staff` and `tax` and is put over `guests`.
fn lab() -> [Change; 2] {
    let names = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
    let provider = Provider {
        name: "lab".parse().unwrap(),
        title: "the lab".into(),
        issuer: "ldaps://lab.test:636/dc=lab".into(),
        protocol: ProviderProtocol::Ldap(DirectorySource {
            fills: names(&["staff", "tax"]),
            over: names(&["guests"]),
        }),
        people: Default::default(),
        memberships: Vec::new(),
        assurance: Default::default(),
        disabled: false,
        suspended: false,
        version: 0,
    };
    let client = Client {
        id: ClientId::from_bits(77),
        name: "lab".parse().unwrap(),
        title: "the lab".into(),
        attributes: [("protocol".into(), "ldap".into())].into(),
        groups: Vec::new(),
        app: None,
        registration: "{}".into(),
        tokens_from: Default::default(),
        disabled: false,
        suspended: false,
        owner: gw_model::ClientOwner::Configuration,
        consent: gw_model::Consent::Never,
        version: 0,
    };
    [
        Change::ProviderPut(provider.into()),
        Change::ClientPut(client.into()),
    ]
}

fn settings() -> Settings {
    let mapped = |name: &str| MappedGroup {
        there: GroupMatch::Name(name.into()),
        here: name.parse().unwrap(),
    };
    Settings {
        provider: "lab".parse().unwrap(),
        servers: Vec::new(),
        ca: None,
        bind_dn: String::new(),
        secret: Secret::new(""),
        certificate: None,
        people: People {
            base: Dn::default(),
            scope: Scope::Subtree,
            filter: Filter::equal("objectClass", b"inetOrgPerson"),
            unique_id: UniqueIdAttribute::named("entryUUID"),
            name: "uid".into(),
            display_name: "cn".into(),
            email: None,
            disabled: Vec::new(),
            member_of: None,
            provision: Provision::Everybody,
            found_by_name: true,
        },
        groups: Groups {
            base: Dn::default(),
            scope: Scope::Subtree,
            filter: Filter::equal("objectClass", b"groupOfNames"),
            name: "cn".into(),
            members: vec![MemberAttribute::Names("member".into())],
            nesting: 0,
            mapped: vec![mapped("staff"), mapped("tax")],
        },
        page_size: 500,
        referrals: Referrals::default(),
        timing: Timing::default(),
        safety: Safety {
            loss_always: 2,
            ..Safety::default()
        },
    }
}

fn dn(name: &str) -> Dn {
    format!("uid={name},dc=lab").parse().unwrap()
}

fn person(name: &str) -> Person {
    Person {
        id: format!("id-of-{name}").into(),
        dn: dn(name).key().clone(),
        shown: dn(name).to_string().into(),
        name: Ok(name.into()),
        display_name: Some(name.into()),
        email: None,
        is_disabled: false,
        member_of: Vec::new(),
    }
}

/// Who is there, with who is in which group.
fn reading(people: &[&str], groups: &[(&str, &[&str])]) -> Reading {
    let group = |(name, members): &(&str, &[&str])| DirectoryGroup {
        dn: dn(name).key().clone(),
        shown: dn(name).to_string().into(),
        names: vec![(*name).to_owned()],
        members: members
            .iter()
            .map(|name| Member::Dn(dn(name).key().clone()))
            .collect(),
        unreadable: 0,
    };
    Reading {
        people: people.iter().map(|name| person(name)).collect(),
        unusable: Vec::new(),
        groups: groups.iter().map(group).collect(),
        elsewhere: Elsewhere::default(),
    }
}

/// Somebody who is known at the lab already.
fn linked(bits: u64, name: &str, groups: &[&str]) -> User {
    let mut user = user(bits, name, groups);
    let id: Arc<str> = format!("id-of-{name}").into();
    user.identities = vec![ExternalIdentity::of("lab".parse().unwrap(), id)];
    user
}

impl House {
    async fn open(more: Vec<Change>) -> Self {
        Self::with(ROLE, more).await
    }

    async fn with(policy: &str, more: Vec<Change>) -> Self {
        let mut facts = vec![policies(policy)];
        facts.extend(["owners", "staff", "tax", "guests", "payroll"].map(group));
        facts.extend(lab());
        facts.extend(more);
        let tested = TestEngine::with(facts).await;
        let followed = Followed::new(tested.engine.clone(), settings().into());
        Self { tested, followed }
    }

    async fn take(&self, reading: Reading) -> Result<Taken, NotTaken> {
        self.followed.take(Arc::new(reading)).await
    }

    fn facts(&self) -> Snapshot {
        self.tested.engine.view().facts.clone()
    }

    fn user(&self, name: &str) -> Arc<User> {
        self.facts().user_named(name).cloned().unwrap()
    }

    fn groups(&self, name: &str) -> Vec<String> {
        let user = self.user(name);
        user.groups
            .iter()
            .map(|one| one.group.to_string())
            .collect()
    }
}

/// What could not be, but for groups that are mapped and not there.
fn whys(taken: &Taken) -> Vec<(&str, &Why)> {
    let is_no_group = |why: &Why| matches!(why, Why::NoSuchGroup(_));
    let conflicts = taken.conflicts.iter().filter(|one| !is_no_group(&one.why));
    conflicts.map(|one| (&*one.about, &one.why)).collect()
}

#[tokio::test]
async fn who_is_there_comes_with_their_groups_in_the_directorys_name() {
    let house = House::open(Vec::new()).await;
    let names: Vec<String> = (0..600).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let taken = house
        .take(reading(&names, &[("staff", &["p7"]), ("tax", &[])]))
        .await
        .unwrap();
    assert_eq!((taken.counts.added, taken.counts.people), (600, 600));
    assert_eq!(taken.counts.memberships, 1);
    assert!(taken.conflicts.is_empty(), "{:?}", taken.conflicts);
    assert_eq!(house.groups("p7"), ["staff"]);
    let again = house
        .take(reading(&names, &[("staff", &["p7"]), ("tax", &[])]))
        .await
        .unwrap();
    assert_eq!((again.counts.added, again.counts.changed), (0, 0));
}

#[tokio::test]
async fn who_is_switched_off_there_has_no_session_left() {
    let ana = linked(1, "ana", &["staff"]);
    let house = House::open(vec![Change::UserPut(ana.clone().into())]).await;
    let now = house.tested.engine.clock().now();
    let open = session(9, &ana, AuthnMethod::Passkey, now);
    house
        .tested
        .change(vec![Change::SessionStarted(open.into())])
        .await;
    let mut read = reading(&["ana", "bo"], &[]);
    read.people[0].is_disabled = true;
    let taken = house.take(read).await.unwrap();
    assert_eq!((taken.counts.added, taken.counts.disabled), (1, 1));
    assert!(house.user("ana").disabled);
    let facts = house.facts();
    assert!(
        facts
            .sessions_of(ana.id)
            .all(|session| session.over(now).is_some())
    );
    // What was given here is not the directory's to take.
    assert_eq!(house.groups("ana"), ["staff"]);
}

#[tokio::test]
async fn owners_are_left_alone_and_do_not_hold_others_up() {
    let owners = ["olga", "otto", "oda", "olaf"];
    let owners = owners.iter().enumerate();
    let owners = owners.map(|(n, name)| linked(n as u64 + 1, name, &["owners"]));
    let mut facts: Vec<_> = owners.map(|user| Change::UserPut(user.into())).collect();
    facts.push(Change::UserPut(linked(9, "ana", &[]).into()));
    let house = House::open(facts).await;
    // Three of them are gone, and one is switched off: more than may be lost, if they counted.
    let mut read = reading(&["olga", "bo"], &[("staff", &["olga", "bo"])]);
    read.people[0].is_disabled = true;
    read.people[0].name = Ok("mallory".into());
    let taken = house.take(read).await.unwrap();
    assert!(!house.user("olga").disabled);
    assert_eq!(house.groups("olga"), ["owners"]);
    assert!(!house.user("otto").disabled);
    assert!(
        house.user("ana").disabled,
        "who is nobody's owner is switched off"
    );
    assert_eq!(house.groups("bo"), ["staff"]);
    let owners = whys(&taken)
        .into_iter()
        .filter(|(_, why)| **why == Why::IsOwner);
    assert_eq!(owners.count(), 4);
}

#[tokio::test]
async fn who_has_more_rights_is_switched_off_and_nothing_else() {
    let mut cy = linked(1, "cy", &["payroll"]);
    cy.groups.push(gw_model::Membership {
        group: "staff".parse().unwrap(),
        until: None,
        by: Some("lab".parse().unwrap()),
    });
    let guest = linked(2, "gil", &["guests"]);
    let house = House::open(vec![
        Change::UserPut(cy.into()),
        Change::UserPut(guest.into()),
    ])
    .await;
    let mut read = reading(&["cy", "gil"], &[("staff", &["gil"]), ("tax", &["cy"])]);
    read.people[0].name = Ok("mallory".into());
    read.people[1].display_name = Some("Gil of the lab".into());
    let taken = house.take(read).await.unwrap();
    assert_eq!(&*house.user("cy").name, "cy");
    assert_eq!(
        house.groups("cy"),
        ["payroll"],
        "out of `staff`, and not into `tax`"
    );
    assert_eq!(&*house.user("gil").display_name, "Gil of the lab");
    assert_eq!(house.groups("gil"), ["guests", "staff"]);
    let payroll = Why::HasMoreRights("payroll".parse().unwrap());
    assert!(
        whys(&taken).contains(&("mallory", &payroll)),
        "{:?}",
        taken.conflicts
    );
    let mut read = reading(&["cy", "gil"], &[]);
    read.people[0].is_disabled = true;
    house.take(read).await.unwrap();
    let cy = house.user("cy");
    assert!(cy.disabled);
    assert_eq!(cy.attributes.get(DISABLED_BY).map(|by| &**by), Some("lab"));
    house.take(reading(&["cy", "gil"], &[])).await.unwrap();
    assert!(house.user("cy").disabled, "nor switched on again");
}

#[tokio::test]
async fn nobody_becomes_an_owner_by_a_group_within_the_owners() {
    let house = House::with(
        "@id(\"all\") permit (principal is Client, action, resource);",
        vec![Change::UserPut(linked(1, "ana", &[]).into())],
    )
    .await;
    let read = || reading(&["ana"], &[("staff", &["ana"]), ("tax", &["ana"])]);
    house.take(read()).await.unwrap();
    assert_eq!(house.groups("ana"), ["staff", "tax"]);
    let within = Group {
        name: "tax".parse().unwrap(),
        title: "tax".into(),
        parents: vec!["owners".parse().unwrap()],
        identities: Vec::new(),
        version: 0,
    };
    house
        .tested
        .change(vec![Change::GroupPut(within.into())])
        .await;
    let taken = house.take(read()).await.unwrap();
    assert!(whys(&taken).contains(&("tax", &Why::MakesOwners)));
    // What the directory gave her makes nobody an owner: it is taken back.
    assert_eq!(house.groups("ana"), ["staff"]);
    let taken = house
        .take(reading(&["ana", "bo"], &[("tax", &["bo"])]))
        .await
        .unwrap();
    assert!(house.groups("bo").is_empty(), "{:?}", taken.conflicts);
}

#[tokio::test]
async fn a_name_of_somebody_with_rights_or_with_ways_of_their_own_is_not_theirs_to_take() {
    let facts = vec![
        Change::UserPut(user(1, "olga", &["owners"]).into()),
        Change::UserPut(user(2, "cy", &["payroll"]).into()),
        Change::UserPut(user(3, "bo", &["guests"]).into()),
    ];
    let house = House::open(facts).await;
    let read = reading(&["olga", "cy", "bo"], &[("staff", &["olga", "cy", "bo"])]);
    let taken = house.take(read).await.unwrap();
    for name in ["olga", "cy"] {
        assert!(house.user(name).identities.is_empty(), "{name}");
    }
    assert_eq!(house.groups("bo"), ["guests", "staff"]);
    assert_eq!(house.user("bo").identities.len(), 1);
    assert_eq!(whys(&taken).len(), 2, "{:?}", taken.conflicts);
}

#[tokio::test]
async fn policy_is_asked_about_each_of_them_and_of_each_group() {
    let text = format!(
        "{ROLE}\n@id(\"not-into-tax\") forbid (principal is Client, action == Action::\"admin.group.change\", resource == Group::\"tax\");\n@id(\"not-ana\") forbid (principal is Client, action == Action::\"admin.user.change\", resource == User::\"{}\");",
        linked(1, "ana", &[]).id
    );
    let house = House::with(&text, vec![Change::UserPut(linked(1, "ana", &[]).into())]).await;
    let read = reading(
        &["ana", "bo", "cy"],
        &[("staff", &["ana", "bo"]), ("tax", &["bo", "cy"])],
    );
    let taken = house.take(read).await.unwrap();
    assert!(house.groups("ana").is_empty());
    assert_eq!(house.groups("bo"), ["staff"]);
    assert!(house.groups("cy").is_empty());
    let not = |action: &str| Why::NotPermitted(action.to_owned());
    assert!(whys(&taken).contains(&("ana", &not("admin.user.change"))));
    assert!(whys(&taken).contains(&("tax", &not("admin.group.change"))));
}

#[tokio::test]
async fn without_a_policy_for_it_nobody_comes_and_nothing_changes() {
    let facts = vec![Change::UserPut(linked(1, "ana", &["staff"]).into())];
    let house = House::with("", facts).await;
    let before = house.facts().epoch;
    let mut read = reading(&["ana", "bo"], &[]);
    read.people[0].is_disabled = true;
    let taken = house.take(read).await.unwrap();
    assert_eq!(whys(&taken).len(), 2, "{:?}", taken.conflicts);
    assert_eq!(house.facts().epoch, before);
}

#[tokio::test]
async fn much_that_is_lost_waits_and_is_allowed_once_and_no_more_than_was_seen() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let house = House::open(Vec::new()).await;
    house.take(reading(&names, &[])).await.unwrap();
    let gone = || reading(&names[..4], &[]);
    let refused = |taken: Result<Taken, NotTaken>| match taken {
        Err(NotTaken::Refused(refused @ Refused::TooMuch { .. })) => refused.needs().unwrap(),
        other => panic!("{other:?}"),
    };
    let needs = refused(house.take(gone()).await);
    assert_eq!(needs.tally().people, 4);
    assert!(!house.user("h").disabled);
    // As many others, by now.
    house.followed.allow(needs.clone());
    refused(house.take(reading(&names[4..], &[])).await);
    assert!(!house.user("a").disabled);
    house.followed.allow(needs.clone());
    refused(house.take(reading(&names[..3], &[])).await);
    house.followed.allow(needs);
    assert_eq!(house.take(gone()).await.unwrap().counts.disabled, 4);
    assert!(house.user("h").disabled);
    refused(house.take(reading(&names[..1], &[])).await);
}

#[tokio::test]
async fn a_drip_of_losses_waits_also_over_several_readings_and_after_a_restart() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let house = House::open(Vec::new()).await;
    house.take(reading(&names, &[])).await.unwrap();
    for left in [7, 6] {
        house.take(reading(&names[..left], &[])).await.unwrap();
    }
    let third = || reading(&names[..5], &[]);
    let waits = |taken: Result<Taken, NotTaken>| match taken {
        Err(NotTaken::Refused(Refused::TooMuch { people, .. })) => (people.lost, people.earlier),
        other => panic!("{other:?}"),
    };
    assert_eq!(waits(house.take(third()).await), (1, 2));
    // Nothing of it is only in memory.
    let anew = Followed::new(house.tested.engine.clone(), settings().into());
    assert_eq!(waits(anew.take(Arc::new(third())).await), (1, 2));
    assert!(!house.user("f").disabled);
}

#[tokio::test]
async fn whoever_is_on_again_all_at_once_waits() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let house = House::open(Vec::new()).await;
    house.take(reading(&names, &[])).await.unwrap();
    let off = || {
        let mut read = reading(&names, &[]);
        read.people
            .iter_mut()
            .take(4)
            .for_each(|one| one.is_disabled = true);
        read
    };
    let needs = |taken: Result<Taken, NotTaken>| match taken {
        Err(NotTaken::Refused(refused)) => refused.needs().unwrap(),
        other => panic!("{other:?}"),
    };
    house.followed.allow(needs(house.take(off()).await));
    assert_eq!(house.take(off()).await.unwrap().counts.disabled, 4);
    let on = needs(house.take(reading(&names, &[])).await);
    assert_eq!((on.tally().people, on.tally().returns), (0, 4));
    assert!(house.user("a").disabled);
    house.followed.allow(on);
    assert_eq!(
        house
            .take(reading(&names, &[]))
            .await
            .unwrap()
            .counts
            .enabled,
        4
    );
    assert!(!house.user("a").disabled);
}

#[tokio::test]
async fn where_it_is_off_nothing_is_taken() {
    let house = House::open(Vec::new()).await;
    let [_, client] = lab();
    let Change::ClientPut(client) = client else {
        panic!("{client:?}")
    };
    let off = Client {
        suspended: true,
        ..Client::clone(&client)
    };
    house
        .tested
        .change(vec![Change::ClientPut(off.into())])
        .await;
    let taken = house.take(reading(&["ana"], &[])).await;
    assert!(
        matches!(taken, Err(NotTaken::Refused(Refused::Off(_)))),
        "{taken:?}"
    );
    assert!(house.facts().user_named("ana").is_none());
}

#[tokio::test]
async fn a_name_that_another_keeps_is_left_to_them() {
    // Cy, out of reach, is to give their name up to ana.
    let facts = vec![
        Change::UserPut(linked(1, "cy", &["payroll"]).into()),
        Change::UserPut(linked(2, "ana", &[]).into()),
    ];
    let house = House::open(facts).await;
    let mut read = reading(&["cy", "ana"], &[("staff", &["ana"])]);
    read.people[0].name = Ok("cyrus".into());
    read.people[1].name = Ok("cy".into());
    let taken = house.take(read).await.unwrap();
    assert_eq!(house.groups("ana"), ["staff"]);
    assert_eq!(house.groups("cy"), ["payroll"]);
    assert!(taken.conflicts.len() >= 2, "{:?}", taken.conflicts);
}
