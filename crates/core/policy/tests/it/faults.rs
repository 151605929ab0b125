use gw_policy::load;

use crate::cases::{file, listed};

/// One fault of each kind; none hides another.
const FAULTY: &str = r#"// a comment first
@id("good")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");

permit (principal is User, action == Action::"http.request", resource);

@id("Not an id")
permit (principal is User, action == Action::"http.request", resource);

@id("good")
forbid (principal, action, resource);

@id("gatewright-portal")
forbid (principal, action, resource);

@id("unscoped")
permit (principal, action == Action::"http.request", resource);

  @id("typo") @mode("reprot") @severity("high")
  forbid (principal, action, resource);

@id("template")
permit (principal == ?principal, action == Action::"http.request", resource);

@id("wrong-type")
forbid (principal, action, resource)
unless { context.authn.phishing_resistant > 3 };

@id("device-may-be-absent")
forbid (principal, action, resource)
unless { context.device.compliant };

@id("no-such-attribute")
forbid (principal, action, resource)
unless { context.authn.strength == "high" };

@id("no-such-action")
forbid (principal, action == Action::"http.reqest", resource);

@id("no-such-type")
forbid (principal is Person, action, resource);
"#;

#[test]
fn every_fault_is_reported_at_once_with_its_place_and_what_to_do() {
    let faults = load(&[
        file("faulty.cedar", FAULTY),
        file(
            "other.cedar",
            "@id(\"good\")\nforbid (principal, action, resource);",
        ),
    ])
    .unwrap_err();
    insta::assert_snapshot!(listed(&faults));
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_faults_of_others() {
    let faults = load(&[
        file(
            "broken.cedar",
            "@id(\"x\")\npermit (principal is User, action, resource\n",
        ),
        file(
            "braces.cedar",
            "permit (principal, action, resource) when { true ;\nforbid",
        ),
        file("other.cedar", "forbid (principal, action, resource);"),
    ])
    .unwrap_err();
    insta::assert_snapshot!(listed(&faults));
}

#[test]
fn what_can_never_apply_is_a_warning() {
    let policies = load(&[file(
        "odd.cedar",
        r#"
@id("upper-case")
permit (principal in Group::"Staff", action == Action::"http.request", resource in App::"wiki");
@id("a-name-is-not-an-id")
permit (principal == User::"ana", action == Action::"http.request", resource in App::"wiki");
@id("impossible")
forbid (principal, action == Action::"http.request", resource)
when { principal is Anonymous && principal is User };
"#,
    )])
    .unwrap();
    insta::assert_snapshot!(listed(policies.warnings()));
}
