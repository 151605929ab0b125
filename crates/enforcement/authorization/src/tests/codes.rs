use gw_engine::testing;
use gw_model::{AuthnMethod, ProviderProof, Timestamp};
use http::StatusCode;
use serde_json::json;
use std::time::Duration;

use super::harness::*;

#[tokio::test]
async fn a_code_becomes_tokens_and_says_who_signed_in() {
    let server = Server::start().await;
    let tokens = server.tokens(&[]).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 300);
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["iss"], ISSUER);
    assert_eq!(id["aud"], "wiki");
    assert_eq!(id["nonce"], "n-1");
    assert_eq!(id["acr"], "urn:gatewright:acr:signed-in");
    assert_eq!(id["auth_time"], testing::START.as_secs());
    assert_eq!(id["sid"], server.ana.id.to_string());
    let access = claims(&tokens["access_token"]);
    assert_eq!(access["aud"], json!([format!("{ISSUER}/oauth/userinfo")]));
    assert_eq!(access["sub"], id["sub"]);
    let told = server
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await;
    let told = json(&told);
    assert_eq!(told["sub"], id["sub"]);
    assert_eq!(told["preferred_username"], "ana");
    assert!(told.get("groups").is_none(), "nobody asked for them");
}

#[tokio::test]
async fn the_answer_names_its_issuer_and_repeats_the_state() {
    let server = Server::start().await;
    let answer = server
        .ana()
        .get("/oauth/authorize", &asked("wiki", &[]))
        .await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answered(&answer, "iss").as_deref(), Some(ISSUER));
    assert_eq!(answered(&answer, "state").as_deref(), Some("st"));
    assert!(location(&answer).starts_with("https://wiki.example/cb?"));
}

#[tokio::test]
async fn a_code_that_comes_twice_takes_back_what_it_gave() {
    let server = Server::start().await;
    let code = server.code(&[]).await;
    let tokens = json(&server.redeem(&code).await);
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(server.userinfo(access).await.status(), StatusCode::OK);
    let again = server.redeem(&code).await;
    assert_eq!(json(&again)["error"], "invalid_grant");
    assert_eq!(
        server.userinfo(access).await.status(),
        StatusCode::UNAUTHORIZED
    );
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(
        json(&server.refresh(refresh).await)["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_code_is_lost_by_a_wrong_proof_key() {
    let server = Server::start().await;
    let code = server.code(&[]).await;
    let wrong = server
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", "https://wiki.example/cb"),
            ("code_verifier", &"x".repeat(43)),
        ])
        .await;
    assert_eq!(json(&wrong)["error"], "invalid_grant");
    assert_eq!(json(&server.redeem(&code).await)["error"], "invalid_grant");
}

#[tokio::test]
async fn a_code_is_over_after_a_minute() {
    let server = Server::start().await;
    let code = server.code(&[]).await;
    server.later(Duration::from_secs(61));
    assert_eq!(json(&server.redeem(&code).await)["error"], "invalid_grant");
}

