//! Upstreams over HTTP/2: streams share a connection, and each ends as what it is.

use std::time::Duration;

use bytes::Bytes;
use gw_web::Limits;
use h2::Reason;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http2::{Builder, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
};

use crate::{
    client::{connect, connect_tls, read_answer, text},
    house::{ANA, House, Plan, until},
    peer::{Ended, Peer, Speaks, at, upstream},
};

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

type Body = UnsyncBoxBody<Bytes, std::io::Error>;
type Client = SendRequest<Body>;

async fn house(peer: &Peer) -> House {
    house_with(peer, Limits::default()).await
}

async fn house_with(peer: &Peer, limits: Limits) -> House {
    let servers = at(&[&format!("h2c://{}", peer.place)]);
    House::of(Plan {
        limits,
        wiki: Box::new(move |app| app.upstream = upstream(servers.clone())),
        ..Plan::default()
    })
    .await
}

async fn client(house: &House) -> Client {
    let io = TokioIo::new(connect_tls(house, "wiki.test", b"h2").await);
    let (client, connection) = Builder::new(TokioExecutor::new())
        .handshake(io)
        .await
        .unwrap();
    tokio::spawn(async move {
        // How it ends is seen by each request.
        let _ = connection.await;
    });
    client
}

/// A body that is sent piece by piece.
fn pieces() -> (mpsc::Sender<Frame<Bytes>>, Body) {
    let (sender, pieces) = mpsc::channel(1);
    let stream = futures_util::stream::unfold(pieces, |mut pieces: mpsc::Receiver<_>| async move {
        pieces.recv().await.map(|piece| (Ok(piece), pieces))
    });
    (sender, Body::new(StreamBody::new(stream)))
}

fn nothing() -> Body {
    Body::new(http_body_util::Empty::new().map_err(|never| match never {}))
}

fn request(method: &str, path: &str, grpc: bool, body: Body) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("https://wiki.test{path}"))
        .header("cookie", ANA)
        .header("origin", "https://wiki.test");
    if grpc {
        request = request
            .header("content-type", "application/grpc+proto")
            .header("te", "trailers");
    }
    request.body(body).unwrap()
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

async fn piece(answer: &mut Response<Incoming>) -> Result<Bytes, hyper::Error> {
    let frame = answer.frame().await.expect("it goes on")?;
    Ok(frame.into_data().expect("data"))
}

