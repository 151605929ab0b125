//! HTTP/2 with hyper's client.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::{
    client::connect_tls,
    house::{ANA, House, until},
};

pub(crate) type Client = SendRequest<Full<Bytes>>;

pub(crate) async fn client(house: &House, window: u32) -> Client {
    client_of(house, "wiki.test", window).await
}

pub(crate) async fn client_of(house: &House, host: &str, window: u32) -> Client {
    let io = TokioIo::new(connect_tls(house, host, b"h2").await);
    let (client, connection) = Builder::new(TokioExecutor::new())
        .initial_stream_window_size(window)
        .handshake(io)
        .await
        .unwrap();
    // The gateway's settings have come once it says that streams can become WebSockets.
    until(|| connection.is_extended_connect_protocol_enabled()).await;
    tokio::spawn(async move {
        // How it ends is seen by each request.
        let _ = connection.await;
    });
    client
}

pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    let uri = format!("https://wiki.test{path}");
    Request::builder()
        .uri(uri)
        .header("cookie", ANA)
        .body(Full::default())
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_pass_over_http_2() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let answer = client.send_request(get("/page")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "hello from the upstream");
    let seen = house.upstream.last();
    assert_eq!(seen.all("host"), ["wiki.test"]);
    assert_eq!(seen.all("x-forwarded-proto"), ["https"]);
    let split = Request::builder()
        .uri("https://wiki.test/cookies")
        .header("cookie", "a=1")
        .header("cookie", ANA)
        .header("cookie", "b=2")
        .body(Full::default())
        .unwrap();
    assert_eq!(
        client.send_request(split).await.unwrap().status(),
        StatusCode::OK
    );
    assert_eq!(house.upstream.last().all("cookie"), ["a=1; b=2"]);
    let head = Request::builder()
        .method("HEAD")
        .uri("https://wiki.test/nobody")
        .body(Full::default())
        .unwrap();
    assert_eq!(
        client.send_request(head).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_streams_share_a_connection_and_bodies_pass_whole() {
    let house = House::usual().await;
    let client = client(&house, 65_535).await;
    let mut streams = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let mut client = client.clone();
        streams.spawn(async move {
            let answer = client.send_request(get("/bytes/300000")).await.unwrap();
            answer.into_body().collect().await.unwrap().to_bytes().len()
        });
    }
    assert!(
        streams
            .join_all()
            .await
            .iter()
            .all(|length| *length == 300_000)
    );
    let body = Bytes::from(vec![b'u'; 1_000_000]);
    let upload = Request::builder()
        .method("POST")
        .uri("https://wiki.test/upload")
        .header("cookie", ANA)
        .header("origin", "https://wiki.test")
        .body(Full::new(body.clone()))
        .unwrap();
    assert_eq!(
        client.clone().send_request(upload).await.unwrap().status(),
        StatusCode::OK
    );
    assert_eq!(house.upstream.last().body, body);
}

