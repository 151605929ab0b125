//! What is believed of apps' servers, and what is shown to them: authorities and client certificates.

mod any;
mod roots;

use std::{
    collections::HashMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use gw_model::{AppName, Timestamp};
use rustls::{
    ClientConfig, ConfigBuilder, RootCertStore,
    client::WantsClientCert,
    version::{TLS12, TLS13},
};

use self::any::AnyCertificate;
use crate::{
    Reload, TlsFault,
    config::provider,
    files::{Pair, digest_of, io_fault},
};

/// What one app's servers are believed by, and what they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustFiles {
    /// The app.
    pub app: AppName,
    /// Authorities in PEM form; the system's where absent.
    pub ca: Option<PathBuf>,
    /// A certificate chain in PEM form and its key, for servers that ask who we are.
    pub client: Option<(PathBuf, PathBuf)>,
    /// Whoever answers is believed. Dangerous: anybody on the way can be the server.
    pub dangerous_accept_any_certificate: bool,
}

/// A file of an app's trust that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("app `{app}`: {key}: {source}")]
pub struct TrustFault {
    /// The app.
    pub app: AppName,
    /// What of it: `ca`, `certificate` or `key`.
    pub key: &'static str,
    /// Why.
    #[source]
    pub source: TlsFault,
}

/// The trust of all apps with servers over TLS; clones are the same store. Looking one up
/// takes no lock, and whether anything has changed is one atomic load.
#[derive(Clone)]
pub struct TrustStore(Arc<Shared>);

struct Shared {
    held: ArcSwap<Held>,
    generation: AtomicU64,
}

struct Held {
    files: Vec<TrustFiles>,
    /// SHA-256 over all of their contents.
    digest: [u8; 32],
    by_app: HashMap<AppName, Arc<ClientConfig>>,
}

impl TrustStore {
    /// Reads and checks all files.
    ///
    /// # Errors
    /// All faults of all files.
    pub fn load(files: Vec<TrustFiles>, now: Timestamp) -> Result<Self, Vec<TrustFault>> {
        let held = Held::read(files, now)?;
        Ok(Self(Arc::new(Shared {
            held: ArcSwap::from_pointee(held),
            generation: AtomicU64::new(0),
        })))
    }

    /// A store that believes nobody.
    pub fn empty() -> Self {
        Self(Arc::new(Shared {
            held: ArcSwap::from_pointee(Held {
                files: Vec::new(),
                digest: [0; 32],
                by_app: HashMap::new(),
            }),
            generation: AtomicU64::new(0),
        }))
    }

    /// Reads the same files again. Either all that they hold now counts, or none of it.
    ///
    /// # Errors
    /// All faults of all files; then what counted before still does.
    pub fn reload(&self, now: Timestamp) -> Result<Reload, Vec<TrustFault>> {
        let files = self.0.held.load().files.clone();
        self.replace(files, now)
    }

    /// Goes by other files from now on, all of them or none.
    ///
    /// # Errors
    /// All faults of all files; then what counted before still does.
    pub fn replace(
        &self,
        files: Vec<TrustFiles>,
        now: Timestamp,
    ) -> Result<Reload, Vec<TrustFault>> {
        let next = Held::read(files, now)?;
        Ok(self.adopt(Arc::new(next)))
    }

    /// Goes by what another store goes by, which nobody uses: files that were checked before.
    pub fn take(&self, other: &Self) -> Reload {
        self.adopt(other.0.held.load_full())
    }

    fn adopt(&self, next: Arc<Held>) -> Reload {
        {
            let held = self.0.held.load();
            if next.files == held.files && next.digest == held.digest {
                return Reload::Unchanged;
            }
        }
        self.0.held.store(next);
        self.0.generation.fetch_add(1, Ordering::Release);
        Reload::Changed
    }

    /// Goes up whenever anything has changed.
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// How handshakes with an app's servers are made, without a choice of protocol; none for
    /// an app that no configuration here speaks of.
    pub fn of(&self, app: &AppName) -> Option<Arc<ClientConfig>> {
        self.0.held.load().by_app.get(app).cloned()
    }
}

impl fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TrustStore")
            .field(&self.0.held.load().files)
            .finish()
    }
}

impl Held {
    fn read(files: Vec<TrustFiles>, now: Timestamp) -> Result<Self, Vec<TrustFault>> {
        let mut faults = Vec::new();
        let mut by_app = HashMap::new();
        let mut digests = Vec::new();
        let mut system = roots::System::default();
        for one in &files {
            let config = Reading {
                files: one,
                system: &mut system,
                faults: Vec::new(),
                digests: Vec::new(),
            };
            match config.finish(now) {
                Ok((config, digest)) => {
                    by_app.insert(one.app.clone(), config);
                    digests.push(digest);
                }
                Err(found) => faults.extend(found),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let parts: Vec<&[u8]> = digests.iter().map(|digest| &digest[..]).collect();
        Ok(Self {
            digest: digest_of(&parts),
            files,
            by_app,
        })
    }
}

/// A fault that is among those told.
struct Noted;

/// One app's trust as it is being read.
struct Reading<'r> {
    files: &'r TrustFiles,
    system: &'r mut roots::System,
    faults: Vec<TrustFault>,
    digests: Vec<[u8; 32]>,
}

impl Reading<'_> {
    fn finish(mut self, now: Timestamp) -> Result<(Arc<ClientConfig>, [u8; 32]), Vec<TrustFault>> {
        let roots = self.roots();
        let client = self.client(now);
        let made = match (roots, client) {
            (Some(roots), Ok(client)) => self.config(roots, client),
            _ => None,
        };
        let parts: Vec<&[u8]> = self.digests.iter().map(|digest| &digest[..]).collect();
        match made {
            Some(config) if self.faults.is_empty() => Ok((Arc::new(config), digest_of(&parts))),
            _ => Err(self.faults),
        }
    }

