//! Archives of backups: whatever is in one, nothing is written but what belongs in a data folder.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use gatewright::fuzzing::{pack_backup, unpack_backup};

/// Unpacks an archive; one that is accepted is packed and unpacked to the same files again.
pub(crate) fn archive(data: &[u8]) {
    let outer = tempfile::tempdir().unwrap();
    let to = outer.path().join("data");
    fs::create_dir(&to).unwrap();
    let unpacked = unpack_backup(data, &to);
    let files = below(outer.path());
    for path in files.keys() {
        assert!(belongs(path), "{} was written", path.display());
    }
    if let Err(why) = unpacked {
        assert!(!why.is_empty() && !why.contains('\n'), "{why:?}");
        return;
    }
    let packed: Vec<(String, Vec<u8>)> = files
        .iter()
        .map(|(path, bytes)| {
            let path = path.strip_prefix("data").unwrap();
            (path.to_str().unwrap().to_owned(), bytes.clone())
        })
        .collect();
    let again = tempfile::tempdir().unwrap();
    fs::create_dir(again.path().join("data")).unwrap();
    let archive = pack_backup(&packed).unwrap();
    unpack_backup(&archive, &again.path().join("data")).unwrap();
    assert_eq!(below(again.path()), files);
}

fn belongs(path: &Path) -> bool {
    let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
    match parts.as_slice() {
        ["data", "facts.sqlite"] => true,
        ["data", "ledger", log, file] => {
            let ending = file.strip_prefix(|c: char| c.is_ascii_digit());
            !log.contains(['.', ' ']) && ending.is_some() && file.len() <= 17
        }
        _ => false,
    }
}

/// Every file below a folder, with what is in it.
fn below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}
