//! What a log proves, checked from its bytes and the public keys alone.
//!
//! A sound report means: every record up to the last head is as it was signed, in its
//! order, and none is missing between the first and the last; what there is of personal
//! fields is what the records commit to; and each stored head that was given is part of
//! the log. Records after the last head are there but not yet proven. A cut younger
//! than the youngest stored head, and a rewrite by whoever holds the key, can only be
//! found by a head that was kept elsewhere.

use crate::{
    frame::{Broken, Frame, Step, frame_at},
    head::{HeadFault, PublicKey, SignedHead, StoredHead},
    header::{HEADER_BYTES, HeaderFault, PERSONAL_HEADER_BYTES, SegmentHeader, personal_header},
    merkle::{Hash, MerkleAccumulator, leaf_hash},
    personal::PersonalFrame,
    record::{Kind, Note, NoteRecord, Record},
    repair::non_zero_bytes,
    report::{FaultKind, LogFault, LogReport},
};

/// The files of one log.
#[derive(Debug, Clone)]
pub struct LogFiles<'a> {
    /// Its name.
    pub log: &'a str,
    /// Its segments by number.
    pub segments: Vec<SegmentFiles<'a>>,
}

/// The files of one segment.
#[derive(Debug, Clone, Copy)]
pub struct SegmentFiles<'a> {
    /// Its number, by its file's name.
    pub number: u32,
    /// Records.
    pub records: &'a [u8],
    /// Heads.
    pub heads: &'a [u8],
    /// Personal fields, where the file exists.
    pub personal: Option<&'a [u8]>,
}

/// Checks one log. `stored` are heads kept outside; those of other logs are passed over.
pub fn verify_log(files: &LogFiles<'_>, keys: &[PublicKey], stored: &[StoredHead]) -> LogReport {
    let mut verifier = LogVerifier::new(files.log, keys, stored);
    for segment in &files.segments {
        verifier.segment(segment);
    }
    verifier.finish()
}

fn is_unstarted(segment: &SegmentFiles<'_>) -> bool {
    segment.heads.is_empty() && SegmentHeader::read(segment.records) == Err(HeaderFault::Absent)
}

/// More faults than this say nothing new.
const FAULTS_MAX: usize = 1000;

/// Up to which segment a record says that the writer itself removed segments.
fn noted_removal(frame: &Frame<'_>) -> u32 {
    if frame.head().kind != Kind::Note as u8 {
        return 0;
    }
    match Record::decode(frame) {
        Record::Note(NoteRecord {
            note: Note::Pruned { through },
            ..
        }) => through,
        _ => 0,
    }
}

/// Checks a log segment by segment, so that no more than one need be in memory.
pub struct LogVerifier<'a> {
    keys: &'a [PublicKey],
    awaited: Vec<&'a StoredHead>,
    report: LogReport,
    /// Number of the next segment; `None` before the first.
    next: Option<u32>,
    /// Hash of the last head, and how many records the log has up to it; `None` where unknown.
    previous: Option<(Hash, Option<u64>)>,
    /// The segment before was closed.
    closed: bool,
    /// Segments that the log's own notes call removed.
    noted: u32,
    /// Segments without a header: reserved ahead or just begun, unless one with a header follows.
    unstarted: Vec<u32>,
}

/// How far a segment has been read.
struct Progress<'a> {
    number: u32,
    at: usize,
    /// What each record commits to.
    commitments: Vec<Option<&'a Hash>>,
    closed: bool,
}

impl<'a> LogVerifier<'a> {
    /// For a log by its name, with all public keys that may have signed it, and heads kept outside.
    pub fn new(log: &str, keys: &'a [PublicKey], stored: &'a [StoredHead]) -> Self {
        Self {
            keys,
            awaited: stored.iter().filter(|head| &*head.log == log).collect(),
            report: LogReport {
                log: log.to_owned(),
                ..LogReport::default()
            },
            next: None,
            previous: Some(([0; 32], Some(0))),
            closed: true,
            noted: 0,
            unstarted: Vec::new(),
        }
    }

    fn fault(&mut self, segment: u32, offset: Option<usize>, kind: FaultKind) {
        if self.report.faults.len() < FAULTS_MAX {
            self.report.faults.push(LogFault {
                segment: Some(segment),
                offset: offset.map(|offset| offset as u64),
                kind,
            });
        }
    }

    /// Checks the next segment; segments come in the order of their numbers.
    pub fn segment(&mut self, files: &SegmentFiles<'_>) {
        self.expect_number(files.number);
        self.report.segments += 1;
        let unstarted = is_unstarted(files);
        let header = if unstarted {
            self.unstarted.push(files.number);
            None
        } else {
            self.expect_started();
            self.header(files)
        };
        let mut progress = Progress {
            number: files.number,
            at: HEADER_BYTES,
            commitments: Vec::new(),
            closed: false,
        };
        self.heads(files, header.as_ref(), &mut progress);
        self.tail(files, &mut progress);
        self.personal(files, &progress);
        self.closed = progress.closed || (unstarted && self.closed);
        self.next = files.number.checked_add(1);
    }

