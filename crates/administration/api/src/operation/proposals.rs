//! Changes that one person proposes and another makes: who approves is never who asks.
//!
//! A proposal is a request of this API that was tried and kept, word by word. Whoever approves it
//! makes it, in their own name and by their own rights, which policy judges with what is known of
//! who proposed it; the change and the proposal's end are one transaction.

mod notes;
mod words;

use std::sync::Arc;

use bytes::Bytes;
use gw_engine::OwnedProposal;
use gw_model::{
    Action, Actor, Change, FactorId, Principal, ProposalId, ProposedChange, Resource, Settled,
    Settlement, Snapshot, Timestamp,
};
use gw_store::Refused;
use http::StatusCode;

use super::{Call, Reply, run};
use crate::{
    caller::Caller,
    conditional::Precondition,
    endpoint::{self, ENDPOINTS, Endpoint, Operation},
    query::{PROPOSAL_STATE, PROPOSE, Query},
    types::{DeclineProposal, Problem, ProposalDocument, ProposalView, ProposalWord, SettledView},
};

/// Longest reason.
const WHY_CHARS_MAX: usize = 500;
/// What waits at most.
const WAITING_MAX: usize = 200;
/// What waits of one who proposes at most.
const WAITING_OF_ONE_MAX: usize = 20;
/// What one proposes in a day at most, whatever becomes of it.
const A_DAY_OF_ONE_MAX: usize = 100;
/// How much that says at most, in bytes.
const A_DAY_OF_ONE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const FORBIDDEN: u16 = StatusCode::FORBIDDEN.as_u16();
const DAY_SECS: u64 = 24 * 60 * 60;

/// What policy is told of a proposed change: who proposed it, as they are now.
pub(crate) fn of(facts: &Snapshot, proposed: &ProposedChange, now: Timestamp) -> OwnedProposal {
    let user = match proposed.by {
        Actor::User(id) => facts.user(id),
        _ => None,
    };
    OwnedProposal {
        by: match (user, &proposed.by) {
            (Some(user), _) => user.name.clone(),
            (None, Actor::Local(uid)) => Principal::Local(*uid).to_string().into(),
            (None, _) => proposed.name.clone(),
        },
        groups: user.map_or_else(Vec::new, |user| facts.groups_of(user, now).0),
        action: proposed.action,
    }
}

/// Keeps what was asked for somebody else to make, once it was tried.
pub(crate) async fn propose(
    call: Call<'_>,
    endpoint: &'static Endpoint,
    path: &str,
) -> Result<Reply, Problem> {
    let why = reason("propose", call.query.text(PROPOSE).unwrap_or_default())?;
    let body = std::str::from_utf8(&call.body)
        .map_err(|_| Problem::invalid("the body is not JSON").field("body"))?;
    let version = call.precondition.version();
    let pinned = || version_of(endpoint.operation, &call, &call.resource, &call.parameters);
    let now = call.engine().clock().now();
    let proposed = ProposedChange {
        id: ProposalId::from_bits(gw_engine::random::bits()),
        by: call.actor(),
        name: call.caller.words().into(),
        session: call.caller.session(),
        groups: call.caller.groups(call.engine()),
        at: now,
        until: now.after(ProposedChange::LASTS),
        why,
        what: words::what(endpoint.operation, &told(&call), body).into(),
        action: endpoint.action,
        resource: call.resource.clone(),
        operation: endpoint.name.into(),
        path: path.into(),
        version: version.or_else(pinned),
        body: body.into(),
        body_bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
        settled: None,
    };
    if endpoint.operation == Operation::DeclaredApply && !names_plan(body) {
        let detail = "`over` names no plan: somebody else has to approve what you looked at";
        return Err(Problem::invalid(detail)
            .field("over")
            .help("ask for the plan first"));
    }
    within_bounds(&call.engine().view().facts, &proposed).map_err(gw_engine::CommitError::from)?;
    let turn = call.trials.turn(call.caller.principal()).await?;
    let trial = call.of(call.caller, &proposed, None)?;
    let tried = Box::pin(run(endpoint.operation, trial)).await;
    drop(turn);
    match tried {
        Err(problem) if problem.is_tried() => {}
        Err(problem) => return Err(problem),
        Ok(_) => return Err(Problem::conflict("it would change nothing")),
    }
    let (id, commit) = (proposed.id, call.own_commit("change proposed"));
    let keep = move |facts: &Snapshot| {
        within_bounds(facts, &proposed)?;
        Ok(commit.change(Change::ProposalPut(Arc::new(proposed))))
    };
    call.engine().propose(keep).await?;
    Ok(shown(&call, id)?.accepted())
}

