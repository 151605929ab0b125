//! What is open on one core: leases by the judgement that they hang on, and judgements by whom
//! they are about and by when they are to be looked at.
//!
//! Leases come and go with every request, so registering, hanging and freeing one are O(1). A
//! judgement on which nothing hangs any more is kept for a while, since the next request of the
//! same session is likely to hang on it.

use std::{
    collections::{BTreeSet, VecDeque},
    rc::Rc,
    sync::Arc,
};

use gw_engine::{Circumstances, Judgement, Subject};
use gw_model::{DecisionId, JudgementId, Timestamp};
use rustc_hash::FxHashMap;
use slab::Slab;

use crate::{Cut, desk::OpenLease};

/// Judgements on which nothing hangs that are kept.
const UNUSED_MAX: usize = 1_024;

/// The leases of one core.
#[derive(Default)]
pub(crate) struct Table {
    leases: Slab<Entry>,
    holds: Slab<Hold>,
    by_judgement: FxHashMap<JudgementId, usize>,
    by_subject: BTreeSet<(Subject, usize)>,
    by_time: BTreeSet<(Timestamp, usize)>,
    /// Judgements that were without leases at some time, the earliest first.
    unused: VecDeque<JudgementId>,
}

/// One lease.
struct Entry {
    circumstances: Rc<Circumstances>,
    cut: Cut,
    place: Option<Place>,
    /// What opened it, and when; nothing before it is open.
    opened: Option<(DecisionId, Timestamp)>,
}

/// Where a lease hangs: the hold, and the place among its leases.
#[derive(Clone, Copy)]
struct Place {
    hold: usize,
    at: usize,
}

/// A judgement, and the leases that hang on it.
pub(crate) struct Hold {
    pub(crate) judgement: Arc<Judgement>,
    /// The number of the newest epoch at which it was seen to stand.
    pub(crate) seen_at: u64,
    look_at: Timestamp,
    leases: Vec<usize>,
    is_queued: bool,
}

impl Table {
    /// Takes note of what is about to be judged.
    pub(crate) fn register(&mut self, circumstances: Rc<Circumstances>, cut: Cut) -> usize {
        self.leases.insert(Entry {
            circumstances,
            cut,
            place: None,
            opened: None,
        })
    }

    /// Notes what opened a lease.
    pub(crate) fn opened(&mut self, lease: usize, decision: DecisionId, at: Timestamp) {
        if let Some(entry) = self.leases.get_mut(lease) {
            entry.opened = Some((decision, at));
        }
    }

    /// What is open at places from `from` on, at most so many places of them; and where to go on.
    pub(crate) fn some(&self, from: usize, places: usize) -> (Vec<OpenLease>, Option<usize>) {
        let end = from.saturating_add(places);
        let open = (from..end.min(self.leases.capacity())).filter_map(|at| {
            let entry = self.leases.get(at)?;
            let (decision, opened_at) = entry.opened?;
            Some(OpenLease {
                decision,
                opened_at,
                circumstances: Circumstances::clone(&entry.circumstances),
                judgement: self.judgement(at)?.clone(),
            })
        });
        (
            open.collect(),
            (end < self.leases.capacity()).then_some(end),
        )
    }

    /// What cuts the lease that a decision opened.
    pub(crate) fn opened_by(&self, decision: DecisionId) -> Option<Cut> {
        let is_it = |entry: &&Entry| entry.opened.is_some_and(|(opened, _)| opened == decision);
        let found = self.leases.iter().map(|(_, entry)| entry).find(is_it);
        found.map(|entry| entry.cut.clone())
    }

    /// Frees a lease.
    pub(crate) fn free(&mut self, lease: usize) {
        self.unhang(lease);
        self.leases.try_remove(lease);
    }

    /// How many leases are open.
    pub(crate) fn open(&self) -> usize {
        self.leases.len()
    }

    /// All handles by which what is open can be cut.
    pub(crate) fn cuts(&self) -> Vec<Cut> {
        self.leases.iter().map(|(_, e)| e.cut.clone()).collect()
    }

    pub(crate) fn circumstances(&self, lease: usize) -> Option<&Rc<Circumstances>> {
        self.leases.get(lease).map(|entry| &entry.circumstances)
    }

    /// The judgement that a lease hangs on.
    pub(crate) fn judgement(&self, lease: usize) -> Option<&Arc<Judgement>> {
        let place = self.leases.get(lease)?.place?;
        Some(&self.holds.get(place.hold)?.judgement)
    }

