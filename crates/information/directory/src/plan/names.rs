//! Who is called what: names that change hands within one plan.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gw_model::{Snapshot, UserId};

/// Somebody who wants another name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rename {
    pub(super) user: UserId,
    pub(super) from: Arc<str>,
    pub(super) to: Arc<str>,
}

/// Renames in an order in which each finds its name free.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// Who gets the name that they want, in order.
    pub(super) order: Vec<UserId>,
    /// Who does not: somebody has it who keeps it.
    pub(super) refused: BTreeSet<UserId>,
    freed: BTreeSet<Arc<str>>,
    taken: BTreeSet<Arc<str>>,
}

impl Renames {
    /// No two of them want the same name.
    pub(super) fn of(facts: &Snapshot, renames: Vec<Rename>) -> Self {
        let mut found = Self::default();
        let is_free = |rename: &&Rename| facts.user_named(&rename.to).is_none();
        let mut ready: Vec<_> = renames.iter().filter(is_free).collect();
        ready.sort_unstable_by(|one, other| other.cmp(one));
        let waiting: BTreeMap<&str, &Rename> = renames.iter().map(|one| (&*one.to, one)).collect();
        while let Some(rename) = ready.pop() {
            found.order.push(rename.user);
            found.taken.insert(rename.to.clone());
            found.freed.insert(rename.from.clone());
            ready.extend(waiting.get(&*rename.from).copied());
        }
        let made: BTreeSet<_> = found.order.iter().copied().collect();
        let left = renames.iter().map(|one| one.user);
        found.refused = left.filter(|user| !made.contains(user)).collect();
        found
    }

    /// Whether nobody is called that once all of them are made.
    pub(super) fn is_free(&self, facts: &Snapshot, name: &str) -> bool {
        !self.taken.contains(name)
            && (self.freed.contains(name) || facts.user_named(name).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{facts, user};

    fn rename(user: u64, from: &str, to: &str) -> Rename {
        Rename {
            user: UserId::from_bits(user),
            from: from.into(),
            to: to.into(),
        }
    }

    #[test]
    fn names_are_handed_on_from_the_end_of_the_chain() {
        let facts = facts(vec![user(1, "a"), user(2, "b"), user(3, "c")]);
        let chain = vec![
            rename(1, "a", "b"),
            rename(2, "b", "c"),
            rename(3, "c", "d"),
        ];
        let renames = Renames::of(&facts, chain);
        assert_eq!(renames.order, [3, 2, 1].map(UserId::from_bits));
        assert!(renames.refused.is_empty());
        assert!(renames.is_free(&facts, "a"));
        assert!(!renames.is_free(&facts, "b"));
    }

    #[test]
    fn who_would_swap_names_keeps_them() {
        let facts = facts(vec![user(1, "a"), user(2, "b")]);
        let renames = Renames::of(&facts, vec![rename(1, "a", "b"), rename(2, "b", "a")]);
        assert!(renames.order.is_empty());
        assert_eq!(renames.refused.len(), 2);
    }
}
