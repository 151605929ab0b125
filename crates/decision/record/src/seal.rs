//! The sealer of one log: hashes what was written, syncs it, signs a head over it, and keeps the next segment ready.
//!
//! The order is what makes heads trustworthy after a power loss: first the records and
//! their personal fields are synced, then the head is written and synced, then the head
//! is given out. A head that anyone has seen names only records that are on disk.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    sync::Arc,
    thread,
    time::Duration,
};

use gw_ledger::{
    HEADER_BYTES, Hash, Head, MerkleAccumulator, Position, Record, SegmentHeader, SignedHead,
    Signer, leaf_hash,
};
use gw_model::{Epoch, Timestamp};

use crate::{
    files::{open_append, sync_folder},
    log::Log,
    segment::SealHalf,
    strangers::Summaries,
};

/// The current time, for headers and heads.
pub(crate) type Now = dyn Fn() -> Timestamp + Send + Sync;

/// Where a log's chain stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Hash of the last head.
    pub(crate) previous: Hash,
    /// Records up to it.
    pub(crate) size: u64,
    /// The latest epoch that was recorded.
    pub(crate) epoch: Epoch,
}

/// Who writes: goes into headers and heads.
#[derive(Clone)]
pub(crate) struct Author {
    pub(crate) node: u64,
    pub(crate) incarnation: u32,
    pub(crate) signer: Arc<Signer>,
    pub(crate) now: Arc<Now>,
}

/// A group of records that is to be sealed.
pub(crate) struct Group {
    pub(crate) first: u32,
    pub(crate) tree: MerkleAccumulator,
    pub(crate) end: u64,
    pub(crate) epoch: Option<Epoch>,
}

impl Author {
    /// The header of a segment that follows the chain.
    pub(crate) fn header(&self, log: &str, segment: u32, chain: &Chain) -> SegmentHeader {
        SegmentHeader {
            log: log.to_owned(),
            segment,
            node: self.node,
            incarnation: self.incarnation,
            created: (self.now)(),
            previous: chain.previous,
        }
    }

    /// Signs the head of a group and moves the chain on.
    pub(crate) fn sign(
        &self,
        header: &SegmentHeader,
        group: &Group,
        closes: bool,
        chain: &mut Chain,
    ) -> SignedHead {
        chain.size += u64::from(group.tree.count());
        chain.epoch = chain.epoch.max(group.epoch.unwrap_or_default());
        let head = Head {
            log: header.log.clone(),
            segment: header.segment,
            node: header.node,
            incarnation: header.incarnation,
            closes,
            first: group.first,
            count: group.tree.count(),
            end: group.end,
            size: chain.size,
            root: group.tree.root(),
            previous: chain.previous,
            header: header.hash(),
            time: (self.now)(),
            epoch: chain.epoch,
        };
        chain.previous = head.hash();
        self.signer.sign(head)
    }
}

/// The segment that is being sealed.
struct Current {
    half: SealHalf,
    header: SegmentHeader,
    heads: File,
    /// Records that a head covers.
    sealed: u32,
}

/// The sealer of one log.
pub(crate) struct Sealer {
    log: Arc<Log>,
    author: Author,
    chain: Chain,
    interval: Duration,
    current: Option<Current>,
    summaries: Option<Summaries>,
    summarised: Timestamp,
}

/// Strangers' refusals are summarised this often.
const SUMMARY_EVERY: Duration = Duration::from_secs(1);

impl Sealer {
    pub(crate) fn new(
        log: Arc<Log>,
        author: Author,
        chain: Chain,
        interval: Duration,
        summaries: Option<Summaries>,
    ) -> Self {
        Self {
            log,
            author,
            chain,
            interval,
            current: None,
            summaries,
            summarised: Timestamp::default(),
        }
    }

    /// Seals until the log is stopped, then a last time.
    pub(crate) fn run(mut self) {
        while !self.log.is_stopping() {
            thread::park_timeout(self.interval);
            self.summarise(false);
            self.turn();
        }
        self.summarise(true);
        self.summaries = None;
        self.close();
    }

