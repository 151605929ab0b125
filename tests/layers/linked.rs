//! What is linked in the end, as `cargo tree` resolves it (the lock file also names crates
//! that only features nobody asked for would bring).

use std::{collections::BTreeSet, process::Command};

use crate::house::root;

/// A crate that is linked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Linked {
    pub(crate) name: String,
    /// An SPDX expression, or what its author took for one.
    pub(crate) licence: String,
}

/// The names of all crates that the selected packages link or build with, tests left out.
pub(crate) fn names(selection: &[&str]) -> BTreeSet<String> {
    let linked = crates(selection).into_iter();
    linked.map(|linked| linked.name).collect()
}

/// All crates that the selected packages link or build with, tests left out.
pub(crate) fn crates(selection: &[&str]) -> BTreeSet<Linked> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .args(selection)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(read).collect()
}

fn read(line: &str) -> Option<Linked> {
    // What was listed in full above ends in this mark.
    let (package, licence) = line.trim_end_matches(" (*)").split_once('|')?;
    Some(Linked {
        name: package.split_whitespace().next()?.to_owned(),
        licence: licence.to_owned(),
    })
}
