//! Backups: one archive of the facts and the ledger, taken while Gatewright runs, and put into an
//! empty data folder again.
//!
//! The archive is a tar file that any tar lists. It begins with what it is and ends with the
//! SHA-256 of every file in it, so that one that is torn or was damaged is found out before
//! anything rests on it. Keys are left out, or sealed under a passphrase.

mod archive;
mod fault;
mod manifest;
mod passphrase;
mod sealed_key;
mod take;
mod unpack;

pub(crate) use archive::Archive;
pub(crate) use fault::ArchiveFault;
pub(crate) use manifest::Opening;
pub(crate) use passphrase::Passphrase;
pub(crate) use sealed_key::{SealFault, SealedKey};
pub(crate) use take::{TakeFault, Taken, not_whole, take};
pub(crate) use unpack::{Unpacked, unpack};

/// The key file's name in a data folder, and in an archive, where it is sealed.
pub(crate) const KEY: &str = "secret.key";
/// Its name in an archive.
const SEALED_KEY: &str = "secret.key.sealed";
