//! Taking up a log where its last writer left it, whatever became of that writer.

use std::{io, os::unix::fs::FileExt, path::Path};

use gw_ledger::{
    HEADER_BYTES, Hash, HeaderFault, MerkleAccumulator, Note, RepairPlan, SegmentHeader,
    SignedHead, Step, StoredHead, frame_at, plan_repair,
};

use crate::{
    chain::{Author, Chain, Group, Heads},
    fault::LedgerError,
    files::{
        SegmentPaths, if_there, open_existing, read_if_there, read_written, segment_numbers,
        sync_folder,
    },
    options::STRANGERS,
    read::{frames, last_head},
};

/// A log that is in order again.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    pub(crate) chain: Chain,
    /// The number of its next segment.
    pub(crate) next: u32,
    /// Its last head.
    pub(crate) head: Option<StoredHead>,
    /// What was done or found, for the control log.
    pub(crate) notes: Vec<Note>,
}

/// Seals what a killed writer left, discards what is no record, and compares with the stored head.
pub(crate) fn recover(
    name: &str,
    folder: &Path,
    author: &Author,
    stored: &[&StoredHead],
    accept_gap: bool,
) -> Result<Recovered, LedgerError> {
    let failed = |fault: io::Error| LedgerError::log(name, fault);
    let numbers = match segment_numbers(folder) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other.map_err(failed)?,
    };
    let mut recovered = Recovered {
        next: numbers.last().map_or(1, |last| last + 1),
        ..Recovered::default()
    };
    // Before anything is changed: a log that was cut is left as it was found.
    for stored in stored {
        recovered.compare(folder, stored, accept_gap)?;
    }
    for number in unclosed(folder, &numbers).map_err(failed)? {
        let paths = SegmentPaths::new(folder, number);
        recovered
            .take_up(name, number, &paths, author)
            .map_err(failed)?;
    }
    if !numbers.is_empty() {
        sync_folder(folder).map_err(failed)?;
    }
    Ok(recovered)
}

/// The segments from the last closed one on: that one tells where the chain stands.
fn unclosed(folder: &Path, numbers: &[u32]) -> io::Result<Vec<u32>> {
    let mut tail = Vec::new();
    for number in numbers.iter().rev() {
        tail.push(*number);
        let heads = read_if_there(&SegmentPaths::new(folder, *number).heads)?;
        if last_head(&heads.unwrap_or_default()).is_some_and(|signed| signed.head.closes) {
            break;
        }
    }
    tail.reverse();
    Ok(tail)
}

impl Recovered {
    fn take_up(
        &mut self,
        name: &str,
        number: u32,
        paths: &SegmentPaths,
        author: &Author,
    ) -> io::Result<()> {
        let records = read_written(&paths.records)?;
        let heads = read_if_there(&paths.heads)?.unwrap_or_default();
        let personal = if_there(read_written(&paths.personal))?;
        let plan = plan_repair(
            &records,
            &heads,
            personal.as_deref(),
            &[author.signer.public_key()],
        );
        if plan.is_reserve() {
            self.next = self.next.min(number);
            return paths.remove();
        }
        if let Some(signed) = &plan.head {
            self.chain = Chain {
                previous: signed.head.hash(),
                size: signed.head.size,
                epoch: signed.head.epoch,
            };
            self.head = Some(signed.head.stored());
        }
        match self.header(name, number, &plan, author) {
            _ if plan.is_closed() && !plan.damaged => trim_both(paths, &plan),
            Some((header, missing)) if !plan.damaged => {
                if missing {
                    open_existing(&paths.records)?.write_all_at(&header.to_bytes(), 0)?;
                }
                self.repair(paths, &header, &plan, author)
            }
            _ => {
                self.leave_alone(name, number);
                Ok(())
            }
        }
    }

    /// The segment's header, and whether it has yet to be written.
    fn header(
        &self,
        name: &str,
        number: u32,
        plan: &RepairPlan,
        author: &Author,
    ) -> Option<(SegmentHeader, bool)> {
        match &plan.header {
            Ok(header) => Some((header.clone(), false)),
            Err(HeaderFault::Absent) if plan.head.is_none() => {
                Some((author.header(name, number, &self.chain), true))
            }
            Err(_) => None,
        }
    }

