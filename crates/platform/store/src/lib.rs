//! The fact store: what decisions rest on, kept through crashes and restarts.
//!
//! [`Store`] is a trait of domain operations: one writer commits transactions of
//! [`gw_model::Change`]s with their [`Effect`]s (links, one-time values, factor secrets,
//! sealed keys: what never travels in the stream of facts), in durable groups; any number of
//! [`Reader`]s look things up beside it. [`SqliteStore`] is the embedded one, in a
//! [`DataFolder`] that nobody else may read or share.
//!
//! [`peek`] looks at it and [`copy`] takes a backup of it while it is written; a folder that a backup is restored into is
//! [`Restoring`] until that is whole.
//!
//! What fits together is not decided here: [`gw_model::Snapshot::apply`] keeps the invariants
//! between facts, and the rows are written from the snapshot that it returns.

mod error;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod seal;
mod secret;
mod set_aside;
mod sqlite;
mod store;
mod transaction;

pub use error::StoreError;
pub use folder::{DataFolder, Mark, Restoring};
pub use seal::KeySource;
pub use secret::Secret;
pub use sqlite::{DATABASE, SqliteStore, copy, peek};
pub use store::{
    ChangesSince, FactorSecret, Kept, LinkState, Loaded, LogHead, Notes, OUTLIVE_THEIR_OWNER,
    PolicyRevision, Read, Reader, RecoveryCode, RecoverySet, Store, StoredTransaction,
};
pub use transaction::{
    Committed, Effect, FactorSecretRow, KeptRow, LinkKind, LinkRow, PasskeyRow, Proposal, Refused,
    Taken, Transaction, WhyNot,
};