/// Whether declared files come with the plan that was looked at.
fn names_plan(body: &str) -> bool {
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    body.get("over").is_some_and(|over| !over.is_null())
}

/// The path's parameters as people know them: a person and what they enrolled by name.
fn told(call: &Call<'_>) -> Vec<String> {
    let (view, mut told) = (call.engine().view(), call.parameters.clone());
    let Resource::User(id) = call.resource else {
        return told;
    };
    let Some(user) = view.facts.user(id) else {
        return told;
    };
    if let Some(first) = told.first_mut() {
        *first = user.name.to_string();
    }
    for parameter in told.iter_mut().skip(1) {
        let enrolled = parameter.parse::<FactorId>().ok();
        let mut factors = user.factors.iter();
        if let Some(factor) = factors.find(|factor| enrolled == Some(factor.id)) {
            *parameter = factor.name.to_string();
        }
    }
    told
}

/// Nobody fills the store, nor the list that others read.
fn within_bounds(facts: &Snapshot, new: &ProposedChange) -> Result<(), Refused> {
    let now = new.at;
    let is_theirs = |proposed: &&Arc<ProposedChange>| proposed.by == new.by;
    let waits = |proposed: &&Arc<ProposedChange>| proposed.waits(now);
    let of_today = |proposed: &&Arc<ProposedChange>| now.since(proposed.at).as_secs() < DAY_SECS;
    let theirs = || facts.proposals().filter(is_theirs);
    let bytes: u64 = theirs().filter(of_today).map(|p| p.body_bytes).sum();
    let fault = if facts.proposals().filter(waits).count() >= WAITING_MAX {
        format!("{WAITING_MAX} proposals wait already: have some of them approved or declined")
    } else if theirs().filter(waits).count() >= WAITING_OF_ONE_MAX {
        format!("{WAITING_OF_ONE_MAX} proposals of yours wait already: withdraw one, or wait")
    } else if theirs().filter(of_today).count() >= A_DAY_OF_ONE_MAX {
        format!("you have proposed {A_DAY_OF_ONE_MAX} changes within a day: wait")
    } else if bytes.saturating_add(new.body_bytes) > A_DAY_OF_ONE_BYTES_MAX {
        "you have proposed too much within a day: wait".to_owned()
    } else {
        return Ok(());
    };
    Err(Refused::Declined(fault))
}

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let wanted = call.query.text(PROPOSAL_STATE);
    let mut all: Vec<_> = view
        .facts
        .proposals()
        .filter(|proposed| wanted.is_none_or(|wanted| word(proposed, now).name() == wanted))
        .map(|proposed| (place(proposed), proposed))
        .collect();
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    let listing = call.query.page(
        all.into_iter(),
        |(place, _)| place.clone(),
        |(_, proposed)| view_of(call, proposed, now),
    )?;
    Reply::json(&listing)
}

/// How many wait that who asks may approve.
pub(super) fn to_approve(call: &Call<'_>) -> usize {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let theirs = |proposed: &&Arc<ProposedChange>| {
        let shown = view_of(call, proposed, now);
        shown.may_approve && shown.outdated.is_none()
    };
    view.facts.proposals().filter(theirs).count()
}

/// Its place in a list: the newest first.
fn place(proposed: &ProposedChange) -> String {
    let age = u64::MAX - proposed.at.as_millis();
    format!("{age:020}-{}", proposed.id)
}

