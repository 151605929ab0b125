//! Configuration: raw text, then checked, then unchanging.
//!
//! [`check`] turns a file into a [`Config`] or into all of its faults at once, each with its
//! line and key. Everything that the file does not say has its default in [`read`], written
//! there once. What the file says about apps, groups and networks becomes facts: [`facts`].

mod acme;
mod app;
mod asked;
mod client;
mod directory;
pub(crate) mod facts;
mod fault;
pub(crate) mod files;
mod issuer;
mod limits;
mod named;
mod passwords;
mod provider;
mod read;
mod reader;
pub(crate) mod reference;
mod saml;
mod scim;
mod upstream;
pub(crate) mod value;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gw_model::{App, Client, Group, Provider, Settings};
use gw_tls::TrustFiles;
use ipnet::IpNet;

pub(crate) use acme::AcmeConfig;
pub(crate) use client::{Registration, WantedClient};
pub(crate) use directory::DirectoryFiles;
pub(crate) use fault::{ConfigFaults, Fault, Place};
pub(crate) use limits::LimitsConfig;
pub(crate) use named::{NamedFiles, NoFiles};
pub(crate) use passwords::PasswordsConfig;
pub(crate) use provider::ProviderFiles;
pub(crate) use read::OWNERS;
pub(crate) use scim::ScimFiles;
pub(crate) use value::CertificateHost;

/// The version of the configuration format that this binary reads.
const VERSION: u64 = 1;

/// A checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    /// The file it came from.
    pub(crate) file: PathBuf,
    /// The data folder.
    pub(crate) data: PathBuf,
    /// Where to listen.
    pub(crate) listen: Listen,
    /// Certificates for TLS.
    pub(crate) certificates: Vec<CertificateFiles>,
    /// Where certificates come from for hosts that no file has one for.
    pub(crate) acme: Option<AcmeConfig>,
    /// How apps' servers that speak TLS are believed.
    pub(crate) upstream_tls: Vec<UpstreamTls>,
    /// By what this node speaks with providers of identities.
    pub(crate) providers: Vec<ProviderFiles>,
    /// By what sources that push people in show who they are.
    pub(crate) scim: Vec<ScimFiles>,
    /// How directories are read that people and groups come from.
    pub(crate) directories: Vec<DirectoryFiles>,
    /// The files whose content counts as the file's own: SAML providers' metadata, what clients
    /// show who they are by.
    pub(crate) followed: Vec<PathBuf>,
    /// The host of the authentication origin; the RP id of every passkey.
    pub(crate) authentication_host: Arc<str>,
    /// The host that the administration is reached by in a browser; none: over the socket alone.
    pub(crate) administration_host: Option<Arc<str>>,
    /// How long things live.
    pub(crate) lifetimes: Lifetimes,
    /// Whether people have passwords, and what is asked of them.
    pub(crate) passwords: PasswordsConfig,
    /// Whether authenticators are asked to vouch for what they are.
    pub(crate) attestation: bool,
    /// Whose word on the client's address counts.
    pub(crate) trusted_proxies: TrustedProxies,
    /// A MaxMind database that tells countries.
    pub(crate) geo_database: Option<PathBuf>,
    /// How decisions are recorded.
    pub(crate) ledger: LedgerConfig,
    /// Where policy files are.
    pub(crate) policies: PolicyFolder,
    /// How much a refusal tells.
    pub(crate) remedies: RemedyLevel,
    /// Bounds on what clients can make us hold.
    pub(crate) limits: LimitsConfig,
    /// How many traffic threads there are.
    pub(crate) threads: usize,
    /// Whether memory may be had in pages of 2 MiB.
    pub(crate) huge_pages: bool,
    /// Where health and numbers are told; nowhere by default.
    pub(crate) operations: Vec<SocketAddr>,
    /// How long what is open may take to end when Gatewright stops.
    pub(crate) drain: Duration,
    /// What is logged, and how.
    pub(crate) log: LogConfig,
    /// What the file says that decisions read.
    pub(crate) wanted: Wanted,
}

/// Facts that the file owns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// Groups that must exist.
    pub(crate) groups: Vec<Arc<Group>>,
    /// The apps, all of them.
    pub(crate) apps: Vec<Arc<App>>,
    /// Providers of identities, all of them, and sources that push people in.
    pub(crate) providers: Vec<Arc<Provider>>,
    /// Clients of the authorisation server, those of the file.
    pub(crate) clients: Vec<Arc<WantedClient>>,
    /// The programs that sources which push people in, and directories, are to policy.
    pub(crate) sources: Vec<Arc<Client>>,
    /// Networks and the time zone.
    pub(crate) settings: Arc<Settings>,
}

