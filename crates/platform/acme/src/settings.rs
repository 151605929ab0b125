//! Which authority is asked, and as whom.

use std::path::PathBuf;

/// Let's Encrypt's directory.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// Which authority is asked, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The URL of the authority's directory.
    pub directory: String,
    /// Mail addresses that the authority may write to.
    pub contact: Vec<String>,
    /// Who vouches for the authority's own server, in PEM form; the system's authorities where
    /// absent.
    pub ca: Option<PathBuf>,
    /// The account elsewhere that the authority wants this one bound to (RFC 8555, 7.3.4).
    pub external_account: Option<ExternalAccount>,
}

/// An account that the authority knows its customers by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalAccount {
    /// Its name.
    pub id: String,
    /// A file with its key, in base64url as authorities hand it out.
    pub key: PathBuf,
}
