//! WebSockets on streams of HTTP/2 (RFC 8441): the same questions as over HTTP/1.1, and a cut
//! that ends one stream and leaves the connection's others alone.

use std::time::Duration;

use bytes::Bytes;
use gw_web::Limits;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, ext::Protocol, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    h2::{Client, client, get, is_reset},
    house::{ANA, House, Plan, until},
    websocket::read_frame,
};

type Tunnel = TokioIo<Upgraded>;

const ASKING: [(&str, &str); 3] = [
    ("cookie", ANA),
    ("origin", "https://wiki.test"),
    ("sec-websocket-version", "13"),
];

fn asking(path: &str, protocol: &'static str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::connect(format!("https://wiki.test{path}"))
        .extension(Protocol::from_static(protocol));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::default()).unwrap()
}

async fn ask(client: &mut Client, request: Request<Full<Bytes>>) -> Response<Incoming> {
    client.send_request(request).await.unwrap()
}

async fn open(client: &mut Client, path: &str) -> Tunnel {
    let answer = ask(client, asking(path, "websocket", &ASKING)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    TokioIo::new(hyper::upgrade::on(answer).await.unwrap())
}

/// Reads until the stream ends, and tells whether it was reset.
async fn read_to_reset(io: &mut Tunnel) -> bool {
    // hyper takes the CANCEL of a stream for its end; what is written then tells.
    let ended = io.read_to_end(&mut Vec::new()).await;
    ended.is_err() || {
        while io.write_all(&[0x81, 0x80, 0, 0, 0, 0]).await.is_ok() {
            tokio::task::yield_now().await;
        }
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_pass_both_ways_on_a_stream_beside_others() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let headers = [&ASKING[..], &[("sec-websocket-key", "from-the-client")]].concat();
    let answer = ask(&mut client, asking("/ws?x=1", "websocket", &headers)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    for name in ["sec-websocket-accept", "upgrade", "connection"] {
        assert!(!answer.headers().contains_key(name), "{name}");
    }
    assert_eq!(answer.headers()["x-own"], "1");
    let mut io = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    assert_eq!(read_frame(&mut io).await.unwrap(), (1, b"hello".to_vec()));
    let masked = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
    io.write_all(&masked).await.unwrap();
    assert_eq!(read_frame(&mut io).await.unwrap(), (2, masked.to_vec()));
    let seen = house.upstream.last();
    assert_eq!(seen.line(), "GET /ws?x=1 HTTP/1.1");
    assert_eq!(seen.all("upgrade"), ["websocket"]);
    assert_eq!(seen.all("sec-websocket-version"), ["13"]);
    assert!(!seen.head.contains("from-the-client") && !seen.head.contains("protocol"));
    assert_eq!(seen.all("gatewright-assertion").len(), 1);
    assert!(seen.all("cookie").is_empty());
    let page = client.send_request(get("/page")).await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    io.shutdown().await.unwrap();
    assert_eq!(io.read(&mut [0; 1]).await.unwrap(), 0);
    let open = house.upstream.open.subscribe();
    open.clone().wait_for(|open| *open <= 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_not_idle_while_a_websocket_is_open_on_it() {
    let house = House::of(Plan {
        limits: Limits {
            idle: Duration::from_millis(50),
            ..Limits::default()
        },
        ..Plan::default()
    })
    .await;
    let closed = async |connections| {
        until(|| house.metrics().idle_closed.value() == connections).await;
    };
    let mut talking = client(&house, 65_535).await;
    let mut io = open(&mut talking, "/ws").await;
    assert_eq!(read_frame(&mut io).await.unwrap(), (1, b"hello".to_vec()));
    // Others come later and are closed before.
    for connections in 1..4 {
        let mut idle = client(&house, 65_535).await;
        let page = idle.send_request(get("/page")).await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        drop(page);
        closed(connections).await;
    }
    let masked = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
    io.write_all(&masked).await.unwrap();
    assert_eq!(read_frame(&mut io).await.unwrap(), (2, masked.to_vec()));
    drop(io);
    closed(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_says_why_and_the_other_streams_go_on() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let mut cut = open(&mut client, "/api/ws").await;
    let mut kept = open(&mut client, "/ws").await;
    let mut flood = client.send_request(get("/flood")).await.unwrap();
    assert_eq!(read_frame(&mut cut).await.unwrap().0, 1);
    assert_eq!(read_frame(&mut kept).await.unwrap().0, 1);
    house.forbid_api().await;
    let (opcode, payload) = read_frame(&mut cut).await.unwrap();
    assert_eq!((opcode, &payload[..2]), (8, &1008_u16.to_be_bytes()[..]));
    assert!(payload[2..].starts_with(b"This is no longer open to you"));
    assert_eq!(cut.read(&mut [0; 1]).await.unwrap(), 0);
    drop(cut);
    kept.write_all(&[0x81, 0x80, 0, 0, 0, 0]).await.unwrap();
    assert_eq!(read_frame(&mut kept).await.unwrap().0, 2);
    assert!(flood.frame().await.unwrap().is_ok());
    let again = ask(&mut client, asking("/api/ws", "websocket", &ASKING)).await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    let counted = (
        house.metrics().cuts.value(),
        house.metrics().cuts_forced.value(),
    );
    assert_eq!(counted, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_in_a_flood_comes_between_two_frames() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let mut io = open(&mut client, "/ws-flood").await;
    let reading = tokio::spawn(async move {
        loop {
            let (opcode, payload) = read_frame(&mut io).await.unwrap();
            match opcode {
                8 => return payload,
                2 => assert!(payload.iter().all(|b| *b == b'x')),
                _ => assert_eq!(payload, b"hello"),
            }
        }
    });
    house.upstream.reached(1).await;
    house.end_session().await;
    let payload = reading.await.unwrap();
    assert_eq!(&payload[2..], b"An administrator ended this session.");
    house.upstream.alone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_does_not_end_resets_its_stream_alone() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let mut io = open(&mut client, "/ws-long").await;
    assert_eq!(read_frame(&mut io).await.unwrap().0, 1);
    io.read_exact(&mut [0; 500]).await.unwrap();
    house.end_session().await;
    assert!(read_to_reset(&mut io).await);
    house.upstream.alone().await;
    assert_eq!(house.metrics().cuts_forced.value(), 1);
    let next = client.send_request(get("/page")).await.unwrap();
    assert_eq!(next.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_window_is_used_up_is_reset_in_time() {
    let house = House::usual().await;
    let mut client = client(&house, 4096).await;
    let mut io = open(&mut client, "/ws-flood").await;
    house.upstream.stuck().await;
    house.end_session().await;
    house.upstream.alone().await;
    until(|| house.metrics().cuts_forced.value() == 1).await;
    let mut got = Vec::new();
    // Nothing that could be taken for a whole conversation: no Close, and no end in order.
    let _ = io.read_to_end(&mut got).await;
    assert!(got.len() < 256 * 1024, "{} bytes", got.len());
    assert!(read_to_reset(&mut io).await);
    let next = client.send_request(get("/page")).await.unwrap();
    assert_eq!(next.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_resets_resets_the_stream() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let mut io = open(&mut client, "/ws-reset").await;
    assert_eq!(read_frame(&mut io).await.unwrap().0, 1);
    io.write_all(&[0x81, 0x80, 0, 0, 0, 0]).await.unwrap();
    assert!(read_to_reset(&mut io).await);
    let next = client.send_request(get("/page")).await.unwrap();
    assert_eq!(next.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_resets_takes_its_upstream_along() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let io = open(&mut client, "/ws").await;
    drop(io);
    house.upstream.alone().await;
    let io = open(&mut client, "/ws").await;
    drop(client);
    drop(io);
    house.upstream.alone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_are_refused_for_what_they_are_refused_for_over_http_1() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    for (changed, status) in [
        (("origin", "https://payroll.test"), 403),
        (("origin", "http://wiki.test"), 403),
        (("origin", "null"), 403),
        (("cookie", "a=1"), 401),
        (("sec-websocket-version", "8"), 400),
    ] {
        let headers = ASKING.map(|h| if h.0 == changed.0 { changed } else { h });
        let answer = ask(&mut client, asking("/ws", "websocket", &headers)).await;
        assert_eq!(answer.status(), status, "{changed:?}");
    }
    for missing in ["origin", "cookie", "sec-websocket-version"] {
        let headers: Vec<_> = ASKING.into_iter().filter(|h| h.0 != missing).collect();
        let answer = ask(&mut client, asking("/ws", "websocket", &headers)).await;
        assert!(answer.status().is_client_error(), "without {missing}");
    }
    for (path, status) in [
        ("/admin/ws", 403),
        ("/a/%2e%2e/ws", 400),
        ("//ws", 400),
        ("/.gatewright/callback", 400),
    ] {
        let answer = ask(&mut client, asking(path, "websocket", &ASKING)).await;
        assert_eq!(answer.status(), status, "{path}");
    }
    let mut elsewhere = asking("/ws", "websocket", &ASKING);
    *elsewhere.uri_mut() = "https://payroll.test/ws".parse().unwrap();
    assert_eq!(
        ask(&mut client, elsewhere).await.status(),
        StatusCode::MISDIRECTED_REQUEST
    );
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_and_every_other_protocol_are_refused() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    for protocol in ["connect-udp", "h2c", "WebSocket", "connect-ip", ""] {
        let answer = ask(&mut client, asking("/ws", protocol, &ASKING)).await;
        assert_eq!(answer.status(), StatusCode::NOT_IMPLEMENTED, "{protocol:?}");
    }
    let plain = Request::connect("wiki.test:443")
        .body(Full::default())
        .unwrap();
    let answer = ask(&mut client, plain).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_opens_no_websocket_is_never_taken_for_one_that_does() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    for (path, status) in [("/page", 502), ("/ws-wrong", 502), ("/ws-refused", 418)] {
        let answer = ask(&mut client, asking(path, "websocket", &ASKING)).await;
        assert_eq!(answer.status(), status, "{path}");
    }
    let mut own = crate::h2::client_of(&house, "own.test", 65_535).await;
    let request = Request::connect("https://own.test/")
        .extension(Protocol::from_static("websocket"))
        .header("cookie", "__Host-gw-session=ana-at-own")
        .header("origin", "https://own.test")
        .header("sec-websocket-version", "13")
        .body(Full::default())
        .unwrap();
    let answer = ask(&mut own, request).await;
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_about_websockets_answers_the_same_over_both() {
    let house = House::usual().await;
    house
        .add_policy(
            r#"@id("no-websockets") forbid (principal, action == Action::"http.request", resource in App::"wiki") when { context.http.websocket && context.http.method == "GET" };"#,
        )
        .await;
    let mut client = client(&house, 65_535).await;
    let answer = ask(&mut client, asking("/ws", "websocket", &ASKING)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let (_, over_http_1) = crate::websocket::open(&house, "/ws").await;
    assert_eq!(over_http_1.status, 403);
    let page = client.send_request(get("/page")).await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_lists_no_websocket_opens_none() {
    let plan = Plan {
        wiki: Box::new(|app| app.routes[1].upgrades = Vec::new()),
        ..Plan::default()
    };
    let house = House::of(plan).await;
    let mut client = client(&house, 65_535).await;
    let answer = ask(&mut client, asking("/api/ws", "websocket", &ASKING)).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let _open = open(&mut client, "/ws").await;
    let mut reset = client.send_request(get("/half")).await.unwrap();
    while let Some(frame) = reset.frame().await {
        if let Err(fault) = frame {
            assert!(is_reset(&fault));
            return;
        }
    }
    panic!("half an answer looks whole");
}
