use std::{slice, time::Duration};

use super::*;
use crate::{
    Acknowledged, Actor, AppOwner, AuthnEvent, AuthnMethod, Change, EndReason, Factor, FactorId,
    FactorKind, Membership, SessionKind, Upstream,
};

mod clients;
mod providers;

fn user(bits: u64, name: &str, groups: &[&str]) -> User {
    User {
        id: UserId::from_bits(bits),
        name: name.into(),
        display_name: name.into(),
        email: None,
        attributes: Default::default(),
        groups: groups
            .iter()
            .map(|g| Membership::of(g.parse().unwrap()))
            .collect(),
        factors: Vec::new(),
        identities: Vec::new(),
        disabled: false,
        verified_email: None,
        tokens_from: crate::Timestamp::default(),
        version: 0,
    }
}

fn group(name: &str, parents: &[&str]) -> Change {
    Change::GroupPut(Arc::new(Group {
        name: name.parse().unwrap(),
        title: "".into(),
        parents: parents.iter().map(|p| p.parse().unwrap()).collect(),
        identities: Vec::new(),
        version: 0,
    }))
}

fn session(bits: u64, of: u64) -> Session {
    Session {
        id: SessionId::from_bits(bits),
        user: UserId::from_bits(of),
        kind: SessionKind::Ordinary,
        authn: vec![AuthnEvent {
            method: AuthnMethod::Passkey,
            at: Timestamp::from_secs(100),
            factor: Some(FactorId::from_bits(7)),
            provider: None,
        }],
        started: Timestamp::from_secs(100),
        expires: Timestamp::from_secs(1000),
        idle_limit: Duration::from_secs(300),
        credential: TokenHash::from_digest([u8::try_from(bits).unwrap(); 32]),
        client: "curl".into(),
        ended: None,
        version: 0,
        seen: Default::default(),
    }
}

fn put(user: User) -> Change {
    Change::UserPut(Arc::new(user))
}

fn at(number: u64) -> Epoch {
    Epoch {
        incarnation: 1,
        number,
    }
}

#[test]
fn a_name_is_one_persons_and_free_once_they_are_gone() {
    let facts = Snapshot::default()
        .apply(at(1), &[put(user(1, "ana", &[]))])
        .unwrap();
    let taken = facts.apply(at(2), &[put(user(2, "ana", &[]))]).unwrap_err();
    assert_eq!(taken, ApplyError::UserNameTaken("ana".into()));
    let gone = facts
        .apply(at(2), &[Change::UserRemoved(UserId::from_bits(1))])
        .unwrap();
    let anew = gone.apply(at(3), &[put(user(2, "ana", &[]))]).unwrap();
    assert_eq!(anew.user_named("ana").unwrap().id, UserId::from_bits(2));
}

#[test]
fn a_refused_transaction_leaves_nothing_behind() {
    let facts = Snapshot::default()
        .apply(at(1), &[put(user(1, "ana", &[]))])
        .unwrap();
    let changes = [put(user(2, "bo", &[])), put(user(3, "cy", &["nowhere"]))];
    assert!(facts.apply(at(2), &changes).is_err());
    assert!(facts.user_named("bo").is_none());
    assert_eq!(facts.epoch, at(1));
}

#[test]
fn disabling_ends_every_session_and_forbids_new_ones() {
    let facts = Snapshot::default()
        .apply(
            at(1),
            &[
                put(user(1, "ana", &[])),
                Change::SessionStarted(Arc::new(session(9, 1))),
            ],
        )
        .unwrap();
    let mut disabled = user(1, "ana", &[]);
    disabled.disabled = true;
    let changes = facts.expand(vec![put(disabled)], Timestamp::from_secs(200));
    let facts = facts.apply(at(2), &changes).unwrap();
    let over = facts
        .session(SessionId::from_bits(9))
        .unwrap()
        .over(Timestamp::from_secs(201));
    assert_eq!(over, Some(EndReason::UserDisabled));
    let refused = facts.apply(at(3), &[Change::SessionStarted(Arc::new(session(10, 1)))]);
    assert_eq!(refused.unwrap_err(), ApplyError::UserDisabled("ana".into()));
}

