use std::sync::Arc;

use gw_engine::testing::{START, session, user};
use gw_model::{AuthnMethod, Change};
use http::StatusCode;

use super::harness::*;

async fn with_guest() -> Server {
    Server::with(vec![fact(41, Some("wiki"), &registered())]).await
}

#[tokio::test]
async fn who_agreed_once_is_not_asked_again_for_the_same() {
    let server = with_guest().await;
    let mut browser = server.ana();
    let query = asked("guest", &[]);
    let asks = browser.get("/oauth/authorize", &query).await;
    assert!(text(&asks).contains("see your name"), "{}", text(&asks));
    let agreed = [("attempt", &*browser.attempt()), ("decision", "allow")];
    let onward_to = onward(&browser.post("/oauth/consent", &agreed).await);
    let done = browser.follow(&onward_to).await;
    assert!(answered(&done, "code").is_some());
    let again = browser.get("/oauth/authorize", &query).await;
    assert!(answered(&again, "code").is_some());
    let more = asked("guest", &[("scope", "openid profile email")]);
    let asks = browser.get("/oauth/authorize", &more).await;
    assert!(text(&asks).contains("mail address"), "{}", text(&asks));
    let quiet = asked("guest", &[("scope", "openid email"), ("prompt", "none")]);
    let quiet = server.ana().get("/oauth/authorize", &quiet).await;
    assert_eq!(
        answered(&quiet, "error").as_deref(),
        Some("consent_required")
    );
}

