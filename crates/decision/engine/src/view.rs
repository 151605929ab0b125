//! What a core decides from: facts and the policies compiled from them, at one epoch.

use std::sync::Arc;

use gw_model::{Change, SessionId, SessionKind, Snapshot};
use gw_policy::Policies;

use crate::{Moved, trail::Trail};

/// Facts and compiled policies at one epoch. Immutable; replaced whole.
#[derive(Debug, Clone)]
pub struct View {
    /// The facts.
    pub facts: Snapshot,
    /// The policies that are enforced: those of the facts, or the last set that could be loaded.
    pub policies: Arc<Policies>,
    /// The epoch number of the policies that are enforced.
    pub policies_version: u64,
    /// Why the policies of the facts are not those enforced; empty when they are.
    pub policy_faults: Arc<[String]>,
    trail: Trail,
}

impl View {
    /// A view of facts. Policies that cannot be loaded leave `last` in force;
    /// without a last set only the base policies stand, which lets nobody into any app.
    ///
    /// What changed since `last` is not known: who follows looks at everything.
    pub fn of(facts: Snapshot, last: Option<&View>) -> Self {
        Self::with(facts, last, None)
    }

    /// The view after `last` once these changes, and no others, have been applied.
    pub fn after<'a>(
        last: &View,
        facts: Snapshot,
        changes: impl Iterator<Item = &'a Change>,
    ) -> Self {
        Self::next(last, facts, changes, None)
    }

    /// As [`View::after`]; what is loaded already is not loaded again.
    pub(crate) fn next<'a>(
        last: &View,
        facts: Snapshot,
        changes: impl Iterator<Item = &'a Change>,
        loaded: Option<Arc<Policies>>,
    ) -> Self {
        let (from, to) = (last.facts.epoch.number, facts.epoch.number);
        let trail = last.trail.extended(from, to, Moved::by(changes));
        Self {
            trail,
            ..Self::with(facts, Some(last), loaded)
        }
    }

    /// Whether a session began with a sealed way in: what it does is recorded even on a full disk.
    pub fn is_break_glass(&self, session: Option<SessionId>) -> bool {
        let session = session.and_then(|id| self.facts.session(id));
        session.is_some_and(|session| session.kind == SessionKind::BreakGlass)
    }

    fn with(facts: Snapshot, last: Option<&View>, loaded: Option<Arc<Policies>>) -> Self {
        let version = facts.policies().version;
        if let Some(last) = last
            && last.policies_version == version
            && last.policy_faults.is_empty()
        {
            return Self {
                facts,
                trail: Trail::default(),
                ..last.clone()
            };
        }
        let following = |policies: Policies| {
            let earlier = last.map(|last| &*last.policies);
            Arc::new(policies.following(earlier, version))
        };
        let files = &facts.policies().files;
        let loaded = match loaded.filter(|policies| policies.is_of(files)) {
            Some(policies) => Ok(Arc::unwrap_or_clone(policies)),
            None => gw_policy::load(files),
        };
        let (policies, policies_version, policy_faults) = match loaded {
            Ok(policies) => (following(policies), version, Arc::default()),
            Err(faults) => {
                let faults = faults.iter().map(ToString::to_string).collect();
                match last {
                    Some(last) => (last.policies.clone(), last.policies_version, faults),
                    None => (following(base_policies()), version, faults),
                }
            }
        };
        Self {
            facts,
            policies,
            policies_version,
            policy_faults,
            trail: Trail::default(),
        }
    }

    /// What changed since the view of that epoch number.
    pub fn moved_since(&self, number: u64) -> Moved {
        self.trail.since(number, self.facts.epoch.number)
    }
}

/// The policies that are part of every set, alone.
#[expect(clippy::expect_used, reason = "the tests of gw-policy load them")]
fn base_policies() -> Policies {
    gw_policy::load(&[]).expect("the base policies load")
}
