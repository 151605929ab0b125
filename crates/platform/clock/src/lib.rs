//! The one clock: wall time that runs on the boot clock.
//!
//! Lifetimes must not end early or late because somebody set the system's clock, and what has
//! expired must stay expired. So [`Clock::now`] counts on the kernel's boot clock, which nobody
//! can set and which goes on during suspend, from a base that is never below the mark saved
//! before the last stop. The wall clock is only listened to: a small difference is followed
//! slowly, without ever going back; a large one is a [`ClockFault`], and conditions on absolute
//! time are to deny until the two agree again or an operator confirms the new time.

mod anchor;
mod source;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use gw_model::Timestamp;

use crate::{
    anchor::Anchor,
    source::{Hands, Source},
};

/// How often the wall clock is listened to.
const CHECK_MILLIS: u64 = 1000;

/// The wall clock has left the time that Gatewright counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockFault {
    /// It shows a later time.
    #[error(
        "the system's clock is {by:?} ahead of the time that has passed: conditions on time deny \
         until it is set right, or confirmed"
    )]
    Ahead {
        /// By how much.
        by: Duration,
    },
    /// It shows an earlier time, or one from before the last stop.
    #[error(
        "the system's clock is {by:?} behind the time that has passed: conditions on time deny \
         until it is set right, or confirmed"
    )]
    Behind {
        /// By how much.
        by: Duration,
    },
}

/// What confirming the system's clock did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// There was no fault.
    Nothing,
    /// Time went on by this much at once.
    Forward(Duration),
    /// Time went back by this much: what was given out before lives longer than it was meant
    /// to, so end it, and put the saved high-water mark back too.
    Back(Duration),
}

/// The one clock; clones are the same clock.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    source: Source,
    anchor: ArcSwap<Anchor>,
    checking: Mutex<()>,
    bound: u64,
}

impl Clock {
    /// How far the wall clock may be off before it is a fault, unless configured otherwise.
    pub const DEFAULT_BOUND: Duration = Duration::from_secs(60);

    /// The system's clock, never below the mark that was saved before the last stop.
    pub fn system(high_water: Timestamp, bound: Duration) -> Self {
        Self::start(Source::System, high_water, bound)
    }

    /// A clock for tests, which stands still until it is moved by [`Clock::advance`],
    /// [`Clock::set`] or [`Clock::jump_wall`].
    pub fn manual(now: Timestamp) -> Self {
        Self::manual_from(now, Timestamp::default(), Self::DEFAULT_BOUND)
    }

    /// A clock for tests, whose wall clock shows `wall` at a start after `high_water` was saved.
    pub fn manual_from(wall: Timestamp, high_water: Timestamp, bound: Duration) -> Self {
        Self::start(Source::Manual(Hands::at(wall)), high_water, bound)
    }

    fn start(source: Source, high_water: Timestamp, bound: Duration) -> Self {
        let bound = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
        let wall = source.wall_millis();
        let now = wall.max(high_water.as_millis());
        let anchor = Anchor::new(source.boot_millis(), now, wall, bound);
        Self(Arc::new(Inner {
            source,
            anchor: ArcSwap::from_pointee(anchor),
            checking: Mutex::new(()),
            bound,
        }))
    }

    /// The time. It never goes back, whatever happens to the system's clock.
    pub fn now(&self) -> Timestamp {
        let boot = self.0.source.boot_millis();
        let anchor = self.0.anchor.load();
        if boot.saturating_sub(anchor.boot) >= CHECK_MILLIS {
            self.check(boot);
        }
        Timestamp::from_millis(anchor.now_at(boot))
    }

    /// What is wrong with the wall clock, if anything.
    pub fn fault(&self) -> Option<ClockFault> {
        let boot = self.0.source.boot_millis();
        if boot.saturating_sub(self.0.anchor.load().boot) >= CHECK_MILLIS {
            self.check(boot);
        }
        self.0.anchor.load().fault
    }

    /// The mark to save from time to time, for the next start.
    pub fn high_water(&self) -> Timestamp {
        self.now()
    }

    /// An operator says that the system's clock is right: from now on it is the time.
    pub fn confirm(&self) -> Confirmed {
        let _one = self
            .0
            .checking
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (boot, wall) = (self.0.source.boot_millis(), self.0.source.wall_millis());
        let anchor = self.0.anchor.load();
        let now = anchor.now_at(boot);
        if anchor.fault.is_none() && wall.abs_diff(now) <= self.0.bound {
            return Confirmed::Nothing;
        }
        let next = Anchor::new(boot, wall, wall, self.0.bound);
        self.0.anchor.store(Arc::new(next));
        let by = Duration::from_millis(wall.abs_diff(now));
        if wall >= now {
            Confirmed::Forward(by)
        } else {
            Confirmed::Back(by)
        }
    }

    /// Lets time pass on a manual clock; nothing moves the system's.
    pub fn advance(&self, span: Duration) {
        if let Source::Manual(hands) = &self.0.source {
            hands.advance(span);
        }
    }

    /// Lets time pass on a manual clock until an instant; one that is past changes nothing.
    pub fn set(&self, now: Timestamp) {
        self.advance(now.since(self.now()));
    }

    /// Sets a manual clock's wall to another time, as a person or a wrong server might; no time
    /// passes.
    pub fn jump_wall(&self, to: Timestamp) {
        if let Source::Manual(hands) = &self.0.source {
            hands.jump_wall(to);
        }
    }

    /// Listens to the wall clock. Whoever comes first does it; the others go on as before.
    fn check(&self, boot: u64) {
        let Ok(_one) = self.0.checking.try_lock() else {
            return;
        };
        let now = self.0.anchor.load().now_at(boot);
        let wall = self.0.source.wall_millis();
        let next = Anchor::new(boot, now, wall, self.0.bound);
        self.0.anchor.store(Arc::new(next));
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock")
            .field("now", &self.now())
            .field("fault", &self.fault())
            .finish()
    }
}

#[cfg(test)]
mod tests;
