//! What Gatewright issues: signed assertions, each against something that a permit opened.
//!
//! [`SigningKeys`] keeps the private halves sealed in the store and publishes the public ones
//! as facts; [`Assertions`] signs who the person is, for one app, for at most a minute.

mod assertion;
mod keys;

pub use assertion::{ASSERTION_HEADER, Assertions, Claims};
pub use keys::{KeyError, Pace, SigningKeys};

/// The purpose of the keys that sign assertions for apps. One key per purpose.
pub const ASSERTION_PURPOSE: &str = "assertion";

/// The purpose of the keys that sign access tokens (RFC 9068).
pub const ACCESS_TOKEN_PURPOSE: &str = "access-token";
