//! Where the two readings come from.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use gw_model::Timestamp;
use rustix::time::{ClockId, clock_gettime};

pub(crate) enum Source {
    System,
    Manual(Hands),
}

impl Source {
    /// Milliseconds since the machine started, suspends included. Cheap: no system call.
    pub(crate) fn boot_millis(&self) -> u64 {
        match self {
            Self::System => millis(ClockId::Boottime),
            Self::Manual(hands) => hands.boot.load(Ordering::SeqCst),
        }
    }

    /// Milliseconds since the Unix epoch, as the system believes.
    pub(crate) fn wall_millis(&self) -> u64 {
        match self {
            Self::System => shifted(millis(ClockId::Realtime)),
            Self::Manual(hands) => hands.wall.load(Ordering::SeqCst),
        }
    }
}

/// A time before 1970 reads as 1970.
fn millis(clock: ClockId) -> u64 {
    let read = clock_gettime(clock);
    let secs = u64::try_from(read.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(read.tv_nsec).unwrap_or(0);
    secs * 1000 + nanos / 1_000_000
}

/// Only in builds for development: a file of milliseconds by which the wall clock is off, so
/// that tests can set the clock of one process.
#[cfg(debug_assertions)]
fn shifted(millis: u64) -> u64 {
    static FILE: std::sync::OnceLock<Option<std::ffi::OsString>> = std::sync::OnceLock::new();
    let file = FILE.get_or_init(|| std::env::var_os("GATEWRIGHT_TEST_CLOCK"));
    let text = file
        .as_ref()
        .and_then(|file| std::fs::read_to_string(file).ok());
    let shift = text.and_then(|text| text.trim().parse().ok());
    millis.saturating_add_signed(shift.unwrap_or(0))
}

#[cfg(not(debug_assertions))]
const fn shifted(millis: u64) -> u64 {
    millis
}

/// What moves a clock in tests.
#[derive(Debug)]
pub(crate) struct Hands {
    boot: AtomicU64,
    wall: AtomicU64,
}

impl Hands {
    pub(crate) fn at(wall: Timestamp) -> Self {
        Self {
            boot: AtomicU64::new(0),
            wall: AtomicU64::new(wall.as_millis()),
        }
    }

    pub(crate) fn advance(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.wall.fetch_add(millis, Ordering::SeqCst);
        self.boot.fetch_add(millis, Ordering::SeqCst);
    }

    pub(crate) fn jump_wall(&self, to: Timestamp) {
        self.wall.store(to.as_millis(), Ordering::SeqCst);
    }
}