#[tokio::test]
async fn a_code_of_a_session_that_ended_gives_nothing() {
    let server = Server::start().await;
    let code = server.code(&[]).await;
    server.sign_out().await;
    assert_eq!(json(&server.redeem(&code).await)["error"], "invalid_grant");
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_and_comes_back() {
    let server = Server::start().await;
    let mut browser = server.stranger();
    let answer = browser.get("/oauth/authorize", &asked("wiki", &[])).await;
    let there = location(&answer);
    assert!(there.starts_with("/sign-in?app=wiki&attempt="), "{there}");
    let attempt = there.split_once("attempt=").unwrap().1.to_owned();
    browser.session = Some(server.ana.clone());
    let back = browser.get("/resume", &format!("attempt={attempt}")).await;
    assert!(answered(&back, "code").is_some(), "{}", text(&back));
    assert!(browser.cookies.is_empty(), "the attempt is over");
    let other = server
        .ana()
        .get("/resume", &format!("attempt={attempt}"))
        .await;
    assert_eq!(other.status(), StatusCode::BAD_REQUEST, "another browser");
}

#[tokio::test]
async fn a_fresh_proof_is_asked_for_once_and_told() {
    let server = Server::start().await;
    server.later(Duration::from_secs(600));
    let mut browser = server.ana();
    let query = asked("wiki", &[("max_age", "60")]);
    let answer = browser.get("/oauth/authorize", &query).await;
    let there = location(&answer);
    assert!(there.starts_with("/confirm?app=wiki&attempt="), "{there}");
    let attempt = there.split_once("attempt=").unwrap().1.to_owned();
    server.advance().await;
    let back = browser.get("/resume", &format!("attempt={attempt}")).await;
    let code = answered(&back, "code").unwrap();
    let id = claims(&json(&server.redeem(&code).await)["id_token"]);
    assert_eq!(id["auth_time"], server.test.clock.now().as_secs());
    assert_eq!(id["acr"], "phr");
    assert_eq!(id["amr"], json!(["pop", "user", "mfa"]));
}

/// What a provider says of Ana, who signed in there with two factors.
fn by_corp(authenticated_at: Option<Timestamp>) -> ProviderProof {
    ProviderProof {
        provider: "corp".parse().unwrap(),
        subject: "a-1".into(),
        session: None,
        acr: None,
        amr: Vec::new(),
        authenticated_at,
        multi_factor: true,
        phishing_resistant: false,
    }
}

#[tokio::test]
async fn a_silent_way_by_a_provider_that_tells_no_time_is_no_fresh_proof() {
    let server = Server::start().await;
    server.later(Duration::from_secs(600));
    for asks in [("prompt", "login"), ("max_age", "60"), ("max_age", "0")] {
        let mut browser = server.ana();
        let query = asked("wiki", &[asks]);
        let there = location(&browser.get("/oauth/authorize", &query).await);
        assert!(there.starts_with("/confirm?"), "{there}");
        let attempt = there.split_once("attempt=").unwrap().1.to_owned();
        let attempt = format!("attempt={attempt}");
        server.later(Duration::from_secs(5));
        let now = server.test.clock.now();
        let silent = by_corp(None);
        server.proves(AuthnMethod::Provider, Some(silent)).await;
        let again = location(&browser.get("/resume", &attempt).await);
        assert!(again.starts_with("/confirm?"), "{asks:?}: {again}");
        let told = by_corp(Some(now));
        server.proves(AuthnMethod::Provider, Some(told)).await;
        let back = browser.get("/resume", &attempt).await;
        let code = answered(&back, "code").unwrap();
        let id = claims(&json(&server.redeem(&code).await)["id_token"]);
        assert_eq!(id["auth_time"], now.as_secs());
        server.later(Duration::from_secs(600));
    }
}

#[tokio::test]
async fn a_fresh_weak_proof_makes_no_old_strong_one_fresh() {
    let server = Server::start().await;
    server.advance().await;
    let strong = server.test.clock.now();
    server.later(Duration::from_secs(600));
    let wanted =
        r#"{"id_token":{"acr":{"essential":true,"values":["urn:gatewright:acr:multi-factor"]}}}"#;
    for (more, error) in [
        (&[("prompt", "login"), ("claims", wanted)][..], true),
        (&[("prompt", "login")][..], false),
    ] {
        server.later(Duration::from_secs(5));
        let mut browser = server.ana();
        let there = location(&browser.get("/oauth/authorize", &asked("wiki", more)).await);
        assert!(there.starts_with("/confirm?"), "{there}");
        let attempt = there.split_once("attempt=").unwrap().1.to_owned();
        server.later(Duration::from_secs(5));
        server.proves(AuthnMethod::SignInLink, None).await;
        let now = server.test.clock.now();
        let back = browser.get("/resume", &format!("attempt={attempt}")).await;
        assert_eq!(answered(&back, "error").is_some(), error, "{more:?}");
        if !error {
            let code = answered(&back, "code").unwrap();
            let id = claims(&json(&server.redeem(&code).await)["id_token"]);
            assert_eq!(id["acr"], "urn:gatewright:acr:signed-in");
            assert_eq!(id["auth_time"], now.as_secs());
            assert!(id.get("amr").is_none_or(|amr| amr == &json!([])));
        }
    }
    // Where nothing fresh is asked for, the strongest is told, with its own time.
    let id = claims(&server.tokens(&[]).await["id_token"]);
    assert_eq!(
        (&id["acr"], &id["auth_time"]),
        (&json!("phr"), &json!(strong.as_secs()))
    );
}

#[tokio::test]
async fn nobody_is_asked_where_the_client_says_so() {
    let server = Server::start().await;
    let query = asked("wiki", &[("prompt", "none")]);
    let nobody = server.stranger().get("/oauth/authorize", &query).await;
    assert_eq!(
        answered(&nobody, "error").as_deref(),
        Some("login_required")
    );
    let ana = server.ana().get("/oauth/authorize", &query).await;
    assert!(answered(&ana, "code").is_some());
}

#[tokio::test]
async fn policy_says_who_signs_in_to_which_app_and_a_stronger_proof_opens_it() {
    let server = Server::start().await;
    let mut browser = server.ana();
    let refused = browser
        .get("/oauth/authorize", &asked("payroll", &[]))
        .await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let there = browser.cookies[0].0.clone();
    let attempt = there.strip_prefix("__Host-gw-pending-").unwrap().to_owned();
    let quiet = asked("payroll", &[("prompt", "none")]);
    let quiet = server.ana().get("/oauth/authorize", &quiet).await;
    assert!(
        answered(&quiet, "error")
            .is_some_and(|error| error.ends_with("_required") || error == "access_denied")
    );
    server.advance().await;
    let back = browser.get("/resume", &format!("attempt={attempt}")).await;
    assert!(answered(&back, "code").is_some(), "{}", text(&back));
}

#[tokio::test]
async fn single_claims_that_are_asked_for_are_told() {
    let server = Server::start().await;
    let wanted = r#"{"userinfo":{"groups":null},"id_token":{"preferred_username":null}}"#;
    let tokens = server
        .tokens(&[("claims", wanted), ("scope", "openid")])
        .await;
    let id = claims(&tokens["id_token"]);
    assert_eq!(id["preferred_username"], "ana");
    let told = server
        .userinfo(tokens["access_token"].as_str().unwrap())
        .await;
    assert_eq!(json(&told)["groups"], json!(["staff"]));
}
