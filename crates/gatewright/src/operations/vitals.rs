//! What a process notes of its own health, for whoever asks.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The store is written once a second; longer than this without, and it cannot be.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was noted; clones are the same.
#[derive(Clone)]
pub(crate) struct Vitals(Arc<Inner>);

struct Inner {
    draining: AtomicBool,
    saved: Mutex<Saved>,
}

/// How the last write to the store ended, and when one last succeeded.
struct Saved {
    at: Instant,
    fault: Option<String>,
}

impl Default for Vitals {
    fn default() -> Self {
        Self(Arc::new(Inner {
            draining: AtomicBool::new(false),
            saved: Mutex::new(Saved {
                at: Instant::now(),
                fault: None,
            }),
        }))
    }
}

impl Vitals {
    /// From now on nothing new is served.
    pub(crate) fn drains(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// How a write to the store ended.
    pub(crate) fn saved(&self, ended: &Result<(), String>) {
        let mut saved = self.kept();
        saved.fault = ended.as_ref().err().cloned();
        if saved.fault.is_none() {
            saved.at = Instant::now();
        }
    }

    /// How long ago the store was last written.
    pub(super) fn unsaved_for(&self) -> Duration {
        self.kept().at.elapsed()
    }

    /// Why the store cannot be written, if so.
    pub(super) fn store_fault(&self) -> Option<String> {
        let saved = self.kept();
        let late = saved.at.elapsed();
        let stuck = || format!("nothing could be saved for {} s", late.as_secs());
        saved
            .fault
            .clone()
            .or_else(|| (late > PATIENCE).then(stuck))
    }

    fn kept(&self) -> MutexGuard<'_, Saved> {
        self.0.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_at_fault_from_the_first_write_that_fails_to_the_next_that_does_not() {
        let vitals = Vitals::default();
        assert_eq!(vitals.store_fault(), None);
        vitals.saved(&Err("the disk is full".into()));
        assert_eq!(vitals.store_fault().as_deref(), Some("the disk is full"));
        vitals.saved(&Ok(()));
        assert_eq!(vitals.store_fault(), None);
    }

    #[test]
    fn a_write_that_never_ends_is_a_fault_as_well() {
        let vitals = Vitals::default();
        let long_ago = Instant::now().checked_sub(PATIENCE + Duration::from_secs(1));
        vitals.kept().at = long_ago.unwrap();
        let fault = vitals.store_fault().unwrap();
        assert!(fault.contains("11 s"), "{fault}");
    }
}
