//! What the frames of an HTTP/2 connection cost.
//!
//! Frames that carry a request or a body are work like any other, and bounded as such. All
//! others (PING, SETTINGS, PRIORITY, WINDOW_UPDATE, RST_STREAM, kinds that nobody knows) cost
//! whoever sends them little and us some. Each has a price; so much is given back each second,
//! and some for each frame of an answer, which clients acknowledge. Of an upstream a head has
//! its price too: it owes us one for each request, and none besides. Who owes more is cut off.

use std::{io::IoSlice, time::Instant};

use super::wear::Wear;

const HEAD_BYTES: usize = 9;
/// The client's connection preface, before its first frame.
const PREFACE_BYTES: u32 = 24;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What one frame of an answer, or of a request's body, gives back: an update of two windows,
/// and a question whether we are there.
const GIVEN_FOR_A_PIECE: u32 = 3;

/// What one request gives back to an upstream: a head and trailers, a reset, and some that come
/// before its answer.
const GIVEN_FOR_A_REQUEST: u32 = 10;

/// More frames without work were sent than may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many frames without work were sent")]
pub(crate) struct Flood;

/// Whose frames have their price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Client,
    Upstream,
}

/// Follows the frames of one connection in both directions.
#[derive(Debug)]
pub(crate) struct Meter {
    peer: Peer,
    most: u32,
    left: u32,
    each_second: u32,
    given_until: Instant,
    received: Frames,
    sent: Frames,
    /// Frames and heads that have begun.
    frames: u64,
    heads: u64,
    head_open: bool,
    /// Of an upstream alone.
    wear: Option<Box<Wear>>,
}

#[derive(Debug, Default)]
struct Frames {
    head: [u8; HEAD_BYTES],
    have: usize,
    /// Bytes of a frame, or of the preface, that are still to come.
    left: u32,
    /// That frame carries a head.
    in_head: bool,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    length: u32,
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Meter {
    /// A connection that begins, with so many at once and so many more each second.
    pub(crate) fn new(peer: Peer, at_once: u32, each_second: u32) -> Self {
        let (received, sent, wear) = match peer {
            Peer::Client => (Frames::after_preface(), Frames::default(), None),
            Peer::Upstream => (
                Frames::default(),
                Frames::after_preface(),
                Some(Box::default()),
            ),
        };
        Self {
            peer,
            most: at_once,
            left: at_once,
            each_second,
            given_until: Instant::now(),
            received,
            sent,
            frames: 0,
            heads: 0,
            head_open: false,
            wear,
        }
    }

    /// Follows what came from the other side.
    ///
    /// # Errors
    /// Where it is more than it may be.
    pub(crate) fn received(&mut self, bytes: &[u8]) -> Result<(), Flood> {
        let mut price = 0_u32;
        let Self {
            peer,
            received,
            frames,
            heads,
            head_open,
            wear,
            ..
        } = self;
        received.pass(bytes, |frame| {
            price = price.saturating_add(frame.price(*peer));
            *frames += 1;
            *heads += u64::from(frame.kind == HEADERS);
            *head_open = frame.is_head() && frame.flags & END_HEADERS == 0;
            if let Some(wear) = wear
                && frame.kind == DATA
                && frame.flags & END_STREAM == 0
            {
                wear.piece(frame.stream, frame.length);
            }
        });
        if price > self.left {
            self.give_for_time();
        }
        self.left = self.left.checked_sub(price).ok_or(Flood)?;
        Ok(())
    }

    /// Follows what went to the other side.
    pub(crate) fn sent(&mut self, bytes: &[u8]) {
        let Self {
            peer, sent, wear, ..
        } = self;
        let mut given = 0_u32;
        sent.pass(bytes, |frame| {
            given = given.saturating_add(frame.gives(*peer));
            if let Some(wear) = wear
                && frame.kind == RST_STREAM
            {
                wear.reset(frame.stream);
            }
        });
        self.give(given);
    }

    /// The same for so many bytes of several pieces.
    pub(crate) fn sent_of(&mut self, pieces: &[IoSlice<'_>], bytes: usize) {
        let mut left = bytes;
        for piece in pieces {
            let here = piece.get(..left.min(piece.len())).unwrap_or_default();
            self.sent(here);
            left -= here.len();
        }
    }

    /// Whether it has borne so much that the connection is to get no new streams.
    pub(crate) fn is_worn(&self) -> bool {
        self.wear.as_ref().is_some_and(|wear| wear.is_worn())
    }

    /// What has begun to come and not yet ended: a request's head, or the head of a frame, by
    /// a number that tells it from the next.
    pub(crate) const fn open_head(&self) -> Option<u64> {
        if self.head_open || (self.received.in_head && self.received.left > 0) {
            Some(self.heads)
        } else if self.received.have > 0 {
            Some(self.frames)
        } else {
            None
        }
    }

    /// Bytes that are still to come of a frame that carries no head.
    pub(crate) const fn body_left(&self) -> u32 {
        match self.received.in_head {
            true => 0,
            false => self.received.left,
        }
    }

    fn give_for_time(&mut self) {
        let now = Instant::now();
        let due = now.duration_since(self.given_until).as_secs_f64() * f64::from(self.each_second);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float is cut off at the ends of what an integer holds"
        )]
        self.give(due as u32);
        self.given_until = now;
    }

