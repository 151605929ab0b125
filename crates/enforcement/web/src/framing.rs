//! A second reader of HTTP/1 framing, stricter than the parser.
//!
//! The parser is lenient where two readers may differ: it drops a `Content-Length` beside
//! `Transfer-Encoding`, folds equal lengths into one, takes a bare LF for a line end and cuts
//! a fragment off. None of that can be seen in what it hands on, so this reads the same bytes
//! beside it and keeps one verdict per request head, in order. Once it cannot follow, every
//! later request on the connection is refused.

use std::collections::VecDeque;

use crate::canonical::Ambiguous;

/// Longest line that is followed; the parser's own limit on heads is lower.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// Reads along with the parser.
#[derive(Debug, Default)]
pub struct Framing {
    state: State,
    line: Vec<u8>,
    head: Head,
    verdicts: VecDeque<Result<(), Ambiguous>>,
    /// A body could not be followed to its end.
    is_broken: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a request line; empty lines are skipped.
    #[default]
    Start,
    /// In the header lines.
    Head,
    /// In a body of known length.
    Fixed(u64),
    /// At a line with a chunk's size.
    ChunkSize,
    /// In a chunk.
    Chunk(u64),
    /// At the line end after a chunk.
    ChunkEnd,
    /// In the trailer lines.
    Trailers,
    /// What follows cannot be told, or is no longer HTTP/1.
    Lost,
}

/// What a head says of its body.
#[derive(Debug, Default, Clone, Copy)]
struct Head {
    length: Option<u64>,
    chunked: bool,
    fault: Option<Ambiguous>,
}

impl Framing {
    /// Reads what the parser is about to read; how much of it the parser may: all, unless it
    /// [is broken](Self::is_broken).
    pub fn read(&mut self, all: &[u8]) -> usize {
        let mut bytes = all;
        while !bytes.is_empty() && !self.is_broken {
            let left = bytes.len();
            bytes = match self.state {
                State::Lost => &[],
                State::Fixed(left) => self.skip(bytes, left, State::Start, State::Fixed),
                State::Chunk(left) => self.skip(bytes, left, State::ChunkEnd, State::Chunk),
                _ => self.collect_line(bytes),
            };
            if self.is_broken {
                return all.len() - left;
            }
        }
        if self.is_broken { 0 } else { all.len() }
    }

    /// The verdict on the next request head.
    ///
    /// # Errors
    /// Where its framing is ambiguous, or what came before it could not be followed.
    pub fn next_head(&mut self) -> Result<(), Ambiguous> {
        self.verdicts.pop_front().unwrap_or(Err(Ambiguous::Framing))
    }

    /// Whether a request's head has begun to come and not yet ended.
    #[must_use]
    pub fn is_in_head(&self) -> bool {
        match self.state {
            State::Head => true,
            State::Start => !self.line.is_empty(),
            _ => false,
        }
    }

    /// Whether all of the last request has come, its body too, and nothing of the next.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.state == State::Start && self.line.is_empty() && self.verdicts.is_empty()
    }

    /// Whether a body could not be followed to its end: where the parser sees that, if it does,
    /// need not be where others do, so nothing of it is to be read.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.is_broken
    }

    fn break_off(&mut self) {
        self.is_broken = true;
        self.stop();
    }

    /// From here on the bytes are another protocol's.
    pub fn stop(&mut self) {
        self.state = State::Lost;
        self.line = Vec::new();
    }

    fn skip<'b>(
        &mut self,
        bytes: &'b [u8],
        left: u64,
        done: State,
        on: fn(u64) -> State,
    ) -> &'b [u8] {
        let here = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left.saturating_sub(here as u64);
        self.state = if left == 0 { done } else { on(left) };
        bytes.get(here..).unwrap_or_default()
    }

    fn collect_line<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.line.extend_from_slice(bytes);
            if self.line.len() > LINE_BYTES_MAX {
                self.stop();
            }
            return &[];
        };
        let (here, rest) = bytes.split_at(end);
        if self.line.is_empty() {
            self.take_line(here);
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(here);
            self.take_line(&line);
        }
        rest.get(1..).unwrap_or_default()
    }

    /// Takes one line, without its LF.
    fn take_line(&mut self, line: &[u8]) {
        let (line, bare) = match line.strip_suffix(b"\r") {
            Some(line) => (line, false),
            None => (line, true),
        };
        match self.state {
            State::Start | State::Head => self.head_line(line, bare),
            _ if bare => self.break_off(),
            State::ChunkSize => self.chunk_size(line),
            State::ChunkEnd if line.is_empty() => self.state = State::ChunkSize,
            State::Trailers if line.is_empty() => self.state = State::Start,
            State::Trailers => {}
            _ => self.break_off(),
        }
    }

    fn head_line(&mut self, line: &[u8], bare: bool) {
        if bare {
            self.head.fault.get_or_insert(Ambiguous::BareLineFeed);
        }
        match (self.state, line.is_empty()) {
            (State::Start, true) => {}
            (State::Start, false) => {
                if line.contains(&b'#') {
                    self.head.fault.get_or_insert(Ambiguous::Fragment);
                }
                self.state = State::Head;
            }
            (_, true) => self.end_head(),
            (_, false) => self.head.header(line),
        }
    }

    fn end_head(&mut self) {
        let head = std::mem::take(&mut self.head);
        self.state = match (head.fault, head.chunked, head.length) {
            (Some(fault), ..) => {
                self.verdicts.push_back(Err(fault));
                return self.stop();
            }
            (None, true, Some(_)) => {
                self.verdicts.push_back(Err(Ambiguous::TransferEncoding));
                return self.stop();
            }
            (None, true, None) => State::ChunkSize,
            (None, false, None | Some(0)) => State::Start,
            (None, false, Some(length)) => State::Fixed(length),
        };
        self.verdicts.push_back(Ok(()));
    }

    fn chunk_size(&mut self, line: &[u8]) {
        let digits = line
            .split(|b| matches!(b, b';' | b' ' | b'\t'))
            .next()
            .unwrap_or_default();
        match number(digits, 16) {
            Some(0) => self.state = State::Trailers,
            Some(size) => self.state = State::Chunk(size),
            None => self.break_off(),
        }
    }
}

impl Head {
    fn header(&mut self, line: &[u8]) {
        let Some(colon) = memchr::memchr(b':', line) else {
            return;
        };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            match (self.length, number(value, 10)) {
                (None, Some(length)) => self.length = Some(length),
                _ => self.refuse(Ambiguous::ContentLength),
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                self.refuse(Ambiguous::TransferEncoding);
            }
            self.chunked = true;
        }
    }

    fn refuse(&mut self, why: Ambiguous) {
        self.fault.get_or_insert(why);
    }
}

/// Digits alone; no sign, no white space, no overflow.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    let fine = !digits.is_empty() && digits.iter().all(|b| char::from(*b).is_digit(radix));
    let text = std::str::from_utf8(digits).ok().filter(|_| fine)?;
    u64::from_str_radix(text, radix).ok()
}

#[cfg(test)]
mod tests;
