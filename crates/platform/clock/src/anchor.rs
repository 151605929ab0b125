//! A point in time from which the next ones follow: pure arithmetic.

use std::time::Duration;

use crate::ClockFault;

/// While a difference is followed, time runs this fraction faster or slower.
const SLEW: u64 = 20;

/// All in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// The boot clock's reading here.
    pub(crate) boot: u64,
    /// The time here.
    now: u64,
    /// What is still to be followed, from here on.
    slew: Slew,
    /// Whether the wall clock is too far off to be followed.
    pub(crate) fault: Option<ClockFault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slew {
    Forward(u64),
    Back(u64),
}

impl Anchor {
    pub(crate) fn new(boot: u64, now: u64, wall: u64, bound: u64) -> Self {
        let off = wall.abs_diff(now);
        let by = Duration::from_millis(off);
        let fault = match () {
            () if off <= bound => None,
            () if wall > now => Some(ClockFault::Ahead { by }),
            () => Some(ClockFault::Behind { by }),
        };
        let slew = match () {
            () if fault.is_some() => Slew::Forward(0),
            () if wall >= now => Slew::Forward(off),
            () => Slew::Back(off),
        };
        Self {
            boot,
            now,
            slew,
            fault,
        }
    }

    /// The time at a later reading of the boot clock.
    pub(crate) fn now_at(&self, boot: u64) -> u64 {
        let passed = boot.saturating_sub(self.boot);
        let plain = self.now.saturating_add(passed);
        match self.slew {
            Slew::Forward(off) => plain.saturating_add(off.min(passed / SLEW)),
            Slew::Back(off) => plain.saturating_sub(off.min(passed / SLEW)),
        }
    }
}
