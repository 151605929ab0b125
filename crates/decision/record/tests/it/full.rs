//! A disk without space, one that fails, and one that does not answer.

use std::{
    fs::{self, File},
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use gw_ledger::{ChangeRecord, Personal};
use gw_model::{Actor, Epoch, Timestamp};
use gw_record::{
    Ledger, LedgerOptions, LogStatus, Recorder, Unwritable, reserve_on_disk, sync_to_disk,
};

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
    let refusing = status(&ledger, "core-0");
    assert_eq!(refusing.failure, Some(refused));
    assert_eq!(refusing.no_next_segment, refusing.failure);
    full.store(false, Ordering::Relaxed);
    eventually("space is found again", || {
        record(&mut recorder, 2_000_000).ok()
    });
    assert_eq!(status(&ledger, "core-0").failure, None);
    drop(recorder);
    block_on(ledger.close());
    assert_eq!(exchanges(folder.path()).len() as u64, accepted + 2);
    assert_sound(folder.path(), &[]);
}

#[test]
fn a_full_disk_still_has_room_for_an_emergency() {
    let folder = tempfile::tempdir().unwrap();
    let full = Arc::new(AtomicBool::new(false));
    let ledger = try_open(folder.path(), switchable(&full), None).unwrap();
    let mut recorder = ledger.recorder("core-0").unwrap();
    full.store(true, Ordering::Relaxed);
    let (accepted, _) = fill(&mut recorder);
    let (mut urgent, refused) = (
        0,
        loop {
            if let Err(refused) = record(&mut recorder, 1_000_000) {
                break refused;
            }
        },
    );
    assert!(matches!(refused, Unwritable::NoSpace { .. }), "{refused}");
    let refused = loop {
        match recorder.urgently(|recorder| record(recorder, 2_000_000 + urgent)) {
            Ok(_) => urgent += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, Unwritable::NoSpace { .. }), "{refused}");
    assert!(urgent > 20, "{urgent} records fit into what was kept");
    assert!(record(&mut recorder, 3_000_000).is_err());
    let control = ledger.control();
    while control.ready().is_ok() {
        let told = control.append_blocking(&changed(), &Personal::default());
        told.unwrap();
    }
    control.ready_urgently().unwrap();
    control
        .urgent()
        .append_blocking(&changed(), &Personal::default())
        .unwrap();
    drop(recorder);
    block_on(ledger.close());
    assert_eq!(exchanges(folder.path()).len() as u64, accepted + urgent);
    assert_sound(folder.path(), &[]);
}

/// A change of some size.
fn changed() -> ChangeRecord {
    ChangeRecord {
        time: Timestamp::from_millis(1_800_000_000_000),
        epoch: Epoch::default(),
        actor: Actor::Local(0),
        session: None,
        decision: None,
        what: "x".repeat(500).into(),
        changes: Vec::new(),
    }
}

#[test]
fn a_ledger_does_not_open_where_nothing_can_be_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let full = Arc::new(AtomicBool::new(true));
    assert!(try_open(folder.path(), switchable(&full), None).is_err());
    full.store(false, Ordering::Relaxed);
    try_open(folder.path(), switchable(&full), None).unwrap();
}

/// A disk that fails for as long as somebody says so.
fn failing(fails: &Arc<AtomicBool>) -> LedgerOptions {
    let fails = fails.clone();
    LedgerOptions {
        sync: Arc::new(move |file: &File| {
            if fails.load(Ordering::Relaxed) {
                return Err(io::Error::other("the disk is broken"));
            }
            sync_to_disk(file)
        }),
        ..options()
    }
}

