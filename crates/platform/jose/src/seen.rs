//! What may come once only: a bounded memory that refuses rather than forgets.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
    fmt,
};

use aws_lc_rs::digest::{Context, SHA256};
use gw_model::Timestamp;

/// The name of something that may come once: a hash over its purpose, issuer and id; and a hash
/// over who gave it that id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeenKey {
    id: [u8; 32],
    owner: [u8; 32],
}

impl SeenKey {
    /// Of an id that an issuer gave for a purpose. Ids of different issuers or purposes are
    /// different, whatever they are made of.
    pub fn new(purpose: &str, issuer: &str, id: &str) -> Self {
        Self {
            id: hash(&[purpose, issuer, id]),
            owner: hash(&[purpose, issuer]),
        }
    }

    /// The hash of the id, by which it may be kept elsewhere.
    pub const fn digest(&self) -> [u8; 32] {
        self.id
    }
}

/// Of texts each with its length, so that no two lists have one hash.
fn hash(parts: &[&str]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

impl fmt::Debug for SeenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeenKey")
    }
}

/// Whether something came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// It did not: accept it. From now on it has.
    First,
    /// It did: refuse it.
    Again,
    /// It is over already, so that nothing is remembered of it: refuse it.
    Late,
    /// Its issuer has taken up the share of one issuer: refuse it.
    OverShare,
    /// There is no room to remember it: refuse it, and say so to the operator.
    Full,
}

impl Sighting {
    /// Whether it is to be accepted.
    pub const fn is_first(self) -> bool {
        matches!(self, Self::First)
    }
}

/// What has been seen and is still valid. It never forgets what may come again.
///
/// An entry takes some two hundred bytes, and an issuer with entries some sixty; what was taken up
/// is kept for the next. Each call forgets what is over, at a cost that each entry pays once, of
/// the order of the logarithm of how many there are.
#[derive(Debug)]
pub struct SeenOnce {
    capacity: usize,
    share: usize,
    seen: HashSet<[u8; 32]>,
    /// How many there are of each issuer that has any.
    of_owner: HashMap<[u8; 32], usize>,
    /// The same entries, those that end first on top.
    ends: BinaryHeap<Reverse<(Timestamp, SeenKey)>>,
    /// The latest time that was told: what was forgotten does not come back with a clock that does.
    latest: Timestamp,
}

