//! A client of HTTP/2 that writes each frame itself.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::{
    client::connect_tls,
    house::{ANA, House},
};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// How long an end is waited for that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// One frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header as HPACK has it without its tables.
pub(crate) fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        assert!(text.len() < 127);
        bytes.push(text.len() as u8);
        bytes.extend(text.bytes());
    }
    bytes
}

/// The head of Ana's request to the wiki.
pub(crate) fn head(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let usual = [
        (":method", method),
        (":scheme", "https"),
        (":authority", "wiki.test"),
        (":path", path),
        ("cookie", ANA),
        ("origin", "https://wiki.test"),
    ];
    let all = usual.iter().chain(more);
    all.flat_map(|(name, value)| literal(name, value)).collect()
}

/// A whole request without a body.
pub(crate) fn get(stream: u32, path: &str) -> Vec<u8> {
    let head = head("GET", path, &[]);
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &head)
}

/// A connection that has told its settings.
pub(crate) struct Raw {
    pub(crate) io: TlsStream<TcpStream>,
    /// It is over: nothing more can be written or read.
    pub(crate) over: bool,
}

impl Raw {
    pub(crate) async fn open(house: &House, settings: &[u8]) -> Self {
        Self::open_for(house, "wiki.test", settings).await
    }

    pub(crate) async fn open_for(house: &House, host: &str, settings: &[u8]) -> Self {
        let mut raw = Self {
            io: connect_tls(house, host, b"h2").await,
            over: false,
        };
        raw.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        raw.write(&frame(SETTINGS, 0, 0, settings)).await;
        raw
    }

    /// Writes while the other side takes it.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let written = async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        };
        self.over |= written.await.is_err();
    }

    /// The next frame, unless the connection is over.
    pub(crate) async fn read(&mut self) -> Option<Frame> {
        let reading = async {
            let mut head = [0; 9];
            self.io.read_exact(&mut head).await.ok()?;
            let [a, b, c, kind, flags, stream @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.io.read_exact(&mut payload).await.ok()?;
            let stream = u32::from_be_bytes(stream);
            Some(Frame {
                kind,
                flags,
                stream,
                payload,
            })
        };
        let read = tokio::time::timeout(PATIENCE, reading).await;
        let read = read.expect("nothing comes, and no end");
        self.over |= read.is_none();
        read
    }

    /// Reads to a frame of that kind.
    pub(crate) async fn read_to(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let frame = self.read().await?;
            if frame.kind == kind {
                return Some(frame);
            }
        }
    }

    /// Reads to the end; the reason that was given for it.
    pub(crate) async fn reason(&mut self) -> Option<u32> {
        let mut reason = None;
        while let Some(frame) = self.read().await {
            if frame.kind == GOAWAY {
                reason = frame.payload[4..].first_chunk().copied();
            }
        }
        reason.map(u32::from_be_bytes)
    }

    /// Whether a question is still answered.
    pub(crate) async fn is_alive(&mut self) -> bool {
        self.write(&frame(PING, 0, 0, b"are you?")).await;
        loop {
            match self.read_to(PING).await {
                None => return false,
                Some(frame) if frame.payload == b"are you?" => return true,
                Some(_) => {}
            }
        }
    }
}
