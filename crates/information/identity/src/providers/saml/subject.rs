//! Who somebody is at a SAML provider, as one text: what they are known by here.
//!
//! `persistent!f3a9` is the format, the name and, where they are not the provider and Gatewright
//! themselves, the two qualifiers (Core 2.2.2), with `!` between and `%` before what would mislead.

use std::sync::Arc;

use gw_model::SamlNames;
use gw_saml::{NameId, formats};

use super::SamlFault;

/// The longest of these texts in bytes.
pub(super) const SUBJECT_MAX_BYTES: usize = 1024;

const BETWEEN: char = '!';

/// Formats with a short word of their own.
const WORDS: [(&str, &str); 3] = [
    ("persistent", formats::PERSISTENT),
    ("email", formats::EMAIL),
    ("unspecified", formats::UNSPECIFIED),
];

/// The two who a name is between, which are what a name without qualifiers means (Core 8.3.7).
#[derive(Debug, Clone, Copy)]
pub(super) struct Between<'a> {
    /// The provider's entity id.
    pub(super) provider: &'a str,
    /// Ours.
    pub(super) own: &'a str,
}

/// The format to ask for, where one is asked for.
pub(super) const fn asked(names: SamlNames) -> Option<&'static str> {
    match names {
        SamlNames::Persistent => Some(formats::PERSISTENT),
        SamlNames::Email => Some(formats::EMAIL),
        SamlNames::Any => None,
    }
}

/// Who a name is.
///
/// # Errors
/// A name of another format than is declared, one that is another each time, or one that is too
/// long.
pub(super) fn subject(
    name: &NameId,
    names: SamlNames,
    between: Between<'_>,
) -> Result<Arc<str>, SamlFault> {
    let format = name.format.as_deref().unwrap_or(formats::UNSPECIFIED);
    let taken = match asked(names) {
        Some(wanted) => format == wanted,
        None => format != formats::TRANSIENT,
    };
    if !taken {
        return Err(SamlFault::Names {
            found: format
                .chars()
                .filter(|c| !c.is_control())
                .take(100)
                .collect(),
            wanted: names.as_str(),
        });
    }
    let text = written(name, format, between);
    if text.len() > SUBJECT_MAX_BYTES {
        return Err(SamlFault::LongName);
    }
    Ok(text.into())
}

/// Who a logout names, in whatever format: only who is known by that very name is meant.
pub(super) fn meant(name: &NameId, between: Between<'_>) -> Arc<str> {
    let format = name.format.as_deref().unwrap_or(formats::UNSPECIFIED);
    written(name, format, between).into()
}

fn written(name: &NameId, format: &str, between: Between<'_>) -> String {
    let word = WORDS.iter().find(|(_, uri)| *uri == format);
    let beside = |qualifier: &Option<String>, usual: &str| {
        let told = qualifier.as_deref().filter(|told| *told != usual);
        told.unwrap_or_default().to_owned()
    };
    let parts = [
        word.map_or(format, |(word, _)| word).to_owned(),
        name.value.clone(),
        beside(&name.name_qualifier, between.provider),
        beside(&name.sp_name_qualifier, between.own),
    ];
    let text = parts.map(|part| escaped(&part)).join("!");
    text.trim_end_matches(BETWEEN).to_owned()
}

/// The name that somebody is known by, for the provider to know them by it again.
pub(super) fn name_of(subject: &str, between: Between<'_>) -> Option<NameId> {
    let mut parts = subject.split(BETWEEN).map(unescaped);
    let (word, value) = (parts.next()?, parts.next()?);
    let format = WORDS
        .iter()
        .find(|(known, _)| *known == word)
        .map_or(&*word, |(_, uri)| uri)
        .to_owned();
    let told = |part: Option<String>| part.filter(|part| !part.is_empty());
    let (provider, own) = (told(parts.next()), told(parts.next()));
    // Only a persistent name means the two where it does not say so.
    let persistent = format == formats::PERSISTENT;
    let usual = |usual: &str| persistent.then(|| usual.to_owned());
    Some(NameId {
        value,
        format: Some(format),
        name_qualifier: provider.or_else(|| usual(between.provider)),
        sp_name_qualifier: own.or_else(|| usual(between.own)),
    })
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace(BETWEEN, "%21")
}

fn unescaped(text: &str) -> String {
    text.replace("%21", "!").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BETWEEN_US: Between<'static> = Between {
        provider: "https://idp.test",
        own: "https://auth.test",
    };

    fn of(name: &NameId) -> String {
        subject(name, SamlNames::Any, BETWEEN_US)
            .unwrap()
            .to_string()
    }

    fn named(value: &str, format: &str) -> NameId {
        NameId::new(value, format)
    }

    #[test]
    fn a_name_with_the_usual_qualifiers_is_the_name_without() {
        let bare = named("f3a9", formats::PERSISTENT);
        let full = NameId {
            name_qualifier: Some("https://idp.test".into()),
            sp_name_qualifier: Some("https://auth.test".into()),
            ..bare.clone()
        };
        assert_eq!(of(&bare), "persistent!f3a9");
        assert_eq!(of(&full), of(&bare));
    }

    #[test]
    fn names_that_differ_in_anything_else_are_different_people() {
        let all = [
            named("ana", formats::PERSISTENT),
            named("ana", formats::EMAIL),
            named("ana", formats::UNSPECIFIED),
            named("ana", "urn:other"),
            named("ana!x", formats::PERSISTENT),
            named("ana%21x", formats::PERSISTENT),
            NameId {
                name_qualifier: Some("x".into()),
                ..named("ana", formats::PERSISTENT)
            },
            NameId {
                sp_name_qualifier: Some("x".into()),
                ..named("ana", formats::PERSISTENT)
            },
        ];
        let mut texts: Vec<_> = all.iter().map(of).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), all.len(), "{texts:?}");
    }

    #[test]
    fn only_the_declared_kind_of_name_is_taken_and_never_a_transient_one() {
        let taken = |format, names| subject(&named("ana", format), names, BETWEEN_US).is_ok();
        assert!(taken(formats::PERSISTENT, SamlNames::Persistent));
        assert!(!taken(formats::EMAIL, SamlNames::Persistent));
        assert!(taken(formats::EMAIL, SamlNames::Email));
        assert!(taken(formats::UNSPECIFIED, SamlNames::Any));
        for names in [SamlNames::Persistent, SamlNames::Email, SamlNames::Any] {
            assert!(!taken(formats::TRANSIENT, names), "{names:?}");
        }
        let long = named(&"a".repeat(SUBJECT_MAX_BYTES), formats::PERSISTENT);
        let refused = subject(&long, SamlNames::Persistent, BETWEEN_US);
        assert!(matches!(refused, Err(SamlFault::LongName)));
    }

    proptest! {
        #[test]
        fn who_somebody_is_gives_their_name_back(
            value in "[ -~]{1,20}",
            format in "persistent|urn:a!b%c",
            qualifier in proptest::option::of("[ -~]{1,9}"),
        ) {
            let format = match &*format { "persistent" => formats::PERSISTENT, other => other };
            let name = NameId {
                name_qualifier: qualifier,
                ..named(&value, format)
            };
            let again = name_of(&of(&name), BETWEEN_US).unwrap();
            prop_assert_eq!(&again.value, &name.value);
            prop_assert_eq!(of(&again), of(&name));
        }
    }
}
