//! The answer to one question: slice, entities, context, evaluation, and how long it holds.

use std::sync::Arc;

use cedar_policy::Effect;
use cedar_policy_core::{
    ast::{EntityUIDEntry, Literal, Request, ValueKind},
    entities::Entities,
    evaluator::Evaluator,
    extensions::Extensions,
};
use gw_model::{
    AccessRequest, Action, Attribute, AttributeSet, Context, Decision, Fault, GroupName, Outcome,
    PolicyId, Principal, ReportDifference, Resource, Snapshot, Timestamp,
};

use crate::{
    Policies,
    clock::{self, Local},
    context,
    entities::Cast,
    expiry,
    load::{Compiled, Mode},
    reads,
    schema::action_uid,
    scopes::LookedUp,
};

/// An access with its policies and entities looked up: what remains is the context.
///
/// It stands while the policies and the principal's and the resource's facts stand, until
/// [`Prepared::membership_until`].
#[derive(Debug)]
pub struct Prepared {
    slice: Vec<Arc<Compiled>>,
    mentions: AttributeSet,
    needed: AttributeSet,
    entities: Entities,
    principal: EntityUIDEntry,
    action: Action,
    resource: EntityUIDEntry,
    membership_until: Timestamp,
    looked_up: LookedUp,
    groups: Box<[GroupName]>,
}

impl Prepared {
    /// The context attributes that the answer rests on.
    ///
    /// The presence of a record or of an optional attribute is mentioned through the attributes
    /// that come and go with it and do not move with time.
    pub const fn mentions(&self) -> AttributeSet {
        self.mentions
    }

    /// The attributes that can change the outcome: those that enforced policies mention.
    pub(crate) fn decisive(&self) -> AttributeSet {
        self.slice
            .iter()
            .filter(|policy| policy.mode == Mode::Enforce)
            .fold(AttributeSet::EMPTY, |all, policy| {
                all.union(policy.reads.attributes)
            })
    }

    /// When a membership that it rests on ends by itself: prepare again then.
    pub const fn membership_until(&self) -> Timestamp {
        self.membership_until
    }

    /// Where its policies were looked for.
    pub(crate) const fn looked_up(&self) -> &LookedUp {
        &self.looked_up
    }

    /// The version of the groups that it rests on: those that the person, or a person who is the
    /// resource, is in; and of whose word puts people into groups. While it and the versions of both
    /// people stand, they are in the same ones.
    pub fn groups_version(&self, facts: &Snapshot) -> u64 {
        // INVARIANT: a group that is put or loses a parent has a new version; when one is
        // removed, its members and those of its groups have. A provider that is switched off or on
        // has a new version; when one is removed, those whom it put into groups have.
        let groups = self.groups.iter().filter_map(|name| facts.group(name));
        let words = facts.providers().map(|provider| provider.version);
        groups
            .map(|group| group.version)
            .chain(words)
            .max()
            .unwrap_or(0)
    }

    /// Whether the organisation's settings can make a difference: its networks, its time zone.
    pub fn reads_settings(&self) -> bool {
        self.needed.contains(Attribute::NetworkNames) || reads::local_time(self.needed)
    }

