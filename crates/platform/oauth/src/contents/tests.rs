use std::time::Duration;

use gw_jose::{
    AccessToken, AccessTokenRules, Algorithm, Expectations, IdToken, IdTokenRules, LogoutToken,
    LogoutTokenRules, Now, Thumbprint, TokenType,
};

use crate::{testing::*, *};

/// All that a code gives, as a relying party and a resource server see it.
fn issue(client: &Client, grant: &Grant) -> (String, String) {
    let terms = AccessTokenTerms {
        issuer: &issuer(),
        grant,
        subject: "ana",
        session: sid(grant),
        veiled: None,
        id: "t1",
        default_audience: "https://auth.example/userinfo",
        proofs: None,
        lifetime: Duration::from_secs(300),
        now: NOW,
    };
    let access = signer()
        .sign(TokenType::AccessToken, &AccessTokenClaims::new(&terms))
        .unwrap();
    let person = PersonClaims::default();
    let terms = IdTokenTerms {
        issuer: &issuer(),
        client,
        grant,
        subject: "ana",
        session: sid(grant),
        person: &person,
        algorithm: Algorithm::Es256,
        access_token: Some(&access),
        now: NOW,
    };
    let id = signer()
        .sign(TokenType::IdToken, &IdTokenClaims::new(&terms))
        .unwrap();
    (access, id)
}

fn sid(grant: &Grant) -> Option<&str> {
    let sign_in = grant.authorization.sign_in.as_ref();
    sign_in.and_then(|sign_in| sign_in.sid.as_deref())
}

fn redeemed(more: &[(&str, &str)], proven: &Proven) -> Grant {
    let (secret, record) = code(&request(more));
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", secret.expose()),
        ("redirect_uri", "https://app.example/cb"),
        ("code_verifier", VERIFIER),
    ];
    let TokenRequest::AuthorizationCode(asked) =
        TokenRequest::read(&form(&pairs), &client()).unwrap()
    else {
        panic!("a code")
    };
    record.redeem(&asked, &client(), proven, NOW).unwrap().grant
}

fn id_rules<'a>(
    client_id: &'a str,
    nonce: gw_jose::ExpectedNonce<'a>,
    access: &'a str,
) -> IdTokenRules<'a> {
    IdTokenRules {
        issuer: "https://auth.example",
        client_id,
        trusted_audiences: &[],
        now: Now::at(NOW),
        age_max: Some(Duration::from_secs(60)),
        algorithms: &Algorithm::ALL,
        nonce,
        access_token: Some(access),
        code: None,
        max_age: Some(Duration::from_secs(300)),
        acr_values: &["phr"],
    }
}

