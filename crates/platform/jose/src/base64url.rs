//! Base64url without padding (RFC 7515, 2), read strictly: no padding, no white space, and no
//! trailing bits, so that a text and its bytes are one to one.

use data_encoding::BASE64URL_NOPAD;

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

/// Exactly so many bytes.
pub(crate) fn decode_exact<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    decode(text)?.try_into().ok()
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_canonical_is_refused() {
        assert_eq!(decode("AA"), Some(vec![0]));
        for other in ["AB", "AA==", "AA\n", " AA", "A", "A+", "A/", "AAA=", "ÄÄ"] {
            assert_eq!(decode(other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_that_is_read_is_the_only_one_of_its_bytes(text in "[A-Za-z0-9_=-]{0,12}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
