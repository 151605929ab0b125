//! Taking up what a killed writer left, and refusing what was cut.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use gw_ledger::{FaultKind, Note, StoredHead};
use gw_record::{LedgerError, LedgerOptions};

use crate::support::*;

/// A ledger with sealed and unsealed records whose process is gone: a copy of the files of a living one.
pub(crate) struct Left {
    _folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
    pub(crate) heads: Vec<StoredHead>,
}

pub(crate) fn left_by_a_killed_process(records: u64) -> Left {
    let living = tempfile::tempdir().unwrap();
    let ledger = open(living.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    for decision in 0..records {
        record(&mut recorder, decision).unwrap();
    }
    let heads = eventually("a head of core-0", || {
        let heads = ledger.heads();
        let sealed = heads.iter().any(|head| &*head.log == "core-0");
        (records == 0 || sealed).then_some(heads)
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    copy(living.path(), &path);
    Left {
        _folder: folder,
        path,
        heads,
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) fn stored<'h>(heads: &'h [StoredHead], log: &str) -> &'h StoredHead {
    heads.iter().find(|head| &*head.log == log).unwrap()
}

fn write_over(path: &Path, at: u64, bytes: &[u8]) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

/// Where the records of a segment end.
fn end_of(path: &Path) -> u64 {
    let bytes = fs::read(path).unwrap();
    let plan = gw_ledger::plan_repair(&bytes, &[], None, &keys());
    plan.end as u64
}

#[test]
fn records_after_the_last_head_are_kept_and_sealed_at_restart() {
    let left = left_by_a_killed_process(50);
    // As if the process had been killed before it sealed anything but the header.
    fs::write(left.path.join("core-0/00000001.heads"), b"").unwrap();
    let ledger = open(&left.path);
    assert!(notes(&left.path).iter().any(|note| matches!(
        note,
        Note::Repair {
            segment: 1,
            kept: 51,
            discarded: 0
        }
    )));
    let heads = ledger.heads();
    assert_eq!(stored(&heads, "core-0").size, 51);
    block_on(ledger.close());
    assert_eq!(exchanges(&left.path).len(), 50);
    assert_sound(&left.path, &heads);
}

#[test]
fn a_torn_tail_is_discarded_and_nothing_before_it() {
    let left = left_by_a_killed_process(50);
    let segment = left.path.join("core-0/00000001.seg");
    let end = end_of(&segment);
    write_over(&segment, end, &[40, 0, 0, 0, 1, 2, 3, 4, 2, 1, 0, 0, 9, 9]);
    let torn = verify(&left.path, &left.heads);
    let faults = &report(&torn, "core-0").faults;
    assert!(faults.iter().all(|fault| fault.kind == FaultKind::Torn) && faults.len() == 1);
    let ledger = open(&left.path);
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 50).unwrap();
    drop(recorder);
    block_on(ledger.close());
    assert!(
        notes(&left.path)
            .iter()
            .any(|note| matches!(note, Note::Repair { discarded: 14, .. }))
    );
    assert_eq!(exchanges(&left.path).len(), 51);
    assert_sound(&left.path, &left.heads);
    assert_eq!(fs::metadata(&segment).unwrap().len(), end);
}

#[test]
fn a_record_whose_last_bytes_were_lost_is_discarded_with_its_personal_fields() {
    let left = left_by_a_killed_process(3);
    fs::write(left.path.join("core-0/00000001.heads"), b"").unwrap();
    let segment = left.path.join("core-0/00000001.seg");
    write_over(&segment, end_of(&segment) - 16, &[0; 16]);
    block_on(open(&left.path).close());
    assert_eq!(exchanges(&left.path).len(), 2);
    assert_sound(&left.path, &[]);
}

#[test]
fn a_segment_that_was_begun_before_its_header_was_written_is_taken_up() {
    let left = left_by_a_killed_process(20);
    // Killed right after the rotation: the records of segment 2 are there, its header is not.
    let log = left.path.join("core-0");
    for ending in ["seg", "personal"] {
        fs::copy(
            log.join(format!("00000001.{ending}")),
            log.join(format!("00000002.{ending}")),
        )
        .unwrap();
    }
    write_over(&log.join("00000002.seg"), 0, &[0; 256]);
    let number = gw_ledger::personal_header(2);
    write_over(&log.join("00000002.personal"), 0, &number);
    let ledger = open(&left.path);
    assert_eq!(stored(&ledger.heads(), "core-0").size, 42);
    block_on(ledger.close());
    assert_eq!(exchanges(&left.path).len(), 40);
    assert_sound(&left.path, &left.heads);
}

#[test]
fn a_closed_segment_that_was_not_trimmed_gives_its_space_back() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 1).unwrap();
    drop(recorder);
    block_on(ledger.close());
    let files = ["seg", "personal"].map(|e| folder.path().join(format!("core-0/00000001.{e}")));
    let lengths = files
        .each_ref()
        .map(|file| fs::metadata(file).unwrap().len());
    for file in &files {
        let file = OpenOptions::new().write(true).open(file).unwrap();
        file.set_len(64 * 1024).unwrap();
    }
    assert_sound(folder.path(), &[]);
    block_on(open(folder.path()).close());
    let trimmed = files
        .each_ref()
        .map(|file| fs::metadata(file).unwrap().len());
    assert_eq!(trimmed, lengths);
    assert_sound(folder.path(), &[]);
}

