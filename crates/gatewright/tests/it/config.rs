//! `gatewright check`, and `gatewright up` on a file with faults.

use std::fs;

use crate::binary::run;

const FAULTY: &str = r#"version = 1
remdies = "own"

[authentication]
host = "auth.example.com"

[portal]
host = "home.auth.example.com"

[sessions]
idle = "1h"

[[app]]
name = "Wiki"
host = "wiki.example.com"
upstream = "ftp://127.0.0.1"
"#;

#[test]
fn every_fault_of_a_file_is_told_at_once_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gatewright.toml"), FAULTY).unwrap();
    let said = run(folder.path(), &["check", "-c", "gatewright.toml"]);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(said.out);
    let json = run(folder.path(), &["check", "-c", "gatewright.toml", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        told["faults"].as_array().unwrap().len(),
        said.out.lines().count() - 1
    );
}

#[test]
fn what_has_faults_is_not_started_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gatewright.toml"), FAULTY).unwrap();
    let said = run(folder.path(), &["up", "-c", "gatewright.toml"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("gatewright.toml:2: remdies"),
        "{}",
        said.err
    );
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["check", "-c", "none.toml"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.out.contains("none.toml: cannot be read"),
        "{}",
        said.out
    );
}

#[test]
fn faults_of_policies_and_missing_files_that_it_names_are_told_too() {
    let folder = tempfile::tempdir().unwrap();
    let small = r#"version = 1
[listen]
https = []
[authentication]
host = "auth.example.com"
[portal]
host = "home.example.com"
[geo]
database = "none.mmdb"
"#;
    fs::write(folder.path().join("gatewright.toml"), small).unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    fs::write(folder.path().join("policies/a.cedar"), "permit (").unwrap();
    let said = run(folder.path(), &["check", "-c", "gatewright.toml"]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("policies/a.cedar:1:"), "{}", said.out);
    assert!(said.out.contains("geo.database"), "{}", said.out);
    fs::remove_file(folder.path().join("policies/a.cedar")).unwrap();
    fs::write(folder.path().join("none.mmdb"), "").unwrap();
    assert_eq!(
        run(folder.path(), &["check", "-c", "gatewright.toml"]).code,
        Some(0)
    );
}

#[test]
fn commands_that_need_a_running_gatewright_say_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["user", "list"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("--data DIR"), "{}", said.err);
    let said = run(folder.path(), &["user", "list", "--data", "nowhere"]);
    assert!(said.err.contains("gatewright up"), "{}", said.err);
}

#[test]
fn what_cannot_be_meant_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["up"][..],
        &["up", "--demo", "-c", "x.toml"],
        &["up", "-c", "x.toml", "--http-port", "1"],
        &["session", "end"],
        &["policy", "rollback", "1"],
        &["no-such-command"],
    ] {
        assert_eq!(run(folder.path(), arguments).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn a_completion_script_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["completions", "bash"]);
    assert_eq!(said.code, Some(0));
    assert!(said.out.contains("_gatewright()"));
}