/// Where to listen, and the ports that browsers see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listen {
    /// Addresses for plain HTTP.
    pub(crate) http: Vec<SocketAddr>,
    /// Addresses for HTTPS.
    pub(crate) https: Vec<SocketAddr>,
    /// The HTTP port in the URLs that people use.
    pub(crate) public_http_port: u16,
    /// The HTTPS port in the URLs that people use.
    pub(crate) public_https_port: u16,
    /// Hosts whose clients are asked for a certificate of their own.
    pub(crate) client_certificates: Vec<Arc<str>>,
    /// Who vouches for certificates that clients of the authorisation server show.
    pub(crate) client_authorities: Option<PathBuf>,
}

/// A certificate chain with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateFiles {
    /// PEM, the leaf first.
    pub(crate) chain: PathBuf,
    /// PEM.
    pub(crate) key: PathBuf,
    /// The hosts it is presented for.
    pub(crate) hosts: Vec<CertificateHost>,
}

impl Config {
    /// Whether a certificate file is for a host.
    pub(crate) fn has_file_for(&self, host: &str) -> bool {
        let patterns = self.certificates.iter().flat_map(|files| &files.hosts);
        patterns.into_iter().any(|pattern| pattern.covers(host))
    }

    /// Of these hosts, those that a certificate is obtained for.
    pub(crate) fn obtained<'h>(
        &self,
        hosts: impl Iterator<Item = &'h str>,
    ) -> std::collections::BTreeSet<String> {
        let acme = self.acme.as_ref();
        hosts
            .filter(|host| acme.is_some_and(|acme| acme.is_for(host)) && !self.has_file_for(host))
            .map(str::to_owned)
            .collect()
    }
}

/// How the servers of one app are believed, and where in the file that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UpstreamTls {
    /// The files, and what they are for.
    pub(crate) files: TrustFiles,
    /// Where each key stands.
    pub(crate) places: BTreeMap<&'static str, Place>,
}

/// How long things live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    /// A session, whatever happens.
    pub(crate) session: Duration,
    /// A session that nobody uses.
    pub(crate) session_idle: Duration,
    /// A session that began with an enrolment link or a recovery code.
    pub(crate) enrolment_session: Duration,
    /// A sign-in link.
    pub(crate) sign_in_link: Duration,
    /// An enrolment link.
    pub(crate) enrolment_link: Duration,
    /// A recovery link.
    pub(crate) recovery_link: Duration,
    /// A key for SAML, from when it is in the metadata to when it signs.
    pub(crate) saml_key_lead: Duration,
}

/// Whose word on the client's address counts: nobody's where `networks` is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrustedProxies {
    /// The proxies' own addresses.
    pub(crate) networks: Vec<IpNet>,
    /// How they tell it.
    pub(crate) tells: ProxyTells,
}

/// How a trusted proxy tells the client's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProxyTells {
    /// By PROXY protocol version 2 before the connection's first byte.
    ProxyV2,
    /// By a header of this name, the last address in it.
    Header(Arc<str>),
}

/// How decisions are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LedgerConfig {
    /// The size of a segment file.
    pub(crate) segment_bytes: u64,
    /// What "accepted" means for requests.
    pub(crate) accepted: Accepted,
    /// Whether requests pass while the ledger cannot be written.
    pub(crate) allow_unrecorded: bool,
    /// Start although the ledger is shorter than the store remembers, and record the gap.
    pub(crate) accept_gap: bool,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogConfig {
    /// A level, or parts with levels: `info`, `info,gw_web=debug`.
    pub(crate) level: Arc<str>,
    /// Whether machines read it.
    pub(crate) json: bool,
}

/// When a request's record counts as accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// Once it survives the end of the process.
    Written,
    /// Once it survives the loss of power.
    Synced,
}

/// Where policy files are, and whether they are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicyFolder {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// Whether a change of a file is applied by itself.
    pub(crate) watch: bool,
}

/// How much a refusal tells the person about what would open the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RemedyLevel {
    /// Nothing.
    None,
    /// What the person can do themselves.
    Own,
    /// Everything.
    Full,
}

/// Reads and checks a file.
///
/// # Errors
/// Where it cannot be read or has any fault; then with all of them.
pub(crate) fn load(file: &Path) -> Result<Config, ConfigFaults> {
    let text = std::fs::read_to_string(file).map_err(|fault| {
        ConfigFaults::single(file.into(), "", format!("cannot be read: {fault}"))
    })?;
    check(file, &text, &named::OnDisk)
}

/// Checks the text of a file; relative paths in it start at the file's folder, and what counts of
/// the files that it names is had from `files`.
///
/// # Errors
/// Where it has any fault; then with all of them.
pub(crate) fn check(
    file: &Path,
    text: &str,
    files: &dyn NamedFiles,
) -> Result<Config, ConfigFaults> {
    read::config(file, text, files)
}

#[cfg(test)]
mod tests;
