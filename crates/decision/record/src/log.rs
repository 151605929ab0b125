//! What the writer and the sealer of one log share.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    thread::Thread,
    time::{Duration, Instant},
};

use gw_ledger::{Position, StoredHead};
use rustc_hash::FxHashSet;
use tokio::sync::watch;

use crate::{
    options::{LedgerOptions, STRANGERS},
    recorder::Unwritable,
    segment::{Reserve, SealHalf, SyncFile, WriteHalf, create_segment},
    set_aside::SetAside,
};

/// How far a log is on disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Durable {
    /// The first position that is not yet synced.
    pub(crate) until: Position,
    /// Why nothing more will be.
    pub(crate) failure: Option<Unwritable>,
}

/// Segments that were made and not yet taken.
struct Stock {
    next: u32,
    spare: Option<WriteHalf>,
    /// Sealers' halves in the order of their numbers.
    unsealed: VecDeque<SealHalf>,
    /// How many segments are made and not closed.
    open: usize,
    /// Making a segment failed.
    failed: Option<FailedTry>,
    set_aside: SetAside,
}

/// A segment that could not be made: only the sealer tries again, after a while.
struct FailedTry {
    again: Instant,
    why: Arc<str>,
}

impl FailedTry {
    fn now(fault: &io::Error) -> Self {
        Self {
            again: Instant::now() + RETRY_AFTER,
            why: Arc::from(fault.to_string()),
        }
    }
}

/// The states of a log. From being behind it comes back; otherwise they only follow one another.
const OPEN: u8 = 0;
const BEHIND: u8 = 1;
const STOPPING: u8 = 2;
const FAILED: u8 = 3;

/// More open segments than this, and the disk is too slow for what is written: the bound on
/// what a power loss can take would not hold.
const OPEN_MAX: usize = 8;

/// How long the disk may take over one sync, by default.
pub const STALL_BOUND: Duration = Duration::from_secs(10);

/// How long a full disk is left alone before the next try.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// What a recorder leaves behind for the next one of the same log.
pub(crate) struct Parked {
    pub(crate) half: WriteHalf,
    pub(crate) judgements: FxHashSet<u64>,
}

/// How long records waited to be synced.
struct Lag {
    longest_micros: AtomicU64,
    late: AtomicU64,
    since: Instant,
    /// When the sync that is under way began, in microseconds after `since`; 0 where none is.
    syncing: AtomicU64,
}

impl Lag {
    fn new() -> Self {
        Self {
            longest_micros: AtomicU64::new(0),
            late: AtomicU64::new(0),
            since: Instant::now(),
            syncing: AtomicU64::new(0),
        }
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// How long the sync that is under way has taken.
    fn syncing(&self) -> Duration {
        match self.syncing.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            began => Duration::from_micros(self.micros().saturating_sub(began)),
        }
    }
}

/// How a log is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStatus {
    /// The log.
    pub log: Arc<str>,
    /// Why it takes no more records, if so.
    pub failure: Option<Unwritable>,
    /// Why it will take no more once its segment is full, if so.
    pub no_next_segment: Option<Unwritable>,
    /// The longest that a record may have waited to be synced.
    pub longest_sync: Duration,
    /// How often that was longer than [`SYNC_BOUND`].
    pub late: u64,
}

/// What a power loss can take, at most, while the disk keeps up.
pub const SYNC_BOUND: Duration = Duration::from_millis(50);

/// One log, shared by its writer and its sealer.
pub(crate) struct Log {
    pub(crate) name: Arc<str>,
    folder: PathBuf,
    /// Kept open, so that names are synced where no descriptor is left.
    folder_handle: File,
    segment_bytes: u64,
    stall_bound: Duration,
    reserve: Arc<Reserve>,
    sync: Arc<SyncFile>,
    stock: Mutex<Stock>,
    parked: Mutex<Option<Parked>>,
    head: Mutex<Option<StoredHead>>,
    pub(crate) durable: watch::Sender<Durable>,
    lag: Lag,
    state: AtomicU8,
    /// The first state in which records are refused.
    refuses_from: u8,
    /// Whether it has a recorder.
    taken: AtomicBool,
    /// Whether its recorder asked for a segment in vain.
    wanting: AtomicBool,
    sealer: OnceLock<Thread>,
    /// Held for as long as anyone may write.
    _lock: Arc<File>,
}