#[test]
fn removing_a_factor_ends_the_sessions_that_rest_on_it_and_no_others() {
    let factor = |bits| Factor {
        id: FactorId::from_bits(bits),
        kind: FactorKind::Passkey,
        name: "key".into(),
        enrolled_at: Timestamp::from_secs(1),
        authenticator: None,
    };
    let mut with = user(1, "ana", &[]);
    with.factors = vec![factor(7), factor(8)];
    let mut other = session(10, 1);
    other.authn[0].factor = Some(FactorId::from_bits(8));
    let changes = [
        put(with.clone()),
        Change::SessionStarted(Arc::new(session(9, 1))),
        Change::SessionStarted(Arc::new(other)),
    ];
    let facts = Snapshot::default().apply(at(1), &changes).unwrap();
    with.factors.retain(|f| f.id == FactorId::from_bits(8));
    let facts = facts
        .apply(
            at(2),
            &facts.expand(vec![put(with)], Timestamp::from_secs(200)),
        )
        .unwrap();
    let over = |bits| {
        facts
            .session(SessionId::from_bits(bits))
            .unwrap()
            .ended
            .map(|e| e.reason)
    };
    assert_eq!(over(9), Some(EndReason::FactorRemoved));
    assert_eq!(over(10), None);
}

#[test]
fn advancing_replaces_the_credential_and_an_older_token_keeps_its_rank() {
    let facts = Snapshot::default()
        .apply(
            at(1),
            &[
                put(user(1, "ana", &[])),
                Change::SessionStarted(Arc::new(session(9, 1))),
            ],
        )
        .unwrap();
    let event = AuthnEvent {
        method: AuthnMethod::Passkey,
        at: Timestamp::from_secs(150),
        factor: None,
        provider: None,
    };
    let advance = Change::SessionAdvanced {
        session: SessionId::from_bits(9),
        event,
        credential: TokenHash::from_digest([99; 32]),
        kind: SessionKind::Ordinary,
        expires: Timestamp::from_secs(1000),
        idle_limit: Duration::from_secs(300),
    };
    let facts = facts.apply(at(2), &[advance]).unwrap();
    assert!(
        facts
            .session_of_credential(&TokenHash::from_digest([9; 32]))
            .is_none()
    );
    let session = facts
        .session_of_credential(&TokenHash::from_digest([99; 32]))
        .unwrap();
    assert_eq!(session.authn_at(1).len(), 1);
    assert_eq!(session.authn_at(2).len(), 2);
    facts
        .apply(at(3), &[Change::SessionForgotten(session.id)])
        .unwrap();
}

#[test]
fn groups_are_followed_upwards_and_memberships_end_by_themselves() {
    let mut ana = user(1, "ana", &["writers"]);
    ana.groups.push(Membership {
        group: "auditors".parse().unwrap(),
        until: Some(Timestamp::from_secs(50)),
        by: None,
    });
    let facts = Snapshot::default()
        .apply(
            at(1),
            &[
                group("staff", &[]),
                group("writers", &["staff"]),
                group("auditors", &[]),
                put(ana),
            ],
        )
        .unwrap();
    let ana = facts.user_named("ana").unwrap();
    let names = |secs| {
        let (names, until) = facts.groups_of(ana, Timestamp::from_secs(secs));
        (
            names
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
            until,
        )
    };
    assert_eq!(
        names(10),
        ("auditors staff writers".into(), Timestamp::from_secs(50))
    );
    assert_eq!(names(50), ("staff writers".into(), Timestamp::NEVER));
    assert_eq!(
        facts
            .apply(at(2), &[group("staff", &["writers"])])
            .unwrap_err(),
        ApplyError::GroupLoop("staff".parse().unwrap())
    );
}

/// Groups `g0`, `g1`, …, each within those that `parents` names: put bare first, as a plan does.
fn nested(count: usize, parents: impl Fn(usize) -> Vec<String>) -> Result<Snapshot, ApplyError> {
    let bare = (0..count).map(|n| group(&format!("g{n}"), &[]));
    let within = (0..count).map(|n| {
        let parents = parents(n);
        let parents: Vec<_> = parents.iter().map(String::as_str).collect();
        group(&format!("g{n}"), &parents)
    });
    let changes: Vec<_> = bare.chain(within).collect();
    Snapshot::default().apply(at(1), &changes)
}

