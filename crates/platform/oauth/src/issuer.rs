//! The name of this server (RFC 8414, 2; OpenID Connect Discovery 1.0, 3).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::uri::Uri;

/// `https`, or `http` on this very machine, without query, fragment or slash at its end, so that
/// it has one spelling: issuers are compared byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(String);

/// A text is no issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an issuer is `https`, or `http` on this machine, without query, fragment or slash at its end"
)]
pub struct IssuerFault;

impl Issuer {
    /// Reads one.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Self, IssuerFault> {
        let uri = Uri::parse(text).ok_or(IssuerFault)?;
        let authority = uri.authority.ok_or(IssuerFault)?;
        let is_safe = uri.scheme == "https" || (uri.scheme == "http" && authority.is_loopback());
        let is_plain = !uri.has_fragment
            && uri.query().is_none()
            && !uri.has_dot_segment()
            && !text.ends_with('/');
        match is_safe && is_plain {
            true => Ok(Self(text.to_owned())),
            false => Err(IssuerFault),
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Issuer {
    type Error = IssuerFault;

    fn try_from(text: String) -> Result<Self, IssuerFault> {
        Self::parse(&text)
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_has_one_spelling() {
        for text in [
            "https://auth.example",
            "https://a.example/t/1",
            "http://auth.gatewright.localhost:8443",
        ] {
            assert!(Issuer::parse(text).is_ok(), "{text}");
        }
        for text in [
            "https://auth.example/",
            "http://auth.example",
            "https://auth.example?x",
            "https://auth.example#",
            "auth.example",
            "https://a.example/..",
        ] {
            assert!(Issuer::parse(text).is_err(), "{text}");
        }
    }
}
