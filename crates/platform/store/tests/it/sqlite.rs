//! The embedded store's files: copied, altered, newer, or somebody else's.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use gw_store::{DataFolder, Effect, KeySource, SqliteStore, Store, StoreError};
use rusqlite::Connection;

use crate::support::*;

fn try_open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(DataFolder::open(path).unwrap(), &KeySource::DataFolder)
}

fn fault(path: &Path) -> StoreError {
    try_open(path).err().expect("it should be refused")
}

fn tamper(folder: &Path, sql: &str) {
    let db = Connection::open(folder.join("facts.sqlite")).unwrap();
    db.execute_batch(sql).unwrap();
}

fn sealed_store(folder: &Path) {
    let seal = Effect::SealedPut {
        name: "signing".into(),
        bytes: b"a very private key".to_vec().into(),
    };
    commit(&mut open(folder), vec![], vec![seal]);
}

#[test]
fn a_newer_store_is_refused_by_name_and_left_alone() {
    let folder = private_folder();
    drop(open(folder.path()));
    tamper(
        folder.path(),
        "INSERT INTO migrations VALUES (7, 'beef', '9.9.9')",
    );
    let before = fs::read(folder.path().join("facts.sqlite")).unwrap();
    let fault = fault(folder.path());
    assert!(matches!(&fault, StoreError::Newer { version: 7, .. }));
    assert!(
        fault.to_string().contains("run Gatewright 9.9.9"),
        "{fault}"
    );
    let after = fs::read(folder.path().join("facts.sqlite")).unwrap();
    assert!(before == after);
}

#[test]
fn a_fact_or_change_of_unknown_kind_stops_loading() {
    let unknown = [
        "INSERT INTO facts VALUES ('moon', 'the-moon', 1, NULL, '{}')",
        r#"INSERT INTO changes VALUES (1, 1, 0, '"gatewright"', '[{"moon-landed":11}]')"#,
    ];
    for sql in unknown {
        let folder = private_folder();
        drop(open(folder.path()));
        tamper(folder.path(), sql);
        let fault = open(folder.path()).load().unwrap_err();
        assert!(matches!(&fault, StoreError::NewerKind { .. }), "{fault}");
        assert!(fault.to_string().contains("moon"), "{fault}");
    }
}

#[test]
fn an_altered_migration_is_refused() {
    let folder = private_folder();
    drop(open(folder.path()));
    tamper(folder.path(), "UPDATE migrations SET sha256 = 'beef'");
    let fault = fault(folder.path());
    assert!(matches!(
        fault,
        StoreError::MigrationAltered { number: 1, .. }
    ));
}

#[test]
fn somebody_elses_file_is_refused() {
    let folder = private_folder();
    tamper(folder.path(), "CREATE TABLE recipes (name TEXT)");
    assert!(matches!(fault(folder.path()), StoreError::Foreign(_)));
    let folder = private_folder();
    fs::write(
        folder.path().join("facts.sqlite"),
        "dear diary, ".repeat(100),
    )
    .unwrap();
    assert!(matches!(fault(folder.path()), StoreError::Foreign(_)));
}

#[test]
fn a_damaged_fact_is_named() {
    let folder = private_folder();
    commit(&mut open(folder.path()), vec![put(user(1, "ana"))], vec![]);
    tamper(folder.path(), "UPDATE facts SET body = substr(body, 2)");
    let fault = open(folder.path()).load().unwrap_err();
    assert!(fault.to_string().contains(&uid(1).to_string()), "{fault}");
}

#[test]
fn a_store_whose_pages_are_damaged_is_refused_by_name_with_what_to_do() {
    let folder = private_folder();
    let mut store = open(folder.path());
    for n in 0..200 {
        commit(&mut store, vec![put(user(n, &format!("user-{n}")))], vec![]);
    }
    drop(store);
    tamper(folder.path(), "PRAGMA wal_checkpoint(TRUNCATE)");
    let path = folder.path().join("facts.sqlite");
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > 8 * 4096);
    let mut refused = 0;
    for page in 0..whole.len() / 4096 {
        // What an earlier round wrote ahead belongs to another file.
        for beside in ["facts.sqlite-wal", "facts.sqlite-shm"] {
            let _ = fs::remove_file(folder.path().join(beside));
        }
        let mut torn = whole.clone();
        torn[page * 4096..(page + 1) * 4096].fill(0);
        fs::write(&path, &torn).unwrap();
        // An empty first page is an empty file, and so not ours; free pages may hold anything.
        let opened = try_open(folder.path()).and_then(|mut store| store.load().map(drop));
        let Err(fault) = opened else {
            continue;
        };
        refused += 1;
        let text = fault.to_string();
        let says = match fault {
            StoreError::Foreign(_) => "move it away",
            _ => "restore a backup",
        };
        assert!(
            text.contains("facts.sqlite") && text.contains(says),
            "page {page}: {text}"
        );
        fs::write(&path, &whole).unwrap();
    }
    assert!(refused > 8, "{refused}");
    for beside in ["facts.sqlite-wal", "facts.sqlite-shm"] {
        let _ = fs::remove_file(folder.path().join(beside));
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(
        open(folder.path()).load().unwrap().facts.users().count(),
        200
    );
}

