//! `oidcc-basic-certification-test-plan`.

use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

use super::*;

/// `oidcc-server`, `oidcc-alternate-happy-flow`, `oidcc-server-client-secret-post`,
/// `oidcc-idtoken-signature`: OpenID Connect Core 1.0, 3.1.3.3 and 3.1.3.7.
#[tokio::test]
async fn a_code_ends_in_an_id_token_that_holds() {
    let server = start().await;
    for client in ["suite", "posting"] {
        let mut browser = server.ana();
        let answer = browser.get("/oauth/authorize", &asks(client, &[])).await;
        assert_eq!(answered(&answer, "state").as_deref(), Some("st"));
        let code = answered(&answer, "code").unwrap();
        let answer = redeem(&server, client, &code, &[]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
        let head = |name: header::HeaderName| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(head(header::CONTENT_TYPE), "application/json");
        assert!(head(header::CACHE_CONTROL).contains("no-store"));
        let tokens = json(&answer);
        assert_eq!(tokens["token_type"], "Bearer");
        assert!(tokens["expires_in"].as_u64().unwrap() > 0);
        assert_eq!(tokens["scope"], "openid");
        let held = held(&server, client, &tokens).await;
        assert!(held.claims.get("at_hash").is_some());
        let told = json(&server.userinfo(access_token(&tokens)).await);
        assert_eq!(told["sub"], json!(held.subject));
    }
}

/// `oidcc-ensure-request-with-valid-pkce-succeeds`,
/// `oidcc-ensure-request-without-nonce-succeeds-for-code-flow`.
#[tokio::test]
async fn a_proof_key_counts_and_a_nonce_may_be_left_away() {
    let server = start().await;
    let mut browser = server.ana();
    let code = async |browser: &mut Browser<'_>| {
        let answer = browser.get("/oauth/authorize", &asked("suite", &[])).await;
        answered(&answer, "code").unwrap()
    };
    let with = code(&mut browser).await;
    let verifier = [("code_verifier", VERIFIER)];
    let answer = redeem(&server, "suite", &with, &verifier).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
    let without = code(&mut browser).await;
    let answer = redeem(&server, "suite", &without, &[]).await;
    assert_eq!(json(&answer)["error"], "invalid_grant");
    let tokens = signed_in(&server, "suite", &[("nonce", "")]).await;
    id_token(&server, "suite", &tokens, ExpectedNonce::None).await;
}

/// `oidcc-response-type-missing`: RFC 6749, 4.1.2.1.
#[tokio::test]
async fn a_request_without_a_response_type_is_refused_to_the_client() {
    let server = start().await;
    let query = asks("suite", &[("response_type", "")]);
    let answer = server.ana().get("/oauth/authorize", &query).await;
    assert!(location(&answer).starts_with(CALLBACK));
    assert_eq!(
        answered(&answer, "error").as_deref(),
        Some("invalid_request")
    );
    assert_eq!(answered(&answer, "state").as_deref(), Some("st"));
}

/// `oidcc-userinfo-get`, `oidcc-userinfo-post-header`, `oidcc-userinfo-post-body`: Core, 5.3.1.
#[tokio::test]
async fn userinfo_is_asked_in_three_ways() {
    let server = start().await;
    let tokens = signed_in(&server, "suite", &[]).await;
    let access = access_token(&tokens);
    let by_get = server.userinfo(access).await;
    let mut by_header = server.request(Method::POST, "/oauth/userinfo", None, None);
    let value = HeaderValue::from_str(&format!("Bearer {access}")).unwrap();
    by_header.headers.insert(header::AUTHORIZATION, value);
    let by_header = server.ask(by_header).await;
    let form = [("access_token", access)];
    let by_body = server.post("/oauth/userinfo", &[], &form).await;
    for answer in [by_get, by_header, by_body] {
        assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
        assert_eq!(json(&answer)["sub"], server.ana.user.to_string());
    }
}