/// A lock whose holders cannot leave it half-changed: every critical section is a swap or a push.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Log {
    pub(crate) fn new(
        name: &str,
        folder: PathBuf,
        options: &LedgerOptions,
        next: u32,
        lock: Arc<File>,
    ) -> io::Result<Self> {
        let mut set_aside = SetAside::default();
        set_aside.fill();
        Ok(Self {
            name: Arc::from(name),
            folder_handle: File::open(&folder)?,
            folder,
            segment_bytes: options.segment_bytes(name),
            stall_bound: options.stall_bound,
            reserve: options.reserve.clone(),
            sync: options.sync.clone(),
            stock: Mutex::new(Stock {
                next,
                spare: None,
                unsealed: VecDeque::new(),
                open: 0,
                failed: None,
                set_aside,
            }),
            parked: Mutex::new(None),
            head: Mutex::new(None),
            durable: watch::Sender::new(Durable::default()),
            lag: Lag::new(),
            state: AtomicU8::new(OPEN),
            // The sealer itself writes the refusals of strangers, to the last.
            refuses_from: if name == STRANGERS { FAILED } else { BEHIND },
            taken: AtomicBool::new(false),
            wanting: AtomicBool::new(false),
            sealer: OnceLock::new(),
            _lock: lock,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn segment_bytes(&self) -> usize {
        usize::try_from(self.segment_bytes).unwrap_or(usize::MAX)
    }

    /// The next segment: the one that was made ahead, else a new one.
    ///
    /// Making one here blocks the writer; it happens only where it outran the sealer,
    /// and is better than refusing people for it.
    pub(crate) fn take_segment(&self) -> Result<WriteHalf, Unwritable> {
        let taken = self.try_take_segment();
        self.wanting.store(taken.is_err(), Ordering::Relaxed);
        taken
    }

    fn try_take_segment(&self) -> Result<WriteHalf, Unwritable> {
        let mut stock = locked(&self.stock);
        if let Some(spare) = stock.spare.take() {
            return Ok(spare);
        }
        if let Some(failed) = &stock.failed {
            return Err(self.no_segment(failed.why.clone()));
        }
        if stock.open >= OPEN_MAX {
            return Err(self.behind());
        }
        tracing::debug!(log = %self.name, "the next segment was not ready; making it now");
        match self.make(&mut stock) {
            Ok(half) => Ok(half),
            Err(fault) => {
                let failed = FailedTry::now(&fault);
                let refused = self.no_segment(failed.why.clone());
                stock.failed = Some(failed);
                drop(stock);
                tracing::error!(log = %self.name, %fault, "no segment can be reserved; records are refused");
                Err(refused)
            }
        }
    }

    /// Makes the next segment ahead, if there is none.
    pub(crate) fn restock(&self) {
        let mut stock = locked(&self.stock);
        let early = stock
            .failed
            .as_ref()
            .is_some_and(|failed| Instant::now() < failed.again);
        if stock.spare.is_some() || stock.open >= OPEN_MAX || early {
            return;
        }
        let failed_before = stock.failed.is_some();
        match self.make(&mut stock) {
            Ok(half) => {
                stock.spare = Some(half);
                stock.failed = None;
                if failed_before {
                    tracing::info!(log = %self.name, "segments can be reserved again");
                }
            }
            Err(fault) => {
                stock.failed = Some(FailedTry::now(&fault));
                if !failed_before {
                    tracing::warn!(log = %self.name, %fault, "the next segment cannot be reserved; it is tried again");
                }
            }
        }
    }

    fn make(&self, stock: &mut Stock) -> io::Result<WriteHalf> {
        let Stock {
            next, set_aside, ..
        } = stock;
        let (write, seal) = set_aside
            .with(|| create_segment(&self.folder, *next, self.segment_bytes, &*self.reserve))?;
        stock.next += 1;
        stock.open += 1;
        stock.unsealed.push_back(seal);
        Ok(write)
    }

    /// The oldest open segment was closed.
    pub(crate) fn closed_segment(&self) {
        let mut stock = locked(&self.stock);
        stock.open = stock.open.saturating_sub(1);
    }

    /// The sealer's half of the segment after the ones that it has.
    pub(crate) fn next_to_seal(&self) -> Option<SealHalf> {
        locked(&self.stock).unsealed.pop_front()
    }

    /// Removes the segment that was made ahead and not taken.
    pub(crate) fn discard_spare(&self) -> io::Result<()> {
        let mut stock = locked(&self.stock);
        let Some(spare) = stock.spare.take() else {
            return Ok(());
        };
        stock.unsealed.pop_back();
        stock.next = spare.segment.number;
        spare.segment.paths.remove()
    }

    /// Claims the place of the one recorder; whether it was free.
    pub(crate) fn take(&self) -> bool {
        !self.taken.swap(true, Ordering::AcqRel)
    }

    /// Gives that place back, with what the next recorder goes on with.
    pub(crate) fn park(&self, parked: Option<Parked>) {
        if let Some(parked) = parked {
            *locked(&self.parked) = Some(parked);
        }
        self.taken.store(false, Ordering::Release);
    }

    pub(crate) fn unpark(&self) -> Option<Parked> {
        locked(&self.parked).take()
    }

    pub(crate) fn head(&self) -> Option<StoredHead> {
        locked(&self.head).clone()
    }

    pub(crate) fn set_head(&self, head: StoredHead) {
        *locked(&self.head) = Some(head);
    }

    fn no_segment(&self, why: Arc<str>) -> Unwritable {
        Unwritable::NoSpace {
            log: self.name.clone(),
            why,
        }
    }

    /// There is no room, although there should be.
    pub(crate) fn no_room(&self) -> Unwritable {
        self.no_segment(Arc::from("the segment is full"))
    }

    fn behind(&self) -> Unwritable {
        Unwritable::Behind {
            log: self.name.clone(),
        }
    }

    /// Refuses all further records: what was synced before stays, but nothing after can be promised.
    pub(crate) fn fail(&self, why: &str) {
        tracing::error!(log = %self.name, why, "the ledger failed; records are refused until a restart");
        let failure = Unwritable::Failed {
            log: self.name.clone(),
            why: Arc::from(why),
        };
        self.durable.send_if_modified(|durable| {
            durable.failure.get_or_insert(failure);
            // Nobody is told before records are refused.
            false
        });
        self.state.fetch_max(FAILED, Ordering::AcqRel);
        self.durable.send_modify(|_| {});
    }

    /// The sealer is done: whoever still waits, waits in vain.
    pub(crate) fn end(&self) {
        self.durable.send_modify(|durable| {
            durable.failure.get_or_insert(self.closed());
        });
    }

    fn closed(&self) -> Unwritable {
        Unwritable::Closed {
            log: self.name.clone(),
        }
    }

    /// Whether records are still taken. One load where they are.
    pub(crate) fn check(&self) -> Result<(), Unwritable> {
        let state = self.state.load(Ordering::Relaxed);
        if state < self.refuses_from {
            return Ok(());
        }
        if state == BEHIND {
            return Err(self.behind());
        }
        let failure = self.durable.borrow().failure.clone();
        Err(failure.unwrap_or_else(|| self.closed()))
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.state.load(Ordering::Acquire) == FAILED
    }

    /// Syncs a file of this log.
    pub(crate) fn sync(&self, file: &File) -> io::Result<()> {
        self.timed(|| (self.sync)(file))
    }

    /// Makes the names of its segments durable.
    pub(crate) fn sync_names(&self) -> io::Result<()> {
        self.timed(|| self.folder_handle.sync_all())
    }

    /// What may wait for the disk: [`Log::watch`] sees how long it takes.
    pub(crate) fn timed(&self, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.lag
            .syncing
            .store(self.lag.micros().max(1), Ordering::Relaxed);
        let synced = sync();
        self.lag.syncing.store(0, Ordering::Relaxed);
        let was_behind =
            self.state
                .compare_exchange(BEHIND, OPEN, Ordering::AcqRel, Ordering::Relaxed);
        if was_behind.is_ok() && synced.is_ok() {
            tracing::info!(log = %self.name, "the disk answers again; records are taken");
        }
        synced
    }

    /// Refuses further records while the disk takes longer over a sync than can be answered for.
    pub(crate) fn watch(&self) {
        let stalled = self.lag.syncing();
        if stalled < self.stall_bound {
            return;
        }
        let first = self
            .state
            .compare_exchange(OPEN, BEHIND, Ordering::AcqRel, Ordering::Relaxed);
        if first.is_ok() && self.refuses_from == BEHIND {
            tracing::error!(log = %self.name, stalled_ms = stalled.as_millis(), "the disk does not answer; records are refused until it does");
        }
    }

    /// Records waited so long, at most, to be synced.
    pub(crate) fn synced_after(&self, wait: Duration) {
        let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
        let longest = self.lag.longest_micros.fetch_max(micros, Ordering::Relaxed);
        if wait <= SYNC_BOUND {
            return;
        }
        self.lag.late.fetch_add(1, Ordering::Relaxed);
        if micros > longest {
            tracing::warn!(log = %self.name, wait_ms = micros / 1000, "the disk is slow: records waited longer than 50 ms to be synced");
        }
    }

    /// Why the segment that comes next could not be made, while there is none.
    fn out_of_stock(&self) -> Option<Unwritable> {
        let stock = locked(&self.stock);
        let failed = stock.failed.as_ref().filter(|_| stock.spare.is_none())?;
        Some(self.no_segment(failed.why.clone()))
    }

    pub(crate) fn status(&self) -> LogStatus {
        let (short, wanting) = (self.out_of_stock(), self.wanting.load(Ordering::Relaxed));
        LogStatus {
            log: self.name.clone(),
            failure: self
                .check()
                .err()
                .or_else(|| short.clone().filter(|_| wanting)),
            no_next_segment: short,
            longest_sync: Duration::from_micros(self.lag.longest_micros.load(Ordering::Relaxed)),
            late: self.lag.late.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn set_sealer(&self, thread: Thread) {
        // INVARIANT: set once, by whoever spawned the sealer.
        let _ = self.sealer.set(thread);
    }

    /// Has the sealer look now rather than at its next turn.
    pub(crate) fn wake_sealer(&self) {
        if let Some(thread) = self.sealer.get() {
            thread.unpark();
        }
    }

    /// Takes no more records, and has the sealer finish.
    pub(crate) fn stop(&self) {
        self.state.fetch_max(STOPPING, Ordering::AcqRel);
        self.wake_sealer();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.state.load(Ordering::Acquire) >= STOPPING
    }
}
