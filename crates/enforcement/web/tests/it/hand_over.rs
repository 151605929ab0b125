//! The end of a hand-over at an app's host.

use std::time::Duration;

use crate::{
    client::Answer,
    house::{ANA, House},
};

const PAGE: (&str, &str) = ("Sec-Fetch-Mode", "navigate");
const WIKI: (&str, &str) = ("Host", "wiki.test");

struct Begun {
    attempt: String,
    cookie: String,
}

async fn begin(house: &House, target: &str) -> Begun {
    let answer = house.get(&format!("GET {target}"), &[WIKI, PAGE]).await;
    let attempt = answer
        .one("location")
        .rsplit('=')
        .next()
        .unwrap()
        .to_owned();
    let cookie = answer
        .one("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    Begun { attempt, cookie }
}

async fn back(house: &House, code: &str, attempt: &str, cookie: &str) -> Answer {
    let line = format!("GET /.gatewright/callback?code={code}&attempt={attempt}");
    house.get(&line, &[WIKI, PAGE, ("Cookie", cookie)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_becomes_the_apps_own_cookie_and_leads_back() {
    let house = House::usual().await;
    let begun = begin(&house, "/deep/page?x=1&y=2").await;
    let answer = back(&house, "good", &begun.attempt, &begun.cookie).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.one("location"), "http://wiki.test/deep/page?x=1&y=2");
    assert_eq!(answer.one("cache-control"), "no-store");
    assert_eq!(answer.one("referrer-policy"), "no-referrer");
    let cookies = answer.all("set-cookie");
    assert!(cookies.contains(
        &"__Host-gw-session=fresh-cookie; Path=/; Secure; HttpOnly; SameSite=Lax; Priority=High"
    ));
    assert!(
        cookies
            .iter()
            .any(|c| c.starts_with("__Host-gw-attempt-") && c.ends_with("Max-Age=0"))
    );
    let codes = house.codes.lock().unwrap();
    assert_eq!(
        (&*codes[0].code, &*codes[0].attempt, codes[0].app.as_str()),
        ("good", &*begun.attempt, "wiki")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_without_its_attempt_is_not_even_tried() {
    let house = House::usual().await;
    let (one, two) = (begin(&house, "/1").await, begin(&house, "/2").await);
    let changed = one.cookie.replace("=", "=A");
    for (attempt, cookie) in [
        (&*one.attempt, ""),
        (&*one.attempt, &*two.cookie),
        (&*two.attempt, &*one.cookie),
        (&*one.attempt, &*changed),
        ("nonsense", &*one.cookie),
    ] {
        let answer = back(&house, "good", attempt, cookie).await;
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains("Start again"), "{}", answer.body);
        assert!(answer.all("set-cookie").is_empty());
    }
    let twice = format!("{}&code=other", one.attempt);
    assert_eq!(back(&house, "good", &twice, &one.cookie).await.status, 400);
    house.tested.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(
        back(&house, "good", &one.attempt, &one.cookie).await.status,
        400,
        "too late"
    );
    assert!(house.codes.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_code_leads_to_a_kind_page() {
    let house = House::usual().await;
    for (code, status, words) in [
        ("spent", 400, "Start again"),
        ("over", 400, "Start again"),
        ("away", 503, "right now"),
    ] {
        let begun = begin(&house, "/page").await;
        let answer = back(&house, code, &begun.attempt, &begun.cookie).await;
        assert_eq!(answer.status, status, "{code}");
        assert!(
            answer.body.contains(words) && answer.body.contains("href=\"/page\""),
            "{}",
            answer.body
        );
        assert!(
            answer
                .all("set-cookie")
                .iter()
                .all(|c| c.ends_with("Max-Age=0"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_page_opens_a_hand_over() {
    let house = House::usual().await;
    let begun = begin(&house, "/").await;
    let target = format!("/.gatewright/callback?code=good&attempt={}", begun.attempt);
    let cookie = ("Cookie", &*begun.cookie);
    for (line, headers) in [
        (format!("HEAD {target}"), &[WIKI, PAGE, cookie][..]),
        (
            format!("POST {target}"),
            &[WIKI, PAGE, cookie, ("Content-Length", "0")],
        ),
        (format!("GET {target}"), &[WIKI, cookie]),
        (
            format!("GET {target}"),
            &[WIKI, cookie, ("Sec-Fetch-Mode", "no-cors")],
        ),
    ] {
        assert_eq!(house.get(&line, headers).await.status, 400, "{line}");
    }
    assert!(house.codes.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_ours_reaches_an_upstream() {
    let house = House::usual().await;
    for path in [
        "/.gatewright/",
        "/.gatewright",
        "/.gatewright/x",
        "/%2Egatewright/x",
        "/.gatewright%2fx",
        "//.gatewright/x",
    ] {
        let answer = house
            .get(&format!("GET {path}"), &[WIKI, ("Cookie", ANA)])
            .await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert!(house.upstream.seen().is_empty());
    assert_eq!(
        house
            .get("GET /.gatewrighty", &[WIKI, ("Cookie", ANA)])
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_cannot_lead_elsewhere() {
    let house = House::usual().await;
    // A route that accepts double slashes.
    let begun = begin(&house, "/lax//evil.test/x").await;
    let answer = back(&house, "good", &begun.attempt, &begun.cookie).await;
    assert_eq!(answer.one("location"), "http://wiki.test/lax//evil.test/x");
    assert_eq!(
        house.get("GET //evil.test/x", &[WIKI, PAGE]).await.status,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_clears_only_what_is_over() {
    let house = House::usual().await;
    let out = "GET /.gatewright/signed-out";
    let standing = house.get(out, &[WIKI, PAGE, ("Cookie", ANA)]).await;
    assert_eq!(standing.status, 200);
    assert!(standing.all("clear-site-data").is_empty() && standing.all("set-cookie").is_empty());
    house.end_session().await;
    let over = house.get(out, &[WIKI, PAGE, ("Cookie", ANA)]).await;
    assert_eq!(over.one("clear-site-data"), "\"cache\", \"storage\"");
    assert!(over.one("set-cookie").starts_with("__Host-gw-session=;"));
    // A page of another site leads somebody there who was never signed in.
    let never = house.get(out, &[WIKI, PAGE]).await;
    assert_eq!(never.status, 200);
    assert!(never.all("clear-site-data").is_empty() && never.all("set-cookie").is_empty());
}