#[test]
fn segments_reserved_ahead_are_removed_at_restart() {
    let left = left_by_a_killed_process(3);
    let log = left.path.join("core-0");
    fs::write(log.join("00000003.seg"), b"").unwrap();
    block_on(open(&left.path).close());
    let names: Vec<_> = fs::read_dir(&log)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_sound(&left.path, &left.heads);
}

#[test]
fn a_log_shorter_than_the_stored_head_is_a_fault_and_is_left_as_it_is() {
    let left = left_by_a_killed_process(10);
    let heads_file = left.path.join("core-0/00000001.heads");
    let whole = fs::read(&heads_file).unwrap();
    for keep in (0..whole.len()).step_by(7) {
        fs::write(&heads_file, &whole[..keep]).unwrap();
        let before = fs::read(left.path.join("core-0/00000001.seg")).unwrap();
        let opened = try_open(&left.path, options(), Some(stored(&left.heads, "core-0")));
        assert!(matches!(opened, Err(LedgerError::Shorter { .. })), "{keep}");
        assert_eq!(
            fs::read(left.path.join("core-0/00000001.seg")).unwrap(),
            before
        );
        assert_eq!(fs::read(&heads_file).unwrap(), &whole[..keep]);
    }
}

#[test]
fn a_log_that_is_gone_is_a_fault_where_the_store_kept_its_head() {
    let left = left_by_a_killed_process(10);
    fs::remove_dir_all(left.path.join("core-0")).unwrap();
    let head = stored(&left.heads, "core-0");
    let opened = try_open(&left.path, options(), Some(head));
    assert!(matches!(opened, Err(LedgerError::Shorter { .. })));
    let reports = verify(&left.path, &left.heads);
    assert!(!report(&reports, "core-0").is_sound());
}

#[test]
fn an_operator_may_accept_a_gap_and_the_log_says_so() {
    let left = left_by_a_killed_process(10);
    fs::write(left.path.join("core-0/00000001.heads"), b"").unwrap();
    let options = LedgerOptions {
        accept_gap: true,
        ..options()
    };
    let head = stored(&left.heads, "core-0");
    let ledger = try_open(&left.path, options, Some(head)).unwrap();
    let mut recorder = ledger.recorder("core-0").unwrap();
    record(&mut recorder, 10).unwrap();
    drop(recorder);
    block_on(ledger.close());
    assert!(
        notes(&left.path)
            .iter()
            .any(|note| matches!(note, Note::Gap { .. }))
    );
    assert_eq!(exchanges(&left.path).len(), 11);
    assert_sound(&left.path, &[]);
}

#[test]
fn a_damaged_segment_is_left_alone_noted_and_written_no_more() {
    let left = left_by_a_killed_process(50);
    let segment = left.path.join("core-0/00000001.seg");
    write_over(&segment, 400, &[0xff; 4]);
    let damaged = fs::read(&segment).unwrap();
    let head = stored(&left.heads, "core-0").clone();
    let ledger = try_open(&left.path, options(), Some(&head)).unwrap();
    let mut recorder = ledger.recorder("core-0").unwrap();
    let position = record(&mut recorder, 50).unwrap();
    assert!(position.segment > 1);
    drop(recorder);
    block_on(ledger.close());
    assert_eq!(fs::read(&segment).unwrap(), damaged);
    assert!(
        notes(&left.path)
            .iter()
            .any(|note| matches!(note, Note::Gap { .. }))
    );
    let reports = verify(&left.path, &[]);
    assert!(!report(&reports, "core-0").is_sound());
    assert!(report(&reports, "control").is_sound());
}
