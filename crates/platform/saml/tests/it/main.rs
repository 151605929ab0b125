//! Both sides against each other, and against everybody who would like to be somebody else.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says by panicking what it did not find"
)]

mod conditions;
mod encryption;
mod logout;
mod metadata;
mod mutation;
mod provider;
mod signatures;
mod structure;
mod support;
mod transport;
mod wrapping;
