//! What is linked in the end, as `cargo tree` resolves it (the lock file also names crates
//! that only features nobody asked for would bring).

use std::{collections::BTreeSet, process::Command};

use crate::house::root;

/// The names of all crates that the selected packages link or build with, tests left out.
pub(crate) fn crates(selection: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}"])
        .args(selection)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo tree: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}
