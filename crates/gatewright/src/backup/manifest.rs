//! What an archive says of itself: what it is, first; what must be in it, last.

use gw_model::{Epoch, Timestamp};
use serde::{Deserialize, Serialize};

/// The version of the form of archives.
pub(super) const FORMAT: u32 = 1;
/// The first entry.
pub(super) const OPENING: &str = "gatewright-backup.json";
/// The last one.
pub(super) const MANIFEST: &str = "manifest.json";

/// What an archive is. Read before anything else, so that a newer form is refused by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opening {
    /// The form of the archive.
    pub(crate) format: u32,
    /// The version of the Gatewright that made it.
    pub(crate) gatewright: String,
    /// When it was made.
    pub(crate) made_at: Timestamp,
    /// Where the facts in it stand.
    pub(crate) epoch: Epoch,
    /// Whether it holds private keys.
    pub(crate) keys: bool,
}

impl Opening {
    /// What a backup of nothing says of itself, for fuzzing.
    pub(crate) fn of_nothing() -> Self {
        Self {
            format: FORMAT,
            gatewright: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: Timestamp::default(),
            epoch: Epoch::default(),
            keys: false,
        }
    }
}

/// What of a later form can be read: enough to say which.
#[derive(Debug, Deserialize)]
pub(super) struct AnyOpening {
    pub(super) format: u32,
    pub(super) gatewright: String,
}

/// Everything that is in an archive before this.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) files: Vec<Sum>,
}

/// A file as it must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Sum {
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}