    /// Nothing follows a segment that has no header yet.
    fn expect_started(&mut self) {
        for number in std::mem::take(&mut self.unstarted) {
            let fault = FaultKind::Header(HeaderFault::Absent.to_string());
            self.fault(number, Some(0), fault);
        }
    }

    fn expect_number(&mut self, number: u32) {
        match self.next {
            None if number > 1 => {
                self.report.pruned_through = Some(number - 1);
                self.previous = None;
            }
            Some(next) if number < next => self.fault(number, None, FaultKind::Misplaced),
            Some(next) if next != number => {
                for missing in (next..number).take(100) {
                    self.fault(missing, None, FaultKind::MissingSegment(missing));
                }
                self.previous = None;
            }
            _ => {}
        }
    }

    fn header(&mut self, files: &SegmentFiles<'_>) -> Option<SegmentHeader> {
        let number = files.number;
        let header = match SegmentHeader::read(files.records) {
            Ok(header) => header,
            Err(fault) => {
                self.fault(number, Some(0), FaultKind::Header(fault.to_string()));
                self.previous = None;
                return None;
            }
        };
        let follows = self
            .previous
            .is_none_or(|(hash, _)| hash == header.previous);
        let placed = header.log == self.report.log && header.segment == number;
        if !(follows && placed) {
            self.fault(number, Some(0), FaultKind::Misplaced);
        }
        if !self.closed {
            let before = number.saturating_sub(1);
            self.fault(before, None, FaultKind::Unclosed);
        }
        if self.previous.is_none() {
            self.previous = Some((header.previous, None));
        }
        Some(header)
    }

