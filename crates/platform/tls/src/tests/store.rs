use super::*;
use crate::{Reload, TlsFault};

fn faults(files: Vec<CertificateFiles>) -> Vec<TlsFault> {
    CertificateStore::load(files, NOW).expect_err("faults")
}

#[test]
fn a_name_gets_its_own_certificate_before_a_wildcard_and_otherwise_none() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let wiki = authority.issue(folder.path(), "wiki", &["wiki.house.example"]);
    let names = ["*.house.example", "house.example"];
    let any = authority.issue(folder.path(), "any", &names);
    let store = load(vec![any.clone(), wiki.clone()]);
    let get = |name: &str| served(&store, &authority.root, name);
    assert_eq!(get("wiki.house.example"), Some(leaf(&wiki)));
    assert_eq!(get("Wiki.House.Example"), Some(leaf(&wiki)));
    assert_eq!(get("payroll.house.example"), Some(leaf(&any)));
    assert_eq!(get("house.example"), Some(leaf(&any)));
    let config = crate::server_config(store.clone()).unwrap();
    for stranger in ["deep.wiki.house.example", "other.test", "127.0.0.1"] {
        let refused = connect(&config, client(&authority.root, stranger, &[])).unwrap_err();
        let nothing_served = "no server certificate chain resolved";
        assert!(
            refused.to_string().contains(nothing_served),
            "{stranger}: {refused}"
        );
    }
}

#[test]
fn an_unknown_name_gets_the_default_only_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let mut files = authority.issue(folder.path(), "a", &["a.example", "b.example"]);
    files.hosts = vec!["a.example".into()];
    let without = load(vec![files.clone()]);
    assert_eq!(served(&without, &authority.root, "b.example"), None);
    files.default = true;
    let with = load(vec![files.clone()]);
    assert_eq!(
        served(&with, &authority.root, "b.example"),
        Some(leaf(&files))
    );
}

#[test]
fn a_connection_covers_what_its_certificate_covers() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let any = authority.issue(folder.path(), "any", &["*.example"]);
    let own = authority.issue(folder.path(), "own", &["bank.test"]);
    let store = load(vec![any, own]);
    assert!(store.covers(Some("wiki.example"), "wiki.example"));
    assert!(store.covers(Some("wiki.example"), "payroll.example"));
    assert!(!store.covers(Some("wiki.example"), "bank.test"));
    assert!(!store.covers(Some("wiki.example"), "a.b.example"));
    assert!(!store.covers(Some("wiki.example"), "example"));
    assert!(!store.covers(Some("stranger.test"), "wiki.example"));
    assert!(!store.covers(None, "wiki.example"));
}

#[test]
fn a_renewed_certificate_is_served_after_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), "wiki", &["wiki.example"]);
    let store = load(vec![files.clone()]);
    let config = crate::server_config(store.clone()).unwrap();
    let old = leaf(&files);
    assert_eq!(store.reload(NOW).unwrap(), Reload::Unchanged);
    authority.issue(folder.path(), "wiki", &["wiki.example"]);
    assert_eq!(store.reload(NOW).unwrap(), Reload::Changed);
    let (client, _) = connect(&config, client(&authority.root, "wiki.example", &[])).unwrap();
    let got = client.peer_certificates().unwrap()[0].to_vec();
    assert_eq!(got, leaf(&files));
    assert_ne!(got, old);
}

#[test]
fn a_reload_with_any_fault_keeps_all_that_was_served() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let wiki = authority.issue(folder.path(), "wiki", &["wiki.example"]);
    let bank = authority.issue(folder.path(), "bank", &["bank.test"]);
    let store = load(vec![wiki.clone(), bank.clone()]);
    let (old_wiki, old_bank) = (leaf(&wiki), leaf(&bank));
    let kept_key = fs::read(&bank.key).unwrap();
    authority.issue(folder.path(), "wiki", &["wiki.example"]);
    authority.issue(folder.path(), "bank", &["bank.test"]);
    fs::write(&bank.key, kept_key).unwrap();
    let faults = store.reload(NOW).unwrap_err();
    assert!(matches!(&faults[..], [TlsFault::Mismatch { key, .. }] if *key == bank.key));
    assert_eq!(
        served(&store, &authority.root, "wiki.example"),
        Some(old_wiki)
    );
    assert_eq!(served(&store, &authority.root, "bank.test"), Some(old_bank));
}

