//! What a writer that was killed left behind, and what may be done about it.
//!
//! Bytes up to the last valid head are never touched. Valid frames after it are kept,
//! to be sealed; only bytes that are no frame are discarded.

use gw_model::Epoch;

use crate::{
    frame::{FRAME_HEAD_BYTES, Step, frame_at},
    head::{HeadFault, PublicKey, SignedHead},
    header::{HEADER_BYTES, HeaderFault, PERSONAL_HEADER_BYTES, SegmentHeader},
    merkle::{Hash, leaf_hash},
    personal::PersonalFrame,
    record::Record,
};

/// What there is in a segment, and what a repair does with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairPlan {
    /// The header, or why there is none.
    pub header: Result<SegmentHeader, HeaderFault>,
    /// The last valid head.
    pub head: Option<SignedHead>,
    /// How much of the file of heads is valid; what follows is no head.
    pub heads_end: usize,
    /// Records up to the last head.
    pub sealed: u32,
    /// Leaves of the valid records after it.
    pub unsealed: Vec<Hash>,
    /// The latest epoch that those name.
    pub epoch: Option<Epoch>,
    /// Where the last valid record ends.
    pub end: usize,
    /// How many bytes after that are not zero: what a repair discards.
    pub discarded: u64,
    /// Where the personal fields of those records end.
    pub personal_end: usize,
    /// What is sealed is not there any more, in whole or in part: an operator must look.
    pub damaged: bool,
}

impl RepairPlan {
    /// Whether the segment was only reserved ahead and never written to.
    pub fn is_reserve(&self) -> bool {
        self.header == Err(HeaderFault::Absent)
            && self.head.is_none()
            && self.unsealed.is_empty()
            && self.discarded == 0
    }

    /// Whether nothing follows in this segment.
    pub fn is_closed(&self) -> bool {
        self.head.as_ref().is_some_and(|signed| signed.head.closes)
    }

    /// How many records there are.
    pub fn records(&self) -> u32 {
        let unsealed = u32::try_from(self.unsealed.len()).unwrap_or(u32::MAX);
        self.sealed.saturating_add(unsealed)
    }
}

/// Looks at a segment, its heads and its personal fields as they lie in their files.
///
/// A head with a wrong signature of one of `keys` is none; one of another key counts,
/// since the keys of the past need not be at hand.
pub fn plan_repair(
    segment: &[u8],
    heads: &[u8],
    personal: Option<&[u8]>,
    keys: &[PublicKey],
) -> RepairPlan {
    let (head, heads_end) = last_head(heads, keys);
    let (sealed, sealed_end) = match &head {
        Some(signed) => (
            signed.head.first.saturating_add(signed.head.count),
            usize::try_from(signed.head.end).unwrap_or(usize::MAX),
        ),
        None => (0, HEADER_BYTES),
    };
    let damaged = head.is_some() && !is_intact(segment, sealed, sealed_end);
    let mut plan = RepairPlan {
        header: SegmentHeader::read(segment),
        head,
        heads_end,
        sealed,
        unsealed: Vec::new(),
        epoch: None,
        end: sealed_end,
        discarded: 0,
        personal_end: PERSONAL_HEADER_BYTES,
        damaged,
    };
    plan.keep_valid_frames(segment);
    plan.personal_end = personal_end(personal.unwrap_or_default(), plan.records());
    plan
}

impl RepairPlan {
    fn keep_valid_frames(&mut self, segment: &[u8]) {
        while let Step::Frame(frame) = frame_at(segment, self.end) {
            self.unsealed.push(leaf_hash(frame.content()));
            self.epoch = self.epoch.max(Record::decode(&frame).epoch());
            self.end = frame.end();
        }
        let rest = segment.get(self.end..).unwrap_or_default();
        self.discarded = non_zero_bytes(rest);
    }
}

fn last_head(heads: &[u8], keys: &[PublicKey]) -> (Option<SignedHead>, usize) {
    let (mut last, mut end) = (None, 0);
    while let Step::Frame(frame) = frame_at(heads, end) {
        let Ok(signed) = SignedHead::read(&frame) else {
            break;
        };
        if signed.check(keys) == Err(HeadFault::Signature) {
            break;
        }
        last = Some(signed);
        end = frame.end();
    }
    (last, end)
}

fn is_intact(segment: &[u8], sealed: u32, sealed_end: usize) -> bool {
    let (mut at, mut records) = (HEADER_BYTES, 0_u32);
    while records < sealed {
        match frame_at(segment, at) {
            Step::Frame(frame) => at = frame.end(),
            Step::End | Step::Broken(_) => return false,
        }
        records += 1;
    }
    at == sealed_end
}

fn personal_end(personal: &[u8], records: u32) -> usize {
    let mut end = PERSONAL_HEADER_BYTES;
    while let Step::Frame(frame) = frame_at(personal, end) {
        let belongs = PersonalFrame::read(&frame).is_some_and(|read| read.index < records);
        if !belongs {
            break;
        }
        end = frame.end();
    }
    end
}

/// How far the bytes reach that are not zero.
pub(crate) fn non_zero_bytes(bytes: &[u8]) -> u64 {
    let reach = bytes.iter().rposition(|byte| *byte != 0);
    reach.map_or(0, |last| last as u64 + 1)
}

const _: () = assert!(HEADER_BYTES.is_multiple_of(FRAME_HEAD_BYTES));
