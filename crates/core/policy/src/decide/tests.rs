use gw_model::{Action, AuthnMethod, Outcome, Principal, Resource, SessionContext, Timestamp};

use crate::testing::{ANA, BO, OLGA, ask, facts, policies};

const WIKI: &str = r#"
@id("wiki-for-staff")
permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");
"#;

#[test]
fn nobody_gets_in_without_a_permit() {
    let decision = ask(ANA, "payroll").decide(&policies(WIKI), &facts());
    assert_eq!(decision.outcome, Outcome::Deny);
    assert!(decision.because.is_empty() && decision.faults.is_empty());
    assert_eq!(decision.valid_until, Timestamp::NEVER);
}

#[test]
fn a_group_lets_its_members_and_those_of_its_subgroups_in() {
    let (policies, facts) = (policies(WIKI), facts());
    for (user, outcome) in [
        (ANA, Outcome::Allow),
        (OLGA, Outcome::Allow),
        (BO, Outcome::Deny),
    ] {
        let decision = ask(user, "wiki").decide(&policies, &facts);
        assert_eq!(decision.outcome, outcome, "{user}");
    }
}

#[test]
fn strangers_reach_the_sign_in_pages_only() {
    let facts = crate::testing::facts_with(vec![gw_model::Change::AppPut(
        crate::testing::app("sign-in", &[]).into(),
    )]);
    let stranger = |app| ask(ANA, app).unproved().by(Principal::Anonymous);
    let policies = policies(WIKI);
    assert!(
        stranger("sign-in")
            .decide(&policies, &facts)
            .outcome
            .is_allow()
    );
    assert!(
        !stranger("wiki")
            .decide(&policies, &facts)
            .outcome
            .is_allow()
    );
}

#[test]
fn a_first_passkey_needs_an_enrolment_session_and_a_later_one_a_fresh_passkey() {
    let (policies, facts) = (policies(""), facts());
    let enrol = || ask(ANA, "wiki").to(Action::FactorEnrol, Resource::User(ANA));
    let link = |method, enrolment| {
        let mut ask = enrol().unproved().proved(method, 10);
        ask.session = Some(SessionContext {
            started: ask.now,
            enrolment,
        });
        ask.decide(&policies, &facts).outcome
    };
    assert_eq!(link(AuthnMethod::EnrolmentLink, true), Outcome::Allow);
    assert_eq!(link(AuthnMethod::RecoveryCode, true), Outcome::Allow);
    assert_eq!(link(AuthnMethod::SignInLink, false), Outcome::Deny);
    assert_eq!(link(AuthnMethod::SignInLink, true), Outcome::Deny);
    assert!(enrol().decide(&policies, &facts).outcome.is_allow());
    let stale = enrol().unproved().proved(AuthnMethod::Passkey, 900);
    assert!(!stale.decide(&policies, &facts).outcome.is_allow());
    let mut other = enrol();
    other.resource = Resource::User(BO);
    assert!(!other.decide(&policies, &facts).outcome.is_allow());
}
