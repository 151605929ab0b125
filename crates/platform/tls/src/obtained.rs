//! A certificate that was obtained for one host: with its chain and its key in one file, so that
//! it is replaced in one step.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use gw_model::Timestamp;

use crate::{
    TlsFault,
    files::{Pair, read_key},
};

/// A certificate for one host, checked: its key belongs to it, it is for that host alone, and it
/// was valid when it was looked at.
pub struct Obtained {
    host: String,
    file: PathBuf,
    pair: Pair,
}

impl Obtained {
    /// Reads a file with certificate, chain and key.
    ///
    /// # Errors
    /// Where it cannot be read, is open to others, or holds something else.
    pub fn read(host: &str, file: &Path, now: Timestamp) -> Result<Self, TlsFault> {
        Self::check(host, file, &read_key(file)?, now)
    }

    /// Checks what is to be in such a file.
    ///
    /// # Errors
    /// Where it is not what it has to be.
    pub fn check(host: &str, file: &Path, pem: &[u8], now: Timestamp) -> Result<Self, TlsFault> {
        let pair = Pair::of((file, pem), (file, pem))?;
        if let Some(fault) = pair.fault_of_time(file, now) {
            return Err(fault);
        }
        if pair.names != [host] {
            return Err(TlsFault::NotCovered {
                path: file.into(),
                host: format!("{host}, and that alone"),
                covered: pair.names.join(", "),
            });
        }
        Ok(Self {
            host: host.to_owned(),
            file: file.into(),
            pair,
        })
    }

    /// The host that it is for.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The file that it is in.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// When it begins to be valid.
    pub const fn not_before(&self) -> Timestamp {
        self.pair.not_before
    }

    /// When it expires.
    pub const fn not_after(&self) -> Timestamp {
        self.pair.not_after
    }

    pub(crate) const fn pair(&self) -> &Pair {
        &self.pair
    }
}

impl fmt::Debug for Obtained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Obtained")
            .field("host", &self.host)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}
