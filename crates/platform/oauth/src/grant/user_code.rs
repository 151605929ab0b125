//! Codes that a person reads from one device and types on another (RFC 8628, 6.1).

use std::{fmt, time::Duration};

use gw_jose::pkce::NoRandomness;
use gw_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Purpose, SecretHash, secret::random};

/// Letters that are not mistaken for each other or for digits, and make no words: 20 of them.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// The letters of a code: log2(20^8) = 34.5 bits.
pub const USER_CODE_CHARS: usize = 8;
/// How often one person or address may try a code within [`USER_CODE_TRIES_SPAN`]. Each try hits
/// one of n codes that are pending with a chance of n in 2.56 * 10^10.
pub const USER_CODE_TRIES_MAX: u8 = 5;
/// How long tries count.
pub const USER_CODE_TRIES_SPAN: Duration = Duration::from_secs(600);

/// A user code.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// A new one.
    ///
    /// # Errors
    /// Where the machine has no randomness.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut code = String::with_capacity(USER_CODE_CHARS);
        while code.len() < USER_CODE_CHARS {
            let letters = random::<16>()?;
            let room = USER_CODE_CHARS - code.len();
            code.extend(letters.iter().filter_map(|byte| letter(*byte)).take(room));
        }
        Ok(Self(code))
    }

    /// Reads what a person typed: small letters, hyphens and spaces are no matter. None where it
    /// is no code.
    pub fn parse(text: &str) -> Option<Self> {
        let letters = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' ' | '\u{a0}' | '\u{2010}'..='\u{2015}'));
        let code: String = letters
            .take(USER_CODE_CHARS + 1)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let is_code =
            code.len() == USER_CODE_CHARS && code.bytes().all(|byte| ALPHABET.contains(&byte));
        is_code.then_some(Self(code))
    }

    /// As it is shown: in two groups.
    pub fn expose(&self) -> String {
        let (first, second) = self
            .0
            .split_at_checked(USER_CODE_CHARS / 2)
            .unwrap_or_default();
        format!("{first}-{second}")
    }

    /// By what its record is found.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(Purpose::UserCode, &self.0)
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCode([redacted])")
    }
}

/// A letter by a random byte; none for the last sixteen, which would come more often.
fn letter(byte: u8) -> Option<char> {
    let usable = u8::MAX - u8::MAX % 20;
    let place = (byte < usable).then_some(usize::from(byte % 20))?;
    ALPHABET.get(place).copied().map(char::from)
}

/// The tries of one person or address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UserCodeTries {
    count: u8,
    since: Timestamp,
}

impl UserCodeTries {
    /// Whether one more may be made; it is counted, though what is refused is not.
    pub fn admit(&mut self, now: Timestamp) -> bool {
        if self.count == 0 || now.since(self.since) >= USER_CODE_TRIES_SPAN {
            *self = Self {
                count: 0,
                since: now,
            };
        }
        let is_admitted = self.count < USER_CODE_TRIES_MAX;
        self.count += u8::from(is_admitted);
        is_admitted
    }

    /// Counts the last one no more: its code was right.
    pub const fn give_back(&mut self) {
        self.count = self.count.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let code = UserCode::parse("WDJB-MJHT").unwrap();
        for typed in [
            "wdjbmjht",
            " wdjb mjht ",
            "WDJB\u{2013}MJHT",
            "w-d-j-b-m-j-h-t",
        ] {
            assert_eq!(UserCode::parse(typed).as_ref(), Some(&code), "{typed}");
        }
        assert_eq!(code.expose(), "WDJB-MJHT");
        for typed in [
            "",
            "WDJB-MJH",
            "WDJB-MJHTX",
            "ADJB-MJHT",
            "WDJB_MJHT",
            "ＷDJB-MJHT",
        ] {
            assert_eq!(UserCode::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn codes_are_drawn_of_all_letters() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let code = UserCode::generate().unwrap();
            assert_eq!(UserCode::parse(&code.expose()), Some(code.clone()));
            seen.extend(code.0.bytes());
        }
        assert_eq!(seen.len(), ALPHABET.len());
    }

    #[test]
    fn guessing_a_code_ends_after_a_few_tries() {
        let mut tries = UserCodeTries::default();
        let at = Timestamp::from_secs(1_000_000);
        for _ in 0..USER_CODE_TRIES_MAX {
            assert!(tries.admit(at));
        }
        assert!(!tries.admit(at) && !tries.admit(at.after(Duration::from_secs(599))));
        assert!(tries.admit(at.after(USER_CODE_TRIES_SPAN)));
    }
}
