use std::sync::Arc;

use gw_model::{Actor, Change, EndReason, Ended, Epoch, ProposedChange, Settled, Settlement};
use gw_store::{ChangesSince, Effect, LogHead, Notes, Proposal, Refused, WhyNot};

use super::Subject;
use crate::support::*;

pub(super) fn what_was_committed_is_there_after_a_reopen(subject: &mut impl Subject) {
    let changes = vec![
        group("staff", &[]),
        put(member(user(1, "ana"), &["staff"])),
        app("wiki", "wiki.example"),
        start(10, 1),
        token(11, 10, "wiki"),
        policies("permit (principal, action, resource);"),
    ];
    let committed = commit(subject.store(), changes, vec![]);
    subject.reopen();
    let facts = subject.store().load().unwrap().facts;
    assert_eq!(facts.epoch, committed.epoch);
    let ana = facts.user_named("ana").unwrap();
    assert_eq!((ana.id, ana.version), (uid(1), 1));
    assert_eq!(facts.session_of_credential(&hash(10)).unwrap().id, sid(10));
    assert_eq!(facts.token(&hash(11)).unwrap().session, sid(10));
    assert_eq!(facts.policies().files.len(), 1);
    assert_eq!(facts.apps_version(), 1);
}

pub(super) fn each_transaction_with_changes_gets_the_next_number_and_others_none(
    subject: &mut impl Subject,
) {
    let start = subject.store().load().unwrap().facts.epoch;
    let meta = |value: &str| Effect::MetaPut {
        key: "colour".into(),
        value: value.into(),
    };
    let group: Vec<Proposal<'_>> = vec![
        transaction(vec![put(user(1, "ana"))], vec![]).propose(),
        transaction(vec![], vec![meta("green")]).propose(),
        transaction(vec![put(user(2, "bo"))], vec![]).propose(),
    ];
    let outcomes = subject.store().commit(group).unwrap();
    let numbers: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap().epoch.number - start.number)
        .collect();
    assert_eq!(numbers, [1, 1, 2]);
    let meta = subject.store().reader().meta("colour").unwrap();
    assert_eq!(meta.as_deref(), Some("green"));
}

pub(super) fn a_refused_transaction_leaves_no_trace_and_its_neighbours_stand(
    subject: &mut impl Subject,
) {
    let half_good = transaction(
        vec![put(user(2, "bo"))],
        vec![
            Effect::LinkPut(link(20, 2)),
            Effect::LinkTaken {
                hash: hash(99),
                now: NOW,
            },
        ],
    );
    let outcomes = subject
        .store()
        .commit(vec![
            transaction(vec![put(user(1, "ana"))], vec![]).propose(),
            half_good.propose(),
            transaction(vec![put(user(3, "cy"))], vec![]).propose(),
        ])
        .unwrap();
    assert_eq!(
        outcomes[1].as_ref().unwrap_err(),
        &Refused::Link(WhyNot::Unknown)
    );
    let last = outcomes[2].as_ref().unwrap();
    assert_eq!(last.epoch.number, 2, "a refusal uses up no number");
    assert!(last.facts.user_named("bo").is_none());
    subject.reopen();
    let facts = subject.store().load().unwrap().facts;
    let names: Vec<_> = facts.users().map(|user| user.name.to_string()).collect();
    assert_eq!(names, ["ana", "cy"]);
    assert!(subject.store().reader().link(&hash(20)).unwrap().is_none());
}

pub(super) fn a_proposal_sees_what_the_ones_before_it_did_and_may_decline(
    subject: &mut impl Subject,
) {
    let after_ana: Proposal<'_> = Box::new(|facts| {
        assert!(facts.user_named("ana").is_some());
        Err(Refused::Declined("enough people".into()))
    });
    let outcomes = subject
        .store()
        .commit(vec![
            transaction(vec![put(user(1, "ana"))], vec![]).propose(),
            after_ana,
            transaction(vec![put(user(2, "ana"))], vec![]).propose(),
        ])
        .unwrap();
    let refusals: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| outcome.as_ref().err().map(ToString::to_string))
        .collect();
    assert_eq!(refusals, ["enough people", "there is already a user `ana`"]);
}

