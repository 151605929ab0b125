//! Reading while writing, following, finding, and reading what is no log.

use std::{fs, path::Path};

use gw_ledger::{Record, SegmentHeader, framed_bytes, seal_frame};
use gw_model::{DecisionId, JudgementId, Timestamp};
use gw_record::{Tail, Wanted, find, read_heads, read_logs};
use proptest::prelude::*;

use crate::support::*;

#[test]
fn a_log_is_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    for decision in 0..1500 {
        unhurried(|| record(&mut recorder, decision));
        if decision % 500 == 0 {
            assert_eq!(exchanges(folder.path()).len() as u64, decision + 1);
        }
    }
    assert_sound(folder.path(), &ledger.heads());
}

#[test]
fn a_follower_sees_every_record_once_in_order_across_rotations() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    for decision in 0..10 {
        record(&mut recorder, decision).unwrap();
    }
    let mut tail = Tail::new(folder.path(), 3);
    let first = tail.poll().unwrap();
    assert_eq!(first.len(), 3);
    let last = first.last().unwrap();
    assert!(last.is_of_decision(DecisionId::from_bits(9)));
    assert!(
        last.judgement.is_some(),
        "joined, though older ones are not shown"
    );
    assert!(tail.poll().unwrap().is_empty());

    let count = 5000;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for decision in 10..count {
                unhurried(|| record(&mut recorder, decision));
            }
        });
        let mut expected = 10;
        eventually("all records are seen", || {
            for entry in tail.poll().unwrap() {
                if let Record::Exchange(exchange) = entry.record {
                    assert_eq!(exchange.decision.bits(), expected);
                    assert_eq!(user_of(&entry), Some("ana"));
                    expected += 1;
                }
            }
            (expected == count).then_some(())
        });
    });
}

#[test]
fn logs_are_merged_by_time_and_found_by_id() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut even = ledger.recorder("core-0").unwrap();
    let mut odd = ledger.recorder("core-1").unwrap();
    for decision in 0..100 {
        let recorder = if decision % 2 == 0 {
            &mut even
        } else {
            &mut odd
        };
        record(recorder, decision).unwrap();
    }
    let decisions: Vec<u64> = exchanges(folder.path())
        .iter()
        .map(|(_, exchange)| exchange.decision.bits())
        .collect();
    assert_eq!(decisions, (0..100).collect::<Vec<_>>());
    let one = find(folder.path(), Wanted::Decision(DecisionId::from_bits(31))).unwrap();
    assert_eq!(one.len(), 1);
    assert_eq!(&*one[0].log, "core-1");
    let all = find(folder.path(), Wanted::Judgement(JudgementId::from_bits(5))).unwrap();
    assert_eq!(
        all.len(),
        102,
        "the judgement in each log, and its exchanges"
    );
}

#[test]
fn heads_are_read_from_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(folder.path());
    let mut recorder = ledger.recorder("core-0").unwrap();
    let position = record(&mut recorder, 1).unwrap();
    block_on(recorder.synced(position)).unwrap();
    drop(recorder);
    block_on(ledger.close());
    let heads = read_heads(folder.path()).unwrap();
    let logs: Vec<&str> = heads.iter().map(|head| &*head.log).collect();
    assert_eq!(logs, ["control", "core-0"], "strangers have not come yet");
    assert_sound(folder.path(), &heads);
}

fn push(file: &mut Vec<u8>, parts: &[&[u8]]) {
    let (len, crc) = seal_frame(parts).unwrap();
    let start = file.len();
    file.extend_from_slice(&len.to_le_bytes());
    file.extend_from_slice(&crc.to_le_bytes());
    file.extend_from_slice(&parts.concat());
    file.resize(start + framed_bytes(len as usize), 0);
}

#[test]
fn kinds_of_the_future_are_shown_as_such_and_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("core-0");
    fs::create_dir(&log).unwrap();
    let header = SegmentHeader {
        log: "core-0".into(),
        segment: 1,
        node: 1,
        incarnation: 1,
        created: Timestamp::from_secs(1),
        previous: [0; 32],
    };
    let mut file = header.to_bytes().to_vec();
    push(&mut file, &[&[200, 1, 0, 0], b"who knows"]);
    push(&mut file, &[&[2, 1, 0, 0], &exchange(1, 5).to_bytes()]);
    fs::write(log.join("00000001.seg"), file).unwrap();
    let records: Vec<Record> = entries(folder.path())
        .into_iter()
        .map(|e| e.record)
        .collect();
    let unknown = Record::Unknown {
        kind: 200,
        version: 1,
    };
    assert_eq!(records, [unknown, Record::Exchange(exchange(1, 5))]);
}

fn spoil(folder: &Path, place: usize, at: usize, bytes: &[u8]) {
    let endings = ["seg", "heads", "personal"];
    let path = folder.join(format!("core-0/00000001.{}", endings[place]));
    let mut file = fs::read(&path).unwrap();
    let start = at % (file.len() + 1);
    file.splice(
        start..file.len().min(start + bytes.len()),
        bytes.iter().copied(),
    );
    fs::write(path, file).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_lies_in_the_files_nothing_panics_and_records_before_it_are_shown(
        place in 0_usize..3,
        at in any::<usize>(),
        bytes in proptest::collection::vec(any::<u8>(), 1..300),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = open(folder.path());
        let mut recorder = ledger.recorder("core-0").unwrap();
        for decision in 0..20 {
            record(&mut recorder, decision).unwrap();
        }
        drop(recorder);
        block_on(ledger.close());
        spoil(folder.path(), place, at, &bytes);
        let shown = read_logs(folder.path()).unwrap().filter_map(Result::ok).count();
        prop_assert!(shown >= 2, "the control log is not concerned");
        verify(folder.path(), &[]);
        let mut tail = Tail::new(folder.path(), 10);
        prop_assert!(tail.poll().unwrap().len() >= 2);
        block_on(open(folder.path()).close());
    }
}
