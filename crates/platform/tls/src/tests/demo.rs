use std::os::unix::fs::MetadataExt as _;

use super::*;
use crate::DemoAuthority;

fn names() -> Vec<String> {
    vec![
        "*.gatewright.localhost".into(),
        "gatewright.localhost".into(),
    ]
}

fn open(folder: &Path, now: Timestamp) -> DemoAuthority {
    DemoAuthority::load_or_create(folder, &names(), now).unwrap()
}

fn root(authority: &DemoAuthority) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(authority.ca_path()).unwrap()
}

#[test]
fn the_demo_is_served_under_its_own_authority() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open(&folder.path().join("tls"), NOW);
    let store = load(vec![authority.certificate_files()]);
    let root = root(&authority);
    assert!(served(&store, &root, "wiki.gatewright.localhost").is_some());
    assert!(served(&store, &root, "gatewright.localhost").is_some());
    assert!(served(&store, &root, "a.wiki.gatewright.localhost").is_none());
    assert!(store.covers(
        Some("wiki.gatewright.localhost"),
        "payroll.gatewright.localhost"
    ));
}

#[test]
fn every_file_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("tls");
    open(&at, NOW);
    assert_eq!(fs::metadata(&at).unwrap().mode() & 0o777, 0o700);
    let mut seen = 0;
    for entry in fs::read_dir(&at).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        seen += 1;
    }
    assert_eq!(seen, 4);
}

#[test]
fn a_second_start_keeps_what_stands() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), NOW);
    let (ca, server) = (root(&first), leaf(&first.certificate_files()));
    let second = open(folder.path(), NOW.after(days(59)));
    assert_eq!(root(&second), ca);
    assert_eq!(leaf(&second.certificate_files()), server);
}

#[test]
fn a_certificate_near_its_end_is_renewed_under_the_same_authority() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path(), NOW.before(days(61)));
    let (ca, server) = (root(&first), leaf(&first.certificate_files()));
    let second = open(folder.path(), NOW);
    assert_eq!(root(&second), ca);
    assert_ne!(leaf(&second.certificate_files()), server);
    let store = load(vec![second.certificate_files()]);
    assert!(served(&store, &ca, "wiki.gatewright.localhost").is_some());
}

#[test]
fn other_names_need_another_authority() {
    let folder = tempfile::tempdir().unwrap();
    let ca = root(&open(folder.path(), NOW));
    let other = vec!["*.other.localhost".to_owned()];
    let second = DemoAuthority::load_or_create(folder.path(), &other, NOW).unwrap();
    assert_ne!(root(&second), ca);
    let store = load(vec![second.certificate_files()]);
    assert!(served(&store, &root(&second), "wiki.other.localhost").is_some());
}

#[test]
fn what_is_damaged_is_made_anew() {
    for name in ["ca.pem", "ca.key", "server.pem", "server.key"] {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path(), NOW);
        fs::write(folder.path().join(name), "damaged").unwrap();
        let again = open(folder.path(), NOW);
        let store = load(vec![again.certificate_files()]);
        let got = served(&store, &root(&again), "wiki.gatewright.localhost");
        assert!(got.is_some(), "{name}");
    }
}

#[test]
fn the_authority_vouches_for_the_demos_names_only() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open(folder.path(), NOW);
    let key = fs::read_to_string(folder.path().join("ca.key")).unwrap();
    let mut issuer = CertificateParams::new(Vec::new()).unwrap();
    issuer.distinguished_name = rcgen::DistinguishedName::new();
    issuer
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Gatewright demo authority");
    let stolen = Authority {
        issuer: Issuer::new(issuer, KeyPair::from_pem(&key).unwrap()),
        root: root(&authority),
        pem: fs::read_to_string(authority.ca_path()).unwrap(),
    };
    let within = stolen.issue(folder.path(), "a", &["evil.gatewright.localhost"]);
    let beyond = stolen.issue(folder.path(), "b", &["bank.example"]);
    let store = load(vec![within, beyond]);
    assert!(served(&store, &stolen.root, "evil.gatewright.localhost").is_some());
    assert!(served(&store, &stolen.root, "bank.example").is_none());
}
