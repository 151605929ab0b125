//! An upstream that records every head that reaches it, byte by byte, and plays several parts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use data_encoding::{BASE64, HEXLOWER};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What reached it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    /// All values of a header, by its exact name in lower case.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        lines
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
            .collect()
    }
}

#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    count: watch::Sender<usize>,
    /// How many of its connections are open.
    pub(crate) open: watch::Sender<usize>,
    flooded: Arc<AtomicU64>,
    /// What is said where a request does not say it itself.
    will_say: Arc<Mutex<String>>,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let recorder = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            count: watch::Sender::new(0),
            open: watch::Sender::new(0),
            flooded: Arc::default(),
            will_say: Arc::default(),
        };
        let served = recorder.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let recorder = served.clone();
                tokio::spawn(async move {
                    recorder.open.send_modify(|open| *open += 1);
                    // However it ends, the connection is over.
                    let _ = recorder.serve(socket).await;
                    recorder.open.send_modify(|open| *open -= 1);
                });
            }
        });
        recorder
    }

    /// All that reached it so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().expect("something reached the upstream")
    }

    /// Waits until this many requests have reached it.
    pub(crate) async fn reached(&self, count: usize) {
        self.count
            .subscribe()
            .wait_for(|c| *c >= count)
            .await
            .unwrap();
    }

    /// Waits until none of its connections is open.
    pub(crate) async fn alone(&self) {
        self.open
            .subscribe()
            .wait_for(|open| *open == 0)
            .await
            .unwrap();
    }

    /// Has `/say` say this (in base64) where the request only hints at it.
    pub(crate) fn will_say(&self, text: &str) {
        text.clone_into(&mut self.will_say.lock().unwrap());
    }

    /// Says the very bytes that a request carries, and then goes on, closes or resets.
    async fn say(&self, io: &mut BufReader<TcpStream>, seen: &Seen) -> std::io::Result<bool> {
        let said = match seen.all("x-say")[..] {
            ["/said"] => self.will_say.lock().unwrap().clone(),
            [said] => said.to_owned(),
            _ => String::new(),
        };
        io.write_all(&BASE64.decode(said.as_bytes()).unwrap())
            .await?;
        match seen.all("x-then")[..] {
            ["reset"] => {
                // What was said is read before the reset, or the reset would overtake it.
                tokio::time::sleep(Duration::from_millis(20)).await;
                socket2::SockRef::from(io.get_ref()).set_linger(Some(Duration::ZERO))?;
                Ok(false)
            }
            ["close"] => Ok(false),
            _ => Ok(true),
        }
    }

    pub(crate) async fn flood(
        &self,
        io: &mut BufReader<TcpStream>,
        bytes: &[u8],
    ) -> std::io::Result<()> {
        let mut left = bytes;
        while !left.is_empty() {
            let written = io.write(left).await?;
            left = &left[written..];
            self.flooded.fetch_add(written as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Waits until a flood is stuck: whatever lies between here and a client that does not
    /// read is full. Returns how much it was.
    pub(crate) async fn stuck(&self) -> u64 {
        let (mut before, mut looks) = (u64::MAX, 0);
        while looks < 50 {
            let now = self.flooded.load(Ordering::Relaxed);
            looks = if now == before && now > 0 {
                looks + 1
            } else {
                0
            };
            before = now;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        before
    }

    async fn serve(&self, socket: TcpStream) -> std::io::Result<()> {
        let mut io = BufReader::new(socket);
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                if io.read_until(b'\n', &mut head).await? == 0 {
                    return Ok(());
                }
            }
            let seen = Seen {
                head: String::from_utf8(head).unwrap(),
                body: Vec::new(),
            };
            let path = seen.line().split(' ').nth(1).unwrap().to_owned();
            let at = {
                let mut all = self.seen.lock().unwrap();
                all.push(seen.clone());
                all.len() - 1
            };
            self.count.send_modify(|count| *count += 1);
            if path == "/both-ways" {
                return both_ways(io, &seen).await;
            }
            if path == "/early-and-reads" {
                io.write_all(b"HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\n\r\nmuch")
                    .await?;
                while io.read_u8().await.is_ok() {}
                return Ok(());
            }
            if path.starts_with("/early") {
                io.write_all(
                    b"HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch",
                )
                .await?;
                return Ok(());
            }
            if path.starts_with("/api/early-switch") {
                return crate::upgrades::serve(&mut io, &path, &seen).await;
            }
            let body = body(&mut io, &seen).await?;
            self.seen.lock().unwrap()[at].body = body;
            if !self.answer(&mut io, &path, &seen).await? {
                return Ok(());
            }
        }
    }

    async fn answer(
        &self,
        io: &mut BufReader<TcpStream>,
        path: &str,
        seen: &Seen,
    ) -> std::io::Result<bool> {
        let (path, _) = path.split_once('?').unwrap_or((path, ""));
        match path {
            "/hang" => {
                while io.read_u8().await.is_ok() {}
                return Ok(false);
            }
            "/say" => return self.say(io, seen).await,
            "/late" => {
                // The client has ended its side long before.
                tokio::time::sleep(Duration::from_millis(50)).await;
                io.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
                    .await?;
            }
            "/drop" => return Ok(false),
            "/stream" => {
                io.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n").await?;
                io.write_all(b"6\r\ntick\n\n\r\n").await?;
                // The stream stays open until the other side ends it.
                while io.read_u8().await.is_ok() {}
                return Ok(false);
            }
            "/flood" | "/api/flood" => {
                io.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    .await?;
                let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
                loop {
                    self.flood(io, &chunk).await?;
                }
            }
            "/half" => {
                io.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                    .await?;
                return Ok(false);
            }
            "/ws" | "/api/ws" | "/ws-flood" | "/ws-long" | "/ws-reset" => {
                return crate::websocket::serve(self, io, path, seen)
                    .await
                    .map(|()| false);
            }
            "/api/raw" | "/api/other" => {
                return crate::upgrades::serve(io, path, seen).await.map(|()| false);
            }
            "/ws-wrong" => {
                io.write_all(b"HTTP/1.1 101 Sure\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n").await?;
                return Ok(false);
            }
            "/ws-refused" => {
                io.write_all(b"HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n")
                    .await?;
            }
            "/reach" => {
                let address = self.address;
                let head = format!(
                    "HTTP/1.1 302 Found\r\nLocation: http://{address}/there\r\nAlt-Svc: h3=\":443\"\r\n\
                     Clear-Site-Data: \"cookies\"\r\nSet-Cookie: wide=1; Domain=test\r\n\
                     Set-Cookie: own=1; Path=/\r\nSet-Cookie: __Host-gw-session=evil; Path=/; Secure\r\n\
                     Gatewright-Decision: d-forged\r\nContent-Length: 0\r\n\r\n"
                );
                io.write_all(head.as_bytes()).await?;
            }
            "/both" => {
                io.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").await?;
            }
            _ if path.starts_with("/say/") => {
                // Header lines of the test's own choice.
                let lines = HEXLOWER.decode(&path.as_bytes()["/say/".len()..]).unwrap();
                let head = [
                    &b"HTTP/1.1 200 OK\r\n"[..],
                    &lines,
                    b"Content-Length: 5\r\n\r\nhello",
                ];
                io.write_all(&head.concat()).await?;
            }
            "/trailers" => {
                io.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Set-Cookie\r\n\r\n\
                    5\r\nhello\r\n0\r\nX-Sum: 42\r\nSet-Cookie: __Host-gw-session=evil\r\n\r\n").await?;
            }
            _ if path.starts_with("/bytes/") => {
                let count: usize = path["/bytes/".len()..].parse().unwrap();
                io.write_all(
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n").as_bytes(),
                )
                .await?;
                let block = vec![b'b'; 64 * 1024];
                let mut left = count;
                while left > 0 {
                    let now = left.min(block.len());
                    io.write_all(&block[..now]).await?;
                    left -= now;
                }
            }
            _ => {
                let text = "hello from the upstream";
                let body = if seen.line().starts_with("HEAD") {
                    ""
                } else {
                    text
                };
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nKeep-Alive: timeout=5\r\n\r\n{body}",
                    text.len()
                );
                io.write_all(head.as_bytes()).await?;
            }
        }
        Ok(true)
    }
}

