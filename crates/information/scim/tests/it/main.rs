//! The service asked as clients ask it, over a directory in memory.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says by panicking what it did not see"
)]

mod attacks;
mod bulk;
mod discovery;
mod groups;
mod house;
mod listing;
#[path = "../../examples/support/memory.rs"]
mod memory;
mod people;
mod properties;
mod pushed;
