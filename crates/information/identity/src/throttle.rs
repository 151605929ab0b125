//! How often somebody may try, per address and per name, in bounded memory.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest;
use gw_model::Timestamp;

/// Most keys that are remembered.
const CAPACITY: usize = 16_384;

/// What addresses share a limit: one IPv4 address, or the /56 that one IPv6 customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Prefix(IpAddr);

impl Prefix {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let masked = address.to_bits() & (u128::MAX << 72);
                Self(IpAddr::V6(Ipv6Addr::from_bits(masked)))
            }
            v4 => Self(v4),
        }
    }
}

/// What a name is counted under: however long it is.
pub(crate) fn name_key(name: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(digest.as_ref());
    key
}

/// A number of tries at once, and one more each time that so much time has passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) at_once: u32,
    pub(crate) then_each: Duration,
}

/// Counts tries by key. It keeps one instant per key: when the key will have recovered wholly.
#[derive(Debug)]
pub(crate) struct Throttle<K> {
    limit: Limit,
    recovered: Mutex<HashMap<K, Timestamp>>,
}

impl<K: Eq + Hash + Clone> Throttle<K> {
    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            limit,
            recovered: Mutex::default(),
        }
    }

    /// Counts a try, unless it is one too many.
    pub(crate) fn admits(&self, key: &K, now: Timestamp) -> bool {
        let mut recovered = self
            .recovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let latest = now.after(self.limit.then_each.saturating_mul(self.limit.at_once));
        // What lies beyond is from before an operator set the time back.
        let known = recovered.get(key).copied().filter(|at| *at <= latest);
        let from = known.map_or(now, |at| at.max(now));
        let next = from.after(self.limit.then_each);
        if next > latest {
            return false;
        }
        if recovered.len() >= CAPACITY && !recovered.contains_key(key) {
            make_room(&mut recovered, now);
        }
        recovered.insert(key.clone(), next);
        true
    }
}

/// Forgets who has recovered; and if nobody has, who is nearest to it.
fn make_room<K: Eq + Hash + Clone>(recovered: &mut HashMap<K, Timestamp>, now: Timestamp) {
    recovered.retain(|_, at| *at > now);
    if recovered.len() < CAPACITY {
        return;
    }
    let nearest = recovered
        .iter()
        .min_by_key(|(_, at)| **at)
        .map(|(key, _)| key.clone());
    if let Some(key) = nearest {
        recovered.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        at_once: 3,
        then_each: Duration::from_secs(60),
    };

    #[test]
    fn so_many_at_once_and_then_one_at_a_time() {
        let throttle = Throttle::new(LIMIT);
        let start = Timestamp::from_secs(1000);
        let tries = (0..5).filter(|_| throttle.admits(&"a", start)).count();
        assert_eq!(tries, 3);
        assert!(throttle.admits(&"b", start), "others are not concerned");
        let later = start.after(Duration::from_secs(60));
        assert!(throttle.admits(&"a", later));
        assert!(!throttle.admits(&"a", later));
    }

    #[test]
    fn time_that_was_set_back_locks_nobody_out() {
        let throttle = Throttle::new(LIMIT);
        let start = Timestamp::from_secs(100_000);
        while throttle.admits(&"a", start) {}
        let back = start.before(Duration::from_secs(86_400));
        let tries = (0..5).filter(|_| throttle.admits(&"a", back)).count();
        assert_eq!(tries, 3);
    }

    #[test]
    fn memory_is_bounded_and_whoever_is_throttled_longest_stays_so() {
        let throttle = Throttle::new(LIMIT);
        let now = Timestamp::from_secs(1000);
        while throttle.admits(&u32::MAX, now) {}
        for key in 0..40_000 {
            assert!(throttle.admits(&key, now));
        }
        assert!(throttle.recovered.lock().unwrap().len() <= CAPACITY);
        assert!(!throttle.admits(&u32::MAX, now));
    }

    #[test]
    fn one_customer_is_one_prefix() {
        let of = |text: &str| Prefix::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:ff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:2:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
