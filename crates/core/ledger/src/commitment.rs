//! The salted commitment by which a record answers for its personal fields without holding them.

use crate::merkle::{Hash, sha256};

/// Length of a salt.
pub const SALT_BYTES: usize = 16;

/// A random salt: without it, nobody can try names and addresses against a commitment.
pub type Salt = [u8; SALT_BYTES];

/// SHA-256 over the salt and the encoded personal fields.
pub fn commit(salt: &Salt, personal: &[u8]) -> Hash {
    sha256(&[salt, personal])
}
