//! When and by whom something was changed last: read from the transactions that the store keeps.

use std::collections::HashMap;

use gw_model::{Actor, Change, Epoch, Snapshot, Timestamp, UserId};
use gw_store::{Read, StoreError, StoredTransaction};

use crate::{
    declared::version,
    recent::actor,
    types::{Drifted, LastChange, PlannedChange},
};

/// A thing of the declared state: its kind and its name.
type Thing = (&'static str, String);

/// The kept changes of people, groups, apps and policies.
#[derive(Default)]
pub(super) struct Last {
    by_number: HashMap<u64, (Epoch, Timestamp, Actor)>,
    removed: HashMap<Thing, u64>,
    declared: Option<u64>,
}

impl Last {
    /// What is kept. Older changes are not known any more.
    pub(super) fn read(reader: &dyn Read) -> Result<Self, StoreError> {
        let (mut last, mut names) = (Self::default(), HashMap::new());
        reader.each_kept(&mut |transaction| last.take(transaction, &mut names))?;
        Ok(last)
    }

    fn take(&mut self, transaction: StoredTransaction, names: &mut HashMap<UserId, String>) {
        let number = transaction.epoch.number;
        let mut matters = false;
        for change in &transaction.changes {
            matters |= is_declarable(change);
            match change {
                Change::UserPut(user) => {
                    names.insert(user.id, user.name.to_string());
                }
                Change::UserRemoved(id) => {
                    let name = names.get(id).cloned();
                    let gone = name.map(|name| (("user", name), number));
                    self.removed.extend(gone);
                }
                Change::GroupRemoved(name) => {
                    self.removed.insert(("group", name.to_string()), number);
                }
                Change::AppRemoved(name) => {
                    self.removed.insert(("app", name.to_string()), number);
                }
                Change::DeclaredPut(_) => self.declared = Some(number),
                _ => {}
            }
        }
        if matters {
            let of = (transaction.epoch, transaction.at, transaction.actor);
            self.by_number.insert(number, of);
        }
    }

    /// When the declared state was put, and by whom.
    pub(super) fn declared(&self, facts: &Snapshot) -> Option<LastChange> {
        self.at(self.declared?, facts)
    }

    /// A change that the declared state would make, with the last one that was made by hand.
    pub(super) fn of(&self, change: PlannedChange, facts: &Snapshot) -> Drifted {
        let number = version(facts, &change).or_else(|| self.removed(&change));
        Drifted {
            last: number.and_then(|number| self.at(number, facts)),
            change,
        }
    }

    fn removed(&self, change: &PlannedChange) -> Option<u64> {
        let kind = ["user", "group", "app"]
            .into_iter()
            .find(|kind| *kind == change.kind)?;
        self.removed.get(&(kind, change.name.clone())).copied()
    }

    fn at(&self, number: u64, facts: &Snapshot) -> Option<LastChange> {
        let (epoch, at, by) = self.by_number.get(&number)?;
        Some(LastChange {
            epoch: *epoch,
            at: *at,
            by: actor(facts, by),
        })
    }
}

/// Whether it is a change of what can be declared.
const fn is_declarable(change: &Change) -> bool {
    matches!(
        change,
        Change::UserPut(_)
            | Change::UserRemoved(_)
            | Change::GroupPut(_)
            | Change::GroupRemoved(_)
            | Change::AppPut(_)
            | Change::AppRemoved(_)
            | Change::PoliciesApplied(_)
            | Change::DeclaredPut(_)
    )
}
