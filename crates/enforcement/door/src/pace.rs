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
        let passed = now.since(self.given_until.get());
        let due = u64::try_from(passed.as_millis() / EACH.as_millis()).unwrap_or(u64::MAX);
        if due > 0 {
            self.left
                .set(self.left.get().saturating_add(due).min(AT_ONCE));
            self.given_until.set(now);
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
    }
}
