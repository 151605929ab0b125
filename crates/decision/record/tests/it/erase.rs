//! Erasing personal fields.

use gw_ledger::PersonalState;
use gw_record::{Erased, erase_personal};

use crate::support::*;

#[test]
fn erased_fields_are_gone_for_one_person_and_the_log_stays_proven() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    for decision in 0..1000 {
        let user = if decision % 2 == 0 { "ana" } else { "bo" };
        unhurried(|| recorder.exchange(&exchange(decision, 5), &personal(user)));
    }
    drop(recorder);
    block_on(ledger.close());
    let erased = erase_personal(folder.path(), &mut |_, _, fields| fields.user == "ana").unwrap();
    let expected = Erased {
        records: 500,
        still_open: 0,
    };
    assert_eq!(erased, expected);
    assert_sound(folder.path(), &[]);
    for (entry, exchange) in exchanges(folder.path()) {
        match exchange.decision.bits() % 2 {
            0 => assert_eq!(entry.personal, PersonalState::Removed),
            _ => assert_eq!(user_of(&entry), Some("bo")),
        }
    }
    let reports = verify(folder.path(), &[]);
    assert_eq!(report(&reports, "core-0").personal_removed, 500);
    for file in std::fs::read_dir(folder.path().join("core-0")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(3).any(|window| window == b"ana"));
    }
}

#[test]
fn segments_that_are_still_open_are_counted_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 1).unwrap();
    let erased = erase_personal(folder.path(), &mut |_, _, fields| fields.user == "ana").unwrap();
    assert_eq!((erased.records, erased.still_open), (0, 1));
    assert_eq!(user_of(&exchanges(folder.path())[0].0), Some("ana"));
    record(&mut recorder, 2).unwrap();
}