#[tokio::test(flavor = "multi_thread")]
async fn ambiguity_is_refused_over_http_2_too() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let mut ask = async |uri: &str, host: Option<&str>| {
        let mut request = Request::builder().uri(uri).header("cookie", ANA);
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let request = request.body(Full::default()).unwrap();
        client
            .send_request(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(ask("https://wiki.test/x", Some("wiki.test")).await, 200);
    assert_eq!(ask("https://wiki.test/x", Some("payroll.test")).await, 400);
    assert_eq!(ask("http://wiki.test/x", None).await, 400);
    assert_eq!(ask("https://wiki.test/a/%2e%2e/b", None).await, 400);
    assert_eq!(ask("https://payroll.test/x", None).await, 421);
    assert_eq!(ask("https://wiki.test/admin/x", None).await, 403);
    assert_eq!(house.upstream.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_reset_and_its_connection_goes_on() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let mut answer = client.send_request(get("/stream")).await.unwrap();
    assert!(answer.frame().await.unwrap().is_ok());
    house.end_session().await;
    let fault = answer.frame().await.unwrap().unwrap_err();
    assert!(is_reset(&fault), "{fault:?}");
    house.upstream.alone().await;
    assert_eq!(
        client.send_request(get("/page")).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(house.metrics().cuts_forced.value(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_streams_of_a_busy_connection_go_on() {
    let house = House::usual().await;
    let mut client = client(&house, 65_535).await;
    let mut cut = client.send_request(get("/api/flood")).await.unwrap();
    let mut kept = client.send_request(get("/flood")).await.unwrap();
    let reading = tokio::spawn(async move {
        loop {
            match cut.frame().await.expect("it does not end in order") {
                Ok(_) => {}
                Err(fault) => return fault,
            }
        }
    });
    assert!(kept.frame().await.unwrap().is_ok());
    house.forbid_api().await;
    // Half a megabyte and more on the one while the other is cut.
    let mut got = 0;
    while !reading.is_finished() || got < 1 << 19 {
        got += kept
            .frame()
            .await
            .unwrap()
            .unwrap()
            .data_ref()
            .unwrap()
            .len();
    }
    assert!(is_reset(&reading.await.unwrap()));
    assert_eq!(
        (
            house.metrics().cuts.value(),
            house.metrics().cuts_forced.value()
        ),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_window_is_reset_all_the_same() {
    let house = House::usual().await;
    let mut client = client(&house, 1).await;
    let mut answer = client.send_request(get("/flood")).await.unwrap();
    house.upstream.stuck().await;
    house.end_session().await;
    house.upstream.alone().await;
    let mut got = 0;
    let fault = loop {
        match answer.frame().await.expect("it does not end in order") {
            Ok(frame) => got += frame.data_ref().map_or(0, Bytes::len),
            Err(fault) => break fault,
        }
    };
    assert!(is_reset(&fault), "{fault:?}");
    assert!(got <= 64 * 1024, "{got} bytes came after the cut");
    assert_eq!(
        client.send_request(get("/page")).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_stopped_reading_finds_no_end_in_order_later() {
    let house = House::usual().await;
    let stopped = Arc::new(Stopped::default());
    let socket = connect_tls(&house, "wiki.test", b"h2").await;
    let io = TokioIo::new(Stoppable {
        socket,
        stopped: stopped.clone(),
    });
    let (mut client, connection) = Builder::new(TokioExecutor::new())
        .initial_stream_window_size(1 << 30)
        .initial_connection_window_size(1 << 30)
        .handshake(io)
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut answer = client.send_request(get("/flood")).await.unwrap();
    stopped.stop();
    house.upstream.stuck().await;
    house.end_session().await;
    house.upstream.alone().await;
    stopped.resume();
    // What lay in the kernels' buffers, then no end in order: the stream is reset, or the
    // whole connection is gone where even that could not be told.
    let mut got = 0;
    while let Ok(frame) = answer.frame().await.expect("it does not end in order") {
        got += frame.data_ref().map_or(0, Bytes::len);
    }
    assert!(got < 16 << 20, "{got} bytes came after the cut");
    assert_eq!(house.metrics().cuts.value(), 1);
}

#[derive(Default)]
struct Stopped {
    stopped: AtomicBool,
    reader: Mutex<Option<Waker>>,
}

impl Stopped {
    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    fn resume(&self) {
        self.stopped.store(false, Ordering::SeqCst);
        if let Some(reader) = self.reader.lock().unwrap().take() {
            reader.wake();
        }
    }
}

/// A socket that is no longer read from once it is stopped.
struct Stoppable {
    socket: TlsStream<TcpStream>,
    stopped: Arc<Stopped>,
}

impl AsyncRead for Stoppable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        *self.stopped.reader.lock().unwrap() = Some(cx.waker().clone());
        if self.stopped.stopped.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stoppable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

pub(crate) fn is_reset(fault: &hyper::Error) -> bool {
    format!("{fault:?}").contains("Reset")
}
