use std::{sync::Mutex, thread};

use gw_model::{Actor, Change, UserId};
use gw_store::{Effect, KeptRow, Refused, Taken, WhyNot};

use super::Subject;
use crate::support::*;

fn take_link(bits: u64, secs: u64) -> Effect {
    Effect::LinkTaken {
        hash: hash(bits),
        now: later(secs),
    }
}

fn once(purpose: &str, bits: u64) -> Effect {
    Effect::OncePut {
        purpose: purpose.into(),
        hash: hash(bits),
        expires: later(30),
        payload: b"payload".to_vec().into(),
    }
}

fn take_once(purpose: &str, bits: u64, secs: u64) -> Effect {
    Effect::OnceTaken {
        purpose: purpose.into(),
        hash: hash(bits),
        now: later(secs),
    }
}

fn refused_once(purpose: &str, why: WhyNot) -> Refused {
    Refused::Once {
        purpose: purpose.into(),
        why,
    }
}

pub(super) fn a_link_is_taken_once_and_says_who_made_it(subject: &mut impl Subject) {
    let store = subject.store();
    let made = vec![Effect::LinkPut(link(20, 1))];
    commit(store, vec![put(user(1, "ana"))], made);
    let peeked = store.reader().link(&hash(20)).unwrap().unwrap();
    assert_eq!(peeked.usable(NOW), Ok(&link(20, 1)));
    let committed = commit(store, vec![], vec![take_link(20, 1)]);
    assert!(
        matches!(&committed.taken[..], [Taken::Link(row)] if row.made_by == Actor::Local(1000))
    );
    let refused = try_commit(store, vec![], vec![take_link(20, 2)]).unwrap_err();
    assert_eq!(refused, Refused::Link(WhyNot::Spent));
    subject.reopen();
    let refused = try_commit(subject.store(), vec![], vec![take_link(20, 3)]).unwrap_err();
    assert_eq!(refused, Refused::Link(WhyNot::Spent));
}

pub(super) fn a_link_is_refused_when_unknown_expired_or_revoked(subject: &mut impl Subject) {
    let store = subject.store();
    let made = vec![
        Effect::LinkPut(link(20, 1)),
        Effect::LinkPut(link(21, 1)),
        Effect::LinkPut(link(22, 2)),
    ];
    let people = vec![put(user(1, "ana")), put(user(2, "bo"))];
    commit(store, people, made);
    let mut why = |bits, secs| match try_commit(store, vec![], vec![take_link(bits, secs)]) {
        Err(Refused::Link(why)) => Some(why),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    };
    assert_eq!(why(99, 0), Some(WhyNot::Unknown));
    assert_eq!(why(20, 600), Some(WhyNot::Expired));
    assert_eq!(why(20, 599), None);
    commit(
        subject.store(),
        vec![],
        vec![Effect::LinksRevoked { user: uid(1) }],
    );
    let store = subject.store();
    let refused = try_commit(store, vec![], vec![take_link(21, 0)]).unwrap_err();
    assert_eq!(refused, Refused::Link(WhyNot::Revoked));
    commit(store, vec![], vec![take_link(22, 0)]);
    let listed = store.reader().links_of(uid(1)).unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .any(|l| l.spent == Some(later(599)) && !l.revoked)
    );
}

pub(super) fn a_link_cannot_be_made_twice(subject: &mut impl Subject) {
    let store = subject.store();
    let made = vec![Effect::LinkPut(link(20, 1))];
    commit(store, vec![put(user(1, "ana"))], made.clone());
    let refused = try_commit(store, vec![], made).unwrap_err();
    assert_eq!(refused, Refused::Duplicate("the link"));
}

pub(super) fn a_one_time_value_is_taken_once_and_its_payload_is_gone(subject: &mut impl Subject) {
    let store = subject.store();
    commit(store, vec![], vec![once("code", 30)]);
    let peeked = store.reader().once("code", &hash(30), NOW).unwrap();
    assert_eq!(peeked.unwrap().expose(), b"payload");
    let committed = commit(store, vec![], vec![take_once("code", 30, 1)]);
    assert!(
        matches!(&committed.taken[..], [Taken::Once { payload, .. }] if payload.expose() == b"payload")
    );
    let refused = try_commit(store, vec![], vec![take_once("code", 30, 2)]).unwrap_err();
    assert_eq!(refused, refused_once("code", WhyNot::Spent));
    assert!(
        store
            .reader()
            .once("code", &hash(30), NOW)
            .unwrap()
            .is_none()
    );
    let again = try_commit(store, vec![], vec![once("code", 30)]).unwrap_err();
    assert_eq!(again, Refused::Duplicate("the one-time value"));
}

pub(super) fn a_one_time_value_is_bound_to_its_purpose_and_time(subject: &mut impl Subject) {
    let store = subject.store();
    commit(store, vec![], vec![once("code", 30)]);
    let refused = try_commit(store, vec![], vec![take_once("ceremony", 30, 0)]).unwrap_err();
    assert_eq!(refused, refused_once("ceremony", WhyNot::Unknown));
    let refused = try_commit(store, vec![], vec![take_once("code", 30, 30)]).unwrap_err();
    assert_eq!(refused, refused_once("code", WhyNot::Expired));
    commit(store, vec![], vec![take_once("code", 30, 29)]);
}

