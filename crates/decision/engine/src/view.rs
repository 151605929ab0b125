//! What a core decides from: facts and the policies compiled from them, at one epoch.

use std::sync::Arc;

use gw_model::Snapshot;
use gw_policy::Policies;

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
}

impl View {
    /// A view of facts. Policies that cannot be loaded leave `last` in force;
    /// without a last set only the base policies stand, which lets nobody into any app.
    pub fn of(facts: Snapshot, last: Option<&View>) -> Self {
        let version = facts.policies().version;
        if let Some(last) = last
            && last.policies_version == version
            && last.policy_faults.is_empty()
        {
            return Self {
                facts,
                ..last.clone()
            };
        }
        match gw_policy::load(&facts.policies().files) {
            Ok(policies) => Self {
                facts,
                policies: Arc::new(policies),
                policies_version: version,
                policy_faults: Arc::new([]),
            },
            Err(faults) => {
                let policy_faults = faults.iter().map(ToString::to_string).collect();
                let (policies, policies_version) = last.map_or_else(
                    || (Arc::new(base_policies()), version),
                    |last| (last.policies.clone(), last.policies_version),
                );
                Self {
                    facts,
                    policies,
                    policies_version,
                    policy_faults,
                }
            }
        }
    }
}

/// The policies that are part of every set, alone.
#[expect(clippy::expect_used, reason = "the tests of gw-policy load them")]
fn base_policies() -> Policies {
    gw_policy::load(&[]).expect("the base policies load")
}
