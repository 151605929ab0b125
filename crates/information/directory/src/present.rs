//! What came from a directory before, as the facts have it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gw_model::{
    DirectoryRecord, ExternalIdentity, Membership, ProviderName, Snapshot, Tally, Timestamp, User,
    UserId,
};

/// The people and memberships that came from a directory before: a view over the facts.
#[derive(Debug, Clone, Copy)]
pub struct Present<'f> {
    facts: &'f Snapshot,
    provider: &'f ProviderName,
    now: Timestamp,
}

impl<'f> Present<'f> {
    /// What is there by a provider's word.
    pub const fn of(facts: &'f Snapshot, provider: &'f ProviderName) -> Self {
        Self {
            facts,
            provider,
            now: Timestamp::from_millis(0),
        }
    }

    /// The same at an instant: what was done long before it does not count any more. Without one,
    /// all that is known counts.
    #[must_use]
    pub const fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// What is kept of its readings.
    pub(crate) fn record(&self) -> Option<&'f DirectoryRecord> {
        self.facts.directory_record(self.provider).map(|one| &**one)
    }

    /// Whether somebody was removed here, for good.
    pub(crate) fn is_removed(&self, id: &str) -> bool {
        self.record()
            .is_some_and(|record| record.removed.contains(id))
    }

    /// What its readings did lately.
    pub(crate) fn done(&self) -> Tally {
        let done = self.record().map(|record| record.done(self.now));
        done.unwrap_or_default()
    }

    /// How many there were before that. Of what there was nothing then, what there is now counts.
    pub(crate) fn before(&self) -> Tally {
        let now = self.stakes();
        let record = self.record().and_then(|record| record.before(self.now));
        let Some(before) = record else {
            return now;
        };
        let or = |before: usize, now: usize| if before == 0 { now } else { before };
        Tally {
            people: or(before.people, now.people),
            memberships: or(before.memberships, now.memberships),
            returns: or(before.returns, now.returns),
        }
    }

    /// Who is linked and on, how many memberships they have by the directory's word, and who was
    /// switched off by it.
    pub(crate) fn stakes(&self) -> Tally {
        let mut found = Tally::default();
        for user in self.facts.users().filter(|user| user.is_of(self.provider)) {
            if user.disabled {
                found.returns += usize::from(user.is_off_at(self.provider));
                continue;
            }
            found.people += usize::from(!self.ids_of(user).is_empty());
            found.memberships += user.groups.iter().filter(|one| self.is_ours(one)).count();
        }
        found
    }

    /// The unique ids of everybody who is linked.
    pub(crate) fn unique_ids(&self) -> BTreeSet<Arc<str>> {
        let people = self.facts.users();
        people.flat_map(|user| self.ids_of(user)).collect()
    }

    /// The unique ids of everybody who is linked and on: of these, a reading makes sure that they
    /// are gone before it leaves one out.
    pub fn expected(&self) -> BTreeSet<Arc<str>> {
        let on = self.facts.users().filter(|user| !user.disabled);
        on.flat_map(|user| self.ids_of(user)).collect()
    }

    pub(crate) const fn facts(&self) -> &'f Snapshot {
        self.facts
    }

    pub(crate) const fn provider(&self) -> &'f ProviderName {
        self.provider
    }

    /// Everybody of whom something came from there, by id.
    pub(crate) fn people(&self) -> BTreeMap<UserId, &'f Arc<User>> {
        let theirs = self.facts.users().filter(|user| user.is_of(self.provider));
        theirs.map(|user| (user.id, user)).collect()
    }

    pub(crate) fn ids_of(&self, user: &User) -> Vec<Arc<str>> {
        let of = |one: &&ExternalIdentity| one.provider == *self.provider;
        let theirs = user.identities.iter().filter(of);
        theirs.map(|identity| identity.subject.clone()).collect()
    }

    pub(crate) fn identity(&self, id: &Arc<str>) -> ExternalIdentity {
        ExternalIdentity::of(self.provider.clone(), id.clone())
    }

    pub(crate) fn is_ours(&self, membership: &Membership) -> bool {
        membership.by.as_ref() == Some(self.provider)
    }

    /// Whether this directory's words for who they are count: it was the first that they were
    /// linked with.
    pub(crate) fn words_count(&self, user: &User) -> bool {
        let first = user.identities.first();
        first.is_some_and(|identity| identity.provider == *self.provider)
    }
}
