//! A disk without space, and one that fails.

use std::{
    fs::File,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use gw_record::{LedgerOptions, Recorder, Unwritable, reserve_on_disk};

use crate::support::*;

/// A disk that is full for as long as somebody says so.
fn switchable(full: &Arc<AtomicBool>) -> LedgerOptions {
    let full = full.clone();
    LedgerOptions {
        reserve: Arc::new(move |file: &File, bytes| {
            if full.load(Ordering::Relaxed) {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            reserve_on_disk(file, bytes)
        }),
        ..options()
    }
}

/// Records until one is refused, and gives what was accepted.
fn fill(recorder: &mut Recorder) -> (u64, Unwritable) {
    let mut accepted = 0;
    loop {
        match record(recorder, accepted) {
            Ok(_) => accepted += 1,
            Err(Unwritable::Behind { .. }) => thread::yield_now(),
            Err(refused) => return (accepted, refused),
        }
    }
}

#[test]
fn on_a_full_disk_records_are_refused_none_is_lost_and_space_is_used_again_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let full = Arc::new(AtomicBool::new(false));
    let ledger = try_open(folder.path(), switchable(&full), None).unwrap();
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 1_000_000).unwrap();
    full.store(true, Ordering::Relaxed);
    let (accepted, refused) = fill(&mut recorder);
    assert!(matches!(refused, Unwritable::NoSpace { .. }), "{refused}");
    assert!(accepted > 100, "what was reserved before is used");
    full.store(false, Ordering::Relaxed);
    eventually("space is found again", || {
        record(&mut recorder, 2_000_000).ok()
    });
    drop(recorder);
    block_on(ledger.close());
    assert_eq!(exchanges(folder.path()).len() as u64, accepted + 2);
    assert_sound(folder.path(), &[]);
}

#[test]
fn a_ledger_does_not_open_where_nothing_can_be_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let full = Arc::new(AtomicBool::new(true));
    assert!(try_open(folder.path(), switchable(&full), None).is_err());
    full.store(false, Ordering::Relaxed);
    try_open(folder.path(), switchable(&full), None).unwrap();
}

#[test]
fn a_failing_disk_refuses_all_further_records_until_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 0).unwrap();
    // The sealer cannot make the second segment's file of heads.
    let obstacle = folder.path().join("core-0/00000002.heads");
    std::fs::create_dir(&obstacle).unwrap();
    let (_, refused) = fill(&mut recorder);
    assert!(matches!(refused, Unwritable::Failed { .. }), "{refused}");
    let position = gw_ledger::Position {
        segment: 900,
        index: 0,
    };
    let waited = block_on(recorder.synced(position));
    assert!(matches!(waited, Err(Unwritable::Failed { .. })));
    drop(recorder);
    drop(ledger);
    std::fs::remove_dir(&obstacle).unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 1).unwrap();
    drop(recorder);
    block_on(ledger.close());
    assert_sound(folder.path(), &[]);
}