    fn summarise(&mut self, last: bool) {
        let Some(summaries) = &mut self.summaries else {
            return;
        };
        let now = (self.author.now)();
        if !last && now.since(self.summarised) < SUMMARY_EVERY {
            return;
        }
        self.summarised = now;
        summaries.write();
        let open = self.current.as_ref().map(|current| current.header.segment);
        if let Some(open) = open
            && let Err(fault) = summaries.enforce_quota(&self.log, open, now)
        {
            tracing::warn!(log = %self.log.name, %fault, "old refusals were not removed");
        }
    }

    fn turn(&mut self) {
        if self.log.check().is_err() {
            return;
        }
        if let Err(fault) = self.seal() {
            self.log.fail(&fault.to_string());
        }
        self.log.restock();
    }

    /// The writer is gone: leaves its segment, if it gave it back, and closes what is open.
    fn close(&mut self) {
        if let Some(parked) = self.log.unpark() {
            parked.half.finish();
        }
        if self.log.check().is_ok()
            && let Err(fault) = self.seal()
        {
            self.log.fail(&fault.to_string());
        }
        if let Err(fault) = self.log.discard_spare() {
            tracing::warn!(log = %self.log.name, %fault, "a reserved segment was not removed");
        }
    }

    /// Seals what is there, segment by segment.
    fn seal(&mut self) -> io::Result<()> {
        loop {
            let Some(mut current) = self.take_current()? else {
                return Ok(());
            };
            let finished = current.half.segment.finished();
            self.seal_group(&mut current, finished)?;
            let Some(personal_end) = finished else {
                self.current = Some(current);
                return Ok(());
            };
            trim(&current, personal_end)?;
        }
    }

    fn take_current(&mut self) -> io::Result<Option<Current>> {
        if let Some(current) = self.current.take() {
            return Ok(Some(current));
        }
        let Some(half) = self.log.next_to_seal() else {
            return Ok(None);
        };
        self.start(half).map(Some)
    }

    /// Gives a segment its header, which needs the last head of the segment before.
    fn start(&mut self, half: SealHalf) -> io::Result<Current> {
        let segment = &half.segment;
        let header = self
            .author
            .header(&self.log.name, segment.number, &self.chain);
        segment.records.write_all_at(&header.to_bytes(), 0)?;
        let heads = open_append(&segment.paths.heads)?;
        if let Some(folder) = segment.paths.heads.parent() {
            sync_folder(folder)?;
        }
        Ok(Current {
            half,
            header,
            heads,
            sealed: 0,
        })
    }

    /// Syncs and seals what was written since the last head.
    fn seal_group(&mut self, current: &mut Current, finished: Option<u64>) -> io::Result<()> {
        let group = collect(current);
        if group.tree.count() == 0 && finished.is_none() {
            return Ok(());
        }
        let segment = &current.half.segment;
        segment.personal.sync_data()?;
        segment.records.sync_data()?;
        current.sealed += group.tree.count();
        self.log.durable.send_modify(|durable| {
            durable.until = Position {
                segment: segment.number,
                index: current.sealed,
            };
        });
        let closes = finished.is_some();
        let signed = self
            .author
            .sign(&current.header, &group, closes, &mut self.chain);
        write_head(&mut current.heads, &signed)?;
        self.log.set_head(signed.head.stored());
        Ok(())
    }
}

/// The leaves of the records since the last head.
fn collect(current: &mut Current) -> Group {
    let mut group = Group {
        first: current.sealed,
        tree: MerkleAccumulator::default(),
        end: 0,
        epoch: None,
    };
    while let Some(frame) = current.half.records.next_frame() {
        group.tree.push(leaf_hash(frame.content()));
        group.epoch = group.epoch.max(Record::decode(&frame).epoch());
    }
    group.end = current.half.records.at() as u64;
    group
}

/// Appends a head and syncs it.
pub(crate) fn write_head(heads: &mut File, signed: &SignedHead) -> io::Result<()> {
    let mut bytes = Vec::new();
    signed.push_to(&mut bytes);
    heads.write_all(&bytes)?;
    heads.sync_data()
}

/// Gives back what a closed segment did not use.
fn trim(current: &Current, personal_end: u64) -> io::Result<()> {
    let segment = &current.half.segment;
    let end = (current.half.records.at() as u64).max(HEADER_BYTES as u64);
    segment.records.set_len(end)?;
    segment.personal.set_len(personal_end)?;
    segment.records.sync_all()?;
    segment.personal.sync_all()
}
