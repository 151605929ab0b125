//! Why a token is refused.

use std::fmt;

use crate::{Algorithm, ClaimFault, HEADER_BYTES_MAX, JsonFault, TOKEN_BYTES_MAX, TokenType};

/// The most characters of a token's own words that a fault repeats.
const SHOWN_MAX: usize = 40;

/// A part of a compact JWS (RFC 7515, 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first: what it is signed with.
    Header,
    /// The second: what is signed.
    Claims,
    /// The third.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims",
            Self::Signature => "signature",
        })
    }
}

/// Words of a token's header that a fault repeats: few, and none that a terminal would obey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(Box<str>);

impl Shown {
    pub(crate) fn new(words: &str) -> Self {
        let plain = |c: char| {
            if c.is_ascii_graphic() && c != '`' {
                c
            } else {
                '?'
            }
        };
        let mut shown: String = words.chars().take(SHOWN_MAX).map(plain).collect();
        if words.chars().nth(SHOWN_MAX).is_some() {
            shown.push('…');
        }
        Self(shown.into())
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

/// Why a token's form or signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwsFault {
    /// It is longer than [`TOKEN_BYTES_MAX`].
    #[error("the token is longer than {TOKEN_BYTES_MAX} bytes")]
    TooLarge,
    /// Its header is longer than [`HEADER_BYTES_MAX`].
    #[error("the token's header is longer than {HEADER_BYTES_MAX} bytes")]
    HeaderTooLarge,
    /// It has more or fewer than three parts, or an empty one.
    #[error("the token does not have three parts")]
    Parts,
    /// A part is not base64url without padding, or not the canonical text of its bytes.
    #[error("the token's {0} is not base64url")]
    Encoding(Part),
    /// A part is not a JSON object with each member once.
    #[error("the token's {part} cannot be read: {source}")]
    Json {
        /// Which.
        part: Part,
        /// Why.
        source: JsonFault,
    },
    /// A member of the header is missing or not of its form.
    #[error("the header's `{0}` is missing or malformed")]
    Header(&'static str),
    /// The header asks for what is not supported (RFC 7515, 4.1.11; RFC 7797).
    #[error("the header's `{0}` is not supported")]
    Extension(&'static str),
    /// The algorithm does not exist here.
    #[error("the algorithm {0} is not supported")]
    UnknownAlgorithm(Shown),
    /// The algorithm is none of those that were asked for.
    #[error("the algorithm `{0}` is not accepted here")]
    Algorithm(Algorithm),
    /// It does not say that it is a token of the kind that was expected.
    #[error("the token does not say that it is {expected}")]
    TypeMissing {
        /// What was expected.
        expected: TokenType,
    },
    /// It says that it is a token of another kind.
    #[error("the token is of type {found}, not {expected}")]
    Type {
        /// What was expected.
        expected: TokenType,
        /// What it says.
        found: Shown,
    },
    /// No key has the id that it names; or it names none, and no key fits.
    #[error("{}", no_key(.kid.as_ref()))]
    UnknownKey {
        /// The id that it names.
        kid: Option<Shown>,
    },
    /// The key that it names is for other algorithms.
    #[error("the key {kid} is not for `{algorithm}`")]
    OtherAlgorithm {
        /// The id that it names.
        kid: Shown,
        /// The algorithm that it names.
        algorithm: Algorithm,
    },
    /// Two keys have the id that it names; or it names none, and several keys fit.
    #[error("{}", several_keys(.kid.as_ref()))]
    AmbiguousKey {
        /// The id that it names.
        kid: Option<Shown>,
    },
    /// The signature is not the key's.
    #[error("the signature does not hold")]
    Signature {
        /// Whether it named the key by its id.
        by_kid: bool,
    },
}

impl JwsFault {
    /// Whether the issuer's keys as they are now may tell otherwise: it names a key that is not
    /// known, or names none and none that is known made it. Who fetches on this word has bounds of
    /// their own: anybody can write an unknown id.
    pub const fn needs_reload(&self) -> bool {
        matches!(
            self,
            Self::UnknownKey { .. } | Self::Signature { by_kid: false }
        )
    }
}

fn no_key(kid: Option<&Shown>) -> String {
    match kid {
        Some(kid) => format!("no key has the id {kid}"),
        None => "no key fits, and the token names none".to_owned(),
    }
}

fn several_keys(kid: Option<&Shown>) -> String {
    match kid {
        Some(kid) => format!("several keys have the id {kid}"),
        None => "several keys fit, and the token names none".to_owned(),
    }
}

/// Why a token is refused: its form or signature, or what it claims.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Its form or signature does not hold.
    #[error(transparent)]
    Jws(#[from] JwsFault),
    /// It holds, but does not claim what it must.
    #[error(transparent)]
    Claim(#[from] ClaimFault),
}

impl TokenFault {
    /// As [`JwsFault::needs_reload`].
    pub const fn needs_reload(&self) -> bool {
        matches!(self, Self::Jws(fault) if fault.needs_reload())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_repeats_few_words_and_none_that_a_terminal_obeys() {
        let shown = Shown::new(&format!("a\u{1b}[2J`\n\u{202e}{}", "x".repeat(500))).to_string();
        assert!(shown.starts_with("`a?[2J???xxx"), "{shown}");
        assert!(shown.ends_with("…`") && shown.chars().count() == SHOWN_MAX + 3);
        assert_eq!(Shown::new("k1").to_string(), "`k1`");
    }
}
