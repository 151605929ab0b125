//! Random bits for ids and secrets, from the operating system's generator through aws-lc.

use aws_lc_rs::rand;

/// Fills a buffer with random bytes.
#[expect(
    clippy::expect_used,
    reason = "without randomness nothing here may go on"
)]
fn fill(bytes: &mut [u8]) {
    rand::fill(bytes).expect("the system's random generator works");
}

/// 64 random bits, for an id.
pub fn bits() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_ne_bytes(bytes)
}

/// 16 random bytes, for a secret.
pub fn secret() -> [u8; 16] {
    let mut bytes = [0; 16];
    fill(&mut bytes);
    bytes
}

/// Ids that do not repeat, at the price of an addition: a random start and a step that visits
/// every number once. They are names, not secrets.
#[derive(Debug)]
pub struct Sequence(u64);

impl Sequence {
    /// From a random start.
    pub fn new() -> Self {
        Self(bits())
    }

    /// The next.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0
    }
}

impl Default for Sequence {
    fn default() -> Self {
        Self::new()
    }
}
