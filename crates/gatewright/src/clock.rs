//! The present, for commands that only show times. A running Gatewright has a clock of its own.

use gw_clock::Clock;
use gw_model::Timestamp;

/// What the system's clock shows.
pub(crate) fn now() -> Timestamp {
    Clock::system(Timestamp::default(), Clock::DEFAULT_BOUND).now()
}
