//! What the writer and the sealer of one log share.

use std::{
    collections::{HashSet, VecDeque},
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
use tokio::sync::watch;

use crate::{
    files::sync_folder,
    options::STRANGERS,
    recorder::Unwritable,
    segment::{Reserve, SealHalf, WriteHalf, create_segment},
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
    /// Making a segment failed; only the sealer tries again, and not before this.
    retry: Option<Instant>,
}

/// The states of a log, in the only order in which they follow one another.
const OPEN: u8 = 0;
const STOPPING: u8 = 1;
const FAILED: u8 = 2;

/// More open segments than this, and the disk is too slow for what is written: the bound on
/// what a power loss can take would not hold.
const OPEN_MAX: usize = 8;

/// How long a full disk is left alone before the next try.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// What a recorder leaves behind for the next one of the same log.
pub(crate) struct Parked {
    pub(crate) half: WriteHalf,
    pub(crate) judgements: HashSet<u64>,
}

/// How long records waited to be synced.
#[derive(Default)]
struct Lag {
    longest_micros: AtomicU64,
    late: AtomicU64,
}

/// How a log is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStatus {
    /// The log.
    pub log: Arc<str>,
    /// Why it takes no more records, if so.
    pub failure: Option<Unwritable>,
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
    segment_bytes: u64,
    reserve: Arc<Reserve>,
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
    sealer: OnceLock<Thread>,
    /// Held for as long as anyone may write.
    _lock: Arc<std::fs::File>,
}

/// A lock whose holders cannot leave it half-changed: every critical section is a swap or a push.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Log {
    pub(crate) fn new(
        name: &str,
        folder: PathBuf,
        segment_bytes: u64,
        reserve: Arc<Reserve>,
        next: u32,
        lock: Arc<std::fs::File>,
    ) -> Self {
        Self {
            name: Arc::from(name),
            folder,
            segment_bytes,
            reserve,
            stock: Mutex::new(Stock {
                next,
                spare: None,
                unsealed: VecDeque::new(),
                open: 0,
                retry: None,
            }),
            parked: Mutex::new(None),
            head: Mutex::new(None),
            durable: watch::Sender::new(Durable::default()),
            lag: Lag::default(),
            state: AtomicU8::new(OPEN),
            // The sealer itself writes the refusals of strangers, to the last.
            refuses_from: if name == STRANGERS { FAILED } else { STOPPING },
            taken: AtomicBool::new(false),
            sealer: OnceLock::new(),
            _lock: lock,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The next segment: the one that was made ahead, else a new one.
    ///
    /// Making one here blocks the writer; it happens only where it outran the sealer,
    /// and is better than refusing people for it.
    pub(crate) fn take_segment(&self) -> Result<WriteHalf, Unwritable> {
        let mut stock = locked(&self.stock);
        if let Some(spare) = stock.spare.take() {
            return Ok(spare);
        }
        if stock.retry.is_some() {
            return Err(self.no_space());
        }
        if stock.open >= OPEN_MAX {
            return Err(Unwritable::Behind {
                log: self.name.clone(),
            });
        }
        tracing::debug!(log = %self.name, "the next segment was not ready; making it now");
        match self.make(&mut stock) {
            Ok(half) => Ok(half),
            Err(fault) => {
                stock.retry = Some(Instant::now() + RETRY_AFTER);
                drop(stock);
                tracing::error!(log = %self.name, %fault, "no segment can be reserved; records are refused");
                Err(self.no_space())
            }
        }
    }

    /// Makes the next segment ahead, if there is none.
    pub(crate) fn restock(&self) {
        let mut stock = locked(&self.stock);
        let early = stock.retry.is_some_and(|retry| Instant::now() < retry);
        if stock.spare.is_some() || stock.open >= OPEN_MAX || early {
            return;
        }
        let failed_before = stock.retry.is_some();
        match self.make(&mut stock) {
            Ok(half) => {
                stock.spare = Some(half);
                stock.retry = None;
                if failed_before {
                    tracing::info!(log = %self.name, "segments can be reserved again");
                }
            }
            Err(fault) => {
                stock.retry = Some(Instant::now() + RETRY_AFTER);
                if !failed_before {
                    tracing::warn!(log = %self.name, %fault, "the next segment cannot be reserved; free some disk");
                }
            }
        }
    }

    fn make(&self, stock: &mut Stock) -> io::Result<WriteHalf> {
        let (write, seal) =
            create_segment(&self.folder, stock.next, self.segment_bytes, &*self.reserve)?;
        sync_folder(&self.folder)?;
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

    pub(crate) fn no_space(&self) -> Unwritable {
        Unwritable::NoSpace {
            log: self.name.clone(),
        }
    }

    /// Refuses all further records: what was synced before stays, but nothing after can be promised.
    pub(crate) fn fail(&self, why: &str) {
        tracing::error!(log = %self.name, why, "the ledger failed; records are refused until a restart");
        self.give_up(Unwritable::Failed {
            log: self.name.clone(),
            why: Arc::from(why),
        });
        self.state.fetch_max(FAILED, Ordering::AcqRel);
    }

    /// The sealer is done: whoever still waits, waits in vain.
    pub(crate) fn end(&self) {
        self.give_up(self.closed());
    }

    fn give_up(&self, failure: Unwritable) {
        self.durable.send_modify(|durable| {
            durable.failure.get_or_insert(failure);
        });
    }

    fn closed(&self) -> Unwritable {
        Unwritable::Closed {
            log: self.name.clone(),
        }
    }

    /// Whether records are still taken. One load where they are.
    pub(crate) fn check(&self) -> Result<(), Unwritable> {
        if self.state.load(Ordering::Relaxed) < self.refuses_from {
            return Ok(());
        }
        let failure = self.durable.borrow().failure.clone();
        Err(failure.unwrap_or_else(|| self.closed()))
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.state.load(Ordering::Acquire) == FAILED
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

    pub(crate) fn status(&self) -> LogStatus {
        LogStatus {
            log: self.name.clone(),
            failure: self.durable.borrow().failure.clone(),
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
        self.state.load(Ordering::Acquire) != OPEN
    }
}
