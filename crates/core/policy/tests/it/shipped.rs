use gw_policy::{CaseResult, load, read_cases, run_cases};

use crate::cases::file;

const DEMO: &str = include_str!("../../../../../policies/examples/demo.cedar");
const DEMO_CASES: &str = include_str!("../../../../../policies/examples/cases/demo.toml");

#[test]
fn the_base_policies_are_valid_alone_and_without_warnings() {
    let policies = load(&[]).unwrap();
    assert_eq!(policies.warnings(), []);
    assert!(policies.ids().all(|id| id.0.starts_with("gatewright-")));
}

#[test]
fn the_demo_keeps_its_promises_to_the_newcomer() {
    let policies = load(&[file("demo.cedar", DEMO)]).unwrap();
    assert_eq!(policies.warnings(), []);
    let cases = read_cases("demo.toml", DEMO_CASES).unwrap();
    let results = run_cases(&policies, &cases);
    let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
    let shown: Vec<_> = failed.iter().map(ToString::to_string).collect();
    assert!(failed.is_empty(), "{}", shown.join("\n"));
    assert!(results.len() >= 15);
    let complete = |result: &CaseResult| !result.explanation.remedies.exhausted;
    assert!(results.iter().all(complete));
}

/// The policies of the design, word for word.
#[test]
fn the_policies_of_the_design_are_valid() {
    let text = r#"
        @id("wiki-for-staff")
        permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");

        @id("payroll-needs-healthy-device-and-passkey")
        forbid (principal, action, resource in Tag::"crown-jewel")
        unless { context.authn.phishing_resistant && context has device && context.device.compliant };

        @id("contractors-office-hours") @mode("report")
        forbid (principal in Group::"contractors", action, resource)
        unless { context.time.hour >= 8 && context.time.hour < 18 };
    "#;
    let policies = load(&[file("design.cedar", text)]).unwrap();
    assert_eq!(policies.warnings(), []);
}
