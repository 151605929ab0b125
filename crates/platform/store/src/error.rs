//! What can go wrong with the store itself, in the operator's words.

use std::{fmt, io, path::PathBuf};

/// A fault of the store; nothing of the group it met is kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder can be entered by others.
    #[error(
        "the data folder `{}` is open to others (mode {mode:04o}): run `chmod 0700 {}`",
        path.display(), path.display()
    )]
    FolderOpen {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The data folder is somebody else's.
    #[error(
        "the data folder `{}` belongs to uid {owner}, not to uid {ours} that runs Gatewright: \
         run `chown -R {ours} {}` or start Gatewright as its owner",
        path.display(), path.display()
    )]
    FolderOwner {
        /// Which.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        ours: u32,
    },
    /// Something else stands where the data folder should be.
    #[error("`{}` is not a folder: choose another data folder", .0.display())]
    NotAFolder(PathBuf),
    /// Another process uses the data folder.
    #[error("the data folder `{}` is in use by {}: stop that one first", path.display(), Holder(*pid))]
    Locked {
        /// Which.
        path: PathBuf,
        /// Who uses it, if they said so.
        pid: Option<u32>,
    },
    /// A restore into the data folder did not end.
    #[error(
        "a restore into the data folder `{}` did not end: empty the folder and restore again",
        .0.display()
    )]
    HalfRestored(PathBuf),
    /// There is something in the folder that a backup is to be restored into.
    #[error(
        "`{}` is not empty (`{found}` is in it): a backup is restored into an empty folder only",
        path.display()
    )]
    NotEmpty {
        /// Which.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The store has a later form than this program knows.
    #[error(
        "the store `{}` has version {version}, written by Gatewright {written_by}; this one knows \
         versions up to {known}: run Gatewright {written_by} or newer",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// Which release brought it there.
        written_by: String,
        /// The newest version known here.
        known: u32,
    },
    /// A fact or change of a kind that this program does not know.
    #[error(
        "{place} is of the kind `{kind}`, which this Gatewright does not know: the store was \
         written by a newer Gatewright; run that one"
    )]
    NewerKind {
        /// Where it stands.
        place: String,
        /// The kind.
        kind: String,
    },
    /// A migration that was applied is not the one that this program carries.
    #[error(
        "migration {number} of the store `{}` is not the one that this Gatewright carries: it was \
         made by a build that was never released; restore a backup or run that build",
        path.display()
    )]
    MigrationAltered {
        /// The database.
        path: PathBuf,
        /// Which.
        number: u32,
    },
    /// The file is a database, but none of Gatewright's.
    #[error("`{}` is not a store of Gatewright: move it away or choose another data folder", .0.display())]
    Foreign(PathBuf),
    /// The stored form cannot be read.
    #[error("{place} cannot be read ({why}): the store is damaged; restore a backup")]
    Damaged {
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// The key file is gone, but there are values sealed under it.
    #[error(
        "the key file `{}` is missing, but the store holds {sealed} values sealed under it: put it \
         back from your backup of keys",
        path.display()
    )]
    KeyMissing {
        /// Where it should be.
        path: PathBuf,
        /// How many values need it.
        sealed: u64,
    },
    /// The key file can be read by others, or is somebody else's.
    #[error(
        "the key file `{}` is open to others (mode {mode:04o}, uid {owner}): take its content for \
         known, or run `chmod 0600` on it if nobody else could enter the folder",
        path.display()
    )]
    KeyOpen {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Whose it is.
        owner: u32,
    },
    /// The key file does not hold a key.
    #[error("the key file `{}` holds {length} bytes where 32 belong: put it back from your backup of keys", path.display())]
    KeyLength {
        /// Which.
        path: PathBuf,
        /// How many bytes it holds.
        length: usize,
    },
    /// A sealed value does not open under the key at hand.
    #[error(
        "the sealed value `{name}` does not open under the key `{}`: the key is another one, or \
         the value was changed; put the right key back",
        key.display()
    )]
    Unseal {
        /// Its name.
        name: String,
        /// Which key was tried.
        key: PathBuf,
    },
    /// The source of randomness or the cipher failed.
    #[error("the cryptographic library failed to {0}")]
    Crypto(&'static str),
    /// The database failed.
    #[error("the store's database failed")]
    Database(#[from] rusqlite::Error),
}

impl StoreError {
    pub(crate) fn damaged(place: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self::Damaged {
            place: place.to_string(),
            why: why.to_string(),
        }
    }
}

struct Holder(Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another process"),
        }
    }
}
