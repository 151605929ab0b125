use std::{sync::Arc, time::Duration};

use gw_engine::testing::{policies, user};
use gw_model::Change;
use http::StatusCode;

use super::harness::*;

fn refresh_token(tokens: &serde_json::Value) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_second_use_ends_the_family() {
    let server = Server::start().await;
    let first = refresh_token(&server.tokens(&[]).await);
    let next = json(&server.refresh(&first).await);
    assert_eq!(next["token_type"], "Bearer");
    let second = refresh_token(&next);
    assert_ne!(first, second);
    server.later(Duration::from_secs(11));
    let again = server.refresh(&first).await;
    assert_eq!(json(&again)["error"], "invalid_grant");
    assert_eq!(
        json(&server.refresh(&second).await)["error"],
        "invalid_grant"
    );
    let access = next["access_token"].as_str().unwrap();
    assert_eq!(
        server.userinfo(access).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_answer_that_was_lost_does_not_end_it() {
    let server = Server::start().await;
    let first = refresh_token(&server.tokens(&[]).await);
    server.refresh(&first).await;
    let again = server.refresh(&first).await;
    assert_eq!(again.status(), StatusCode::OK, "{}", text(&again));
}

#[tokio::test]
async fn of_many_at_once_one_family_stays_whole() {
    let server = Server::start().await;
    let first = refresh_token(&server.tokens(&[]).await);
    let both = tokio::join!(server.refresh(&first), server.refresh(&first));
    let good = [&both.0, &both.1].map(|answer| answer.status() == StatusCode::OK);
    assert!(good[0] || good[1]);
}

#[tokio::test]
async fn policy_is_asked_again_each_time() {
    let server = Server::start().await;
    let first = refresh_token(&server.tokens(&[]).await);
    server.test.change(vec![policies("")]).await;
    assert_eq!(
        json(&server.refresh(&first).await)["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn with_the_session_it_ends_unless_it_goes_on_without_the_person() {
    let server = Server::start().await;
    let online = refresh_token(&server.tokens(&[]).await);
    let offline = [("scope", "openid offline_access")];
    let offline = refresh_token(&server.tokens(&offline).await);
    server.sign_out().await;
    assert_eq!(
        json(&server.refresh(&online).await)["error"],
        "invalid_grant"
    );
    let goes_on = server.refresh(&offline).await;
    assert_eq!(goes_on.status(), StatusCode::OK, "{}", text(&goes_on));
    let access = json(&goes_on)["access_token"].clone();
    assert!(claims(&access).get("sid").is_none());
    assert_eq!(
        server.userinfo(access.as_str().unwrap()).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn whoever_is_switched_off_gets_nothing_more() {
    let server = Server::start().await;
    let scope = [("scope", "openid offline_access")];
    let tokens = server.tokens(&scope).await;
    let mut off = user(1, "ana", &["staff"]);
    off.disabled = true;
    server
        .test
        .change(vec![Change::UserPut(Arc::new(off))])
        .await;
    let refused = server.refresh(&refresh_token(&tokens)).await;
    assert_eq!(json(&refused)["error"], "invalid_grant");
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(
        server.userinfo(access).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_client_gives_tokens_back() {
    let server = Server::start().await;
    let tokens = server.tokens(&[]).await;
    let (access, refresh) = (
        tokens["access_token"].as_str().unwrap(),
        refresh_token(&tokens),
    );
    assert_eq!(server.introspect(access).await["active"], true);
    assert_eq!(server.introspect(&refresh).await["active"], true);
    let headers = [("authorization", &*basic("wiki"))];
    let stranger = server
        .post(
            "/oauth/revoke",
            &[("authorization", &basic("payroll"))],
            &[("token", access)],
        )
        .await;
    assert!(stranger.status().is_client_error());
    assert_eq!(server.introspect(access).await["active"], true);
    let back = server
        .post("/oauth/revoke", &headers, &[("token", &refresh)])
        .await;
    assert_eq!(back.status(), StatusCode::OK);
    assert_eq!(server.introspect(access).await["active"], false);
    assert_eq!(server.introspect(&refresh).await["active"], false);
    assert_eq!(
        json(&server.refresh(&refresh).await)["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn what_was_revoked_is_forgotten_once_it_is_over_by_itself() {
    let server = Server::start().await;
    let tokens = server.tokens(&[]).await;
    let headers = [("authorization", &*basic("wiki"))];
    let access = tokens["access_token"].as_str().unwrap();
    server
        .post("/oauth/revoke", &headers, &[("token", access)])
        .await;
    let known = || server.test.engine.view().facts.revocations().count();
    assert_eq!(known(), 1);
    server.server.sweep().await.unwrap();
    assert_eq!(known(), 1);
    server.later(Duration::from_secs(3600));
    server.server.sweep().await.unwrap();
    assert_eq!(known(), 0);
}

#[tokio::test]
async fn a_client_that_never_heard_of_the_next_token_gives_all_of_them_back() {
    let server = Server::start().await;
    let first = refresh_token(&server.tokens(&[]).await);
    let next = json(&server.refresh(&first).await);
    let headers = [("authorization", &*basic("payroll"))];
    let form = [("token", &*first)];
    let other = server.post("/oauth/revoke", &headers, &form).await;
    assert!(other.status().is_client_error());
    let headers = [("authorization", &*basic("wiki"))];
    let back = server.post("/oauth/revoke", &headers, &form).await;
    assert_eq!(back.status(), StatusCode::OK);
    let refused = server.refresh(&refresh_token(&next)).await;
    assert_eq!(json(&refused)["error"], "invalid_grant");
    let access = next["access_token"].as_str().unwrap();
    assert_eq!(server.introspect(access).await["active"], false);
}
