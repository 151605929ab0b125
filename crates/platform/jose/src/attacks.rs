//! Known attacks on JOSE and on tokens, each by its name, each refused.

mod form;
mod keys;
mod kinds;
mod signatures;

use serde_json::{Value, json};

use crate::{
    Algorithm, Claims, JwsFault, KeySet, TokenType,
    testing::{ALL, keys, parts},
    verify,
};

/// Looks at a token as any kind of JWT, with every algorithm allowed: nothing but the check that
/// is attacked stands in its way.
fn attempt(token: &str) -> Result<Claims, JwsFault> {
    attempt_with(token, keys())
}

fn attempt_with(token: &str, keys: &KeySet) -> Result<Claims, JwsFault> {
    verify(token, keys, ALL, TokenType::Jwt).map(|verified| verified.claims)
}

fn mallory() -> Value {
    json!({ "iss": "https://issuer.example", "sub": "mallory" })
}

/// A token with any header and signature.
fn forged(header: &Value, signature: &[u8]) -> String {
    let (header, claims) = (header.to_string(), mallory().to_string());
    parts(header.as_bytes(), claims.as_bytes(), signature)
}

const SIGNATURE: JwsFault = JwsFault::Signature { by_kid: true };

/// Of every length that some algorithm has.
const LENGTHS: [usize; 4] = [64, 96, 256, 384];

const KINDS: [Algorithm; 4] = [
    Algorithm::Rs256,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
];
