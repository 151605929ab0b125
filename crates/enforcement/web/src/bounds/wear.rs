//! What wears a connection to an upstream out.
//!
//! The HTTP/2 library holds some frames against a connection for as long as it lives: pieces of
//! answers that are empty and end nothing; small ones of streams that we have reset, which
//! nobody reads any more; and whatever comes for a stream that it has forgotten, which it resets
//! once more each time. Where it has had enough of them it ends the connection, and each stream
//! on it. Long before that the connection is to get no new streams.

/// Streams that we have reset of which late pieces are known: the last ones.
const RESET_MAX: usize = 128;

/// Half of what the library bears.
const EMPTY_MAX: u32 = 50;
const RESETS_MAX: u32 = LATE_FRAMES_MAX as u32 / 2;
const LATE_BYTES_MAX: u32 = PIECES_BYTES_MAX as u32 / 2;

/// Frames for streams that the library has forgotten that it bears on one connection.
pub(crate) const LATE_FRAMES_MAX: usize = 16 * 1024;

/// What small pieces that nobody has taken may cost beside their bytes, on one connection: some
/// 70,000 pieces. Streams share it, so what is too little ends all of them.
pub(crate) const PIECES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A piece costs as much as one of so many bytes would.
const PIECE_BYTES: u32 = 256;

/// What one connection has borne in its life.
#[derive(Debug)]
pub(super) struct Wear {
    /// The last streams that we have reset, and where the next goes; zero is no such stream.
    reset: [u32; RESET_MAX],
    next: usize,
    empty: u32,
    resets: u32,
    late_bytes: u32,
}

impl Default for Wear {
    fn default() -> Self {
        Self {
            reset: [0; RESET_MAX],
            next: 0,
            empty: 0,
            resets: 0,
            late_bytes: 0,
        }
    }
}

impl Wear {
    /// We reset a stream, or did so before.
    pub(super) fn reset(&mut self, stream: u32) {
        self.resets = self.resets.saturating_add(1);
        if self.reset.contains(&stream) {
            return;
        }
        if let Some(slot) = self.reset.get_mut(self.next) {
            *slot = stream;
        }
        self.next = (self.next + 1) % RESET_MAX;
    }

    /// A piece came that is not the last of its stream.
    pub(super) fn piece(&mut self, stream: u32, bytes: u32) {
        if bytes == 0 {
            self.empty = self.empty.saturating_add(1);
        } else if bytes < PIECE_BYTES && self.reset.contains(&stream) {
            self.late_bytes = self.late_bytes.saturating_add(PIECE_BYTES - bytes);
        }
    }

    pub(super) const fn is_worn(&self) -> bool {
        self.empty >= EMPTY_MAX || self.resets >= RESETS_MAX || self.late_bytes >= LATE_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_wears_nothing() {
        let mut wear = Wear::default();
        for stream in (1..10_001).step_by(2) {
            wear.piece(stream, 1);
            wear.reset(stream);
            wear.piece(stream, PIECE_BYTES);
        }
        assert!(!wear.is_worn());
    }

    #[test]
    fn resets_wear() {
        let mut wear = Wear::default();
        let worn_after = (1..).find(|stream| {
            wear.reset(*stream);
            wear.is_worn()
        });
        assert_eq!(worn_after, Some(RESETS_MAX));
    }

    #[test]
    fn empty_pieces_wear() {
        let mut wear = Wear::default();
        let worn_after = (1..).find(|_| {
            wear.piece(1, 0);
            wear.is_worn()
        });
        assert_eq!(worn_after, Some(EMPTY_MAX));
    }

    #[test]
    fn small_pieces_of_streams_that_were_reset_wear() {
        let mut wear = Wear::default();
        for stream in (1..201).step_by(2) {
            wear.reset(stream);
        }
        let worn_after = (1..).find(|_| {
            wear.piece(7, 17);
            wear.is_worn()
        });
        let each = PIECE_BYTES - 17;
        assert_eq!(worn_after, Some(LATE_BYTES_MAX.div_ceil(each)));
    }
}
