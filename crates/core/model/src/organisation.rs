//! Facts of the organisation as a whole: its settings, its networks, the keys it signs with.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, TokenIssuer};

/// Organisation-wide settings that decisions read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Named networks: `context.network.names.contains("office")`.
    #[serde(default)]
    pub networks: Vec<Network>,
    /// Zone of `context.time` where an app has none of its own, by IANA name.
    #[serde(default = "utc")]
    pub time_zone: Arc<str>,
    /// Whether people may sign in with a password and a code. Where they may not, no session rests
    /// on one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passwords: bool,
    /// Whether all that is here of mail addresses is made sure of, whoever brought it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub addresses_verified: bool,
    /// Issuers elsewhere by whose tokens workloads show who they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<Arc<TokenIssuer>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            networks: Vec::new(),
            time_zone: utc(),
            passwords: false,
            addresses_verified: false,
            issuers: Vec::new(),
        }
    }
}

fn utc() -> Arc<str> {
    Arc::from("UTC")
}

impl Settings {
    /// Names of the networks that hold an address, sorted.
    pub fn network_names(&self, address: IpAddr) -> Vec<Arc<str>> {
        let address = address.to_canonical();
        let mut names: Vec<_> = self
            .networks
            .iter()
            .filter(|n| n.prefixes.iter().any(|p| p.contains(&address)))
            .map(|n| n.name.clone())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A network with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its name.
    pub name: Arc<str>,
    /// Its address ranges.
    pub prefixes: Vec<IpNet>,
}

/// A public key that some gateway signs with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedKey {
    /// Key id: its RFC 7638 thumbprint.
    pub kid: Arc<str>,
    /// What it signs: one key per purpose.
    pub purpose: Arc<str>,
    /// The public key as a JSON Web Key (RFC 7517). One for SAML has its certificate in it, and two
    /// that go together, one to sign and one to encrypt to, are a set.
    pub jwk: Arc<str>,
    /// When it was published; signing starts later, so that every verifier has seen it.
    pub published_at: Timestamp,
    /// When signing with it begins.
    pub active_from: Timestamp,
    /// When signing with it ended, once it has.
    #[serde(default)]
    pub replaced_at: Option<Timestamp>,
}
