//! ID tokens that are not the answer to the request.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::{ALL, CLIENT, ISSUER, NOW, SECS, claims, keys, token};

const RULES: IdTokenRules<'static> = IdTokenRules {
    issuer: ISSUER,
    client_id: CLIENT,
    trusted_audiences: &[],
    now: NOW,
    age_max: None,
    algorithms: ALL,
    nonce: ExpectedNonce::None,
    access_token: None,
    code: None,
    max_age: None,
    acr_values: &[],
};

fn verify_with(more: Value, rules: &IdTokenRules<'_>) -> Result<IdToken, TokenFault> {
    let token = token(Algorithm::Es256, TokenType::IdToken, &claims(more));
    IdToken::verify(&token, keys(), rules)
}

fn refused(more: Value, rules: &IdTokenRules<'_>) -> String {
    verify_with(more, rules).unwrap_err().to_string()
}

#[test]
fn a_token_that_holds_says_who_and_how() {
    let more = json!({
        "auth_time": SECS - 5, "acr": "phr", "amr": ["hwk", "user"], "sid": "s-1",
        "email": "ana@example",
    });
    let read = verify_with(more, &RULES).unwrap();
    assert_eq!(
        (read.subject.as_str(), read.sid.as_deref()),
        ("ana", Some("s-1"))
    );
    assert_eq!(read.auth_time, Some(Timestamp::from_secs(SECS - 5)));
    assert_eq!(
        (read.acr.as_deref(), read.amr),
        (Some("phr"), vec!["hwk".to_owned(), "user".to_owned()])
    );
    assert_eq!(read.claims.text("email"), Ok(Some("ana@example")));
}

#[test]
fn every_claim_that_must_be_there_is_missed() {
    for claim in ["iss", "aud", "sub", "iat", "exp"] {
        let fault = refused(json!({ claim: null }), &RULES);
        assert_eq!(fault, format!("claim `{claim}` is missing"));
    }
}

#[test]
fn a_token_for_another_audience_is_refused() {
    for other in [
        json!("client-2"),
        json!("client-1 "),
        json!("CLIENT-1"),
        json!(["client-2"]),
        json!("client-1,client-2"),
    ] {
        assert_eq!(
            refused(json!({ "aud": other }), &RULES),
            "claim `aud` is not what was expected"
        );
    }
}

#[test]
fn a_token_for_somebody_beside_us_whom_we_do_not_trust_is_refused() {
    let more = json!({ "aud": [CLIENT, "other"], "azp": CLIENT });
    assert_eq!(
        refused(more.clone(), &RULES),
        "claim `aud` is not what was expected"
    );
    let trusting = IdTokenRules {
        trusted_audiences: &["other"],
        ..RULES
    };
    assert!(verify_with(more, &trusting).is_ok());
}

#[test]
fn azp_names_us_and_is_there_where_the_audience_is_several() {
    let trusting = IdTokenRules {
        trusted_audiences: &["other"],
        ..RULES
    };
    let several = json!({ "aud": [CLIENT, "other"] });
    assert_eq!(refused(several, &trusting), "claim `azp` is missing");
    let mismatch = json!({ "aud": [CLIENT, "other"], "azp": "other" });
    assert_eq!(
        refused(mismatch, &trusting),
        "claim `azp` is not what was expected"
    );
    let mismatch = json!({ "azp": "other" });
    assert_eq!(
        refused(mismatch, &RULES),
        "claim `azp` is not what was expected"
    );
    assert!(verify_with(json!({ "azp": CLIENT }), &RULES).is_ok());
}

#[test]
fn an_issuer_is_compared_byte_by_byte() {
    for other in [
        "https://issuer.example/",
        "HTTPS://issuer.example",
        "https://issuer.example.evil.example",
        "https://issuer.exampl",
    ] {
        assert_eq!(
            refused(json!({ "iss": other }), &RULES),
            "claim `iss` is not what was expected"
        );
    }
}

#[test]
fn a_token_of_the_past_or_of_the_future_is_refused() {
    let leeway = crate::LEEWAY.as_secs();
    for (more, fault) in [
        (json!({ "exp": SECS - leeway }), Some("claim `exp` is over")),
        (json!({ "exp": SECS - leeway + 1 }), None),
        (
            json!({ "nbf": SECS + leeway + 1 }),
            Some("claim `nbf` is yet to come"),
        ),
        (json!({ "nbf": SECS + leeway }), None),
        (
            json!({ "iat": SECS + leeway + 1 }),
            Some("claim `iat` is yet to come"),
        ),
        (json!({ "iat": SECS + leeway }), None),
        (
            json!({ "auth_time": SECS + leeway + 1 }),
            Some("claim `auth_time` is yet to come"),
        ),
        (
            json!({ "exp": "1800000300" }),
            Some("claim `exp` is malformed"),
        ),
        (json!({ "exp": 1e300 }), Some("claim `exp` is malformed")),
        (json!({ "exp": -1 }), Some("claim `exp` is malformed")),
        (json!({ "nbf": "0" }), Some("claim `nbf` is malformed")),
    ] {
        let found = verify_with(more.clone(), &RULES)
            .err()
            .map(|fault| fault.to_string());
        assert_eq!(found.as_deref(), fault, "{more}");
    }
}

