//! A whole log after somebody or something has been at its files: what is altered is found,
//! and what a crash left is repaired to a log that verifies.

use gw_ledger::{
    HEADER_BYTES, Head, LogFiles, LogReport, MerkleAccumulator, PERSONAL_HEADER_BYTES, RepairPlan,
    SegmentFiles, SegmentHeader, StoredHead, plan_repair, verify_log,
};
use gw_model::Timestamp;

use super::writer::{LOG, NAME, Segment};
use crate::input;

/// Each line is an edit: `FILE zero AT LENGTH`, `FILE cut AT`, `FILE put AT HEX` or `FILE copy
/// FROM AT LENGTH`, where FILE is `records`, `heads` or `personal` with the segment's number:
/// `records2 cut 400`.
pub(crate) fn log(data: &[u8]) {
    let mut segments = edited(data);
    let report = verified(&segments, &LOG.stored);
    for fault in &report.faults {
        assert!(!fault.to_string().is_empty());
    }
    assert!(!report.statement().is_empty());
    if report.is_sound() {
        genuine(&segments);
    }
    // A crash leaves no whole frame in another's place.
    let by_a_crash = !data.windows(4).any(|word| word == b"copy");
    repaired(&mut segments, by_a_crash);
}

/// The log with the edits that the lines of an input make.
pub(super) fn edited(data: &[u8]) -> Vec<Segment> {
    let mut segments = LOG.segments.clone();
    for line in input::lines(data).take(64) {
        if let Ok(line) = std::str::from_utf8(line) {
            edit(&mut segments, line);
        }
    }
    segments
}

fn edit(segments: &mut [Segment], line: &str) -> Option<()> {
    let mut words = line.split(' ');
    let file = words.next()?;
    let (name, number) = file.split_at_checked(file.len().checked_sub(1)?)?;
    let segment = segments.get_mut(number.parse::<usize>().ok()?.checked_sub(1)?)?;
    let file = match name {
        "records" => &mut segment.records,
        "heads" => &mut segment.heads,
        "personal" => &mut segment.personal,
        _ => return None,
    };
    let (what, at) = (words.next()?, words.next()?.parse::<usize>().ok()?);
    let more = words.next().unwrap_or_default();
    match what {
        "cut" => file.truncate(at),
        "zero" => {
            let length = more.parse::<usize>().ok()?.min(4096);
            let end = at.saturating_add(length).min(file.len());
            file.get_mut(at..end)?.fill(0);
        }
        "copy" => {
            let length = words.next()?.parse::<usize>().ok()?.min(4096);
            let to = more.parse::<usize>().ok()?;
            let bytes = file.get(at..at.checked_add(length)?)?.to_vec();
            file.get_mut(to..to.checked_add(length)?)?
                .copy_from_slice(&bytes);
        }
        "put" => {
            let bytes = data_encoding::HEXLOWER_PERMISSIVE
                .decode(more.as_bytes())
                .ok()?;
            let at = at.min(file.len());
            let end = at + bytes.len();
            file.resize(file.len().max(end), 0);
            file[at..end].copy_from_slice(&bytes);
        }
        _ => return None,
    }
    Some(())
}

pub(super) fn verified(segments: &[Segment], stored: &[StoredHead]) -> LogReport {
    let files = LogFiles {
        log: NAME,
        segments: segments.iter().map(files_of).collect(),
    };
    verify_log(&files, &LOG.keys, stored)
}

fn files_of(segment: &Segment) -> SegmentFiles<'_> {
    SegmentFiles {
        number: segment.number,
        records: &segment.records,
        heads: &segment.heads,
        personal: Some(&segment.personal),
    }
}

/// A sound report is given for nothing but the records that were signed.
fn genuine(segments: &[Segment]) {
    for ((segment, original), end) in segments.iter().zip(&LOG.segments).zip(&LOG.ends) {
        assert_eq!(segment.records.get(..*end), original.records.get(..*end));
    }
}

/// Repairs the second segment as the ledger's shell does.
fn repaired(segments: &mut [Segment], by_a_crash: bool) {
    let original = &LOG.segments;
    let [first, second] = segments else { return };
    let plan = plan_repair(
        &second.records,
        &second.heads,
        Some(&second.personal),
        &LOG.keys,
    );
    assert!(plan.heads_end <= second.heads.len());
    let Ok(header) = &plan.header else { return };
    if plan.damaged || plan.is_closed() {
        return;
    }
    second.records.truncate(plan.end);
    second.personal.truncate(plan.personal_end);
    second.heads.truncate(plan.heads_end);
    LOG.signer
        .sign(closing(&plan, header))
        .push_to(&mut second.heads);
    // Header and first fields lie on one page: they came to disk together or not at all.
    let personal = second.personal.get(..PERSONAL_HEADER_BYTES);
    let came = personal == original[1].personal.get(..PERSONAL_HEADER_BYTES);
    let nothing_came = second.personal.iter().all(|byte| *byte == 0);
    let whole = by_a_crash
        && *first == original[0]
        && second.records.get(..HEADER_BYTES) == original[1].records.get(..HEADER_BYTES)
        && (came || nothing_came);
    if whole {
        let report = verified(segments, &[]);
        assert!(report.is_sound(), "after the repair: {:?}", report.faults);
        assert_eq!(report.unsealed, 0);
        assert!(
            plan_repair(
                &segments[1].records,
                &segments[1].heads,
                Some(&segments[1].personal),
                &LOG.keys,
            )
            .is_closed()
        );
    }
}

/// The head that closes a repaired segment.
fn closing(plan: &RepairPlan, header: &SegmentHeader) -> Head {
    let before = match &plan.head {
        Some(signed) => &signed.head,
        None => &LOG.heads[1],
    };
    let mut tree = MerkleAccumulator::default();
    for leaf in &plan.unsealed {
        tree.push(*leaf);
    }
    Head {
        log: header.log.clone(),
        segment: header.segment,
        node: header.node,
        incarnation: header.incarnation,
        closes: true,
        first: plan.sealed,
        count: tree.count(),
        end: plan.end as u64,
        size: before.size + u64::from(tree.count()),
        root: tree.root(),
        previous: before.hash(),
        header: header.hash(),
        time: Timestamp::from_secs(1_800_000_100),
        epoch: plan.epoch.unwrap_or_default(),
    }
}
