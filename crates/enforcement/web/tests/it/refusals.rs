//! What somebody hears who was refused.

use gw_model::{App, Change};
use gw_pages::refused::Level;

use crate::{
    client::Answer,
    house::{ANA, ANA_AT_PAYROLL, House, Plan, confirmed},
};

const PAGE: (&str, &str) = ("Sec-Fetch-Mode", "navigate");
const WIKI: (&str, &str) = ("Host", "wiki.test");
const PAYROLL: (&str, &str) = ("Host", "payroll.test");

fn attempt_cookie(answer: &Answer) -> &str {
    let cookies = answer.all("set-cookie");
    let found = cookies
        .into_iter()
        .find(|c| c.starts_with("__Host-gw-attempt-"));
    found.expect("an attempt is kept")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_opens_a_page_is_sent_to_sign_in_and_nothing_else_is() {
    let house = House::usual().await;
    let answer = house.get("GET /deep?x=1", &[WIKI, PAGE]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.one("cache-control"), "no-store");
    assert_eq!(answer.one("referrer-policy"), "no-referrer");
    let location = answer.one("location");
    assert!(
        location.starts_with("http://sign-in.test/sign-in?app=wiki&attempt="),
        "{location}"
    );
    assert!(!location.contains("deep"), "the target stays here");
    let cookie = attempt_cookie(&answer);
    assert!(
        cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900"),
        "{cookie}"
    );
    for headers in [
        &[WIKI][..],
        &[WIKI, ("Accept", "application/json")],
        &[WIKI, ("Sec-Fetch-Mode", "cors"), ("Accept", "text/html")],
    ] {
        let answer = house.get("GET /", headers).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        assert!(!answer.one("www-authenticate").is_empty());
        let problem = answer.problem();
        assert_eq!(problem["remedies"][0]["steps"][0]["do"], "sign-in");
        assert_eq!(problem["sign_in"], "http://wiki.test/");
        assert!(answer.all("set-cookie").is_empty());
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_sends_a_form_is_told_that_nothing_was_sent() {
    let house = House::usual().await;
    let answer = house
        .get("POST /form", &[WIKI, PAGE, ("Content-Length", "0")])
        .await;
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("Nothing was sent"), "{}", answer.body);
    assert!(answer.body.contains("http://sign-in.test/sign-in?app=wiki"));
    attempt_cookie(&answer);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_refused_sees_why_and_what_opens_it() {
    let house = House::usual().await;
    let cookie = ("Cookie", ANA_AT_PAYROLL);
    let answer = house.get("GET /runs", &[PAYROLL, PAGE, cookie]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("Ana Ruiz"), "{}", answer.body);
    assert!(answer.body.contains("Payroll"));
    assert!(
        !answer.body.contains("payroll-needs-a-passkey"),
        "no policy is named at level own"
    );
    attempt_cookie(&answer);
    let problem = house.get("GET /runs", &[PAYROLL, cookie]).await;
    assert_eq!(problem.status, 403);
    let problem = problem.problem();
    assert_eq!(problem["type"], "urn:gatewright:problem:refused");
    assert!(problem["decision"].as_str().unwrap().starts_with("d-"));
    assert!(problem["remedies"].is_array());
    assert!(!problem.to_string().contains("payroll-needs-a-passkey"));
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn how_much_is_told_is_a_setting() {
    for (level, told, named) in [(Level::None, false, false), (Level::Full, true, true)] {
        let house = House::of(Plan {
            level,
            ..Plan::default()
        })
        .await;
        let answer = house
            .get("GET /", &[PAYROLL, ("Cookie", ANA_AT_PAYROLL)])
            .await;
        let problem = answer.problem();
        assert_eq!(problem.get("remedies").is_some(), told);
        assert_eq!(
            problem.to_string().contains("payroll-needs-a-passkey"),
            named
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_below_the_sessions_rank_is_replaced_by_a_hand_over() {
    let house = House::usual().await;
    house.tested.change(vec![confirmed(&house)]).await;
    let cookie = ("Cookie", ANA_AT_PAYROLL);
    let answer = house.get("GET /", &[PAYROLL, PAGE, cookie]).await;
    assert_eq!(answer.status, 303);
    assert!(
        answer
            .one("location")
            .starts_with("http://sign-in.test/hand-over?app=payroll&attempt=")
    );
    let problem = house.get("GET /", &[PAYROLL, cookie]).await;
    assert_eq!(problem.status, 403, "the old cookie itself is not promoted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_an_ended_session_is_cleared() {
    let house = House::usual().await;
    house.end_session().await;
    let answer = house.get("GET /", &[WIKI, PAGE, ("Cookie", ANA)]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.one("clear-site-data"), "\"cache\", \"storage\"");
    let removed = "__Host-gw-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";
    assert!(answer.all("set-cookie").contains(&removed));
    let problem = house.get("GET /", &[WIKI, ("Cookie", ANA)]).await.problem();
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("An administrator ended this session."),
        "{detail}"
    );
    let public = [
        ("Host", "site.test"),
        ("Cookie", "__Host-gw-session=ana-at-the-site"),
    ];
    let answer = house.get("GET /", &public).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.one("clear-site-data"), "\"cache\", \"storage\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_of_one_app_is_worth_nothing_at_another() {
    let house = House::usual().await;
    let answer = house
        .get("GET /", &[WIKI, ("Cookie", ANA_AT_PAYROLL)])
        .await;
    assert_eq!(answer.status, 401);
    let spelled = ("Cookie", "__host-gw-session=ana-at-the-wiki");
    assert_eq!(house.get("GET /", &[WIKI, spelled]).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_change_nothing_with_a_persons_cookie() {
    let house = House::usual().await;
    let cookie = ("Cookie", ANA);
    let empty = ("Content-Length", "0");
    for (sent, status) in [
        (
            &[
                ("Sec-Fetch-Site", "same-site"),
                ("Origin", "http://site.test"),
            ][..],
            403,
        ),
        (&[("Sec-Fetch-Site", "cross-site")], 403),
        (&[("Origin", "http://evil.test")], 403),
        (&[("Origin", "null")], 403),
        (&[("Origin", "http://wiki.test:81")], 403),
        (&[], 403),
        (&[("Sec-Fetch-Site", "same-origin")], 200),
        (&[("Origin", "http://wiki.test")], 200),
    ] {
        let headers = [&[WIKI, cookie, empty][..], sent].concat();
        assert_eq!(
            house.get("POST /", &headers).await.status,
            status,
            "{sent:?}"
        );
        assert_eq!(
            house.get("DELETE /", &headers).await.status,
            status,
            "{sent:?}"
        );
    }
    let reading = [WIKI, cookie, ("Sec-Fetch-Site", "cross-site")];
    assert_eq!(house.get("GET /", &reading).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_origins_may_call_their_route_and_read_its_answers() {
    let house = House::usual().await;
    let partner = ("Origin", "https://partner.test");
    let asks = ("Access-Control-Request-Method", "PUT");
    let yes = house.get("OPTIONS /api/x", &[WIKI, partner, asks]).await;
    assert_eq!(yes.status, 204);
    assert_eq!(
        yes.one("access-control-allow-origin"),
        "https://partner.test"
    );
    let no = house.get("OPTIONS /other", &[WIKI, partner, asks]).await;
    assert_eq!(no.status, 403);
    assert!(no.all("access-control-allow-origin").is_empty());
    let evil = house
        .get(
            "OPTIONS /api/x",
            &[WIKI, ("Origin", "https://evil.test"), asks],
        )
        .await;
    assert_eq!(evil.status, 403);
    let put = [
        WIKI,
        partner,
        ("Cookie", ANA),
        ("Content-Length", "0"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let answer = house.get("PUT /api/x", &put).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.one("access-control-allow-origin"),
        "https://partner.test"
    );
    let refused = house.get("GET /api/x", &[WIKI, partner]).await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.one("access-control-allow-origin"),
        "https://partner.test"
    );
    assert_eq!(house.get("PUT /other", &put).await.status, 403);
    assert_eq!(house.upstream.seen().len(), 1, "preflights never reach it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_route_counts_at_once() {
    let house = House::usual().await;
    assert_eq!(
        house.get("GET /now", &[WIKI, ("Cookie", ANA)]).await.status,
        200
    );
    let name = "wiki".parse().unwrap();
    let view = house.tested.engine.view();
    let mut wiki = App::clone(view.facts.app(&name).unwrap());
    wiki.routes[0].paths.push("/now".parse().unwrap());
    house.tested.change(vec![Change::AppPut(wiki.into())]).await;
    assert_eq!(
        house.get("GET /now", &[WIKI, ("Cookie", ANA)]).await.status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_with_many_tabs_keeps_few_attempts() {
    let house = House::usual().await;
    let mut jar: Vec<(String, String)> = Vec::new();
    for _ in 0..20 {
        let line = jar
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect::<Vec<_>>()
            .join("; ");
        let answer = house.get("GET /", &[WIKI, PAGE, ("Cookie", &line)]).await;
        for cookie in answer.all("set-cookie") {
            let (name, rest) = cookie.split_once('=').unwrap();
            jar.retain(|(n, _)| n != name);
            if !rest.contains("Max-Age=0") {
                let value = rest.split(';').next().unwrap();
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    assert_eq!(jar.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn safari_over_plain_http_is_told_why() {
    let house = House::usual().await;
    let safari = (
        "User-Agent",
        "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
    );
    let answer = house.get("GET /", &[WIKI, PAGE, safari]).await;
    assert!(answer.body.contains("Safari"), "{answer:?}");
    let chrome = (
        "User-Agent",
        "Mozilla/5.0 AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
    );
    assert_eq!(house.get("GET /", &[WIKI, PAGE, chrome]).await.status, 303);
}
