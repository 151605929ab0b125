//! A JOSE header (RFC 7515, 4): what a token says that it was signed with.
//!
//! `jku`, `jwk`, `x5u`, `x5c` and `x5t` are not looked at: a token does not choose who vouches for
//! it. `jwk` is kept for DPoP alone, where the key is what is to be proven.

use serde_json::Value;

use crate::{
    Algorithm, JwsFault, compact::Compact, fault::Shown, json::Object, key::KID_BYTES_MAX,
};

pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Option<String>,
    pub(crate) jwk: Option<Value>,
}

impl Header {
    pub(crate) fn read(token: &Compact<'_>) -> Result<Self, JwsFault> {
        let mut members = token.header()?;
        for extension in ["crit", "b64"] {
            if members.contains_key(extension) {
                return Err(JwsFault::Extension(extension));
            }
        }
        let name = text(&mut members, "alg")?.ok_or(JwsFault::Header("alg"))?;
        let unknown = || JwsFault::UnknownAlgorithm(Shown::new(&name));
        let algorithm = Algorithm::of_name(&name).ok_or_else(unknown)?;
        let kid = text(&mut members, "kid")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > KID_BYTES_MAX) {
            return Err(JwsFault::Header("kid"));
        }
        Ok(Self {
            algorithm,
            kid,
            typ: text(&mut members, "typ")?,
            jwk: members.remove("jwk"),
        })
    }
}

pub(crate) fn text(members: &mut Object, name: &'static str) -> Result<Option<String>, JwsFault> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwsFault::Header(name)),
    }
}
