//! Archives that are not restored, and why.

use std::io;

/// An archive that cannot be written or used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveFault {
    /// It is something else.
    #[error("this is no backup of Gatewright ({0})")]
    Foreign(String),
    /// Its form is of a later program.
    #[error(
        "this backup has format {format}, made by Gatewright {gatewright}; this one reads format {known}: use Gatewright {gatewright} or newer"
    )]
    Newer {
        /// Its form.
        format: u32,
        /// Who made it.
        gatewright: String,
        /// The newest form that is known here.
        known: u32,
    },
    /// It ends too early.
    #[error("this backup is torn: it ends in the middle ({0})")]
    Torn(String),
    /// A file in it is another than was put in.
    #[error("this backup was changed or damaged: `{0}` is not what its manifest says")]
    Changed(String),
    /// A file that it names is not in it.
    #[error("this backup was changed or damaged: `{0}` is missing")]
    Missing(String),
    /// Something in it does not belong there.
    #[error("this backup was changed or damaged: `{0}` does not belong in it")]
    Unexpected(String),
    /// A file could not be written or read.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// Why not.
        source: io::Error,
    },
}

impl ArchiveFault {
    pub(super) fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}