#[tokio::test]
async fn who_does_not_agree_is_brought_back_with_a_no() {
    let server = with_guest().await;
    let mut browser = server.ana();
    browser.get("/oauth/authorize", &asked("guest", &[])).await;
    let denied = [("attempt", &*browser.attempt()), ("decision", "deny")];
    let back = onward(&browser.post("/oauth/consent", &denied).await);
    assert!(
        back.starts_with("https://wiki.example/cb?error=access_denied"),
        "{back}"
    );
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn an_account_is_chosen_and_another_one_signs_this_one_out() {
    let server = Server::start().await;
    let mut browser = server.ana();
    let query = asked("wiki", &[("prompt", "select_account")]);
    let asks = browser.get("/oauth/authorize", &query).await;
    assert!(text(&asks).contains("Go on as ana"), "{}", text(&asks));
    let stays = [("attempt", &*browser.attempt()), ("choice", "stay")];
    let onward_to = onward(&browser.post("/oauth/account", &stays).await);
    assert!(answered(&browser.follow(&onward_to).await, "code").is_some());
    browser.get("/oauth/authorize", &query).await;
    let other = [("attempt", &*browser.attempt()), ("choice", "other")];
    let onward_to = onward(&browser.post("/oauth/account", &other).await);
    let there = location(&browser.follow(&onward_to).await);
    assert!(there.starts_with("/sign-in?"), "{there}");
    let view = server.test.engine.view();
    assert!(view.facts.session(server.ana.id).unwrap().ended.is_some());
}

#[tokio::test]
async fn a_form_brings_the_answer_where_it_is_wanted_so() {
    let server = Server::start().await;
    let query = asked("wiki", &[("response_mode", "form_post")]);
    let page = server.ana().get("/oauth/authorize", &query).await;
    assert!(text(&page).contains(r#"action="https://wiki.example/cb""#));
    assert!(text(&page).contains(r#"name="code""#));
    let csp = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        csp.contains("form-action 'self' https: https://wiki.example;"),
        "{csp}"
    );
}

#[tokio::test]
async fn a_client_signs_its_own_session_out_and_asks_for_others() {
    let server = Server::start().await;
    let id_token = server.tokens(&[]).await["id_token"].clone();
    let id_token = id_token.as_str().unwrap();
    let bye = "https://wiki.example/bye";
    let own = encoded(&[
        ("id_token_hint", id_token),
        ("post_logout_redirect_uri", bye),
        ("state", "s1"),
    ]);
    let elsewhere = encoded(&[
        ("id_token_hint", id_token),
        ("post_logout_redirect_uri", "https://evil.example/"),
    ]);
    let refused = server.ana().get("/oauth/end-session", &elsewhere).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let asks = server.ana().get("/oauth/end-session", "").await;
    assert!(text(&asks).contains("Sign out?"), "{}", text(&asks));
    let ended = || {
        let view = server.test.engine.view();
        view.facts.session(server.ana.id).unwrap().ended.is_some()
    };
    assert!(!ended());
    let done = server.ana().get("/oauth/end-session", &own).await;
    assert_eq!(location(&done), format!("{bye}?state=s1"));
    assert!(ended());
}

#[tokio::test]
async fn its_documents_say_what_it_does() {
    let server = Server::start().await;
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let document = json(&server.stranger().get(path, "").await);
        assert_eq!(document["issuer"], ISSUER);
        assert_eq!(document["token_endpoint"], format!("{ISSUER}/oauth/token"));
        assert!(
            document["scopes_supported"]
                .as_array()
                .unwrap()
                .contains(&"read".into())
        );
    }
    let keys = json(&server.stranger().get("/oauth/jwks.json", "").await);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 3);
    assert!(
        keys["keys"]
            .as_array()
            .unwrap()
            .iter()
            .all(|key| key.get("d").is_none())
    );
}

#[tokio::test]
async fn what_an_app_was_given_is_seen_and_taken_back() {
    let server = Server::start().await;
    let tokens = server.tokens(&[("scope", "openid offline_access")]).await;
    let mut browser = server.ana();
    let page = text(&browser.get("/account/apps", "").await);
    assert!(page.contains("wiki"), "{page}");
    assert!(page.contains("goes on while you are not here"), "{page}");
    let back = browser.post("/account/apps", &[("client", "wiki")]).await;
    assert_eq!(location(&back), "/account/apps");
    let page = text(&browser.get("/account/apps", "").await);
    assert!(page.contains("There are none."), "{page}");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(
        json(&server.refresh(refresh).await)["error"],
        "invalid_grant"
    );
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        server.userinfo(access).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn what_another_person_gave_is_nobody_elses_to_see() {
    let server = Server::start().await;
    server.tokens(&[]).await;
    let nobody = server.stranger().get("/account/apps", "").await;
    assert_eq!(location(&nobody), "/sign-in");
    let taken = server
        .stranger()
        .post("/account/apps", &[("client", "wiki")])
        .await;
    assert_eq!(location(&taken), "/sign-in");
    let page = text(&server.ana().get("/account/apps", "").await);
    assert!(page.contains("wiki"), "{page}");
}

#[tokio::test]
async fn what_one_person_agreed_to_is_not_agreed_by_the_next_in_the_same_browser() {
    let bo = user(2, "bo", &["staff"]);
    let of_bo = session(12, &bo, AuthnMethod::SignInLink, START);
    let server = Server::with(vec![
        fact(41, Some("wiki"), &registered()),
        Change::UserPut(Arc::new(bo)),
        Change::SessionStarted(Arc::new(of_bo.clone())),
    ])
    .await;
    let mut browser = server.ana();
    browser.get("/oauth/authorize", &asked("guest", &[])).await;
    let agreed = [("attempt", &*browser.attempt()), ("decision", "allow")];
    let onward_to = onward(&browser.post("/oauth/consent", &agreed).await);
    browser.session = Some(of_bo);
    let asks = browser.follow(&onward_to).await;
    assert_eq!(answered(&asks, "code"), None);
    assert!(
        text(&asks).contains("Let wiki in as you?"),
        "{}",
        text(&asks)
    );
}

#[tokio::test]
async fn who_agreed_is_asked_again_where_tokens_are_for_more() {
    let server = with_guest().await;
    let mut browser = server.ana();
    browser.get("/oauth/authorize", &asked("guest", &[])).await;
    let agreed = [("attempt", &*browser.attempt()), ("decision", "allow")];
    let onward_to = onward(&browser.post("/oauth/consent", &agreed).await);
    browser.follow(&onward_to).await;
    let more = asked("guest", &[("resource", "https://api.test")]);
    let asks = browser.get("/oauth/authorize", &more).await;
    assert!(text(&asks).contains("https://api.test"), "{}", text(&asks));
}

#[tokio::test]
async fn a_browser_keeps_no_more_of_them_than_a_request_can_bring() {
    let server = Server::start().await;
    let mut browser = server.stranger();
    let long = "x".repeat(1_900);
    for _ in 0..12 {
        let query = asked("wiki", &[("state", &long)]);
        browser.get("/oauth/authorize", &query).await;
        let kept: usize = browser.cookies.iter().map(|(n, v)| n.len() + v.len()).sum();
        assert!(kept <= 16 * 1024, "{kept}");
    }
}
