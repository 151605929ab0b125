use std::time::Duration;

use gw_model::{AppName, EndReason};
use gw_store::LinkKind;
use http::{Method, StatusCode};

use super::browser::{BO, Browser, House, location};
use crate::{RedeemError, secrets};

fn attempt() -> String {
    "attempt-".to_owned() + &"a".repeat(35)
}

fn wiki() -> AppName {
    "wiki".parse().unwrap()
}

/// Goes through the hand-over and returns the code that the browser would carry.
async fn code(browser: &mut Browser<'_>) -> String {
    let answer = browser
        .get(&format!("/hand-over?app=wiki&attempt={}", attempt()))
        .await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    let query = location(&answer)
        .strip_prefix("https://wiki.test/.gatewright/callback?code=")
        .unwrap_or_else(|| panic!("{}", location(&answer)));
    let (code, given) = query.split_once("&attempt=").unwrap();
    assert_eq!(given, attempt());
    code.to_owned()
}

#[tokio::test]
async fn a_code_gives_the_app_its_own_cookie_once() {
    let house = House::open().await;
    let mut bo = house.signed_in(BO, LinkKind::SignIn).await;
    let code = code(&mut bo).await;
    let redeemed = house
        .identity
        .redeem(&code, &attempt(), &wiki())
        .await
        .unwrap();
    let session = bo.session().unwrap();
    assert_eq!((redeemed.session, redeemed.rank), (session.id, 1));
    let view = house.identity.engine().view();
    assert!(view.facts.epoch >= redeemed.epoch);
    let token = view
        .facts
        .token(&secrets::hash(redeemed.cookie.expose()))
        .unwrap();
    assert_eq!((&token.app, token.session), (&wiki(), session.id));
    let again = house.identity.redeem(&code, &attempt(), &wiki()).await;
    assert_eq!(again.map(drop), Err(RedeemError::NotUsable));
}

#[tokio::test]
async fn a_code_for_another_attempt_or_app_is_refused_and_burnt() {
    let house = House::open().await;
    let mut bo = house.signed_in(BO, LinkKind::SignIn).await;
    let other_attempt = "b".repeat(43);
    let payroll: AppName = "payroll".parse().unwrap();
    for (with, at) in [(&*other_attempt, wiki()), (&*attempt(), payroll)] {
        let code = code(&mut bo).await;
        let refused = house.identity.redeem(&code, with, &at).await;
        assert_eq!(refused.map(drop), Err(RedeemError::NotUsable));
        let after = house.identity.redeem(&code, &attempt(), &wiki()).await;
        assert_eq!(after.map(drop), Err(RedeemError::NotUsable), "it is burnt");
    }
    assert_eq!(house.identity.engine().view().facts.tokens().count(), 0);
}

#[tokio::test]
async fn a_code_is_of_no_use_after_thirty_seconds_or_after_its_session() {
    let house = House::open().await;
    let mut bo = house.signed_in(BO, LinkKind::SignIn).await;
    let late = code(&mut bo).await;
    house.tested.clock.advance(Duration::from_secs(30));
    let refused = house.identity.redeem(&late, &attempt(), &wiki()).await;
    assert_eq!(refused.map(drop), Err(RedeemError::NotUsable));
    let orphan = code(&mut bo).await;
    let session = bo.session().unwrap().id;
    let by = gw_model::Actor::Gatewright;
    let ended = house
        .identity
        .end_session(session, EndReason::EndedByAdministrator, by, None);
    assert!(ended.await.unwrap());
    let refused = house.identity.redeem(&orphan, &attempt(), &wiki()).await;
    assert_eq!(refused.map(drop), Err(RedeemError::SessionOver));
    for invented in ["", "x", &"A".repeat(22)] {
        let refused = house.identity.redeem(invented, &attempt(), &wiki()).await;
        assert_eq!(refused.map(drop), Err(RedeemError::NotUsable));
    }
}

#[tokio::test]
async fn only_a_navigation_by_get_hands_over() {
    let house = House::open().await;
    let mut bo = house.signed_in(BO, LinkKind::SignIn).await;
    let target = format!("/hand-over?app=wiki&attempt={}", attempt());
    let head = bo.send(Method::HEAD, &target, &[], "", true).await;
    let script = bo.send(Method::GET, &target, &[], "", false).await;
    for answer in [head, script] {
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert_eq!(location(&answer), "");
    }
}

#[tokio::test]
async fn a_stranger_is_sent_to_sign_in_and_a_person_straight_on() {
    let house = House::open().await;
    let query = format!("app=wiki&attempt={}", attempt());
    let mut stranger = house.browser();
    let answer = stranger.get(&format!("/hand-over?{query}")).await;
    assert_eq!(location(&answer), format!("/sign-in?{query}"));
    let mut bo = house.signed_in(BO, LinkKind::SignIn).await;
    let answer = bo.get(&format!("/sign-in?{query}")).await;
    assert_eq!(location(&answer), format!("/hand-over?{query}"));
}

#[tokio::test]
async fn an_unknown_app_or_a_malformed_attempt_is_told_so_kindly() {
    let house = House::open().await;
    let mut bo = house.signed_in(BO, LinkKind::SignIn).await;
    let fine = attempt();
    for query in [
        format!("app=nowhere&attempt={fine}"),
        format!("app=wiki&attempt={fine}x"),
        "app=wiki".into(),
        format!("attempt={fine}"),
        format!("app=wiki&attempt={}", "%0d%0a".repeat(43)),
        format!("app=wiki&app=payroll&attempt={fine}"),
    ] {
        for page in ["hand-over", "sign-in", "confirm", "enrol"] {
            let answer = bo.get(&format!("/{page}?{query}")).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "/{page}?{query}");
        }
    }
}
