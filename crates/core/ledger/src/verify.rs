//! What a log proves, checked from its bytes and the public keys alone.
//!
//! A sound report means: every record up to the last head is as it was signed, in its
//! order, and none is missing between the first and the last; what there is of personal
//! fields is what the records commit to; and each stored head that was given is part of
//! the log. Records after the last head are there but not yet proven. A cut younger
//! than the youngest stored head, and a rewrite by whoever holds the key, can only be
//! found by a head that was kept elsewhere.

use std::fmt;

use serde::Serialize;

use crate::{
    frame::{Broken, Step, frame_at},
    head::{HeadFault, PublicKey, SignedHead, StoredHead},
    header::{HEADER_BYTES, HeaderFault, PERSONAL_HEADER_BYTES, SegmentHeader, personal_header},
    merkle::{Hash, MerkleAccumulator, leaf_hash},
    personal::PersonalFrame,
    record::{Note, Record},
    repair::non_zero_bytes,
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

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LogReport {
    /// The log.
    pub log: String,
    /// Segments that are there.
    pub segments: u32,
    /// Signed heads that were checked.
    pub heads: u64,
    /// Records that a signed head covers, in the files that are there.
    pub records: u64,
    /// Records after the last head: there, but not yet proven.
    pub unsealed: u64,
    /// Records whose personal fields are there and match.
    pub personal_present: u64,
    /// Records whose personal fields were removed.
    pub personal_removed: u64,
    /// The segments up to this one were removed by the writer itself, which its log says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pruned_through: Option<u32>,
    /// The last valid head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<StoredHead>,
    /// What is wrong.
    pub faults: Vec<LogFault>,
}

impl LogReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogFault {
    /// In which segment, if one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<u32>,
    /// At which byte of its file, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// What.
    pub kind: FaultKind,
}

impl fmt::Display for LogFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(segment) = self.segment {
            write!(f, "segment {segment}: ")?;
        }
        write!(f, "{}", self.kind)?;
        match self.offset {
            Some(offset) => write!(f, " (at byte {offset})"),
            None => Ok(()),
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// A stored head is not part of the log.
    #[error(
        "the head that was stored at {size} records is not in the log: it was cut or rewritten"
    )]
    StoredHead {
        /// The size that it names.
        size: u64,
    },
    /// A segment is not there.
    #[error("segment {0} is missing")]
    MissingSegment(u32),
    /// A header that cannot be read, or is not the one that was signed.
    #[error("{0}")]
    Header(String),
    /// The header names another log or number than the file, or another predecessor.
    #[error("the header belongs to another place: segments were moved, exchanged or cut")]
    Misplaced,
    /// Bytes among the heads that are no head.
    #[error("the file of heads has bytes that are no head")]
    Heads,
    /// A head that cannot be accepted.
    #[error("{0}")]
    Head(String),
    /// A head that does not follow the one before.
    #[error("a head does not follow the one before it: heads are missing or out of order")]
    Chain,
    /// Fewer records than the head says.
    #[error("a record that a head covers is missing or damaged: {0}")]
    Record(String),
    /// The records are not those that were signed.
    #[error("the records of a group are not those that were signed")]
    Root,
    /// A segment that others follow has no closing head.
    #[error("the segment has no closing head, though others follow")]
    Unclosed,
    /// Bytes after the end of a closed segment.
    #[error("bytes follow the end of a closed segment")]
    Trailing,
    /// Bytes after the last record of an open segment that are no record.
    #[error("bytes after the last record are no record; the next start discards them")]
    Torn,
    /// A file of personal fields that cannot be read.
    #[error("the file of personal fields is damaged")]
    Personal,
    /// Personal fields that are not those of their record.
    #[error("the personal fields of record {0} are not those that it commits to")]
    Commitment(u32),
}

/// Checks one log. `stored` are heads kept outside; those of other logs are passed over.
pub fn verify_log(files: &LogFiles<'_>, keys: &[PublicKey], stored: &[StoredHead]) -> LogReport {
    let mut check = Check::new(files.log, keys, stored);
    for (place, segment) in files.segments.iter().enumerate() {
        let last = place + 1 == files.segments.len();
        check.segment(segment, last);
    }
    check.finish()
}

struct Check<'a> {
    keys: &'a [PublicKey],
    awaited: Vec<&'a StoredHead>,
    report: LogReport,
    /// Number of the next segment; `None` before the first.
    next: Option<u32>,
    /// Hash of the last head, and how many records the log has up to it; `None` where unknown.
    previous: Option<(Hash, u64)>,
    /// The segment before was closed.
    closed: bool,
    /// Segments that the log's own notes call removed.
    noted: u32,
}

