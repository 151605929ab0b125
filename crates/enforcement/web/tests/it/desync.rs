//! Where one request ends and the next begins: framing that two readers take differently, and
//! what follows a request that was refused with its body.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use crate::{
    client::{connect, text},
    house::{ANA, House},
};

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

/// What is smuggled.
fn hidden() -> String {
    text("GET /hidden", &OWN)
}

/// A last request, after which the server closes.
fn last() -> String {
    text(
        "GET /last",
        &[&OWN[..], &[("Connection", "close")]].concat(),
    )
}

/// Sends some bytes and a last request behind them; the status of every answer that came.
async fn answers(address: std::net::SocketAddr, bytes: &[u8]) -> Vec<u16> {
    let mut io = connect(address).await;
    let sent = [bytes, last().as_bytes()].concat();
    // The other side may hang up in the middle of it.
    let _ = io.write_all(&sent).await;
    let mut all = Vec::new();
    let reading = timeout(Duration::from_secs(30), io.read_to_end(&mut all)).await;
    let text = String::from_utf8_lossy(&all).into_owned();
    assert!(
        reading.is_ok(),
        "nobody closes after {:?}: {text}",
        String::from_utf8_lossy(bytes)
    );
    text.match_indices("HTTP/1.1 ")
        .filter(|(at, _)| {
            *at == 0 || text[..*at].ends_with('\n') || text[..*at].ends_with(['}', '>', 'm'])
        })
        .map(|(at, _)| text[at + 9..at + 12].parse().unwrap())
        .filter(|status| *status != 100)
        .collect()
}

fn nothing_hidden(house: &House, what: &str) {
    for seen in house.upstream.seen() {
        assert!(!seen.line().contains("/hidden"), "{what:?} let it through");
    }
}

