//! A certificate with its key, read from files and checked.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::digest;
use gw_model::Timestamp;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::{TlsFault, config::provider};

/// Where a certificate and its key lie, and whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate and those that lead to its root, in PEM form, the server's own first.
    pub chain: PathBuf,
    /// Its private key, in PEM form.
    pub key: PathBuf,
    /// The hosts that get it; empty means all that it covers.
    pub hosts: Vec<String>,
    /// Whether clients that name no host, or an unknown one, get it too.
    pub default: bool,
}

/// What was read from such files.
pub(crate) struct Pair {
    pub(crate) key: Arc<CertifiedKey>,
    /// The host names that it covers, lower case; a wildcard covers one level.
    pub(crate) names: Vec<String>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    /// SHA-256 over both files.
    pub(crate) digest: [u8; 32],
}

impl Pair {
    pub(crate) fn read(chain: &Path, key: &Path) -> Result<Self, TlsFault> {
        let chain_pem = fs::read(chain).map_err(io_fault("read the certificate", chain))?;
        let key_pem = read_key(key)?;
        Self::of((chain, &chain_pem), (key, &key_pem))
    }

    /// Each with the file that it is from, or will be in.
    pub(crate) fn of(
        (chain, chain_pem): (&Path, &[u8]),
        (key, key_pem): (&Path, &[u8]),
    ) -> Result<Self, TlsFault> {
        let certificates = CertificateDer::pem_slice_iter(chain_pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|why| unreadable(chain, "certificate", why))?;
        let leaf = certificates
            .first()
            .ok_or_else(|| unreadable(chain, "certificate", "there is none"))?;
        let facts = Facts::of(leaf).map_err(|why| unreadable(chain, "certificate", why))?;
        let private = PrivateKeyDer::from_pem_slice(key_pem)
            .map_err(|why| unreadable(key, "private key", why))?;
        let certified = CertifiedKey::from_der(certificates, private, &provider()).map_err(
            |why| match why {
                rustls::Error::InconsistentKeys(_) => TlsFault::Mismatch {
                    key: key.into(),
                    chain: chain.into(),
                },
                other => unreadable(key, "private key", other),
            },
        )?;
        Ok(Self {
            key: Arc::new(certified),
            names: facts.names,
            not_before: facts.not_before,
            not_after: facts.not_after,
            digest: digest_of(&[chain_pem, key_pem]),
        })
    }

    /// Everything that keeps it from being served as these files say.
    pub(crate) fn faults(&self, files: &CertificateFiles, now: Timestamp) -> Vec<TlsFault> {
        let path = || files.chain.clone();
        let mut faults: Vec<_> = self.fault_of_time(&files.chain, now).into_iter().collect();
        if self.names.is_empty() {
            faults.push(TlsFault::NoNames(path()));
        }
        let uncovered = files.hosts.iter().filter(|host| !self.covers(host));
        faults.extend(uncovered.map(|host| TlsFault::NotCovered {
            path: path(),
            host: host.clone(),
            covered: self.names.join(", "),
        }));
        faults
    }

    /// Whether it has expired, or is not valid yet.
    pub(crate) fn fault_of_time(&self, chain: &Path, now: Timestamp) -> Option<TlsFault> {
        if now >= self.not_after {
            let days = now.since(self.not_after).as_secs() / 86_400;
            let path = chain.into();
            return Some(TlsFault::Expired { path, days });
        }
        (now < self.not_before).then(|| TlsFault::NotYetValid(chain.into()))
    }

    /// Whether it is for a host, or for a wildcard as it stands.
    pub(crate) fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let wildcard = wildcard_of(&host);
        self.names
            .iter()
            .any(|name| *name == host || Some(name) == wildcard.as_ref())
    }
}

/// The wildcard that covers a host: its first label replaced.
pub(crate) fn wildcard_of(host: &str) -> Option<String> {
    let (first, rest) = host.split_once('.')?;
    (!first.is_empty() && first != "*" && !rest.is_empty()).then(|| format!("*.{rest}"))
}

/// Group members may read it (as Debian's `ssl-cert` do); nobody else may, and none may write.
pub(crate) fn read_key(path: &Path) -> Result<Vec<u8>, TlsFault> {
    let fault = || io_fault("read the private key", path);
    let mode = fs::metadata(path).map_err(fault())?.mode() & 0o7777;
    if mode & 0o037 != 0 {
        return Err(TlsFault::KeyOpen {
            path: path.into(),
            mode,
        });
    }
    fs::read(path).map_err(fault())
}

struct Facts {
    names: Vec<String>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Facts {
    fn of(certificate: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, parsed) = X509Certificate::from_der(certificate).map_err(|why| why.to_string())?;
        let names = parsed
            .subject_alternative_name()
            .map_err(|why| why.to_string())?
            .map(|found| &found.value.general_names)
            .into_iter()
            .flatten()
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
                _ => None,
            })
            .collect();
        Ok(Self {
            names,
            not_before: timestamp(parsed.validity().not_before.timestamp()),
            not_after: timestamp(parsed.validity().not_after.timestamp()),
        })
    }
}

fn timestamp(secs: i64) -> Timestamp {
    Timestamp::from_secs(u64::try_from(secs).unwrap_or(0))
}

pub(crate) fn digest_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut found = [0; 32];
    found.copy_from_slice(context.finish().as_ref());
    found
}

pub(crate) fn io_fault(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TlsFault {
    let path = path.to_owned();
    move |source| TlsFault::Io {
        action,
        path,
        source,
    }
}

fn unreadable(path: &Path, wanted: &'static str, why: impl ToString) -> TlsFault {
    TlsFault::Unreadable {
        path: path.into(),
        wanted,
        why: why.to_string(),
    }
}
