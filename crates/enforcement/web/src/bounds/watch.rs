//! Who does not come on: looked at once in a while, so that no request pays for a timer.
//!
//! What is compared between two looks is counted anyway. A limit therefore holds to within
//! the time between two looks.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use gw_engine::View;
use gw_model::Timestamp;
use tokio::{task::yield_now, time::sleep};

use crate::{
    connection::{Conn, Held},
    cut_io::Abort,
    options::Limits,
    thread::Thread,
};

/// Connections that are looked at without giving the others a turn.
const AT_ONCE: usize = 256;

/// Most and least time between two looks.
const LOOK_MAX: Duration = Duration::from_secs(1);
const LOOK_MIN: Duration = Duration::from_millis(5);

/// How long a client may take over the end that it was told of.
const GOODBYE: Duration = Duration::from_secs(5);

/// What a connection waits for from its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Its first byte.
    FirstByte,
    /// The rest of a request's head, after so many requests.
    Head(u64),
    /// The next request, after so many.
    Next(u64),
    /// Nothing: something is under way.
    Nothing,
}

/// What the last look at a connection saw.
#[derive(Debug)]
pub(crate) struct Pace {
    waits: (Waits, Instant),
    blocked: Option<(u64, Instant)>,
    told_to_end: Option<Instant>,
}

/// What the last look at one exchange saw.
#[derive(Debug, Default)]
pub(crate) struct StreamPace {
    answer: Option<(u64, Instant)>,
    body: Option<(u64, Instant)>,
}

/// Looks at a thread's connections for good.
pub(crate) async fn watch(thread: Rc<Thread>) {
    let limits = thread.shared.options.limits;
    let every = between_looks(&limits);
    loop {
        sleep(every).await;
        tell(&thread);
        let mut behind = None;
        loop {
            let (some, last) = thread.seats.some(behind, AT_ONCE);
            let now = Instant::now();
            let (view, time) = (thread.view(), thread.door.engine().clock().now());
            for conn in some {
                if is_over(&conn, &view, time) {
                    conn.is_a_strangers();
                }
                look(&conn, &limits, now);
            }
            if last.is_none() {
                break;
            }
            behind = last;
            yield_now().await;
        }
    }
}

/// That the thread turns, and what is open on it.
fn tell(thread: &Thread) {
    let open = thread.door.core().open();
    thread.metrics.beats();
    thread
        .metrics
        .leases_open
        .set(u64::try_from(open).unwrap_or(u64::MAX));
}

fn between_looks(limits: &Limits) -> Duration {
    let shortest = [
        limits.first_byte_read,
        limits.head_read,
        limits.idle,
        limits.stranger_idle,
        limits.slow_reader,
        limits.slow_writer,
    ];
    let shortest = shortest.into_iter().min().unwrap_or_default();
    (shortest / 8).clamp(LOOK_MIN, LOOK_MAX)
}

/// Whether what made a connection known is over.
fn is_over(conn: &Conn, view: &View, now: Timestamp) -> bool {
    conn.whose()
        .is_some_and(|who| who.is_over(&view.facts, now))
}

fn look(conn: &Rc<Conn>, limits: &Limits, now: Instant) {
    let metrics = &conn.thread.metrics;
    let mut pace = conn.pace.borrow_mut();
    if pace.is_stalled(&conn.abort, limits.slow_reader, now) {
        metrics.slow_readers.add(1);
        return conn.abort.abort();
    }
    if pace.has_not_ended(now) {
        return conn.abort.abort();
    }
    match pace.has_waited(conn, limits, now) {
        Some(Waits::Next(_)) => {
            pace.told_to_end.get_or_insert(now);
            return conn.end();
        }
        // Over HTTP/2 there is nobody yet to be told.
        Some(_) if conn.multiplexed => return conn.abort.abort(),
        Some(_) => return conn.end(),
        None => {}
    }
    if pace.is_quiet(limits.rest_after, now) {
        conn.rest();
    }
    drop(pace);
    conn.each_exchange(|held| {
        if held.pace().reads_slowly(held, limits, now) {
            metrics.slow_readers.add(1);
            return false;
        }
        if held.pace().writes_slowly(held, limits, now) {
            metrics.slow_writers.add(1);
            return false;
        }
        true
    });
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            waits: (Waits::Nothing, Instant::now()),
            blocked: None,
            told_to_end: None,
        }
    }
}

impl Pace {
    /// Whether bytes have waited for the client to read, and none has left, for too long.
    fn is_stalled(&mut self, abort: &Abort, limit: Duration, now: Instant) -> bool {
        if !abort.is_blocked() {
            self.blocked = None;
            return false;
        }
        lasts(&mut self.blocked, abort.written(), now) > limit
    }

    /// Whether a client that was told to end has not.
    fn has_not_ended(&self, now: Instant) -> bool {
        self.told_to_end
            .is_some_and(|since| now.duration_since(since) > GOODBYE)
    }

    /// Whether no request has come for a while.
    fn is_quiet(&self, limit: Duration, now: Instant) -> bool {
        let (waits, since) = self.waits;
        matches!(waits, Waits::Next(_)) && now.duration_since(since) >= limit
    }

    /// What a connection has waited for in vain.
    fn has_waited(&mut self, conn: &Conn, limits: &Limits, now: Instant) -> Option<Waits> {
        let waits = conn.waits();
        if self.waits.0 != waits {
            self.waits = (waits, now);
            if waits == Waits::Nothing {
                self.told_to_end = None;
            }
        }
        let limit = match waits {
            Waits::Nothing => return None,
            Waits::FirstByte => limits.first_byte_read,
            Waits::Head(_) => limits.head_read,
            Waits::Next(_) if conn.is_known() => limits.idle,
            Waits::Next(_) => limits.stranger_idle,
        };
        if now.duration_since(self.waits.1) <= limit {
            return None;
        }
        if !conn.is_ending() {
            let metrics = &conn.thread.metrics;
            match waits {
                Waits::Next(_) => metrics.idle_closed.add(1),
                _ => metrics.slow_heads.add(1),
            }
        }
        Some(waits)
    }
}

impl StreamPace {
    /// Whether an answer, or what there is of it, is not taken.
    fn reads_slowly(&mut self, held: &Held, limits: &Limits, now: Instant) -> bool {
        let Some(handed) = held.handed() else {
            self.answer = None;
            return false;
        };
        lasts(&mut self.answer, handed, now) > limits.slow_reader
    }

    /// Whether a body that is waited for comes on by less than it must.
    fn writes_slowly(&mut self, held: &Held, limits: &Limits, now: Instant) -> bool {
        let Some(come) = held.awaited() else {
            self.body = None;
            return false;
        };
        lasts(&mut self.body, come / limits.slow_writer_bytes.max(1), now) > limits.slow_writer
    }
}

/// How long something has been as it is.
fn lasts(seen: &mut Option<(u64, Instant)>, is: u64, now: Instant) -> Duration {
    match seen {
        Some((was, since)) if *was == is => now.duration_since(*since),
        _ => {
            *seen = Some((is, now));
            Duration::ZERO
        }
    }
}
