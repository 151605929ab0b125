//! All that an exchange can be: expectations, ranges, answers without a body, answers before
//! their time, clients that end their side, upstreams that break off.

use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use gw_web::Limits;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{body::Frame, client::conn::http2::Builder};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    client::{Answer, connect, connect_tls, raw, read_answer, send, text},
    h2::{client, get, is_reset},
    house::{ANA, House, Plan},
};

const OWN: [(&str, &str); 2] = [("Host", "wiki.test"), ("Cookie", ANA)];

fn with<'h>(more: &[(&'h str, &'h str)]) -> Vec<(&'h str, &'h str)> {
    [&OWN[..], &[("Origin", "http://wiki.test")], more].concat()
}

/// Has the upstream say these very bytes.
async fn said(io: &mut TcpStream, line: &str, bytes: &str) -> Option<Answer> {
    let say = BASE64.encode(bytes.as_bytes());
    let head = text(line, &with(&[("X-Say", &say)]));
    io.write_all(head.as_bytes()).await.unwrap();
    match line.starts_with("HEAD") {
        true => crate::client::read_head(io).await,
        false => read_answer(io).await,
    }
}

async fn until_end(io: &mut (impl AsyncRead + Unpin)) -> (String, std::io::Result<usize>) {
    let mut seen = Vec::new();
    let ended = io.read_to_end(&mut seen).await;
    (String::from_utf8_lossy(&seen).into_owned(), ended)
}

