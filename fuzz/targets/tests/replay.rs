//! Replays the corpus and every past finding of every target.

#![expect(
    clippy::unwrap_used,
    reason = "a test says by panicking what it cannot read"
)]

use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use gw_fuzz_targets::{TARGETS, for_each_target, named};

/// `fuzz/` in the repository.
fn room() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(name: &str) {
    let target = named(name).unwrap();
    let corpus = files(&room().join("corpus").join(name));
    assert!(!corpus.is_empty(), "{name} has no corpus");
    let findings = files(&room().join("findings").join(name));
    let mut broken = Vec::new();
    for path in corpus.iter().chain(&findings) {
        let bytes = fs::read(path).unwrap();
        if catch_unwind(|| (target.run)(&bytes)).is_err() {
            broken.push(path.display().to_string());
        }
    }
    assert!(
        broken.is_empty(),
        "{name} breaks on:\n{}",
        broken.join("\n")
    );
}

macro_rules! tests {
    ($($name:ident => $($path:ident)::+),* $(,)?) => {
        mod corpus_and_findings_of {
            $(#[test]
            fn $name() {
                super::replay(stringify!($name));
            })*
        }
    };
}

for_each_target!(tests);

#[test]
fn every_folder_belongs_to_a_target() {
    for kind in ["corpus", "findings"] {
        for folder in files(&room().join(kind)) {
            let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(named(&name).is_some(), "{kind}/{name} is of no target");
        }
    }
    assert!(TARGETS.iter().all(|target| !target.name.is_empty()));
}

#[test]
fn the_corpus_stays_small() {
    const FILE_BYTES_MAX: u64 = 8 * 1024;
    const FILES_MAX: usize = 200;
    const BYTES_MAX: u64 = 3 * 1024 * 1024;
    let mut total = 0;
    for folder in files(&room().join("corpus")) {
        let files = files(&folder);
        assert!(files.len() <= FILES_MAX, "{}", folder.display());
        for file in files {
            let length = fs::metadata(&file).unwrap().len();
            assert!(length <= FILE_BYTES_MAX, "{}", file.display());
            total += length;
        }
    }
    assert!(total <= BYTES_MAX, "{total} bytes");
}