pub(super) async fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    let (proposed, now) = (named(call)?, call.engine().clock().now());
    let mut proposal = view_of(call, &proposed, now);
    if proposal.may_approve && is_quickly_tried(&proposed) {
        let facts = &call.engine().view().facts;
        let approving = call.caller.approving(of(facts, &proposed, now));
        proposal.may_approve = barred(call, &approving, &proposed).await.is_none();
    }
    let may_see = proposal.own
        || proposal.may_approve
        || call
            .caller
            .would(call.engine(), Action::AdminExplain, Resource::System);
    let says = (may_see && !proposed.body.is_empty())
        .then(|| serde_json::from_str(&proposed.body).unwrap_or_default());
    Reply::json(&ProposalDocument { proposal, says })
}

pub(super) async fn approve(call: &Call<'_>) -> Result<Reply, Problem> {
    let (proposed, now) = (named(call)?, call.engine().clock().now());
    still_waits(&proposed, now)?;
    if proposed.by == call.actor() {
        let detail = "who proposes a change does not approve it";
        return Err(Problem::denied(detail).help("have somebody else look at it"));
    }
    if let Some(why) = outdated(call, &proposed) {
        return Err(Problem::conflict(why).help("have it proposed again"));
    }
    let (endpoint, _) = operation_of(&proposed)?;
    let settled = settled(call, &proposed, Settlement::Approved);
    let inner = call.of(call.caller, &proposed, Some(settled.clone()))?;
    let done = Box::pin(run(endpoint.operation, inner)).await;
    if done.is_ok() && is_left_waiting(call, proposed.id) {
        // Everything was as it says already.
        let commit = call.own_commit("proposal approved").change(settled);
        call.engine().commit(commit).await?;
    }
    done?;
    shown(call, proposed.id)
}

pub(super) async fn decline(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: DeclineProposal = call.body()?;
    let why = reason("why", &asked.why)?;
    let proposed = named(call)?;
    if proposed.by == call.actor() {
        return Err(Problem::denied("it is yours: withdraw it"));
    }
    if let Some(problem) = barred(call, call.caller, &proposed).await {
        return Err(problem);
    }
    settle(
        call,
        &proposed,
        Settlement::Declined(why),
        "proposal declined",
    )
    .await
}

pub(super) async fn withdraw(call: &Call<'_>) -> Result<Reply, Problem> {
    let proposed = named(call)?;
    if proposed.by != call.actor() {
        let detail = "only who proposed a change takes it back";
        return Err(Problem::denied(detail).help("who may approve it may decline it"));
    }
    settle(call, &proposed, Settlement::Withdrawn, "proposal withdrawn").await
}

/// Files take long to try, and who may apply them may do everything.
fn is_quickly_tried(proposed: &ProposedChange) -> bool {
    proposed.action != Action::AdminPolicyApply
}

/// Why who asks lacks the rights to make it, beside what policy says of it. Who could never approve
/// it does not decline it either.
async fn barred(call: &Call<'_>, caller: &Caller, proposed: &ProposedChange) -> Option<Problem> {
    let (endpoint, _) = operation_of(proposed).ok()?;
    let trial = call.of(caller, proposed, None).ok()?;
    let _turn = match call.trials.turn(call.caller.principal()).await {
        Ok(turn) => turn,
        Err(problem) => return Some(problem),
    };
    let tried = Box::pin(run(endpoint.operation, trial)).await;
    tried.err().filter(|problem| problem.status == FORBIDDEN)
}

async fn settle(
    call: &Call<'_>,
    proposed: &ProposedChange,
    how: Settlement,
    what: &'static str,
) -> Result<Reply, Problem> {
    still_waits(proposed, call.engine().clock().now())?;
    let commit = call.own_commit(what).change(settled(call, proposed, how));
    call.engine().commit(commit).await?;
    shown(call, proposed.id)
}

fn settled(call: &Call<'_>, proposed: &ProposedChange, how: Settlement) -> Change {
    let settled = Settled {
        at: call.engine().clock().now(),
        by: call.actor(),
        name: call.caller.words().into(),
        how,
    };
    Change::ProposalPut(Arc::new(proposed.settled(settled)))
}

fn is_left_waiting(call: &Call<'_>, id: ProposalId) -> bool {
    let view = call.engine().view();
    let proposed = view.facts.proposal(id);
    proposed.is_some_and(|proposed| proposed.settled.is_none())
}

