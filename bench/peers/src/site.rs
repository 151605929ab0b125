//! What all contenders share: a folder, a certificate, an upstream, a cookie.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use tempfile::TempDir;

use crate::{
    Fault,
    contender::listens,
    process::{LOAD_CORE, Program},
};

/// What the one certificate covers; `localhost` is what every load generator can look up.
pub(crate) const HOSTS: [&str; 4] = [
    "localhost",
    "auth.localhost",
    "portal.localhost",
    "echo.localhost",
];

/// The folder of a run, and the app behind every contender.
pub(crate) struct Site {
    folder: TempDir,
    pub(crate) cookie: String,
    /// The port of the upstream that answers files, and yes at `/auth`.
    pub(crate) upstream_port: u16,
    /// The port of the upstream that echoes WebSocket messages.
    pub(crate) echo_port: u16,
    _upstream: Program,
}

impl Site {
    /// Makes the folder and certificates and starts the upstream on the load's core.
    pub(crate) fn start(echo_port: u16) -> Result<Self, Fault> {
        let folder = TempDir::with_prefix("gatewright-bench-")?;
        certificates(folder.path())?;
        let www = folder.path().join("www");
        fs::create_dir(&www)?;
        fs::write(www.join("1k"), vec![b'x'; 1024])?;
        fs::write(www.join("100k"), vec![b'x'; 100 * 1024])?;
        let port = free_port()?;
        let config = folder.path().join("upstream.conf");
        fs::write(&config, upstream(folder.path(), port))?;
        let config = config.display().to_string();
        let mut program = Program::start(
            LOAD_CORE,
            &folder.path().join("upstream.log"),
            &["nginx", "-e", "stderr", "-g", "daemon off;", "-c", &config],
        )?;
        program.until("the upstream listened", || listens(port))?;
        Ok(Self {
            cookie: format!("__Host-gw-session={}", "A".repeat(43)),
            upstream_port: port,
            echo_port,
            folder,
            _upstream: program,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and returns its path as text.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<String, Fault> {
        let path = self.file(name);
        fs::write(&path, text)?;
        Ok(path.display().to_string())
    }
}

/// A port that nobody listens on just now.
pub(crate) fn free_port() -> Result<u16, Fault> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn upstream(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "worker_processes 1; pid {folder}/upstream.pid; events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 3600; sendfile on; open_file_cache max=16;
 client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
 server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}/www; location = /auth {{ return 200; }} location = /sink {{ return 200; }} }} }}
"
    )
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// An authority in `ca.pem`, and from it `chain.pem` and `key.pem` for the hosts of the run.
fn certificates(folder: &Path) -> Result<(), Fault> {
    let authority_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.distinguished_name = named("Gatewright benchmark authority");
    let certificate = authority.self_signed(&authority_key)?;
    fs::write(folder.join("ca.pem"), certificate.pem())?;
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut leaf = CertificateParams::new(HOSTS.map(str::to_owned).to_vec())?;
    leaf.distinguished_name = named("localhost");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = leaf.signed_by(&key, &issuer)?;
    fs::write(folder.join("chain.pem"), leaf.pem())?;
    let path = folder.join("key.pem");
    fs::write(&path, key.serialize_pem())?;
    let mut permissions = fs::metadata(&path)?.permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    fs::set_permissions(&path, permissions)?;
    let both = format!("{}{}", leaf.pem(), key.serialize_pem());
    fs::write(folder.join("both.pem"), both)?;
    Ok(())
}
