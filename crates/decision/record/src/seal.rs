//! The sealer of one log: hashes what was written, syncs it, signs a head over it, and keeps the next segment ready.
//!
//! The order is what makes heads trustworthy after a power loss: first the records and
//! their personal fields are synced, then the head is written and synced, then the head
//! is given out. A head that anyone has seen names only records that are on disk.
//! Records are synced every few milliseconds; heads come at a calmer pace.

use std::{
    collections::VecDeque,
    io,
    os::unix::fs::FileExt,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use gw_ledger::{MerkleAccumulator, Position, Record, SegmentHeader, SignedHead, leaf_hash};
use gw_model::Timestamp;

use crate::{
    chain::{Author, Chain, Group, Heads},
    log::Log,
    recorder::DISK_FAILED,
    segment::SealHalf,
    strangers::Summaries,
};

/// A segment between its first record and its closing head.
struct Pending {
    half: SealHalf,
    /// Its names in the folder are durable.
    is_named: bool,
    /// What was synced and no head covers yet.
    group: Group,
    /// Where the personal fields end, once the writer has moved on.
    finished: Option<u64>,
    /// Its header and heads, once it is the oldest that is not closed.
    started: Option<Started>,
}

struct Started {
    header: SegmentHeader,
    heads: Heads,
}

impl Started {
    /// Gives a segment its header, which needs the last head of the segment before.
    fn new(half: &mut SealHalf, log: &Log, author: &Author, chain: &Chain) -> io::Result<Self> {
        let segment = &half.segment;
        let header = author.header(&log.name, segment.number, chain);
        segment.records.write_all_at(&header.to_bytes(), 0)?;
        log.sync(&segment.records)?;
        let heads = half.heads.take().map(Heads::of);
        let heads = heads.ok_or_else(|| io::Error::other("its heads were begun before"))?;
        Ok(Self { header, heads })
    }
}

/// How a log is sealed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How long a record waits to be synced.
    pub(crate) sync: Duration,
    /// How long a synced record waits for its head.
    pub(crate) seal: Duration,
}

/// The sealer of one log.
pub(crate) struct Sealer {
    log: Arc<Log>,
    author: Author,
    chain: Chain,
    pace: Pace,
    /// Segments that are not closed, oldest first. The writer is in the last.
    pending: VecDeque<Pending>,
    sealed: Instant,
    /// When it last looked for records: what comes after may have waited since then.
    looked: Instant,
    /// There was no space for a head.
    short: bool,
    summaries: Option<Summaries>,
    summarised: Timestamp,
}

/// However little was written, so much is kept ready.
const AHEAD_MIN: usize = 8 * 1024;

/// Strangers' refusals are summarised this often.
const SUMMARY_EVERY: Duration = Duration::from_secs(1);

impl Sealer {
    pub(crate) fn new(
        log: Arc<Log>,
        author: Author,
        chain: Chain,
        pace: Pace,
        summaries: Option<Summaries>,
    ) -> Self {
        Self {
            log,
            author,
            chain,
            pace,
            pending: VecDeque::new(),
            sealed: Instant::now(),
            looked: Instant::now(),
            short: false,
            summaries,
            summarised: Timestamp::default(),
        }
    }

