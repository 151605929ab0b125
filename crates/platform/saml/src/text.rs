//! Small readers and writers of text.

use data_encoding::BASE64;

/// The longest that somebody else's words are repeated, in characters.
const WORDS_MAX: usize = 200;

/// Words from outside on one line, not too many of them, and nothing that turns the reading
/// direction.
pub(crate) fn plain(words: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut kept: String = words
        .chars()
        .take(WORDS_MAX)
        .map(|c| if is_odd(c) { ' ' } else { c })
        .collect();
    if words.chars().nth(WORDS_MAX).is_some() {
        kept.push('…');
    }
    kept
}

/// Base64 (RFC 4648, 4) with whatever space between, as XML has it.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let packed: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    BASE64.decode(&packed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_stay_on_one_line_and_are_few() {
        assert_eq!(plain("a\nb\u{202e}c"), "a b c");
        assert_eq!(plain(&"x".repeat(900)).chars().count(), WORDS_MAX + 1);
    }

    #[test]
    fn base64_is_read_across_lines_and_nothing_else_is() {
        assert_eq!(
            decode_base64(" YW\r\nJj\t").as_deref(),
            Some(b"abc".as_slice())
        );
        assert_eq!(decode_base64("YWJj!"), None);
        assert_eq!(decode_base64("YWJ"), None);
    }
}
