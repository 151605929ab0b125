//! Whose the seats of one traffic thread are, and who has most of them.

use std::collections::{BTreeSet, HashMap};

use super::pass::Caller;

/// The seats of people, by person and age. It is touched when a seat becomes somebody's or
/// ceases to be.
#[derive(Debug, Default)]
pub(super) struct Shares {
    seats: BTreeSet<(Caller, u64)>,
    of: HashMap<Caller, u32>,
    by_number: BTreeSet<(u32, Caller)>,
}

impl Shares {
    pub(super) fn add(&mut self, person: Caller, seat: u64) {
        if self.seats.insert((person, seat)) {
            let has = self.of(person);
            self.changes(person, has, has.saturating_add(1));
        }
    }

    pub(super) fn remove(&mut self, person: Caller, seat: u64) {
        if self.seats.remove(&(person, seat)) {
            let had = self.of(person);
            self.changes(person, had, had.saturating_sub(1));
        }
    }

    fn changes(&mut self, person: Caller, had: u32, has: u32) {
        self.by_number.remove(&(had, person));
        if has == 0 {
            self.of.remove(&person);
        } else {
            self.of.insert(person, has);
            self.by_number.insert((has, person));
        }
    }

    /// How many a person has.
    pub(super) fn of(&self, person: Caller) -> u32 {
        self.of.get(&person).copied().unwrap_or_default()
    }

    /// Somebody of whom nobody has more, with their number.
    pub(super) fn most(&self) -> Option<(Caller, u32)> {
        self.by_number.last().map(|(has, person)| (*person, *has))
    }

    /// A person's seats, the oldest first.
    pub(super) fn seats_of(&self, person: Caller) -> impl Iterator<Item = u64> {
        let all = (person, 0)..=(person, u64::MAX);
        self.seats.range(all).map(|(_, seat)| *seat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_most_is_found_whatever_comes_and_goes() {
        let mut shares = Shares::default();
        let [ana, bo] = [1, 2].map(|bits| Caller::Person(gw_model::UserId::from_bits(bits)));
        assert_eq!(shares.most(), None);
        for seat in [3, 1, 2] {
            shares.add(bo, seat);
        }
        shares.add(bo, 2);
        shares.add(ana, 4);
        assert_eq!(shares.most(), Some((bo, 3)));
        assert_eq!(shares.seats_of(bo).collect::<Vec<_>>(), [1, 2, 3]);
        for seat in [1, 2, 3, 3] {
            shares.remove(bo, seat);
        }
        assert_eq!((shares.of(bo), shares.most()), (0, Some((ana, 1))));
        shares.remove(ana, 4);
        assert!(shares.of.is_empty() && shares.by_number.is_empty() && shares.seats.is_empty());
    }
}
