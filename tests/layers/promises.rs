//! The tests that `docs/security.md` names are there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::house::root;

const PAGE: &str = "docs/security.md";

/// Each row's promise, and the tests that keep it: file and name.
fn promises() -> Vec<(String, Vec<(String, String)>)> {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("`: `"));
    rows.map(|row| {
        let (promise, kept_by) = row[2..].split_once(" | ").unwrap();
        (promise.to_owned(), tests(kept_by))
    })
    .collect()
}

/// Code spans: a file, then the names of tests in it.
fn tests(cell: &str) -> Vec<(String, String)> {
    let mut file = String::new();
    let mut all = Vec::new();
    for span in cell.split('`').skip(1).step_by(2) {
        if span.ends_with(".rs") || span.ends_with(".mjs") {
            span.clone_into(&mut file);
        } else {
            all.push((file.clone(), span.to_owned()));
        }
    }
    all
}

/// Whether a file has a test of this name that runs.
fn is_there(text: &str, file: &str, name: &str) -> bool {
    if file.ends_with(".mjs") {
        return ["'", "\"", "`"]
            .iter()
            .any(|quote| text.contains(&format!("test({quote}{name}{quote}")));
    }
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else {
        return false;
    };
    // The attributes right before it, or the property tests that it stands among.
    let start = before.rfind(['}', ';']).map_or(0, |at| at + 1);
    let attributes = &before[start..];
    attributes.contains("test") && !attributes.contains("#[ignore")
}

#[test]
fn every_test_that_a_promise_names_is_there() {
    let promises = promises();
    assert!(promises.len() > 30, "{} promises were read", promises.len());
    let each: BTreeSet<_> = promises.iter().map(|(promise, _)| promise).collect();
    assert_eq!(each.len(), promises.len(), "a promise is made twice");
    let mut texts = BTreeMap::new();
    let mut missing = Vec::new();
    for (promise, tests) in &promises {
        assert!(!tests.is_empty(), "nothing keeps: {promise}");
        for (file, name) in tests {
            let text = texts
                .entry(file)
                .or_insert_with(|| fs::read_to_string(root().join(file)).unwrap_or_default());
            if !is_there(text, file, name) {
                missing.push(format!("{file}: {name}"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "{PAGE} names what is not there: {missing:#?}"
    );
}

#[test]
fn a_test_that_is_gone_or_ignored_is_not_there() {
    let text = "use a;\n#[test]\nfn one() {}\n#[test]\n#[ignore]\nfn two() {}\nfn three() {}\n";
    assert!(is_there(text, "x.rs", "one"));
    assert!(!is_there(text, "x.rs", "two"));
    assert!(!is_there(text, "x.rs", "three"));
    assert!(!is_there(text, "x.rs", "on"));
    assert!(is_there("test('it does', () => {})", "x.mjs", "it does"));
    assert!(!is_there(
        "test.skip('it does', () => {})",
        "x.mjs",
        "it does"
    ));
}
