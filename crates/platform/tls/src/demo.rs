//! The demo's own certificate authority, for tools and tests that speak HTTPS.
//!
//! It can vouch for the demo's names and for nothing else (RFC 5280 name constraints), so that
//! whoever trusts it for a while trusts it for little.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use gw_model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    PKCS_ECDSA_P256_SHA256,
};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::{
    CertificateFiles, TlsFault,
    files::{Pair, io_fault},
};

const DAY: Duration = Duration::from_hours(24);
const AUTHORITY_DAYS: u32 = 3650;
const LEAF_DAYS: u32 = 90;
/// What has less left than this is made anew.
const RENEWED_DAYS: u32 = 30;

/// A small certificate authority and the one certificate that it issued.
#[derive(Debug, Clone)]
pub struct DemoAuthority {
    folder: PathBuf,
    names: Vec<String>,
}

impl DemoAuthority {
    /// Opens the authority in a folder. What is not there, does not fit these names, or is near
    /// its end is made anew; calling it again later is how it is renewed.
    ///
    /// # Errors
    /// When files cannot be written, or a name cannot stand in a certificate.
    pub fn load_or_create(
        folder: &Path,
        names: &[String],
        now: Timestamp,
    ) -> Result<Self, TlsFault> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(io_fault("make the folder", folder))?;
        let authority = Self {
            folder: folder.into(),
            names: names.to_vec(),
        };
        if !authority.stands(now) {
            authority.make_authority(now)?;
        }
        if !authority.leaf_stands(now) {
            authority.make_leaf(now)?;
        }
        Ok(authority)
    }

    /// The authority's certificate, for `curl --cacert` and the like.
    pub fn ca_path(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The certificate for the names, for a [`crate::CertificateStore`].
    pub fn certificate_files(&self) -> CertificateFiles {
        CertificateFiles {
            chain: self.folder.join("server.pem"),
            key: self.folder.join("server.key"),
            hosts: self.names.clone(),
            default: false,
        }
    }

    fn ca_key_path(&self) -> PathBuf {
        self.folder.join("ca.key")
    }

    fn stands(&self, now: Timestamp) -> bool {
        let Ok(pair) = Pair::read(&self.ca_path(), &self.ca_key_path()) else {
            return false;
        };
        lasts(&pair, now) && permitted_by(&pair) == Some(self.permitted())
    }

    fn leaf_stands(&self, now: Timestamp) -> bool {
        let files = self.certificate_files();
        Pair::read(&files.chain, &files.key)
            .is_ok_and(|pair| lasts(&pair, now) && pair.names == self.names)
    }

    fn make_authority(&self, now: Timestamp) -> Result<(), TlsFault> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = self.authority(now)?.self_signed(&key)?;
        // A certificate of the former authority would outlive it otherwise, if this were cut off.
        let old = self.certificate_files().chain;
        match fs::remove_file(&old) {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => {
                return Err(io_fault("remove", &old)(fault));
            }
            _ => {}
        }
        write_private(&self.ca_key_path(), &key.serialize_pem())?;
        write_private(&self.ca_path(), &certificate.pem())
    }

    fn make_leaf(&self, now: Timestamp) -> Result<(), TlsFault> {
        let path = self.ca_key_path();
        let pem = fs::read_to_string(&path).map_err(io_fault("read", &path))?;
        let issuer = Issuer::new(self.authority(now)?, KeyPair::from_pem(&pem)?);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut leaf = CertificateParams::new(self.names.clone())?;
        leaf.distinguished_name = named("Gatewright demo");
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        valid_for(&mut leaf, now, LEAF_DAYS);
        let certificate = leaf.signed_by(&key, &issuer)?;
        let files = self.certificate_files();
        write_private(&files.key, &key.serialize_pem())?;
        write_private(&files.chain, &certificate.pem())
    }

    fn authority(&self, now: Timestamp) -> Result<CertificateParams, TlsFault> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.distinguished_name = named("Gatewright demo authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let permitted = self.permitted().into_iter();
        authority.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted.map(GeneralSubtree::DnsName).collect(),
            excluded_subtrees: Vec::new(),
        });
        valid_for(&mut authority, now, AUTHORITY_DAYS);
        Ok(authority)
    }

    /// The domains that the names are in; each covers what is below it.
    fn permitted(&self) -> Vec<String> {
        let mut domains: Vec<_> = self
            .names
            .iter()
            .map(|name| name.strip_prefix("*.").unwrap_or(name).to_owned())
            .collect();
        domains.sort_unstable();
        domains.dedup();
        domains
    }
}

fn permitted_by(authority: &Pair) -> Option<Vec<String>> {
    let der = authority.key.cert.first()?;
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let constraints = parsed.name_constraints().ok()??;
    let domains = constraints.value.permitted_subtrees.as_ref()?.iter();
    domains
        .map(|subtree| match subtree.base {
            GeneralName::DNSName(name) => Some(name.to_owned()),
            _ => None,
        })
        .collect()
}

fn lasts(pair: &Pair, now: Timestamp) -> bool {
    pair.not_before <= now && now.after(DAY * RENEWED_DAYS) < pair.not_after
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// From a day ago, so that a client whose clock is a little behind agrees.
fn valid_for(certificate: &mut CertificateParams, now: Timestamp, days: u32) {
    let secs = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let now = OffsetDateTime::from_unix_timestamp(secs).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    certificate.not_before = now.saturating_sub(time::Duration::days(1));
    certificate.not_after = now.saturating_add(time::Duration::days(days.into()));
}

/// Writes beside its place and moves it there whole.
fn write_private(path: &Path, text: &str) -> Result<(), TlsFault> {
    let new = path.with_extension("new");
    let write = || {
        match fs::remove_file(&new) {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => return Err(fault),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(io_fault("write", path))
}
