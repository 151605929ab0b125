//! What an unverified token says of itself, to choose by whose keys it is to be verified. Anybody
//! can write it: it decides nothing else.

use serde_json::Value;

use crate::{JwsFault, claims::TEXT_BYTES_MAX, compact::Compact, header::text, json::Object};

/// Where to look for the key of a token; not one word of it is true yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingHint {
    /// The issuer that it names; for a client's assertion, the client.
    pub issuer: Option<String>,
    /// The type that its header names.
    pub typ: Option<String>,
    /// The key that its header names.
    pub kid: Option<String>,
}

impl RoutingHint {
    /// Reads a token in the bounds that [`crate::verify`] has, without its signature.
    ///
    /// # Errors
    /// Where it could not be verified by any key: its form does not hold.
    pub fn read(token: &str) -> Result<Self, JwsFault> {
        let token = Compact::split(token)?;
        let mut header = token.header()?;
        Ok(Self {
            typ: text(&mut header, "typ")?,
            kid: text(&mut header, "kid")?,
            issuer: issuer(&mut token.claims()?),
        })
    }
}

fn issuer(claims: &mut Object) -> Option<String> {
    match claims.remove("iss") {
        Some(Value::String(issuer)) if issuer.len() <= TEXT_BYTES_MAX => Some(issuer),
        _ => None,
    }
}