#[test]
fn a_failing_disk_refuses_all_further_records_until_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let fails = Arc::new(AtomicBool::new(false));
    let ledger = try_open(folder.path(), failing(&fails), None).unwrap();
    let mut recorder = ledger.recorder("core-0").unwrap();
    let kept = record(&mut recorder, 0).unwrap();
    block_on(recorder.synced(kept)).unwrap();
    fails.store(true, Ordering::Relaxed);
    let lost = record(&mut recorder, 1).unwrap();
    let waited = block_on(recorder.synced(lost));
    assert!(matches!(waited, Err(Unwritable::Failed { .. })));
    fails.store(false, Ordering::Relaxed);
    let refused = record(&mut recorder, 2).unwrap_err();
    assert!(matches!(refused, Unwritable::Failed { .. }), "{refused}");
    let failure = status(&ledger, "core-0").failure.unwrap();
    assert!(failure.to_string().contains("the disk is broken"));
    drop(recorder);
    drop(ledger);
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 3).unwrap();
    drop(recorder);
    block_on(ledger.close());
    assert_sound(folder.path(), &[]);
}

/// A disk that keeps whoever syncs waiting while the gate is held.
fn slow(gate: &Arc<Mutex<()>>) -> LedgerOptions {
    let gate = gate.clone();
    LedgerOptions {
        stall_bound: Duration::from_millis(20),
        sync: Arc::new(move |file: &File| {
            drop(gate.lock());
            sync_to_disk(file)
        }),
        ..options()
    }
}

#[test]
fn while_the_disk_does_not_answer_records_are_taken_up_to_a_bound_and_again_once_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Arc::new(Mutex::new(()));
    let ledger = try_open(folder.path(), slow(&gate), None).unwrap();
    let mut recorder = ledger.recorder("core-0").unwrap();
    let held = gate.lock().unwrap();
    let first = unhurried(|| record(&mut recorder, 0));
    let refused = eventually("it is said that the disk is behind", || {
        ledger.watch();
        record(&mut recorder, 1).err()
    });
    assert!(matches!(refused, Unwritable::Behind { .. }), "{refused}");
    let failure = status(&ledger, "core-0").failure;
    assert!(matches!(failure, Some(Unwritable::Behind { .. })));
    drop(held);
    unhurried(|| record(&mut recorder, 2));
    block_on(recorder.synced(first)).unwrap();
    drop(recorder);
    block_on(ledger.close());
    assert_sound(folder.path(), &[]);
}

#[test]
fn a_disk_that_never_answers_is_given_no_more_than_a_bounded_number_of_segments() {
    let folder = tempfile::tempdir().unwrap();
    let gate = Arc::new(Mutex::new(()));
    let options = LedgerOptions {
        stall_bound: Duration::from_secs(3600),
        ..slow(&gate)
    };
    let segment_bytes = options.segment_bytes;
    let ledger = try_open(folder.path(), options, None).unwrap();
    let mut recorder = ledger.recorder("core-0").unwrap();
    let held = gate.lock().unwrap();
    let mut accepted = 0;
    let refused = loop {
        match record(&mut recorder, accepted) {
            Ok(_) => accepted += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, Unwritable::Behind { .. }), "{refused}");
    let on_disk: u64 = fs::read_dir(folder.path().join("core-0"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert!(on_disk <= 8 * 2 * segment_bytes, "{on_disk}");
    drop(held);
    unhurried(|| record(&mut recorder, accepted));
    drop(recorder);
    block_on(ledger.close());
    assert_eq!(exchanges(folder.path()).len() as u64, accepted + 1);
    assert_sound(folder.path(), &[]);
}

#[test]
fn a_segment_that_somebody_cuts_while_it_is_written_refuses_further_records() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 0).unwrap();
    let segment = folder.path().join("core-0/00000001.seg");
    File::options()
        .write(true)
        .open(&segment)
        .unwrap()
        .set_len(0)
        .unwrap();
    let refused = eventually("a record is refused", || record(&mut recorder, 1).err());
    assert!(matches!(refused, Unwritable::Failed { .. }), "{refused}");
    let other = ledger.recorder("core-1").unwrap();
    drop((recorder, other));
    block_on(ledger.close());
}

fn status(ledger: &Ledger, log: &str) -> LogStatus {
    let found = ledger.status().into_iter().find(|of| &*of.log == log);
    found.unwrap()
}
