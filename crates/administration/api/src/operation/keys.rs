//! Public keys: list, rotate.

use super::{Call, Reply};
use crate::types::{KeyView, Listing, Problem, Rotated};

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
    let known = call.parts.keys.iter().find(|(known, _)| *known == purpose);
    let (_, keys) = known.ok_or_else(|| {
        let purposes: Vec<_> = call
            .parts
            .keys
            .iter()
            .map(|(purpose, _)| *purpose)
            .collect();
        Problem::unknown("key that can be rotated for the purpose", purpose)
            .help(format!("purposes are {}", purposes.join(", ")))
    })?;
    let engine = &call.parts.engine;
    let kid = keys
        .rotate(engine)
        .await
        .map_err(|fault| Problem::failed(fault.to_string()))?;
    let view = engine.view();
    let key = view.facts.keys().find(|key| key.kid == kid);
    let active_from = key.map_or_else(|| engine.clock().now(), |key| key.active_from);
    Reply::json(&Rotated { kid, active_from })
}
