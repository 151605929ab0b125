//! The public keys by which apps check what Gatewright signed for them.

use gw_model::Snapshot;
use serde_json::{Value, json};

/// The purpose of keys that sign assertions.
pub(crate) const ASSERTION: &str = "assertion";

/// The key set (RFC 7517) of all published keys for assertions.
pub(crate) fn key_set(facts: &Snapshot) -> Value {
    let keys: Vec<Value> = facts
        .keys()
        .filter(|key| &*key.purpose == ASSERTION)
        .filter_map(|key| match serde_json::from_str::<Value>(&key.jwk) {
            Ok(jwk) => Some(jwk),
            Err(error) => {
                tracing::error!(kid = %key.kid, %error, "a published key is no JSON Web Key");
                None
            }
        })
        .collect();
    json!({ "keys": keys })
}
