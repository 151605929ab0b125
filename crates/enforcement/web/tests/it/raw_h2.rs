//! What no client of HTTP/2 would send, frame by frame.

use crate::{
    frames::{
        CONTINUATION, END_HEADERS, END_STREAM, Field, Frames, HEADERS, Outcome, and, block, field,
        frame, usual, with, without,
    },
    house::{House, until},
};

async fn ask(house: &House, fields: &[Field]) -> Outcome {
    Frames::open(house, "wiki.test").await.ask(fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_request_passes_frame_by_frame() {
    let house = House::usual().await;
    assert_eq!(ask(&house, &usual()).await.status(), Some(200));
    let mut frames = Frames::open(&house, "wiki.test").await;
    let posted = with(&[
        (":method", b"POST"),
        ("te", b"trailers"),
        ("trailer", b"x-sum"),
    ]);
    let trailers = [field("x-sum", "7")];
    assert_eq!(
        frames.ask_with(&posted, b"hello", &trailers).await.status(),
        Some(200)
    );
    assert_eq!(
        frames.ask(&with(&[(":path", b"/admin/x")])).await.status(),
        Some(403)
    );
    let seen = house.upstream.last();
    assert_eq!(
        (seen.line(), &*seen.body),
        ("POST /page HTTP/1.1", &b"hello\ntrailer x-sum: 7"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_two_readers_could_take_differently_is_refused() {
    let house = House::usual().await;
    for (path, why) in [
        ("/page#x", "fragment"),
        ("/#", "fragment"),
        ("/page?q#x", "fragment"),
        ("page", "not-a-path"),
        ("*", "not-a-path"),
        ("?q", "not-a-path"),
        ("http://wiki.test/page", "not-a-path"),
        ("https://payroll.test/page", "not-a-path"),
        ("/a/../admin/x", "dot-segment"),
        ("/a/%2e%2e/admin/x", "dot-segment"),
        ("/a/..;/admin/x", "dot-segment"),
        ("//admin/x", "route"),
        ("/ADMIN/x", "route"),
        ("/%2561dmin/x", "route"),
        ("/a%2fb", "encoded-slash"),
        ("/a;b", "parameter"),
        ("/a\\b", "backslash"),
        ("/a%5cb", "backslash"),
        ("/a%00", "control"),
        ("/a%0d%0aX-Evil:1", "control"),
        ("/%ff", "text"),
        ("/%zz", "percent-encoding"),
    ] {
        let outcome = ask(&house, &with(&[(":path", path.as_bytes())])).await;
        // Where the parser refuses it by itself, the stream is reset.
        let fine = outcome == Outcome::Reset
            || (outcome.status(), &*outcome.problem()) == (Some(400), why);
        assert!(
            fine && (why != "fragment" || outcome != Outcome::Reset),
            "{path}: {outcome:?}"
        );
    }
    for path in [
        &b""[..],
        b"#",
        b"/a b",
        b"/a\tb",
        b"/a\r\nHost: evil",
        b"/a\0",
        b"/\xff\xfe",
        b" /a",
        b"/a ",
    ] {
        let outcome = ask(&house, &with(&[(":path", path)])).await;
        assert!(outcome.is_refused(), "{path:?}: {outcome:?}");
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_through_an_extended_connect() {
    let house = House::usual().await;
    for (path, why) in [
        ("/admin/x", "refused"),
        ("/page#x", "fragment"),
        ("*", "not-a-path"),
        ("/a/../admin/x", "dot-segment"),
        ("//admin/x", "route"),
        ("/ADMIN/x", "route"),
        ("/admin%3Fx", "route"),
        ("/a%2fb", "encoded-slash"),
        ("/.gatewright/x", "upgrade"),
    ] {
        let mut fields = with(&[(":method", b"CONNECT"), (":path", path.as_bytes())]);
        fields.insert(1, field(":protocol", "websocket"));
        fields.push(field("sec-websocket-version", "13"));
        let mut frames = Frames::open(&house, "wiki.test").await;
        let stream = frames.stream();
        frames
            .send(&frame(HEADERS, END_HEADERS, stream, &block(&fields)))
            .await;
        assert_eq!(frames.outcome(stream).await.problem(), why, "{path}");
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_fragment_the_connection_serves_nothing_more() {
    let house = House::usual().await;
    let mut frames = Frames::open(&house, "wiki.test").await;
    assert_eq!(frames.ask(&usual()).await.status(), Some(200));
    let outcome = frames.ask(&with(&[(":path", b"/page#x")])).await;
    assert_eq!(outcome.problem(), "fragment");
    let after = frames.ask(&usual()).await;
    assert!(after.is_refused(), "{after:?}");
    assert_eq!(house.upstream.seen().len(), 1);
    // In several frames, behind one another: the same.
    let mut frames = Frames::open(&house, "wiki.test").await;
    let fields = block(&with(&[(":path", b"/page#x")]));
    let stream = frames.stream();
    let (start, rest) = fields.split_at(7);
    let (middle, end) = rest.split_at(31);
    let mut split = frame(HEADERS, END_STREAM, stream, start);
    split.extend(frame(CONTINUATION, 0, stream, middle));
    split.extend(frame(CONTINUATION, END_HEADERS, stream, end));
    frames.send(&split).await;
    assert_eq!(frames.outcome(stream).await.problem(), "fragment");
    assert_eq!(house.upstream.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn pseudo_headers_stand_once_and_first_and_are_all_there() {
    let house = House::usual().await;
    let twice = |name: &str, value: &str| {
        let mut fields = usual();
        fields.insert(1, field(name, value));
        fields
    };
    let mut late = without(":path");
    late.push(field(":path", "/page"));
    for fields in [
        twice(":method", "GET"),
        twice(":method", "POST"),
        twice(":path", "/page"),
        twice(":path", "/admin/x"),
        twice(":scheme", "https"),
        twice(":authority", "wiki.test"),
        twice(":authority", "payroll.test"),
        twice(":status", "200"),
        twice(":unknown", "x"),
        twice(":protocol", "websocket"),
        without(":method"),
        without(":path"),
        without(":scheme"),
        without(":authority"),
        late,
        and(":path", "/admin/x"),
        and(":authority", "payroll.test"),
        and(":method", "DELETE"),
    ] {
        let outcome = ask(&house, &fields).await;
        assert!(outcome.is_refused(), "{fields:?}: {outcome:?}");
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_schemes_are_read_one_way() {
    let house = House::usual().await;
    for (method, why) in [
        ("get", "method"),
        ("Get", "method"),
        ("TRACE", "method"),
        ("GET1", "method"),
    ] {
        let outcome = ask(&house, &with(&[(":method", method.as_bytes())])).await;
        assert_eq!(outcome.problem(), why, "{method}");
    }
    for method in [
        &b""[..],
        b"GE T",
        b"GET\r\n",
        b"GET /admin/x HTTP/1.1\r\nX:",
        b"CONNECT",
    ] {
        let outcome = ask(&house, &with(&[(":method", method)])).await;
        assert!(outcome.is_refused(), "{method:?}: {outcome:?}");
    }
    for scheme in [
        &b"http"[..],
        b"ftp",
        b"",
        b"https:",
        b"https://wiki.test/admin/x",
        b"ws",
    ] {
        let outcome = ask(&house, &with(&[(":scheme", scheme)])).await;
        assert!(outcome.is_refused(), "{scheme:?}: {outcome:?}");
    }
    let tunnel = [
        field(":method", "CONNECT"),
        field(":authority", "127.0.0.1:22"),
        field("cookie", crate::house::ANA),
    ];
    assert!(ask(&house, &tunnel).await.is_refused());
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_the_connection_have_no_place_in_http_2() {
    let house = House::usual().await;
    for (name, value) in [
        ("connection", "close"),
        ("connection", "gatewright-assertion"),
        ("keep-alive", "5"),
        ("proxy-connection", "keep-alive"),
        ("transfer-encoding", "chunked"),
        ("transfer-encoding", "identity"),
        ("upgrade", "websocket"),
        ("upgrade", "h2c"),
        ("te", "gzip"),
        ("te", "trailers, gzip"),
        ("te", "chunked"),
    ] {
        let outcome = ask(&house, &and(name, value)).await;
        assert!(outcome.is_refused(), "{name}: {value}: {outcome:?}");
    }
    assert!(house.upstream.seen().is_empty());
    assert_eq!(
        ask(&house, &and("te", "trailers")).await.status(),
        Some(200)
    );
    let passed = house.upstream.last();
    assert_eq!(
        passed.all("te"),
        ["trailers"],
        "said by us, to our next hop"
    );
    assert_eq!(passed.all("connection"), ["TE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_or_value_that_http_1_would_split_is_refused() {
    let house = House::usual().await;
    for name in [
        &b"X-Upper"[..],
        b"",
        b"x evil",
        b"x:evil",
        b"x-evil\r\nhost",
        b"x-evil\n",
        b"x\0",
        b"x-\xc3\xa9vil",
        b"gatewright-assertion ",
        b" gatewright-assertion",
        b"x\t",
    ] {
        let fields = [usual(), vec![(name.to_vec(), b"1".to_vec())]].concat();
        let outcome = ask(&house, &fields).await;
        assert!(outcome.is_refused(), "{name:?}: {outcome:?}");
    }
    for value in [
        &b"a\r\nX-Evil: 1"[..],
        b"a\nX-Evil: 1",
        b"a\rX-Evil: 1",
        b"a\0b",
        b"a\r\n\r\nGET /admin/x HTTP/1.1\r\n",
        b"a\x7fb",
    ] {
        let outcome = ask(&house, &and("x-some", value)).await;
        assert!(outcome.is_refused(), "{value:?}: {outcome:?}");
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_the_body_does_not_keep_leaves_no_request_behind() {
    let house = House::usual().await;
    let post = |length: &str| with(&[(":method", b"POST"), ("content-length", length.as_bytes())]);
    let hidden = b"GET /admin/x HTTP/1.1\r\nHost: wiki.test\r\n\r\n";
    for (length, body) in [
        ("5", &b"abc"[..]),
        ("5", hidden),
        ("0", hidden),
        ("+5", b"hello"),
        ("5, 5", b"hello"),
        (" 5", b"hello"),
        ("0x5", b"hello"),
        ("-1", b"hello"),
        ("18446744073709551621", b"hello"),
        ("", b"hello"),
    ] {
        let mut frames = Frames::open(&house, "wiki.test").await;
        let outcome = frames.ask_with(&post(length), body, &[]).await;
        assert_ne!(outcome.status(), Some(200), "{length:?}: {outcome:?}");
    }
    let two = [post("5"), vec![field("content-length", "6")]].concat();
    let mut frames = Frames::open(&house, "wiki.test").await;
    assert_ne!(
        frames.ask_with(&two, b"hello", &[]).await.status(),
        Some(200)
    );
    // Nothing at all where it ends with its head.
    let outcome = ask(&house, &post("5")).await;
    assert_ne!(outcome.status(), Some(200), "{outcome:?}");
    assert_eq!(ask(&house, &usual()).await.status(), Some(200));
    let lines = |part: &str| {
        house
            .upstream
            .seen()
            .iter()
            .filter(|s| s.head.contains(part))
            .count()
    };
    assert_eq!(lines("/admin"), 0);
    assert!(
        house.upstream.seen().iter().all(|s| s.body.is_empty()),
        "none was whole"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_carry_neither_claims_nor_framing_nor_a_second_head() {
    let house = House::usual().await;
    let declared = b"x-sum, gatewright-assertion, x-wiki-user, x_wiki_user, x-forwarded-for, cookie, host, content-length, authorization";
    let post = with(&[(":method", b"POST"), ("trailer", declared)]);
    let claims: Vec<Field> = [
        "gatewright-assertion",
        "gatewright_assertion",
        "x-wiki-user",
        "x_wiki_user",
        "x-forwarded-for",
        "x-http-method-override",
        "cookie",
        "authorization",
        "host",
        "content-length",
        "trailer",
        "set-cookie",
        "expect",
    ]
    .iter()
    .map(|name| field(name, "root"))
    .chain([field("x-sum", "7")])
    .collect();
    let mut frames = Frames::open(&house, "wiki.test").await;
    let outcome = frames.ask_with(&post, b"hello", &claims).await;
    let reached = house.upstream.seen();
    if outcome.status() == Some(200) {
        let body = String::from_utf8(reached.last().unwrap().body.clone()).unwrap();
        assert_eq!(body, "hello\ntrailer x-sum: 7");
    }
    // The parser leaves these out.
    for pseudo in [":path", ":method", ":authority", ":status"] {
        let mut frames = Frames::open(&house, "wiki.test").await;
        frames
            .ask_with(&post, b"hello", &[field(pseudo, "/admin/x")])
            .await;
    }
    for trailers in [
        vec![field("X-Upper", "1")],
        vec![field("connection", "close")],
        vec![field("transfer-encoding", "chunked")],
        vec![field("x-sum", "7\r\nX-Evil: 1")],
    ] {
        let mut frames = Frames::open(&house, "wiki.test").await;
        let outcome = frames.ask_with(&post, b"hello", &trailers).await;
        assert_ne!(outcome.status(), Some(200), "{trailers:?}: {outcome:?}");
    }
    let evil = |s: &crate::upstream::Seen| {
        let all = s.head.clone() + &String::from_utf8_lossy(&s.body);
        all.contains("/admin") || all.to_lowercase().contains("evil")
    };
    assert!(!house.upstream.seen().iter().any(evil));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_path_is_refused_or_remembered_alike_however_it_is_compressed() {
    let house = House::usual().await;
    // A path with a fragment that is put into the table, and a later stream that names it.
    let mut frames = Frames::open(&house, "wiki.test").await;
    let mut first = vec![0x82, 0x87, 0x41, 9];
    first.extend(b"wiki.test");
    first.extend([0x44, 7]);
    first.extend(b"/page#x");
    let one = frames.stream();
    frames
        .send(&frame(HEADERS, END_HEADERS | END_STREAM, one, &first))
        .await;
    assert_eq!(frames.outcome(one).await.problem(), "fragment");
    let two = frames.stream();
    frames
        .send(&frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            two,
            &[0x82, 0x87, 0xbf, 0xbe],
        ))
        .await;
    let again = frames.outcome(two).await;
    assert!(again.is_refused(), "{again:?}");
    assert!(house.upstream.seen().is_empty());
    until(|| house.metrics().requests_refused.value() >= 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_cookies_there_are_they_are_one_header() {
    let house = House::usual().await;
    let many = |name: &'static str, count: usize| -> Vec<Field> {
        (0..count).map(|n| field(name, format!("c{n}=1"))).collect()
    };
    let cookies = [usual(), many("cookie", 200)].concat();
    assert_eq!(ask(&house, &cookies).await.status(), Some(200));
    let others = [usual(), many("x-more", 200)].concat();
    assert_eq!(ask(&house, &others).await.problem(), "headers");
}