/// `oidcc-scope-profile`, `-email`, `-address`, `-phone`, `-all`,
/// `oidcc-ensure-other-scope-order-succeeds`, `oidcc-claims-essential`: Core, 5.4 and 5.5.
#[tokio::test]
async fn scopes_and_single_claims_are_told_by_userinfo() {
    let server = start().await;
    let told = async |more: &[(&str, &str)]| {
        let tokens = signed_in(&server, "suite", more).await;
        json(&server.userinfo(access_token(&tokens)).await)
    };
    let sub = server.ana.user.to_string();
    let profile = json!({"sub": sub, "name": "ana", "preferred_username": "ana"});
    assert_eq!(told(&[("scope", "openid profile")]).await, profile);
    let email = json!({"sub": sub, "email": "ana@wiki.example", "email_verified": false});
    for scope in ["openid email", "email openid"] {
        assert_eq!(told(&[("scope", scope)]).await, email, "{scope}");
    }
    // There is no such scope here, and the document does not say so; it is passed over.
    for scope in ["openid address", "phone openid"] {
        assert_eq!(told(&[("scope", scope)]).await, json!({"sub": sub}));
    }
    let name = r#"{"userinfo":{"name":{"essential":true}}}"#;
    assert_eq!(
        told(&[("claims", name)]).await,
        json!({"sub": sub, "name": "ana"})
    );
}

