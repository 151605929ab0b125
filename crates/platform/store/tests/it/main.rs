//! The store from outside: what every implementation promises, and what the embedded one does
//! when it is killed, copied, altered or newer than the program.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests: what goes wrong is to stop them"
)]

mod conformance;
mod copy;
mod crash;
mod reload;
mod sqlite;
mod support;