#[test]
fn groups_nest_so_deep_and_no_deeper_in_whatever_order_they_come() {
    let up = |last: usize| {
        move |n: usize| match n < last {
            true => vec![format!("g{}", n + 1)],
            false => vec![],
        }
    };
    let chain = |levels: usize| nested(levels, up(levels - 1));
    assert!(chain(GROUP_LEVELS_MAX).is_ok());
    assert!(matches!(
        chain(GROUP_LEVELS_MAX + 1),
        Err(ApplyError::GroupsTooDeep(_))
    ));
    let down = nested(GROUP_LEVELS_MAX + 1, |n| match n {
        0 => vec![],
        n => vec![format!("g{}", n - 1)],
    });
    assert!(matches!(down, Err(ApplyError::GroupsTooDeep(_))));
    // Each of two halves is fine; one above the other is not.
    let half = chain(GROUP_LEVELS_MAX).unwrap();
    let one_more = [group("above", &[]), group("g31", &["above"])];
    assert!(matches!(
        half.apply(at(2), &one_more),
        Err(ApplyError::GroupsTooDeep(_))
    ));
}

#[test]
fn a_group_is_within_so_many_others_and_no_more() {
    let fan = |others: usize| {
        nested(others + 1, |n| match n {
            0 => (1..=others).map(|n| format!("g{n}")).collect(),
            _ => vec![],
        })
    };
    assert!(fan(GROUPS_ABOVE_MAX).is_ok());
    assert_eq!(
        fan(GROUPS_ABOVE_MAX + 1).unwrap_err(),
        ApplyError::GroupsTooMany("g0".parse().unwrap())
    );
    // By two steps, of which the lower is taken first.
    let facts = fan(GROUPS_ABOVE_MAX).unwrap();
    let more = [group("top", &[]), group("g1", &["top"])];
    assert_eq!(
        facts.apply(at(2), &more).unwrap_err(),
        ApplyError::GroupsTooMany("g0".parse().unwrap())
    );
}

#[test]
fn a_host_is_one_apps_and_free_once_it_moves_or_is_gone() {
    let app = |name: &str, host: &str| {
        Change::AppPut(Arc::new(App {
            name: name.parse().unwrap(),
            title: "".into(),
            description: "".into(),
            host: host.into(),
            upstream: Upstream::BuiltIn("portal".into()),
            tags: Vec::new(),
            attributes: Default::default(),
            routes: Vec::new(),
            time_zone: None,
            in_portal: true,
            preserve_host: true,
            identity_headers: Default::default(),
            owner: AppOwner::Administration,
            version: 0,
        }))
    };
    let one = app("one", "one.example.org");
    let facts = Snapshot::default().apply(at(1), &[one]).unwrap();
    let two = app("two", "one.example.org");
    assert!(matches!(
        facts.apply(at(2), slice::from_ref(&two)),
        Err(ApplyError::HostTaken { .. })
    ));
    let moved = [app("one", "elsewhere.example.org"), two.clone()];
    let moved = facts.apply(at(2), &moved).unwrap();
    assert_eq!(
        moved.app_at("one.example.org").unwrap().name.as_str(),
        "two"
    );
    let gone = [Change::AppRemoved("one".parse().unwrap()), two];
    assert!(facts.apply(at(2), &gone).is_ok());
}

#[test]
fn changes_survive_their_stored_form() {
    let change = Change::SessionStarted(Arc::new(session(9, 1)));
    let text = serde_json::to_string(&change).unwrap();
    let back: Change = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&back).unwrap(), text);
    assert!(
        serde_json::from_str::<Change>(r#"{"moon-landed":1}"#).is_err(),
        "unknown kinds stop a follower"
    );
}

fn sealed(bits: u64, used: Option<u64>) -> Arc<BreakGlass> {
    Arc::new(BreakGlass {
        id: BreakGlassId::from_bits(bits),
        label: "the safe".into(),
        hash: None,
        made_by: Actor::Local(0),
        made_at: Timestamp::from_secs(1),
        used: used.map(|user| BreakGlassUse {
            at: Timestamp::from_secs(100),
            user: UserId::from_bits(user),
            name: "break-glass".into(),
            owners: Vec::new(),
            session: SessionId::from_bits(user),
            client: "curl".into(),
            address: "127.0.0.1".into(),
            ends: Timestamp::from_secs(1900),
        }),
        acknowledged: None,
    })
}

fn acknowledged(mut entry: Arc<BreakGlass>) -> Arc<BreakGlass> {
    Arc::make_mut(&mut entry).acknowledged = Some(Acknowledged {
        at: Timestamp::from_secs(200),
        by: Actor::Local(0),
    });
    entry
}

