//! Hashes and comparisons that tokens rest on.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512, digest};
use subtle::ConstantTimeEq as _;

use crate::{Algorithm, base64url};

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

/// Whether both are the same, in a time that tells of no place where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// The left half of a token's or a code's hash, as `at_hash` and `c_hash` hold it (OpenID Connect
/// Core 1.0, 3.1.3.6, 3.3.2.11): under the hash of the algorithm that the ID token is signed by.
/// Ed25519 hashes by SHA-512.
pub fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let hash = digest(hash_of(algorithm), text.as_bytes());
    let half = hash.as_ref().len() / 2;
    base64url::encode(hash.as_ref().split_at(half).0)
}

const fn hash_of(algorithm: Algorithm) -> &'static digest::Algorithm {
    match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 => &SHA256,
        Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 => &SHA384,
        Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::EdDsa => &SHA512,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_standard_s_example_is_its() {
        // OpenID Connect Core 1.0, A.3: the access token and the at_hash of the ID token there.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