#[test]
fn leeway_has_an_end() {
    let generous = NOW.with_leeway(Duration::from_secs(86_400));
    let rules = IdTokenRules {
        now: generous,
        ..RULES
    };
    let over = json!({ "exp": SECS - crate::LEEWAY_MAX.as_secs() });
    assert_eq!(refused(over, &rules), "claim `exp` is over");
}

#[test]
fn a_token_that_is_older_than_it_may_be_is_refused() {
    let rules = IdTokenRules {
        age_max: Some(Duration::from_secs(60)),
        ..RULES
    };
    assert_eq!(
        refused(json!({ "iat": SECS - 90 }), &rules),
        "claim `iat` is too long ago"
    );
    assert!(verify_with(json!({ "iat": SECS - 89 }), &rules).is_ok());
}

#[test]
fn a_nonce_is_that_of_the_request() {
    let sent = IdTokenRules {
        nonce: ExpectedNonce::Sent("n-1"),
        ..RULES
    };
    assert!(verify_with(json!({ "nonce": "n-1" }), &sent).is_ok());
    assert_eq!(refused(json!({}), &sent), "claim `nonce` is missing");
    for other in ["n-2", "n-1 ", "N-1"] {
        assert_eq!(
            refused(json!({ "nonce": other }), &sent),
            "claim `nonce` is not what was expected"
        );
    }
    assert_eq!(
        refused(json!({ "nonce": "n-1" }), &RULES),
        "claim `nonce` must not be there"
    );
    let refreshed = IdTokenRules {
        nonce: ExpectedNonce::Refreshed("n-1"),
        ..RULES
    };
    assert!(verify_with(json!({}), &refreshed).is_ok());
    assert_eq!(
        refused(json!({ "nonce": "n-2" }), &refreshed),
        "claim `nonce` is not what was expected"
    );
}

#[test]
fn hashes_are_of_the_access_token_and_the_code() {
    let rules = IdTokenRules {
        access_token: Some("at"),
        code: Some("code"),
        ..RULES
    };
    let of = |text| half_hash(Algorithm::Es256, text);
    assert!(verify_with(json!({ "at_hash": of("at"), "c_hash": of("code") }), &rules).is_ok());
    assert!(verify_with(json!({}), &rules).is_ok());
    let swapped = json!({ "at_hash": of("another") });
    assert_eq!(
        refused(swapped, &rules),
        "claim `at_hash` is not what was expected"
    );
    let swapped = json!({ "c_hash": of("another") });
    assert_eq!(
        refused(swapped, &rules),
        "claim `c_hash` is not what was expected"
    );
    let of_another_hash = json!({ "at_hash": half_hash(Algorithm::EdDsa, "at") });
    assert_eq!(
        refused(of_another_hash, &rules),
        "claim `at_hash` is not what was expected"
    );
}

#[test]
fn a_sign_in_that_is_older_than_was_asked_for_is_refused() {
    let rules = IdTokenRules {
        max_age: Some(Duration::from_secs(60)),
        ..RULES
    };
    assert_eq!(refused(json!({}), &rules), "claim `auth_time` is missing");
    assert_eq!(
        refused(json!({ "auth_time": SECS - 90 }), &rules),
        "claim `auth_time` is too long ago"
    );
    assert!(verify_with(json!({ "auth_time": SECS - 89 }), &rules).is_ok());
}

#[test]
fn a_weaker_authentication_than_was_asked_for_is_refused() {
    let rules = IdTokenRules {
        acr_values: &["phr", "phrh"],
        ..RULES
    };
    assert_eq!(refused(json!({}), &rules), "claim `acr` is missing");
    assert_eq!(
        refused(json!({ "acr": "0" }), &rules),
        "claim `acr` is not what was expected"
    );
    assert!(verify_with(json!({ "acr": "phrh" }), &rules).is_ok());
}

#[test]
fn a_subject_is_255_ascii_characters_at_most() {
    assert!(verify_with(json!({ "sub": "a".repeat(255) }), &RULES).is_ok());
    for other in [json!("a".repeat(256)), json!("änne"), json!(""), json!(7)] {
        assert_eq!(
            refused(json!({ "sub": other }), &RULES),
            "claim `sub` is malformed"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_token_holds_between_its_dates_and_nowhere_else(
        nbf in 0_u64..400, exp in 0_u64..400, iat in 0_u64..400, leeway in 0_u64..60,
    ) {
        let start = SECS - 200;
        let more = json!({ "nbf": start + nbf, "exp": start + exp, "iat": start + iat });
        let now = NOW.with_leeway(Duration::from_secs(leeway));
        let holds = verify_with(more, &IdTokenRules { now, ..RULES }).is_ok();
        let has_begun = nbf <= 200 + leeway && iat <= 200 + leeway;
        prop_assert_eq!(holds, has_begun && 200 < exp + leeway);
    }
}
