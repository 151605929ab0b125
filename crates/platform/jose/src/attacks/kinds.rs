//! Attacks with a genuine token of another kind (RFC 8725, 2.8 and 3.11).

use serde_json::json;

use super::*;
use crate::{
    AccessToken, AccessTokenRules, ClientAssertion, ClientAssertionRules, DpopProof, DpopRules,
    Expectations, ExpectedNonce, IdToken, IdTokenRules, Jwt, JwtRules, LogoutToken,
    LogoutTokenRules, TokenFault,
    testing::{CLIENT, ISSUER, NOW, SECS, claims, jwk, signed, signer, token},
    unverified::RoutingHint,
};

const EXPECTED: Expectations<'static> = Expectations {
    issuer: ISSUER,
    audiences: &[CLIENT],
    now: NOW,
    age_max: None,
};

/// Claims that, but for the kind, would do for all kinds at once.
fn of_all_kinds() -> Value {
    claims(json!({
        "client_id": CLIENT, "jti": "t-1", "sid": "s-1", "htm": "GET",
        "htu": "https://api.example/",
    }))
}

fn logout_claims() -> Value {
    let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    claims(json!({ "jti": "l-1", "sid": "s-1", "events": events }))
}

fn assertion_claims() -> Value {
    claims(json!({ "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "jti": "a-1" }))
}

fn made(token_type: TokenType, claims: &Value) -> String {
    token(Algorithm::Es256, token_type, claims)
}

fn as_id_token(token: &str) -> Result<IdToken, TokenFault> {
    let rules = IdTokenRules {
        issuer: ISSUER,
        client_id: CLIENT,
        trusted_audiences: &[],
        now: NOW,
        age_max: None,
        algorithms: ALL,
        nonce: ExpectedNonce::Refreshed("n-1"),
        access_token: None,
        code: None,
        max_age: None,
        acr_values: &[],
    };
    IdToken::verify(token, keys(), &rules)
}

fn as_access_token(token: &str) -> Result<AccessToken, TokenFault> {
    let rules = AccessTokenRules {
        expectations: EXPECTED,
        algorithms: ALL,
    };
    AccessToken::verify(token, keys(), &rules)
}

fn as_logout_token(token: &str) -> Result<LogoutToken, TokenFault> {
    let rules = LogoutTokenRules {
        issuer: ISSUER,
        client_id: CLIENT,
        now: NOW,
        algorithms: ALL,
    };
    LogoutToken::verify(token, keys(), &rules)
}

fn as_assertion(token: &str) -> Result<ClientAssertion, TokenFault> {
    let rules = ClientAssertionRules {
        client_id: CLIENT,
        audiences: &[ISSUER, "https://issuer.example/token"],
        now: NOW,
        algorithms: ALL,
    };
    ClientAssertion::verify(token, keys(), &rules)
}

fn as_jwt(token: &str) -> Result<Jwt, TokenFault> {
    let rules = JwtRules {
        expectations: EXPECTED,
        algorithms: ALL,
    };
    Jwt::verify(token, keys(), &rules)
}

#[test]
fn each_kind_is_taken_for_itself() {
    assert!(as_id_token(&made(TokenType::IdToken, &of_all_kinds())).is_ok());
    assert!(as_access_token(&made(TokenType::AccessToken, &of_all_kinds())).is_ok());
    let logout = as_logout_token(&made(TokenType::LogoutToken, &logout_claims())).unwrap();
    assert_eq!(
        (logout.subject.as_deref(), logout.sid.as_deref()),
        (Some("ana"), Some("s-1"))
    );
    let assertion = as_assertion(&made(TokenType::ClientAssertion, &assertion_claims())).unwrap();
    assert_eq!(assertion.remember_until, NOW.end_of(assertion.expires));
    assert_eq!(
        as_jwt(&made(TokenType::Jwt, &of_all_kinds()))
            .unwrap()
            .subject,
        "ana"
    );
}

#[test]
fn a_token_of_one_type_is_not_one_of_another() {
    let of = |token_type| made(token_type, &of_all_kinds());
    let is_typed = |fault: TokenFault| matches!(fault, TokenFault::Jws(JwsFault::Type { .. }));
    for other in [
        TokenType::AccessToken,
        TokenType::LogoutToken,
        TokenType::DpopProof,
    ] {
        assert!(is_typed(as_id_token(&of(other)).unwrap_err()));
        assert!(is_typed(as_jwt(&of(other)).unwrap_err()));
        assert!(is_typed(as_assertion(&of(other)).unwrap_err()));
    }
    for other in [
        TokenType::IdToken,
        TokenType::LogoutToken,
        TokenType::DpopProof,
    ] {
        assert!(is_typed(as_access_token(&of(other)).unwrap_err()));
    }
    for other in [TokenType::AccessToken, TokenType::DpopProof] {
        assert!(is_typed(as_logout_token(&of(other)).unwrap_err()));
    }
}

#[test]
fn an_access_token_without_a_type_is_none() {
    let header = json!({ "alg": "ES256", "kid": signer(Algorithm::Es256).kid() });
    let untyped = signed(
        Algorithm::Es256,
        &header.to_string(),
        &of_all_kinds().to_string(),
    );
    let expected = TokenType::AccessToken;
    let missing = JwsFault::TypeMissing { expected };
    assert_eq!(as_access_token(&untyped).err(), Some(missing.into()));
}

#[test]
fn an_id_token_is_not_a_logout_token() {
    let fault = as_logout_token(&made(TokenType::IdToken, &of_all_kinds())).unwrap_err();
    assert_eq!(fault.to_string(), "claim `events` is missing");
    let mut with_nonce = logout_claims();
    with_nonce["nonce"] = json!("n-1");
    let fault = as_logout_token(&made(TokenType::LogoutToken, &with_nonce)).unwrap_err();
    assert_eq!(fault.to_string(), "claim `nonce` must not be there");
}

#[test]
fn a_logout_token_is_not_an_id_token_though_it_has_no_type() {
    let untyped = made(TokenType::Jwt, &logout_claims());
    let forbidden = "claim `events` must not be there";
    assert_eq!(as_id_token(&untyped).unwrap_err().to_string(), forbidden);
    assert_eq!(as_jwt(&untyped).unwrap_err().to_string(), forbidden);
}

#[test]
fn a_logout_token_says_who_and_that_it_logs_out() {
    let without = |more| {
        let claims = crate::testing::with(logout_claims(), more);
        as_logout_token(&made(TokenType::LogoutToken, &claims)).map(|token| token.subject)
    };
    assert_eq!(without(json!({ "sub": null })), Ok(None));
    assert_eq!(without(json!({ "sid": null })), Ok(Some("ana".to_owned())));
    for (more, fault) in [
        (
            json!({ "sub": null, "sid": null }),
            "claim `sub` is missing",
        ),
        (json!({ "jti": null }), "claim `jti` is missing"),
        (json!({ "iat": null }), "claim `iat` is missing"),
        (json!({ "exp": null }), "claim `exp` is missing"),
        (json!({ "iat": SECS - 3630 }), "claim `iat` is too long ago"),
        (
            json!({ "events": {} }),
            "claim `events` is not what was expected",
        ),
        (json!({ "events": [] }), "claim `events` is malformed"),
        (
            json!({ "events": { "http://schemas.openid.net/event/backchannel-logout": true } }),
            "claim `events` is malformed",
        ),
        (
            json!({ "aud": "client-2" }),
            "claim `aud` is not what was expected",
        ),
        (json!({ "sub": 7 }), "claim `sub` is malformed"),
    ] {
        assert_eq!(without(more).unwrap_err().to_string(), fault);
    }
}

#[test]
fn what_is_remembered_of_a_logout_token_has_an_end() {
    let mut endless = logout_claims();
    endless["exp"] = json!(SECS + 10 * 365 * 86_400);
    let token = as_logout_token(&made(TokenType::LogoutToken, &endless)).unwrap();
    let end = token.issued_at.after(crate::LOGOUT_TOKEN_AGE_MAX);
    assert_eq!(token.remember_until, NOW.end_of(end));
}

#[test]
fn a_client_assertion_is_not_an_access_token() {
    let assertion = made(TokenType::ClientAssertion, &assertion_claims());
    assert!(as_access_token(&assertion).is_err());
    let renamed = made(TokenType::AccessToken, &assertion_claims());
    assert!(as_access_token(&renamed).is_err());
}

#[test]
fn a_client_assertion_is_of_the_client_for_this_server_and_short() {
    let with = |more| {
        let claims = crate::testing::with(assertion_claims(), more);
        as_assertion(&made(TokenType::ClientAssertion, &claims))
    };
    assert!(with(json!({ "aud": "https://issuer.example/token" })).is_ok());
    assert!(with(json!({ "aud": [ISSUER, "https://issuer.example/token"] })).is_ok());
    for (more, fault) in [
        (
            json!({ "iss": "client-2" }),
            "claim `iss` is not what was expected",
        ),
        (
            json!({ "sub": "client-2" }),
            "claim `sub` is not what was expected",
        ),
        (
            json!({ "aud": "https://other.example" }),
            "claim `aud` is not what was expected",
        ),
        (
            json!({ "aud": [ISSUER, "https://other.example"] }),
            "claim `aud` is not what was expected",
        ),
        (json!({ "exp": SECS + 631 }), "claim `exp` is too far off"),
        (json!({ "exp": null }), "claim `exp` is missing"),
        (json!({ "jti": null }), "claim `jti` is missing"),
        (json!({ "iat": SECS + 31 }), "claim `iat` is yet to come"),
    ] {
        assert_eq!(with(more).unwrap_err().to_string(), fault);
    }
    assert!(with(json!({ "exp": SECS + 630 })).is_ok());
}

#[test]
fn no_other_token_is_a_proof() {
    let rules = DpopRules {
        method: "GET",
        url: "https://api.example/",
        now: NOW,
        algorithms: ALL,
        access_token: None,
        nonces: &[],
    };
    for typ in ["JWT", "at+jwt", "logout+jwt"] {
        let header = json!({ "typ": typ, "alg": "ES256", "jwk": jwk(signer(Algorithm::Es256)) });
        let token = signed(
            Algorithm::Es256,
            &header.to_string(),
            &of_all_kinds().to_string(),
        );
        assert!(DpopProof::verify(&token, &rules).is_err());
    }
}

#[test]
fn a_hint_says_what_anybody_may_write() {
    let token = forged(&json!({ "alg": "none", "typ": "at+jwt", "kid": "k" }), b"x");
    let hint = RoutingHint::read(&token).unwrap();
    assert_eq!(hint.issuer.as_deref(), Some(ISSUER));
    assert_eq!(
        (hint.typ.as_deref(), hint.kid.as_deref()),
        (Some("at+jwt"), Some("k"))
    );
    assert!(attempt(&token).is_err());
}