    fn give(&mut self, more: u32) {
        self.left = self.left.saturating_add(more).min(self.most);
    }
}

impl Frames {
    /// Of a client, whose preface is still to come.
    fn after_preface() -> Self {
        Self {
            left: PREFACE_BYTES,
            ..Self::default()
        }
    }

    fn pass(&mut self, mut bytes: &[u8], mut on: impl FnMut(Frame)) {
        while !bytes.is_empty() {
            let here = bytes
                .len()
                .min(usize::try_from(self.left).unwrap_or(usize::MAX));
            bytes = bytes.get(here..).unwrap_or_default();
            self.left = self
                .left
                .saturating_sub(u32::try_from(here).unwrap_or(u32::MAX));
            if self.left > 0 {
                return;
            }
            let wanted = self.head.get_mut(self.have..).unwrap_or_default();
            let more = wanted.len().min(bytes.len());
            let (head, rest) = bytes.split_at(more);
            for (to, from) in wanted.iter_mut().zip(head) {
                *to = *from;
            }
            bytes = rest;
            self.have += more;
            if self.have == HEAD_BYTES {
                let frame = Frame::read(self.head);
                self.have = 0;
                self.left = frame.length;
                self.in_head = frame.is_head();
                on(frame);
            }
        }
    }
}

impl Frame {
    const fn read([a, b, c, kind, flags, stream @ ..]: [u8; HEAD_BYTES]) -> Self {
        Self {
            length: u32::from_be_bytes([0, a, b, c]),
            kind,
            flags,
            // The first bit has no meaning (RFC 9113, section 4.1).
            stream: u32::from_be_bytes(stream) & (u32::MAX >> 1),
        }
    }

    const fn is_head(self) -> bool {
        matches!(self.kind, HEADERS | CONTINUATION)
    }

    const fn price(self, sender: Peer) -> u32 {
        match (self.kind, sender) {
            (DATA, _) | (HEADERS, Peer::Client) => 0,
            (RST_STREAM, _) => 5,
            // Each of them makes every open stream be looked at.
            (SETTINGS | GOAWAY, _) => 10,
            _ => 1,
        }
    }

