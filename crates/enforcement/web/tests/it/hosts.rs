//! Which host a request is for: `Host`, `:authority`, the target, and the name in the handshake.

use crate::{
    client::{connect_tls, raw, send, text},
    frames::{Frames, and, field, with, without},
    house::{ANA, House},
};

/// Credentials that are refused wherever they are read.
const TWO_COOKIES: &str = "__Host-gw-session=a; __Host-gw-session=b";

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_can_be_read_in_two_ways_is_refused_over_http_1() {
    let house = House::usual().await;
    for (host, why) in [
        ("", "host-malformed"),
        (".", "host-malformed"),
        ("wiki.test..", "host-malformed"),
        ("wiki..test", "host-malformed"),
        ("wiki.test/", "host-malformed"),
        ("wiki.test/admin", "host-malformed"),
        ("wiki.test?x", "host-malformed"),
        ("wiki.test#x", "host-malformed"),
        ("wiki.test\\", "host-malformed"),
        ("wiki%2etest", "host-malformed"),
        ("wiki.test%00", "host-malformed"),
        ("wiki.test, wiki.test", "host-malformed"),
        ("wiki.test payroll.test", "host-malformed"),
        ("wiki.test;payroll.test", "host-malformed"),
        ("w\u{131}ki.test", "host-malformed"),
        ("wiki\u{3002}test", "host-malformed"),
        ("\u{ff57}iki.test", "host-malformed"),
        ("[::1", "host-malformed"),
        ("[wiki.test]", "host-malformed"),
        ("[::1%25lo]", "host-malformed"),
        ("wiki.test:", "port"),
        ("wiki.test:0", "port"),
        ("wiki.test:080", "port"),
        ("wiki.test:+80", "port"),
        ("wiki.test:80:80", "port"),
        ("wiki.test:65616", "port"),
        ("::1", "port"),
        ("payroll.test@wiki.test", "user-info"),
        ("wiki.test:80@payroll.test", "user-info"),
        ("@wiki.test", "user-info"),
    ] {
        let headers = [("Host", host), ("Cookie", ANA)];
        let answer = house.get("GET /page", &headers).await;
        assert_eq!(answer.status, 400, "{host:?}: {answer:?}");
        let kind = format!("urn:gatewright:problem:{why}");
        assert_eq!(answer.problem()["type"], kind, "{host:?}");
    }
    for target in [
        "http://payroll.test/page",
        "http://wiki.test:81/page",
        "http://x@wiki.test/page",
        "https://wiki.test/page",
        "ftp://wiki.test/page",
        "http:///page",
        "//wiki.test/page",
        "wiki.test/page",
        "wiki.test:80",
    ] {
        let headers = [("Host", "wiki.test"), ("Cookie", ANA)];
        let answer = house.get(&format!("GET {target}"), &headers).await;
        assert_eq!(answer.status, 400, "{target}: {answer:?}");
    }
    for hosts in [
        ["wiki.test", "payroll.test"],
        ["payroll.test", "wiki.test"],
        ["wiki.test", "WIKI.TEST"],
        ["wiki.test", ""],
    ] {
        let [one, two] = hosts;
        let headers = [("Host", one), ("Cookie", ANA), ("host", two)];
        assert_eq!(
            house.get("GET /page", &headers).await.status,
            400,
            "{hosts:?}"
        );
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_of_one_host_is_that_host_and_of_another_is_nobodys() {
    let house = House::usual().await;
    for (host, told) in [
        ("wiki.test", "wiki.test"),
        ("WIKI.Test", "wiki.test"),
        ("wiki.test.", "wiki.test"),
        ("wiki.test:80", "wiki.test"),
        ("wiki.test.:80", "wiki.test"),
        ("wiki.test:8080", "wiki.test:8080"),
    ] {
        let headers = [("Host", host), ("Cookie", ANA)];
        assert_eq!(house.get("GET /page", &headers).await.status, 200, "{host}");
        assert_eq!(house.upstream.last().all("host"), [told]);
        assert_eq!(house.upstream.last().all("x-forwarded-host"), [told]);
    }
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0x7f.0.0.1",
        "2130706433",
        "localhost",
        "xn--wki-8ma.test",
        "evilwiki.test",
        "wiki.test.evil",
        "sub.wiki.test",
        "test",
    ] {
        let headers = [("Host", host), ("Cookie", ANA)];
        assert_eq!(house.get("GET /page", &headers).await.status, 404, "{host}");
    }
    // A cookie of one app names nobody at another, whatever stands in the target.
    let headers = [("Host", "payroll.test"), ("Cookie", ANA)];
    assert_eq!(
        house.get("GET http://payroll.test/", &headers).await.status,
        401
    );
    assert_eq!(house.upstream.seen().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_another_host_is_misdirected_before_any_credential_is_read() {
    let house = House::usual().await;
    // One certificate covers them all, so a browser may use one connection for all.
    for host in [
        "payroll.test",
        "PAYROLL.test.",
        "payroll.test:443",
        "own.test",
        "sign-in.test",
        "nowhere.test",
        "127.0.0.1",
    ] {
        for cookie in [ANA, TWO_COOKIES] {
            let mut io = connect_tls(&house, "wiki.test", b"http/1.1").await;
            let answer = send(&mut io, "GET /", &[("Host", host), ("Cookie", cookie)]).await;
            assert_eq!(answer.status, 421, "{host}: {answer:?}");
            assert!(answer.all("set-cookie").is_empty());
            let mut frames = Frames::open(&house, "wiki.test").await;
            let fields = with(&[
                (":authority", host.as_bytes()),
                ("cookie", cookie.as_bytes()),
            ]);
            assert_eq!(frames.ask(&fields).await.problem(), "misdirected", "{host}");
            // The connection goes on for its own host.
            let own = frames
                .ask(&with(&[(":authority", b"WIKI.test.:443")]))
                .await;
            assert_eq!(own.status(), Some(200), "{own:?}");
        }
    }
    let mut io = connect_tls(&house, "other.test", b"http/1.1").await;
    let covered = send(&mut io, "GET /", &[("Host", "other.test")]).await;
    assert_eq!(covered.status, 404, "a certificate without an app");
    let answer = send(&mut io, "GET /", &[("Host", "wiki.test"), ("Cookie", ANA)]).await;
    assert_eq!(answer.status, 421);
}

#[tokio::test(flavor = "multi_thread")]
async fn host_and_authority_name_the_same_over_http_2() {
    let house = House::usual().await;
    let mut frames = Frames::open(&house, "wiki.test").await;
    for host in ["wiki.test", "WIKI.test.", "wiki.test:443"] {
        assert_eq!(
            frames.ask(&and("host", host)).await.status(),
            Some(200),
            "{host}"
        );
        assert_eq!(house.upstream.last().all("host"), ["wiki.test"]);
    }
    let alone = [without(":authority"), vec![field("host", "wiki.test")]].concat();
    let outcome = frames.ask(&alone).await;
    assert!(
        outcome.status() == Some(200) || outcome.is_refused(),
        "{outcome:?}"
    );
    let reached = house.upstream.seen().len();
    let twice = |one: &str, two: &str| [and("host", one), vec![field("host", two)]].concat();
    for (fields, why) in [
        (and("host", "payroll.test"), "host-mismatch"),
        (and("host", "wiki.test:8443"), "host-mismatch"),
        (and("host", ""), "host-malformed"),
        (and("host", "x@wiki.test"), "user-info"),
        (twice("wiki.test", "wiki.test"), "host-repeated"),
        (twice("wiki.test", "payroll.test"), "host-repeated"),
        (with(&[(":authority", b"wiki.test:08443")]), "port"),
        (with(&[(":authority", b"wiki.test:")]), "port"),
        (with(&[(":authority", b"x@wiki.test")]), "user-info"),
        (with(&[(":authority", b"x:y@wiki.test")]), "user-info"),
        (with(&[(":authority", b"wiki..test")]), "host-malformed"),
        (with(&[(":authority", b"wiki.test..")]), "host-malformed"),
        (
            with(&[(":authority", b"payroll.test"), ("host", b"wiki.test")]),
            "host-mismatch",
        ),
    ] {
        let outcome = Frames::open(&house, "wiki.test").await.ask(&fields).await;
        assert_eq!(
            (outcome.status(), &*outcome.problem()),
            (Some(400), why),
            "{fields:?}"
        );
    }
    for authority in [
        &b""[..],
        b"wiki.test/",
        b"wiki.test/admin",
        b"wiki.test?x",
        b"wiki.test#x",
        b"wiki.test payroll.test",
        b"wiki.test,payroll.test",
        b"w\xc4\xb1ki.test",
        b"[::1",
        b"wiki.test\r\nX-Evil: 1",
        b"wiki.test\0",
    ] {
        let mut frames = Frames::open(&house, "wiki.test").await;
        let outcome = frames.ask(&with(&[(":authority", authority)])).await;
        assert!(outcome.is_refused(), "{authority:?}: {outcome:?}");
    }
    assert_eq!(house.upstream.seen().len(), reached);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_to_tls_leads_to_no_other_host() {
    let house = House::usual().await;
    for (line, host, location) in [
        (
            "GET //evil.test/x",
            "wiki.test",
            "https://wiki.test//evil.test/x",
        ),
        ("GET /\\evil.test", "wiki.test", ""),
        ("GET http://evil.test/x", "wiki.test", ""),
        ("GET /x", "wiki.test@evil.test", ""),
        ("GET /x", "evil.test", ""),
        ("GET /x", "WIKI.test.:8080", "https://wiki.test/x"),
        ("GET /x%0d%0aSet-Cookie:a=1", "wiki.test", ""),
    ] {
        let answer = raw(house.redirect, text(line, &[("Host", host)]).as_bytes())
            .await
            .unwrap();
        match location {
            "" => assert!(
                answer.status >= 400 && answer.all("location").is_empty(),
                "{answer:?}"
            ),
            location => assert_eq!(answer.one("location"), location),
        }
    }
}
