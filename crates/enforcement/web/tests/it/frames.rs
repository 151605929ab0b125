//! HTTP/2 frame by frame, for what no client library would send.

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
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;

/// A name and a value, byte for byte.
pub(crate) type Field = (Vec<u8>, Vec<u8>);

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered {
        status: u16,
        body: String,
    },
    Reset,
    /// The whole connection ended.
    Gone,
}

impl Outcome {
    pub(crate) fn is_refused(&self) -> bool {
        match self {
            Self::Answered { status, .. } => (400..500).contains(status),
            Self::Reset | Self::Gone => true,
        }
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Reset | Self::Gone => None,
        }
    }

    /// The last word of the problem's type.
    pub(crate) fn problem(&self) -> String {
        let Self::Answered { body, .. } = self else {
            return format!("{self:?}");
        };
        let problem: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let kind = problem["type"].as_str().unwrap_or_default();
        kind.rsplit(':').next().unwrap_or_default().to_owned()
    }
}

pub(crate) fn field(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Field {
    (name.as_ref().to_vec(), value.as_ref().to_vec())
}

/// Ana's GET of a page of the wiki.
pub(crate) fn usual() -> Vec<Field> {
    vec![
        field(":method", "GET"),
        field(":scheme", "https"),
        field(":authority", "wiki.test"),
        field(":path", "/page"),
        field("cookie", ANA),
        field("origin", "https://wiki.test"),
    ]
}

/// The usual request with these fields in the place of those of the same names, or behind them.
pub(crate) fn with(changed: &[(&str, &[u8])]) -> Vec<Field> {
    let mut fields = usual();
    for (name, value) in changed {
        match fields.iter_mut().find(|f| f.0 == name.as_bytes()) {
            Some(there) => there.1 = value.to_vec(),
            None => fields.push(field(name, value)),
        }
    }
    fields
}

/// The usual request without the fields of a name.
pub(crate) fn without(name: &str) -> Vec<Field> {
    let mut fields = usual();
    fields.retain(|f| f.0 != name.as_bytes());
    fields
}

/// The usual request with one more field at the end.
pub(crate) fn and(name: &str, value: impl AsRef<[u8]>) -> Vec<Field> {
    [usual(), vec![field(name, value)]].concat()
}

/// A header block: every field a literal, never in the Huffman code, never remembered.
pub(crate) fn block(fields: &[Field]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            push_length(&mut block, text.len());
            block.extend_from_slice(text);
        }
    }
    block
}

fn push_length(block: &mut Vec<u8>, length: usize) {
    let Some(mut rest) = length.checked_sub(0x7f) else {
        return block.push(u8::try_from(length).unwrap());
    };
    block.push(0x7f);
    while rest >= 0x80 {
        block.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    block.push(u8::try_from(rest).unwrap());
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A connection over TLS of which every byte is ours to choose.
pub(crate) struct Frames {
    io: TlsStream<TcpStream>,
    next: u32,
}

impl Frames {
    pub(crate) async fn open(house: &House, server_name: &str) -> Self {
        let mut io = connect_tls(house, server_name, b"h2").await;
        io.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .unwrap();
        // Answers are to use no dynamic table: then a status can be read without one.
        let no_table = [0, 1, 0, 0, 0, 0];
        io.write_all(&frame(SETTINGS, 0, 0, &no_table))
            .await
            .unwrap();
        Self { io, next: 1 }
    }

    /// Sends frames; a connection that is gone shows when its answer is read.
    pub(crate) async fn send(&mut self, frames: &[u8]) {
        let _ = self.io.write_all(frames).await;
        let _ = self.io.flush().await;
    }

    pub(crate) fn stream(&mut self) -> u32 {
        let stream = self.next;
        self.next += 2;
        stream
    }

    /// A request without a body.
    pub(crate) async fn ask(&mut self, fields: &[Field]) -> Outcome {
        let stream = self.stream();
        let flags = END_HEADERS | END_STREAM;
        self.send(&frame(HEADERS, flags, stream, &block(fields)))
            .await;
        self.outcome(stream).await
    }

    /// A request with a body, and with trailers where there are any.
    pub(crate) async fn ask_with(
        &mut self,
        fields: &[Field],
        body: &[u8],
        trailers: &[Field],
    ) -> Outcome {
        let stream = self.stream();
        let last = if trailers.is_empty() { END_STREAM } else { 0 };
        let mut frames = frame(HEADERS, END_HEADERS, stream, &block(fields));
        frames.extend(frame(DATA, last, stream, body));
        if !trailers.is_empty() {
            let flags = END_HEADERS | END_STREAM;
            frames.extend(frame(HEADERS, flags, stream, &block(trailers)));
        }
        self.send(&frames).await;
        self.outcome(stream).await
    }

    /// What comes of a stream.
    pub(crate) async fn outcome(&mut self, of: u32) -> Outcome {
        let (mut status, mut body) = (0, Vec::new());
        loop {
            let Ok((kind, flags, stream, payload)) = self.read().await else {
                return Outcome::Gone;
            };
            match kind {
                SETTINGS if flags & ACK == 0 => self.send(&frame(SETTINGS, ACK, 0, &[])).await,
                PING if flags & ACK == 0 => self.send(&frame(PING, ACK, 0, &payload)).await,
                GOAWAY if payload[4..8] != [0; 4] => return Outcome::Gone,
                RESET if stream == of => return Outcome::Reset,
                HEADERS if stream == of => status = read_status(&payload),
                DATA if stream == of => body.extend(payload),
                _ => {}
            }
            if stream == of && matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
                let body = String::from_utf8_lossy(&body).into_owned();
                return Outcome::Answered { status, body };
            }
        }
    }

    async fn read(&mut self) -> std::io::Result<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.io.read_exact(&mut head).await?;
        let [a, b, c, kind, flags, s @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.io.read_exact(&mut payload).await?;
        Ok((kind, flags, u32::from_be_bytes(s), payload))
    }
}

/// The status in front of an answer's headers, as our server writes it.
fn read_status(block: &[u8]) -> u16 {
    let from = block.iter().position(|b| b & 0xe0 != 0x20).unwrap();
    match block[from..] {
        [indexed @ 0x88..=0x8e, ..] => {
            [200, 204, 206, 304, 400, 404, 500][usize::from(indexed - 0x88)]
        }
        [_, 3, a, b, c, ..] => [a, b, c]
            .iter()
            .fold(0, |n, d| n * 10 + u16::from(d - b'0')),
        [_, length @ 0x82..=0x83, ..] => {
            let coded = &block[from + 2..][..usize::from(length & 0x7f)];
            coded_digits(coded)
        }
        _ => panic!("no status in {block:x?}"),
    }
}

/// Three digits in the Huffman code: 0 to 2 have five bits, the others six.
fn coded_digits(coded: &[u8]) -> u16 {
    let bits: Vec<u16> = coded
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| u16::from(byte >> bit & 1)))
        .collect();
    let number = |bits: &[u16]| bits.iter().fold(0, |n, bit| n << 1 | bit);
    let (mut at, mut status) = (0, 0);
    for _ in 0..3 {
        let short = number(&bits[at..at + 5]);
        let (digit, length) = match short {
            0..=2 => (short, 5),
            _ => (number(&bits[at..at + 6]) - 0x19 + 3, 6),
        };
        status = status * 10 + digit;
        at += length;
    }
    status
}
