//! Obtaining certificates, against an authority of the tests' own that is well-behaved, broken or
//! hostile on demand.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test says by panicking what it did not expect"
)]

mod authority;
mod hostile;
mod house;
mod obtaining;