    fn leave_alone(&mut self, name: &str, number: u32) {
        let what = format!("segment {number} of the log {name} is damaged; it was left as it is");
        tracing::error!(
            log = name,
            segment = number,
            "a segment is damaged; see `gatewright log verify`"
        );
        self.notes.push(Note::Gap { what: what.into() });
    }

    /// Keeps and seals valid records, discards what is none, and closes the segment.
    fn repair(
        &mut self,
        paths: &SegmentPaths,
        header: &SegmentHeader,
        plan: &RepairPlan,
        author: &Author,
    ) -> io::Result<()> {
        trim_both(paths, plan)?;
        let mut heads = Heads::open(&paths.heads)?;
        heads.cut(plan.heads_end as u64)?;
        let signed = author.sign(header, &group_of(plan), true, &mut self.chain);
        heads.append(&signed)?;
        self.head = Some(signed.head.stored());
        let kept = u32::try_from(plan.unsealed.len()).unwrap_or(u32::MAX);
        if kept > 0 || plan.discarded > 0 {
            self.notes.push(Note::Repair {
                segment: header.segment,
                kept,
                discarded: plan.discarded,
            });
        }
        Ok(())
    }

    /// A log must hold the head that the store kept.
    fn compare(
        &mut self,
        folder: &Path,
        stored: &StoredHead,
        accept_gap: bool,
    ) -> Result<(), LedgerError> {
        let failed = |fault: io::Error| LedgerError::log(&stored.log, fault);
        let paths = SegmentPaths::new(folder, stored.segment);
        let heads = read_if_there(&paths.heads).map_err(failed)?;
        let held = match head_with(&heads.unwrap_or_default(), &stored.hash) {
            Some(signed) => reaches(&paths.records, signed.head.end).map_err(failed)?,
            None => false,
        };
        if held || was_removed(folder, stored) {
            return Ok(());
        }
        if !accept_gap {
            return Err(LedgerError::Shorter {
                log: stored.log.to_string(),
                size: stored.size,
            });
        }
        self.next = self.next.max(stored.segment.saturating_add(1));
        let what = format!("the stored head {stored} is not in the log");
        self.notes.push(Note::Gap { what: what.into() });
        Ok(())
    }
}

/// Whether the head was in a segment that the quota of strangers has removed since it was stored.
fn was_removed(folder: &Path, stored: &StoredHead) -> bool {
    let numbers = segment_numbers(folder).unwrap_or_default();
    let kept = numbers
        .first()
        .is_some_and(|oldest| stored.segment < *oldest);
    &*stored.log == STRANGERS && kept
}

fn head_with(heads: &[u8], hash: &Hash) -> Option<SignedHead> {
    frames(heads)
        .filter_map(|frame| SignedHead::read(&frame).ok())
        .find(|signed| signed.head.hash() == *hash)
}

/// Whether a segment holds records up to so many bytes. One that is damaged there is not cut: it
/// is left alone and said when it is taken up.
fn reaches(path: &Path, end: u64) -> io::Result<bool> {
    let records = if_there(read_written(path))?.unwrap_or_default();
    let end = usize::try_from(end).unwrap_or(usize::MAX);
    let mut at = HEADER_BYTES;
    while at < end.min(records.len()) {
        match frame_at(&records, at) {
            Step::Frame(frame) => at = frame.end(),
            Step::End => return Ok(false),
            Step::Broken(_) => break,
        }
    }
    Ok(records.len() >= end)
}

fn group_of(plan: &RepairPlan) -> Group {
    let mut tree = MerkleAccumulator::default();
    for leaf in &plan.unsealed {
        tree.push(*leaf);
    }
    Group {
        first: plan.sealed,
        tree,
        end: plan.end as u64,
        epoch: plan.epoch,
    }
}

/// Gives back what lies behind the records and their personal fields.
fn trim_both(paths: &SegmentPaths, plan: &RepairPlan) -> io::Result<()> {
    trim(&paths.records, plan.end as u64)?;
    if paths.personal.exists() {
        trim(&paths.personal, plan.personal_end as u64)?;
    }
    Ok(())
}

fn trim(path: &Path, end: u64) -> io::Result<()> {
    let file = open_existing(path)?;
    if file.metadata()?.len() <= end {
        return Ok(());
    }
    file.set_len(end)?;
    file.sync_all()
}