/// How far a segment has been read.
struct Progress<'a> {
    number: u32,
    at: usize,
    /// What each record commits to.
    commitments: Vec<Option<&'a Hash>>,
    closed: bool,
}

impl<'a> Check<'a> {
    fn new(log: &str, keys: &'a [PublicKey], stored: &'a [StoredHead]) -> Self {
        Self {
            keys,
            awaited: stored.iter().filter(|head| &*head.log == log).collect(),
            report: LogReport {
                log: log.to_owned(),
                ..LogReport::default()
            },
            next: None,
            previous: Some(([0; 32], 0)),
            closed: true,
            noted: 0,
        }
    }

    fn fault(&mut self, segment: u32, offset: Option<usize>, kind: FaultKind) {
        self.report.faults.push(LogFault {
            segment: Some(segment),
            offset: offset.map(|offset| offset as u64),
            kind,
        });
    }

    fn segment(&mut self, files: &SegmentFiles<'a>, last: bool) {
        self.expect_number(files.number);
        self.report.segments += 1;
        let header = self.header(files, last);
        let mut progress = Progress {
            number: files.number,
            at: HEADER_BYTES,
            commitments: Vec::new(),
            closed: false,
        };
        self.heads(files, header.as_ref(), &mut progress);
        self.tail(files, &mut progress);
        self.personal(files, &progress);
        if !progress.closed && !last && self.previous.is_some() && header.is_some() {
            // A segment that was just rotated away is closed before the next gets its header.
            self.closed = false;
        } else {
            self.closed = progress.closed || header.is_none();
        }
        self.next = files.number.checked_add(1);
    }

    fn expect_number(&mut self, number: u32) {
        match self.next {
            None if number > 1 => {
                self.report.pruned_through = Some(number - 1);
                self.previous = None;
            }
            Some(next) if next != number => {
                for missing in (next..number).take(100) {
                    self.fault(missing, None, FaultKind::MissingSegment(missing));
                }
                self.previous = None;
            }
            _ => {}
        }
    }

    fn header(&mut self, files: &SegmentFiles<'_>, last: bool) -> Option<SegmentHeader> {
        let number = files.number;
        match SegmentHeader::read(files.records) {
            Ok(header) => {
                let follows = self
                    .previous
                    .is_none_or(|(hash, _)| hash == header.previous);
                let placed = header.log == self.report.log && header.segment == number;
                if !(follows && placed) {
                    self.fault(number, Some(0), FaultKind::Misplaced);
                }
                if !self.closed {
                    self.fault(number - 1, None, FaultKind::Unclosed);
                }
                if self.previous.is_none() {
                    self.previous = Some((header.previous, u64::MAX));
                }
                Some(header)
            }
            // Reserved ahead, or being started: nothing of it is signed.
            Err(HeaderFault::Absent) if last && files.heads.is_empty() => None,
            Err(fault) => {
                self.fault(number, Some(0), FaultKind::Header(fault.to_string()));
                self.previous = None;
                None
            }
        }
    }

    fn heads(
        &mut self,
        files: &SegmentFiles<'a>,
        header: Option<&SegmentHeader>,
        progress: &mut Progress<'a>,
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
    fn head(
        &mut self,
        files: &SegmentFiles<'a>,
        header: Option<&SegmentHeader>,
        signed: &SignedHead,
        at: usize,
        progress: &mut Progress<'a>,
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
        self.previous = Some((hash, signed.head.size));
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
                size == u64::MAX || size.checked_add(u64::from(head.count)) == Some(head.size);
            hash == head.previous && grown
        });
        own && chained
            && head.log == self.report.log
            && head.segment == progress.number
            && head.first == records
            && !progress.closed
    }

    fn group(
        &mut self,
        files: &SegmentFiles<'a>,
        signed: &SignedHead,
        progress: &mut Progress<'a>,
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
            if let Record::Note(note) = Record::decode(&frame)
                && let Note::Pruned { through } = note.note
            {
                self.noted = self.noted.max(through);
            }
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
    fn tail(&mut self, files: &SegmentFiles<'a>, progress: &mut Progress<'a>) {
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

    fn finish(mut self) -> LogReport {
        if let Some(through) = self.report.pruned_through
            && self.noted < through
        {
            for missing in (1..=through).rev().take(100) {
                self.fault(missing, None, FaultKind::MissingSegment(missing));
            }
        }
        for stored in std::mem::take(&mut self.awaited) {
            self.fault(
                stored.segment,
                None,
                FaultKind::StoredHead { size: stored.size },
            );
        }
        self.report
    }
}