pub(super) fn of_two_racers_for_a_value_one_wins(subject: &mut impl Subject) {
    const VALUES: u64 = 20;
    let made = (0..VALUES).map(|bits| once("code", bits)).collect();
    commit(subject.store(), vec![], made);
    let store = Mutex::new(subject.store());
    let race = || {
        let won = |bits: &u64| {
            let taken = vec![take_once("code", *bits, 0)];
            try_commit(&mut **store.lock().unwrap(), vec![], taken).is_ok()
        };
        (0..VALUES).filter(won).collect::<Vec<_>>()
    };
    let (mut wins, others) = thread::scope(|scope| {
        let racers = (scope.spawn(race), scope.spawn(race));
        (racers.0.join().unwrap(), racers.1.join().unwrap())
    });
    wins.extend(others);
    wins.sort_unstable();
    assert_eq!(wins, (0..VALUES).collect::<Vec<_>>(), "each was won once");
    // The same within one group, where both are decided before either is durable.
    let store = store.into_inner().unwrap();
    commit(store, vec![], vec![once("code", 99)]);
    let take = || transaction(vec![], vec![take_once("code", 99, 0)]).propose();
    let outcomes = store.commit(vec![take(), take()]).unwrap();
    assert!(outcomes[0].is_ok());
    let second = outcomes[1].as_ref().unwrap_err();
    assert_eq!(second, &refused_once("code", WhyNot::Spent));
}

pub(super) fn taking_is_undone_when_its_transaction_is_refused(subject: &mut impl Subject) {
    let store = subject.store();
    let made = vec![once("code", 30), Effect::LinkPut(link(20, 1))];
    commit(store, vec![put(user(1, "ana"))], made);
    let both = vec![take_link(20, 0), take_once("code", 31, 0)];
    try_commit(store, vec![], both).unwrap_err();
    let both = vec![take_link(20, 0), take_once("code", 30, 0)];
    assert_eq!(commit(store, vec![], both).taken.len(), 2);
}

pub(super) fn the_sweep_forgets_what_is_of_no_use(subject: &mut impl Subject) {
    const MONTH: u64 = 30 * 24 * 3600;
    let store = subject.store();
    let made = vec![
        once("code", 30),
        Effect::LinkPut(link(20, 1)),
        Effect::LinkPut(link(21, 1)),
        take_link(21, 60),
    ];
    commit(store, vec![put(user(1, "ana"))], made);
    let reader = store.reader();
    store.sweep(later(29)).unwrap();
    assert!(reader.once("code", &hash(30), NOW).unwrap().is_some());
    store.sweep(later(30)).unwrap();
    let refused = try_commit(store, vec![], vec![take_once("code", 30, 0)]).unwrap_err();
    assert_eq!(refused, refused_once("code", WhyNot::Unknown));
    store.sweep(later(60 + MONTH)).unwrap();
    assert!(reader.link(&hash(21)).unwrap().is_none());
    assert!(reader.link(&hash(20)).unwrap().is_some());
    store.sweep(later(600 + MONTH)).unwrap();
    assert!(reader.link(&hash(20)).unwrap().is_none());
}

fn kept(bits: u64, replaces: Option<u64>, payload: &str) -> Effect {
    Effect::KeptPut(KeptRow {
        kind: "grant",
        hash: hash(bits),
        owner: Some(UserId::from_bits(1)),
        replaces,
        expires: later(30),
        payload: payload.as_bytes().to_vec().into(),
    })
}

pub(super) fn a_kept_record_is_changed_only_as_it_was_read(subject: &mut impl Subject) {
    let store = subject.store();
    commit(store, vec![put(user(1, "ana"))], vec![kept(7, None, "one")]);
    let twice = try_commit(store, vec![], vec![kept(7, None, "two")]).unwrap_err();
    assert_eq!(twice, Refused::Stale);
    let read = store.reader().kept("grant", &hash(7)).unwrap().unwrap();
    assert_eq!((read.version, read.expires), (1, later(30)));
    assert!(store.reader().kept("code", &hash(7)).unwrap().is_none());
    commit(store, vec![], vec![kept(7, Some(1), "three")]);
    let late = try_commit(store, vec![], vec![kept(7, Some(1), "four")]).unwrap_err();
    assert_eq!(late, Refused::Stale);
    subject.reopen();
    let store = subject.store();
    let all = store
        .reader()
        .kept_of("grant", UserId::from_bits(1))
        .unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].version, &all[0].payload.expose()[..]),
        (2, &b"three"[..])
    );
    commit(
        store,
        vec![Change::UserRemoved(UserId::from_bits(1))],
        vec![],
    );
    assert!(store.reader().kept("grant", &hash(7)).unwrap().is_none());
}
