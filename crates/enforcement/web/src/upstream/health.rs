//! Whether a server is well, as far as one thread has seen.
//!
//! Passive: connections that fail and answers that do not come, one after another, put a
//! server aside for a time that grows with each turn and is bounded; then one request tries
//! again. Active: a check that fails twice puts it aside until one succeeds.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// Failures in a row that put a server aside.
const FAILURES_MAX: u32 = 3;

/// How long the first time, doubled each further time.
const ASIDE: Duration = Duration::from_secs(1);

/// How long at the most.
const ASIDE_MAX: Duration = Duration::from_secs(60);

/// Failed checks in a row that put a server aside.
const CHECKS_FAILED_MAX: u32 = 2;

#[derive(Debug, Default)]
pub(super) struct Health {
    failures: Cell<u32>,
    /// Times that it was put aside in a row.
    turns: Cell<u32>,
    aside_until: Cell<Option<Instant>>,
    last_failed: Cell<Option<Instant>>,
    checks_failed: Cell<u32>,
}

impl Health {
    /// It answered.
    pub(super) fn answered(&self) {
        if self.failures.get() > 0 {
            self.failures.set(0);
            self.turns.set(0);
            self.aside_until.set(None);
        }
    }

    /// It could not be connected to, or did not answer in time. Tells whether it is put aside.
    pub(super) fn failed(&self, now: Instant) -> bool {
        let failures = self.failures.get().saturating_add(1);
        self.failures.set(failures);
        self.last_failed.set(Some(now));
        if failures < FAILURES_MAX || self.aside_until.get().is_some_and(|until| now < until) {
            return false;
        }
        let turns = self.turns.get();
        let time = ASIDE.saturating_mul(1 << turns.min(16)).min(ASIDE_MAX);
        self.turns.set(turns.saturating_add(1));
        self.aside_until.set(Some(now + time));
        true
    }

    /// A check was answered as it should be, or was not. Tells whether that changed anything.
    pub(super) fn checked(&self, well: bool, now: Instant) -> bool {
        let before = self.checks_failed.get();
        if well {
            self.checks_failed.set(0);
            return before >= CHECKS_FAILED_MAX;
        }
        self.checks_failed.set(before.saturating_add(1));
        self.last_failed.set(Some(now));
        before + 1 == CHECKS_FAILED_MAX
    }

    /// Whether it takes requests. After its time aside one request tries it, others wait for
    /// what becomes of that.
    pub(super) fn is_available(&self, now: Instant, in_flight: usize) -> bool {
        if self.checks_failed.get() >= CHECKS_FAILED_MAX {
            return false;
        }
        match self.aside_until.get() {
            None => true,
            Some(until) => now >= until && in_flight == 0,
        }
    }

    /// When it last failed.
    pub(super) const fn last_failed(&self) -> Option<Instant> {
        self.last_failed.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_fails_again_and_again_is_put_aside_for_longer_and_longer_within_a_bound() {
        let health = Health::default();
        let mut now = Instant::now();
        assert!(!health.failed(now) && !health.failed(now));
        assert!(health.is_available(now, 5), "two failures are bad luck");
        let mut last = Duration::ZERO;
        for turn in 0..12 {
            assert!(health.failed(now), "turn {turn}");
            let mut aside = Duration::ZERO;
            while !health.is_available(now + aside, 0) {
                aside += Duration::from_millis(100);
            }
            assert!(aside >= last && aside <= ASIDE_MAX, "{aside:?}");
            assert!(!health.is_available(now + aside, 1), "one at a time tries");
            last = aside;
            now += aside;
        }
        assert_eq!(last, ASIDE_MAX);
        health.answered();
        assert!(health.is_available(now, 9));
        assert!(!health.failed(now), "it begins anew");
    }

    #[test]
    fn failures_of_what_was_under_way_already_do_not_count_twice() {
        let health = Health::default();
        let now = Instant::now();
        let put_aside = (0..10).filter(|_| health.failed(now)).count();
        assert_eq!(put_aside, 1);
        assert!(health.is_available(now + ASIDE, 0));
    }

    #[test]
    fn two_failed_checks_put_it_aside_until_one_succeeds() {
        let health = Health::default();
        let now = Instant::now();
        assert!(!health.checked(false, now));
        assert!(health.is_available(now, 0));
        assert!(health.checked(false, now));
        assert!(!health.is_available(now + ASIDE_MAX, 0));
        assert!(health.checked(true, now));
        assert!(health.is_available(now, 0));
    }
}
