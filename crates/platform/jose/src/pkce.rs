//! Proof Key for Code Exchange (RFC 7636), by `S256` alone: `plain` does not exist.

use std::fmt;

use aws_lc_rs::rand;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::{base64url, hash::sha256};

/// The name of the only method (4.3).
pub const METHOD: &str = "S256";
/// The lengths of a verifier, in characters (4.1).
const VERIFIER_LENGTHS: std::ops::RangeInclusive<usize> = 43..=128;

/// What who asked for a code knows, and nobody else (4.1).
pub struct Verifier(Zeroizing<String>);

impl Verifier {
    /// A new one, of 256 random bits.
    ///
    /// # Errors
    /// Where the machine has no randomness.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bits = Zeroizing::new([0; 32]);
        rand::fill(&mut *bits).map_err(|_| NoRandomness)?;
        Ok(Self(Zeroizing::new(base64url::encode(&*bits))))
    }

    /// Reads 43 to 128 unreserved characters (4.1); none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let is_unreserved =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let is_verifier = VERIFIER_LENGTHS.contains(&text.len()) && text.bytes().all(is_unreserved);
        is_verifier.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// What is sent with the request for a token.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is sent with the request for a code.
    pub fn challenge(&self) -> Challenge {
        Challenge(sha256(self.0.as_bytes()))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier([redacted])")
    }
}

/// The machine has no randomness to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no randomness")]
pub struct NoRandomness;

/// The hash of a verifier (4.2), written as 43 characters of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// Reads a `code_challenge`; none where it is not one of `S256`.
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode_exact(text).map(Self)
    }

    /// Whether it is of this verifier (4.6), in constant time.
    pub fn is_of(&self, verifier: &Verifier) -> bool {
        self.0.ct_eq(&verifier.challenge().0).into()
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_s_example_is_met() {
        // RFC 7636, B.
        let verifier = Verifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.is_of(&verifier));
        assert_eq!(verifier.challenge().to_string(), challenge.to_string());
    }

    #[test]
    fn a_verifier_is_43_to_128_unreserved_characters() {
        for length in [43, 128] {
            assert!(Verifier::parse(&"~".repeat(length)).is_some());
        }
        for other in [
            "",
            &"a".repeat(42),
            &"a".repeat(129),
            &format!("{}+", "a".repeat(43)),
            &"ä".repeat(43),
        ] {
            assert!(Verifier::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn plain_does_not_exist() {
        let verifier = Verifier::generate().unwrap();
        let plain = Challenge::parse(verifier.expose());
        assert!(plain.is_some_and(|plain| !plain.is_of(&verifier)));
        assert!(Challenge::parse(&"a".repeat(44)).is_none());
    }

    #[test]
    fn a_verifier_is_not_shown_and_none_is_like_another() {
        let (one, other) = (Verifier::generate().unwrap(), Verifier::generate().unwrap());
        assert!(!format!("{one:?}").contains(one.expose()));
        assert!(!one.challenge().is_of(&other));
        assert!(Verifier::parse(one.expose()).is_some());
    }
}
