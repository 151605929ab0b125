//! A copy of the store, taken beside the process that writes it.

use std::{fs, os::unix::fs::MetadataExt as _};

use gw_store::{Effect, KeySource, SqliteStore, Store, StoreError, copy};

use crate::support::*;

const SECRET: &[u8] = b"a very private key";

fn sealed() -> Effect {
    Effect::SealedPut {
        name: "signing".into(),
        bytes: SECRET.to_vec().into(),
    }
}

#[test]
fn a_copy_is_the_facts_of_one_moment_while_the_store_goes_on_being_written() {
    let folder = private_folder();
    let mut store = open(folder.path());
    for round in 0..20_u64 {
        let name = format!("user-{round}");
        commit(
            &mut store,
            vec![put(user(round + 1, &name))],
            vec![sealed()],
        );
        let to = private_folder();
        let file = to.path().join("facts.sqlite");
        let copied = copy(folder.path(), &file, true).unwrap();
        assert_eq!(copied.facts.users().count() as u64, round + 1);
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        fs::copy(
            folder.path().join("secret.key"),
            to.path().join("secret.key"),
        )
        .unwrap();
        let mut again = open(to.path());
        assert_eq!(again.load().unwrap().facts.epoch, copied.facts.epoch);
        let key = again.reader().sealed("signing").unwrap().unwrap();
        assert_eq!(key.expose(), SECRET);
    }
}

#[test]
fn a_copy_without_keys_has_none_and_no_byte_of_what_was_deleted() {
    let folder = private_folder();
    let mut store = open(folder.path());
    let names = ["somebody-who-was-removed", "somebody-who-stays"];
    commit(
        &mut store,
        vec![put(user(1, names[0])), put(user(2, names[1]))],
        vec![sealed()],
    );
    commit(
        &mut store,
        vec![gw_model::Change::UserRemoved(uid(1))],
        vec![],
    );
    let to = private_folder();
    let file = to.path().join("facts.sqlite");
    copy(folder.path(), &file, false).unwrap();
    let bytes = fs::read(&file).unwrap();
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|found| found == text);
    assert!(holds(names[1].as_bytes()));
    assert!(!holds(b"signing"), "the name of a sealed value");
    let again = open(to.path());
    assert!(again.reader().sealed_names().unwrap().is_empty());
}

#[test]
fn a_newer_store_is_not_copied_and_a_file_that_is_there_not_overwritten() {
    let folder = private_folder();
    drop(open(folder.path()));
    let to = private_folder();
    let file = to.path().join("facts.sqlite");
    fs::write(&file, "something else").unwrap();
    assert!(copy(folder.path(), &file, false).is_err());
    assert_eq!(fs::read(&file).unwrap(), b"something else");
    fs::remove_file(&file).unwrap();
    let db = rusqlite::Connection::open(folder.path().join("facts.sqlite")).unwrap();
    db.execute_batch("INSERT INTO migrations VALUES (7, 'beef', '9.9.9')")
        .unwrap();
    let fault = copy(folder.path(), &file, false).unwrap_err();
    assert!(
        matches!(fault, StoreError::Newer { version: 7, .. }),
        "{fault}"
    );
    let nowhere = copy(to.path(), &file, false);
    assert!(nowhere.is_err(), "there is no store in an empty folder");
    assert!(!to.path().join("facts.sqlite").exists());
}

#[test]
fn what_was_copied_at_rest_opens_as_it_was() {
    let folder = private_folder();
    let before = {
        let mut store = SqliteStore::open(
            gw_store::DataFolder::open(folder.path()).unwrap(),
            &KeySource::DataFolder,
        )
        .unwrap();
        commit(&mut store, vec![put(user(1, "ana"))], vec![]);
        store.load().unwrap().facts
    };
    let to = private_folder();
    let copied = copy(folder.path(), &to.path().join("facts.sqlite"), false).unwrap();
    assert_eq!(copied.facts.epoch, before.epoch);
}
