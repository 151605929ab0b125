//! A second reader of HTTP/2 header blocks.
//!
//! The parser cuts a fragment off a `:path`, puts a slash before one that begins with its
//! query, and says nothing. What it hands on does not show it, so this reads the same frames
//! beside it. It keeps no header: of each entry of the compression table it knows the size, and
//! whether it is such a `:path`. Which request
//! it was is not told by the parser either, so from the first fault on every request of the
//! connection is refused.

mod hpack;
mod huffman;

use self::hpack::Fields;
use crate::canonical::Ambiguous;

/// What a client sends before its first frame.
const PREFACE_BYTES: usize = 24;

const FRAME_HEAD_BYTES: usize = 9;

/// Longest header block that is followed; the parser's own limit is lower.
const BLOCK_BYTES_MAX: usize = 256 * 1024;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// Reads along with the parser.
#[derive(Debug)]
pub struct HeaderBlocks {
    state: State,
    head: Vec<u8>,
    payload: Vec<u8>,
    block: Vec<u8>,
    fields: Fields,
    fault: Option<Ambiguous>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// In bytes that say nothing about headers.
    Skipped(usize),
    /// In a frame's head.
    Head,
    /// In the payload of a frame with headers.
    Payload { left: usize, kind: u8, flags: u8 },
}

impl Default for HeaderBlocks {
    fn default() -> Self {
        Self {
            state: State::Skipped(PREFACE_BYTES),
            head: Vec::with_capacity(FRAME_HEAD_BYTES),
            payload: Vec::new(),
            block: Vec::new(),
            fields: Fields::default(),
            fault: None,
        }
    }
}

impl HeaderBlocks {
    /// Reads what the parser is about to read.
    pub fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.fault.is_none() {
            bytes = match self.state {
                State::Skipped(left) => self.skip(bytes, left),
                State::Head => self.collect_head(bytes),
                State::Payload { left, kind, flags } => self.collect(bytes, left, kind, flags),
            };
        }
    }

    /// The first thing that could be read in two ways, or not at all.
    pub const fn fault(&self) -> Option<Ambiguous> {
        self.fault
    }

    fn skip<'b>(&mut self, bytes: &'b [u8], left: usize) -> &'b [u8] {
        let (here, rest) = bytes.split_at(left.min(bytes.len()));
        self.state = match left - here.len() {
            0 => State::Head,
            left => State::Skipped(left),
        };
        rest
    }

    fn collect_head<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let missing = FRAME_HEAD_BYTES - self.head.len();
        let (here, rest) = bytes.split_at(missing.min(bytes.len()));
        self.head.extend_from_slice(here);
        if let [high, middle, low, kind, flags, ..] = self.head[..]
            && self.head.len() == FRAME_HEAD_BYTES
        {
            self.head.clear();
            let left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            self.begin(left, kind, flags);
        }
        rest
    }

    fn begin(&mut self, left: usize, kind: u8, flags: u8) {
        self.state = match (kind, left) {
            (HEADERS | CONTINUATION, 0) => return self.end(kind, flags),
            (HEADERS | CONTINUATION, left) => State::Payload { left, kind, flags },
            (_, 0) => State::Head,
            (_, left) => State::Skipped(left),
        };
    }

    fn collect<'b>(&mut self, bytes: &'b [u8], left: usize, kind: u8, flags: u8) -> &'b [u8] {
        let (here, rest) = bytes.split_at(left.min(bytes.len()));
        if self.payload.len() + self.block.len() + here.len() > BLOCK_BYTES_MAX {
            self.fault = Some(Ambiguous::Framing);
            return rest;
        }
        self.payload.extend_from_slice(here);
        match left - here.len() {
            0 => self.end(kind, flags),
            left => self.state = State::Payload { left, kind, flags },
        }
        rest
    }

    /// A frame with headers is whole.
    fn end(&mut self, kind: u8, flags: u8) {
        self.state = State::Head;
        let fragment = match kind {
            HEADERS => without_padding(&self.payload, flags),
            _ => Some(self.payload.as_slice()),
        };
        match fragment {
            Some(fragment) => self.block.extend_from_slice(fragment),
            None => self.fault = Some(Ambiguous::Framing),
        }
        self.payload.clear();
        if flags & END_HEADERS != 0 {
            self.fault = self.fault.or(self.fields.read(&self.block).err());
            self.block.clear();
        }
    }
}

/// The part of a HEADERS frame that holds headers.
fn without_padding(payload: &[u8], flags: u8) -> Option<&[u8]> {
    let (padding, rest) = match payload.split_first() {
        Some((padding, rest)) if flags & PADDED != 0 => (usize::from(*padding), rest),
        None if flags & PADDED != 0 => return None,
        _ => (0, payload),
    };
    let dependency = if flags & PRIORITY != 0 { 5 } else { 0 };
    let end = rest.len().checked_sub(padding)?;
    rest.get(dependency..end)
}

#[cfg(test)]
mod tests;
