//! An upstream that answers requests, and talks over each WebSocket at the pace that its path
//! asks for. It is a process of its own: the ends of all WebSockets are too many files for one.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::Duration,
};

use aws_lc_rs::digest;
use data_encoding::BASE64;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{MissedTickBehavior, interval_at},
};

/// RFC 6455, 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A text frame.
const FRAME: &[u8] = b"\x81\x04tick";

/// What this program is told, to be the upstream.
pub(crate) const ARGUMENT: &str = "--upstream";

/// A running upstream, which ends with this.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let own = std::env::current_exe().expect("this program");
        let mut process = Command::new(own)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut said = String::new();
        BufReader::new(process.stdout.take().expect("it is piped"))
            .read_line(&mut said)
            .expect("an address");
        let address = said.trim().parse().expect("an address");
        Self { address, process }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Serves until whoever started this goes away.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("an address");
        writeln!(std::io::stdout(), "{address}").expect("somebody reads");
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer(socket));
        }
    });
}

async fn answer(mut socket: TcpStream) -> Option<()> {
    socket.set_nodelay(true).ok()?;
    let mut head = Vec::new();
    loop {
        head.clear();
        while !head.ends_with(b"\r\n\r\n") {
            let mut some = [0; 2048];
            let read = socket.read(&mut some).await.ok().filter(|read| *read > 0)?;
            head.extend_from_slice(some.get(..read)?);
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        let Some(key) = header(&text, "sec-websocket-key") else {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            socket.write_all(answer).await.ok()?;
            continue;
        };
        let hashed = digest::digest(
            &digest::SHA1_FOR_LEGACY_USE_ONLY,
            format!("{key}{GUID}").as_bytes(),
        );
        let accept = BASE64.encode(hashed.as_ref());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        socket.write_all(answer.as_bytes()).await.ok()?;
        return talk(socket, pace(&text)?).await;
    }
}

async fn talk(mut socket: TcpStream, pace: Duration) -> Option<()> {
    let mut ticks = interval_at(tokio::time::Instant::now() + pace, pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut some = [0; 64];
    loop {
        tokio::select! {
            _ = ticks.tick() => socket.write_all(FRAME).await.ok()?,
            read = socket.read(&mut some) => {
                read.ok().filter(|read| *read > 0)?;
            }
        }
    }
}

fn header<'t>(head: &'t str, name: &str) -> Option<&'t str> {
    head.lines().find_map(|line| {
        let (own, value) = line.split_once(':')?;
        own.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// `GET /every/250 HTTP/1.1`: a frame every 250 ms.
fn pace(head: &str) -> Option<Duration> {
    let path = head.split_whitespace().nth(1)?;
    let millis = path.strip_prefix("/every/")?.parse().ok()?;
    Some(Duration::from_millis(millis))
}
