//! What can be wrong with certificates, in the operator's words.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// The file cannot be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("`{}` holds no {wanted} that can be read ({why}): it must be in PEM form", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The private key can be read by others.
    #[error("the private key `{}` is open to others (mode {mode:04o}): run `chmod 0600 {}`", path.display(), path.display())]
    KeyOpen {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Key and certificate do not belong together.
    #[error(
        "the key `{}` does not belong to the first certificate in `{}`: give both from the same \
         issue, and the server's own certificate first",
        key.display(), chain.display()
    )]
    Mismatch {
        /// The key file.
        key: PathBuf,
        /// The certificate file.
        chain: PathBuf,
    },
    /// The certificate is no longer valid.
    #[error("the certificate `{}` expired {days} days ago: renew it", path.display())]
    Expired {
        /// The certificate file.
        path: PathBuf,
        /// How long ago, in whole days.
        days: u64,
    },
    /// The certificate is not valid yet.
    #[error("the certificate `{}` is not valid yet: check the machine's clock", .0.display())]
    NotYetValid(PathBuf),
    /// A host is to be served with a certificate that does not cover it.
    #[error("the certificate `{}` does not cover `{host}`: it covers {covered}", path.display())]
    NotCovered {
        /// The certificate file.
        path: PathBuf,
        /// The host.
        host: String,
        /// The names that it does cover.
        covered: String,
    },
    /// A certificate covers no host name at all.
    #[error("the certificate `{}` covers no host name (subjectAltName): clients will refuse it", .0.display())]
    NoNames(PathBuf),
    /// Two certificates for one name.
    #[error(
        "`{name}` would be served by both `{}` and `{}`: name the hosts of each in its `hosts`",
        first.display(), second.display()
    )]
    Twice {
        /// The name.
        name: String,
        /// One certificate file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Two certificates for clients that name no host.
    #[error("both `{}` and `{}` are to be the default certificate: choose one", first.display(), second.display())]
    TwoDefaults {
        /// One certificate file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// No authorities are known that could vouch for a server.
    #[error(
        "this system has no list of authorities: install the package ca-certificates, or name the \
         authority's certificate with `ca`"
    )]
    NoAuthorities,
    /// The cryptographic library cannot provide what TLS needs.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
    /// A certificate could not be made.
    #[error("cannot make a certificate for the demo: {0}")]
    Issue(#[from] rcgen::Error),
}

impl TlsFault {
    /// The file that it is about, where it is about one that cannot be read.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Io { path, .. } | Self::Unreadable { path, .. } | Self::KeyOpen { path, .. } => {
                Some(path)
            }
            Self::Mismatch { key, .. } => Some(key),
            _ => None,
        }
    }
}
