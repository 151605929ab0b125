//! The clients' side: WebSockets that are read from until they end.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    sync::mpsc,
};

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

/// A WebSocket to open.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) host: String,
    pub(crate) cookie: String,
    pub(crate) pace_millis: u64,
    pub(crate) seen: Arc<Seen>,
    pub(crate) opened: mpsc::Sender<()>,
    pub(crate) number: usize,
}

/// A thread that opens WebSockets and reads them.
pub(crate) fn start(gateway: SocketAddr) -> mpsc::UnboundedSender<Order> {
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
                tokio::spawn(async move {
                    let socket = open(gateway, &order).await;
                    drop(turn);
                    drop(order.opened);
                    read(socket, &order.seen).await;
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
async fn read(mut socket: TcpStream, seen: &Seen) {
    let mut some = [0; 256];
    loop {
        match socket.read(&mut some).await {
            Ok(read) if read > 0 => {
                let bytes = &some[..read];
                seen.note_frames(bytes.iter().filter(|byte| **byte == 0x81).count());
                if bytes.contains(&0x88) {
                    // The close is the last that comes; what follows is the connection's own end.
                    seen.note_end();
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