    /// Syncs and seals until the log is stopped, then a last time.
    pub(crate) fn run(mut self) {
        while !self.log.is_stopping() {
            thread::park_timeout(self.pace.sync);
            self.summarise(false);
            self.turn(false);
            self.log.restock();
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
        if let Some(open) = self.pending.front()
            && let Err(fault) = summaries.enforce_quota(&self.log, open.half.segment.number, now)
        {
            tracing::warn!(log = %self.log.name, %fault, "old refusals were not removed");
        }
    }

    fn turn(&mut self, last: bool) {
        if self.log.has_failed() {
            return;
        }
        let due = last || self.sealed.elapsed() >= self.pace.seal;
        let done = loop {
            let more = match self.sync() {
                Ok(more) => more,
                Err(fault) => return self.log.fail(&fault.to_string()),
            };
            let done = self.seal(due);
            if done.is_err() || !more {
                break done;
            }
        };
        match done {
            Ok(()) => self.short = false,
            // Heads can wait: records are synced, and taken for as long as there is reserved space.
            Err(fault) if is_short_of_space(&fault) => {
                if !self.short {
                    tracing::error!(log = %self.log.name, %fault, "no space for a signed head; free some disk");
                }
                self.short = true;
            }
            Err(fault) => self.log.fail(&fault.to_string()),
        }
    }

    /// The writer is gone: leaves its segment, if it gave it back, and closes what is open.
    fn close(&mut self) {
        if let Some(parked) = self.log.unpark() {
            parked.half.finish();
        }
        self.turn(true);
        if let Err(fault) = self.log.discard_spare() {
            tracing::warn!(log = %self.log.name, %fault, "a reserved segment was not removed");
        }
        self.log.end();
    }

    /// Syncs what was written, in every segment that is not closed; whether the writer has moved on.
    fn sync(&mut self) -> io::Result<bool> {
        if self.pending.is_empty() {
            self.take_next();
        }
        for pending in &mut self.pending {
            let looked = std::mem::replace(&mut self.looked, Instant::now());
            if pending.sync(&self.log)? {
                self.log.synced_after(looked.elapsed());
            }
        }
        let moved_on = self
            .pending
            .back()
            .is_some_and(|pending| pending.finished.is_some());
        if moved_on {
            self.take_next();
        }
        Ok(moved_on)
    }

    fn take_next(&mut self) {
        self.pending
            .extend(self.log.next_to_seal().map(Pending::new));
    }

    /// Signs heads: over the oldest segment where one is due, and over each that the writer has left.
    fn seal(&mut self, due: bool) -> io::Result<()> {
        while let Some(pending) = self.pending.front_mut() {
            let closes = pending.finished.is_some();
            let new = pending.group.tree.count() > 0;
            if !(closes || (due && new)) {
                return Ok(());
            }
            let signed = pending.seal(&self.log, &self.author, &mut self.chain)?;
            self.sealed = Instant::now();
            self.log.set_head(signed.head.stored());
            let Some(personal_end) = pending.finished else {
                return Ok(());
            };
            self.log.timed(|| pending.trim(personal_end))?;
            self.pending.pop_front();
            self.log.closed_segment();
        }
        Ok(())
    }
}

/// Pages ready ahead are synced with the rest: too many would be written for nothing.
const fn ahead(bytes: usize) -> usize {
    bytes + bytes / 2 + AHEAD_MIN
}

fn is_short_of_space(fault: &io::Error) -> bool {
    matches!(
        fault.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

impl Pending {
    fn new(half: SealHalf) -> Self {
        Self {
            group: Group {
                first: 0,
                tree: MerkleAccumulator::default(),
                end: half.records.at() as u64,
                epoch: None,
            },
            half,
            is_named: false,
            finished: None,
            started: None,
        }
    }

    /// Hashes and syncs what was written since the last time; whether there was anything.
    fn sync(&mut self, log: &Log) -> io::Result<bool> {
        // Asked before reading: then nothing can come after what is read.
        self.finished = self.half.segment.finished();
        let (before, start) = (self.group.tree.count(), self.half.records.at());
        while let Some(frame) = self.half.records.next_frame() {
            self.group.tree.push(leaf_hash(frame.content()));
            self.group.epoch = self.group.epoch.max(Record::decode(&frame).epoch());
        }
        if self.group.tree.count() == before {
            return Ok(false);
        }
        self.group.end = self.half.records.at() as u64;
        if !self.is_named {
            // Here and not where it is made: there a traffic thread may be waiting.
            log.sync_names()?;
            self.is_named = true;
        }
        let segment = &self.half.segment;
        log.sync(&segment.personal)?;
        log.sync(&segment.records)?;
        if self.half.is_broken() {
            return Err(io::Error::other(DISK_FAILED));
        }
        log.durable.send_modify(|durable| {
            durable.until = Position {
                segment: segment.number,
                index: self.group.first + self.group.tree.count(),
            };
        });
        if self.finished.is_none() {
            self.prepare(self.half.records.at() - start);
        }
        Ok(true)
    }

    /// Has pages ready for half as much again as was written since the last time.
    fn prepare(&mut self, records: usize) {
        let start = self.half.personal.at();
        while self.half.personal.next_frame().is_some() {}
        let personal = self.half.personal.at() - start;
        self.half.prepare(ahead(records), ahead(personal));
    }

    /// Signs a head over what was synced since the last one.
    fn seal(&mut self, log: &Log, author: &Author, chain: &mut Chain) -> io::Result<SignedHead> {
        let started = match &mut self.started {
            Some(started) => started,
            none => none.insert(Started::new(&mut self.half, log, author, chain)?),
        };
        let mut next = chain.clone();
        let closes = self.finished.is_some();
        let signed = author.sign(&started.header, &self.group, closes, &mut next);
        log.timed(|| started.heads.append(&signed))?;
        *chain = next;
        self.group = self.group.next();
        Ok(signed)
    }

    /// Gives back what a closed segment did not use.
    fn trim(&self, personal_end: u64) -> io::Result<()> {
        let segment = &self.half.segment;
        segment.records.set_len(self.half.records.at() as u64)?;
        segment.personal.set_len(personal_end)?;
        segment.records.sync_all()?;
        segment.personal.sync_all()
    }
}
