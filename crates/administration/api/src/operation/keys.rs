//! Public keys: list, rotate.

use gw_identity::{SamlKeyBegins, SamlRole, SamlRotateError};
use gw_issue::{KeyError, Pace};

use super::{Call, Reply, policies::moment};
use crate::{
    caller::{Caller, Who},
    query::BEGINS,
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
    let begins = begins(call)?;
    let has_keys = |role: &SamlRole| call.parts.identity.has_saml_keys(*role);
    if let Some(role) = SamlRole::of_purpose(purpose).filter(has_keys) {
        return rotate_saml(call, role, begins).await;
    }
    let all = (call.parts.keys)();
    let known = all.iter().find(|(known, _)| *known == purpose);
    let (_, keys) = known.ok_or_else(|| {
        let saml = SamlRole::ALL.into_iter().filter(has_keys);
        let purposes = all.iter().map(|(purpose, _)| *purpose);
        let purposes: Vec<_> = purposes.chain(saml.map(SamlRole::purpose)).collect();
        Problem::unknown("key that can be rotated for the purpose", purpose)
            .help(format!("purposes are {}", purposes.join(", ")))
    })?;
    if begins == SamlKeyBegins::AtOnce {
        let words = format!("a key for `{purpose}` signs once every verifier had time to see it");
        return Err(Problem::invalid(words)
            .field(BEGINS.name)
            .help("leave `begins` out; keys for SAML alone begin at once"));
    }
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

async fn rotate_saml(
    call: &Call<'_>,
    role: SamlRole,
    begins: SamlKeyBegins,
) -> Result<Reply, Problem> {
    let rotated = call.parts.identity.rotate_saml_keys(role, begins).await;
    let key = rotated.map_err(refused_saml)?;
    Reply::json(&Rotated {
        kid: key.kid.clone(),
        active_from: key.active_from,
    })
}

/// What ends the trust that others have in the key before is for who is on the machine.
fn begins(call: &Call<'_>) -> Result<SamlKeyBegins, Problem> {
    match (call.query.text(BEGINS), &call.caller.who) {
        (None, _) => Ok(SamlKeyBegins::AfterLead),
        (Some(_), Who::Local(_)) => Ok(SamlKeyBegins::AtOnce),
        (Some(_), Who::Person(_)) => Err(Problem::denied(
            "a key begins to sign at once on the machine itself alone",
        )
        .field(BEGINS.name)
        .help("on the machine: `gatewright key rotate PURPOSE --at-once`")),
    }
}

fn refused_saml(fault: SamlRotateError) -> Problem {
    match &fault {
        SamlRotateError::NotYet {
            active_from,
            purpose,
        } => Problem::conflict(format!("{fault}: it does at {}", moment(*active_from))).help(
            format!(
                "rotate again from then on; where a private key is known to others, on the machine itself: `gatewright key rotate {purpose} --at-once`"
            ),
        ),
        SamlRotateError::Unavailable(_) => Problem::failed(fault.to_string()),
    }
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
