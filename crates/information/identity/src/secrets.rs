//! Bearer secrets: drawn here, given out once, kept as hashes.

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use gw_engine::random;
use gw_model::TokenHash;
use gw_store::Secret;

/// Length of a secret's text: 16 bytes in base64url.
const TEXT_LENGTH: usize = 22;

/// A secret of 128 random bits as text, and what is kept of it.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    pub(crate) text: Secret<String>,
    pub(crate) hash: TokenHash,
}

/// Draws a new secret.
pub(crate) fn draw() -> Drawn {
    let text = BASE64URL_NOPAD.encode(&random::secret());
    Drawn {
        hash: hash(&text),
        text: Secret::new(text),
    }
}

/// The hash of a secret's text.
pub(crate) fn hash(text: &str) -> TokenHash {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    TokenHash::from_digest(bytes)
}

/// Whether a text has the form of a drawn secret: anything else is not even looked up.
pub(crate) fn is_plausible(text: &str) -> bool {
    text.len() == TEXT_LENGTH && is_base64url(text)
}

/// Whether a text is in the alphabet of base64url.
pub(crate) fn is_base64url(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_128_bits_and_its_hash_is_that_of_its_text() {
        let (one, other) = (draw(), draw());
        assert_ne!(one.text.expose(), other.text.expose());
        assert!(is_plausible(one.text.expose()));
        assert_eq!(one.hash, hash(one.text.expose()));
        assert!(!format!("{one:?}").contains(one.text.expose()));
        assert!(!is_plausible("short") && !is_plausible("../../../../../../etcx"));
    }
}
