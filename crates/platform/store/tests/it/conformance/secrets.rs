use gw_model::Change;
use gw_store::{Effect, FactorSecretRow, Refused, WhyNot};

use super::Subject;
use crate::support::*;

fn codes(factor: u64, of: u64) -> Effect {
    Effect::RecoveryCodesPut {
        factor: fid(factor),
        user: uid(of),
        hashes: vec!["first".into(), "second".into()],
    }
}

fn use_code(factor: u64, index: u32) -> Effect {
    Effect::RecoveryCodeUsed {
        factor: fid(factor),
        index,
        now: NOW,
    }
}

pub(super) fn a_passkey_is_found_by_person_and_by_credential(subject: &mut impl Subject) {
    let store = subject.store();
    let ana = with_factors(user(1, "ana"), &[5, 6], &[]);
    let rows = [passkey(5, 1, b"five"), passkey(6, 1, b"six")];
    let made = rows.iter().cloned().map(Effect::PasskeyPut).collect();
    commit(store, vec![put(ana)], made);
    let used = Effect::PasskeyUsed {
        factor: fid(6),
        credential: "counter 1".into(),
        now: later(5),
    };
    commit(store, vec![], vec![used]);
    subject.reopen();
    let reader = subject.store().reader();
    assert_eq!(reader.passkey(b"five").unwrap().unwrap(), rows[0]);
    let six = reader.passkey(b"six").unwrap().unwrap();
    assert_eq!(
        (&*six.credential, six.last_used),
        ("counter 1", Some(later(5)))
    );
    assert_eq!(reader.passkeys_of(uid(1)).unwrap(), [rows[0].clone(), six]);
    assert!(reader.passkey(b"seven").unwrap().is_none());
    let unknown = Effect::PasskeyUsed {
        factor: fid(7),
        credential: "".into(),
        now: NOW,
    };
    let refused = try_commit(subject.store(), vec![], vec![unknown]).unwrap_err();
    assert_eq!(refused, Refused::NoPasskey(fid(7)));
}

pub(super) fn a_credential_belongs_to_one_factor(subject: &mut impl Subject) {
    let store = subject.store();
    let people = vec![
        put(with_factors(user(1, "ana"), &[5], &[])),
        put(with_factors(user(2, "bo"), &[5, 6], &[])),
    ];
    let first = Effect::PasskeyPut(passkey(5, 1, b"five"));
    commit(store, people, vec![first.clone()]);
    let same = Effect::PasskeyPut(passkey(6, 2, b"five"));
    let refused = try_commit(store, vec![], vec![same]).unwrap_err();
    assert_eq!(refused, Refused::Duplicate("the passkey"));
    let anothers = Effect::PasskeyPut(passkey(5, 2, b"other"));
    let refused = try_commit(store, vec![], vec![anothers]).unwrap_err();
    assert_eq!(refused, Refused::Duplicate("the factor"));
    commit(store, vec![], vec![first]);
    let kept = store.reader().passkey(b"five").unwrap().unwrap();
    assert_eq!(kept.user, uid(1));
}

pub(super) fn a_factors_secret_needs_the_factor_and_dies_with_it(subject: &mut impl Subject) {
    let store = subject.store();
    commit(store, vec![put(user(1, "ana"))], vec![]);
    for secret in [Effect::PasskeyPut(passkey(5, 1, b"five")), codes(5, 1)] {
        let refused = try_commit(store, vec![], vec![secret]).unwrap_err();
        let (user, factor) = (uid(1), fid(5));
        assert_eq!(refused, Refused::NoFactor { user, factor });
    }
    let ana = with_factors(user(1, "ana"), &[5, 6], &[7]);
    let made = vec![
        Effect::PasskeyPut(passkey(5, 1, b"five")),
        Effect::PasskeyPut(passkey(6, 1, b"six")),
        codes(7, 1),
    ];
    commit(store, vec![put(ana)], made);
    let fewer = with_factors(user(1, "ana"), &[6], &[]);
    commit(store, vec![put(fewer)], vec![]);
    let reader = store.reader();
    assert!(reader.passkey(b"five").unwrap().is_none());
    assert!(reader.passkey(b"six").unwrap().is_some());
    assert!(reader.recovery_of(uid(1)).unwrap().is_empty());
    let gone = vec![Effect::PasskeyRemoved { factor: fid(6) }];
    commit(store, vec![], gone);
    assert!(reader.passkeys_of(uid(1)).unwrap().is_empty());
}

