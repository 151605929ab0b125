//! Access tokens, and what they are bound to.

use serde_json::{Value, json};

use super::*;
use crate::{
    Thumbprint,
    testing::{ALL, CLIENT, ISSUER, NOW, claims, keys, token},
};

const RULES: AccessTokenRules<'static> = AccessTokenRules {
    expectations: Expectations {
        issuer: ISSUER,
        audiences: &["https://api.example", "https://api.example/v2"],
        now: NOW,
        age_max: None,
    },
    algorithms: ALL,
};

fn verify_with(more: Value) -> Result<AccessToken, TokenFault> {
    let usual = json!({ "aud": "https://api.example", "client_id": CLIENT, "jti": "t-1" });
    let claims = crate::testing::with(claims(usual), more);
    let token = token(Algorithm::EdDsa, TokenType::AccessToken, &claims);
    AccessToken::verify(&token, keys(), &RULES)
}

#[test]
fn a_token_that_holds_says_who_may_do_what() {
    let read = verify_with(json!({ "scope": "read write read", "act": { "sub": "svc" } })).unwrap();
    assert_eq!(
        (read.subject.as_str(), read.client_id.as_str()),
        ("ana", CLIENT)
    );
    assert_eq!(read.scopes, ["read", "write"]);
    assert_eq!(read.confirmation, None);
    assert!(read.claims.get("act").is_some());
}

#[test]
fn every_claim_that_must_be_there_is_missed() {
    for claim in ["iss", "aud", "sub", "iat", "exp", "client_id", "jti"] {
        let fault = verify_with(json!({ claim: null })).unwrap_err();
        assert_eq!(fault.to_string(), format!("claim `{claim}` is missing"));
    }
}

#[test]
fn a_token_for_another_resource_is_refused() {
    assert!(
        verify_with(json!({ "aud": ["https://other.example", "https://api.example/v2"] })).is_ok()
    );
    for other in ["https://api.example/", "https://other.example", CLIENT] {
        let fault = verify_with(json!({ "aud": other })).unwrap_err();
        assert_eq!(fault, ClaimProblem::Other.of("aud").into());
    }
}

#[test]
fn scopes_are_words_with_one_space_between_them() {
    let none: Vec<String> = Vec::new();
    assert_eq!(verify_with(json!({})).unwrap().scopes, none);
    assert_eq!(verify_with(json!({ "scope": "" })).unwrap().scopes, none);
    for other in [
        json!(" a"),
        json!("a "),
        json!("a  b"),
        json!("a\tb"),
        json!("a\"b"),
        json!("ä"),
        json!(["a"]),
        json!(1),
    ] {
        let fault = verify_with(json!({ "scope": other })).unwrap_err();
        assert_eq!(fault, ClaimProblem::Malformed.of("scope").into());
    }
}

#[test]
fn a_bound_token_says_to_which_key() {
    let key = Thumbprint::of_certificate(b"key");
    let bound = verify_with(json!({ "cnf": { "jkt": key.to_string() } })).unwrap();
    let confirmation = bound.confirmation.unwrap();
    assert!(confirmation.is_met_by(Some(&key), None));
    assert!(!confirmation.is_met_by(None, Some(&key)));
    let unknown = verify_with(json!({ "cnf": { "jwe": "x" } })).unwrap_err();
    assert_eq!(unknown, ClaimProblem::Other.of("cnf").into());
}
