//! Sealed ways in: seal, list, call back, acknowledge a use.

use gw_identity::BreakGlassError;
use gw_model::BreakGlassId;

use super::{Call, Reply};
use crate::{
    recent::actor,
    types::{
        BreakGlassUseView, BreakGlassView, Done, Listing, Problem, SealBreakGlass, SealedBreakGlass,
    },
};

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let facts = &view.facts;
    let opens = gw_policy::break_glass_opens(&view.policies, facts, now);
    let items = facts.break_glass().map(|entry| BreakGlassView {
        id: entry.id,
        label: entry.label.clone(),
        made_by: actor(facts, &entry.made_by),
        made_at: entry.made_at,
        used: entry.used.as_ref().map(|used| BreakGlassUseView {
            at: used.at,
            user: facts
                .user(used.user)
                .map_or_else(|| used.user.to_string(), |user| user.name.to_string()),
            session: used.session,
            client: used.client.clone(),
            address: used.address.clone(),
            ends: used.ends,
            open: facts
                .session(used.session)
                .is_some_and(|session| session.over(now).is_none()),
        }),
        opens,
    });
    Reply::json(&Listing::whole(items.collect()))
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
    let (id, by) = (id(call)?, call.actor());
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
        BreakGlassError::OwnUse => Problem::denied(told),
        BreakGlassError::Enough
        | BreakGlassError::Unacknowledged
        | BreakGlassError::Used
        | BreakGlassError::Unused => Problem::conflict(told),
        BreakGlassError::NotUsable
        | BreakGlassError::Unrecorded
        | BreakGlassError::Unavailable(_) => Problem::failed(told),
    }
}
