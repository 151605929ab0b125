//! The clients' side: WebSockets that are read from until they end.

use std::{
    future::Future as _,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    sync::mpsc,
    time::sleep,
};
use tokio_rustls::TlsConnector;

/// A client's own goodbye can wait: on this machine it would hold up the reading of other ends.
const BEFORE_GOODBYE: Duration = Duration::from_millis(200);

/// What a client saw of a WebSocket.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    frames: Mutex<u64>,
    end: Mutex<Option<Instant>>,
}

impl Seen {
    /// When the last byte came, the close included, once nothing can come any more.
    pub(crate) fn end(&self) -> Option<Instant> {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Frames so far.
    pub(crate) fn frames(&self) -> u64 {
        *self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_frames(&self, more: usize) {
        *self.frames.lock().unwrap_or_else(PoisonError::into_inner) += more as u64;
    }

    fn note_end(&self) {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Where the clients go.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    pub(crate) plain: SocketAddr,
    pub(crate) secure: SocketAddr,
    pub(crate) trust: Arc<ClientConfig>,
}

/// WebSockets to open: one on a connection of HTTP/1.1, or several on one of HTTP/2.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) host: String,
    pub(crate) cookie: String,
    pub(crate) pace_millis: u64,
    pub(crate) over_h2: bool,
    pub(crate) seen: Vec<Arc<Seen>>,
    pub(crate) opened: mpsc::Sender<()>,
    pub(crate) number: usize,
}

/// A thread that opens WebSockets and reads them.
pub(crate) fn start(gateway: Gateway) -> mpsc::UnboundedSender<Order> {
    let (orders, mut taken) = mpsc::unbounded_channel::<Order>();
    let serve = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let at_once = Arc::new(tokio::sync::Semaphore::new(64));
            while let Some(order) = taken.recv().await {
                let turn = at_once.clone().acquire_owned().await.expect("it is open");
                let gateway = gateway.clone();
                tokio::spawn(async move {
                    if order.over_h2 {
                        open_h2(&gateway, &order).await;
                    } else {
                        let socket = open(gateway.plain, &order).await;
                        tokio::spawn(read(socket, order.seen[0].clone()));
                    }
                    drop(turn);
                    drop(order.opened);
                });
            }
        });
    };
    std::thread::Builder::new()
        .name("clients".into())
        .spawn(serve)
        .expect("a thread");
    orders
}

/// Opens all of them on one connection, each a stream (RFC 8441).
async fn open_h2(gateway: &Gateway, order: &Order) {
    let socket = connect(gateway.secure, order.number).await;
    let name = ServerName::try_from(order.host.clone()).expect("a name");
    let secured = TlsConnector::from(gateway.trust.clone())
        .connect(name, socket)
        .await
        .expect("a handshake");
    let (requests, mut connection) = h2::client::handshake(secured).await.expect("a connection");
    // Extended CONNECT may be used once the gateway's settings have come.
    std::future::poll_fn(|context| {
        assert!(Pin::new(&mut connection).poll(context).is_pending());
        let is_told = requests.is_extended_connect_protocol_enabled();
        if is_told {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    tokio::spawn(connection);
    for seen in &order.seen {
        let mut requests = requests.clone().ready().await.expect("a free stream");
        let (answer, sending) = requests
            .send_request(asked(order), false)
            .expect("it is sent");
        let answer = answer.await.expect("an answer");
        assert_eq!(answer.status(), http::StatusCode::OK);
        tokio::spawn(read_h2(answer.into_body(), sending, seen.clone()));
    }
}

fn asked(order: &Order) -> http::Request<()> {
    http::Request::connect(format!(
        "https://{}/every/{}",
        order.host, order.pace_millis
    ))
    .extension(h2::ext::Protocol::from_static("websocket"))
    .header("origin", format!("https://{}", order.host))
    .header("cookie", &order.cookie)
    .header("sec-websocket-version", "13")
    .body(())
    .expect("a request")
}

/// Reads to the end, whatever kind of end it is.
async fn read_h2(mut body: h2::RecvStream, mut sending: h2::SendStream<Bytes>, seen: Arc<Seen>) {
    while let Some(Ok(bytes)) = body.data().await {
        let _ = body.flow_control().release_capacity(bytes.len());
        seen.note_frames(bytes.iter().filter(|byte| **byte == 0x81).count());
        if bytes.contains(&0x88) {
            seen.note_end();
            sleep(BEFORE_GOODBYE).await;
            let _ = sending.send_data(Bytes::from_static(b"\x88\x80\0\0\0\0"), true);
            return;
        }
    }
    seen.note_end();
}

/// Connects from one of many addresses: ports, and limits for each address, go further so.
pub(crate) async fn connect(gateway: SocketAddr, number: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let host = u8::try_from(number % 250 + 1).expect("a byte");
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 0));
    socket.bind(from).expect("a loopback address");
    let socket = socket.connect(gateway).await.expect("the gateway listens");
    socket.set_nodelay(true).expect("a socket");
    socket
}

async fn open(gateway: SocketAddr, order: &Order) -> TcpStream {
    let mut socket = connect(gateway, order.number).await;
    let asked = format!(
        "GET /every/{} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        order.pace_millis,
        order.cookie,
        host = order.host,
    );
    socket
        .write_all(asked.as_bytes())
        .await
        .expect("it is read");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = socket.read_u8().await.expect("an answer");
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head);
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    socket
}

/// Reads to the end, whatever kind of end it is.
async fn read(mut socket: TcpStream, seen: Arc<Seen>) {
    let mut some = [0; 256];
    loop {
        match socket.read(&mut some).await {
            Ok(read) if read > 0 => {
                let bytes = &some[..read];
                seen.note_frames(bytes.iter().filter(|byte| **byte == 0x81).count());
                if bytes.contains(&0x88) {
                    // The close is the last that comes; what follows is the connection's own end.
                    seen.note_end();
                    sleep(BEFORE_GOODBYE).await;
                    let _ = socket.write_all(b"\x88\x80\0\0\0\0").await;
                    return;
                }
            }
            _ => return seen.note_end(),
        }
    }
}

/// Waits until a condition holds; false when it takes too long.
pub(crate) async fn until(at_most: Duration, condition: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !condition() {
        if began.elapsed() > at_most {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    true
}
