//! `gatewright policy` on a folder, offline.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::binary::run;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/examples")
}

fn on_examples(arguments: &[&str]) -> crate::binary::Said {
    let examples = examples();
    let (command, rest) = arguments.split_first().unwrap();
    let mut all = vec!["policy", command, examples.to_str().unwrap()];
    all.extend(rest);
    run(Path::new("."), &all)
}

#[test]
fn the_examples_have_no_fault_and_keep_their_promises() {
    let checked = on_examples(&["check"]);
    assert_eq!(checked.code, Some(0), "{}", checked.out);
    let tested = on_examples(&["test"]);
    assert_eq!(tested.code, Some(0), "{}", tested.out);
    assert!(tested.out.contains("0 failed"));
}

#[test]
fn faults_are_told_with_the_path_that_an_editor_opens() {
    let folder = tempfile::tempdir().unwrap();
    let text = "@id(\"a\")\npermit (principal, action, resource);\n\n@id(\"a\") @mode(\"reprot\")\nforbid (principal, action, resource in Nothing::\"x\");\n";
    fs::write(folder.path().join("a.cedar"), text).unwrap();
    let said = run(folder.path(), &["policy", "check", "."]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.lines().count() > 2, "{}", said.out);
    assert!(
        said.out.lines().next().unwrap().starts_with("./a.cedar:"),
        "{}",
        said.out
    );
}

#[test]
fn a_case_that_does_not_come_true_fails_the_test() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("cases")).unwrap();
    let policy = "@id(\"wiki\")\npermit (principal is User, action == Action::\"http.request\", resource in App::\"wiki\");\n";
    fs::write(folder.path().join("wiki.cedar"), policy).unwrap();
    let cases = "version = 1\n[facts.users]\nana = {}\n[facts.apps]\nwiki = {}\n[[case]]\nname = \"nobody enters\"\nwho = \"ana\"\nresource = \"wiki\"\nexpect = \"deny\"\n";
    fs::write(folder.path().join("cases/a.toml"), cases).unwrap();
    let said = run(folder.path(), &["policy", "test", "."]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.out.contains("✕") && said.out.contains("0 passed, 1 failed"),
        "{}",
        said.out
    );
}

#[test]
fn an_explanation_names_what_decided_and_what_would_open_it() {
    let denied = on_examples(&[
        "explain",
        "--who",
        "ana",
        "--on",
        "payroll",
        "--proof",
        "enrolment-link:60",
    ]);
    assert_eq!(denied.code, Some(1));
    insta::assert_snapshot!(denied.out);
    let allowed = on_examples(&[
        "explain", "--who", "ana", "--on", "payroll", "--proof", "passkey",
    ]);
    assert_eq!(allowed.code, Some(0), "{}", allowed.out);
    let json = on_examples(&["explain", "--who", "anonymous", "--on", "wiki", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(told["decision"]["outcome"], "deny");
}

#[test]
fn a_question_that_names_nobody_says_what_to_name() {
    let said = on_examples(&["explain", "--who", "mallory", "--on", "wiki"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("there is no user `mallory`"),
        "{}",
        said.err
    );
}
