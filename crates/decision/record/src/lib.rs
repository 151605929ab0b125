//! The ledger's shell: segments in files and mappings, sealing, recovery, reading.
//!
//! Each traffic thread owns a [`Recorder`] and appends with a copy into a shared file
//! mapping: no system call, no lock, no allocation. What is appended survives the death of
//! the process at any instruction. A sealer thread per log syncs, signs heads, and
//! reserves the next segment. Formats, hashes and verification are `gw-ledger`'s.

mod chain;
mod changes;
mod copy;
mod cursor;
mod erase;
mod fault;
mod files;
mod ledger;
mod log;
mod mapping;
mod options;
mod quota;
mod read;
mod reader;
mod recorder;
mod recover;
mod salts;
mod seal;
mod segment;
mod set_aside;
mod strangers;
mod verify;

pub use changes::RecordedChanges;
pub use copy::{SegmentCopy, copy_ledger, sealed_until};
pub use erase::{Erased, erase_personal};
pub use fault::LedgerError;
pub use files::bytes_on_disk;
pub use ledger::Ledger;
pub use log::{LogStatus, STALL_BOUND, SYNC_BOUND};
pub use options::{CONTROL, LedgerOptions, STRANGERS};
pub use read::{Entries, ReadError, Tail, Wanted, find, read_heads, read_logs};
pub use recorder::{ControlRecorder, Recorder, Unwritable};
pub use segment::{Reserve, SyncFile, reserve_on_disk, sync_to_disk};
pub use verify::verify_ledger;