/// A request with a body that is another request, framed in each of the two ways.
fn carrying(line: &str, headers: &[(&str, &str)]) -> Vec<String> {
    let hidden = hidden();
    let length = hidden.len().to_string();
    let fixed = text(line, &[headers, &[("Content-Length", &length)]].concat());
    let chunked = text(
        line,
        &[headers, &[("Transfer-Encoding", "chunked")]].concat(),
    );
    let (start, rest) = hidden.split_at(10);
    vec![
        format!("{fixed}{hidden}"),
        format!("{chunked}{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len()),
        format!(
            "{chunked}a\r\n{start}\r\n{:x}\r\n{rest}\r\n0\r\nX-Sum: 1\r\n\r\n",
            rest.len()
        ),
    ]
}

/// What is asked, with which headers more, and what comes of it.
type Case = (&'static str, Vec<(&'static str, &'static str)>, u16);

#[tokio::test(flavor = "multi_thread")]
async fn the_body_of_a_refused_request_is_no_request() {
    let house = House::usual().await;
    let page = ("Sec-Fetch-Mode", "navigate");
    let wiki = OWN[0];
    let cases: [Case; 12] = [
        ("POST /page", vec![wiki], 401),
        ("POST /page", vec![wiki, page], 401),
        ("GET /page", vec![wiki, page], 303),
        ("POST /admin/x", OWN.to_vec(), 403),
        (
            "POST /page",
            vec![wiki, OWN[1], ("Origin", "http://evil.test")],
            403,
        ),
        ("POST /page", vec![wiki, OWN[1]], 403),
        ("POST /a;b", OWN.to_vec(), 400),
        ("POST /page", vec![("Host", "nowhere.test")], 404),
        ("POST /.gatewright/callback", OWN.to_vec(), 400),
        ("POST /.gatewright/x", OWN.to_vec(), 404),
        (
            "OPTIONS /api/x",
            vec![
                wiki,
                ("Origin", "https://evil.test"),
                ("Access-Control-Request-Method", "PUT"),
            ],
            403,
        ),
        (
            "POST /page",
            vec![wiki, ("Cookie", "__Host-gw-session=a; __Host-gw-session=b")],
            400,
        ),
    ];
    for (line, headers, status) in cases {
        for expects in [false, true] {
            let mut headers = headers.clone();
            if expects {
                headers.push(("Expect", "100-continue"));
            }
            for request in carrying(line, &headers) {
                let answers = answers(house.http, request.as_bytes()).await;
                // The last request is answered, or the connection is closed before it.
                assert_eq!(answers[0], status, "{request}: {answers:?}");
                assert!(matches!(answers[1..], [] | [200]), "{request}: {answers:?}");
                nothing_hidden(&house, &request);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_is_the_body_that_is_too_much_for_an_own_app() {
    let house = House::usual().await;
    let own = [
        ("Host", "own.test"),
        ("Cookie", "__Host-gw-session=ana-at-own"),
        ("Origin", "http://own.test"),
    ];
    let many = hidden().repeat(1000);
    let length = many.len().to_string();
    let fixed = text(
        "POST /",
        &[&own[..], &[("Content-Length", &length)]].concat(),
    );
    let chunked = text(
        "POST /",
        &[&own[..], &[("Transfer-Encoding", "chunked")]].concat(),
    );
    for request in [
        format!("{fixed}{many}"),
        format!("{chunked}{:x}\r\n{many}\r\n0\r\n\r\n", many.len()),
    ] {
        let answers = answers(house.http, request.as_bytes()).await;
        assert!(
            matches!(answers[..], [] | [413] | [413, 200]),
            "{answers:?}"
        );
        nothing_hidden(&house, "a body for an own app");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_on_the_way_to_tls() {
    let house = House::usual().await;
    for request in carrying("POST /page", &OWN[..1]) {
        let answers = answers(house.redirect, request.as_bytes()).await;
        assert!(matches!(answers[..], [403] | [403, 308]), "{answers:?}");
    }
    for request in carrying("GET /page", &OWN[..1]) {
        let answers = answers(house.redirect, request.as_bytes()).await;
        assert!(matches!(answers[..], [308] | [308, 308]), "{answers:?}");
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_refused_without_being_told_to_go_on_may_not_ask_in_its_place() {
    let house = House::usual().await;
    let length = hidden().len().to_string();
    let expecting = [("Expect", "100-continue"), ("Content-Length", &length)];
    let refused = text("POST /admin/x", &[&OWN[..], &expecting].concat());
    // Whether what follows was meant as the body or as a request is not known.
    let answers = answers(house.http, format!("{refused}{}", hidden()).as_bytes()).await;
    assert!(matches!(answers[..], [403] | [403, 200]), "{answers:?}");
    nothing_hidden(&house, "a client that expects");
    for expectation in ["100-Continue", "200-ok", "100-continue, x", ""] {
        let headers = [
            &OWN[..],
            &[("Expect", expectation), ("Content-Length", "0")],
        ]
        .concat();
        let answers = self::answers(house.http, text("POST /page", &headers).as_bytes()).await;
        assert!(
            answers
                .iter()
                .all(|status| matches!(status, 200 | 417 | 400)),
            "{answers:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_disguise_of_transfer_encoding_moves_the_end_of_a_body() {
    let house = House::usual().await;
    let body = format!("0\r\n\r\n{}", hidden());
    let length = format!("Content-Length: {}", body.len());
    for line in [
        "Transfer-Encoding: chunked",
        "transfer-encoding:chunked",
        "Transfer-Encoding:\tchunked",
        "Transfer-Encoding: chunked ",
        "Transfer-Encoding: Chunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "\tTransfer-Encoding: chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "X: y\r\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: 'chunked'",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: x-chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chun\u{212a}ed",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding: \u{c}chunked",
        "Transfer-Encoding: chunked\0",
        "Transfer-Encoding: cow",
        "Transfer-Encoding:",
        "Transfer_Encoding: chunked",
        "Transfer.Encoding: chunked",
        "Transfer-Encoding\0: chunked",
        "X-Transfer-Encoding: chunked",
        "Connection: close, Content-Length\r\nX-A: b",
        "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
        "TE: chunked",
        "Trailer: Content-Length",
    ] {
        for order in [format!("{length}\r\n{line}"), format!("{line}\r\n{length}")] {
            let head = text("POST /outer", &OWN);
            let head = head.trim_end_matches("\r\n");
            let request = format!("{head}\r\n{order}\r\n\r\n{body}");
            let answers = answers(house.http, request.as_bytes()).await;
            nothing_hidden(&house, line);
            let fine = match answers[..] {
                [200] => line.contains("close"),
                [200, 200] => true,
                [refused] => (400..500).contains(&refused),
                [] => true,
                _ => false,
            };
            assert!(fine, "{order}: {answers:?}");
            for seen in house.upstream.seen() {
                let whole = seen.line().contains("/last") || seen.body == body.as_bytes();
                assert!(whole, "{order}: {seen:?}");
                assert!(
                    line.starts_with("X-T") || !seen.head.to_lowercase().contains("\r\ntransfer"),
                    "{order}: {seen:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_of_a_length_moves_the_end_of_a_body() {
    let house = House::usual().await;
    for lines in [
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nContent-Length: 0",
        "Content-Length: 0\r\ncontent-length: 5",
        "Content-Length: 5, 5",
        "Content-Length: 5, 0",
        "Content-Length: 5,",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length: 5e0",
        "Content-Length: 5.0",
        "Content-Length: \"5\"",
        "Content-Length: 5 5",
        "Content-Length: \u{665}",
        "Content-Length:",
        "Content-Length: 5\u{b}",
        "Content-Length: 5;x",
        "Content-Length: 18446744073709551621",
        "Content-Length: 99999999999999999999999999",
        "Content-Length : 5",
        " Content-Length: 5",
        "Content-Length:\r\n 5",
        "X: y\nContent-Length: 5",
        "X: y\rContent-Length: 5",
    ] {
        let head = text("POST /outer", &OWN);
        let head = head.trim_end_matches("\r\n");
        let request = format!("{head}\r\n{lines}\r\n\r\nhello{}", hidden());
        let answers = answers(house.http, request.as_bytes()).await;
        let refused = matches!(answers[..], [] | [400..=499]);
        assert!(refused, "{lines}: {answers:?}");
        assert!(house.upstream.seen().is_empty(), "{lines}");
    }
    for (lines, reached) in [
        ("Content-Length: 05", "5"),
        ("Content-Length:5 ", "5"),
        ("Content_Length: 99\r\nContent-Length: 5", "5"),
        (
            "Content-Length: 5\r\nContent.Length: 0\r\nContent_Length: 0",
            "5",
        ),
    ] {
        let head = text("POST /outer", &OWN);
        let head = head.trim_end_matches("\r\n");
        let request = format!("{head}\r\n{lines}\r\n\r\nhello");
        assert_eq!(
            answers(house.http, request.as_bytes()).await,
            [200, 200],
            "{lines}"
        );
        let all = house.upstream.seen();
        let outer = &all[all.len() - 2];
        assert_eq!(outer.all("content-length"), [reached], "{lines}");
        assert_eq!(outer.body, b"hello");
        assert!(outer.all("content_length").is_empty() && outer.all("content.length").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_of_a_chunk_moves_the_end_of_a_body() {
    let house = House::usual().await;
    let hidden = hidden();
    let chunked = text(
        "POST /outer",
        &[&OWN[..], &[("Transfer-Encoding", "chunked")]].concat(),
    );
    // Forms that RFC 9112 allows: the body is what they say, once.
    for body in [
        "5\r\nhello\r\n0\r\n\r\n",
        "0005\r\nhello\r\n000\r\n\r\n",
        "5;a=b\r\nhello\r\n0;c\r\n\r\n",
        "5;a=\"x;y\"\r\nhello\r\n0\r\n\r\n",
        "2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n",
    ] {
        let answers = answers(house.http, format!("{chunked}{body}").as_bytes()).await;
        assert!(
            matches!(answers[..], [200, 200] | [400]),
            "{body}: {answers:?}"
        );
        for seen in house.upstream.seen() {
            let body = String::from_utf8_lossy(&seen.body).into_owned();
            assert!(
                seen.line().contains("/last") || body.starts_with("hello"),
                "{seen:?}"
            );
        }
    }
    for body in [
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r\n0\n\r\n",
        "5\r\nhello\r\n0\r\n\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "4\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5h\r\nhello\r\n0\r\n\r\n",
        "5_0\r\nhello\r\n0\r\n\r\n",
        "\u{665}\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffff5\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "00000000000000000000000000000000005\n",
        "zz\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nContent-Length : 5\r\n\r\n",
        "5\r\nhello\r\n0\r\n X: folded\r\n\r\n",
        "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: a\nb\r\n\r\n",
        "5\r\nhello\r\n0\r\nX: a\0b\r\n\r\n",
    ] {
        let request = format!("{chunked}{body}{hidden}");
        let answers = answers(house.http, request.as_bytes()).await;
        nothing_hidden(&house, body);
        assert!(
            !answers[1.min(answers.len())..].contains(&200),
            "{body:?}: {answers:?}"
        );
    }
    nothing_hidden(&house, "chunks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_has_one_end_and_a_head_one_beginning() {
    let house = House::usual().await;
    let own = format!("Host: wiki.test\r\nCookie: {ANA}");
    for request in [
        format!("GET /page HTTP/1.1\r{own}\r\n\r\n"),
        format!("GET /page HTTP/1.1\r\n{own}\r\r\n\r\n"),
        format!("GET /page HTTP/1.1\r\n{own}\r\n\n"),
        format!("GET /page HTTP/1.1\r\n{own}\n\n"),
        format!("GET /page HTTP/1.1\n\r\n{own}\r\n\r\n"),
        format!("GET /page\r\n{own}\r\n\r\n"),
        format!("GET /page HTTP/0.9\r\n{own}\r\n\r\n"),
        format!("GET /page HTTP/1.2\r\n{own}\r\n\r\n"),
        format!("GET /page HTTP/2.0\r\n{own}\r\n\r\n"),
        format!("GET /page http/1.1\r\n{own}\r\n\r\n"),
        format!("GET /page HTTP/1.1 x\r\n{own}\r\n\r\n"),
        format!("GET\t/page\tHTTP/1.1\r\n{own}\r\n\r\n"),
        format!("GET /page /admin/x HTTP/1.1\r\n{own}\r\n\r\n"),
        format!(" GET /page HTTP/1.1\r\n{own}\r\n\r\n"),
        format!("GET /page HTTP/1.1\r\n {own}\r\n\r\n"),
        format!("\u{feff}GET /page HTTP/1.1\r\n{own}\r\n\r\n"),
        format!("GET /page\0 HTTP/1.1\r\n{own}\r\n\r\n"),
        format!("\nGET /page HTTP/1.1\r\n{own}\r\n\r\n"),
        format!("GET /page HTTP/1.1\r\n{own}\r\nno-colon\r\n\r\n"),
        format!("GET /page HTTP/1.1\r\n{own}\r\n: empty\r\n\r\n"),
    ] {
        let answers = answers(house.http, request.as_bytes()).await;
        assert!(
            matches!(answers[..], [] | [400..=499] | [505]),
            "{request:?}: {answers:?}"
        );
    }
    assert!(house.upstream.seen().is_empty());
}

/// Where another reader takes a bare LF for the end of the trailers, the next request begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_behind_a_bare_line_feed_in_trailers_is_neither_swallowed_nor_answered() {
    let house = House::usual().await;
    for end in ["0\r\n\n", "0\r\na: b\n\r\n", "0\r\na: b\n\n"] {
        for more in [&OWN[..], &OWN[..1]] {
            let before = house.upstream.seen().len();
            let chunked = [more, &[("Transfer-Encoding", "chunked")]].concat();
            let sent = [
                text("POST /outer", &chunked),
                format!("5\r\nhello\r\n{end}"),
                text("GET /behind", &OWN),
            ];
            let answers = answers(house.http, sent.concat().as_bytes()).await;
            assert!(
                matches!(answers[..], [] | [400] | [401]),
                "{end:?}: {answers:?}"
            );
            let seen = house.upstream.seen();
            let behind = seen.iter().skip(before);
            assert!(!behind.into_iter().any(|s| s.line().contains("/behind")));
        }
    }
}
