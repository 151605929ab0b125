//! Frames of HTTP/2, written by hand.

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) fn frame(into: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or_default();
    let [_, a, b, c] = length.to_be_bytes();
    into.extend([a, b, c, kind, flags]);
    into.extend(stream.to_be_bytes());
    into.extend_from_slice(payload);
}

/// A header as HPACK has it without its tables.
pub(crate) fn literal(into: &mut Vec<u8>, name: &str, value: &str) {
    into.push(0);
    for text in [name, value] {
        length(into, text.len());
        into.extend(text.bytes());
    }
}

fn length(into: &mut Vec<u8>, length: usize) {
    let mut left = match length.checked_sub(127) {
        None => return into.push(u8::try_from(length).unwrap_or_default()),
        Some(left) => left,
    };
    into.push(127);
    while left >= 128 {
        into.push(u8::try_from(left % 128).unwrap_or_default() | 128);
        left /= 128;
    }
    into.push(u8::try_from(left).unwrap_or_default());
}

/// A request's head without a body.
pub(crate) fn get(into: &mut Vec<u8>, stream: u32, host: &str, path: &str, more: &[(&str, &str)]) {
    let mut head = Vec::with_capacity(256);
    for (name, value) in [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", host),
        (":path", path),
    ] {
        literal(&mut head, name, value);
    }
    for (name, value) in more {
        literal(&mut head, name, value);
    }
    frame(into, HEADERS, END_HEADERS | END_STREAM, stream, &head);
}

/// Finds what ends streams in what a server sends.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    head: Vec<u8>,
    left: usize,
}

impl Ends {
    /// How many streams ended in these bytes.
    pub(crate) fn count(&mut self, mut bytes: &[u8]) -> usize {
        let mut ended = 0;
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let wanted = (9 - self.head.len()).min(bytes.len());
            if self.left > 0 {
                return ended;
            }
            let (head, rest) = bytes.split_at(wanted);
            self.head.extend_from_slice(head);
            bytes = rest;
            if let [a, b, c, kind, flags, ..] = self.head[..]
                && self.head.len() == 9
            {
                self.left = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                let over = matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0;
                ended += usize::from(over || kind == RST_STREAM);
                self.head.clear();
            }
        }
        ended
    }
}