pub(super) fn a_recovery_code_is_used_once(subject: &mut impl Subject) {
    let store = subject.store();
    let ana = with_factors(user(1, "ana"), &[], &[7]);
    commit(store, vec![put(ana)], vec![codes(7, 1)]);
    commit(store, vec![], vec![use_code(7, 1)]);
    let mut why =
        |factor, index| try_commit(store, vec![], vec![use_code(factor, index)]).unwrap_err();
    assert_eq!(why(7, 1), Refused::RecoveryCode(WhyNot::Spent));
    assert_eq!(why(7, 2), Refused::RecoveryCode(WhyNot::Unknown));
    assert_eq!(why(8, 0), Refused::RecoveryCode(WhyNot::Unknown));
    let told = |store: &dyn gw_store::Store| -> Vec<_> {
        let sets = store.reader().recovery_of(uid(1)).unwrap();
        sets.into_iter()
            .flat_map(|set| set.codes)
            .map(|code| (code.index, code.hash, code.used.is_some()))
            .collect()
    };
    let expected = [(0, "first".into(), false), (1, "second".into(), true)];
    assert_eq!(told(store), expected);
    commit(store, vec![], vec![codes(7, 1)]);
    assert!(told(store).iter().all(|(.., used)| !used), "a fresh set");
    let gone = Effect::RecoveryCodesRemoved { factor: fid(7) };
    commit(store, vec![], vec![gone]);
    assert!(told(store).is_empty());
}

fn secret(factor: u64, of: u64, replaces: Option<u64>, counter: u64, secret: &[u8]) -> Effect {
    Effect::FactorSecretPut(FactorSecretRow {
        factor: fid(factor),
        user: uid(of),
        replaces,
        counter,
        secret: secret.to_vec().into(),
    })
}

pub(super) fn a_factors_secret_is_replaced_as_it_was_read_and_its_counter_only_rises(
    subject: &mut impl Subject,
) {
    let store = subject.store();
    let unnamed = try_commit(store, vec![], vec![secret(5, 1, None, 1, b"one")]).unwrap_err();
    let (user, factor) = (uid(1), fid(5));
    assert_eq!(unnamed, Refused::NoFactor { user, factor });
    let people = || vec![put(with_factors(self::user(1, "ana"), &[5], &[]))];
    commit(store, people(), vec![secret(5, 1, None, 1, b"one")]);
    let refused = |store: &mut dyn gw_store::Store, effect| {
        try_commit(store, vec![], vec![effect]).unwrap_err()
    };
    let twice = secret(5, 1, None, 2, b"two");
    assert_eq!(refused(store, twice), Refused::Stale);
    let back = secret(5, 1, Some(1), 1, b"two");
    assert_eq!(refused(store, back), Refused::Stale);
    commit(store, vec![], vec![secret(5, 1, Some(1), 7, b"two")]);
    let late = secret(5, 1, Some(1), 9, b"three");
    assert_eq!(refused(store, late), Refused::Stale);
    let used = |factor, counter| Effect::FactorSecretCounted {
        factor: fid(factor),
        counter,
    };
    assert_eq!(
        refused(store, used(5, 7)),
        Refused::FactorCode(WhyNot::Spent)
    );
    assert_eq!(
        refused(store, used(6, 7)),
        Refused::FactorCode(WhyNot::Unknown)
    );
    commit(store, vec![], vec![used(5, 8)]);
    subject.reopen();
    let store = subject.store();
    let kept = store.reader().factor_secrets_of(uid(1)).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        (kept[0].counter, &kept[0].secret.expose()[..]),
        (8, &b"two"[..])
    );
    commit(store, vec![put(self::user(1, "ana"))], vec![]);
    let reader = store.reader();
    assert!(reader.factor_secrets_of(uid(1)).unwrap().is_empty());
}

pub(super) fn nothing_is_kept_for_a_removed_person(subject: &mut impl Subject) {
    let store = subject.store();
    let ana = with_factors(user(1, "ana"), &[5], &[7]);
    let made = vec![
        Effect::PasskeyPut(passkey(5, 1, b"five")),
        codes(7, 1),
        secret(7, 1, None, 1, b"seven"),
        Effect::LinkPut(link(20, 1)),
    ];
    commit(store, vec![put(ana)], made);
    commit(store, vec![Change::UserRemoved(uid(1))], vec![]);
    let reader = store.reader();
    assert!(reader.passkey(b"five").unwrap().is_none());
    assert!(reader.recovery_of(uid(1)).unwrap().is_empty());
    assert!(reader.factor_secrets_of(uid(1)).unwrap().is_empty());
    assert!(reader.link(&hash(20)).unwrap().is_none());
}

pub(super) fn sealed_values_and_settings_are_kept_until_removed(subject: &mut impl Subject) {
    let seal = |name: &str, bytes: &[u8]| Effect::SealedPut {
        name: name.into(),
        bytes: bytes.to_vec().into(),
    };
    let store = subject.store();
    let made = vec![seal("b", b"old"), seal("a", b"one"), seal("b", b"new")];
    commit(store, vec![], made);
    subject.reopen();
    let store = subject.store();
    let reader = store.reader();
    assert_eq!(reader.sealed_names().unwrap(), ["a", "b"]);
    assert_eq!(reader.sealed("b").unwrap().unwrap().expose(), b"new");
    let gone = Effect::SealedRemoved { name: "b".into() };
    commit(store, vec![], vec![gone]);
    assert!(reader.sealed("b").unwrap().is_none());
    let set = |value: &str| Effect::MetaPut {
        key: "rp-id".into(),
        value: value.into(),
    };
    commit(store, vec![], vec![set("old.example"), set("auth.example")]);
    let rp_id = reader.meta("rp-id").unwrap();
    assert_eq!(rp_id.as_deref(), Some("auth.example"));
    assert!(reader.meta("other").unwrap().is_none());
}
