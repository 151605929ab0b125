//! How texts are compared, and which characters they may hold.

use std::{borrow::Cow, fmt};

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// A text as it is compared where case does not count: NFKC, folded in full (Unicode 5.18.4,
/// "compatibility caseless matching"), so that `Ana`, `ana` and `ａｎａ` are one name.
///
/// What is unique without regard to case (`userName`, a group's `displayName`) is unique in this
/// form, and an index over it has this form as its key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folded(Box<str>);

impl Folded {
    /// A text in the form that is compared.
    pub fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self(text.to_ascii_lowercase().into());
        }
        let normalizer = ComposingNormalizerBorrowed::new_nfkc();
        let fold = |text: &str| -> String { CaseMapper::new().fold_string(text).into_owned() };
        let once = fold(&normalizer.normalize(text));
        let twice = fold(&normalizer.normalize(&once));
        Self(normalizer.normalize(&twice).into())
    }

    /// The form as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Folded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Folded(…)")
    }
}

/// Whether a text holds characters that nobody sees, or that turn what others see around: control
/// characters, zero-width ones, and those that direct the order of writing.
pub(crate) fn is_deceptive(text: &str) -> bool {
    text.chars().any(|c| {
        c.is_control()
            || matches!(c,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    })
}

/// Words from outside, fit for a message: one line of at most 80 characters.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    const SHOWN_MAX: usize = 80;
    let is_fit = |c: char| !c.is_control();
    if text.len() <= SHOWN_MAX && text.chars().all(is_fit) {
        return Cow::Borrowed(text);
    }
    let mut kept: String = text
        .chars()
        .filter(|c| is_fit(*c))
        .take(SHOWN_MAX)
        .collect();
    kept.push('…');
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_name_in_two_unicode_forms_and_two_cases_is_one_name() {
        let composed = Folded::of("Ren\u{e9}");
        assert_eq!(composed, Folded::of("rene\u{301}"));
        assert_eq!(Folded::of("ＡＮＡ"), Folded::of("ana"));
        assert_eq!(Folded::of("Straße"), Folded::of("STRASSE"));
        assert_eq!(Folded::of("ΣΊΣΥΦΟΣ"), Folded::of("σίσυφος"));
        assert_ne!(Folded::of("ana"), Folded::of("anna"));
    }

    #[test]
    fn characters_that_nobody_sees_are_found() {
        for text in [
            "a\u{200b}na",
            "a\u{202e}na",
            "\u{feff}ana",
            "a\nb",
            "a\u{7f}",
        ] {
            assert!(is_deceptive(text), "{text:?}");
        }
        assert!(!is_deceptive("Renée Müller-Łukasz 李"));
    }

    proptest! {
        #[test]
        fn folding_again_changes_nothing(text in "\\PC{0,12}") {
            let once = Folded::of(&text);
            prop_assert_eq!(&Folded::of(once.as_str()), &once);
        }

        #[test]
        fn case_does_not_count(text in "[a-zA-Zäöüßéñø]{0,12}") {
            prop_assert_eq!(Folded::of(&text), Folded::of(&text.to_uppercase()));
        }
    }
}
