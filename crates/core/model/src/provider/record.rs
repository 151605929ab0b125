//! What is kept of a directory between its readings, whatever its settings are.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Change, ProviderName, Snapshot, Timestamp, User};

/// What readings of a directory did lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryRecord {
    /// The directory.
    pub name: ProviderName,
    /// What its readings did lately, in stretches, the oldest first.
    #[serde(default)]
    pub lately: Vec<Stretch>,
    /// Who was removed here, by their ids there: they do not come back by its readings.
    #[serde(default)]
    pub removed: BTreeSet<Arc<str>>,
    /// The epoch number of the last change.
    #[serde(default)]
    pub version: u64,
}

/// What readings did within [`Stretch::LENGTH`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// When it began.
    pub since: Timestamp,
    /// How many there were before it.
    pub before: Tally,
    /// How many were lost, and came back, within it.
    pub done: Tally,
}

impl Stretch {
    /// How long one lasts.
    pub const LENGTH: Duration = Duration::from_secs(60 * 60);
    /// What was done counts for at least so long.
    pub const COUNTS_FOR: Duration = Duration::from_secs(24 * 60 * 60);

    /// Whether what is done now belongs to it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now.since(self.since) < Self::LENGTH
    }

    /// Whether what was done in it still counts.
    pub fn counts(&self, now: Timestamp) -> bool {
        now.since(self.since) < Self::COUNTS_FOR + Self::LENGTH
    }
}

/// People and memberships of a directory, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// People who are linked and on; or who were switched off.
    #[serde(default)]
    pub people: usize,
    /// Memberships by its word; or such that ended.
    #[serde(default)]
    pub memberships: usize,
    /// People whom it has switched off; or who were switched on again.
    #[serde(default)]
    pub returns: usize,
}

impl Tally {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            people: self.people.saturating_add(other.people),
            memberships: self.memberships.saturating_add(other.memberships),
            returns: self.returns.saturating_add(other.returns),
        }
    }
}

impl DirectoryRecord {
    /// Of a directory of which nothing is kept yet.
    pub const fn of(name: ProviderName) -> Self {
        Self {
            name,
            lately: Vec::new(),
            removed: BTreeSet::new(),
            version: 0,
        }
    }

    /// What its readings did lately and still counts.
    pub fn done(&self, now: Timestamp) -> Tally {
        let counting = self.lately.iter().filter(|stretch| stretch.counts(now));
        counting.fold(Tally::default(), |sum, stretch| sum.and(stretch.done))
    }

    /// How many there were before the first of that, if anything still counts.
    pub fn before(&self, now: Timestamp) -> Option<Tally> {
        let mut counting = self.lately.iter().filter(|stretch| stretch.counts(now));
        counting.next().map(|stretch| stretch.before)
    }

    /// Whether what is done now belongs to what was done a moment ago.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.lately.last().is_some_and(|last| last.is_open(now))
    }

    /// The same after a reading did this where there were so many before; what counts no more is
    /// forgotten.
    #[must_use]
    pub fn after(&self, now: Timestamp, before: Tally, done: Tally) -> Self {
        let mut next = self.clone();
        next.lately.retain(|stretch| stretch.counts(now));
        match next.lately.last_mut().filter(|last| last.is_open(now)) {
            Some(last) => last.done = last.done.and(done),
            None => next.lately.push(Stretch {
                since: now,
                before,
                done,
            }),
        }
        next
    }
}

impl Snapshot {
    /// What is kept of somebody who is removed for good, so that the directories that have them do
    /// not bring them back: it belongs to the change that removes them.
    pub fn kept_of_removed(&self, user: &User) -> Vec<Change> {
        let mut records: Vec<DirectoryRecord> = Vec::new();
        for identity in &user.identities {
            let provider = self.provider(&identity.provider);
            if provider.is_none_or(|provider| provider.protocol.directory().is_none()) {
                continue;
            }
            let known = records.iter_mut().find(|one| one.name == identity.provider);
            match known {
                Some(record) => {
                    record.removed.insert(identity.subject.clone());
                }
                None => records.push(self.with_removed(&identity.provider, &identity.subject)),
            }
        }
        let put = |record: DirectoryRecord| Change::DirectoryRecordPut(record.into());
        records.into_iter().map(put).collect()
    }

    fn with_removed(&self, directory: &ProviderName, subject: &Arc<str>) -> DirectoryRecord {
        let known = self.directory_record(directory);
        let mut record = match known {
            Some(known) => DirectoryRecord::clone(known),
            None => DirectoryRecord::of(directory.clone()),
        };
        record.removed.insert(subject.clone());
        record
    }
}
