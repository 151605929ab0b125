//! How texts of a directory are compared and shown.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// Words from outside, at most so many characters of them.
const SHOWN_MAX: usize = 120;

/// A text as directories compare it where case does not count: RFC 4518 in what matters here.
/// NFKC, folded, without spaces at the ends, and with runs of spaces as one.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return spaced(&text.to_ascii_lowercase());
    }
    let normalizer = ComposingNormalizerBorrowed::new_nfkc();
    let fold = |text: &str| CaseMapper::new().fold_string(text).into_owned();
    let once = fold(&normalizer.normalize(text));
    let twice = fold(&normalizer.normalize(&once));
    spaced(&normalizer.normalize(&twice))
}

/// Spaces at the ends do not count, and several are one (RFC 4518, 2.6.1).
fn spaced(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(word);
    }
    kept
}

/// Whether a character hides, or turns what others see around.
pub(crate) fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Words from outside, fit for a message: one line, bounded, nothing hidden.
pub(crate) fn shown(text: &str) -> String {
    let mut characters = text.chars().filter(|c| !hides(*c));
    let mut kept: String = characters.by_ref().take(SHOWN_MAX).collect();
    if characters.next().is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_forms_and_spaces_do_not_count() {
        assert_eq!(folded("  Ana   Maria "), "ana maria");
        assert_eq!(folded("Ren\u{e9}"), folded("rene\u{301}"));
        assert_eq!(folded("ＡＮＡ"), folded("ana"));
        assert_eq!(folded("STRASSE"), folded("straße"));
    }

    #[test]
    fn what_is_shown_is_one_bounded_line() {
        assert_eq!(shown("a\nb\u{202e}c\0"), "abc");
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), SHOWN_MAX + 1);
    }

    proptest! {
        #[test]
        fn folding_again_changes_nothing(text in "\\PC{0,16}") {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once);
        }
    }
}
