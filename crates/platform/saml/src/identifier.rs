//! Ids of messages and assertions, made and read.

use std::fmt;

use data_encoding::HEXLOWER;

use crate::limits::ID_MAX_BYTES;

/// The id of a message or an assertion that we make (Core 1.3.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// From 160 bits of randomness that were used for nothing else.
    pub fn from_random(bits: [u8; 20]) -> Self {
        // An `xs:ID` begins with no digit.
        Self(format!("_{}", HEXLOWER.encode(&bits)))
    }

    /// As it stands in messages, and in the `InResponseTo` of answers.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text is an `xs:ID` as far as anybody makes them: ASCII, bounded, without a colon.
pub(crate) fn is_id(text: &str) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_start)
        && text.len() <= ID_MAX_BYTES
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_ids_are_ids() {
        assert!(is_id(MessageId::from_random([0x9f; 20]).as_str()));
        for text in ["", "1a", "a b", "a:b", "a#b", &"a".repeat(ID_MAX_BYTES + 1)] {
            assert!(!is_id(text), "{text}");
        }
    }
}
