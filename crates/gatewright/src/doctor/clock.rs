//! The clock, against what was saved before the last stop and what a running Gatewright counts.

use std::time::Duration;

use gw_model::Timestamp;
use gw_store::Loaded;

use super::{finding::Finding, running::Running};
use crate::clock::now;

const ABOUT: &str = "clock";
const WHICH: &str = "system";

/// Saved a moment ago, read now.
const SLACK: Duration = gw_clock::Clock::DEFAULT_BOUND;

pub(super) fn look(stored: Option<&Loaded>, running: &Running) -> Finding {
    if let Some(clock) = running.clock() {
        return match &clock.fault {
            Some(fault) => Finding::wrong(ABOUT, WHICH, fault)
                .try_this("set the clock right, or `gatewright clock confirm` if it is"),
            None => Finding::fine(ABOUT, WHICH, "agrees with the time that has passed"),
        };
    }
    match stored {
        Some(loaded) => against(loaded.high_water, now()),
        None => Finding::fine(ABOUT, WHICH, "there is nothing to compare it with yet"),
    }
}

fn against(saved: Timestamp, now: Timestamp) -> Finding {
    let behind = saved.since(now);
    if behind > SLACK {
        let words = gw_pages::span_words(behind);
        let what = format!("is {words} behind the time that was saved before the last stop");
        return Finding::wrong(ABOUT, WHICH, what)
            .try_this("set the clock right before gatewright starts: what has expired stays expired, and conditions on time deny");
    }
    Finding::fine(ABOUT, WHICH, "is not behind the time of the last stop")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_clock_that_went_back_is_found_out() {
        let saved = Timestamp::from_secs(1_800_000_000);
        let state = |now| against(saved, now).state;
        assert_eq!(state(saved.after(Duration::from_secs(9))), State::Fine);
        assert_eq!(state(saved.before(Duration::from_secs(59))), State::Fine);
        assert_eq!(state(saved.before(Duration::from_secs(61))), State::Wrong);
    }
}
