//! Authorities: a file's own, or those that the system believes.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use crate::{
    TlsFault,
    files::{digest_of, io_fault},
};

/// Where systems keep the authorities that they believe: Debian and its kin, Fedora and its
/// kin, SUSE, Alpine and the BSDs.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// Names another bundle, as for other programs.
const BUNDLE_VARIABLE: &str = "SSL_CERT_FILE";

/// The system's authorities, read once for all apps that go by them.
#[derive(Default)]
pub(super) struct System(Option<(Arc<RootCertStore>, [u8; 32])>);

impl System {
    pub(super) fn roots(&mut self) -> Result<(Arc<RootCertStore>, [u8; 32]), TlsFault> {
        if let Some(read) = &self.0 {
            return Ok(read.clone());
        }
        let path = bundle().ok_or(TlsFault::NoAuthorities)?;
        let read = read(&path)?;
        self.0 = Some(read.clone());
        Ok(read)
    }
}

fn bundle() -> Option<PathBuf> {
    let named = std::env::var_os(BUNDLE_VARIABLE).map(PathBuf::from);
    named.or_else(|| {
        let usual = BUNDLES.iter().map(PathBuf::from);
        usual.into_iter().find(|path| path.is_file())
    })
}

/// A system's bundle may hold a few that nobody can read any more.
fn read(path: &Path) -> Result<(Arc<RootCertStore>, [u8; 32]), TlsFault> {
    let pem = fs::read(path).map_err(io_fault("read the system's authorities", path))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates(path, &pem)?);
    if added == 0 {
        return Err(unreadable(path, "none can be read"));
    }
    Ok((Arc::new(roots), digest_of(&[&pem])))
}

/// The certificates of a PEM file; that there is none is a fault.
pub(super) fn certificates(
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|why| unreadable(path, why))?;
    if certificates.is_empty() {
        return Err(unreadable(path, "there is none"));
    }
    Ok(certificates)
}

pub(super) fn unreadable(path: &Path, why: impl ToString) -> TlsFault {
    TlsFault::Unreadable {
        path: path.into(),
        wanted: "authority's certificate",
        why: why.to_string(),
    }
}
