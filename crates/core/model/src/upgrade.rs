//! Protocols that a connection over HTTP/1.1 may be upgraded to.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// A protocol as `Upgrade` names it, in lower case: `websocket`, `spdy/3.1`, `tcp`.
///
/// HTTP itself is not among them, in no version and under no encryption: what travels inside
/// such an upgrade would be requests that nobody has asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UpgradeToken(Arc<str>);

/// Text that is not a protocol to upgrade to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeFault {
    /// It is no token.
    #[error("is `{0}`, expected a protocol to upgrade to, such as \"websocket\" or \"spdy/3.1\"")]
    Malformed(String),
    /// It would carry requests that nobody has asked about.
    #[error(
        "is `{0}`: requests inside such an upgrade would reach the app unasked and unrecorded; clients speak HTTP/2 and TLS to Gatewright itself"
    )]
    Http(String),
}

impl UpgradeToken {
    /// WebSocket (RFC 6455).
    pub fn websocket() -> Self {
        Self(Arc::from("websocket"))
    }

    /// The protocol in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a header's value names this protocol and no other.
    pub fn is(&self, value: &[u8]) -> bool {
        value.eq_ignore_ascii_case(self.0.as_bytes())
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

impl FromStr for UpgradeToken {
    type Err = UpgradeFault;
    fn from_str(text: &str) -> Result<Self, UpgradeFault> {
        let shown = || text.chars().take(80).collect();
        let (name, version) = match text.split_once('/') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        if text.len() > 64 || !is_token(name) || !version.is_none_or(is_token) {
            return Err(UpgradeFault::Malformed(shown()));
        }
        let text = text.to_ascii_lowercase();
        let name = text.split('/').next().unwrap_or_default();
        if matches!(name, "http" | "h2c" | "h2" | "h3" | "tls") {
            return Err(UpgradeFault::Http(shown()));
        }
        Ok(Self(Arc::from(text)))
    }
}

impl TryFrom<String> for UpgradeToken {
    type Error = UpgradeFault;
    fn try_from(text: String) -> Result<Self, UpgradeFault> {
        text.parse()
    }
}

impl From<UpgradeToken> for String {
    fn from(token: UpgradeToken) -> Self {
        token.to_string()
    }
}

impl fmt::Display for UpgradeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_one_token_and_case_does_not_count() {
        for text in ["websocket", "SPDY/3.1", "tcp", "tcp-x"] {
            let token: UpgradeToken = text.parse().unwrap();
            assert!(token.is(text.as_bytes()) && !token.is(b"other"), "{text}");
            assert_eq!(token.as_str(), text.to_ascii_lowercase());
        }
        for bad in ["", "a b", "a,b", "a/", "/1", "a/1/2", "ä", &"x".repeat(65)] {
            let fault = bad.parse::<UpgradeToken>().unwrap_err();
            assert!(matches!(fault, UpgradeFault::Malformed(_)), "{bad:?}");
        }
    }

    #[test]
    fn http_is_never_upgraded_to() {
        for bad in ["h2c", "H2C", "h2", "HTTP/2.0", "http/1.1", "h3", "TLS/1.0"] {
            let fault = bad.parse::<UpgradeToken>().unwrap_err();
            assert!(matches!(fault, UpgradeFault::Http(_)), "{bad:?}");
            let json = serde_json::to_string(bad).unwrap();
            assert!(serde_json::from_str::<UpgradeToken>(&json).is_err());
        }
    }
}
