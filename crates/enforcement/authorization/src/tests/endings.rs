//! What ends with what, and who hears of it.

use std::{sync::Arc, time::Duration};

use gw_engine::testing::user;
use gw_model::{Actor, Change, EndReason, User};
use gw_oauth::{Client, ClientAuthentication, GrantType, Resources, Scopes};
use http::StatusCode;
use serde_json::Value;

use super::harness::*;
use crate::kept::{self, KeptLogin};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

fn of(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap().to_owned()
}

/// Tokens that go on without the person.
async fn offline(server: &Server) -> Value {
    server.tokens(&[("scope", "openid offline_access")]).await
}

async fn is_over(server: &Server, tokens: &Value) {
    let (refresh, access) = (of(tokens, "refresh_token"), of(tokens, "access_token"));
    assert_eq!(server.introspect(&refresh).await["active"], false);
    assert_eq!(server.introspect(&access).await["active"], false);
    let refreshed = server.refresh(&refresh).await;
    assert_eq!(json(&refreshed)["error"], "invalid_grant");
    let asked = server.userinfo(&access).await;
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn signing_out_everywhere_ends_what_goes_on_without_the_person() {
    let server = Server::start().await;
    let tokens = offline(&server).await;
    server.later(Duration::from_secs(2));
    server.sign_out().await;
    let refresh = of(&tokens, "refresh_token");
    assert_eq!(server.introspect(&refresh).await["active"], true);
    let identity = &server.server.shared.identity;
    let by = Actor::User(server.ana.user);
    let ended = identity.end_all(server.ana.user, EndReason::SignedOutEverywhere, by, None);
    ended.await.unwrap();
    is_over(&server, &tokens).await;
}

#[tokio::test]
async fn who_was_switched_off_is_somebody_anew_when_they_are_back() {
    let server = Server::start().await;
    let tokens = offline(&server).await;
    server.later(Duration::from_secs(2));
    let ana = server
        .test
        .engine
        .view()
        .facts
        .user(server.ana.user)
        .unwrap()
        .clone();
    for disabled in [true, false] {
        let changed = User {
            disabled,
            ..User::clone(&ana)
        };
        server
            .test
            .change(vec![Change::UserPut(Arc::new(changed))])
            .await;
        is_over(&server, &tokens).await;
    }
    let now = server.test.clock.now();
    let back = server
        .test
        .engine
        .view()
        .facts
        .user(server.ana.user)
        .unwrap()
        .clone();
    assert!(back.tokens_from > server.ana.started && back.tokens_from <= now);
}

#[tokio::test]
async fn an_app_is_told_of_who_was_removed_and_of_what_was_taken_back() {
    let server = Server::start().await;
    let engine = &server.test.engine;
    server.tokens(&[]).await;
    let taken = server
        .ana()
        .post("/account/apps", &[("client", "wiki")])
        .await;
    assert_eq!(taken.status(), StatusCode::SEE_OTHER, "{}", text(&taken));
    let nobodys = kept::of_nobody::<KeptLogin>(engine).await.unwrap();
    assert_eq!(nobodys.len(), 1, "it is still to be told");
    assert_eq!(nobodys[0].value.client, "wiki");

    let server = Server::start().await;
    let engine = &server.test.engine;
    server.tokens(&[]).await;
    server
        .test
        .change(vec![Change::UserRemoved(server.ana.user)])
        .await;
    let nobodys = kept::of_nobody::<KeptLogin>(engine).await.unwrap();
    assert_eq!(nobodys.len(), 1, "though the person is gone");
}

#[tokio::test]
async fn what_was_on_its_way_is_taken_back_too() {
    let server = Server::start().await;
    let code = server.code(&[]).await;
    server
        .ana()
        .post("/account/apps", &[("client", "wiki")])
        .await;
    assert_eq!(json(&server.redeem(&code).await)["error"], "invalid_grant");
}

/// A service that ana's tokens of the wiki are for.
fn middle() -> Client {
    let text = gw_oauth::KeptSecret::of_text(SECRET, gw_engine::testing::START).unwrap();
    Client {
        authentication: ClientAuthentication::ClientSecretBasic {
            secrets: gw_oauth::ClientSecrets::of(text),
        },
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        grant_types: vec![GrantType::TokenExchange],
        scopes: Scopes::parse("read").unwrap(),
        serves: Resources::parse(["https://api.test"]).unwrap(),
        ..client("middle")
    }
}

async fn exchanged(server: &Server, token: &str) -> Value {
    let form = [
        ("grant_type", EXCHANGE),
        ("subject_token", token),
        ("subject_token_type", ACCESS),
    ];
    let headers = [("authorization", &*basic("middle"))];
    json(&server.post("/oauth/token", &headers, &form).await)
}

#[tokio::test]
async fn an_exchanged_token_ends_with_what_it_came_of() {
    for what in ["token", "family", "client"] {
        let server = Server::with(vec![fact(41, None, &middle())]).await;
        let asked = [("resource", "https://api.test"), ("scope", "openid read")];
        let tokens = server.tokens(&asked).await;
        let made = exchanged(&server, &of(&tokens, "access_token")).await;
        assert!(made["access_token"].is_string(), "{made}");
        let made = of(&made, "access_token");
        assert_eq!(server.introspect_as("middle", &made).await["active"], true);
        let headers = [("authorization", &*basic("wiki"))];
        match what {
            "token" | "family" => {
                let name = if what == "token" {
                    "access_token"
                } else {
                    "refresh_token"
                };
                let form = [("token", &*of(&tokens, name))];
                server.post("/oauth/revoke", &headers, &form).await;
            }
            _ => {
                let view = server.test.engine.view();
                let wiki = view.facts.client_named(&"wiki".parse().unwrap()).unwrap();
                let mut wiki = gw_model::Client::clone(wiki);
                wiki.suspended = true;
                server
                    .test
                    .change(vec![Change::ClientPut(Arc::new(wiki))])
                    .await;
            }
        }
        let told = server.introspect_as("middle", &made).await;
        assert_eq!(told["active"], false, "{what}");
    }
}

#[tokio::test]
async fn tokens_of_the_second_in_which_those_before_were_ended_count() {
    let server = Server::start().await;
    server.later(Duration::from_millis(300));
    let view = server.test.engine.view();
    let wiki = view.facts.client_named(&"wiki".parse().unwrap()).unwrap();
    let mut wiki = gw_model::Client::clone(wiki);
    wiki.tokens_from = server.test.clock.now();
    server
        .test
        .change(vec![Change::ClientPut(Arc::new(wiki))])
        .await;
    server.later(Duration::from_millis(100));
    let tokens = server.tokens(&[]).await;
    let access = of(&tokens, "access_token");
    assert_eq!(server.introspect(&access).await["active"], true);
}

#[tokio::test]
async fn polls_and_codes_that_come_again_write_nothing() {
    let server = Server::start().await;
    let form = [("client_id", "cli"), ("scope", "openid")];
    let begun = json(&server.post("/oauth/device", &[], &form).await);
    let (device, cli) = (of(&begun, "device_code"), ("client_id", "cli"));
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    let code = server.code(&[]).await;
    assert_eq!(server.redeem(&code).await.status(), StatusCode::OK);
    assert_eq!(json(&server.redeem(&code).await)["error"], "invalid_grant");
    let before = server.test.engine.view().facts.epoch;
    for _ in 0..20 {
        let form = [cli, grant, ("device_code", &device)];
        server.post("/oauth/token", &[], &form).await;
        server.redeem(&code).await;
    }
    assert_eq!(server.test.engine.view().facts.epoch, before);
    let told = server
        .post("/oauth/token", &[], &[cli, grant, ("device_code", &device)])
        .await;
    assert_eq!(
        json(&told)["error"],
        "slow_down",
        "it is counted all the same"
    );
}

#[tokio::test]
async fn pages_of_other_sites_ask_for_no_devices() {
    let server = Server::start().await;
    for site in ["cross-site", "same-site"] {
        let headers = [("sec-fetch-site", site)];
        let answer = server
            .post("/oauth/device", &headers, &[("client_id", "cli")])
            .await;
        assert_eq!(json(&answer)["error"], "access_denied", "{site}");
    }
}

#[tokio::test]
async fn somebody_else_decides_nothing_by_a_page_that_was_shown_to_another() {
    let server = Server::start().await;
    let form = [("client_id", "cli"), ("scope", "openid")];
    let begun = json(&server.post("/oauth/device", &[], &form).await);
    let code = of(&begun, "user_code");
    let other = user(9, "bo", &["staff"]).id.to_string();
    let form = [("code", &*code), ("decision", "allow"), ("person", &*other)];
    let answer = server.ana().post("/device/decide", &form).await;
    assert!(text(&answer).contains("Somebody else is signed in by now"));
}

#[tokio::test]
async fn a_request_that_waited_is_what_its_client_may_ask_now() {
    let asks = registered();
    let server = Server::with(vec![fact(42, Some("wiki"), &asks)]).await;
    let mut browser = server.ana();
    let page = browser.get("/oauth/authorize", &asked("guest", &[])).await;
    assert!(
        text(&page).contains("Let wiki in as you?"),
        "{}",
        text(&page)
    );
    let attempt = browser.cookies[0]
        .0
        .rsplit_once("pending-")
        .unwrap()
        .1
        .to_owned();
    let moved = Client {
        redirect_uris: vec![gw_oauth::RedirectUri::parse("https://wiki.example/new").unwrap()],
        ..asks
    };
    server
        .test
        .change(vec![fact(42, Some("wiki"), &moved)])
        .await;
    let form = [("attempt", &*attempt), ("decision", "allow")];
    let agreed = browser.post("/oauth/consent", &form).await;
    let answer = browser.follow(&onward(&agreed)).await;
    assert_eq!(
        answer.status(),
        StatusCode::BAD_REQUEST,
        "{}",
        text(&answer)
    );
}

#[tokio::test]
async fn single_claims_are_agreed_to_as_the_scopes_that_cover_them() {
    let asks = registered();
    let server = Server::with(vec![fact(42, Some("wiki"), &asks)]).await;
    let claims = r#"{"userinfo":{"groups":null}}"#;
    let mut browser = server.ana();
    let more = [("scope", "openid"), ("claims", claims)];
    let page = browser
        .get("/oauth/authorize", &asked("guest", &more))
        .await;
    assert!(
        text(&page).contains("which groups you are in"),
        "{}",
        text(&page)
    );
    let plain = [("scope", "openid")];
    let page = browser
        .get("/oauth/authorize", &asked("guest", &plain))
        .await;
    let attempt = browser.cookies.last().unwrap().0.clone();
    let attempt = attempt.rsplit_once("pending-").unwrap().1;
    assert!(!text(&page).contains("which groups you are in"));
    let form = [("attempt", attempt), ("decision", "allow")];
    browser.post("/oauth/consent", &form).await;
    let silent = [("scope", "openid"), ("claims", claims), ("prompt", "none")];
    let answer = browser
        .get("/oauth/authorize", &asked("guest", &silent))
        .await;
    assert_eq!(
        answered(&answer, "error").as_deref(),
        Some("consent_required")
    );
}

#[tokio::test]
async fn a_posted_request_may_hold_what_no_address_does() {
    let server = Server::start().await;
    let mut browser = server.stranger();
    let answer = browser
        .post("/oauth/authorize", &[("state", "\r\n\u{1}")])
        .await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", text(&answer));
}
