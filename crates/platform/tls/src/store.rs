//! All certificates, by the names that clients ask for.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    path::PathBuf,
    sync::Arc,
};

use arc_swap::ArcSwap;
use gw_model::Timestamp;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::{
    CertificateFiles, TlsFault,
    files::{Pair, wildcard_of},
};

/// Certificates by name; clones are the same store. Looking one up takes no lock.
#[derive(Clone)]
pub struct CertificateStore(Arc<ArcSwap<Served>>);

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
        Ok(Self(Arc::new(ArcSwap::from_pointee(served))))
    }

    /// Reads the same files again. Either all that they hold now counts, or none of it.
    ///
    /// # Errors
    /// All faults of all files; then what was served before still is.
    pub fn reload(&self, now: Timestamp) -> Result<Reload, Vec<TlsFault>> {
        let files = self.0.load().files.clone();
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
        if next.same_as(&self.0.load()) {
            return Ok(Reload::Unchanged);
        }
        self.0.store(Arc::new(next));
        Ok(Reload::Changed)
    }

    /// Whether the certificate that a connection was opened with, by the name that the client
    /// asked for, covers a host as well. Where it does not, the answer is 421.
    pub fn covers(&self, server_name: Option<&str>, host: &str) -> bool {
        let served = self.0.load();
        served
            .find(server_name)
            .is_some_and(|pair| pair.covers(host))
    }

    /// What is served.
    pub fn certificates(&self) -> Vec<CertificateInfo> {
        let served = self.0.load();
        let both = served.files.iter().zip(&served.pairs);
        both.map(|(files, pair)| CertificateInfo {
            chain: files.chain.clone(),
            names: pair.names.clone(),
            not_after: pair.not_after,
        })
        .collect()
    }
}

impl ResolvesServerCert for CertificateStore {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let served = self.0.load();
        served
            .find(hello.server_name())
            .map(|pair| pair.key.clone())
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

    /// The exact name before the wildcard, and either before the default.
    fn find(&self, name: Option<&str>) -> Option<&Pair> {
        let index = name.and_then(|name| self.named(name)).or(self.default)?;
        self.pairs.get(index)
    }

    fn named(&self, name: &str) -> Option<usize> {
        let name = name.to_ascii_lowercase();
        let exact = self.by_name.get(&name);
        let wildcard = || self.by_name.get(&wildcard_of(&name)?);
        exact.or_else(wildcard).copied()
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
