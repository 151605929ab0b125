use std::time::Duration;

use super::*;
use crate::testing::{NOW, request};

const BEFORE: Timestamp = Timestamp::from_millis(NOW.as_millis() - 3_600_000);

fn person(auth_time: Timestamp, acrs: &'static [&'static str]) -> Option<Person<'static>> {
    Some(Person {
        subject: "ana",
        proven_at: Some(auth_time),
        came_at: auth_time,
        acrs,
    })
}

fn standing(person: Option<Person<'static>>) -> Standing<'static> {
    Standing {
        person,
        account_chosen: false,
        consent: Consent::Before,
        hinted_subject: None,
        known_acrs: &["weak", "strong", "stronger"],
        can_prove: true,
    }
}

fn next(more: &[(&str, &str)], standing: Standing<'static>) -> Result<Step, AuthorizationFault> {
    request(more).next_step(&standing, NOW.after(Duration::from_secs(30)))
}

fn sign_in(acr_values: &[&str]) -> Step {
    let acr_values = acr_values.iter().map(|&acr| acr.to_owned()).collect();
    Step::SignIn { acr_values }
}

#[test]
fn who_is_signed_in_and_has_agreed_goes_on() {
    assert_eq!(next(&[], standing(person(BEFORE, &[]))), Ok(Step::Proceed));
    assert_eq!(next(&[], standing(None)), Ok(sign_in(&[])));
    let missing = Standing {
        consent: Consent::Missing,
        ..standing(person(BEFORE, &[]))
    };
    assert_eq!(next(&[], missing), Ok(Step::AskConsent));
}

#[test]
fn with_prompt_none_nobody_is_asked_anything() {
    let none = [("prompt", "none")];
    assert_eq!(
        next(&none, standing(None)),
        Err(AuthorizationFault::LoginRequired)
    );
    assert_eq!(
        next(&none, standing(person(BEFORE, &[]))),
        Ok(Step::Proceed)
    );
    let missing = Standing {
        consent: Consent::Missing,
        ..standing(person(BEFORE, &[]))
    };
    assert_eq!(
        next(&none, missing),
        Err(AuthorizationFault::ConsentRequired)
    );
    let old = [("prompt", "none"), ("max_age", "60")];
    assert_eq!(
        next(&old, standing(person(BEFORE, &[]))),
        Err(AuthorizationFault::LoginRequired)
    );
    let hinted = Standing {
        hinted_subject: Some("bo"),
        ..standing(person(BEFORE, &[]))
    };
    assert_eq!(next(&none, hinted), Err(AuthorizationFault::LoginRequired));
    let voluntary = [("prompt", "none"), ("acr_values", "strong")];
    assert_eq!(
        next(&voluntary, standing(person(BEFORE, &[]))),
        Ok(Step::Proceed)
    );
    let essential = [
        ("prompt", "none"),
        (
            "claims",
            r#"{"id_token":{"acr":{"essential":true,"value":"strong"}}}"#,
        ),
    ];
    assert_eq!(
        next(&essential, standing(person(BEFORE, &[]))),
        Err(AuthorizationFault::LoginRequired)
    );
}

#[test]
fn a_sign_in_is_asked_for_until_it_was_done_for_this_request() {
    for more in [("prompt", "login"), ("max_age", "0"), ("max_age", "3599")] {
        assert_eq!(
            next(&[more], standing(person(BEFORE, &[]))),
            Ok(sign_in(&[])),
            "{more:?}"
        );
        assert_eq!(
            next(&[more], standing(person(NOW, &[]))),
            Ok(Step::Proceed),
            "{more:?}"
        );
    }
    assert_eq!(
        next(&[("max_age", "4000")], standing(person(BEFORE, &[]))),
        Ok(Step::Proceed)
    );
}

#[test]
fn whoever_came_without_anybody_saying_since_when_has_proven_nothing_lately() {
    let came = Person {
        proven_at: None,
        ..person(NOW, &[]).unwrap()
    };
    for more in [("prompt", "login"), ("max_age", "0"), ("max_age", "86400")] {
        let step = next(&[more], standing(Some(came)));
        assert_eq!(step, Ok(sign_in(&[])), "{more:?}");
    }
    assert_eq!(next(&[], standing(Some(came))), Ok(Step::Proceed));
    let quiet = [("prompt", "none"), ("max_age", "86400")];
    let refused = Err(AuthorizationFault::LoginRequired);
    assert_eq!(next(&quiet, standing(Some(came))), refused);
}

#[test]
fn what_is_asked_for_lately_is_since_the_request_or_so_long_before() {
    let now = NOW.after(Duration::from_secs(30));
    let since = |more: &[(&str, &str)]| request(more).fresh_since(now);
    assert_eq!(since(&[]), None);
    assert_eq!(since(&[("prompt", "login")]), Some(NOW));
    assert_eq!(since(&[("max_age", "0")]), Some(NOW));
    let minute = [("max_age", "60")];
    assert_eq!(since(&minute), Some(NOW.before(Duration::from_secs(30))));
    let both = [("max_age", "60"), ("prompt", "login")];
    assert_eq!(since(&both), Some(NOW));
}

#[test]
fn consent_and_choice_are_asked_for_though_they_were_given_before() {
    let consent = [("prompt", "consent")];
    assert_eq!(
        next(&consent, standing(person(BEFORE, &[]))),
        Ok(Step::AskConsent)
    );
    let given = Standing {
        consent: Consent::Now,
        ..standing(person(BEFORE, &[]))
    };
    assert_eq!(next(&consent, given), Ok(Step::Proceed));
    let choose = [("prompt", "select_account")];
    assert_eq!(
        next(&choose, standing(person(BEFORE, &[]))),
        Ok(Step::ChooseAccount)
    );
    let chosen = Standing {
        account_chosen: true,
        ..standing(person(BEFORE, &[]))
    };
    assert_eq!(next(&choose, chosen), Ok(Step::Proceed));
}

#[test]
fn a_context_that_is_wanted_is_tried_once_and_one_that_is_needed_is_reached() {
    let wanted = [("acr_values", "strong stronger")];
    let step = sign_in(&["strong", "stronger"]);
    assert_eq!(next(&wanted, standing(person(BEFORE, &["weak"]))), Ok(step));
    assert_eq!(
        next(&wanted, standing(person(BEFORE, &["weak", "stronger"]))),
        Ok(Step::Proceed)
    );
    assert_eq!(
        next(&wanted, standing(person(NOW, &["weak"]))),
        Ok(Step::Proceed)
    );
    let needed = [(
        "claims",
        r#"{"id_token":{"acr":{"essential":true,"values":["strong"]}}}"#,
    )];
    assert_eq!(
        next(&needed, standing(person(BEFORE, &["weak"]))),
        Ok(sign_in(&["strong"]))
    );
    assert_eq!(
        next(&needed, standing(person(NOW, &["weak"]))),
        Err(AuthorizationFault::Unmet)
    );
}

#[test]
fn nobody_is_led_to_prove_what_they_cannot_or_nobody_knows() {
    let weak = || standing(person(BEFORE, &["weak"]));
    let bare = || Standing {
        can_prove: false,
        ..weak()
    };
    for (words, standing) in [("1 2", weak()), ("strong", bare())] {
        let wanted = [("acr_values", words)];
        assert_eq!(next(&wanted, standing), Ok(Step::Proceed), "{words}");
    }
    let needed =
        |acr| format!(r#"{{"id_token":{{"acr":{{"essential":true,"values":["{acr}"]}}}}}}"#);
    let unknown = needed("1");
    assert_eq!(
        next(&[("claims", &unknown)], weak()),
        Err(AuthorizationFault::Unmet)
    );
    // Who has nothing yet may be let to enrol it.
    let known = needed("strong");
    assert_eq!(
        next(&[("claims", &known)], bare()),
        Ok(sign_in(&["strong"]))
    );
}

#[test]
fn nobody_but_who_is_meant_goes_on() {
    let hinted = |auth_time| Standing {
        hinted_subject: Some("bo"),
        ..standing(person(auth_time, &[]))
    };
    assert_eq!(next(&[], hinted(BEFORE)), Ok(sign_in(&[])));
    assert_eq!(
        next(&[], hinted(NOW)),
        Err(AuthorizationFault::LoginRequired)
    );
    let claimed = [("claims", r#"{"id_token":{"sub":{"value":"bo"}}}"#)];
    assert_eq!(
        next(&claimed, standing(person(BEFORE, &[]))),
        Ok(sign_in(&[]))
    );
    let claimed = [("claims", r#"{"userinfo":{"sub":{"value":"ana"}}}"#)];
    assert_eq!(
        next(&claimed, standing(person(BEFORE, &[]))),
        Ok(Step::Proceed)
    );
}