    /// What the receiver may send for it.
    const fn gives(self, receiver: Peer) -> u32 {
        match (self.kind, receiver) {
            (HEADERS, Peer::Upstream) => GIVEN_FOR_A_REQUEST,
            (DATA | HEADERS, _) => GIVEN_FOR_A_PIECE,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const PING: u8 = 6;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = (payload.len() as u32).to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([kind, flags, 0, 0, 0, 1]);
        bytes.extend_from_slice(payload);
        bytes
    }

    fn meter() -> Meter {
        let mut meter = Meter::new(Peer::Client, 100, 0);
        meter.received(PREFACE).unwrap();
        meter
    }

    fn upstreams() -> Meter {
        let mut meter = Meter::new(Peer::Upstream, 100, 0);
        meter.sent(PREFACE);
        meter
    }

    #[test]
    fn frames_without_work_run_out_and_requests_do_not() {
        let mut meter = meter();
        for _ in 0..10_000 {
            meter
                .received(&frame(HEADERS, END_HEADERS, b"abc"))
                .unwrap();
            meter.received(&frame(DATA, 1, b"body")).unwrap();
        }
        for _ in 0..100 {
            meter.received(&frame(PING, 0, &[0; 8])).unwrap();
        }
        assert_eq!(meter.received(&frame(PING, 0, &[0; 8])), Err(Flood));
    }

    #[test]
    fn each_frame_of_an_answer_gives_back_and_an_answer_to_a_ping_does_not() {
        let mut meter = meter();
        for _ in 0..10_000 {
            meter.sent(&frame(DATA, 0, &[7; 50]));
            meter.received(&frame(8, 0, &[0; 4])).unwrap();
            meter.received(&frame(8, 0, &[0; 4])).unwrap();
        }
        let flood = (0..200).any(|_| {
            meter.sent(&frame(PING, 1, &[0; 8]));
            meter.received(&frame(PING, 0, &[0; 8])).is_err()
        });
        assert!(flood);
    }

    #[test]
    fn an_upstream_owes_a_head_for_each_request_and_has_none_to_give_besides() {
        let mut meter = upstreams();
        let head = frame(HEADERS, END_HEADERS, b"abc");
        for _ in 0..10_000 {
            meter.sent(&head);
            meter.received(&head).unwrap();
            for _ in 0..100 {
                meter.received(&frame(DATA, 0, b"body")).unwrap();
            }
            meter.received(&head).unwrap();
            meter.received(&frame(RST_STREAM, 0, &[0; 4])).unwrap();
        }
        let flood = (0..=100).any(|_| meter.received(&head).is_err());
        assert!(flood);
    }

    #[test]
    fn an_upstream_that_acknowledges_a_body_is_no_flood() {
        let mut meter = upstreams();
        for _ in 0..10_000 {
            meter.sent(&frame(DATA, 0, &[7; 50]));
            for kind in [8, 8, PING] {
                meter.received(&frame(kind, 0, &[0; 4])).unwrap();
            }
        }
        let flood = (0..=100).any(|_| meter.received(&frame(PING, 0, &[0; 8])).is_err());
        assert!(flood);
    }

    #[test]
    fn time_gives_back() {
        let mut meter = Meter::new(Peer::Client, 1, u32::MAX);
        meter.received(PREFACE).unwrap();
        for _ in 0..1000 {
            // Some time has passed.
            while meter.given_until.elapsed().is_zero() {}
            meter.received(&frame(PING, 0, &[0; 8])).unwrap();
        }
    }

    #[test]
    fn a_head_is_open_until_it_ends() {
        let mut meter = meter();
        assert_eq!(meter.open_head(), None);
        for (bytes, open) in [
            (frame(HEADERS, 0, b"a"), true),
            (frame(CONTINUATION, 0, b"b"), true),
            (frame(CONTINUATION, END_HEADERS, b"c"), false),
            (frame(HEADERS, END_HEADERS, b"d"), false),
            (vec![0, 0], true),
            (vec![2, HEADERS, END_HEADERS, 0, 0, 0, 3, b'e'], true),
            (vec![b'f'], false),
        ] {
            meter.received(&bytes).unwrap();
            assert_eq!(meter.open_head().is_some(), open, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_same_in_whatever_pieces_it_comes(
            kinds in proptest::collection::vec((0..12_u8, 0..40_usize), 0..20),
            cut in 1..30_usize,
        ) {
            let mut bytes = PREFACE.to_vec();
            for (kind, length) in kinds {
                bytes.extend(frame(kind, 0, &vec![0xff; length]));
            }
            let [mut whole, mut pieces] = [(); 2].map(|()| Meter::new(Peer::Client, 1000, 0));
            whole.received(&bytes).unwrap();
            for piece in bytes.chunks(cut) {
                pieces.received(piece).unwrap();
            }
            prop_assert_eq!(whole.left, pieces.left);
            prop_assert_eq!(whole.head_open, pieces.head_open);
        }
    }
}
