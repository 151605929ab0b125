use std::path::PathBuf;

use super::*;
use crate::{Obtained, TlsFault};

/// Certificate and key of these files in one, closed to others.
fn in_one(folder: &Path, files: &CertificateFiles) -> PathBuf {
    let one = folder.join("one.pem");
    let text = [
        fs::read(&files.key).unwrap(),
        fs::read(&files.chain).unwrap(),
    ]
    .concat();
    fs::write(&one, text).unwrap();
    fs::set_permissions(&one, fs::Permissions::from_mode(0o600)).unwrap();
    one
}

fn obtained(folder: &Path, files: &CertificateFiles, host: &str) -> Arc<Obtained> {
    Arc::new(Obtained::read(host, &in_one(folder, files), NOW).unwrap())
}

#[test]
fn what_was_obtained_is_served_for_its_host_where_no_file_is_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let issue = |stem: &str, names: &[&str]| authority.issue(folder.path(), stem, names);
    let (any, own) = (
        issue("any", &["*.house.example"]),
        issue("own", &["bank.test"]),
    );
    let in_file = issue("file", &["wiki.house.example"]);
    let store = load(vec![any.clone()]);
    let get = |name: &str| served(&store, &authority.root, name);
    assert_eq!(get("bank.test"), None);
    store.serve_obtained([
        obtained(folder.path(), &own, "bank.test"),
        obtained(folder.path(), &in_file, "wiki.house.example"),
    ]);
    assert_eq!(get("bank.test"), Some(leaf(&own)));
    assert_eq!(get("Bank.Test"), Some(leaf(&own)));
    assert_eq!(
        get("wiki.house.example"),
        Some(leaf(&any)),
        "files go before"
    );
    assert_eq!(get("deep.bank.test"), None);
    assert!(store.covers(Some("bank.test"), "bank.test"));
    assert!(!store.covers(Some("bank.test"), "wiki.house.example"));
    assert_eq!(store.certificates().len(), 3);
    store.serve_obtained([]);
    assert_eq!(get("bank.test"), None);
}

#[test]
fn files_and_what_was_obtained_do_not_stand_in_each_others_way() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), "wiki", &["wiki.test"]);
    let store = load(vec![files.clone()]);
    let own = authority.issue(folder.path(), "bank", &["bank.test"]);
    store.serve_obtained([obtained(folder.path(), &own, "bank.test")]);
    fs::write(&files.chain, "torn").unwrap();
    assert!(store.reload(NOW).is_err());
    assert_eq!(
        served(&store, &authority.root, "bank.test"),
        Some(leaf(&own))
    );
    let again = authority.issue(folder.path(), "wiki", &["wiki.test"]);
    assert_eq!(
        store.reload(NOW.after(days(20))).unwrap(),
        crate::Reload::Changed
    );
    assert_eq!(
        served(&store, &authority.root, "wiki.test"),
        Some(leaf(&again))
    );
    assert_eq!(
        served(&store, &authority.root, "bank.test"),
        Some(leaf(&own))
    );
}

#[test]
fn only_one_for_that_host_alone_with_its_key_and_valid_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let issue = |names: &[&str]| authority.issue(folder.path(), "one", names);
    let read = |files: &CertificateFiles, now| {
        Obtained::read("bank.test", &in_one(folder.path(), files), now).unwrap_err()
    };
    for names in [
        &["wiki.test"][..],
        &["*.test"],
        &["bank.test", "wiki.test"],
        &[],
    ] {
        let fault = read(&issue(names), NOW);
        assert!(
            matches!(fault, TlsFault::NotCovered { .. }),
            "{names:?}: {fault}"
        );
    }
    let good = issue(&["bank.test"]);
    assert!(matches!(
        read(&good, NOW.after(days(31))),
        TlsFault::Expired { .. }
    ));
    assert!(matches!(
        read(&good, NOW.before(days(60))),
        TlsFault::NotYetValid(_)
    ));
    let other = authority.issue(folder.path(), "other", &["bank.test"]);
    let mixed = CertificateFiles {
        key: other.key,
        ..good.clone()
    };
    assert!(matches!(read(&mixed, NOW), TlsFault::Mismatch { .. }));
    let open = in_one(folder.path(), &good);
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let fault = Obtained::read("bank.test", &open, NOW).unwrap_err();
    assert!(matches!(fault, TlsFault::KeyOpen { .. }), "{fault}");
}