pub(super) fn a_disabled_person_is_not_left_signed_in(subject: &mut impl Subject) {
    let store = subject.store();
    let facts = commit(store, vec![put(user(1, "ana")), start(10, 1)], vec![]).facts;
    let mut ana = user(1, "ana");
    ana.disabled = true;
    for alone in [put(ana.clone()), Change::UserRemoved(uid(1))] {
        let refused = try_commit(store, vec![alone], vec![]).unwrap_err();
        assert_eq!(refused, Refused::SessionLeft(uid(1)));
    }
    let whole = facts.expand(vec![put(ana)], NOW);
    commit(store, whole, vec![]);
    subject.reopen();
    let facts = subject.store().load().unwrap().facts;
    let over = facts.session(sid(10)).unwrap().over(NOW);
    assert_eq!(over, Some(EndReason::UserDisabled));
}

pub(super) fn last_uses_heads_and_the_clock_never_go_back(subject: &mut impl Subject) {
    commit(
        subject.store(),
        vec![put(user(1, "ana")), start(10, 1)],
        vec![],
    );
    let notes = |secs, size| Notes {
        seen: vec![(sid(10), later(secs)), (sid(77), later(secs))],
        high_water: Some(later(secs)),
        heads: vec![LogHead {
            log: "node".into(),
            size,
            head: format!("head of {size}"),
        }],
    };
    subject.store().save(&notes(300, 40)).unwrap();
    subject.store().save(&notes(100, 30)).unwrap();
    subject.reopen();
    let loaded = subject.store().load().unwrap();
    let seen = loaded.facts.session(sid(10)).unwrap().seen.at();
    assert_eq!((seen, loaded.high_water), (later(300), later(300)));
    assert_eq!(loaded.heads, notes(300, 40).heads);
    let confirmed = Effect::ClockConfirmed { now: later(200) };
    commit(subject.store(), vec![], vec![confirmed]);
    let high_water = subject.store().load().unwrap().high_water;
    assert_eq!(high_water, later(200), "an operator said so");
}

pub(super) fn last_uses_go_with_their_session(subject: &mut impl Subject) {
    let store = subject.store();
    commit(store, vec![put(user(1, "ana")), start(10, 1)], vec![]);
    let seen = vec![(sid(10), later(300))];
    store
        .save(&Notes {
            seen,
            ..Notes::default()
        })
        .unwrap();
    commit(store, vec![Change::SessionForgotten(sid(10))], vec![]);
    commit(store, vec![start(10, 1)], vec![]);
    let facts = store.load().unwrap().facts;
    let seen = facts.session(sid(10)).unwrap().seen.at();
    assert_eq!(seen.as_millis(), 0, "a session of the same id is another");
}

pub(super) fn followers_get_every_change_since_their_epoch_or_are_told_of_a_gap(
    subject: &mut impl Subject,
) {
    let store = subject.store();
    let reader = store.reader();
    let mut facts = commit(store, vec![put(user(1, "ana"))], vec![]).facts;
    let start = facts.epoch;
    commit(store, vec![put(user(2, "bo")), group("g", &[])], vec![]);
    let now = commit(store, vec![Change::UserRemoved(uid(1))], vec![]).facts;
    let ChangesSince::All(all) = reader.changes_since(start).unwrap() else {
        panic!("nothing was pruned");
    };
    for one in &all {
        assert_eq!(one.epoch.number, facts.epoch.number + 1);
        facts = facts.apply(one.epoch, &one.changes).unwrap();
    }
    assert_eq!(facts.epoch, now.epoch);
    assert!(facts.user_named("ana").is_none() && facts.user_named("bo").is_some());
    let at_the_end = reader.changes_since(now.epoch).unwrap();
    assert!(matches!(at_the_end, ChangesSince::All(none) if none.is_empty()));
    let elsewhere = Epoch {
        incarnation: 9,
        ..start
    };
    let ahead = Epoch {
        number: 1000,
        ..start
    };
    for unknown in [elsewhere, ahead] {
        let answer = reader.changes_since(unknown).unwrap();
        assert!(matches!(answer, ChangesSince::Gap), "{unknown}");
    }
}

pub(super) fn followers_too_far_behind_are_told_of_a_gap(subject: &mut impl Subject) {
    let store = subject.store();
    let start = store.load().unwrap().facts.epoch;
    let touch = || transaction(vec![put(user(1, "ana"))], vec![]).propose();
    store.commit((0..4097).map(|_| touch()).collect()).unwrap();
    let reader = store.reader();
    assert!(matches!(
        reader.changes_since(start).unwrap(),
        ChangesSince::Gap
    ));
    let next = Epoch {
        number: start.number + 1,
        ..start
    };
    let ChangesSince::All(all) = reader.changes_since(next).unwrap() else {
        panic!("the last 4096 are kept");
    };
    assert_eq!(all.len(), 4096);
}

