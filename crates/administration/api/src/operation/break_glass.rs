//! Sealed ways in: seal, list, call back, acknowledge a use.

use gw_identity::BreakGlassError;
use gw_model::{Actor, BreakGlassId, BreakGlassUse, Snapshot, Timestamp, UserId};

use super::{Call, Reply};
use crate::{
    recent::actor,
    types::{
        AcknowledgedView, BreakGlassUseView, BreakGlassView, Done, Listing, Problem,
        SealBreakGlass, SealedBreakGlass,
    },
};

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let facts = &view.facts;
    let opens = gw_policy::break_glass_opens(&view.policies, facts, now);
    let shows = call.caller.is_owner_equal_with_another(call.engine());
    let whole = shows && is_from_before(call, facts);
    let told = facts
        .break_glass()
        .filter(|entry| whole || entry.waiting().is_some());
    let items = told.map(|entry| BreakGlassView {
        id: entry.id,
        label: whole.then(|| entry.label.clone()),
        made_by: whole.then(|| actor(facts, &entry.made_by)),
        made_at: entry.made_at,
        used: entry
            .used
            .as_ref()
            .map(|used| use_of(used, whole, facts, now)),
        acknowledged: entry.acknowledged.as_ref().map(|looked| AcknowledgedView {
            at: looked.at,
            by: actor(facts, &looked.by),
        }),
        opens,
    });
    Reply::json(&Listing::whole(items.collect()))
}

fn use_of(
    used: &BreakGlassUse,
    whole: bool,
    facts: &Snapshot,
    now: Timestamp,
) -> BreakGlassUseView {
    let session = facts.session(used.session);
    BreakGlassUseView {
        at: used.at,
        user: actor(facts, &Actor::User(used.user)),
        session: used.session,
        client: whole.then(|| used.client.clone()),
        address: whole.then(|| used.address.clone()),
        ends: used.ends,
        open: session.is_some_and(|session| session.over(now).is_none()),
    }
}

/// Whether who asks owes nothing to whoever came in by a use that waits; so where none does.
fn is_from_before(call: &Call<'_>, facts: &Snapshot) -> bool {
    let (by, session) = (call.actor(), call.caller.session());
    let mut waiting = facts.break_glass().filter_map(|entry| entry.waiting());
    waiting.all(|used| used.precedes(facts, &by, session))
}

/// Who broke the glass is changed by nobody but themselves and owners from before.
pub(super) fn leave_its_user_alone(call: &Call<'_>, user: UserId) -> Result<(), Problem> {
    left_to_owners_from_before(call, user, |used| used.user == user)
}

/// Nor do others end their sessions, or those of who were owners before.
pub(super) fn leave_signed_in(call: &Call<'_>, user: UserId) -> Result<(), Problem> {
    left_to_owners_from_before(call, user, |used| {
        used.user == user || used.owners.contains(&user)
    })
}

fn left_to_owners_from_before(
    call: &Call<'_>,
    user: UserId,
    concerns: impl Fn(&BreakGlassUse) -> bool,
) -> Result<(), Problem> {
    let view = call.engine().view();
    let facts = &view.facts;
    let mut waiting = facts.break_glass().filter_map(|entry| entry.waiting());
    let may = || is_from_before(call, facts) && call.caller.is_owner_equal(call.engine());
    if call.caller.user() == Some(user) || !waiting.any(concerns) || may() {
        return Ok(());
    }
    let detail = "the glass is broken: who broke it, and who was an owner before, are left to the owners from before and to root on the machine";
    Err(Problem::denied(detail).help("have one of them acknowledge it first"))
}

pub(super) async fn seal(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: SealBreakGlass = call.body()?;
    let sealed = call
        .parts
        .identity
        .seal_break_glass(&asked.label, call.actor(), Some(call.decision))
        .await
        .map_err(problem)?;
    let view = call.engine().view();
    let now = call.engine().clock().now();
    Reply::json(&SealedBreakGlass {
        id: sealed.id,
        url: format!("{}{}", call.parts.authentication_origin, sealed.path),
        code: sealed.code.expose().clone(),
        opens: gw_policy::break_glass_opens(&view.policies, &view.facts, now),
    })
}

pub(super) async fn revoke(call: &Call<'_>) -> Result<Reply, Problem> {
    let (id, by) = (id(call)?, (call.actor(), call.caller.session()));
    let identity = &call.parts.identity;
    let revoked = identity.revoke_break_glass(id, by, Some(call.decision));
    revoked.await.map_err(problem)?;
    done(call)
}

pub(super) async fn acknowledge(call: &Call<'_>) -> Result<Reply, Problem> {
    let (id, by) = (id(call)?, (call.actor(), call.caller.session()));
    let identity = &call.parts.identity;
    let acknowledged = identity.acknowledge_break_glass(id, by, Some(call.decision));
    acknowledged.await.map_err(problem)?;
    done(call)
}

fn id(call: &Call<'_>) -> Result<BreakGlassId, Problem> {
    let text = call.parameter(0);
    text.parse()
        .map_err(|_| Problem::unknown("sealed way in", text))
}

fn done(call: &Call<'_>) -> Result<Reply, Problem> {
    let epoch = call.engine().view().facts.epoch;
    Reply::json(&Done { epoch })
}

fn problem(fault: BreakGlassError) -> Problem {
    let told = fault.to_string();
    match fault {
        BreakGlassError::Label => Problem::invalid(told).field("label"),
        BreakGlassError::Unknown(id) => Problem::unknown("sealed way in", &id.to_string()),
        BreakGlassError::OwnUse | BreakGlassError::NotFromBefore => Problem::denied(told),
        BreakGlassError::Enough
        | BreakGlassError::Unacknowledged
        | BreakGlassError::Used
        | BreakGlassError::Acknowledged
        | BreakGlassError::Unused => Problem::conflict(told),
        BreakGlassError::NotUsable
        | BreakGlassError::Unrecorded
        | BreakGlassError::Unavailable(_) => Problem::failed(told),
    }
}
