use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use super::harness::*;

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn begin(server: &Server) -> Value {
    let form = [("client_id", "cli"), ("scope", "openid offline_access")];
    let answer = server.post("/oauth/device", &[], &form).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
    json(&answer)
}

async fn poll(server: &Server, begun: &Value) -> Value {
    let code = begun["device_code"].as_str().unwrap();
    let form = [
        ("client_id", "cli"),
        ("grant_type", DEVICE_CODE),
        ("device_code", code),
    ];
    json(&server.post("/oauth/token", &[], &form).await)
}

#[tokio::test]
async fn a_person_lets_a_device_in_with_the_code_that_it_shows() {
    let server = Server::start().await;
    let begun = begin(&server).await;
    assert_eq!(begun["verification_uri"], format!("{ISSUER}/device"));
    assert_eq!(
        poll(&server, &begun).await["error"],
        "authorization_pending"
    );
    let mut browser = server.ana();
    let typed = begun["user_code"]
        .as_str()
        .unwrap()
        .to_lowercase()
        .replace('-', "");
    let asks = browser.post("/device", &[("code", &typed)]).await;
    assert!(
        text(&asks).contains("Let wiki in as you?"),
        "{}",
        text(&asks)
    );
    server.later(Duration::from_secs(6));
    assert_eq!(
        poll(&server, &begun).await["error"],
        "authorization_pending"
    );
    let decided = browser
        .post("/device/decide", &[("code", &typed), ("decision", "allow")])
        .await;
    assert!(text(&decided).contains("is let in"), "{}", text(&decided));
    server.later(Duration::from_secs(6));
    let tokens = poll(&server, &begun).await;
    assert!(tokens["refresh_token"].is_string(), "{tokens}");
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(server.userinfo(access).await.status(), StatusCode::OK);
    server.later(Duration::from_secs(6));
    assert_eq!(
        poll(&server, &begun).await["error"],
        "invalid_grant",
        "once"
    );
}

#[tokio::test]
async fn a_device_that_is_denied_or_in_a_hurry_hears_so() {
    let server = Server::start().await;
    let begun = begin(&server).await;
    assert_eq!(
        poll(&server, &begun).await["error"],
        "authorization_pending"
    );
    assert_eq!(poll(&server, &begun).await["error"], "slow_down");
    let code = begun["user_code"].as_str().unwrap();
    let mut browser = server.ana();
    browser
        .post("/device/decide", &[("code", code), ("decision", "deny")])
        .await;
    server.later(Duration::from_secs(30));
    assert_eq!(poll(&server, &begun).await["error"], "access_denied");
}

#[tokio::test]
async fn codes_are_not_tried_for_long() {
    let server = Server::start().await;
    let begun = begin(&server).await;
    let mut browser = server.ana();
    for _ in 0..5 {
        let tried = browser.post("/device", &[("code", "BCDF-GHJK")]).await;
        assert_eq!(tried.status(), StatusCode::FORBIDDEN);
    }
    let code = begun["user_code"].as_str().unwrap();
    let tried = browser.post("/device", &[("code", code)]).await;
    assert_eq!(tried.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_before_a_code_is_looked_at() {
    let server = Server::start().await;
    let begun = begin(&server).await;
    let code = begun["user_code"].as_str().unwrap();
    let mut browser = server.stranger();
    let answer = browser.get("/device", &format!("user_code={code}")).await;
    let there = location(&answer);
    assert!(there.starts_with("/sign-in?app=portal&attempt="), "{there}");
    let attempt = there.split_once("attempt=").unwrap().1.to_owned();
    browser.session = Some(server.ana.clone());
    let back = browser.get("/resume", &format!("attempt={attempt}")).await;
    let page = browser.follow(&location(&back)).await;
    assert!(text(&page).contains(code), "{}", text(&page));
}

#[tokio::test]
async fn whoever_shows_nothing_fills_neither_the_store_nor_the_log() {
    let server = Server::start().await;
    let form = [("client_id", "cli"), ("scope", "openid")];
    let mut taken = 0;
    for _ in 0..120 {
        let answer = server.post("/oauth/device", &[], &form).await;
        taken += u32::from(answer.status() == StatusCode::OK);
    }
    assert_eq!(taken, 100);
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    assert_eq!(
        server.token(&form).await.status(),
        StatusCode::OK,
        "who shows who it is"
    );
    server.later(Duration::from_secs(11));
    begin(&server).await;
}

#[tokio::test]
async fn an_address_that_asks_too_often_leaves_room_for_the_others() {
    let server = Server::start().await;
    let ask = async |address: [u8; 4]| {
        let mut request = server.request(Method::POST, "/oauth/device", None, None);
        request.judged.address = address.into();
        request.body = encoded(&[("client_id", "cli"), ("scope", "openid")]).into();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers.insert(CONTENT_TYPE, form);
        server.ask(request).await.status()
    };
    for _ in 0..6 {
        server.later(Duration::from_secs(11));
        for _ in 0..120 {
            ask([192, 0, 2, 1]).await;
        }
    }
    assert_eq!(ask([192, 0, 2, 1]).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ask([198, 51, 100, 1]).await, StatusCode::OK);
}