/// `oidcc-display-page`, `-popup`, `oidcc-ui-locales`, `oidcc-claims-locales`, `oidcc-login-hint`,
/// `oidcc-ensure-request-with-unknown-parameter-succeeds`,
/// `oidcc-ensure-request-with-acr-values-succeeds`: Core, 3.1.2.1; RFC 6749, 3.1.
#[tokio::test]
async fn what_only_asks_for_an_appearance_or_is_not_known_stops_nobody() {
    let server = start().await;
    for (name, value) in [
        ("display", "page"),
        ("display", "popup"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("login_hint", "buffy@auth.example.org"),
        ("extra", "foobar"),
        ("acr_values", "1 2"),
        ("acr_values", "phr"),
    ] {
        let tokens = signed_in(&server, "suite", &[(name, value)]).await;
        held(&server, "suite", &tokens).await;
    }
    let document = "/.well-known/openid-configuration";
    let document = json(&server.stranger().get(document, "").await);
    let known = document["acr_values_supported"].as_array().unwrap();
    let known: Vec<_> = known.iter().map(|acr| acr.as_str().unwrap()).collect();
    let tokens = signed_in(&server, "suite", &[("acr_values", &known.join(" "))]).await;
    let reached = held(&server, "suite", &tokens).await.acr.unwrap();
    assert!(known.contains(&&*reached), "{reached}");
}

/// `oidcc-prompt-login`, `oidcc-max-age-1`, `oidcc-max-age-10000`: Core, 3.1.2.1.
#[tokio::test]
async fn who_is_asked_to_prove_it_again_does_so_and_the_id_token_says_when() {
    let server = start().await;
    let first = signed_in(&server, "suite", &[]).await;
    let first = held(&server, "suite", &first).await;
    let old = signed_in(&server, "suite", &[("max_age", "10000")]).await;
    assert_eq!(
        held(&server, "suite", &old).await.auth_time,
        first.auth_time
    );
    for (name, value) in [("prompt", "login"), ("max_age", "1")] {
        server.later(Duration::from_secs(2));
        let mut browser = server.ana();
        let query = asks("suite", &[(name, value)]);
        let (page, attempt) = led(&browser.get("/oauth/authorize", &query).await);
        assert_eq!(page, "/confirm?app=wiki&");
        server.later(Duration::from_secs(1));
        server.advance().await;
        let resumed = browser.get("/resume", &format!("attempt={attempt}")).await;
        let code = answered(&resumed, "code").unwrap();
        let second = json(&redeem(&server, "suite", &code, &[]).await);
        let second = held(&server, "suite", &second).await;
        assert_eq!(second.subject, first.subject);
        assert!(
            second.auth_time.unwrap() > first.auth_time.unwrap(),
            "{name}"
        );
    }
}

/// `oidcc-prompt-none-not-logged-in`, `oidcc-prompt-none-logged-in`, `oidcc-id-token-hint`: Core,
/// 3.1.2.1 and 3.1.2.6.
#[tokio::test]
async fn where_nobody_may_be_asked_who_is_signed_in_is_told() {
    let server = start().await;
    let none = ("prompt", "none");
    let query = asks("suite", &[none]);
    let nobody = server.stranger().get("/oauth/authorize", &query).await;
    assert!(location(&nobody).starts_with(CALLBACK));
    assert_eq!(
        answered(&nobody, "error").as_deref(),
        Some("login_required")
    );
    assert_eq!(answered(&nobody, "state").as_deref(), Some("st"));
    let first = signed_in(&server, "suite", &[]).await;
    let hint = first["id_token"].as_str().unwrap();
    let first = held(&server, "suite", &first).await;
    for more in [&[none][..], &[none, ("id_token_hint", hint)]] {
        let second = signed_in(&server, "suite", more).await;
        let second = held(&server, "suite", &second).await;
        assert_eq!(
            (second.subject, second.auth_time),
            (first.subject.clone(), first.auth_time)
        );
    }
}

/// `oidcc-codereuse`, `oidcc-codereuse-30seconds`: RFC 6749, 4.1.2.
#[tokio::test]
async fn a_code_that_comes_again_gives_nothing_and_takes_back_what_it_gave() {
    let server = start().await;
    for wait in [0, 30] {
        let mut browser = server.ana();
        let answer = browser.get("/oauth/authorize", &asks("suite", &[])).await;
        let code = answered(&answer, "code").unwrap();
        let tokens = json(&redeem(&server, "suite", &code, &[]).await);
        server.later(Duration::from_secs(wait));
        let again = redeem(&server, "suite", &code, &[]).await;
        assert_eq!(again.status(), StatusCode::BAD_REQUEST);
        assert_eq!(json(&again)["error"], "invalid_grant");
        let told = server.userinfo(access_token(&tokens)).await;
        assert_eq!(told.status(), StatusCode::UNAUTHORIZED);
    }
}

/// `oidcc-ensure-post-request-succeeds`: Core, 3.1.2.1. The form comes of another site's page, so
/// without the session; the address that it becomes has it.
#[tokio::test]
async fn a_request_may_be_posted() {
    let server = start().await;
    let query = asks("suite", &[]);
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let form: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let mut browser = server.stranger();
    let address = location(&browser.post("/oauth/authorize", &form).await);
    browser.session = Some(server.ana.clone());
    let answer = browser.follow(&address).await;
    assert!(answered(&answer, "code").is_some(), "{}", text(&answer));
}

/// `oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported`,
/// `oidcc-ensure-request-object-with-redirect-uri`, `oidcc-request-uri-unsigned`,
/// `oidcc-request-uri-signed-rs256`: Core, 3.1.2.6, 6.1 and 6.2. There are none, and nobody is let
/// believe that one counted.
#[tokio::test]
async fn request_objects_are_refused_by_their_name() {
    let server = start().await;
    let part = |value: &Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let claims = json!({"client_id": "suite", "redirect_uri": CALLBACK, "scope": "openid"});
    let object = format!("{}.{}.", part(&json!({"alg": "none"})), part(&claims));
    let signed = signer().sign(gw_jose::TokenType::Jwt, &claims).unwrap();
    for (name, value, error) in [
        ("request", &*object, "request_not_supported"),
        ("request", &*signed, "request_not_supported"),
        (
            "request_uri",
            "https://suite.example/r",
            "request_uri_not_supported",
        ),
    ] {
        let mut browser = server.ana();
        let query = asks("suite", &[(name, value)]);
        let answer = browser.get("/oauth/authorize", &query).await;
        assert_eq!(answered(&answer, "error").as_deref(), Some(error));
        assert_eq!(answered(&answer, "state").as_deref(), Some("st"));
        let elsewhere = [
            (name, value),
            ("redirect_uri", "https://wiki.example/other"),
        ];
        let answer = browser
            .get("/oauth/authorize", &asks("suite", &elsewhere))
            .await;
        is_shown(&answer);
    }
}

/// `oidcc-refresh-token`: Core, 11, 12.1 and 12.2; RFC 6749, 6.
#[tokio::test]
async fn tokens_are_renewed_for_their_own_client() {
    let server = start().await;
    let mut browser = server.ana();
    let scope = ("scope", "openid offline_access");
    let query = asks("suite", &[scope, ("prompt", "consent")]);
    let code = answered(&agreed(&mut browser, &query).await, "code").unwrap();
    let tokens = json(&redeem(&server, "suite", &code, &[]).await);
    let first = held(&server, "suite", &tokens).await;
    server.later(Duration::from_secs(1));
    let token = tokens["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        scope,
    ];
    let asked_by = async |client: &str| {
        let headers = [("authorization", &*basic(client))];
        json(&server.post("/oauth/token", &headers, &form).await)
    };
    assert_eq!(asked_by("second").await["error"], "invalid_grant");
    let renewed = asked_by("suite").await;
    let nonce = ExpectedNonce::Refreshed("n-1");
    let second = id_token(&server, "suite", &renewed, nonce).await;
    assert_eq!(
        (&second.subject, second.auth_time),
        (&first.subject, first.auth_time)
    );
    assert!(second.issued_at > first.issued_at);
    assert_ne!(access_token(&renewed), access_token(&tokens));
    let told = server.userinfo(access_token(&renewed)).await;
    assert_eq!(told.status(), StatusCode::OK);
}