    /// The policies that can apply, report-only ones included, in the order of their files.
    pub fn policy_ids(&self) -> impl Iterator<Item = &PolicyId> {
        self.slice.iter().map(|policy| &policy.id)
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
        let mut cast = Cast::find(facts, principal, action, resource, now)?;
        let slice = self.slice(action, &cast);
        let mut mentions = AttributeSet::EMPTY;
        let mut needed = AttributeSet::EMPTY;
        let mut described = false;
        for policy in &slice {
            mentions = mentions.union(policy.reads.attributes);
            needed = needed.union(policy.reads.needed);
            described |= policy.reads.entities;
        }
        Ok(Prepared {
            slice,
            mentions,
            needed,
            principal: EntityUIDEntry::known(cast.principal.uid.clone(), None),
            action,
            resource: EntityUIDEntry::known(cast.resource.uid.clone(), None),
            membership_until: cast.until,
            looked_up: LookedUp::of(action, &cast),
            groups: std::mem::take(&mut cast.groups).into(),
            entities: cast.into_entities(action, described)?,
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
        prepared
            .evaluate(context, zone_default, now)
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
}

impl Prepared {
    fn evaluate(
        &self,
        context: &Context<'_>,
        zone_default: &str,
        now: Timestamp,
    ) -> Result<Decision, Fault> {
        self.admissible(context, now)?;
        let local = self.local(context, zone_default, now)?;
        let built = context::build(self.needed, context, local, now)?;
        let action = EntityUIDEntry::known(action_uid(self.action).clone(), None);
        let request = Request::new_unchecked(
            self.principal.clone(),
            action,
            self.resource.clone(),
            Some(built),
        );
        let evaluator = Evaluator::new(request, &self.entities, Extensions::all_available());
        let mut enforced = Tally::default();
        let mut reported = Tally::default();
        for policy in &self.slice {
            match policy.mode {
                Mode::Enforce => enforced.count(policy, &evaluator),
                Mode::Report => reported.count(policy, &evaluator),
            }
        }
        let report = reported.difference(&enforced);
        let changes = expiry::next_change(&self.slice, context, local, now);
        Ok(enforced.decision(report, changes.min(self.membership_until)))
    }

    /// Refuses to answer over what no longer stands or is not there.
    fn admissible(&self, context: &Context<'_>, now: Timestamp) -> Result<(), Fault> {
        let what = if now >= self.membership_until {
            "a membership has ended since this access was prepared; prepare it again"
        } else if self.action == Action::HttpRequest && context.http.is_none() {
            "`http.request` is asked without the facts of its HTTP request"
        } else {
            return Ok(());
        };
        Err(Fault {
            policy: None,
            what: what.to_owned(),
        })
    }

    /// What clocks show, where a policy asks.
    fn local(
        &self,
        context: &Context<'_>,
        zone_default: &str,
        now: Timestamp,
    ) -> Result<Option<Local>, Fault> {
        reads::local_time(self.needed)
            .then(|| {
                let zone = clock::zone(context.time.zone.unwrap_or(zone_default))?;
                Local::at(&zone, now)
            })
            .transpose()
    }
}

impl Compiled {
    /// Whether scope and conditions hold, or what went wrong in finding out.
    fn holds(&self, evaluator: &Evaluator<'_>) -> Result<bool, String> {
        match evaluator.interpret(&self.condition, &self.slots) {
            Ok(value) => match value.value_kind() {
                ValueKind::Lit(Literal::Bool(holds)) => Ok(*holds),
                _ => Err(format!("{value} is neither true nor false")),
            },
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What some policies make of a request.
#[derive(Default)]
struct Tally<'p> {
    permits: Vec<&'p PolicyId>,
    /// Those that hold and, since Cedar would merely skip them, those that err.
    forbids: Vec<&'p PolicyId>,
    faults: Vec<Fault>,
}

impl<'p> Tally<'p> {
    fn count(&mut self, policy: &'p Compiled, evaluator: &Evaluator<'_>) {
        let holds = policy.holds(evaluator).unwrap_or_else(|what| {
            self.faults.push(Fault {
                policy: Some(policy.id.clone()),
                what,
            });
            policy.effect == Effect::Forbid
        });
        match policy.effect {
            Effect::Permit if holds => self.permits.push(&policy.id),
            Effect::Forbid if holds => self.forbids.push(&policy.id),
            Effect::Permit | Effect::Forbid => {}
        }
    }

    const fn outcome(&self) -> Outcome {
        if self.forbids.is_empty() && !self.permits.is_empty() {
            Outcome::Allow
        } else {
            Outcome::Deny
        }
    }

    fn because(&self) -> Vec<PolicyId> {
        let reasons = if self.forbids.is_empty() {
            &self.permits
        } else {
            &self.forbids
        };
        let mut because: Vec<PolicyId> = reasons.iter().copied().cloned().collect();
        because.sort_unstable();
        because
    }

    /// What these, report-only, would change if they counted beside the enforced ones.
    fn difference(self, enforced: &Self) -> Option<ReportDifference> {
        let together = Self {
            permits: [self.permits, enforced.permits.clone()].concat(),
            forbids: [self.forbids, enforced.forbids.clone()].concat(),
            faults: Vec::new(),
        };
        let outcome = together.outcome();
        (outcome != enforced.outcome()).then(|| ReportDifference {
            outcome,
            because: together.because(),
        })
    }

    fn decision(self, report: Option<ReportDifference>, valid_until: Timestamp) -> Decision {
        Decision {
            outcome: self.outcome(),
            because: self.because(),
            faults: self.faults,
            report,
            valid_until,
        }
    }
}

#[cfg(test)]
mod tests;
