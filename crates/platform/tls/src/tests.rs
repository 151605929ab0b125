mod demo;
mod handshake;
mod obtained;
mod store;
mod trust;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};

use gw_model::Timestamp;
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    time_provider::TimeProvider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use time::OffsetDateTime;

use crate::{CertificateFiles, CertificateStore, provider};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn days(count: u32) -> Duration {
    Duration::from_hours(24) * count
}

/// Clients in tests believe that it is [`NOW`].
#[derive(Debug)]
struct Fixed;

impl TimeProvider for Fixed {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(
            NOW.as_secs(),
        )))
    }
}

/// An issuer in memory, whose certificates last from a month before [`NOW`] to a month after.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    pem: String,
}

fn moment(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(i64::try_from(at.as_secs()).unwrap()).unwrap()
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let (root, pem) = (certificate.der().clone(), certificate.pem());
        let issuer = Issuer::new(params, key);
        Self { issuer, root, pem }
    }

    fn issue(&self, folder: &Path, stem: &str, names: &[&str]) -> CertificateFiles {
        self.issue_until(folder, stem, names, NOW.after(days(30)))
    }

    fn issue_until(
        &self,
        folder: &Path,
        stem: &str,
        names: &[&str],
        until: Timestamp,
    ) -> CertificateFiles {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = moment(until.before(days(60)));
        params.not_after = moment(until);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = CertificateFiles {
            chain: folder.join(format!("{stem}.pem")),
            key: folder.join(format!("{stem}.key")),
            hosts: Vec::new(),
            default: false,
        };
        fs::write(&files.chain, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        set_mode(&files.key, 0o600);
        files
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn load(files: Vec<CertificateFiles>) -> CertificateStore {
    CertificateStore::load(files, NOW).unwrap()
}

fn client(root: &CertificateDer<'static>, name: &str, alpn: &[&str]) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(Fixed))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|p| p.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap()
}

/// Carries bytes between the two until neither has more to say.
fn shake(
    client: &mut ClientConnection,
    server: &mut ServerConnection,
) -> Result<(), rustls::Error> {
    while client.is_handshaking() || server.is_handshaking() || server.wants_write() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut unread = &wire[..];
        while !unread.is_empty() {
            server.read_tls(&mut unread).unwrap();
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut unread = &wire[..];
        while !unread.is_empty() {
            client.read_tls(&mut unread).unwrap();
            client.process_new_packets()?;
        }
    }
    Ok(())
}

fn connect(
    server: &Arc<ServerConfig>,
    mut client: ClientConnection,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let mut server = ServerConnection::new(server.clone()).unwrap();
    shake(&mut client, &mut server)?;
    Ok((client, server))
}

/// The names of the certificate that a client is given.
fn served(
    certificates: &CertificateStore,
    root: &CertificateDer<'static>,
    name: &str,
) -> Option<Vec<u8>> {
    let config = crate::server_config(certificates.clone()).unwrap();
    let (client, _) = connect(&config, client(root, name, &[])).ok()?;
    Some(client.peer_certificates().unwrap()[0].to_vec())
}

fn leaf(files: &CertificateFiles) -> Vec<u8> {
    CertificateDer::from_pem_file(&files.chain)
        .unwrap()
        .to_vec()
}
