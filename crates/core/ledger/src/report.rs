//! What a verification found, in data and in words.

use std::fmt;

use serde::Serialize;

use crate::head::StoredHead;

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
    /// Given heads of segments that were removed so: they cannot be compared any more.
    pub heads_out_of_reach: u64,
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

    /// What is proven and what is not, in words.
    pub fn statement(&self) -> String {
        let Self {
            log,
            segments,
            records,
            unsealed,
            personal_present,
            personal_removed,
            ..
        } = self;
        let mut text = match (self.is_sound(), &self.head) {
            (false, _) => format!(
                "{log}: {} faults; nothing is proven beyond them",
                self.faults.len()
            ),
            (true, None) => format!("{log}: no head yet, so nothing is proven"),
            (true, Some(head)) => format!(
                "{log}: {records} records in {segments} segments are as they were signed, none is missing, up to head {head}"
            ),
        };
        if *unsealed > 0 {
            text += &format!("; {unsealed} later ones are not sealed yet");
        }
        text += &format!(
            "; personal fields: {personal_present} as committed, {personal_removed} removed"
        );
        if self.is_sound()
            && let Some(through) = self.pruned_through
        {
            text += &format!("; segments up to {through} were removed under a quota");
        }
        if self.heads_out_of_reach > 0 {
            text += &format!(
                "; {} of the given heads were in those and cannot be compared",
                self.heads_out_of_reach
            );
        }
        text
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
