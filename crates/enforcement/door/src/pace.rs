//! How many accesses of strangers are recorded one by one.

use std::{cell::Cell, time::Duration};

use gw_model::Timestamp;

/// So many at once; those of an ordinary second fit in well.
const AT_ONCE: u64 = 300;
/// One more each time that so much has passed: at most some 200 MB of disk a day.
const EACH: Duration = Duration::from_millis(200);

/// What strangers have left.
#[derive(Debug)]
pub(crate) struct Pace {
    left: Cell<u64>,
    given_until: Cell<Timestamp>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            left: Cell::new(AT_ONCE),
            given_until: Cell::new(Timestamp::from_millis(0)),
        }
    }
}

impl Pace {
    /// Whether one more is recorded by itself.
    pub(crate) fn allows(&self, now: Timestamp) -> bool {
        self.give(now);
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    fn give(&self, now: Timestamp) {
        let until = self.given_until.get();
        if now < until {
            // The clock went back: what comes now is counted from here.
            return self.given_until.set(now);
        }
        let due = now.since(until).as_millis() / EACH.as_millis();
        let left = u128::from(self.left.get()) + due;
        if left >= u128::from(AT_ONCE) {
            self.left.set(AT_ONCE);
            self.given_until.set(now);
        } else if let Ok(due) = u32::try_from(due) {
            self.left.set(self.left.get() + u64::from(due));
            self.given_until.set(until.after(EACH * due));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_at_a_steady_pace() {
        let (pace, start) = (Pace::default(), Timestamp::from_secs(1_700_000_000));
        let allowed = |now| (0..1000).filter(|_| pace.allows(now)).count();
        assert_eq!(allowed(start), 300);
        assert_eq!(allowed(start.after(EACH / 2)), 0);
        assert_eq!(allowed(start.after(EACH * 3)), 3);
        assert_eq!(allowed(start.after(EACH * 10_000)), 300);
        assert_eq!(allowed(start), 0, "a clock that goes back gives nothing");
        assert_eq!(allowed(start.after(EACH)), 1, "and goes on from there");
    }

    #[test]
    fn what_is_left_of_a_while_is_not_lost() {
        let (pace, start) = (Pace::default(), Timestamp::from_secs(1_700_000_000));
        for _ in 0..AT_ONCE {
            assert!(pace.allows(start));
        }
        let allowed = (1..=100)
            .filter(|n| pace.allows(start.after(EACH * 3 / 4 * *n)))
            .count();
        assert_eq!(allowed, 75);
    }
}
