//! A last write that is torn, at every byte: what was whole stays, what is none goes and is said.

use std::{fs, path::Path};

use gw_ledger::{HEADER_BYTES, Note, RepairPlan, Step, frame_at, plan_repair};
use gw_record::LedgerError;

use crate::{
    recover::{copy, left_by_a_killed_process, stored},
    support::*,
};

const SEGMENT: &str = "core-0/00000001.seg";
const HEADS: &str = "core-0/00000001.heads";

/// What a loss of power or a bad disk makes of the bytes from a place on.
#[derive(Debug, Clone, Copy)]
enum Tear {
    Zeroed,
    Garbled,
    Cut,
    /// The length is there, what belongs to it is not.
    LengthOnly,
}

const TEARS: [Tear; 4] = [Tear::Zeroed, Tear::Garbled, Tear::Cut, Tear::LengthOnly];

impl Tear {
    fn of(self, whole: &[u8], at: usize) -> Vec<u8> {
        let mut bytes = whole.to_vec();
        match self {
            Self::Zeroed => bytes[at..].fill(0),
            Self::Garbled => bytes[at] ^= 0x5a,
            Self::Cut => bytes.truncate(at),
            Self::LengthOnly => bytes[(at + 4).min(whole.len())..].fill(0),
        }
        bytes
    }
}

/// Where each frame of a segment ends.
fn ends(segment: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = HEADER_BYTES;
    while let Step::Frame(frame) = frame_at(segment, at) {
        at = frame.end();
        ends.push(at);
    }
    ends
}

/// How many frames lie wholly before the first byte that is not as it was.
fn untouched(whole: &[u8], torn: &[u8], ends: &[usize]) -> usize {
    let same = whole.iter().zip(torn).take_while(|(a, b)| a == b).count();
    ends.iter().filter(|end| **end <= same).count()
}

fn plan(segment: &[u8], heads: &[u8]) -> RepairPlan {
    plan_repair(segment, heads, None, &keys())
}

#[test]
fn at_every_byte_of_the_unsealed_records_what_is_whole_is_kept_and_the_rest_is_counted() {
    let left = left_by_a_killed_process(6);
    let whole = fs::read(left.path.join(SEGMENT)).unwrap();
    let ends = ends(&whole);
    let last = *ends.last().unwrap();
    for (at, tear) in (HEADER_BYTES..last).flat_map(|at| TEARS.map(|tear| (at, tear))) {
        let torn = tear.of(&whole, at);
        let kept = untouched(&whole, &torn, &ends);
        let plan = plan(&torn, &[]);
        assert_eq!(plan.unsealed.len(), kept, "{tear:?} at {at}");
        let end = kept.checked_sub(1).map_or(HEADER_BYTES, |last| ends[last]);
        assert_eq!(plan.end, end, "{tear:?} at {at}");
        let rest = torn.get(end..).unwrap_or_default();
        let zero = rest.iter().all(|byte| *byte == 0);
        assert_eq!(plan.discarded == 0, zero, "{tear:?} at {at}");
        assert!(!plan.damaged);
    }
}

#[test]
fn at_every_byte_of_the_sealed_records_a_tear_is_damage_and_nothing_to_repair() {
    let left = left_by_a_killed_process(6);
    let whole = fs::read(left.path.join(SEGMENT)).unwrap();
    let heads = fs::read(left.path.join(HEADS)).unwrap();
    let sealed = plan(&whole, &heads);
    assert!(!sealed.damaged && sealed.sealed > 0);
    let end = usize::try_from(sealed.head.unwrap().head.end).unwrap();
    for (at, tear) in (HEADER_BYTES..end).flat_map(|at| TEARS.map(|tear| (at, tear))) {
        let torn = tear.of(&whole, at);
        let same = torn.len() >= end && torn[..end] == whole[..end];
        assert_eq!(plan(&torn, &heads).damaged, !same, "{tear:?} at {at}");
    }
}

/// Opens and closes; how many exchanges there are, and how many bytes a note says were discarded.
fn taken_up(folder: &Path) -> (usize, u64) {
    block_on(open(folder).close());
    assert_sound(folder, &[]);
    let discarded = notes(folder).into_iter().find_map(|note| match note {
        Note::Repair { discarded, .. } => Some(discarded),
        _ => None,
    });
    (exchanges(folder).len(), discarded.unwrap_or(0))
}

#[test]
fn a_torn_tail_is_repaired_said_and_proven() {
    let left_behind = left_by_a_killed_process(4);
    let path = &left_behind.path;
    let whole = fs::read(path.join(SEGMENT)).unwrap();
    let ends = ends(&whole);
    let last = *ends.last().unwrap();
    let positions = (ends[2]..last).step_by(23);
    for (at, tear) in positions.flat_map(|at| TEARS.map(|tear| (at, tear))) {
        let torn = tear.of(&whole, at);
        let kept = untouched(&whole, &torn, &ends);
        let discards = plan(&torn, &[]).discarded;
        let left = tempfile::tempdir().unwrap();
        let folder = left.path().join("ledger");
        copy(path, &folder);
        fs::write(folder.join(SEGMENT), torn).unwrap();
        fs::write(folder.join(HEADS), b"").unwrap();
        // The first record of all is the judgement.
        assert_eq!(
            taken_up(&folder),
            (kept.saturating_sub(1), discards),
            "{tear:?} at {at}"
        );
    }
}

#[test]
fn a_torn_head_costs_no_record() {
    let left_behind = left_by_a_killed_process(4);
    let path = &left_behind.path;
    let whole = fs::read(path.join(HEADS)).unwrap();
    for (at, tear) in (0..whole.len())
        .step_by(31)
        .flat_map(|at| TEARS.map(|tear| (at, tear)))
    {
        let left = tempfile::tempdir().unwrap();
        let folder = left.path().join("ledger");
        copy(path, &folder);
        fs::write(folder.join(HEADS), tear.of(&whole, at)).unwrap();
        assert_eq!(taken_up(&folder).0, 4, "{tear:?} at {at}");
    }
}

#[test]
fn records_that_end_before_the_head_that_the_store_kept_are_a_fault_and_left_as_they_are() {
    let left = left_by_a_killed_process(6);
    let segment = left.path.join(SEGMENT);
    let whole = fs::read(&segment).unwrap();
    let head = stored(&left.heads, "core-0");
    let heads = fs::read(left.path.join(HEADS)).unwrap();
    let end = plan(&whole, &heads).head.unwrap().head.end;
    let end = usize::try_from(end).unwrap();
    let mut torn: Vec<_> = (0..end)
        .step_by(41)
        .map(|at| whole[..at].to_vec())
        .collect();
    torn.extend(ends(&whole).iter().filter(|at| **at < end).map(|at| {
        // A page that lost its content: where a record should begin there is nothing.
        Tear::Zeroed.of(&whole, *at)
    }));
    for torn in torn {
        fs::write(&segment, &torn).unwrap();
        let opened = try_open(&left.path, options(), Some(head));
        assert!(
            matches!(opened, Err(LedgerError::Shorter { .. })),
            "{}",
            torn.len()
        );
        assert!(fs::read(&segment).unwrap() == torn);
        assert!(fs::read(left.path.join(HEADS)).unwrap() == heads);
    }
    fs::remove_file(&segment).unwrap();
    let opened = try_open(&left.path, options(), Some(head));
    assert!(matches!(opened, Err(LedgerError::Shorter { .. })));
}