#[test]
fn other_files_replace_the_ones_before() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let wiki = authority.issue(folder.path(), "wiki", &["wiki.example"]);
    let bank = authority.issue(folder.path(), "bank", &["bank.test"]);
    let store = load(vec![wiki]);
    assert_eq!(
        store.replace(vec![bank.clone()], NOW).unwrap(),
        Reload::Changed
    );
    assert_eq!(served(&store, &authority.root, "wiki.example"), None);
    let listed = store.certificates();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].names, ["bank.test"]);
    assert_eq!(listed[0].not_after, NOW.after(days(30)));
}

#[test]
fn every_fault_of_every_file_is_told_at_once_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let at = folder.path();
    let open = authority.issue(at, "open", &["open.example"]);
    set_mode(&open.key, 0o644);
    let expired = authority.issue_until(at, "expired", &["old.example"], NOW.before(days(3)));
    let early = authority.issue_until(at, "early", &["new.example"], NOW.after(days(90)));
    let mut elsewhere = authority.issue(at, "elsewhere", &["a.example"]);
    elsewhere.hosts = vec!["a.example".into(), "b.example".into()];
    let mut missing = elsewhere.clone();
    missing.chain = at.join("missing.pem");
    let garbage = authority.issue(at, "garbage", &["c.example"]);
    fs::write(&garbage.chain, "not a certificate").unwrap();
    let keyless = authority.issue(at, "keyless", &["d.example"]);
    fs::write(&keyless.key, "not a key").unwrap();
    let nameless = authority.issue(at, "nameless", &[]);
    let all = vec![
        open, expired, early, elsewhere, missing, garbage, keyless, nameless,
    ];
    let told: Vec<_> = faults(all).iter().map(ToString::to_string).collect();
    let expected = [
        "run `chmod 0600",
        "expired 3 days ago: renew it",
        "is not valid yet: check the machine's clock",
        "does not cover `b.example`: it covers a.example",
        "missing.pem",
        "holds no certificate that can be read",
        "holds no private key that can be read",
        "covers no host name",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told:?} lacks {expected:?}");
    }
}

#[test]
fn a_key_that_its_group_may_read_is_accepted_and_one_that_others_may_write_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), "a", &["a.example"]);
    set_mode(&files.key, 0o640);
    load(vec![files.clone()]);
    for mode in [0o660, 0o604, 0o602] {
        set_mode(&files.key, mode);
        let told = faults(vec![files.clone()]);
        assert!(matches!(&told[..], [TlsFault::KeyOpen { mode: m, .. }] if *m == mode));
    }
}

#[test]
fn two_certificates_for_one_name_are_ambiguous_until_hosts_say_which() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let mut one = authority.issue(folder.path(), "one", &["a.example", "b.example"]);
    let two = authority.issue(folder.path(), "two", &["b.example"]);
    let told = faults(vec![one.clone(), two.clone()]);
    assert!(matches!(&told[..], [TlsFault::Twice { name, .. }] if name == "b.example"));
    one.hosts = vec!["a.example".into()];
    let store = load(vec![one, two.clone()]);
    assert_eq!(
        served(&store, &authority.root, "b.example"),
        Some(leaf(&two))
    );
}

#[test]
fn two_defaults_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let mut one = authority.issue(folder.path(), "one", &["a.example"]);
    let mut two = authority.issue(folder.path(), "two", &["b.example"]);
    (one.default, two.default) = (true, true);
    let told = faults(vec![one, two]);
    assert!(matches!(&told[..], [TlsFault::TwoDefaults { .. }]));
}
