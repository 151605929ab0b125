//! How a ledger is kept, and what that means for each log.

use std::{sync::Arc, time::Duration};

use gw_model::Timestamp;

use crate::{
    chain::Now,
    log::{STALL_BOUND, SYNC_BOUND},
    seal::Pace,
    segment::{Reserve, SyncFile, reserve_on_disk, sync_to_disk},
};

/// The log of sign-ins, administration and changes of facts.
pub const CONTROL: &str = "control";

/// The log of refusals of strangers, with a quota of its own.
pub const STRANGERS: &str = "strangers";

/// The smallest segment that makes sense.
const SEGMENT_BYTES_MIN: u64 = 64 * 1024;
const SEGMENT_BYTES_MAX: u64 = 1 << 30;

/// How a ledger is kept.
#[derive(Clone)]
pub struct LedgerOptions {
    /// Names this node in headers and heads.
    pub node: u64,
    /// The incarnation of the store.
    pub incarnation: u32,
    /// Size of a segment; 64 MiB by default.
    pub segment_bytes: u64,
    /// How long a record may wait to be synced: what a power loss can take. 20 ms by default, at most 50 ms.
    pub sync_interval: Duration,
    /// How long the disk may take over one sync before further records are refused until it is back. 10 s by default.
    pub stall_bound: Duration,
    /// How long a synced record of a traffic thread may wait for its signed head; 1 s by default.
    pub seal_interval: Duration,
    /// Disk that refusals of strangers may take; the oldest are dropped beyond. 64 MiB by default.
    pub strangers_bytes: u64,
    /// Start although a log does not hold the head that the store kept; the gap is recorded.
    pub accept_gap: bool,
    /// The program's version, for the record of its start.
    pub version: Arc<str>,
    /// The current time.
    pub now: Arc<Now>,
    /// Reserves disk for a segment; replaced in tests.
    pub reserve: Arc<Reserve>,
    /// Syncs records; replaced in tests.
    pub sync: Arc<SyncFile>,
}

impl LedgerOptions {
    /// Defaults, for a node, its store's incarnation and its clock.
    pub fn new(
        node: u64,
        incarnation: u32,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self {
            node,
            incarnation,
            segment_bytes: 64 * 1024 * 1024,
            sync_interval: Duration::from_millis(20),
            stall_bound: STALL_BOUND,
            seal_interval: Duration::from_secs(1),
            strangers_bytes: 64 * 1024 * 1024,
            accept_gap: false,
            version: Arc::from(env!("CARGO_PKG_VERSION")),
            now: Arc::new(now),
            reserve: Arc::new(reserve_on_disk),
            sync: Arc::new(sync_to_disk),
        }
    }

    /// Within what makes sense.
    pub(crate) fn bounded(mut self) -> Self {
        let (shortest, bytes) = (Duration::from_millis(1), self.segment_bytes);
        self.sync_interval = self.sync_interval.clamp(shortest, SYNC_BOUND);
        self.segment_bytes = whole_pages(bytes.min(SEGMENT_BYTES_MAX)).max(SEGMENT_BYTES_MIN);
        self
    }

    /// Logs that grow slowly reserve less ahead.
    pub(crate) fn segment_bytes(&self, name: &str) -> u64 {
        let most = self.segment_bytes;
        let bytes = match name {
            CONTROL => most / 8,
            // The one that is open and the one reserved ahead take a quarter of the quota.
            STRANGERS => most.min(self.strangers_bytes / 16),
            _ => most,
        };
        whole_pages(bytes).clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX)
    }

    /// What changes who may do what is sealed at once.
    pub(crate) fn pace(&self, name: &str) -> Pace {
        Pace {
            sync: self.sync_interval,
            seal: match name {
                CONTROL => Duration::ZERO,
                _ => self.seal_interval,
            },
        }
    }
}

const fn whole_pages(bytes: u64) -> u64 {
    bytes.next_multiple_of(4096)
}
