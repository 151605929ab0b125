//! All certificates, by the names that clients ask for.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use gw_model::Timestamp;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::{
    CertificateFiles, Obtained, TlsFault,
    files::{Pair, wildcard_of},
};

/// Certificates by name; clones are the same store. Looking one up takes no lock.
#[derive(Clone)]
pub struct CertificateStore(Arc<Shared>);

/// What files hold, and what was obtained for hosts that no file has a certificate for. Neither
/// stands in the other's way: a fault of one leaves the other as it is.
struct Shared {
    served: ArcSwap<Served>,
    obtained: ArcSwap<BTreeMap<String, Arc<Obtained>>>,
}

/// What became of a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// The files are as they were.
    Unchanged,
    /// New handshakes get what the files hold now.
    Changed,
}

/// A certificate as it is served, for listings and warnings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateInfo {
    /// The file it came from.
    pub chain: PathBuf,
    /// The names that it covers.
    pub names: Vec<String>,
    /// When it expires.
    pub not_after: Timestamp,
}

impl CertificateStore {
    /// Reads and checks all certificates.
    ///
    /// # Errors
    /// All faults of all files.
    pub fn load(files: Vec<CertificateFiles>, now: Timestamp) -> Result<Self, Vec<TlsFault>> {
        let served = Served::read(files, now)?;
        Ok(Self(Arc::new(Shared {
            served: ArcSwap::from_pointee(served),
            obtained: ArcSwap::default(),
        })))
    }

    /// Reads the same files again. Either all that they hold now counts, or none of it.
    ///
    /// # Errors
    /// All faults of all files; then what was served before still is.
    pub fn reload(&self, now: Timestamp) -> Result<Reload, Vec<TlsFault>> {
        let files = self.0.served.load().files.clone();
        self.replace(files, now)
    }

    /// Serves other files from now on, all of them or none.
    ///
    /// # Errors
    /// All faults of all files; then what was served before still is.
    pub fn replace(
        &self,
        files: Vec<CertificateFiles>,
        now: Timestamp,
    ) -> Result<Reload, Vec<TlsFault>> {
        let next = Served::read(files, now)?;
        if next.same_as(&self.0.served.load()) {
            return Ok(Reload::Unchanged);
        }
        self.0.served.store(Arc::new(next));
        Ok(Reload::Changed)
    }

    /// Serves these where no file has a certificate for their host, and no others that were
    /// obtained before.
    pub fn serve_obtained(&self, obtained: impl IntoIterator<Item = Arc<Obtained>>) {
        let by_host = obtained
            .into_iter()
            .map(|one| (one.host().to_owned(), one))
            .collect();
        self.0.obtained.store(Arc::new(by_host));
    }

    /// Whether the certificate that a connection was opened with, by the name that the client
    /// asked for, covers a host as well. Where it does not, the answer is 421.
    pub fn covers(&self, server_name: Option<&str>, host: &str) -> bool {
        self.find(server_name, |pair| pair.covers(host))
            .unwrap_or(false)
    }

    /// The exact name before the wildcard, files before what was obtained, and all before the
    /// default.
    fn find<R>(&self, name: Option<&str>, then: impl FnOnce(&Pair) -> R) -> Option<R> {
        let served = self.0.served.load();
        let name = name.map(str::to_ascii_lowercase);
        if let Some(pair) = name.as_deref().and_then(|name| served.named(name)) {
            return Some(then(pair));
        }
        let obtained = self.0.obtained.load();
        if let Some(one) = name.and_then(|name| obtained.get(&name)) {
            return Some(then(one.pair()));
        }
        served.default().map(then)
    }

    /// What is served.
    pub fn certificates(&self) -> Vec<CertificateInfo> {
        let served = self.0.served.load();
        let both = served.files.iter().zip(&served.pairs);
        let of_files = both.map(|(files, pair)| pair.info(&files.chain));
        let obtained = self.0.obtained.load();
        let obtained = obtained.values().map(|one| one.pair().info(one.file()));
        of_files.chain(obtained).collect()
    }
}

impl Pair {
    fn info(&self, file: &Path) -> CertificateInfo {
        CertificateInfo {
            chain: file.into(),
            names: self.names.clone(),
            not_after: self.not_after,
        }
    }
}

impl ResolvesServerCert for CertificateStore {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.find(hello.server_name(), |pair| pair.key.clone())
    }
}

impl fmt::Debug for CertificateStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.certificates()).finish()
    }
}

struct Served {
    files: Vec<CertificateFiles>,
    /// One for each of `files`, in their order.
    pairs: Vec<Pair>,
    by_name: HashMap<String, usize>,
    default: Option<usize>,
}

impl Served {
    fn read(files: Vec<CertificateFiles>, now: Timestamp) -> Result<Self, Vec<TlsFault>> {
        let mut faults = Vec::new();
        let mut pairs = Vec::with_capacity(files.len());
        for one in &files {
            match Pair::read(&one.chain, &one.key) {
                Ok(pair) => {
                    faults.extend(pair.faults(one, now));
                    pairs.push(pair);
                }
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let by_name = names(&files, &pairs)?;
        let default = default(&files)?;
        Ok(Self {
            files,
            pairs,
            by_name,
            default,
        })
    }

    /// By a name in lower case.
    fn named(&self, name: &str) -> Option<&Pair> {
        let exact = self.by_name.get(name);
        let wildcard = || self.by_name.get(&wildcard_of(name)?);
        self.pairs.get(*exact.or_else(wildcard)?)
    }

    fn default(&self) -> Option<&Pair> {
        self.pairs.get(self.default?)
    }

    fn same_as(&self, other: &Self) -> bool {
        let digests = |served: &Self| -> Vec<_> { served.pairs.iter().map(|p| p.digest).collect() };
        self.files == other.files && digests(self) == digests(other)
    }
}

fn names(
    files: &[CertificateFiles],
    pairs: &[Pair],
) -> Result<HashMap<String, usize>, Vec<TlsFault>> {
    let mut by_name = HashMap::new();
    let mut faults = Vec::new();
    for (index, (one, pair)) in files.iter().zip(pairs).enumerate() {
        let names = if one.hosts.is_empty() {
            &pair.names
        } else {
            &one.hosts
        };
        for name in names {
            match by_name.entry(name.to_ascii_lowercase()) {
                Entry::Vacant(free) => {
                    free.insert(index);
                }
                Entry::Occupied(taken) if *taken.get() == index => {}
                Entry::Occupied(taken) => faults.push(TlsFault::Twice {
                    name: name.clone(),
                    first: chain_of(files, *taken.get()),
                    second: one.chain.clone(),
                }),
            }
        }
    }
    if faults.is_empty() {
        Ok(by_name)
    } else {
        Err(faults)
    }
}

fn default(files: &[CertificateFiles]) -> Result<Option<usize>, Vec<TlsFault>> {
    let mut defaults = files.iter().enumerate().filter(|(_, one)| one.default);
    let first = defaults.next();
    if let (Some((_, first)), Some((_, second))) = (first, defaults.next()) {
        return Err(vec![TlsFault::TwoDefaults {
            first: first.chain.clone(),
            second: second.chain.clone(),
        }]);
    }
    Ok(first.map(|(index, _)| index))
}

fn chain_of(files: &[CertificateFiles], index: usize) -> PathBuf {
    files
        .get(index)
        .map(|one| one.chain.clone())
        .unwrap_or_default()
}
