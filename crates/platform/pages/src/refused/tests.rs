use gw_model::{AuthnMethod, GroupName, Lever};

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_700_654_671);

fn ways(ways: &[&[Lever]]) -> Remedies {
    Remedies {
        ways: ways
            .iter()
            .map(|steps| Remedy {
                steps: steps.to_vec(),
            })
            .collect(),
        exhausted: false,
    }
}

fn proof(method: AuthnMethod) -> Vec<AuthnEvent> {
    vec![AuthnEvent {
        method,
        at: NOW.before(std::time::Duration::from_secs(720)),
        factor: None,
        provider: None,
    }]
}

fn finance() -> Lever {
    Lever::Group("finance".parse::<GroupName>().unwrap())
}

fn text(remedies: &Remedies, authn: &[AuthnEvent], change: impl FnOnce(&mut View<'_>)) -> String {
    let because = [PolicyId("payroll-needs-passkey".into())];
    let mut view = View {
        app: "Payroll",
        person: Some("Ana Ruiz"),
        authn,
        remedies,
        level: Level::Own,
        links: Links {
            sign_in: Some("https://auth.example/sign-in"),
            confirm: Some("https://auth.example/confirm?app=payroll&attempt=x"),
            enrol: Some("https://auth.example/enrol"),
            again: Some("/runs"),
            sign_out: Some("https://auth.example/sign-out"),
            back: None,
        },
        ask: None,
        decision: DecisionId::from_bits(7),
        because: &because,
        at: NOW,
        now: NOW,
        zone: "UTC",
        ended: None,
        nothing_sent: false,
    };
    change(&mut view);
    let response = view.render(StatusCode::FORBIDDEN);
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn order(page: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let at = page[from..].find(part);
        from += at.unwrap_or_else(|| panic!("{part:?} is missing or too early in {page}"));
    }
}

#[test]
fn the_four_parts_stand_in_their_order() {
    let remedies = ways(&[&[Lever::ConfirmWithPasskey], &[finance()]]);
    let page = text(&remedies, &proof(AuthnMethod::SignInLink), |_| ());
    order(
        &page,
        &[
            "<h1>Payroll needs a stronger sign-in</h1>",
            "You are signed in as <b>Ana Ruiz</b> by a link 12 minutes ago.",
            "What opens it for you",
            "Confirm with your passkey",
            "A few seconds. You come back to this page.",
            "confirm?app=payroll&#38;attempt=x",
            "Whom to ask",
            "Someone who administers Gatewright can give you access.",
            "For support",
            "d-",
            "22 Nov 2023, 12:04:31 UTC",
        ],
    );
    assert!(!page.contains("Nothing you can do here"));
}

#[test]
fn a_way_that_is_nobodys_own_is_said_at_once() {
    let page = text(&ways(&[]), &proof(AuthnMethod::SignInLink), |_| ());
    order(
        &page,
        &[
            "Payroll is not open to you",
            "No way was found",
            "Nothing you can do here opens it.",
            "Whom to ask",
        ],
    );
    assert!(!page.contains("What opens it for you") && !page.contains("What would open it"));
}

#[test]
fn a_fresh_link_is_a_fresher_sign_in_and_says_whom_to_ask() {
    let remedies = ways(&[&[Lever::FreshLink]]);
    let page = text(&remedies, &proof(AuthnMethod::SignInLink), |view| {
        view.ask = Some("Run gatewright user link bo.");
    });
    order(
        &page,
        &[
            "needs a fresher sign-in",
            "Nothing you can do here opens it.",
            "What would open it",
            "Sign in with a fresh link",
            "Run gatewright user link bo.",
        ],
    );
}

#[test]
fn a_passkey_that_was_shown_before_is_asked_for_afresh() {
    let remedies = ways(&[&[Lever::ConfirmWithPasskey]]);
    let page = text(&remedies, &proof(AuthnMethod::Passkey), |_| ());
    assert!(page.contains("Payroll needs a fresher sign-in"));
}

#[test]
fn steps_of_one_way_are_numbered_and_ways_are_apart() {
    let remedies = ways(&[
        &[Lever::ConfirmWithPasskey, Lever::Network("office".into())],
        &[Lever::EnrolPasskey],
    ]);
    let page = text(&remedies, &proof(AuthnMethod::SignInLink), |_| ());
    order(
        &page,
        &[
            "<ol",
            ">1</span>",
            ">2</span>",
            "</ol>",
            ">or</p>",
            "<ul",
            "Add a passkey",
        ],
    );
}

#[test]
fn groups_networks_and_policies_are_named_only_to_those_who_may_know() {
    let remedies = ways(&[
        &[Lever::Network("office".into())],
        &[Lever::Network("plant".into())],
        &[finance()],
    ]);
    let own = text(&remedies, &proof(AuthnMethod::Passkey), |_| ());
    for secret in ["office", "plant", "finance", "payroll-needs-passkey"] {
        assert!(!own.contains(secret), "{secret}");
    }
    assert_eq!(own.matches("a network your organisation knows").count(), 1);
    let full = text(&remedies, &proof(AuthnMethod::Passkey), |view| {
        view.level = Level::Full
    });
    for name in ["office", "plant", "finance", "payroll-needs-passkey"] {
        assert!(full.contains(name), "{name}");
    }
}

#[test]
fn a_stranger_hears_only_that_one_signs_in() {
    let remedies = ways(&[&[Lever::SignIn], &[finance()]]);
    let page = text(&remedies, &[], |view| {
        view.person = None;
        view.level = Level::None;
        view.nothing_sent = true;
    });
    order(
        &page,
        &[
            "Sign in to open Payroll",
            "was not passed on",
            "https://auth.example/sign-in",
        ],
    );
    assert!(!page.contains("Whom to ask") && !page.contains("Sign out"));
}

#[test]
fn names_are_text_whatever_they_hold() {
    let hostile = r#""><script>alert(1)</script>"#;
    let remedies = ways(&[&[Lever::Network(hostile.into())], &[Lever::FreshLink]]);
    let page = text(&remedies, &proof(AuthnMethod::SignInLink), |view| {
        view.app = hostile;
        view.person = Some(hostile);
        view.ask = Some(hostile);
        view.ended = Some(hostile);
        view.level = Level::Full;
        view.links.again = Some(hostile);
    });
    assert!(!page.contains("<script"));
}

#[test]
fn what_ended_is_told_first_and_a_time_is_told_as_one_says_it() {
    let remedies = ways(&[&[Lever::Time(
        NOW.after(std::time::Duration::from_secs(20 * 3600)),
    )]]);
    let page = text(&remedies, &proof(AuthnMethod::Passkey), |view| {
        view.ended = Some("A policy changed.");
    });
    order(
        &page,
        &[
            "✕",
            "A policy changed.",
            "<h1>",
            "Open it again from 08:04 tomorrow",
            "Check again",
        ],
    );
}

#[test]
fn who_came_from_an_app_that_waits_is_led_back_to_it() {
    let without = text(&ways(&[]), &[], |_| ());
    assert!(!without.contains("<form"), "{without}");
    let page = text(&ways(&[]), &[], |view| {
        view.links.back = Some(Back {
            title: "The <books>",
            action: "/oauth/consent",
            fields: &[("attempt", "a\"b"), ("decision", "deny")],
        });
    });
    order(
        &page,
        &[
            "Whom to ask",
            r#"<form method="post" action="/oauth/consent">"#,
            r#"name="decision" value="deny""#,
            "Back to The ",
            "For support",
        ],
    );
    assert!(
        !page.contains("<books>") && !page.contains("a\"b"),
        "{page}"
    );
}
