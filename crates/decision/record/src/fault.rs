//! Why a ledger cannot be opened.

use std::{io, path::PathBuf};

use crate::recorder::Unwritable;

/// A ledger that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The folder cannot be used.
    #[error("the ledger's folder {folder} cannot be used")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process writes it.
    #[error("another process writes the ledger in {0}; stop it first")]
    Locked(PathBuf),
    /// A file of a log cannot be used.
    #[error("the log `{log}` cannot be used")]
    Log {
        /// The log.
        log: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A log does not hold the head that the store kept.
    #[error(
        "the log `{log}` does not hold the head that was stored at {size} records: it was cut, rewritten, or restored from an older copy; look with `gatewright log verify`, and start once with `accept_ledger_gap = true` to go on and record the gap"
    )]
    Shorter {
        /// The log.
        log: String,
        /// The size that the stored head names.
        size: u64,
    },
    /// A name that cannot be a folder's.
    #[error("`{0}` is not a log's name: use 1 to 64 of the characters a-z, 0-9 and `-`")]
    Name(String),
    /// The log already has its one writer.
    #[error("the log `{0}` already has a recorder")]
    Taken(String),
    /// A sealer thread could not be started.
    #[error("no thread could be started for the log `{log}`")]
    Thread {
        /// The log.
        log: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The first records were not accepted.
    #[error("the ledger does not accept records")]
    Unwritable(#[from] Unwritable),
}

impl LedgerError {
    pub(crate) fn log(log: &str, source: io::Error) -> Self {
        Self::Log {
            log: log.to_owned(),
            source,
        }
    }
}