#[test]
fn a_sealed_way_in_is_used_once_and_its_person_keeps_nothing() {
    let facts = Snapshot::empty(Epoch::default())
        .apply(
            at(1),
            &[
                group("owners", &[]),
                Change::BreakGlassPut(sealed(1, None)),
                Change::BreakGlassPut(sealed(1, Some(9))),
            ],
        )
        .unwrap();
    let again = facts.apply(at(2), &[Change::BreakGlassPut(sealed(1, Some(10)))]);
    assert_eq!(again.unwrap_err(), ApplyError::BreakGlassUsed);
    let unused = facts.apply(at(2), &[Change::BreakGlassPut(sealed(1, None))]);
    assert_eq!(unused.unwrap_err(), ApplyError::BreakGlassUsed);

    let mut person = user(9, "break-glass", &["owners"]);
    let barred = |person: &User| {
        let put = facts.apply(at(2), &[put(person.clone())]);
        matches!(put, Err(ApplyError::BreakGlassUser(_)))
    };
    assert!(barred(&person), "a membership that does not end");
    person.groups[0].until = Some(Timestamp::from_secs(1901));
    assert!(barred(&person), "one that ends too late");
    person.groups[0].until = Some(Timestamp::from_secs(1900));
    assert!(!barred(&person));
    person.factors.push(Factor {
        id: FactorId::from_bits(1),
        kind: FactorKind::Passkey,
        name: "key".into(),
        enrolled_at: Timestamp::from_secs(101),
        authenticator: None,
    });
    assert!(barred(&person), "something enrolled");

    person.factors.clear();
    let facts = facts.apply(at(2), &[put(person.clone())]).unwrap();
    let barred = |person: &User| {
        let put = facts.apply(at(3), &[put(person.clone())]);
        matches!(put, Err(ApplyError::BreakGlassUser(_)))
    };
    person.display_name = "Ana".into();
    assert!(barred(&person), "another name");
    let removed = Change::UserRemoved(person.id);
    let early = facts.apply(at(3), slice::from_ref(&removed)).unwrap_err();
    assert_eq!(early, ApplyError::BreakGlassStays("break-glass".into()));

    let looked = Change::BreakGlassPut(acknowledged(sealed(1, Some(9))));
    let facts = facts.apply(at(3), &[looked, removed]).unwrap();
    assert!(facts.user(person.id).is_none());
    let undone = facts.apply(at(4), &[Change::BreakGlassPut(sealed(1, Some(9)))]);
    assert_eq!(undone.unwrap_err(), ApplyError::BreakGlassUsed);
    let unused = Change::BreakGlassPut(acknowledged(sealed(2, None)));
    let unused = facts.apply(at(4), &[unused]);
    assert_eq!(unused.unwrap_err(), ApplyError::BreakGlassUsed);

    let gone = Change::BreakGlassRemoved(BreakGlassId::from_bits(1));
    let after = facts.apply(at(4), slice::from_ref(&gone)).unwrap();
    assert_eq!(after.break_glass().count(), 0);
    assert!(after.apply(at(5), &[gone]).is_err());
}

#[test]
fn a_session_keeps_the_newest_tokens_of_an_app_and_no_more() {
    let app = Change::AppPut(Arc::new(crate::App {
        name: "wiki".parse().unwrap(),
        title: "".into(),
        description: "".into(),
        host: "wiki.test".into(),
        upstream: crate::Upstream::BuiltIn("wiki".into()),
        tags: Vec::new(),
        attributes: Default::default(),
        routes: Vec::new(),
        time_zone: None,
        in_portal: false,
        preserve_host: false,
        owner: crate::AppOwner::Configuration,
        identity_headers: Default::default(),
        version: 0,
    }));
    let mut facts = Snapshot::empty(Epoch::default())
        .apply(
            at(1),
            &[
                app,
                put(user(1, "ana", &[])),
                Change::SessionStarted(Arc::new(session(1, 1))),
            ],
        )
        .unwrap();
    let token = |number: u8| AppToken {
        hash: TokenHash::from_digest([number; 32]),
        session: SessionId::from_bits(1),
        app: "wiki".parse().unwrap(),
        rank: 1,
        version: 0,
    };
    for number in 1..=50 {
        let issued = Change::AppTokenIssued(Arc::new(token(number)));
        facts = facts.apply(at(u64::from(number) + 1), &[issued]).unwrap();
    }
    assert_eq!(facts.tokens().count(), AppToken::KEPT);
    let kept = |number: u8| facts.token(&TokenHash::from_digest([number; 32])).is_some();
    assert!(kept(50) && kept(43) && !kept(42) && !kept(1));
}

