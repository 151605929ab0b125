//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use std::sync::LazyLock;

use crate::seal::Sealer;
pub use crate::sqlite::fuzzing::{Row, read_changes, rebuild, rows_of};

/// Seals and opens values under a key of this process.
pub struct ProcessSealer(Sealer);

impl ProcessSealer {
    /// Encrypts a value and binds it to its name.
    pub fn seal(&self, name: &str, value: &[u8]) -> Vec<u8> {
        self.0.seal(name, value).unwrap_or_default()
    }

    /// Decrypts a value, if it was sealed here under this name.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let opened = self.0.open_sealed(name, sealed).ok()?;
        Some(opened.expose().clone())
    }
}

/// Runs with a sealer; not at all where the system gives no key.
pub fn with_sealer(then: impl FnOnce(&ProcessSealer)) {
    static SEALER: LazyLock<Option<ProcessSealer>> =
        LazyLock::new(|| Sealer::of_process().ok().map(ProcessSealer));
    if let Some(sealer) = &*SEALER {
        then(sealer);
    }
}
