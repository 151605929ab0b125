//! Random salts, drawn in batches so that a record costs no call into the generator.

use gw_ledger::{SALT_BYTES, Salt};

const BATCH: usize = 256;

/// The system's generator failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoEntropy;

/// A supply of salts; each is given out once.
pub(crate) struct Salts {
    bytes: Box<[u8; BATCH * SALT_BYTES]>,
    left: usize,
}

impl Salts {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Box::new([0; BATCH * SALT_BYTES]),
            left: 0,
        }
    }

    pub(crate) fn draw(&mut self) -> Result<Salt, NoEntropy> {
        if self.left == 0 {
            aws_lc_rs::rand::fill(&mut *self.bytes).map_err(|_| NoEntropy)?;
            self.left = BATCH;
        }
        self.left -= 1;
        let start = self.left * SALT_BYTES;
        let rest = self.bytes.get(start..).unwrap_or_default();
        rest.first_chunk().copied().ok_or(NoEntropy)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_salt_is_given_out_twice() {
        let mut salts = Salts::new();
        let drawn: HashSet<Salt> = (0..3 * BATCH).map(|_| salts.draw().unwrap()).collect();
        assert_eq!(drawn.len(), 3 * BATCH);
    }
}