fn access_rules<'a>(audiences: &'a [&'a str]) -> AccessTokenRules<'a> {
    AccessTokenRules {
        expectations: Expectations {
            issuer: "https://auth.example",
            audiences,
            now: Now::at(NOW),
            age_max: None,
        },
        algorithms: &Algorithm::ALL,
    }
}

#[test]
fn what_is_issued_is_what_a_strict_relying_party_and_resource_server_accept() {
    let key = Thumbprint::of_certificate(b"key");
    let proven = Proven {
        dpop_key: Some(key),
        certificate: None,
    };
    let grant = redeemed(
        &[
            ("nonce", "n"),
            ("resource", "https://api.example/"),
            ("scope", "openid read"),
        ],
        &proven,
    );
    let (access, id) = issue(&client(), &grant);
    let rules = id_rules("app", gw_jose::ExpectedNonce::Sent("n"), &access);
    let held = IdToken::verify(&id, &keys(), &rules).unwrap();
    assert_eq!(
        (held.subject.as_str(), held.sid.as_deref()),
        ("ana", Some("s1"))
    );
    assert!(held.claims.get("at_hash").is_some() && held.claims.get("c_hash").is_none());
    let token =
        AccessToken::verify(&access, &keys(), &access_rules(&["https://api.example/"])).unwrap();
    assert_eq!(token.scopes, ["openid", "read"]);
    assert!(token.confirmation.unwrap().is_met_by(Some(&key), None));
    assert_eq!(
        token.claims.get("grant_id").unwrap(),
        grant.authorization.id.as_str()
    );
    let elsewhere = AccessToken::verify(
        &access,
        &keys(),
        &access_rules(&["https://other-api.example/"]),
    );
    assert!(
        elsewhere.is_err(),
        "a token for one resource is none for another"
    );
    assert!(
        IdToken::verify(&access, &keys(), &rules).is_err(),
        "an access token is no ID token"
    );
}

#[test]
fn a_certificate_bound_token_is_worth_nothing_without_the_certificate() {
    let mut one = client();
    one.certificate_bound = true;
    let certificate = Thumbprint::of_certificate(b"der");
    let proven = Proven {
        dpop_key: None,
        certificate: Some(certificate),
    };
    let binding = Binding::of(&one, &proven).unwrap();
    let grant = Grant {
        binding,
        ..redeemed(&[], &Proven::default())
    };
    let (access, _) = issue(&one, &grant);
    let token = AccessToken::verify(
        &access,
        &keys(),
        &access_rules(&["https://auth.example/userinfo"]),
    )
    .unwrap();
    let bound = token.confirmation.unwrap();
    assert!(!bound.is_met_by(None, None));
    assert!(!bound.is_met_by(None, Some(&Thumbprint::of_certificate(b"other"))));
    assert!(bound.is_met_by(None, Some(&certificate)));
}

#[test]
fn access_tokens_live_minutes_and_no_longer_than_what_they_are_made_of() {
    let grant = redeemed(&[], &Proven::default());
    let expires = |grant: &Grant, lifetime| {
        let terms = AccessTokenTerms {
            issuer: &issuer(),
            grant,
            subject: "ana",
            session: None,
            veiled: None,
            id: "t",
            default_audience: "urn:x",
            proofs: None,
            lifetime,
            now: NOW,
        };
        terms.expires_in()
    };
    assert_eq!(
        expires(&grant, Duration::from_secs(9999)),
        ACCESS_TOKEN_LIFETIME_MAX
    );
    let short = Grant {
        expires_max: Some(NOW.after(Duration::from_secs(7))),
        ..grant
    };
    assert_eq!(
        expires(&short, Duration::from_secs(300)),
        Duration::from_secs(7)
    );
}

#[test]
fn a_token_answer_is_kept_by_nobody_and_says_its_kind() {
    let key = Thumbprint::of_certificate(b"key");
    let grant = redeemed(
        &[],
        &Proven {
            dpop_key: Some(key),
            certificate: None,
        },
    );
    let token = RefreshToken::first(Secret::generate().unwrap(), Secret::generate().unwrap());
    let response = TokenResponse::new(&grant, "a.b.c".into(), Duration::from_secs(300))
        .with_refresh_token(&token)
        .with_id_token("d.e.f".into());
    let answer = response.answer();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&"DPoP".into(), &300.into())
    );
    assert_eq!(body["refresh_token"], token.expose());
    assert_eq!(body["scope"], "openid profile");
    assert!(!format!("{response:?}").contains(&token.expose()));
    let exchanged = TokenResponse::new(&grant, "a".into(), Duration::ZERO)
        .exchanged(ExchangeTokenType::AccessToken);
    let body: serde_json::Value = serde_json::from_slice(exchanged.answer().body()).unwrap();
    assert_eq!(
        body["issued_token_type"],
        "urn:ietf:params:oauth:token-type:access_token"
    );
}

#[test]
fn a_logout_token_is_accepted_by_a_strict_relying_party_and_is_no_id_token() {
    let terms = LogoutTokenTerms {
        issuer: &issuer(),
        client: &client(),
        subject: "ana",
        sid: Some("s1"),
        id: "l1",
        now: NOW,
    };
    let token = signer()
        .sign(TokenType::LogoutToken, &LogoutTokenClaims::new(&terms))
        .unwrap();
    let rules = LogoutTokenRules {
        issuer: "https://auth.example",
        client_id: "app",
        now: Now::at(NOW),
        algorithms: &Algorithm::ALL,
    };
    let held = LogoutToken::verify(&token, &keys(), &rules).unwrap();
    assert_eq!(
        (held.subject.as_deref(), held.sid.as_deref()),
        (Some("ana"), Some("s1"))
    );
    assert!(IdTokenHint::verify(&token, &keys(), &Algorithm::ALL, &issuer()).is_err());
    let body = BackchannelLogout::body(&token);
    assert_eq!(
        Parameters::of_query(Some(&body))
            .unwrap()
            .value("logout_token"),
        Some(token.as_str())
    );
}
