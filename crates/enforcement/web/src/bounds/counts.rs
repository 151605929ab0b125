//! How many each of many has, over all traffic threads, without a lock.
//!
//! Two rows of counters under a hash that nobody outside knows: whoever is counted has at most
//! the smaller of their two. Memory is fixed, and somebody is only ever thought to have more
//! than they have where both of their counters are shared, which nobody can arrange.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// Counters of a row.
const ROW: usize = 16 * 1024;

/// Where each of many has its two places, one in each row.
#[derive(Debug, Default)]
pub(super) struct Places(RandomState);

/// Counts of many.
#[derive(Debug)]
pub(crate) struct Counts {
    places: Places,
    rows: [Box<[AtomicU32]>; 2],
}

/// One that is counted; no longer once dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    all: Arc<Counts>,
    at: [usize; 2],
}

impl Places {
    pub(super) fn of(&self, key: &impl Hash) -> [usize; 2] {
        let hash = self.0.hash_one(key);
        let place = |bits: u64| usize::try_from(bits).unwrap_or_default() % ROW;
        [place(hash & 0xffff_ffff), place(hash >> 32)]
    }

    /// Two rows of what starts so.
    pub(super) fn rows<T>(mut each: impl FnMut() -> T) -> [Box<[T]>; 2] {
        [(); 2].map(|()| (0..ROW).map(|_| each()).collect())
    }
}

impl Counts {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            places: Places::default(),
            rows: Places::rows(AtomicU32::default),
        })
    }

    /// Counts one more of somebody, unless that is too many.
    pub(crate) fn count(self: &Arc<Self>, key: &impl Hash, most: u32) -> Option<Counted> {
        let counted = Counted {
            all: Arc::clone(self),
            at: self.places.of(key),
        };
        self.each(counted.at, |counter| {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        (self.at(counted.at) <= most).then_some(counted)
    }

    /// How many somebody has.
    pub(crate) fn of(&self, key: &impl Hash) -> u32 {
        self.at(self.places.of(key))
    }

    fn each(&self, at: [usize; 2], mut act: impl FnMut(&AtomicU32)) {
        for (row, at) in self.rows.iter().zip(at) {
            if let Some(counter) = row.get(at) {
                act(counter);
            }
        }
    }

    fn at(&self, at: [usize; 2]) -> u32 {
        let mut least = u32::MAX;
        self.each(at, |counter| {
            least = least.min(counter.load(Ordering::Relaxed));
        });
        least
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.all.each(self.at, |counter| {
            counter.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_so_many_and_gets_back_what_it_gives_up() {
        let counts = Counts::new();
        let held: Vec<_> = (0..3).map(|_| counts.count(&"one", 3).unwrap()).collect();
        assert!(counts.count(&"one", 3).is_none());
        assert_eq!(counts.of(&"one"), 3);
        assert!(counts.count(&"other", 3).is_some());
        drop(held);
        assert_eq!(counts.of(&"one"), 0);
    }
}
