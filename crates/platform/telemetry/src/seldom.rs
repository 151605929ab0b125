//! Lines that come with every request while something is out of order: one now and then is enough.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Lets one line through in each period, and counts the others.
#[derive(Debug)]
pub struct Seldom {
    period: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    last: Option<Instant>,
    kept_back: u64,
}

impl Seldom {
    /// The period of lines that tell of a fault of the machine.
    pub const FAULTS: Duration = Duration::from_secs(10);

    /// One line in each period.
    pub const fn every(period: Duration) -> Self {
        Self {
            period,
            state: Mutex::new(State {
                last: None,
                kept_back: 0,
            }),
        }
    }

    /// Whether a line is due: then how many were kept back since the last one.
    pub fn due(&self) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let early = state.last.is_some_and(|last| last.elapsed() < self.period);
        if early {
            state.kept_back += 1;
            return None;
        }
        state.last = Some(Instant::now());
        Some(std::mem::take(&mut state.kept_back))
    }
}

impl Default for Seldom {
    fn default() -> Self {
        Self::every(Self::FAULTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_in_a_period_is_let_through_and_the_next_tells_how_many_were_not() {
        let hourly = Seldom::every(Duration::from_secs(3600));
        assert_eq!(hourly.due(), Some(0));
        for _ in 0..5 {
            assert_eq!(hourly.due(), None);
        }
        assert_eq!(hourly.state.lock().unwrap().kept_back, 5);
        let always = Seldom::every(Duration::ZERO);
        assert_eq!((always.due(), always.due()), (Some(0), Some(0)));
    }
}