pub(super) fn every_set_of_policies_is_kept_for_rollback(subject: &mut impl Subject) {
    let store = subject.store();
    commit(store, vec![policies("permit")], vec![]);
    commit(store, vec![put(user(1, "ana"))], vec![]);
    let proposed = Change::ProposalPut(Arc::new(proposed(1, 1)));
    commit(store, vec![proposed], vec![]);
    let approved = Change::ProposalPut(Arc::new(settled(1, 1)));
    commit(store, vec![approved, policies("forbid")], vec![]);
    let history = store.reader().policy_history().unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|one| (one.epoch.number, &*one.files[0].text, one.at))
        .collect();
    assert_eq!(told, [(4, "forbid", NOW), (1, "permit", NOW)]);
    let by: Vec<_> = history.iter().map(|one| one.proposed_by.clone()).collect();
    assert_eq!(by, [Some(Actor::User(uid(1))), None]);
}

fn settled(id: u64, by: u64) -> ProposedChange {
    proposed(id, by).settled(Settled {
        at: NOW,
        by: Actor::User(uid(by)),
        name: "ana".into(),
        how: Settlement::Withdrawn,
    })
}

pub(super) fn a_new_incarnation_ends_sessions_links_and_codes(subject: &mut impl Subject) {
    let store = subject.store();
    let before = commit(
        store,
        vec![
            put(with_factors(user(1, "ana"), &[5], &[6])),
            start(10, 1),
            start(11, 1),
            Change::SessionEnded {
                session: sid(11),
                ended: Ended {
                    at: NOW,
                    reason: EndReason::SignedOut,
                },
            },
            Change::ProposalPut(Arc::new(proposed(40, 1))),
            Change::ProposalPut(Arc::new(settled(41, 1))),
        ],
        vec![
            Effect::LinkPut(link(20, 1)),
            Effect::OncePut {
                purpose: "code".into(),
                hash: hash(30),
                expires: later(30),
                payload: vec![1].into(),
            },
            Effect::PasskeyPut(passkey(5, 1, b"credential")),
            Effect::RecoveryCodesPut {
                factor: fid(6),
                user: uid(1),
                hashes: vec!["phc".into()],
            },
        ],
    );
    let anew = store.begin_incarnation(NOW).unwrap();
    assert!(anew.epoch > before.epoch);
    assert_eq!(anew.epoch.incarnation, before.epoch.incarnation + 1);
    subject.reopen();
    let store = subject.store();
    let facts = store.load().unwrap().facts;
    assert_eq!(facts.epoch, anew.epoch);
    let reason = |bits| facts.session(sid(bits)).unwrap().ended.unwrap().reason;
    assert_eq!(reason(10), EndReason::Restored);
    assert_eq!(reason(11), EndReason::SignedOut);
    let left: Vec<_> = facts.user(uid(1)).unwrap().factors.iter().collect();
    assert!(left.len() == 1 && left[0].id == fid(5), "{left:?}");
    let proposals: Vec<_> = facts.proposals().map(|proposed| proposed.id).collect();
    assert_eq!(proposals, [settled(41, 1).id], "what waited is gone");
    let reader = store.reader();
    let link = reader.link(&hash(20)).unwrap().unwrap();
    assert_eq!(link.usable(NOW), Err(WhyNot::Revoked));
    assert!(reader.once("code", &hash(30), NOW).unwrap().is_none());
    assert!(reader.recovery_of(uid(1)).unwrap().is_empty());
    assert_eq!(reader.passkeys_of(uid(1)).unwrap().len(), 1);
    let gap = reader.changes_since(before.epoch).unwrap();
    assert!(matches!(gap, ChangesSince::Gap));
    let next = commit(store, vec![put(user(2, "bo"))], vec![]);
    assert_eq!(next.epoch.number, anew.epoch.number + 1);
}

pub(super) fn groups_nested_by_later_changes_load_again(subject: &mut impl Subject) {
    let name = |n: usize| format!("g{n}");
    let chain = |from: usize, to: usize| {
        (from..to).map(move |n| match n {
            _ if n == from => group(&name(n), &[]),
            _ => group(&name(n), &[&name(n - 1)]),
        })
    };
    let mut changes: Vec<_> = chain(0, 12).chain(chain(12, 24)).collect();
    changes.push(group(&name(12), &[&name(11)]));
    let committed = commit(subject.store(), changes, vec![]);
    subject.reopen();
    let facts = subject.store().load().unwrap().facts;
    let stored: Vec<_> = facts.groups().collect();
    assert!(
        stored
            .iter()
            .eq(&committed.facts.groups().collect::<Vec<_>>())
    );
}
