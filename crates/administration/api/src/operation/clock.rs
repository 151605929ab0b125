//! The clock: what is wrong with it, and an operator's word that the system's is right.

use gw_clock::Confirmed;
use gw_model::{Change, EndReason, Ended, Snapshot, Timestamp};
use gw_store::Effect;

use super::{Call, Reply};
use crate::types::{ClockConfirmed, ClockView, Problem};

pub(super) fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    let clock = call.parts.engine.clock();
    Reply::json(&ClockView {
        now: clock.now(),
        fault: clock.fault().map(|fault| fault.to_string().into()),
    })
}

/// Time that goes back would let what was given out live longer than it was meant to: it is
/// ended before, and what began in between after.
pub(super) async fn confirm(call: &Call<'_>) -> Result<Reply, Problem> {
    let engine = &call.parts.engine;
    let back = matches!(
        engine.clock().fault(),
        Some(gw_clock::ClockFault::Behind { .. })
    );
    let mut ended = 0;
    if back {
        ended += end_all(call, "ended before time goes back", None).await?;
    }
    let confirmed = engine.clock().confirm();
    let now = engine.clock().now();
    let moved = match confirmed {
        Confirmed::Nothing => "nothing",
        Confirmed::Forward(_) => "forward",
        Confirmed::Back(_) => "back",
    };
    if let Confirmed::Back(_) = confirmed {
        ended += end_all(call, "confirmed the system's clock", Some(now)).await?;
    }
    Reply::json(&ClockConfirmed {
        moved: moved.into(),
        now,
        ended,
    })
}

/// Ends every session and link; with a time, that is the time from now on.
async fn end_all(
    call: &Call<'_>,
    what: &'static str,
    mark: Option<Timestamp>,
) -> Result<usize, Problem> {
    let engine = &call.parts.engine;
    let commit = call.commit(what);
    let now = engine.clock().now();
    let (count, counted) = tokio::sync::oneshot::channel();
    engine
        .propose(move |facts| {
            let sessions = live(facts, now);
            // The answer may not be waited for any more.
            let _ = count.send(sessions.len());
            let mut commit = sessions.into_iter().fold(commit, gw_engine::Commit::change);
            for user in facts.users() {
                commit = commit.effect(Effect::LinksRevoked { user: user.id });
            }
            Ok(match mark {
                Some(now) => commit.effect(Effect::ClockConfirmed { now }),
                None => commit,
            })
        })
        .await?;
    Ok(counted.await.unwrap_or_default())
}

fn live(facts: &Snapshot, at: Timestamp) -> Vec<Change> {
    let reason = EndReason::EndedByAdministrator;
    let live = facts.sessions().filter(|session| session.ended.is_none());
    live.map(|session| Change::SessionEnded {
        session: session.id,
        ended: Ended { at, reason },
    })
    .collect()
}