    /// Hangs a lease on a judgement that stands at the epoch of number `seen_at`; whether
    /// nothing has hung on that before.
    pub(crate) fn hang(&mut self, lease: usize, judgement: &Arc<Judgement>, seen_at: u64) -> bool {
        self.unhang(lease);
        let known = self.by_judgement.get(&judgement.id).copied();
        let hold = known.unwrap_or_else(|| self.hold(judgement));
        if let (Some(entry), Some(held)) = (self.leases.get_mut(lease), self.holds.get_mut(hold)) {
            let at = held.leases.len();
            entry.place = Some(Place { hold, at });
            held.leases.push(lease);
            held.seen_at = held.seen_at.max(seen_at);
        }
        known.is_none()
    }

    /// Takes a lease off its judgement, and hands out what cuts it.
    pub(crate) fn let_go(&mut self, lease: usize) -> Option<Cut> {
        self.unhang(lease);
        self.leases.get(lease).map(|entry| entry.cut.clone())
    }

    fn unhang(&mut self, lease: usize) {
        let place = self.leases.get_mut(lease).and_then(|e| e.place.take());
        let Some(Place { hold, at }) = place else {
            return;
        };
        let Some(held) = self.holds.get_mut(hold) else {
            return;
        };
        held.leases.swap_remove(at);
        let moved = held
            .leases
            .get(at)
            .and_then(|lease| self.leases.get_mut(*lease));
        if let Some(place) = moved.and_then(|entry| entry.place.as_mut()) {
            place.at = at;
        }
        if held.leases.is_empty() && !held.is_queued {
            held.is_queued = true;
            self.unused.push_back(held.judgement.id);
            self.forget_surplus();
        }
    }

    fn hold(&mut self, judgement: &Arc<Judgement>) -> usize {
        let look_at = judgement.look_at(judgement.made_at);
        let hold = self.holds.insert(Hold {
            judgement: judgement.clone(),
            seen_at: 0,
            look_at,
            leases: Vec::new(),
            is_queued: false,
        });
        self.by_judgement.insert(judgement.id, hold);
        self.by_time.insert((look_at, hold));
        self.by_subject
            .extend(judgement.subjects().map(|subject| (subject, hold)));
        hold
    }

    fn forget_surplus(&mut self) {
        while self.unused.len() > UNUSED_MAX {
            let earliest = self.unused.pop_front();
            let hold = earliest.and_then(|id| self.by_judgement.get(&id)).copied();
            if let Some(held) = hold.and_then(|hold| self.holds.get_mut(hold)) {
                held.is_queued = false;
            }
            if let Some(hold) = hold {
                self.forget_at(hold);
            }
        }
    }

    /// Removes a judgement on which nothing hangs.
    pub(crate) fn forget(&mut self, judgement: &Judgement) {
        if let Some(hold) = self.by_judgement.get(&judgement.id) {
            self.forget_at(*hold);
        }
    }

    fn forget_at(&mut self, hold: usize) {
        if self.holds.get(hold).is_none_or(|h| !h.leases.is_empty()) {
            return;
        }
        let held = self.holds.remove(hold);
        self.by_judgement.remove(&held.judgement.id);
        self.by_time.remove(&(held.look_at, hold));
        for subject in held.judgement.subjects() {
            self.by_subject.remove(&(subject, hold));
        }
    }

    /// A judgement with its leases.
    pub(crate) fn held(&self, hold: usize) -> Option<&Hold> {
        self.holds.get(hold)
    }

    /// One of the leases that hang on this judgement, which is or was at a place.
    pub(crate) fn lease_on(&self, hold: usize, judgement: &Judgement) -> Option<usize> {
        let held = self.holds.get(hold)?;
        let lease = held.leases.last().copied()?;
        (held.judgement.id == judgement.id).then_some(lease)
    }

    /// Takes note that a judgement stands at an epoch.
    pub(crate) fn stands(&mut self, hold: usize, seen_at: u64, now: Timestamp) {
        if let Some(held) = self.holds.get_mut(hold) {
            held.seen_at = held.seen_at.max(seen_at);
            let look_at = held.judgement.look_at(now);
            if look_at != held.look_at {
                self.by_time.remove(&(held.look_at, hold));
                self.by_time.insert((look_at, hold));
                held.look_at = look_at;
            }
        }
    }

    /// The judgements about a person or a session.
    pub(crate) fn about(&self, subject: Subject) -> impl Iterator<Item = usize> {
        self.by_subject
            .range((subject, usize::MIN)..=(subject, usize::MAX))
            .map(|(_, hold)| *hold)
    }

    /// The judgement that is to be looked at first, and when.
    pub(crate) fn first_due(&self) -> Option<(Timestamp, usize)> {
        self.by_time.first().copied()
    }

    /// All judgements are at places below this.
    pub(crate) fn end(&self) -> usize {
        self.holds.capacity()
    }
}

#[cfg(test)]
mod tests;
