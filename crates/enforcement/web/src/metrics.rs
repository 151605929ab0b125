//! What a traffic thread counts, and whether it ever kept the others waiting.

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use gw_telemetry::Kind;
use tokio::task::JoinHandle;

/// Nothing on a traffic thread runs longer than this without giving the others a turn.
pub const TURN_MAX: Duration = Duration::from_millis(1);

macro_rules! counters {
    ($($kind:ident { $($(#[doc = $help:literal])* $name:ident,)* })*) => {
        /// One traffic thread's counters.
        #[derive(Debug, Default)]
        pub struct ThreadMetrics {
            $($($(#[doc = $help])* pub $name: Counter,)*)*
            pulse: Pulse,
        }

        impl ThreadMetrics {
            /// All counters with their names, as they are now.
            pub fn counted(&self) -> Vec<Counted> {
                vec![$($(Counted {
                    name: stringify!($name),
                    help: concat!($($help),*),
                    kind: Kind::$kind,
                    value: self.$name.value(),
                }),*),*]
            }
        }
    };
}

/// A counter as it is at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// Whether it only goes up.
    pub kind: Kind,
    /// The number.
    pub value: u64,
}

/// When a thread last said that it is there.
#[derive(Debug)]
struct Pulse {
    began: Instant,
    /// Milliseconds after `began`.
    beat: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            beat: AtomicU64::new(0),
        }
    }
}

impl ThreadMetrics {
    /// How long ago the thread last had a turn for looking after its connections, which comes
    /// about once a second.
    pub fn quiet_for(&self) -> Duration {
        let beat = Duration::from_millis(self.pulse.beat.load(Ordering::Relaxed));
        self.pulse.began.elapsed().saturating_sub(beat)
    }

    pub(crate) fn beats(&self) {
        let millis = u64::try_from(self.pulse.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.pulse.beat.store(millis, Ordering::Relaxed);
    }
}

/// A number that goes up, or up and down.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// As it is now.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn subtract(&self, by: u64) {
        self.0.fetch_sub(by, Ordering::Relaxed);
    }

    fn raise_to(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

counters! {
    Gauge {
        /// Connections from clients that are open.
        connections_open,
        /// Accesses that are open, each of which ends when its grounds do.
        leases_open,
        /// The longest turn, in microseconds.
        longest_turn_micros,
    }
    Counter {
        /// How often a connection gave up the memory that it did not need until its next request.
        rests,
        /// Connections from clients so far.
        connections,
        /// Connections closed at once because there were too many.
        connections_refused,
        /// Connections closed at once because their address had too many.
        connections_refused_by_address,
        /// Connections closed to make room for others.
        connections_evicted,
        /// Connections that are a signed-in person's no longer, or more than one person may have.
        connections_fallen,
        /// Times that the system had no connection to give.
        accept_faults,
        /// Connections that ended before a request's head was whole in time.
        slow_heads,
        /// Connections and streams that ended because their client took no more.
        slow_readers,
        /// Connections and streams that ended because their client's body did not come on.
        slow_writers,
        /// Connections that ended because nothing was asked.
        idle_closed,
        /// Connections over HTTP/2 cut off for frames without work.
        floods,
        /// TLS handshakes, and PROXY headers, that failed.
        handshakes_failed,
        /// Requests so far.
        requests,
        /// Requests that policy allowed.
        decisions_allowed,
        /// Requests that policy denied.
        decisions_denied,
        /// Requests refused since their records could not be written.
        decisions_unrecorded,
        /// Requests refused for their form, before anybody was asked.
        requests_refused,
        /// Requests of people refused because one person asked too much in too short a time.
        requests_too_fast,
        /// Requests of strangers refused because they had too much under way.
        exchanges_refused,
        /// Streams of strangers reset because they take none of their answers.
        answers_refused,
        /// Requests that an upstream failed to answer.
        upstream_faults,
        /// Connections opened to upstreams.
        upstream_connections,
        /// Requests that were sent to another upstream, or on another connection.
        upstream_retries,
        /// Connections to upstreams over HTTP/2 that were cut off for frames without work.
        upstream_floods,
        /// Times that a server was put aside.
        upstream_ejections,
        /// Health checks made.
        upstream_checks,
        /// Health checks that were not answered as they should be.
        upstream_checks_failed,
        /// Exchanges that were cut.
        cuts,
        /// Cuts that had to abort a whole HTTP/2 connection or WebSocket.
        cuts_forced,
        /// Turns that took longer than they may.
        stalls,
    }
}

thread_local! {
    static METRICS: RefCell<Option<Arc<ThreadMetrics>>> = const { RefCell::new(None) };
    /// When the turn that is under way began: the end of the turn before, or when the thread woke.
    static TURN_BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Has this thread count its turns here.
pub(crate) fn count_turns(metrics: &Arc<ThreadMetrics>) {
    METRICS.set(Some(metrics.clone()));
}

/// To be called whenever a traffic thread has slept: what it slept is nobody's turn.
pub(crate) fn woke() {
    TURN_BEGAN.set(Some(Instant::now()));
}

/// When the turn that is under way began: a clock for what need not be exact to a turn.
pub(crate) fn turn_began() -> Instant {
    TURN_BEGAN.get().unwrap_or_else(Instant::now)
}

/// Spawns onto this thread's set of tasks, its turns timed.
pub(crate) fn spawn<F: Future<Output = ()> + 'static>(task: F) -> JoinHandle<()> {
    spawn_unpinned(Box::pin(task))
}

/// The same for a task that may be moved: it is not boxed once more.
pub(crate) fn spawn_unpinned<F: Future<Output = ()> + Unpin + 'static>(task: F) -> JoinHandle<()> {
    tokio::task::spawn_local(Timed(task))
}

/// A task whose turns are timed, with one look at the clock for each.
struct Timed<F>(F);

impl<F: Future<Output = ()> + Unpin> Future for Timed<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = Pin::new(&mut self.0).poll(cx);
        let now = Instant::now();
        if let Some(began) = TURN_BEGAN.replace(Some(now)) {
            let turn = now.saturating_duration_since(began);
            if turn > TURN_MAX {
                note_stall(turn);
            }
        }
        polled
    }
}

fn note_stall(turn: Duration) {
    METRICS.with_borrow(|metrics| {
        if let Some(metrics) = metrics {
            metrics.stalls.add(1);
            let micros = u64::try_from(turn.as_micros()).unwrap_or(u64::MAX);
            metrics.longest_turn_micros.raise_to(micros);
        }
    });
}
