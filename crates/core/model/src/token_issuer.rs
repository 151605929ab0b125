//! Issuers elsewhere whose tokens are believed: of builds, and of services on other platforms.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::ProviderName;

/// An issuer elsewhere. What its tokens say of a workload lets it be a client, where that client's
/// registration says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenIssuer {
    /// Its name here, by which clients name it.
    pub name: ProviderName,
    /// What its tokens have as `iss`, to the letter.
    pub issuer: Arc<str>,
    /// To whom its tokens are addressed when they are meant for here: all of `aud` is among these.
    pub audiences: Vec<Arc<str>>,
    /// Where its public keys are.
    pub keys: IssuerKeys,
    /// By which algorithms its tokens may be signed, by their names; all of them asymmetric.
    pub algorithms: Vec<Arc<str>>,
    /// How long ago a token may have been issued.
    pub age_max: Duration,
    /// Whether a token that has an id (`jti`) is good once only.
    pub single_use: bool,
    /// Who vouches for the servers that its keys are had from, and nobody else does; those that the
    /// system believes where absent.
    #[serde(default)]
    pub ca: Option<Authorities>,
}

/// Authorities from a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorities {
    /// The file, as it is named where it is declared.
    pub file: Arc<str>,
    /// What it holds: certificates in PEM form.
    pub pem: Arc<str>,
}

/// Where the public keys of an issuer are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssuerKeys {
    /// Where its own document says (OpenID Connect Discovery 1.0, 4).
    Discovery,
    /// At this address.
    Address(Arc<str>),
    /// Here: a JWK Set, as JSON.
    Set(Arc<str>),
}
