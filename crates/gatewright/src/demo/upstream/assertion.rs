//! Who a request is from, by the assertion that Gatewright signed for this app.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{PublishedKey, Timestamp};
use http::HeaderMap;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::Jwk};
use serde::Deserialize;

/// The header that carries it.
const HEADER: &str = "gatewright-assertion";
/// The purpose of the keys that sign it.
const PURPOSE: &str = "assertion";

/// The public keys as they are published now.
pub(in crate::demo) type PublicKeys = Arc<dyn Fn() -> Vec<Arc<PublishedKey>> + Send + Sync>;

/// The present, for expiry.
pub(in crate::demo) type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Checks assertions.
pub(in crate::demo) struct Checker {
    keys: PublicKeys,
    now: Now,
    issuers: BTreeSet<String>,
}

/// Who asks, as far as the demo apps need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::demo) struct Caller {
    /// For people.
    pub(crate) display_name: String,
    /// How they proved who they are.
    pub(crate) methods: Vec<String>,
}

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::demo) enum Unbelieved {
    /// It did not come through the gate.
    #[error("the request carries no assertion")]
    Missing,
    /// It is not signed by a published key, or is for another app, or is too old.
    #[error("the request carries an assertion that does not hold here")]
    Invalid,
}

#[derive(Deserialize)]
struct Claims {
    exp: u64,
    name: String,
    #[serde(default)]
    amr: Vec<String>,
}

impl Checker {
    /// Believes assertions of these issuers, signed by keys that are published when they arrive.
    pub(crate) fn new(keys: PublicKeys, now: Now, issuers: BTreeSet<String>) -> Self {
        Self { keys, now, issuers }
    }

    /// Who a request for this app is from.
    pub(super) fn caller(&self, headers: &HeaderMap, app: &str) -> Result<Caller, Unbelieved> {
        let mut values = headers.get_all(HEADER).iter();
        let token = values.next().ok_or(Unbelieved::Missing)?;
        if values.next().is_some() {
            return Err(Unbelieved::Invalid);
        }
        let claims = self
            .verified(token.as_bytes(), app)
            .ok_or(Unbelieved::Invalid)?;
        Ok(Caller {
            display_name: claims.name,
            methods: claims.amr,
        })
    }

    fn verified(&self, token: &[u8], app: &str) -> Option<Claims> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let keys = (self.keys)();
        let key = keys
            .iter()
            .find(|key| *key.purpose == *PURPOSE && *key.kid == *kid)?;
        let jwk: Jwk = serde_json::from_str(&key.jwk).ok()?;
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[app]);
        validation.set_issuer(&self.issuers.iter().collect::<Vec<_>>());
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The demo's own clock tells the time, not the library's.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &decoding, &validation)
            .ok()?
            .claims;
        (claims.exp > (self.now)().as_secs()).then_some(claims)
    }
}
