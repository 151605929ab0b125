//! The answer to one question: slice, entities, context, evaluation, and how long it holds.

use cedar_policy::{
    AuthorizationError, Decision as CedarDecision, Effect, Entities, EntityUid, PolicySet, Request,
    Response,
};
use gw_model::{
    AccessRequest, Action, AttributeSet, Context, Decision, Fault, Outcome, PolicyId, Principal,
    ReportDifference, Resource, Snapshot, Timestamp,
};
use jiff::tz::TimeZone;

use crate::{
    Policies, clock, context,
    entities::{self, Member},
    expiry,
    load::Mode,
    reads::Reads,
    schema::Kind,
};

/// An access with its policies and entities looked up: what remains is the context.
///
/// It stands while the policies, the principal's and the resource's facts stand, until
/// [`Prepared::membership_until`].
#[derive(Debug)]
pub struct Prepared {
    enforced: PolicySet,
    /// The enforced policies and the report-only ones, where there are any.
    reported: Option<PolicySet>,
    policies: Vec<(PolicyId, Effect)>,
    reads: Reads,
    entities: Entities,
    principal: EntityUid,
    action: EntityUid,
    pub(crate) resource: Member,
    is_http: bool,
    membership_until: Timestamp,
}

impl Prepared {
    /// The context attributes that the answer rests on.
    ///
    /// The presence of a record or of an optional attribute is mentioned through the attributes
    /// that come and go with it and do not move with time.
    pub const fn mentions(&self) -> AttributeSet {
        self.reads.attributes
    }

    /// When a membership that it rests on ends by itself: prepare again then.
    pub const fn membership_until(&self) -> Timestamp {
        self.membership_until
    }

    /// The policies that can apply, report-only ones included.
    pub fn policy_ids(&self) -> impl Iterator<Item = &PolicyId> {
        self.policies.iter().map(|(id, _)| id)
    }
}

impl Policies {
    /// Looks up what an access is judged by: the policies whose scope matches, and the entities.
    ///
    /// # Errors
    /// A fault, which denies: an unknown or disabled person, an unknown app or route, an action that
    /// is not done on such a resource.
    pub fn prepare(
        &self,
        facts: &Snapshot,
        principal: Principal,
        action: Action,
        resource: &Resource,
        now: Timestamp,
    ) -> Result<Prepared, Fault> {
        let cast = entities::gather(facts, principal, action, resource, now)?;
        let slice = self.index.slice(action, &cast.principal, &cast.resource);
        let mut prepared = Prepared {
            enforced: PolicySet::new(),
            reported: None,
            policies: Vec::with_capacity(slice.len()),
            reads: Reads::default(),
            entities: cast.entities,
            principal: cast.principal.uid,
            action: Kind::Action.uid(action.as_str()),
            resource: cast.resource,
            is_http: action == Action::HttpRequest,
            membership_until: cast.until,
        };
        for policy in slice.iter().filter_map(|place| self.compiled.get(*place)) {
            prepared.policies.push((policy.id.clone(), policy.effect));
            prepared.reads.merge(&policy.reads);
        }
        prepared.enforced = self.set(&slice, |mode| mode == Mode::Enforce)?;
        if self.any_report(&slice) {
            prepared.reported = Some(self.set(&slice, |_| true)?);
        }
        Ok(prepared)
    }

    fn any_report(&self, slice: &[usize]) -> bool {
        slice
            .iter()
            .filter_map(|place| self.compiled.get(*place))
            .any(|policy| policy.mode == Mode::Report)
    }

    fn set(&self, slice: &[usize], which: impl Fn(Mode) -> bool) -> Result<PolicySet, Fault> {
        let policies = slice
            .iter()
            .filter_map(|place| self.compiled.get(*place))
            .filter(|policy| which(policy.mode))
            .map(|policy| policy.policy.clone());
        PolicySet::from_policies(policies).map_err(|error| Fault {
            policy: None,
            what: error.to_string(),
        })
    }

    /// Answers a prepared access in a context. `zone_default` is the organisation's zone, used
    /// where the context names none.
    pub fn evaluate(
        &self,
        prepared: &Prepared,
        context: &Context<'_>,
        zone_default: &str,
        now: Timestamp,
    ) -> Decision {
        self.try_evaluate(prepared, context, zone_default, now)
            .unwrap_or_else(Decision::denied)
    }

