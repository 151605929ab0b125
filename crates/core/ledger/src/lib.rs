//! The ledger's formats and what can be proven from them.
//!
//! Records and their encoding, frames, the hashes over them, signed heads and their
//! chain, verification and the plan of a repair, all over byte slices. This crate is
//! pure: files, mappings, syncing and following belong to `gw-record`.
//! `docs/ledger.md` describes the format.

mod codec;
mod commitment;
mod entry;
mod escape;
mod frame;
mod head;
mod header;
mod merkle;
mod personal;
mod record;
mod repair;
mod report;
#[cfg(test)]
mod testing;
mod verify;

pub use codec::{CodecFault, RecordRef};
pub use commitment::{SALT_BYTES, Salt, commit};
pub use entry::{Entry, EntryView, PersonalState};
pub use escape::{escape, to_json_line};
pub use frame::{
    Broken, COMMITTED, FRAME_ALIGNMENT, FRAME_HEAD_BYTES, Frame, FrameHead, Step, frame_at,
    framed_bytes, seal_frame,
};
pub use head::{
    Head, HeadFault, PublicKey, SignedHead, Signer, SignerFault, StoredHead, StoredHeadFault,
};
pub use header::{
    HEADER_BYTES, HeaderFault, PERSONAL_HEADER_BYTES, SegmentHeader, personal_header,
};
pub use merkle::{Hash, MerkleAccumulator, leaf_hash};
pub use personal::{Personal, PersonalFields, PersonalFrame};
pub use record::{
    ChangeRecord, ChangedFact, EndManner, EndRecord, ExchangeKind, ExchangeRecord, Ground,
    JudgementRecord, Kind, MentionedAttribute, Method, Note, NoteRecord, Position, QuestionRecord,
    Record, RefusedRecord,
};
pub use repair::{RepairPlan, plan_repair};
pub use report::{FaultKind, LogFault, LogReport};
pub use verify::{LogFiles, LogVerifier, SegmentFiles, verify_log};
