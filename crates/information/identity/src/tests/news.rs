use std::time::Duration;

use gw_store::LinkKind;
use http::StatusCode;

use super::browser::{ANA, BO, Browser, House, body, location};

/// The lines of the news, and how many of them are new.
async fn news(browser: &mut Browser<'_>) -> (String, usize) {
    let page = body(&browser.get("/").await);
    let part = page.split("<h2 id=\"news\">").nth(1).unwrap_or_default();
    (part.to_owned(), part.matches("chip step").count())
}

async fn know(browser: &mut Browser<'_>) {
    let (part, _) = news(browser).await;
    let from = part.find("name=\"until\" value=\"").unwrap() + 20;
    let until = part[from..].split('"').next().unwrap();
    let form = format!("until={until}");
    let answer = browser.post("/account/news", &form).await;
    assert_eq!(location(&answer), "/");
}

#[tokio::test]
async fn a_person_is_told_of_sign_ins_factors_and_links_until_they_know_of_them() {
    let house = House::open().await;
    let (mut ana, mut key) = house.with_passkey(ANA).await;
    let (part, new) = news(&mut ana).await;
    assert!(
        part.contains("A passkey was added") && part.contains("blue key"),
        "{part}"
    );
    assert!(
        part.contains("by an administrator on the server itself"),
        "{part}"
    );
    assert_eq!(new, 2);
    know(&mut ana).await;
    let (part, new) = news(&mut ana).await;
    assert!(
        part.contains("A passkey was added") && new == 0,
        "what is known stays to be seen"
    );
    house.tested.clock.advance(Duration::from_secs(60));
    let mut elsewhere = house.browser();
    elsewhere.sign_in(&mut key).await;
    let (part, new) = news(&mut ana).await;
    assert!(part.contains("Signed in: Firefox on Linux"), "{part}");
    assert_eq!(new, 1);
    let (own, _) = news(&mut elsewhere).await;
    assert_eq!(
        own.matches("Signed in:").count(),
        1,
        "the other session, and not its own"
    );
    let user = house.user(ANA);
    let session = ana.session().unwrap().id;
    assert_eq!(house.identity.count_news(&user, session).await, Ok(1));
}

#[tokio::test]
async fn what_comes_after_the_page_was_shown_is_still_new() {
    let house = House::open().await;
    let (mut ana, mut key) = house.with_passkey(ANA).await;
    let shown = house.identity.now().as_millis();
    house.tested.clock.advance(Duration::from_secs(1));
    house.browser().sign_in(&mut key).await;
    ana.post("/account/news", &format!("until={shown}")).await;
    assert_eq!(news(&mut ana).await.1, 1);
    // Nobody knows today what happens tomorrow.
    ana.post("/account/news", &format!("until={}", u64::MAX))
        .await;
    house.tested.clock.advance(Duration::from_secs(1));
    house.browser().sign_in(&mut key).await;
    assert_eq!(news(&mut ana).await.1, 1);
}

#[tokio::test]
async fn news_are_ones_own() {
    let house = House::open().await;
    let (mut ana, _key) = house.with_passkey(ANA).await;
    let mut bo = house.signed_in(BO, LinkKind::SignIn).await;
    know(&mut bo).await;
    assert_eq!(news(&mut bo).await.1, 0);
    assert_eq!(news(&mut ana).await.1, 2);
    let nobody = house.browser().post("/account/news", "until=1").await;
    assert_eq!(location(&nobody), "/sign-in");
    let strange = bo.post("/account/news", "until=soon").await;
    assert_eq!(strange.status(), StatusCode::SEE_OTHER);
    assert_eq!(news(&mut bo).await.1, 0);
}
