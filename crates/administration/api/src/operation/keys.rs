//! Public keys: list, rotate.

use gw_issue::{KeyError, Pace};

use super::{Call, Reply, policies::moment};
use crate::{
    caller::{Caller, Who},
    types::{KeyView, Listing, Problem, Rotated},
};

pub(super) fn list(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.parts.engine.view();
    let items = view.facts.keys().map(|key| KeyView {
        kid: key.kid.clone(),
        purpose: key.purpose.clone(),
        published_at: key.published_at,
        active_from: key.active_from,
        replaced_at: key.replaced_at,
    });
    Reply::json(&Listing::whole(items.collect()))
}

pub(super) async fn rotate(call: &Call<'_>) -> Result<Reply, Problem> {
    let purpose = call.parameter(0);
    let all = (call.parts.keys)();
    let known = all.iter().find(|(known, _)| *known == purpose);
    let (_, keys) = known.ok_or_else(|| {
        let purposes: Vec<_> = all.iter().map(|(purpose, _)| *purpose).collect();
        Problem::unknown("key that can be rotated for the purpose", purpose)
            .help(format!("purposes are {}", purposes.join(", ")))
    })?;
    let engine = &call.parts.engine;
    let kid = keys
        .rotate(engine, pace(call.caller))
        .await
        .map_err(refused)?;
    let view = engine.view();
    let key = view.facts.keys().find(|key| key.kid == kid);
    let active_from = key.map_or_else(|| engine.clock().now(), |key| key.active_from);
    Reply::json(&Rotated { kid, active_from })
}

/// Whoever is on the machine may have to replace a key that is known to others at once.
const fn pace(caller: &Caller) -> Pace {
    match caller.who {
        Who::Local(_) => Pace::AtOnce,
        Who::Person(_) => Pace::InTurn,
    }
}

fn refused(fault: KeyError) -> Problem {
    match &fault {
        KeyError::NotYet { active_from, .. } => {
            Problem::conflict(format!("{fault}: it does at {}", moment(*active_from))).help(
                "rotate again from then on, or on the machine itself: `gatewright key rotate`",
            )
        }
        _ => Problem::failed(fault.to_string()),
    }
}