/// The proposal that the path names.
fn named(call: &Call<'_>) -> Result<Arc<ProposedChange>, Problem> {
    let named = call.parameter(0);
    find(&call.engine().view().facts, named).cloned()
}

/// A proposal by its id.
pub(crate) fn find<'f>(
    facts: &'f Snapshot,
    named: &str,
) -> Result<&'f Arc<ProposedChange>, Problem> {
    let found = named.parse().ok().and_then(|id| facts.proposal(id));
    found.ok_or_else(|| Problem::unknown("proposal", named))
}

fn still_waits(proposed: &ProposedChange, now: Timestamp) -> Result<(), Problem> {
    let how = match word(proposed, now) {
        ProposalWord::Waiting => return Ok(()),
        ProposalWord::Approved => "was approved before",
        ProposalWord::Declined => "was declined before",
        ProposalWord::Withdrawn => "was withdrawn before",
        ProposalWord::Lapsed => {
            "has lapsed: nobody approved it in time, or who made it was switched off"
        }
    };
    Err(Problem::conflict(format!("the proposal {how}")))
}

fn word(proposed: &ProposedChange, now: Timestamp) -> ProposalWord {
    match &proposed.settled {
        None if proposed.waits(now) => ProposalWord::Waiting,
        None => ProposalWord::Lapsed,
        Some(settled) => match settled.how {
            Settlement::Approved => ProposalWord::Approved,
            Settlement::Declined(_) => ProposalWord::Declined,
            Settlement::Withdrawn => ProposalWord::Withdrawn,
            Settlement::Lapsed => ProposalWord::Lapsed,
        },
    }
}

impl ProposalWord {
    const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }
}

fn shown(call: &Call<'_>, id: ProposalId) -> Result<Reply, Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let proposed = view.facts.proposal(id);
    let proposed = proposed.ok_or_else(|| Problem::unknown("proposal", &id.to_string()))?;
    Reply::json(&view_of(call, proposed, now))
}

fn view_of(call: &Call<'_>, proposed: &ProposedChange, now: Timestamp) -> ProposalView {
    let (view, caller) = (call.engine().view(), call.caller);
    let state = word(proposed, now);
    let waits = state == ProposalWord::Waiting;
    let own = proposed.by == caller.actor();
    let may_approve = || {
        let approving = caller.approving(of(&view.facts, proposed, now));
        approving.would(call.engine(), proposed.action, proposed.resource.clone())
    };
    ProposalView {
        id: proposed.id,
        what: proposed.what.clone(),
        why: proposed.why.clone(),
        action: proposed.action,
        operation: proposed.operation.clone(),
        path: proposed.path.clone(),
        by: proposed.name.to_string(),
        at: proposed.at,
        until: proposed.until,
        state,
        settled: proposed.settled.as_ref().map(|settled| SettledView {
            at: settled.at,
            by: settled.name.to_string(),
            why: match &settled.how {
                Settlement::Declined(why) => Some(why.clone()),
                Settlement::Approved | Settlement::Withdrawn | Settlement::Lapsed => None,
            },
        }),
        outdated: waits.then(|| outdated(call, proposed)).flatten(),
        notes: match waits {
            true => notes::of(&view.facts, proposed, now),
            false => Vec::new(),
        },
        own,
        may_approve: waits && !own && may_approve(),
    }
}

/// Why it cannot be made any more as it was proposed.
fn outdated(call: &Call<'_>, proposed: &ProposedChange) -> Option<String> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    if let Actor::User(id) = proposed.by {
        let Some(user) = view.facts.user(id).filter(|user| !user.disabled) else {
            return Some(format!("{} is gone, or switched off", proposed.name));
        };
        let (groups, _) = view.facts.groups_of(user, now);
        let lost = proposed.groups.iter().find(|group| !groups.contains(group));
        if let Some(group) = lost {
            return Some(format!("{} is no longer in `{group}`", proposed.name));
        }
    }
    if let (Resource::User(id), false) = (&proposed.resource, *proposed.operation == *"UserAdd")
        && view.facts.user(*id).is_none()
    {
        return Some("whom it is about is gone".to_owned());
    }
    let Ok((endpoint, parameters)) = operation_of(proposed) else {
        return Some("this version of Gatewright does not know the operation".to_owned());
    };
    let present = version_of(endpoint.operation, call, &proposed.resource, &parameters);
    let has_moved = proposed.version.is_some() && present.is_some() && proposed.version != present;
    has_moved.then(|| "what it changes was changed since it was proposed".to_owned())
}

