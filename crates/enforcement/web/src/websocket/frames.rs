//! Where the frames of a byte stream begin and end.

/// Most bytes of a reason in a Close frame (RFC 6455, 5.5: 125 with the code).
pub const CLOSE_REASON_BYTES_MAX: usize = 123;

/// Longest frame header: two bytes, eight of length, four of mask.
const HEADER_BYTES_MAX: usize = 14;

const CLOSE: u8 = 0x8;
const BINARY: u8 = 0x2;

/// Follows a stream by its frames' headers alone.
#[derive(Debug, Default, Clone, Copy)]
pub struct Frames {
    header: [u8; HEADER_BYTES_MAX],
    have: usize,
    payload_left: u64,
    close_seen: bool,
    data_seen: bool,
}

impl Frames {
    /// Whether one frame has ended and the next has not begun.
    pub const fn at_boundary(&self) -> bool {
        self.have == 0 && self.payload_left == 0
    }

    /// Whether a Close has begun: nothing may follow it.
    pub const fn close_seen(&self) -> bool {
        self.close_seen
    }

    /// Whether a frame of data, not of control, has begun since this was last asked.
    pub const fn take_data_seen(&mut self) -> bool {
        std::mem::replace(&mut self.data_seen, false)
    }

    /// Follows bytes that have passed.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = self.step(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
        }
    }

    /// How many of these bytes belong to the frame that is under way; `None` if it is longer.
    pub fn bytes_to_boundary(&self, bytes: &[u8]) -> Option<usize> {
        let mut ahead = *self;
        let mut taken = 0;
        while !ahead.at_boundary() {
            let rest = bytes.get(taken..).filter(|rest| !rest.is_empty())?;
            taken += ahead.step(rest);
        }
        Some(taken)
    }

    /// Follows up to the end of the header or of the payload; at least one byte.
    fn step(&mut self, bytes: &[u8]) -> usize {
        if self.payload_left > 0 {
            let here = bytes
                .len()
                .min(usize::try_from(self.payload_left).unwrap_or(usize::MAX));
            self.payload_left -= here as u64;
            return here;
        }
        if let (Some(slot), Some(byte)) = (self.header.get_mut(self.have), bytes.first()) {
            *slot = *byte;
        }
        self.have += 1;
        if let Some(length) = self.header_end() {
            let opcode = self.header[0] & 0x0f;
            self.close_seen |= opcode == CLOSE;
            self.data_seen |= opcode <= BINARY;
            self.payload_left = length;
            self.have = 0;
        }
        1
    }

    /// The payload's length, once the header is whole.
    fn header_end(&self) -> Option<u64> {
        let [_, second, long @ ..] = &self.header;
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        let (size, length) = match second & 0x7f {
            126 => (2, long.iter().take(2).fold(0, be)),
            127 => (8, long.iter().take(8).fold(0, be)),
            short => (0, u64::from(short)),
        };
        (self.have >= 2 + size + mask).then_some(length)
    }
}

fn be(value: u64, byte: &u8) -> u64 {
    (value << 8) | u64::from(*byte)
}

/// An unmasked Close frame, the reason cut at a character where it is too long.
pub fn close_frame(code: u16, reason: &str) -> Vec<u8> {
    let mut end = reason.len().min(CLOSE_REASON_BYTES_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let reason = reason.get(..end).unwrap_or_default();
    let length = u8::try_from(2 + reason.len()).unwrap_or(2);
    let mut frame = vec![0x80 | CLOSE, length];
    frame.extend_from_slice(&code.to_be_bytes());
    frame.extend_from_slice(reason.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(opcode: u8, payload: usize, masked: bool, wide: u8) -> Vec<u8> {
        let mask = if masked { 0x80 } else { 0 };
        let mut bytes = vec![0x80 | opcode];
        match (payload, wide) {
            (0..=125, 0) => bytes.push(mask | payload as u8),
            (0..=65535, 0 | 1) => {
                bytes.push(mask | 126);
                bytes.extend((payload as u16).to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend((payload as u64).to_be_bytes());
            }
        }
        if masked {
            bytes.extend([1, 2, 3, 4]);
        }
        bytes.extend(std::iter::repeat_n(0x88, payload));
        bytes
    }

    #[test]
    fn a_close_ends_the_stream_of_frames() {
        let mut frames = Frames::default();
        frames.pass(&frame(1, 5, false, 0));
        assert!(frames.at_boundary() && !frames.close_seen());
        frames.pass(&close_frame(1000, ""));
        assert!(frames.at_boundary() && frames.close_seen());
    }

    #[test]
    fn a_reason_is_cut_at_a_character() {
        let frame = close_frame(1008, &"ä".repeat(100));
        assert_eq!(frame.len(), 2 + 2 + 122);
        assert_eq!(frame[..4], [0x88, 124, 0x03, 0xf0]);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
        assert_eq!(
            close_frame(1008, "why"),
            [0x88, 5, 3, 0xf0, b'w', b'h', b'y']
        );
    }

    proptest! {
        #[test]
        fn boundaries_are_found_however_the_bytes_arrive(
            shapes in proptest::collection::vec((0u8..11, 0usize..300, any::<bool>(), 0u8..3), 1..8),
            cuts in proptest::collection::vec(1usize..40, 1..60),
        ) {
            let all: Vec<Vec<u8>> = shapes.iter().map(|(o, p, m, w)| frame(*o, *p, *m, *w)).collect();
            let ends: Vec<usize> = all.iter().scan(0, |at, f| { *at += f.len(); Some(*at) }).collect();
            let bytes = all.concat();
            let mut frames = Frames::default();
            let (mut at, mut cuts) = (0, cuts.iter().cycle());
            while at < bytes.len() {
                prop_assert_eq!(frames.at_boundary(), at == 0 || ends.contains(&at));
                if !frames.at_boundary() {
                    let next = ends.iter().find(|e| **e >= at).unwrap() - at;
                    prop_assert_eq!(frames.bytes_to_boundary(&bytes[at..]), Some(next));
                    prop_assert_eq!(frames.bytes_to_boundary(&bytes[at..at + next - 1]), None);
                }
                let to = (at + cuts.next().unwrap()).min(bytes.len());
                frames.pass(&bytes[at..to]);
                at = to;
            }
            prop_assert!(frames.at_boundary());
            prop_assert_eq!(frames.close_seen(), shapes.iter().any(|s| s.0 == 8));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut frames = Frames::default();
            let _ = frames.bytes_to_boundary(&bytes);
            frames.pass(&bytes);
            let _ = frames.bytes_to_boundary(&bytes);
        }
    }
}
