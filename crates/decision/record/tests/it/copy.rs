//! Copies of a ledger that is being written.

use std::{fs, path::Path};

use gw_ledger::{LogReport, Note, StoredHead};
use gw_record::{copy_ledger, sealed_until};

use crate::support::*;

/// Copies to a folder; gives what was found of each log.
fn copied(from: &Path, to: &Path, stored: &[StoredHead]) -> Vec<LogReport> {
    let mut keep = |segment: &gw_record::SegmentCopy| {
        for (name, bytes) in segment.files() {
            let path = to.join(name);
            fs::create_dir_all(path.parent().unwrap())?;
            fs::write(path, bytes)?;
        }
        Ok(())
    };
    copy_ledger(from, &keys(), stored, &mut keep).unwrap()
}

#[test]
fn a_copy_that_is_taken_while_records_come_is_sound_and_holds_what_was_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    let mut decision = 0;
    for round in 0..20 {
        // Several segments' worth, some of it not sealed when the copy begins.
        for _ in 0..200 {
            eventually("there is room", || record(&mut recorder, decision).ok());
            decision += 1;
        }
        let stored = ledger.heads();
        let to = tempfile::tempdir().unwrap();
        let reports = copied(folder.path(), to.path(), &stored);
        assert!(reports.iter().all(LogReport::is_sound), "{reports:?}");
        assert_sound(to.path(), &stored);
        for report in &reports {
            assert_eq!(report.unsealed, 0, "round {round}: {report:?}");
        }
    }
}

#[test]
fn a_ledger_goes_on_from_a_copy_and_tells_what_became_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let living = open(folder.path());
    let mut recorder = living.recorder("core-0").unwrap();
    for decision in 0..50 {
        record(&mut recorder, decision).unwrap();
    }
    eventually("a head of core-0", || {
        let heads = living.heads();
        heads
            .iter()
            .any(|head| &*head.log == "core-0")
            .then_some(())
    });
    let to = tempfile::tempdir().unwrap();
    copied(folder.path(), to.path(), &[]);
    let kept = exchanges(to.path()).len();
    assert!(kept > 0);
    let ledger = open(to.path());
    ledger.note_gap("restored").unwrap();
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 1000).unwrap();
    drop(recorder);
    block_on(ledger.close());
    assert_sound(to.path(), &[]);
    assert_eq!(exchanges(to.path()).len(), kept + 1);
    let gap = |note: &Note| matches!(note, Note::Gap { what } if &**what == "restored");
    assert!(notes(to.path()).iter().any(gap));
}

#[test]
fn a_copy_of_what_was_changed_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    for decision in 0..50 {
        record(&mut recorder, decision).unwrap();
    }
    drop(recorder);
    block_on(ledger.close());
    let path = folder.path().join("core-0/00000001.seg");
    let mut bytes = fs::read(&path).unwrap();
    bytes[300] ^= 1;
    fs::write(&path, bytes).unwrap();
    let to = tempfile::tempdir().unwrap();
    let reports = copied(folder.path(), to.path(), &[]);
    assert!(!reports.iter().all(LogReport::is_sound));
}

#[test]
fn it_is_known_up_to_which_epoch_changes_are_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    eventually("the start is sealed", || {
        sealed_until(folder.path()).unwrap()
    });
    drop(ledger);
}