/// The version of what is changed: made to anything newer, it would undo what nobody saw.
fn version_of(
    operation: Operation,
    call: &Call<'_>,
    resource: &Resource,
    parameters: &[String],
) -> Option<u64> {
    let view = call.engine().view();
    let facts = &view.facts;
    let named = parameters.first().map(String::as_str).unwrap_or_default();
    match operation {
        Operation::PolicyApply | Operation::PolicyRollback => Some(facts.policies().version),
        Operation::GroupPut | Operation::GroupRemove => {
            Some(facts.group(&named.parse().ok()?)?.version)
        }
        Operation::AppPut | Operation::AppRemove => Some(facts.app(&named.parse().ok()?)?.version),
        Operation::ProviderResume | Operation::ProviderForget => {
            Some(facts.provider(&named.parse().ok()?)?.version)
        }
        Operation::ClientResume | Operation::ClientRemove => {
            Some(facts.client_named(&named.parse().ok()?)?.version)
        }
        // What only takes away is not held up by those it is about, who change themselves.
        Operation::UserChange
        | Operation::UserEnable
        | Operation::UserGroupAdd
        | Operation::UserIdentitySet => match resource {
            Resource::User(id) => Some(facts.user(*id)?.version),
            _ => None,
        },
        _ => None,
    }
}

/// What a proposal that is approved does, and to what.
pub(crate) fn proposed_by(call: &Call<'_>) -> Option<(Operation, Resource, Vec<String>)> {
    let proposed = named(call).ok()?;
    let (endpoint, parameters) = operation_of(&proposed).ok()?;
    Some((endpoint.operation, proposed.resource.clone(), parameters))
}

/// The endpoint that it is a request of, with the path's parameters.
fn operation_of(proposed: &ProposedChange) -> Result<(&'static Endpoint, Vec<String>), Problem> {
    let mut known = ENDPOINTS.iter().filter(|endpoint| endpoint.is_proposable());
    let endpoint = known.find(|endpoint| *endpoint.name == *proposed.operation);
    let found = endpoint.and_then(|endpoint| {
        let (found, parameters) = endpoint::find(&endpoint.method, &proposed.path).ok()?;
        (found.operation == endpoint.operation).then_some((endpoint, parameters))
    });
    let unknown = || Problem::conflict("this version of Gatewright does not know the operation");
    let (endpoint, parameters) = found.ok_or_else(unknown)?;
    Ok((endpoint, crate::service::decoded(parameters)?))
}

impl Call<'_> {
    /// The operation that is proposed, by who asks for this one: on trial, unless it settles it.
    fn of<'c>(
        &'c self,
        caller: &'c Caller,
        proposed: &ProposedChange,
        settles: Option<Change>,
    ) -> Result<Call<'c>, Problem> {
        let (_, parameters) = operation_of(proposed)?;
        Ok(Call {
            parts: self.parts,
            engine: match settles {
                Some(_) => self.engine.clone(),
                None => self.engine.on_trial(),
            },
            recent: self.recent,
            heavy: self.heavy,
            trials: self.trials,
            declared: Arc::clone(&self.declared),
            declared_names: self.declared_names,
            caller,
            decision: self.decision,
            resource: proposed.resource.clone(),
            parameters,
            query: Query::default(),
            precondition: Precondition::at(proposed.version),
            body: Bytes::copy_from_slice(proposed.body.as_bytes()),
            settles,
        })
    }
}

/// A reason that somebody gives.
fn reason(field: &str, text: &str) -> Result<Arc<str>, Problem> {
    let text = text.trim();
    let fine = !text.is_empty()
        && text.chars().count() <= WHY_CHARS_MAX
        && !text.chars().any(char::is_control);
    match fine {
        true => Ok(text.into()),
        false => Err(Problem::invalid(format!(
            "`{field}` says why, in 1 to {WHY_CHARS_MAX} characters of plain text"
        ))
        .field(field)),
    }
}