fn reason(fault: &hyper::Error) -> Option<Reason> {
    let mut cause = std::error::Error::source(fault);
    while let Some(inner) = cause {
        if let Some(fault) = inner.downcast_ref::<h2::Error>() {
            return fault.reason();
        }
        cause = inner.source();
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_streams_both_ways_and_ends_with_trailers() {
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let mut client = client(&house).await;
    let (send, body) = pieces();
    send.send(data("one")).await.unwrap();
    let call = request("POST", "/echo", true, body);
    let mut answer = client.send_request(call).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(piece(&mut answer).await.unwrap(), "one");
    // Half of it is answered while the other half is not sent yet.
    send.send(data("two")).await.unwrap();
    assert_eq!(piece(&mut answer).await.unwrap(), "two");
    let mut trailers = HeaderMap::new();
    for (name, value) in [
        ("x-sum", "7"),
        ("x_wiki_user", "root"),
        ("gatewright-assertion", "x"),
    ] {
        trailers.insert(name, HeaderValue::from_static(value));
    }
    send.send(Frame::trailers(trailers)).await.unwrap();
    drop(send);
    let last = answer.frame().await.unwrap().unwrap();
    let last = last.into_trailers().unwrap();
    assert_eq!(last.get("grpc-status").unwrap(), "0");
    assert_eq!(last.len(), 1, "{last:?}");
    assert!(answer.frame().await.is_none());
    let heard = peer.last();
    assert_eq!(heard.header("te"), Some("trailers"));
    assert_eq!(heard.header("content-type"), Some("application/grpc+proto"));
    assert_eq!(heard.header("x-wiki-user"), Some("ana"));
    assert_eq!(heard.uri, "http://wiki.test/echo");
    let (body, trailers, ended) = peer.bodies.lock().unwrap().pop().unwrap();
    assert_eq!((&*body, ended), (&b"onetwo"[..], Ended::InOrder));
    let trailers = trailers.unwrap();
    assert_eq!(
        (trailers.len(), trailers.get("x-sum").unwrap().as_bytes()),
        (1, &b"7"[..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_cross_from_one_version_to_the_other() {
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let mut io = connect(house.http).await;
    let headers = [
        &OWN[..],
        &[
            ("Transfer-Encoding", "chunked"),
            ("Trailer", "X-Sum"),
            ("TE", "trailers"),
            ("Connection", "TE"),
        ],
    ]
    .concat();
    let body = "5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n";
    io.write_all((text("POST /echo", &headers) + body).as_bytes())
        .await
        .unwrap();
    let answer = read_answer(&mut io).await.unwrap();
    assert!(answer.body.contains("hello"), "{answer:?}");
    assert_eq!(peer.last().header("te"), Some("trailers"));
    assert_eq!(peer.last().header("transfer-encoding"), None);
    let (_, trailers, ended) = peer.bodies.lock().unwrap().pop().unwrap();
    assert_eq!(ended, Ended::InOrder);
    assert_eq!(trailers.unwrap().get("x-sum").unwrap(), "7");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_share_a_connection_and_too_many_get_another() {
    let peer = Peer::plain_with(Speaks::H2, 4).await;
    let house = house(&peer).await;
    let client = client(&house).await;
    let page = request("GET", "/page", false, nothing());
    let first = client.clone().send_request(page).await.unwrap();
    let first = first.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(first, "hello over HTTP/2.0");
    let mut held = Vec::new();
    for count in 1..=10 {
        let (mut client, (send, body)) = (client.clone(), pieces());
        let call = request("POST", "/echo", true, body);
        held.push((client.send_request(call).await.unwrap(), send));
        let (opened, _) = *peer.connected.borrow();
        assert_eq!(opened, (count - 1) / 4 + 1, "for {count}");
    }
    for (_, send) in &held {
        send.send(data("on")).await.unwrap();
    }
    for (answer, _) in &mut held {
        assert_eq!(piece(answer).await.unwrap(), "on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_pass_whole_in_both_directions() {
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let mut io = connect(house.http).await;
    let body = vec![b'u'; 1_000_000];
    let length = body.len().to_string();
    let headers = [&OWN[..], &[("Content-Length", &*length)]].concat();
    io.write_all(text("POST /echo", &headers).as_bytes())
        .await
        .unwrap();
    let (mut reading, mut writing) = io.split();
    let reader = async {
        let mut seen = Vec::new();
        let mut some = vec![0; 1 << 16];
        while !seen.ends_with(b"0\r\n\r\n") {
            let read = reading.read(&mut some).await.unwrap();
            assert!(read > 0);
            seen.extend_from_slice(&some[..read]);
        }
        seen.iter().filter(|b| **b == b'u').count()
    };
    let (written, echoed) = tokio::join!(writing.write_all(&body), reader);
    written.unwrap();
    assert!(echoed >= 1_000_000, "{echoed}");
    assert_eq!(peer.bodies.lock().unwrap().pop().unwrap().0, body);
    assert_eq!(peer.last().header("content-length"), Some(&*length));
    assert_eq!(house.get("HEAD /page", &OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_takes_hold_up_no_other() {
    const TAKEN: usize = 4 * 1024 * 1024;
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let io = TokioIo::new(connect_tls(&house, "wiki.test", b"h2").await);
    let (mut client, connection) = Builder::new(TokioExecutor::new())
        .initial_stream_window_size(64 * 1024)
        .initial_connection_window_size(4 * 1024 * 1024)
        .handshake(io)
        .await
        .unwrap();
    tokio::spawn(async move {
        // How it ends is seen by each request.
        let _ = connection.await;
    });
    let mut ask = async || {
        let endless = request("GET", "/endless", false, nothing());
        client.send_request(endless).await.unwrap()
    };
    let mut untaken = Vec::new();
    for _ in 0..8 {
        untaken.push(ask().await);
    }
    let mut taken = ask().await;
    let mut bytes = 0;
    while bytes < TAKEN {
        bytes += piece(&mut taken).await.unwrap().len();
    }
    assert_eq!(peer.connected.borrow().0, 1, "they share a connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_resets_its_own_stream_and_no_other() {
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let mut client = client(&house).await;
    let mut calls = Vec::new();
    for path in ["/api/echo", "/echo"] {
        let (send, body) = pieces();
        let call = request("POST", path, true, body);
        let mut answer = client.send_request(call).await.unwrap();
        send.send(data("on")).await.unwrap();
        assert_eq!(piece(&mut answer).await.unwrap(), "on");
        calls.push((answer, send));
    }
    house.forbid_api().await;
    let (mut cut, _sending) = calls.remove(0);
    let fault = cut
        .frame()
        .await
        .expect("it does not end in order")
        .unwrap_err();
    assert!(crate::h2::is_reset(&fault), "{fault:?}");
    until(|| !peer.bodies.lock().unwrap().is_empty()).await;
    let (body, _, ended) = peer.bodies.lock().unwrap().remove(0);
    assert_eq!((&*body, ended), (&b"on"[..], Ended::Broken));
    let (kept, send) = &mut calls[0];
    send.send(data("and on")).await.unwrap();
    assert_eq!(piece(kept).await.unwrap(), "and on");
    assert_eq!(*peer.connected.borrow(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_the_upstream_does_not_read_is_cut_all_the_same() {
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let mut io = connect(house.http).await;
    let headers = [&OWN[..], &[("Content-Length", "100000000")]].concat();
    io.write_all(text("POST /hold", &headers).as_bytes())
        .await
        .unwrap();
    let (mut reading, mut writing) = io.into_split();
    let flooding = tokio::spawn(async move {
        let block = vec![b'u'; 1 << 16];
        while writing.write_all(&block).await.is_ok() {}
    });
    until(|| !peer.heard().is_empty()).await;
    house.end_session().await;
    // Which half of the socket hears of the reset is chance; neither hears an answer.
    let mut seen = Vec::new();
    let _ = reading.read_to_end(&mut seen).await;
    assert!(seen.is_empty());
    flooding.await.unwrap();
    until(|| !peer.bodies.lock().unwrap().is_empty()).await;
    assert_eq!(*peer.connected.borrow(), (1, 1), "the connection goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_takes_its_stream_along() {
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let mut io = connect(house.http).await;
    io.write_all(text("GET /hold", &OWN).as_bytes())
        .await
        .unwrap();
    until(|| !peer.heard().is_empty()).await;
    drop(io);
    until(|| !peer.bodies.lock().unwrap().is_empty()).await;
    assert_eq!(*peer.connected.borrow(), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_reset_before_it_is_answered_is_reset_with_the_same_word() {
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let mut client = client(&house).await;
    for (path, word) in [
        ("/refuse", Reason::REFUSED_STREAM),
        ("/calm", Reason::ENHANCE_YOUR_CALM),
    ] {
        let call = request("POST", path, true, nothing());
        let fault = client.send_request(call).await.unwrap_err();
        assert_eq!(reason(&fault), Some(word), "{path}");
    }
    assert_eq!(peer.heard().len(), 2, "a call is not made twice");
    let page = request("POST", "/refuse", false, nothing());
    let answer = client.send_request(page).await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(peer.heard().len(), 3);
    let read = client.send_request(request("GET", "/refuse", false, nothing()));
    assert_eq!(read.await.unwrap().status(), StatusCode::BAD_GATEWAY);
    assert_eq!(peer.heard().len(), 5, "what only reads is sent once more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_reset_ends_as_one() {
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let mut client = client(&house).await;
    for (path, word) in [
        ("/calm-later", Reason::ENHANCE_YOUR_CALM),
        // What it says of its connection with us is no word for the client.
        ("/reset", Reason::INTERNAL_ERROR),
    ] {
        let mut answer = client
            .send_request(request("GET", path, false, nothing()))
            .await
            .unwrap();
        assert_eq!(piece(&mut answer).await.unwrap(), "begun");
        peer.goes_on.send_replace(());
        let ended = answer.frame().await.expect("it does not end in order");
        assert_eq!(reason(&ended.unwrap_err()), Some(word), "{path}");
        let mut io = connect(house.http).await;
        io.write_all(text(&format!("GET {path}"), &OWN).as_bytes())
            .await
            .unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"begun\r\n") {
            seen.push(io.read_u8().await.unwrap());
        }
        peer.goes_on.send_replace(());
        let ended = io.read_to_end(&mut seen).await;
        let reset = std::io::ErrorKind::ConnectionReset;
        assert_eq!(ended.unwrap_err().kind(), reset, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_leaves_ends_what_it_has_begun_and_gets_no_more() {
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let mut client = client(&house).await;
    let (send, body) = pieces();
    let mut answer = client
        .send_request(request("POST", "/echo", true, body))
        .await
        .unwrap();
    send.send(data("before")).await.unwrap();
    assert_eq!(piece(&mut answer).await.unwrap(), "before");
    peer.leaves.send_replace(());
    let mut connected = peer.connected.subscribe();
    while connected.borrow_and_update().0 < 2 {
        let page = request("GET", "/page", false, nothing());
        let answer = client.send_request(page).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    send.send(data("after")).await.unwrap();
    assert_eq!(piece(&mut answer).await.unwrap(), "after");
    drop(send);
    let last = answer.frame().await.unwrap().unwrap();
    assert!(last.is_trailers());
    connected.wait_for(|(_, open)| *open == 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_says_nothing_at_all_is_late_and_its_connection_is_used_no_more() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let servers = at(&[&format!("h2c://{}", silent.local_addr().unwrap())]);
    let house = House::of(Plan {
        limits: Limits {
            first_byte: Duration::from_millis(50),
            ..Limits::default()
        },
        wiki: Box::new(move |app| app.upstream = upstream(servers.clone())),
        ..Plan::default()
    })
    .await;
    for turn in 1..=2 {
        assert_eq!(house.get("GET /page", &OWN).await.status, 504);
        assert_eq!(house.metrics().upstream_connections.value(), turn);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_is_not_carried_over_http_2_and_that_is_said() {
    let peer = Peer::plain(Speaks::H2).await;
    let house = house(&peer).await;
    let handshake = [
        &OWN[..],
        &[
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ],
    ]
    .concat();
    assert_eq!(house.get("GET /ws", &handshake).await.status, 502);
    assert!(peer.heard().is_empty());
}