async fn write(io: &mut (impl AsyncWrite + Unpin), text: &str) {
    io.write_all(text.as_bytes()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expectation_other_than_to_go_on_fails() {
    let house = House::usual().await;
    for expected in [
        &[("Expect", "200-ok")][..],
        &[("Expect", "100-continue, x")],
        &[("Expect", "100-continue"), ("Expect", "100-continue")],
        &[("Expect", "")],
    ] {
        let headers = [&with(&[("Content-Length", "5")])[..], expected].concat();
        let mut io = connect(house.http).await;
        let answer = send(&mut io, "POST /upload", &headers).await;
        assert_eq!(answer.status, 417, "{expected:?}");
    }
    assert!(house.upstream.seen().is_empty());
    let mut client = client(&house, 65_535).await;
    let mut request = get("/page");
    request.headers_mut().insert("expect", "x".parse().unwrap());
    assert_eq!(client.send_request(request).await.unwrap().status(), 417);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_an_expectation_that_fails_is_no_request_unless_nothing_was_to_come() {
    let house = House::usual().await;
    let smuggled = text("GET /smuggled", &OWN);
    let length = smuggled.len().to_string();
    for framing in [
        ("Content-Length", &*length),
        ("Transfer-Encoding", "chunked"),
    ] {
        let mut io = connect(house.http).await;
        let expecting = with(&[("Expect", "200-ok"), framing]);
        let answer = send(&mut io, "POST /upload", &expecting).await;
        assert_eq!((answer.status, answer.one("connection")), (417, "close"));
        // Its body, or the next request of a client that did not wait: nobody knows which.
        write(&mut io, &smuggled).await;
        assert!(read_answer(&mut io).await.is_none());
        let mut io = connect(house.http).await;
        write(&mut io, &(text("POST /upload", &expecting) + &smuggled)).await;
        assert_eq!(read_answer(&mut io).await.unwrap().status, 417);
        assert!(read_answer(&mut io).await.is_none());
    }
    assert!(house.upstream.seen().is_empty());
    let mut io = connect(house.http).await;
    let bare = with(&[("Expect", "200-ok"), ("Content-Length", "0")]);
    assert_eq!(send(&mut io, "POST /upload", &bare).await.status, 417);
    assert_eq!(send(&mut io, "GET /page", &OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_was_not_told_to_send_gets_its_answer_and_no_more() {
    let house = House::usual().await;
    let expecting = with(&[("Expect", "100-continue"), ("Content-Length", "60")]);
    let smuggled = text("GET /smuggled", &OWN);
    for (line, status) in [
        ("POST /admin/upload", 403),
        ("POST /a/../b", 400),
        ("POST /.gatewright/x", 404),
    ] {
        let mut io = connect(house.http).await;
        let answer = send(&mut io, line, &expecting).await;
        let told = (answer.status, answer.one("connection"));
        assert_eq!(told, (status, "close"), "{line}");
        // What it sends all the same, or next, is nobody's.
        write(&mut io, &smuggled).await;
        assert!(read_answer(&mut io).await.is_none());
    }
    let expecting_json = with(&[("Expect", "100-Continue"), ("Content-Length", "0")]);
    let mut io = connect(house.http).await;
    assert_eq!(
        send(&mut io, "POST /page", &expecting_json).await.status,
        200
    );
    assert_eq!(send(&mut io, "GET /page", &OWN).await.status, 200);
    let seen = house.upstream.seen();
    assert!(seen.iter().all(|seen| !seen.line().contains("smuggled")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_http_1_0_expects_is_ignored_and_a_lost_upstream_asks_for_nothing() {
    let house = House::usual().await;
    let expecting = with(&[("Expect", "100-continue"), ("Content-Length", "5")]);
    let old = text("POST /upload", &expecting).replace("HTTP/1.1", "HTTP/1.0");
    let answer = raw(house.http, format!("{old}hello").as_bytes()).await;
    assert_eq!(answer.unwrap().status, 200);
    assert_eq!(house.upstream.last().body, b"hello");
    let nowhere = Plan {
        wiki: Box::new(|app| app.upstream = gw_model::Upstream::Http("127.0.0.1:1".into())),
        ..Plan::default()
    };
    let house = House::of(nowhere).await;
    let mut io = connect(house.http).await;
    let answer = send(&mut io, "POST /upload", &expecting).await;
    assert_eq!((answer.status, answer.one("connection")), (502, "close"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_the_length_of_its_get_and_no_body() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    for (said_head, length) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 4711\r\n\r\n",
            Some("4711"),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            None,
        ),
        ("HTTP/1.1 200 OK\r\nETag: \"x\"\r\n\r\n", None),
    ] {
        let answer = said(&mut io, "HEAD /say", said_head).await.unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.all("content-length"), Vec::from_iter(length));
    }
    let refused = said(&mut io, "HEAD /admin/say", "").await.unwrap();
    assert_eq!(refused.status, 403);
    let next = send(&mut io, "GET /page", &OWN).await;
    assert_eq!((next.status, &*next.body), (200, "hello from the upstream"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_pass_untouched() {
    let house = House::usual().await;
    let part = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-5/10\r\nAccept-Ranges: bytes\r\nETag: \"x\"\r\nContent-Length: 4\r\n\r\ncdef";
    let say = BASE64.encode(part.as_bytes());
    let asked = with(&[
        ("X-Say", &say),
        ("Range", "bytes=2-5"),
        ("If-Range", "\"x\""),
    ]);
    let answer = house.get("GET /say", &asked).await;
    assert_eq!((answer.status, &*answer.body), (206, "cdef"));
    assert_eq!(answer.one("content-range"), "bytes 2-5/10");
    assert_eq!(
        (answer.one("accept-ranges"), answer.one("etag")),
        ("bytes", "\"x\"")
    );
    let seen = house.upstream.last();
    assert_eq!(seen.all("range"), ["bytes=2-5"]);
    assert_eq!(seen.all("if-range"), ["\"x\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_a_body_leave_the_connection_in_order() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    for (answer, status) in [
        (
            "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 100\r\n\r\n",
            304,
        ),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", 304),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204),
        (
            "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
            205,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200),
    ] {
        let say = BASE64.encode(answer.as_bytes());
        write(&mut io, &text("GET /say", &with(&[("X-Say", &say)]))).await;
        let got = crate::client::read_head(&mut io).await.unwrap();
        assert_eq!(got.status, status, "{answer:?}");
        let next = send(&mut io, "GET /page", &OWN).await;
        assert_eq!(&*next.body, "hello from the upstream", "after {answer:?}");
    }
    let mut client = client(&house, 65_535).await;
    for answer in [
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n",
        "HTTP/1.1 204 No\r\n\r\n",
    ] {
        let mut request = get("/say");
        let say = BASE64.encode(answer.as_bytes()).parse().unwrap();
        request.headers_mut().insert("x-say", say);
        let got = client.send_request(request).await.unwrap();
        assert!([204, 304].contains(&got.status().as_u16()));
        assert!(
            got.into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .is_empty()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_before_the_answer_is_not_taken_for_it() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let answer = said(&mut io, "GET /say", hints).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (200, "ok"));
    assert!(answer.all("link").is_empty());
    assert_eq!(send(&mut io, "GET /page", &OWN).await.status, 200);
    // Never an answer by itself.
    let mut io = connect(house.http).await;
    let only = "HTTP/1.1 103 Early Hints\r\n\r\n";
    let say = BASE64.encode(only.as_bytes());
    let asked = with(&[("X-Say", &say), ("X-Then", "close")]);
    assert_eq!(send(&mut io, "GET /say", &asked).await.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_one_by_one() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    write(&mut io, &text("GET /stream", &OWN)).await;
    let mut seen = Vec::new();
    while !seen.ends_with(b"tick\n\n\r\n") {
        seen.push(io.read_u8().await.unwrap());
    }
    let mut client = client(&house, 65_535).await;
    let mut answer = client.send_request(get("/stream")).await.unwrap();
    let event = answer.frame().await.unwrap().unwrap();
    assert_eq!(event.data_ref().unwrap(), "tick\n\n");
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_answered_early_gets_the_answer_and_the_connection_ends() {
    let house = House::usual().await;
    for path in ["/early", "/early-and-reads"] {
        let mut io = connect(house.http).await;
        let head = text(
            &format!("POST {path}"),
            &with(&[("Content-Length", "3000000")]),
        );
        write(&mut io, &head).await;
        // A client that reads only once it has sent everything.
        for _ in 0..30 {
            io.write_all(&[b'u'; 100_000]).await.unwrap();
        }
        let answer = read_answer(&mut io).await.unwrap();
        assert_eq!((answer.status, &*answer.body), (413, "much"), "{path}");
        assert_eq!(answer.one("connection"), "close");
        assert!(read_answer(&mut io).await.is_none(), "{path}");
    }
    // What lies in the body never becomes a request.
    let smuggled = text("GET /smuggled", &OWN);
    let mut io = connect(house.http).await;
    let length = (smuggled.len() + 10).to_string();
    write(
        &mut io,
        &text("POST /early", &with(&[("Content-Length", &length)])),
    )
    .await;
    write(&mut io, "0123456789").await;
    assert_eq!(read_answer(&mut io).await.unwrap().status, 413);
    write(&mut io, &smuggled).await;
    assert!(read_answer(&mut io).await.is_none());
    let seen = house.upstream.seen();
    assert!(seen.iter().all(|seen| !seen.line().contains("smuggled")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_over_http_2_that_is_answered_early_leaves_the_others_alone() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let upload = Request::post("https://wiki.test/early")
        .header("cookie", ANA)
        .header("origin", "https://wiki.test")
        .body(http_body_util::Full::new(Bytes::from(vec![
            b'u';
            3_000_000
        ])))
        .unwrap();
    let answer = client.send_request(upload).await.unwrap();
    assert_eq!(answer.status(), 413);
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes(),
        "much"
    );
    assert_eq!(
        client.send_request(get("/page")).await.unwrap().status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_ends_its_side_still_gets_its_answer() {
    let house = House::usual().await;
    for head in [
        text("GET /bytes/300000", &OWN),
        text("GET /late", &OWN),
        text("POST /late", &with(&[("Content-Length", "5")])) + "hello",
        text("POST /late", &with(&[("Transfer-Encoding", "chunked")])) + "5\r\nhello\r\n0\r\n\r\n",
    ] {
        let mut io = connect(house.http).await;
        write(&mut io, &head).await;
        io.shutdown().await.unwrap();
        let (seen, ended) = until_end(&mut io).await;
        ended.unwrap();
        assert!(seen.starts_with("HTTP/1.1 200"), "{head}: {seen}");
        let mut io = connect_tls(&house, "wiki.test", b"http/1.1").await;
        write(&mut io, &head.replace("http://wiki", "https://wiki")).await;
        io.shutdown().await.unwrap();
        let (seen, ended) = until_end(&mut io).await;
        ended.unwrap();
        assert!(seen.starts_with("HTTP/1.1 200"), "over TLS: {head}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_ends_its_side_in_the_middle_has_sent_nothing_whole() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    write(
        &mut io,
        &text("POST /upload", &with(&[("Content-Length", "5")])),
    )
    .await;
    write(&mut io, "hel").await;
    io.shutdown().await.unwrap();
    let (seen, _) = until_end(&mut io).await;
    assert!(!seen.starts_with("HTTP/1.1 200"), "{seen}");
    house.upstream.alone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_ended_its_side_is_taken_to_be_gone_once_nothing_comes_for_a_while() {
    let house = House::of(Plan {
        limits: Limits {
            half_closed: Duration::from_millis(50),
            ..Limits::default()
        },
        ..Plan::default()
    })
    .await;
    for path in ["/hang", "/stream"] {
        let mut io = connect(house.http).await;
        write(&mut io, &text(&format!("GET {path}"), &OWN)).await;
        house.upstream.reached(1).await;
        io.shutdown().await.unwrap();
        let (_, ended) = until_end(&mut io).await;
        assert!(ended.is_err(), "{path}: it does not end in order");
        house.upstream.alone().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reset_its_connection_is_gone_at_once() {
    let house = House::usual().await;
    for path in ["/hang", "/stream"] {
        let count = house.upstream.seen().len() + 1;
        let mut io = connect(house.http).await;
        write(&mut io, &text(&format!("GET {path}"), &OWN)).await;
        house.upstream.reached(count).await;
        socket2::SockRef::from(&io)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        drop(io);
        house.upstream.alone().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_resets_is_never_taken_for_one_that_is_done() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    for start in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf",
        "HTTP/1.0 200 OK\r\n\r\nhalf",
    ] {
        let say = BASE64.encode(start.as_bytes());
        for version in ["HTTP/1.1", "HTTP/1.0"] {
            let mut io = connect(house.http).await;
            let asked = with(&[("X-Say", &say), ("X-Then", "reset")]);
            write(
                &mut io,
                &text("GET /say", &asked).replace("HTTP/1.1", version),
            )
            .await;
            let (seen, ended) = until_end(&mut io).await;
            assert!(ended.is_err(), "{version} {start:?}: {seen}");
        }
        let mut request = get("/say");
        let headers = request.headers_mut();
        headers.insert("x-say", say.parse().unwrap());
        headers.insert("x-then", "reset".parse().unwrap());
        let answer = client.send_request(request).await.unwrap();
        let fault = answer.into_body().collect().await.unwrap_err();
        assert!(is_reset(&fault), "{start:?}: {fault:?}");
        assert_eq!(
            client.send_request(get("/page")).await.unwrap().status(),
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_none_is_a_fault_of_the_upstream() {
    let house = House::usual().await;
    let large = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(80_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(101));
    for answer in [
        "",
        "hello",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nX Y: z\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: y",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        &large,
        &many,
    ] {
        let say = BASE64.encode(answer.as_bytes());
        let asked = with(&[("X-Say", "/said"), ("X-Then", "close")]);
        house.upstream.will_say(&say);
        let told = house.get("GET /say", &asked).await;
        let shown = &answer[..answer.len().min(60)];
        assert_eq!(told.status, 502, "{shown:?}");
        assert!(!told.head.contains("x: "), "{shown:?}");
    }
    assert_eq!(house.get("GET /page", &OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_0_is_spoken_with_whoever_speaks_it() {
    let house = House::usual().await;
    let old =
        |line: &str, headers: &[(&str, &str)]| text(line, headers).replace("HTTP/1.1", "HTTP/1.0");
    let mut io = connect(house.http).await;
    write(&mut io, &old("GET /page", &OWN)).await;
    let (seen, ended) = until_end(&mut io).await;
    ended.unwrap();
    assert!(
        seen.starts_with("HTTP/1.0 200") && seen.ends_with("\r\n\r\nhello from the upstream"),
        "{seen}"
    );
    let mut io = connect(house.http).await;
    let kept = with(&[("Connection", "keep-alive")]);
    for _ in 0..2 {
        write(&mut io, &old("GET /page", &kept)).await;
        assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
    }
    // What has no length ends with the connection, and has no chunks in it.
    write(&mut io, &old("GET /trailers", &kept)).await;
    let (seen, ended) = until_end(&mut io).await;
    ended.unwrap();
    assert!(
        seen.ends_with("\r\n\r\nhello") && !seen.contains("chunked"),
        "{seen}"
    );
    // A cut is no such end.
    let mut io = connect(house.http).await;
    write(&mut io, &old("GET /stream", &OWN)).await;
    io.read_exact(&mut [0; 15]).await.unwrap();
    house.end_session().await;
    assert!(until_end(&mut io).await.1.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn large_heads_pass_up_to_their_limits_and_are_told_what_they_are_beyond() {
    let house = House::usual().await;
    let large = "x".repeat(30_000);
    assert_eq!(
        house
            .get("GET /page", &with(&[("X-Large", &large)]))
            .await
            .status,
        200
    );
    assert_eq!(house.upstream.last().all("x-large"), [&*large]);
    let many: Vec<String> = (0..96).map(|n| format!("X-{n}")).collect();
    let many: Vec<_> = many.iter().map(|name| (&**name, "y")).collect();
    assert_eq!(house.get("GET /page", &with(&many)).await.status, 200);
    for beyond in [
        text("GET /page", &with(&[("X-Large", &"x".repeat(33_000))])),
        text("GET /page", &with(&[("X-Large", &"x".repeat(3_000_000))])),
        text(
            "GET /page",
            &[&with(&many)[..], &[("X-A", "y"), ("X-B", "y")]].concat(),
        ),
    ] {
        let mut io = connect(house.http).await;
        // The gateway need not have read it all to say so.
        let (mut read, mut written) = io.split();
        let writing = async { written.write_all(beyond.as_bytes()).await };
        let (answer, _) = tokio::join!(read_answer(&mut read), writing);
        assert_eq!(answer.unwrap().status, 431, "{} bytes", beyond.len());
    }
    let mut client = client(&house, 65_535).await;
    let mut request = get("/page");
    request
        .headers_mut()
        .insert("x-large", large.parse().unwrap());
    assert_eq!(client.send_request(request).await.unwrap().status(), 200);
    let mut request = get("/page");
    let beyond = "x".repeat(40_000).parse().unwrap();
    request.headers_mut().insert("x-large", beyond);
    assert_eq!(client.send_request(request).await.unwrap().status(), 431);
    assert_eq!(
        client.send_request(get("/page")).await.unwrap().status(),
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_with_bodies_are_answered_in_order() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    let mut all = String::new();
    for n in 0..6 {
        let body = "b".repeat(n * 100);
        let length = body.len().to_string();
        all += &text(
            &format!("POST /bytes/{n}"),
            &with(&[("Content-Length", &length)]),
        );
        all += &body;
        all += &text("HEAD /page", &OWN);
    }
    write(&mut io, &all).await;
    for n in 0..6 {
        let answer = read_answer(&mut io).await.unwrap();
        assert_eq!((answer.status, answer.body.len()), (200, n));
        let head = crate::client::read_head(&mut io).await.unwrap();
        assert_eq!(head.one("content-length"), "23");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_of_a_request_over_http_2_reach_the_upstream() {
    let house = House::usual().await;
    let io = TokioIo::new(connect_tls(&house, "wiki.test", b"h2").await);
    let (mut client, connection) = Builder::new(TokioExecutor::new())
        .handshake(io)
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "42".parse().unwrap());
    trailers.insert("x-forwarded-for", "9.9.9.9".parse().unwrap());
    let frames = [
        Frame::data(Bytes::from_static(b"hello")),
        Frame::trailers(trailers),
    ];
    let frames = frames.map(Ok::<_, std::convert::Infallible>);
    let upload = Request::post("https://wiki.test/upload")
        .header("cookie", ANA)
        .header("origin", "https://wiki.test")
        .header("trailer", "x-sum, x-forwarded-for")
        .body(StreamBody::new(futures_util::stream::iter(frames)))
        .unwrap();
    assert_eq!(client.send_request(upload).await.unwrap().status(), 200);
    let body = String::from_utf8(house.upstream.last().body).unwrap();
    assert_eq!(body, "hello\ntrailer x-sum: 42");
}
