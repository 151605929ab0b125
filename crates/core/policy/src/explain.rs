//! A decision with everything that an operator asks about it.

use gw_model::{AccessRequest, Attribute, Decision, PolicyId, Remedies, Snapshot, Timestamp};
use serde::Serialize;

use crate::{Policies, RemedyOptions, may_enrol, remedies};

/// A decision, what it was chosen from, and the way out of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The answer.
    pub decision: Decision,
    /// What would turn a denial into an allow.
    pub remedies: Remedies,
    /// The policies whose scope matches, in the order of their files.
    pub slice: Vec<PolicyId>,
    /// The context attributes that the answer rests on, as policies write them.
    pub mentions: Vec<&'static str>,
}

/// Answers an access, and says from what and what would change it.
pub fn explain(
    policies: &Policies,
    facts: &Snapshot,
    request: &AccessRequest<'_>,
    now: Timestamp,
) -> Explanation {
    let prepared = policies.prepare(
        facts,
        request.principal,
        request.action,
        request.resource,
        now,
    );
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(fault) => {
            return Explanation {
                decision: Decision::denied(fault),
                remedies: Remedies::default(),
                slice: Vec::new(),
                mentions: Vec::new(),
            };
        }
    };
    let zone = &facts.settings().time_zone;
    let decision = policies.evaluate(&prepared, &request.context, zone, now);
    let remedies = if decision.outcome.is_allow() {
        Remedies::default()
    } else {
        let options = RemedyOptions {
            may_enrol: may_enrol(policies, facts, request, now),
            ..RemedyOptions::default()
        };
        remedies(policies, facts, request, now, &options)
    };
    Explanation {
        decision,
        remedies,
        slice: prepared.policy_ids().cloned().collect(),
        mentions: prepared.mentions().iter().map(Attribute::path).collect(),
    }
}