    fn fault(&mut self, key: &'static str, source: TlsFault) {
        self.faults.push(TrustFault {
            app: self.files.app.clone(),
            key,
            source,
        });
    }

    /// Nobody's authority counts where whoever answers is believed.
    fn roots(&mut self) -> Option<Arc<RootCertStore>> {
        if self.files.dangerous_accept_any_certificate {
            return Some(Arc::new(RootCertStore::empty()));
        }
        let read = match &self.files.ca {
            Some(ca) => own_roots(ca),
            None => self.system.roots(),
        };
        match read {
            Ok((roots, digest)) => {
                self.digests.push(digest);
                Some(roots)
            }
            Err(fault) => {
                self.fault("ca", fault);
                None
            }
        }
    }

    /// An error is noted already.
    fn client(&mut self, now: Timestamp) -> Result<Option<Pair>, Noted> {
        let Some((chain, key)) = &self.files.client else {
            return Ok(None);
        };
        match Pair::read(chain, key) {
            Ok(pair) => {
                if let Some(fault) = pair.fault_of_time(chain, now) {
                    self.fault("certificate", fault);
                }
                self.digests.push(pair.digest);
                Ok(Some(pair))
            }
            Err(fault) => {
                let of_key = fault.path() == Some(&**key);
                self.fault(if of_key { "key" } else { "certificate" }, fault);
                Err(Noted)
            }
        }
    }

    fn config(&mut self, roots: Arc<RootCertStore>, client: Option<Pair>) -> Option<ClientConfig> {
        let versions = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12]);
        let builder = match versions {
            Ok(builder) => builder,
            Err(fault) => {
                self.fault("ca", TlsFault::Setup(fault.to_string()));
                return None;
            }
        };
        let builder = if self.files.dangerous_accept_any_certificate {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate::new(provider())))
        } else {
            builder.with_root_certificates(roots)
        };
        Some(match client {
            None => builder.with_no_client_auth(),
            Some(pair) => builder.with_client_cert_resolver(Arc::new(
                rustls::sign::SingleCertAndKey::from(pair.key),
            )),
        })
    }
}

/// How to speak with servers that a file's authorities vouch for, or the system's where there is
/// no file.
///
/// # Errors
/// Where they cannot be read.
pub fn believing(ca: Option<&Path>) -> Result<ClientConfig, TlsFault> {
    Ok(towards(roots_of(ca)?)?.with_no_client_auth())
}

/// The same, and servers that ask who we are are shown a certificate: a chain in PEM form and its
/// key.
///
/// # Errors
/// Where any of the files cannot be used.
pub fn believing_as(ca: Option<&Path>, chain: &Path, key: &Path) -> Result<ClientConfig, TlsFault> {
    let shown = rustls::sign::SingleCertAndKey::from(Pair::read(chain, key)?.key);
    Ok(towards(roots_of(ca)?)?.with_client_cert_resolver(Arc::new(shown)))
}

/// How to speak with servers that the authorities in a text in PEM form vouch for, and nobody else;
/// faults call it by the file that it is from.
///
/// # Errors
/// Where it holds none, or one that cannot be read.
pub fn believing_pem(file: &Path, pem: &[u8]) -> Result<ClientConfig, TlsFault> {
    Ok(towards(roots_in(file, pem)?)?.with_no_client_auth())
}

/// Whether a certificate and its key, which servers are shown, can be used.
///
/// # Errors
/// Where they cannot be read, do not belong together, or where the key is open to others.
pub fn check_shown(chain: &Path, key: &Path) -> Result<(), TlsFault> {
    Pair::read(chain, key).map(drop)
}

/// The same at a time: it has not expired, and is valid already.
///
/// # Errors
/// As [`check_shown`], and where it does not count at that time.
pub fn check_shown_at(chain: &Path, key: &Path, now: Timestamp) -> Result<(), TlsFault> {
    match Pair::read(chain, key)?.fault_of_time(chain, now) {
        Some(fault) => Err(fault),
        None => Ok(()),
    }
}

/// Whether a connection broke off because its server does not take the certificate that it was
/// shown, or was shown none.
pub fn is_about_our_certificate(fault: &io::Error) -> bool {
    use rustls::AlertDescription as Alert;
    let inner = fault.get_ref();
    let alert = match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::AlertReceived(alert)) => *alert,
        _ => return false,
    };
    matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::CertificateRequired
    )
}

fn towards(
    roots: Arc<RootCertStore>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsFault> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|fault| TlsFault::Setup(fault.to_string()))?;
    Ok(builder.with_root_certificates(roots))
}

fn roots_of(ca: Option<&Path>) -> Result<Arc<RootCertStore>, TlsFault> {
    let (roots, _) = match ca {
        Some(ca) => own_roots(ca)?,
        None => roots::System::default().roots()?,
    };
    Ok(roots)
}

/// Authorities from a file, each of which must be readable.
pub(crate) fn own_roots(path: &Path) -> Result<(Arc<RootCertStore>, [u8; 32]), TlsFault> {
    let pem = fs::read(path).map_err(io_fault("read the authorities", path))?;
    Ok((roots_in(path, &pem)?, digest_of(&[&pem])))
}

/// The authorities of a text, each of which must be readable.
fn roots_in(path: &Path, pem: &[u8]) -> Result<Arc<RootCertStore>, TlsFault> {
    let mut roots = RootCertStore::empty();
    for certificate in roots::certificates(path, pem)? {
        roots
            .add(certificate)
            .map_err(|why| roots::unreadable(path, why))?;
    }
    Ok(Arc::new(roots))
}