/// Answers with as much as it is sent, while it is sent.
async fn both_ways(io: BufReader<TcpStream>, seen: &Seen) -> std::io::Result<()> {
    let length: usize = seen.all("content-length")[0].parse().unwrap();
    let (mut there, mut back) = tokio::io::split(io);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let answer = [head.into_bytes(), vec![b'b'; length]].concat();
    let mut body = vec![0; length];
    let (read, written) = tokio::join!(there.read_exact(&mut body), back.write_all(&answer));
    read.and(written)
}

/// Reads a body as it is framed; a head without framing has none.
async fn body(io: &mut BufReader<TcpStream>, seen: &Seen) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if let Some(length) = seen.all("content-length").first() {
        body.resize(length.parse().unwrap(), 0);
        io.read_exact(&mut body).await?;
    } else if seen.all("transfer-encoding") == ["chunked"] {
        loop {
            let mut line = String::new();
            io.read_line(&mut line).await?;
            let size = usize::from_str_radix(line.trim(), 16).unwrap();
            if size == 0 {
                break;
            }
            let from = body.len();
            body.resize(from + size, 0);
            io.read_exact(&mut body[from..]).await?;
            io.read_line(&mut line).await?;
        }
        loop {
            let mut line = String::new();
            io.read_line(&mut line).await?;
            if line.trim().is_empty() {
                break;
            }
            // Trailers are shown behind the body.
            body.extend(format!("\ntrailer {}", line.trim()).bytes());
        }
    }
    Ok(body)
}
