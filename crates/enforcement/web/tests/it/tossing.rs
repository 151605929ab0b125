//! Cookies: two of ours, ours from elsewhere, and what an app may say of cookies and places.

use data_encoding::{BASE64, HEXLOWER};

use crate::{
    client::Answer,
    frames::{Frames, field, without},
    house::{ANA, House},
};

const OWN: [(&str, &str); 2] = [("Host", "wiki.test"), ("Cookie", ANA)];

/// Lets the app behind the wiki answer with some header lines.
async fn said(house: &House, lines: &[&str]) -> Answer {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let path = format!("GET /say/{}", HEXLOWER.encode(lines.as_bytes()));
    let answer = house.get(&path, &OWN).await;
    assert_eq!(answer.status, 200, "{lines}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn two_credentials_are_refused_however_they_are_put() {
    let house = House::usual().await;
    for lines in [
        &["__Host-gw-session=a; __Host-gw-session=b"][..],
        &[&format!("{ANA}; {ANA}")],
        &[ANA, ANA],
        &[ANA, "__Host-gw-sso=x"],
        &["__Host-gw-sso=x", ANA],
        &["__HOST-GW-SESSION=x", ANA],
        &[ANA, "a=1", "__host-gw-session=x"],
        &[&format!("a=1;b=2;{ANA};c=3; __Host-gw-session =x")],
        &[&format!("{ANA}; __Host-gw-session=\"x\"")],
        &[&format!("{ANA};\t__Host-gw-session=x")],
        &[&format!("{ANA}; __Host-gw-session=")],
    ] {
        let mut headers = vec![("Host", "wiki.test")];
        headers.extend(lines.iter().map(|line| ("Cookie", *line)));
        let answer = house.get("GET /page", &headers).await;
        assert_eq!(answer.status, 400, "{lines:?}");
        assert_eq!(
            answer.problem()["type"],
            "urn:gatewright:problem:credentials"
        );
        let mut fields = without("cookie");
        fields.extend(lines.iter().map(|line| field("cookie", line)));
        let outcome = Frames::open(&house, "wiki.test").await.ask(&fields).await;
        assert_eq!(outcome.problem(), "credentials", "{lines:?}");
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bearer_token_is_the_apps_own_and_opens_nothing_of_ours() {
    let house = House::usual().await;
    let token = ("Authorization", "Bearer ana-at-the-wiki");
    let alone = house.get("GET /page", &[OWN[0], token]).await;
    assert_eq!(
        alone.status, 401,
        "no route takes one instead of the cookie"
    );
    let beside = house.get("GET /page", &[OWN[0], OWN[1], token]).await;
    assert_eq!(beside.status, 200);
    assert_eq!(
        house.upstream.last().all("authorization"),
        ["Bearer ana-at-the-wiki"]
    );
    let basic = ("Authorization", "Basic YW5hOmFuYS1hdC10aGUtd2lraQ==");
    assert_eq!(house.get("GET /page", &[OWN[0], basic]).await.status, 401);
    for query in [
        "__Host-gw-session=ana-at-the-wiki",
        "access_token=ana-at-the-wiki",
    ] {
        let line = format!("GET /page?{query}");
        assert_eq!(house.get(&line, &[OWN[0]]).await.status, 401);
    }
    assert_eq!(house.upstream.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_our_cookies_reaches_an_upstream() {
    let house = House::usual().await;
    let line = format!(
        "theme=dark; __Host-gw-attempt-abcdefgh=x; {ANA}; =__Host-gw-session=x; \
         __HOST-gw-ATTEMPT-1=y; = __host-gw-anything; lang=en"
    );
    let answer = house.get("GET /page", &[OWN[0], ("Cookie", &line)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(house.upstream.last().all("cookie"), ["theme=dark; lang=en"]);
    assert!(!house.upstream.last().head.to_lowercase().contains("gw-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_sets_no_cookie_of_ours_and_none_for_others() {
    let house = House::usual().await;
    for cookie in [
        "__Host-gw-session=evil; Path=/; Secure",
        "__Host-gw-session=; Max-Age=0; Path=/; Secure",
        "__HOST-GW-SESSION=evil; Path=/; Secure",
        " __Host-gw-session=evil",
        "\t__Host-gw-session =evil",
        "=__Host-gw-session=evil",
        "= __Host-gw-session=evil",
        "__Host-gw-session",
        "__Host-gw-sso=evil; Path=/; Secure",
        "__Host-gw-attempt-abcdefgh=evil; Path=/; Secure",
        "a=1; Domain=test",
        "a=1; Domain=.test",
        "a=1; Path=/; DOMAIN = test",
        "a=1; domain=payroll.test",
        "a=1; Domain=x.wiki.test",
        "a=1; Domain=wiki.test; Domain=test",
        "a=1; Domain=test; Domain=wiki.test",
        "a=1; Domain=127.0.0.1",
        "a=1;Domain=.TEST;Secure",
        "a=1; Domain=\"test\"",
    ] {
        let answer = said(&house, &[&format!("Set-Cookie: {cookie}")]).await;
        assert!(
            answer.all("set-cookie").is_empty(),
            "{cookie}: {}",
            answer.head
        );
    }
    for (cookie, kept) in [
        ("a=1; Path=/; HttpOnly", "a=1; Path=/; HttpOnly"),
        ("a=1; Domain=wiki.test; Secure", "a=1; Secure"),
        ("a=1; Domain=.WIKI.test", "a=1"),
        ("gw-session=1; Path=/", "gw-session=1; Path=/"),
    ] {
        let answer = said(
            &house,
            &[&format!("Set-Cookie: {cookie}"), "Set-Cookie: b=2"],
        )
        .await;
        assert_eq!(answer.all("set-cookie"), [kept, "b=2"], "{cookie}");
    }
    assert!(
        said(&house, &["Set-Cookie2: a=1"])
            .await
            .all("set-cookie2")
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_clears_nothing_of_others_and_names_no_other_way() {
    let house = House::usual().await;
    for lines in [
        &["Clear-Site-Data: \"cookies\""][..],
        &["Clear-Site-Data: \"*\""],
        &["Clear-Site-Data: *"],
        &["clear-site-data: \"cache\", \"COOKIES\""],
        &["Clear-Site-Data: \"cache\"", "Clear-Site-Data: \"cookies\""],
        &["Alt-Svc: h3=\"evil.test:443\"; persist=1"],
        &["Gatewright-Decision: d-1", "GATEWRIGHT-Assertion: x"],
        &[
            "Connection: X-Inside",
            "X-Inside: 1",
            "Keep-Alive: timeout=5",
        ],
    ] {
        let answer = said(&house, lines).await;
        for line in lines {
            let name = line.split(':').next().unwrap();
            assert!(
                name == "Connection" || answer.all(name).is_empty(),
                "{}",
                answer.head
            );
        }
    }
    let kept = said(&house, &["Clear-Site-Data: \"cache\", \"storage\""]).await;
    assert_eq!(kept.one("clear-site-data"), "\"cache\", \"storage\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_that_names_the_upstream_names_us() {
    let house = House::usual().await;
    let address = house.upstream.address;
    for (given, shown) in [
        (format!("http://{address}/x?y"), "http://wiki.test/x?y"),
        (format!("HTTP://{address}"), "http://wiki.test/"),
        (format!("//{address}/x"), "http://wiki.test/x"),
        ("/x".to_owned(), "/x"),
        ("http://payroll.test/x".to_owned(), "http://payroll.test/x"),
    ] {
        let answer = said(&house, &[&format!("Location: {given}")]).await;
        assert_eq!(answer.one("location"), shown, "{given}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_fills_no_browser_by_one_answer_and_its_cookies_come_after_ours() {
    let house = House::usual().await;
    let many: Vec<String> = (0..90).map(|n| format!("Set-Cookie: c{n}=1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let answer = said(&house, &many).await;
    assert_eq!(answer.all("set-cookie").len(), 50);
    let first = [
        "Set-Cookie: a=1; priority = High; Path=/",
        "Set-Cookie: b=2; Path=/x",
    ];
    let answer = said(&house, &first).await;
    assert_eq!(answer.all("set-cookie"), ["a=1; Path=/", "b=2; Path=/x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_is_told_once_and_a_coding_that_nobody_takes_off_is_no_answer() {
    let house = House::usual().await;
    let interim = "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello";
    let coded =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let say = async |text: &str| {
        house.upstream.will_say(&BASE64.encode(text.as_bytes()));
        let headers = [OWN[0], OWN[1], ("X-Say", "/said"), ("X-Then", "close")];
        house.get("GET /say", &headers).await
    };
    let once = say(interim).await;
    assert_eq!(
        (once.status, once.one("content-length"), &*once.body),
        (200, "5", "hello")
    );
    assert_eq!(say(coded).await.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_begins_no_sign_in() {
    let house = House::usual().await;
    let asks = async |shown: &str| {
        let navigates = ("Sec-Fetch-Mode", "navigate");
        let headers = [OWN[0], navigates, ("Sec-Fetch-Dest", shown)];
        house.get("GET /page", &headers).await
    };
    let page = asks("document").await;
    assert_eq!((page.status, page.all("set-cookie").len()), (303, 1));
    for shown in ["iframe", "frame", "object", "embed"] {
        let framed = asks(shown).await;
        assert_eq!(framed.status, 403, "{shown}");
        assert!(framed.all("set-cookie").is_empty(), "{shown}");
    }
}
