//! Codes that are printed on paper and typed from it.

use gw_engine::random;

/// Letters and digits that are not mistaken for each other, 5 bits each.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// Adds 16 characters to a code, 80 random bits, in groups of four, each after a `-`.
pub(crate) fn extend(code: &mut String) {
    for (place, byte) in random::secret().into_iter().enumerate() {
        if place % 4 == 0 {
            code.push('-');
        }
        #[expect(clippy::indexing_slicing, reason = "the alphabet has 32 letters")]
        code.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
}

/// A code as it is hashed: however somebody typed it.
pub(crate) fn normal(code: &str) -> String {
    code.chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .take(64)
        .collect()
}
