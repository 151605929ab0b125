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
    let whole = call.caller.is_owner_equal(call.engine());
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

/// Nobody ends what somebody does in an emergency who has fewer rights than they, or who broke the
/// glass as well.
pub(super) fn leave_alone(call: &Call<'_>, user: UserId) -> Result<(), Problem> {
    let view = call.engine().view();
    let own = call.caller.user();
    let broke = |user: UserId| view.facts.break_glass_of(user).is_some();
    if !broke(user) || own == Some(user) {
        return Ok(());
    }
    if own.is_some_and(broke) || !call.caller.is_owner_equal(call.engine()) {
        let detail = "that is somebody who came in by breaking the glass, which an owner who did not looks after";
        return Err(Problem::denied(detail).help("have an owner acknowledge it: that ends it"));
    }
    Ok(())
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
    let (id, by) = (id(call)?, call.actor());
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
