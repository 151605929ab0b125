//! The crate from outside: shipped policies, laws, and comparison with plain Cedar.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod cases;
mod differential;
mod faults;
mod generated;
mod holding;
mod reference;
mod remedies;
mod shipped;
mod strangeness;
mod succession;
