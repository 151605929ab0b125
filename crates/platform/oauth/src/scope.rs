//! Scopes: words that a request asks for and a token is good for (RFC 6749, 3.3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most scopes of one request or client.
pub const SCOPES_MAX: usize = 64;
/// The longest list of scopes, in bytes.
pub const SCOPES_BYTES_MAX: usize = 4096;
/// What makes a request one of OpenID Connect (OpenID Connect Core 1.0, 3.1.2.1).
pub const OPENID: &str = "openid";
/// What asks for tokens that outlive the session (OpenID Connect Core 1.0, 11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// Why scopes are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeFault {
    /// They are not words with one space between them.
    #[error("the scope is not a list of words with one space between them")]
    Malformed,
    /// They are more than [`SCOPES_MAX`] or longer than [`SCOPES_BYTES_MAX`].
    #[error("the scope is longer than {SCOPES_MAX} words or {SCOPES_BYTES_MAX} bytes")]
    TooMany,
    /// One is beyond what may be asked for.
    #[error("a scope is asked for that is not granted")]
    Beyond,
}

/// Scopes, each once, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Reads words with one space between them; one that comes twice counts once.
    ///
    /// # Errors
    /// Where it is anything else, or beyond a bound.
    pub fn parse(text: &str) -> Result<Self, ScopeFault> {
        if text.len() > SCOPES_BYTES_MAX {
            return Err(ScopeFault::TooMany);
        }
        let mut read = Self::default();
        for word in text.split(' ').filter(|_| !text.is_empty()) {
            if word.is_empty() || !word.bytes().all(is_scope_byte) {
                return Err(ScopeFault::Malformed);
            }
            if read.contains(word) {
                continue;
            }
            if read.0.len() == SCOPES_MAX {
                return Err(ScopeFault::TooMany);
            }
            read.0.push(word.to_owned());
        }
        Ok(read)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether this is one of them.
    pub fn contains(&self, word: &str) -> bool {
        self.0.iter().any(|one| one == word)
    }

    /// Whether the request that holds them is one of OpenID Connect.
    pub fn is_openid(&self) -> bool {
        self.contains(OPENID)
    }

    /// Whether each of them is one of those.
    pub fn is_within(&self, those: &Self) -> bool {
        self.iter().all(|one| those.contains(one))
    }

    /// Those of them that are also of those.
    #[must_use]
    pub fn common(&self, those: &Self) -> Self {
        Self(
            self.0
                .iter()
                .filter(|one| those.contains(one))
                .cloned()
                .collect(),
        )
    }

    /// Those that are good without a person: all but those by which a person's own claims are
    /// asked for (OpenID Connect Core 1.0, 5.4 and 11).
    #[must_use]
    pub(crate) fn without_person(&self) -> Self {
        const PERSON: [&str; 6] = [
            OPENID,
            "profile",
            "email",
            "address",
            "phone",
            OFFLINE_ACCESS,
        ];
        let is_plain = |word: &&String| !PERSON.contains(&word.as_str());
        Self(self.0.iter().filter(is_plain).cloned().collect())
    }

    /// What is asked for within what is granted; all of it where nothing is asked for.
    ///
    /// # Errors
    /// Where more is asked for than is granted.
    pub fn narrow(asked: Option<&Self>, granted: &Self) -> Result<Self, ScopeFault> {
        match asked {
            None => Ok(granted.clone()),
            Some(asked) if asked.is_within(granted) => Ok(asked.clone()),
            Some(_) => Err(ScopeFault::Beyond),
        }
    }
}

const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl TryFrom<String> for Scopes {
    type Error = ScopeFault;

    fn try_from(text: String) -> Result<Self, ScopeFault> {
        Self::parse(&text)
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scopes(text: &str) -> Scopes {
        Scopes::parse(text).unwrap()
    }

    #[test]
    fn words_have_one_space_between_them() {
        assert_eq!(scopes("a b a").to_string(), "a b");
        assert!(scopes("").is_empty());
        for text in [" ", "a  b", " a", "a ", "a\tb", "a\"b", "a\\b", "ä", "a\nb"] {
            assert_eq!(Scopes::parse(text), Err(ScopeFault::Malformed), "{text:?}");
        }
    }

    #[test]
    fn scopes_have_an_end() {
        let many: Vec<String> = (0..=SCOPES_MAX).map(|one| one.to_string()).collect();
        assert_eq!(Scopes::parse(&many.join(" ")), Err(ScopeFault::TooMany));
        assert_eq!(
            Scopes::parse(&"a".repeat(SCOPES_BYTES_MAX + 1)),
            Err(ScopeFault::TooMany)
        );
    }

    proptest! {
        #[test]
        fn narrowing_never_widens(asked in "([a-e]( [a-e]){0,4})?", granted in "([a-e]( [a-e]){0,4})?") {
            let (asked, granted) = (scopes(&asked), scopes(&granted));
            match Scopes::narrow(Some(&asked), &granted) {
                Ok(narrowed) => prop_assert!(narrowed.is_within(&granted) && narrowed == asked),
                Err(_) => prop_assert!(!asked.is_within(&granted)),
            }
            let common = asked.common(&granted);
            prop_assert!(common.is_within(&asked) && common.is_within(&granted));
        }

        #[test]
        fn what_is_written_is_read(text in "[!-~]{1,5}( [!-~]{1,5}){0,6}") {
            if let Ok(read) = Scopes::parse(&text) {
                prop_assert_eq!(Scopes::parse(&read.to_string()), Ok(read));
            }
        }
    }
}
