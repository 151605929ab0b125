//! Servers that want to know by a certificate who reads: one of the tests' own, and a real OpenLDAP.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use gw_directory::{
    Certificate, DirectoryFault, Reading, Secret, Settings, SettingsFault, check, read_once,
};
use rcgen::CertificateParams;
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tempfile::TempDir;

use crate::{
    fake::{Asked, Fake, Reply},
    house::settings,
    openldap::{OpenLdap, authority, issue, subject},
};

const PEOPLE: &str = "ou=people,dc=lab,dc=test";

fn shown(folder: &Path, name: &str) -> Option<Certificate> {
    Some(Certificate {
        chain: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    })
}

/// Settings by which the certificate alone says who reads.
fn by_certificate(url: &str, folder: &Path, start_tls: bool) -> Settings {
    let mut settings = settings(&[url], start_tls);
    settings.ca = Some(folder.join("ca.pem"));
    settings.bind_dn = String::new();
    settings.secret = Secret::new("");
    settings.certificate = shown(folder, "reader");
    settings
}

async fn read(settings: &Settings) -> Result<Reading, DirectoryFault> {
    read_once(settings, &BTreeSet::new()).await
}

/// A folder with a server's certificate, a reader's, and a stranger's.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let ca = authority("the lab's authority");
    fs::write(at.join("ca.pem"), ca.pem()).unwrap();
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    issue(at, "server", server, &ca);
    issue(at, "reader", subject("gatewright"), &ca);
    issue(at, "stranger", subject("gatewright"), &authority("other"));
    folder
}

/// TLS with whoever shows a certificate of the folder's authority.
fn demanding(folder: &Path) -> ServerConfig {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap();
    roots.add(ca).unwrap();
    let provider = gw_tls::provider();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let chain = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(vec![chain], key)
        .unwrap()
}

/// A server that has one person, and lets in who binds in the way that is expected.
async fn house(
    folder: &Path,
    is_expected: impl Fn(&Asked) -> bool + Send + Sync + 'static,
) -> Fake {
    Fake::serve_by_tls(demanding(folder), move |asked| {
        if asked.is_bind() && !is_expected(asked) {
            return Reply::Bytes(asked.done(49, "not that way"));
        }
        match asked.ordinary() {
            Some(ordinary) => ordinary,
            None if asked.searches(PEOPLE) => {
                let dn = format!("uid=ana,{PEOPLE}");
                let id = "00000000-0000-4000-8000-000000000001";
                let ana = asked.entry(&dn, &[("entryUUID", id), ("uid", "ana")]);
                Reply::Bytes([ana, asked.page_done(b"")].concat())
            }
            None => Reply::Bytes(asked.done(0, "")),
        }
    })
    .await
}

#[tokio::test]
async fn who_a_certificate_is_of_is_let_in_by_it_alone() {
    let folder = folder();
    let is_external = |asked: &Asked| asked.mentions("EXTERNAL");
    let fake = house(folder.path(), is_external).await;
    let settings = by_certificate(&fake.tls_url(), folder.path(), false);
    assert_eq!(read(&settings).await.unwrap().people.len(), 1);
}

#[tokio::test]
async fn an_account_with_its_secret_says_who_reads_and_the_certificate_who_connects() {
    let folder = folder();
    let is_named = |asked: &Asked| asked.mentions("uid=sync") && !asked.mentions("EXTERNAL");
    let fake = house(folder.path(), is_named).await;
    let mut settings = by_certificate(&fake.tls_url(), folder.path(), false);
    settings.bind_dn = "uid=sync,dc=lab,dc=test".into();
    settings.secret = Secret::new("sync-pw");
    assert_eq!(read(&settings).await.unwrap().people.len(), 1);
    settings.certificate = None;
    assert!(
        read(&settings).await.is_err(),
        "it is demanded all the same"
    );
}

#[tokio::test]
async fn a_server_that_does_not_take_the_certificate_is_told_with_what_to_do() {
    let folder = folder();
    let fake = house(folder.path(), |_| true).await;
    let mut settings = by_certificate(&fake.tls_url(), folder.path(), false);
    for other in [None, shown(folder.path(), "stranger")] {
        settings.certificate = other;
        let fault = read(&settings).await.unwrap_err();
        assert!(
            fault.help().contains("`certificate`"),
            "{fault}: {}",
            fault.help()
        );
    }
    let refusing = house(folder.path(), |_| false).await;
    let settings = by_certificate(&refusing.tls_url(), folder.path(), false);
    let fault = read(&settings).await.unwrap_err();
    let told = fault.to_string();
    assert!(
        told.contains("lets nobody in by the certificate") && told.contains("reader.pem"),
        "{told}"
    );
    assert!(fault.help().contains("SASL EXTERNAL"), "{}", fault.help());
}

#[tokio::test]
async fn files_are_read_anew_each_time_and_a_key_that_is_open_to_others_is_not_used() {
    let folder = folder();
    let fake = house(folder.path(), |_| true).await;
    let settings = by_certificate(&fake.tls_url(), folder.path(), false);
    let key = folder.path().join("reader.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let fault = read(&settings).await.unwrap_err();
    assert!(
        fault.to_string().contains("reader.key` is open to others"),
        "{fault}"
    );
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    read(&settings).await.unwrap();
    fs::copy(folder.path().join("stranger.key"), &key).unwrap();
    let fault = read(&settings).await.unwrap_err();
    assert!(matches!(fault, DirectoryFault::Certificate(_)), "{fault}");
    assert!(fault.to_string().contains("does not belong to"), "{fault}");
}

#[test]
fn what_does_not_go_together_with_a_certificate_is_told() {
    let faults = |url: &str, change: fn(&mut Settings)| {
        let mut settings = by_certificate(url, Path::new("/"), false);
        change(&mut settings);
        settings.faults()
    };
    assert_eq!(faults("ldaps://dc.lab.test", |_| {}), []);
    assert_eq!(
        faults("ldap://127.0.0.1:389", |_| {}),
        [SettingsFault::CertificateInTheOpen(
            "ldap://127.0.0.1:389".into()
        )]
    );
    assert_eq!(
        faults("ldaps://dc.lab.test", |one| one.bind_dn = "cn=a".into()),
        [SettingsFault::NoSecretBesideCertificate("cn=a".into())]
    );
    assert_eq!(
        faults("ldaps://dc.lab.test", |one| one.secret = Secret::new("a")),
        [SettingsFault::NobodysSecret]
    );
}

#[tokio::test]
async fn a_real_server_that_demands_a_certificate_knows_the_account_by_its_subject() {
    let Some(directory) = OpenLdap::demanding(3).await else {
        return;
    };
    let folder = directory.ca().with_file_name("");
    for (url, start_tls) in [(directory.tls(), false), (directory.plain(), true)] {
        let mut settings = by_certificate(&url, &folder, start_tls);
        assert_eq!(read(&settings).await.unwrap().people.len(), 3, "{url}");
        let report = check(&settings).await;
        let said: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
        assert!(said[0].contains("lets the account in"), "{said:?}");

        for other in [None, shown(&folder, "stranger")] {
            settings.certificate = other;
            let fault = read(&settings).await.unwrap_err();
            assert!(fault.help().contains("`certificate`"), "{url}: {fault}");
        }
    }
}