/// What happens to a transaction whose disk is full: the database may not grow any more.
#[test]
fn a_full_disk_in_the_middle_of_a_group_leaves_the_old_state_and_is_over_once_there_is_space() {
    let folder = private_folder();
    let mut store = open(folder.path());
    commit(&mut store, vec![put(user(1, "ana"))], vec![]);
    let before = store.load().unwrap().facts;
    let big = |name: &str| Effect::MetaPut {
        key: name.into(),
        value: "x".repeat(4 << 20),
    };
    store.limit_pages(Some(64)).unwrap();
    let group = vec![
        transaction(vec![put(user(2, "bo"))], vec![]).propose(),
        transaction(vec![put(user(3, "cy"))], vec![big("a")]).propose(),
    ];
    let fault = store.commit(group).unwrap_err();
    assert!(format!("{fault:?}").contains("full"), "{fault:?}");
    let after = store.load().unwrap().facts;
    assert_eq!(after.epoch, before.epoch);
    assert!(after.user(uid(2)).is_none() && after.user(uid(3)).is_none());
    commit(&mut store, vec![put(user(2, "bo"))], vec![]);
    store.limit_pages(None).unwrap();
    commit(&mut store, vec![put(user(3, "cy"))], vec![big("a")]);
    drop(store);
    assert_eq!(open(folder.path()).load().unwrap().facts.users().count(), 3);
}

#[test]
fn a_write_ahead_log_that_is_torn_at_any_byte_gives_a_whole_state_that_was_acknowledged() {
    let folder = private_folder();
    let mut store = open(folder.path());
    for n in 1..=6 {
        commit(&mut store, vec![put(user(n, &format!("user-{n}")))], vec![]);
    }
    let living: Vec<_> = ["facts.sqlite", "facts.sqlite-wal", "secret.key"]
        .map(|name| (name, fs::read(folder.path().join(name)).unwrap()))
        .into();
    let wal = living[1].1.clone();
    let mut states = std::collections::BTreeSet::new();
    for at in (0..wal.len()).step_by(509).chain([wal.len()]) {
        for garbled in [false, true] {
            let torn = private_folder();
            for (name, bytes) in &living {
                let mut bytes = bytes.clone();
                if name.ends_with("-wal") {
                    match garbled && at < bytes.len() {
                        true => bytes[at] ^= 0x5a,
                        false => bytes.truncate(at),
                    }
                }
                let path = torn.path().join(name);
                fs::write(&path, bytes).unwrap();
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                fs::set_permissions(&path, mode).unwrap();
            }
            let facts = open(torn.path()).load().unwrap().facts;
            let users = facts.users().count() as u64;
            assert!((1..=users).all(|n| facts.user(uid(n)).is_some()), "{at}");
            states.insert(users);
        }
    }
    assert_eq!(states.last(), Some(&6), "whole where nothing is torn");
    assert!(states.len() > 3, "{states:?}");
}

#[test]
fn two_processes_never_share_a_folder() {
    let folder = private_folder();
    let store = open(folder.path());
    let refused = DataFolder::open(folder.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Locked { .. }));
    drop(store);
    drop(open(folder.path()));
}

#[test]
fn sealed_values_cannot_be_read_without_the_key() {
    let folder = private_folder();
    sealed_store(folder.path());
    for name in ["facts.sqlite", "facts.sqlite-wal"] {
        let stored = fs::read(folder.path().join(name)).unwrap_or_default();
        let clear = b"a very private key";
        assert!(!stored.windows(clear.len()).any(|part| part == clear));
    }
    let key = folder.path().join("secret.key");
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let missing = fault(folder.path());
    assert!(matches!(missing, StoreError::KeyMissing { sealed: 1, .. }));
    fs::write(&key, [0; 32]).unwrap();
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert!(matches!(fault(folder.path()), StoreError::Unseal { .. }));
    fs::write(&key, kept).unwrap();
    let opened = open(folder.path()).reader().sealed("signing").unwrap();
    assert_eq!(opened.unwrap().expose(), b"a very private key");
}

#[test]
fn a_sealed_value_under_another_name_does_not_open() {
    let folder = private_folder();
    sealed_store(folder.path());
    let swap = "INSERT INTO sealed SELECT 'zz-session', bytes FROM sealed";
    tamper(folder.path(), swap);
    let reader = open(folder.path()).reader();
    assert!(reader.sealed("signing").unwrap().is_some());
    let moved = reader.sealed("zz-session").unwrap_err();
    assert!(matches!(moved, StoreError::Unseal { .. }));
}

#[test]
fn a_store_sealed_under_a_credential_leaves_no_key_in_the_folder() {
    let outer = private_folder();
    let credential = outer.path().join("credential");
    fs::write(&credential, [9; 32]).unwrap();
    fs::set_permissions(
        &credential,
        std::os::unix::fs::PermissionsExt::from_mode(0o400),
    )
    .unwrap();
    let folder = outer.path().join("data");
    let source = KeySource::Credential(credential);
    let store = SqliteStore::open(DataFolder::open(&folder).unwrap(), &source).unwrap();
    assert!(!store.folder().path().join("secret.key").exists());
}

#[test]
fn every_file_is_for_its_owner_alone() {
    let folder = private_folder();
    let mut store = open(folder.path());
    commit(&mut store, vec![put(user(1, "ana"))], vec![]);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().mode();
        assert_eq!(mode & 0o077, 0, "{:?} has mode {mode:o}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    assert!(names.contains(&"facts.sqlite-wal".into()), "{names:?}");
}

#[test]
fn reading_goes_on_beside_the_writer() {
    let folder = private_folder();
    let mut store = open(folder.path());
    let reader = store.reader();
    let inside: gw_store::Proposal<'_> = Box::new(|_| {
        let seen = reader.meta("colour").unwrap();
        assert!(seen.is_none(), "nothing is seen before it is durable");
        let set = Effect::MetaPut {
            key: "colour".into(),
            value: "green".into(),
        };
        Ok(transaction(vec![], vec![set]))
    });
    store.commit(vec![inside]).unwrap().remove(0).unwrap();
    assert!(reader.meta("colour").unwrap().is_some());
}
