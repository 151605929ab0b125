//! Requests that two readers could take differently, over raw sockets.

use tokio::io::AsyncWriteExt as _;

use crate::{
    client::{connect, connect_tls, raw, read_answer, send, text},
    house::{ANA, House},
};

#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_requests_are_refused_before_anybody_is_asked() {
    let house = House::usual().await;
    let cases: &[(&str, &str)] = &[
        (
            "content-length",
            "POST / HTTP/1.1\r\nHost: wiki.test\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        ),
        (
            "transfer-encoding",
            "POST / HTTP/1.1\r\nHost: wiki.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "transfer-encoding",
            "POST / HTTP/1.1\r\nHost: wiki.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        ),
        (
            "transfer-encoding",
            "POST / HTTP/1.1\r\nHost: wiki.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "transfer-encoding",
            "POST / HTTP/1.1\r\nHost: wiki.test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("bare-line-feed", "GET / HTTP/1.1\nHost: wiki.test\r\n\r\n"),
        (
            "bare-line-feed",
            "GET / HTTP/1.1\r\nHost: wiki.test\nX: y\r\n\r\n",
        ),
        ("fragment", "GET /#x HTTP/1.1\r\nHost: wiki.test\r\n\r\n"),
        ("host-missing", "GET / HTTP/1.1\r\n\r\n"),
        ("host-missing", "GET / HTTP/1.0\r\n\r\n"),
        (
            "host-repeated",
            "GET / HTTP/1.1\r\nHost: wiki.test\r\nHost: wiki.test\r\n\r\n",
        ),
        (
            "host-mismatch",
            "GET http://payroll.test/ HTTP/1.1\r\nHost: wiki.test\r\n\r\n",
        ),
        (
            "host-malformed",
            "GET / HTTP/1.1\r\nHost: wiki.test, payroll.test\r\n\r\n",
        ),
        ("user-info", "GET / HTTP/1.1\r\nHost: x@wiki.test\r\n\r\n"),
        ("port", "GET / HTTP/1.1\r\nHost: wiki.test:80x\r\n\r\n"),
        (
            "scheme",
            "GET https://wiki.test/ HTTP/1.1\r\nHost: wiki.test\r\n\r\n",
        ),
        ("method", "TRACE / HTTP/1.1\r\nHost: wiki.test\r\n\r\n"),
        (
            "method",
            "CONNECT wiki.test:80 HTTP/1.1\r\nHost: wiki.test:80\r\n\r\n",
        ),
        ("method", "get / HTTP/1.1\r\nHost: wiki.test\r\n\r\n"),
        (
            "not-a-path",
            "OPTIONS * HTTP/1.1\r\nHost: wiki.test\r\n\r\n",
        ),
        (
            "encoded-slash",
            "GET /a%2fb HTTP/1.1\r\nHost: wiki.test\r\n\r\n",
        ),
        ("route", "GET //admin/x HTTP/1.1\r\nHost: wiki.test\r\n\r\n"),
        (
            "route",
            "GET /%2561dmin/x HTTP/1.1\r\nHost: wiki.test\r\n\r\n",
        ),
        ("parameter", "GET /a;b HTTP/1.1\r\nHost: wiki.test\r\n\r\n"),
        (
            "dot-segment",
            "GET /a/../admin/x HTTP/1.1\r\nHost: wiki.test\r\n\r\n",
        ),
        (
            "dot-segment",
            "GET /a/%2e%2e/admin/x HTTP/1.1\r\nHost: wiki.test\r\n\r\n",
        ),
        (
            "dot-segment",
            "GET /lax/..%2fadmin HTTP/1.1\r\nHost: wiki.test\r\n\r\n",
        ),
        ("backslash", "GET /a\\b HTTP/1.1\r\nHost: wiki.test\r\n\r\n"),
        ("control", "GET /a%00 HTTP/1.1\r\nHost: wiki.test\r\n\r\n"),
        ("text", "GET /%ff HTTP/1.1\r\nHost: wiki.test\r\n\r\n"),
        (
            "upgrade",
            "GET / HTTP/1.1\r\nHost: wiki.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        ),
        (
            "credentials",
            "GET / HTTP/1.1\r\nHost: wiki.test\r\nCookie: __Host-gw-session=a; __Host-gw-session=b\r\n\r\n",
        ),
        (
            "credentials",
            "GET / HTTP/1.1\r\nHost: wiki.test\r\nCookie: __Host-gw-session=a; __Host-gw-sso=b\r\n\r\n",
        ),
        (
            "header-repeated",
            "GET / HTTP/1.1\r\nHost: wiki.test\r\nOrigin: http://wiki.test\r\nOrigin: http://x\r\n\r\n",
        ),
    ];
    for (why, request) in cases {
        let answer = raw(house.http, request.as_bytes())
            .await
            .unwrap_or_default();
        assert_eq!(answer.status, 400, "{request:?}: {answer:?}");
        let problem = answer.problem();
        assert_eq!(
            problem["type"],
            format!("urn:gatewright:problem:{why}"),
            "{request:?}"
        );
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_parser_refuses_by_itself_never_gets_further() {
    let house = House::usual().await;
    let long = format!(
        "GET / HTTP/1.1\r\nHost: wiki.test\r\nX: {}\r\n\r\n",
        "x".repeat(40 * 1024)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nHost: wiki.test\r\n{}\r\n",
        "X: y\r\n".repeat(101)
    );
    for request in [
        "GET / HTTP/1.1\r\nHost : wiki.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: wiki.test\r\n folded\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: wiki.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: wiki.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: wiki.test\r\nContent-Length: +5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: wiki.test\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: wiki.test\r\nX: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: wiki.test\r\nX: a\rb\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: wiki.test\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &long,
        &many,
    ] {
        let answer = raw(house.http, request.as_bytes()).await;
        let refused = answer.is_none_or(|a| (400..500).contains(&a.status));
        assert!(refused, "{:?}", &request[..request.len().min(120)]);
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_hidden_in_a_body_stays_a_body() {
    let house = House::usual().await;
    let hidden = text(
        "GET /admin/hidden",
        &[("Host", "wiki.test"), ("Cookie", ANA)],
    );
    let own = [
        ("Host", "wiki.test"),
        ("Cookie", ANA),
        ("Origin", "http://wiki.test"),
    ];
    let length = hidden.len().to_string();
    let mut io = connect(house.http).await;
    let fixed = [&own[..], &[("Content-Length", &length)]].concat();
    io.write_all(text("POST /fixed", &fixed).as_bytes())
        .await
        .unwrap();
    io.write_all(hidden.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
    let chunked = [&own[..], &[("Transfer-Encoding", "chunked")]].concat();
    let chunks = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
    io.write_all(text("POST /chunked", &chunked).as_bytes())
        .await
        .unwrap();
    io.write_all(chunks.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
    assert_eq!(send(&mut io, "GET /last", &own).await.status, 200);
    let lines: Vec<_> = house
        .upstream
        .seen()
        .iter()
        .map(|s| s.line().to_owned())
        .collect();
    assert_eq!(
        lines,
        [
            "POST /fixed HTTP/1.1",
            "POST /chunked HTTP/1.1",
            "GET /last HTTP/1.1"
        ]
    );
    assert!(
        house.upstream.seen()[..2]
            .iter()
            .all(|s| s.body == hidden.as_bytes())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_each_judged_and_answered_in_order() {
    let house = House::usual().await;
    let own = [("Host", "wiki.test"), ("Cookie", ANA)];
    let both = text("GET /one", &own) + &text("GET /admin/two", &own) + &text("GET /three", &own);
    let mut io = connect(house.http).await;
    io.write_all(both.as_bytes()).await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(read_answer(&mut io).await.unwrap().status);
    }
    assert_eq!(statuses, [200, 403, 200]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_broken_chunks_nothing_more_is_read_from_the_connection() {
    let house = House::usual().await;
    let own = [
        ("Host", "wiki.test"),
        ("Cookie", ANA),
        ("Origin", "http://wiki.test"),
    ];
    for chunks in ["5\nhello\r\n0\r\n\r\n", "zz\r\n", "5\r\nhelloXX0\r\n\r\n"] {
        let mut io = connect(house.http).await;
        let head = text(
            "POST /chunked",
            &[&own[..], &[("Transfer-Encoding", "chunked")]].concat(),
        );
        let hidden = text("GET /hidden", &own);
        io.write_all(format!("{head}{chunks}{hidden}").as_bytes())
            .await
            .unwrap();
        while let Some(answer) = read_answer(&mut io).await {
            assert_ne!(answer.status, 200, "{chunks:?}");
        }
    }
    assert!(
        house
            .upstream
            .seen()
            .iter()
            .all(|s| !s.line().contains("hidden"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_opened_for_one_host_serves_no_other() {
    let house = House::usual().await;
    let mut io = connect_tls(&house, "wiki.test", b"http/1.1").await;
    let misdirected = send(
        &mut io,
        "GET /",
        &[("Host", "payroll.test"), ("Cookie", ANA)],
    )
    .await;
    assert_eq!(misdirected.status, 421);
    assert_eq!(
        misdirected.problem()["type"],
        "urn:gatewright:problem:misdirected"
    );
    let served = send(&mut io, "GET /", &[("Host", "WIKI.test."), ("Cookie", ANA)]).await;
    assert_eq!(served.status, 200);
    assert_eq!(served.one("strict-transport-security"), "max-age=63072000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_nobody_serves_is_not_found() {
    let house = House::usual().await;
    assert_eq!(
        house.get("GET /", &[("Host", "nowhere.test")]).await.status,
        404
    );
    assert_eq!(
        house.get("GET /", &[("Host", "127.0.0.1")]).await.status,
        404
    );
    let page = [("Host", "nowhere.test"), ("Accept", "text/html")];
    let answer = house.get("GET /", &page).await;
    assert!(
        answer.one("content-type").starts_with("text/html") && answer.body.contains("nowhere.test")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_is_the_clients_fault_and_not_the_apps() {
    let house = House::usual().await;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: wiki.test\r\nOrigin: http://wiki.test\r\nCookie: {ANA}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"
    );
    let answer = raw(house.http, request.as_bytes())
        .await
        .unwrap_or_default();
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.problem()["type"], "urn:gatewright:problem:body");
}