    /// Prepares and evaluates.
    pub fn decide(
        &self,
        facts: &Snapshot,
        request: &AccessRequest<'_>,
        now: Timestamp,
    ) -> Decision {
        let prepared = self.prepare(
            facts,
            request.principal,
            request.action,
            request.resource,
            now,
        );
        match prepared {
            Ok(prepared) => {
                let zone = &facts.settings().time_zone;
                self.evaluate(&prepared, &request.context, zone, now)
            }
            Err(fault) => Decision::denied(fault),
        }
    }

    fn try_evaluate(
        &self,
        prepared: &Prepared,
        context: &Context<'_>,
        zone_default: &str,
        now: Timestamp,
    ) -> Result<Decision, Fault> {
        prepared.admissible(context, now)?;
        let zone = prepared.zone(context, zone_default)?;
        let (built, local) = context::build(&prepared.reads, context, zone.as_ref(), now)?;
        let request = Request::new(
            prepared.principal.clone(),
            prepared.action.clone(),
            prepared.resource.uid.clone(),
            built,
            None,
        )
        .map_err(|error| Fault {
            policy: None,
            what: error.to_string(),
        })?;
        let answer = |set: &PolicySet| {
            let response = self
                .authorizer
                .is_authorized(&request, set, &prepared.entities);
            prepared.verdict(&response)
        };
        let enforced = answer(&prepared.enforced);
        let report = prepared.reported.as_ref().and_then(|set| {
            let reported = answer(set);
            (reported.outcome != enforced.outcome).then_some(ReportDifference {
                outcome: reported.outcome,
                because: reported.because,
            })
        });
        let changes = expiry::next_change(&prepared.reads, context, local, now);
        Ok(Decision {
            outcome: enforced.outcome,
            because: enforced.because,
            faults: enforced.faults,
            report,
            valid_until: changes.min(prepared.membership_until),
        })
    }
}

/// What one set of policies makes of a request.
struct Verdict {
    outcome: Outcome,
    because: Vec<PolicyId>,
    faults: Vec<Fault>,
}

impl Prepared {
    /// Refuses to answer over what no longer stands or is not there.
    fn admissible(&self, context: &Context<'_>, now: Timestamp) -> Result<(), Fault> {
        let what = if now >= self.membership_until {
            "a membership has ended since this access was prepared; prepare it again"
        } else if self.is_http && context.http.is_none() {
            "`http.request` needs the facts of the HTTP request"
        } else {
            return Ok(());
        };
        Err(Fault {
            policy: None,
            what: what.to_owned(),
        })
    }

    fn zone(&self, context: &Context<'_>, default: &str) -> Result<Option<TimeZone>, Fault> {
        self.reads
            .reads_local_time()
            .then(|| clock::zone(context.time.zone.unwrap_or(default)))
            .transpose()
    }

    /// Cedar skips a policy that errs; here an erring forbid denies.
    fn verdict(&self, response: &Response) -> Verdict {
        let mut faults = Vec::new();
        let mut erring_forbids = Vec::new();
        for error in response.diagnostics().errors() {
            let AuthorizationError::PolicyEvaluationError(error) = error;
            let id = self.own_id(error.policy_id());
            if let Some((id, Effect::Forbid)) = id {
                erring_forbids.push(id.clone());
            }
            faults.push(Fault {
                policy: id.map(|(id, _)| id.clone()),
                what: error.inner().to_string(),
            });
        }
        faults.sort_by(|a, b| (&a.policy, &a.what).cmp(&(&b.policy, &b.what)));
        let reasons = response
            .diagnostics()
            .reason()
            .filter_map(|id| self.own_id(id))
            .map(|(id, _)| id.clone());
        let allowed = response.decision() == CedarDecision::Allow;
        let mut because: Vec<PolicyId>;
        let outcome = if allowed && erring_forbids.is_empty() {
            because = reasons.collect();
            Outcome::Allow
        } else {
            because = erring_forbids;
            if !allowed {
                because.extend(reasons);
            }
            Outcome::Deny
        };
        because.sort();
        Verdict {
            outcome,
            because,
            faults,
        }
    }

    fn own_id(&self, id: &cedar_policy::PolicyId) -> Option<&(PolicyId, Effect)> {
        let id: &str = id.as_ref();
        self.policies.iter().find(|(own, _)| *own.0 == *id)
    }
}

#[cfg(test)]
mod tests;