impl SeenOnce {
    /// Room for so many at a time, of whichever issuer; it takes up no more than it holds.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            capacity,
            share: capacity,
            seen: HashSet::new(),
            of_owner: HashMap::new(),
            ends: BinaryHeap::new(),
            latest: Timestamp::default(),
        }
    }

    /// No more than so many of one issuer and purpose, so that none takes the room of the others.
    #[must_use]
    pub fn with_share(self, share: usize) -> Self {
        Self { share, ..self }
    }

    /// Notes that something came, which is remembered until `until`, exclusively: no token with
    /// its id may be valid then. Call it last, when all else holds: what is refused anyway must
    /// take no room.
    pub fn see(&mut self, key: SeenKey, until: Timestamp, now: Timestamp) -> Sighting {
        self.forget(now);
        if until <= self.latest {
            return Sighting::Late;
        }
        if self.seen.contains(&key.id) {
            return Sighting::Again;
        }
        if self.seen.len() >= self.capacity {
            return Sighting::Full;
        }
        let of_owner = self.of_owner.get(&key.owner).copied().unwrap_or_default();
        if of_owner >= self.share {
            return Sighting::OverShare;
        }
        self.of_owner.insert(key.owner, of_owner + 1);
        self.seen.insert(key.id);
        self.ends.push(Reverse((until, key)));
        Sighting::First
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    fn forget(&mut self, now: Timestamp) {
        self.latest = self.latest.max(now);
        while let Some(Reverse((until, key))) = self.ends.peek().copied() {
            if until > self.latest {
                break;
            }
            self.ends.pop();
            self.seen.remove(&key.id);
            self.let_go(&key.owner);
        }
    }

    /// One less of this issuer, which is forgotten with its last.
    fn let_go(&mut self, owner: &[u8; 32]) {
        if let Some(count) = self.of_owner.get_mut(owner) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of_owner.remove(owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn key(id: &str) -> SeenKey {
        SeenKey::new("test", "issuer", id)
    }

    #[test]
    fn what_came_once_is_refused_until_it_is_over() {
        let mut seen = SeenOnce::with_capacity(10);
        assert_eq!(seen.see(key("a"), at(10), at(1)), Sighting::First);
        assert_eq!(seen.see(key("a"), at(10), at(9)), Sighting::Again);
        assert_eq!(seen.see(key("a"), at(20), at(9)), Sighting::Again);
        assert_eq!(seen.see(key("a"), at(10), at(10)), Sighting::Late);
        assert_eq!(seen.see(key("a"), at(20), at(10)), Sighting::First);
    }

    #[test]
    fn a_full_memory_refuses_and_forgets_nothing_that_is_valid() {
        let mut seen = SeenOnce::with_capacity(2);
        assert_eq!(seen.see(key("a"), at(10), at(1)), Sighting::First);
        assert_eq!(seen.see(key("b"), at(20), at(1)), Sighting::First);
        assert_eq!(seen.see(key("c"), at(20), at(1)), Sighting::Full);
        assert_eq!(seen.see(key("a"), at(10), at(1)), Sighting::Again);
        assert_eq!(seen.see(key("c"), at(20), at(10)), Sighting::First);
        assert_eq!(seen.see(key("b"), at(20), at(10)), Sighting::Again);
    }

    #[test]
    fn an_issuer_takes_no_more_than_its_share() {
        let mut seen = SeenOnce::with_capacity(3).with_share(2);
        let of = |issuer, id| SeenKey::new("test", issuer, id);
        assert_eq!(seen.see(of("one", "a"), at(10), at(1)), Sighting::First);
        assert_eq!(seen.see(of("one", "b"), at(20), at(1)), Sighting::First);
        assert_eq!(seen.see(of("one", "c"), at(20), at(1)), Sighting::OverShare);
        assert_eq!(seen.see(of("one", "a"), at(20), at(1)), Sighting::Again);
        assert_eq!(seen.see(of("two", "a"), at(20), at(1)), Sighting::First);
        assert_eq!(seen.see(of("two", "b"), at(20), at(1)), Sighting::Full);
        assert_eq!(seen.see(of("one", "c"), at(20), at(10)), Sighting::First);
        assert_eq!((seen.len(), seen.of_owner.len()), (3, 2));
        assert_eq!(seen.see(of("one", "a"), at(30), at(20)), Sighting::First);
        assert_eq!((seen.len(), seen.of_owner.len()), (1, 1));
    }

    #[test]
    fn a_clock_that_goes_back_brings_nothing_back() {
        let mut seen = SeenOnce::with_capacity(2);
        assert_eq!(seen.see(key("a"), at(10), at(1)), Sighting::First);
        assert_eq!(seen.see(key("b"), at(30), at(20)), Sighting::First);
        assert_eq!(seen.see(key("a"), at(10), at(1)), Sighting::Late);
    }

    #[test]
    fn ids_of_different_issuers_and_purposes_are_different() {
        assert_ne!(SeenKey::new("a", "b", "c"), SeenKey::new("a", "bc", ""));
        assert_ne!(SeenKey::new("a", "b", "c"), SeenKey::new("ab", "", "c"));
        assert_ne!(SeenKey::new("a", "b", "c"), SeenKey::new("b", "a", "c"));
    }

    proptest! {
        #[test]
        fn nothing_is_accepted_twice_while_it_is_valid(
            comings in prop::collection::vec((0_u8..6, 1_u64..20, 0_u64..5), 0..200),
            capacity in 1_usize..6,
        ) {
            let mut seen = SeenOnce::with_capacity(capacity);
            let mut valid: BTreeMap<u8, Timestamp> = BTreeMap::new();
            let mut now = at(100);
            for (id, life, passed) in comings {
                now = now.after(std::time::Duration::from_secs(passed));
                valid.retain(|_, until| *until > now);
                let until = now.after(std::time::Duration::from_secs(life));
                let expected = match valid.get(&id) {
                    Some(_) => Sighting::Again,
                    None if valid.len() >= capacity => Sighting::Full,
                    None => Sighting::First,
                };
                prop_assert_eq!(seen.see(key(&id.to_string()), until, now), expected);
                if expected.is_first() {
                    valid.insert(id, until);
                }
                prop_assert_eq!(seen.len(), valid.len());
            }
        }
    }
}
