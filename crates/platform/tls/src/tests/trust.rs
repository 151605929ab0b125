use std::path::PathBuf;

use gw_model::AppName;
use rustls::AlertDescription;

use super::*;
use crate::{
    Reload, TlsFault, TrustFault, TrustFiles, TrustStore, believing_as, believing_pem, check_shown,
    check_shown_at, is_about_our_certificate,
};

fn app(name: &str) -> AppName {
    name.parse().unwrap()
}

fn believing(ca: Option<PathBuf>) -> TrustFiles {
    TrustFiles {
        app: app("wiki"),
        ca,
        client: None,
        dangerous_accept_any_certificate: false,
    }
}

fn faults(files: TrustFiles) -> Vec<String> {
    let faults = TrustStore::load(vec![files], NOW).expect_err("faults");
    let told = |fault: &TrustFault| format!("{} {}: {}", fault.app, fault.key, fault.source);
    faults.iter().map(told).collect()
}

fn write_root(folder: &Path, authority: &Authority) -> PathBuf {
    let path = folder.join("ca.pem");
    fs::write(&path, &authority.pem).unwrap();
    path
}

#[test]
fn each_app_has_its_own_authorities_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let ca = write_root(folder.path(), &Authority::new());
    let store = TrustStore::load(vec![believing(Some(ca))], NOW).unwrap();
    assert!(store.of(&app("wiki")).is_some());
    assert!(store.of(&app("payroll")).is_none());
    assert!(TrustStore::empty().of(&app("wiki")).is_none());
}

#[test]
fn every_faulty_file_is_told_with_its_app_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pem");
    let no_pem = folder.path().join("no.pem");
    fs::write(&no_pem, "nothing of the kind").unwrap();
    assert!(faults(believing(Some(missing.clone())))[0].starts_with("wiki ca: cannot read"));
    let told = faults(believing(Some(no_pem.clone())));
    assert!(
        told[0].contains("holds no authority's certificate"),
        "{told:?}"
    );
    let authority = Authority::new();
    let files = authority.issue(folder.path(), "client", &["gatewright.internal"]);
    let with = |chain: &Path, key: &Path| TrustFiles {
        client: Some((chain.into(), key.into())),
        ..believing(Some(no_pem.clone()))
    };
    let told = faults(with(&files.chain, &missing));
    assert_eq!(told.len(), 2, "all of them at once: {told:?}");
    assert!(told[1].starts_with("wiki key: cannot read"), "{told:?}");
    let told = faults(with(&no_pem, &files.key));
    assert!(told[1].starts_with("wiki certificate: "), "{told:?}");
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
    let told = faults(with(&files.chain, &files.key));
    assert!(told[1].starts_with("wiki key: ") && told[1].contains("open to others"));
}

#[test]
fn a_client_certificate_that_has_expired_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ca = write_root(folder.path(), &authority);
    let until = NOW.before(days(3));
    let files = authority.issue_until(folder.path(), "old", &["gatewright.internal"], until);
    let told = faults(TrustFiles {
        client: Some((files.chain, files.key)),
        ..believing(Some(ca))
    });
    assert!(told[0].starts_with("wiki certificate: ") && told[0].contains("expired 3 days ago"));
}

#[test]
fn what_its_files_hold_later_counts_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let ca = write_root(folder.path(), &Authority::new());
    let store = TrustStore::load(vec![believing(Some(ca.clone()))], NOW).unwrap();
    assert_eq!(store.reload(NOW).unwrap(), Reload::Unchanged);
    assert_eq!(store.generation(), 0);
    fs::write(&ca, "half a fi").unwrap();
    assert!(store.reload(NOW).is_err());
    assert!(store.of(&app("wiki")).is_some() && store.generation() == 0);
    write_root(folder.path(), &Authority::new());
    assert_eq!(store.reload(NOW).unwrap(), Reload::Changed);
    assert_eq!(store.generation(), 1);
}

#[test]
fn what_servers_are_shown_is_read_with_its_key_and_only_from_files_that_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ca = write_root(folder.path(), &authority);
    let files = authority.issue(folder.path(), "client", &["gatewright.internal"]);
    let shown = believing_as(Some(ca.as_path()), &files.chain, &files.key).unwrap();
    assert!(shown.client_auth_cert_resolver.has_certs());
    check_shown_at(&files.chain, &files.key, NOW).unwrap();
    let late = check_shown_at(&files.chain, &files.key, NOW.after(days(33))).unwrap_err();
    assert!(late.to_string().contains("expired 3 days ago"), "{late}");
    check_shown(&files.chain, &files.key).unwrap();
    let other = authority.issue(folder.path(), "other", &["gatewright.internal"]);
    let mixed = check_shown(&files.chain, &other.key).unwrap_err();
    assert!(matches!(mixed, TlsFault::Mismatch { .. }), "{mixed}");
    set_mode(&files.key, 0o644);
    let open = believing_as(Some(ca.as_path()), &files.chain, &files.key).unwrap_err();
    assert!(open.to_string().contains("open to others"), "{open}");
}

#[test]
fn authorities_at_hand_are_read_as_those_of_a_file_and_told_by_its_name() {
    let authority = Authority::new();
    let file = Path::new("cluster-ca.pem");
    assert!(believing_pem(file, authority.pem.as_bytes()).is_ok());
    let none = believing_pem(file, b"nothing of the kind").unwrap_err();
    assert!(
        none.to_string().contains("`cluster-ca.pem` holds no"),
        "{none}"
    );
}

#[test]
fn an_alert_about_our_certificate_is_told_from_others() {
    let alerted = |alert| std::io::Error::other(rustls::Error::AlertReceived(alert));
    for alert in [
        AlertDescription::CertificateRequired,
        AlertDescription::UnknownCA,
        AlertDescription::CertificateExpired,
    ] {
        assert!(is_about_our_certificate(&alerted(alert)), "{alert:?}");
    }
    let other = alerted(AlertDescription::ProtocolVersion);
    assert!(!is_about_our_certificate(&other));
    assert!(!is_about_our_certificate(
        &std::io::ErrorKind::ConnectionReset.into()
    ));
}