    fn heads<'s>(
        &mut self,
        files: &SegmentFiles<'s>,
        header: Option<&SegmentHeader>,
        progress: &mut Progress<'s>,
    ) {
        let mut at = 0;
        loop {
            let signed = match frame_at(files.heads, at) {
                Step::End if at >= files.heads.len() => return,
                Step::Frame(frame) => SignedHead::read(&frame).map(|signed| (signed, frame.end())),
                Step::End | Step::Broken(_) => Err(HeadFault::Malformed),
            };
            let Ok((signed, end)) = signed else {
                return self.fault(files.number, Some(at), FaultKind::Heads);
            };
            if !self.head(files, header, &signed, at, progress) {
                return;
            }
            at = end;
        }
    }

    /// Checks one head and the records of its group; whether it makes sense to go on.
    fn head<'s>(
        &mut self,
        files: &SegmentFiles<'s>,
        header: Option<&SegmentHeader>,
        signed: &SignedHead,
        at: usize,
        progress: &mut Progress<'s>,
    ) -> bool {
        let number = files.number;
        if let Err(fault) = signed.check(self.keys) {
            self.fault(number, Some(at), FaultKind::Head(fault.to_string()));
            return false;
        }
        if !self.follows(header, signed, progress) {
            self.fault(number, Some(at), FaultKind::Chain);
        }
        let sound = self.group(files, signed, progress);
        let hash = signed.head.hash();
        self.previous = Some((hash, Some(signed.head.size)));
        self.awaited
            .retain(|stored| !(stored.hash == hash && stored.size == signed.head.size));
        progress.closed = signed.head.closes;
        if sound {
            self.report.heads += 1;
            self.report.records += u64::from(signed.head.count);
            self.report.head = Some(signed.head.stored());
        }
        sound
    }

    fn follows(
        &self,
        header: Option<&SegmentHeader>,
        signed: &SignedHead,
        progress: &Progress<'_>,
    ) -> bool {
        let head = &signed.head;
        let records = u32::try_from(progress.commitments.len()).unwrap_or(u32::MAX);
        let own = header.is_some_and(|header| {
            header.hash() == head.header
                && header.node == head.node
                && header.incarnation == head.incarnation
        });
        let chained = self.previous.is_some_and(|(hash, size)| {
            let grown =
                size.is_none_or(|size| size.checked_add(u64::from(head.count)) == Some(head.size));
            hash == head.previous && grown
        });
        own && chained
            && head.log == self.report.log
            && head.segment == progress.number
            && head.first == records
            && !progress.closed
    }

    fn group<'s>(
        &mut self,
        files: &SegmentFiles<'s>,
        signed: &SignedHead,
        progress: &mut Progress<'s>,
    ) -> bool {
        let mut tree = MerkleAccumulator::default();
        for _ in 0..signed.head.count {
            let frame = match frame_at(files.records, progress.at) {
                Step::Frame(frame) => frame,
                Step::End => return self.missing_record(progress, "the records end before it"),
                Step::Broken(broken) => return self.missing_record(progress, &broken.to_string()),
            };
            tree.push(leaf_hash(frame.content()));
            progress.commitments.push(frame.commitment());
            self.noted = self.noted.max(noted_removal(&frame));
            progress.at = frame.end();
        }
        let sound = tree.root() == signed.head.root && progress.at as u64 == signed.head.end;
        if !sound {
            self.fault(files.number, Some(progress.at), FaultKind::Root);
        }
        sound
    }

    fn missing_record(&mut self, progress: &Progress<'_>, why: &str) -> bool {
        let kind = FaultKind::Record(why.to_owned());
        self.fault(progress.number, Some(progress.at), kind);
        false
    }

    /// What follows the last head: nothing in a closed segment, else whole records.
    fn tail<'s>(&mut self, files: &SegmentFiles<'s>, progress: &mut Progress<'s>) {
        if progress.closed {
            let rest = files.records.get(progress.at..).unwrap_or_default();
            if non_zero_bytes(rest) > 0 {
                self.fault(files.number, Some(progress.at), FaultKind::Trailing);
            }
            return;
        }
        loop {
            match frame_at(files.records, progress.at) {
                Step::Frame(frame) => {
                    progress.commitments.push(frame.commitment());
                    progress.at = frame.end();
                    self.report.unsealed += 1;
                }
                Step::End => return,
                Step::Broken(Broken::Cut | Broken::Checksum | Broken::Malformed) => {
                    return self.fault(files.number, Some(progress.at), FaultKind::Torn);
                }
            }
        }
    }

    fn personal(&mut self, files: &SegmentFiles<'_>, progress: &Progress<'_>) {
        let committed = progress.commitments.iter().flatten().count() as u64;
        let Some(bytes) = files.personal else {
            self.report.personal_removed += committed;
            return;
        };
        if non_zero_bytes(bytes) == 0 {
            // Reserved ahead, and neither header nor fields came to disk: as good as removed.
            self.report.personal_removed += committed;
            return;
        }
        if bytes.first_chunk() != Some(&personal_header(files.number)) {
            self.fault(files.number, Some(0), FaultKind::Personal);
            return;
        }
        let present = self.personal_frames(bytes, progress);
        self.report.personal_present += present;
        self.report.personal_removed += committed.saturating_sub(present);
    }

    fn personal_frames(&mut self, bytes: &[u8], progress: &Progress<'_>) -> u64 {
        let (mut at, mut next, mut present) = (PERSONAL_HEADER_BYTES, 0, 0);
        loop {
            let frame = match frame_at(bytes, at) {
                Step::Frame(frame) => frame,
                Step::End => break,
                Step::Broken(_) => {
                    self.fault(progress.number, Some(at), FaultKind::Personal);
                    return present;
                }
            };
            let Some(read) = PersonalFrame::read(&frame).filter(|read| read.index >= next) else {
                self.fault(progress.number, Some(at), FaultKind::Personal);
                return present;
            };
            match progress.commitments.get(read.index as usize) {
                Some(Some(commitment)) if read.matches(commitment) => present += 1,
                // Written just before its record, which may not be there yet.
                None if !progress.closed => {}
                _ => self.fault(progress.number, Some(at), FaultKind::Commitment(read.index)),
            }
            next = read.index.saturating_add(1);
            at = frame.end();
        }
        self.personal_rest(bytes, at, next, progress);
        present
    }

    /// After the last frame there is nothing, but for the beginning of one whose record was never written.
    fn personal_rest(&mut self, bytes: &[u8], at: usize, next: u32, progress: &Progress<'_>) {
        let rest = bytes.get(at..).unwrap_or_default();
        let awaited = progress
            .commitments
            .iter()
            .skip(next as usize)
            .any(Option::is_some);
        if non_zero_bytes(rest) > 0 && (awaited || progress.closed) {
            self.fault(progress.number, Some(at), FaultKind::Personal);
        }
    }

    /// What was found in all.
    pub fn finish(mut self) -> LogReport {
        if let Some(through) = self.report.pruned_through
            && self.noted < through
        {
            for missing in (1..=through).rev().take(100) {
                self.fault(missing, None, FaultKind::MissingSegment(missing));
            }
        }
        let removed = self.report.pruned_through.map_or(0, |_| self.noted);
        for stored in std::mem::take(&mut self.awaited) {
            if stored.segment <= removed {
                self.report.heads_out_of_reach += 1;
                continue;
            }
            self.fault(
                stored.segment,
                None,
                FaultKind::StoredHead { size: stored.size },
            );
        }
        self.report
    }
}

#[cfg(test)]
mod tests;