fn proposed(bits: u64, by: Actor) -> crate::ProposedChange {
    crate::ProposedChange {
        id: crate::ProposalId::from_bits(bits),
        by,
        name: "olga".into(),
        session: None,
        groups: Vec::new(),
        at: Timestamp::from_secs(10),
        until: Timestamp::from_secs(100),
        why: "a new colleague".into(),
        what: "replace the policies".into(),
        action: crate::Action::AdminPolicyApply,
        resource: crate::Resource::System,
        operation: "PolicyApply".into(),
        path: "/v1/policies".into(),
        version: Some(1),
        body: "{}".into(),
        body_bytes: 2,
        settled: None,
    }
}

fn settled(
    proposed: &crate::ProposedChange,
    by: Actor,
    secs: u64,
    how: crate::Settlement,
) -> Change {
    Change::ProposalPut(Arc::new(proposed.settled(crate::Settled {
        at: Timestamp::from_secs(secs),
        by,
        name: "oskar".into(),
        how,
    })))
}

#[test]
fn who_approves_a_change_is_not_who_proposed_it_and_it_is_settled_once_as_it_was_read() {
    use crate::Settlement::{Approved, Declined, Withdrawn};
    let (olga, oskar) = (UserId::from_bits(1), UserId::from_bits(2));
    let by_olga = proposed(1, Actor::User(olga));
    let facts = Snapshot::empty(Epoch::default())
        .apply(
            at(1),
            &[
                put(user(1, "olga", &[])),
                put(user(2, "oskar", &[])),
                Change::ProposalPut(Arc::new(by_olga.clone())),
            ],
        )
        .unwrap();
    let refused = |change: Change| facts.apply(at(2), &[change]).unwrap_err();
    let own = settled(&by_olga, Actor::User(olga), 20, Approved);
    assert_eq!(refused(own), ApplyError::OwnProposal);
    let late = settled(&by_olga, Actor::User(oskar), 100, Approved);
    assert_eq!(refused(late), ApplyError::ProposalOver(by_olga.id));
    let other = crate::ProposedChange {
        version: Some(2),
        ..by_olga.clone()
    };
    let altered = settled(&other, Actor::User(oskar), 20, Approved);
    assert_eq!(refused(altered), ApplyError::Duplicate("the proposal"));
    let again = Change::ProposalPut(Arc::new(by_olga.clone()));
    assert_eq!(refused(again), ApplyError::Duplicate("the proposal"));

    for how in [Approved, Declined("no".into()), Withdrawn] {
        let once = settled(&by_olga, Actor::User(oskar), 20, how);
        let after = facts.apply(at(2), slice::from_ref(&once)).unwrap();
        let kept = after.proposal(by_olga.id).unwrap();
        assert!(kept.body.is_empty() && kept.settled.is_some());
        let twice = after.apply(at(3), &[once]).unwrap_err();
        assert_eq!(twice, ApplyError::ProposalSettled(by_olga.id));
    }
}

#[test]
fn what_somebody_proposed_who_is_gone_or_switched_off_is_approved_by_nobody() {
    let by_olga = proposed(1, Actor::User(UserId::from_bits(1)));
    let by_root = proposed(2, Actor::Local(0));
    let facts = Snapshot::empty(Epoch::default())
        .apply(
            at(1),
            &[
                put(user(1, "olga", &[])),
                Change::ProposalPut(Arc::new(by_olga.clone())),
                Change::ProposalPut(Arc::new(by_root.clone())),
            ],
        )
        .unwrap();
    let mut off = user(1, "olga", &[]);
    off.disabled = true;
    let by_oskar = Actor::User(UserId::from_bits(2));
    for change in [put(off), Change::UserRemoved(UserId::from_bits(1))] {
        let without = facts.apply(at(2), &[change]).unwrap();
        let approved = settled(&by_olga, by_oskar.clone(), 20, crate::Settlement::Approved);
        let refused = without.apply(at(3), &[approved]).unwrap_err();
        assert_eq!(refused, ApplyError::ProposalOver(by_olga.id));
        let approved = settled(&by_root, by_oskar.clone(), 20, crate::Settlement::Approved);
        assert!(without.apply(at(3), &[approved]).is_ok());
    }
}
