//! What a password must be (NIST SP 800-63B-4, 3.1.1): long enough, and in no list of breached
//! ones. Of what kinds of characters is everybody's own affair.

use std::path::PathBuf;

use gw_model::User;
use gw_store::Secret;
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    breached::{BreachedFault, BreachedList},
    hashing::HashCost,
};

/// The longest password, in bytes as it is kept.
pub(super) const BYTES_MAX: usize = 1024;

/// What is asked of passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordOptions {
    /// How many characters a password has at least.
    pub length_min: u32,
    /// A file with the passwords that nobody may have.
    pub breached: Option<PathBuf>,
    /// What hashing one costs, and a recovery code.
    pub cost: HashCost,
}

impl Default for PasswordOptions {
    fn default() -> Self {
        Self {
            length_min: 12,
            breached: None,
            cost: HashCost::default(),
        }
    }
}

/// Why a password cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordFault {
    /// It is too short.
    #[error("a password has at least {least} characters")]
    TooShort {
        /// How many it takes.
        least: u32,
    },
    /// It is too long.
    #[error("a password has at most {BYTES_MAX} bytes")]
    TooLong,
    /// It has a character that no key stands for.
    #[error("a password has no control characters")]
    Control,
    /// It is the person's name or address.
    #[error("the password is the person's own name or address")]
    Own,
    /// It was in a breach.
    #[error("the password is in the list of breached ones")]
    Breached,
}

/// A password as it is hashed: however a keyboard composed its characters.
pub(super) fn normal(typed: &str) -> Secret<String> {
    let mut end = typed.len().min(4 * BYTES_MAX);
    while !typed.is_char_boundary(end) {
        end -= 1;
    }
    Secret::new(typed.get(..end).unwrap_or_default().nfkc().collect())
}

impl PasswordOptions {
    /// Checks the form of a password that somebody wants; it is normal already.
    pub(super) fn check(&self, password: &str, user: &User) -> Result<(), PasswordFault> {
        let least = self.length_min;
        let chars = u32::try_from(password.chars().count()).unwrap_or(u32::MAX);
        let lower = password.to_lowercase();
        let own = [
            Some(&user.name),
            Some(&user.display_name),
            user.email.as_ref(),
        ];
        if password.len() > BYTES_MAX {
            Err(PasswordFault::TooLong)
        } else if chars < least {
            Err(PasswordFault::TooShort { least })
        } else if password.chars().any(char::is_control) {
            Err(PasswordFault::Control)
        } else if own
            .into_iter()
            .flatten()
            .any(|own| own.to_lowercase() == lower)
        {
            Err(PasswordFault::Own)
        } else {
            Ok(())
        }
    }

    /// Opens the list of breached passwords, where there is one. It is opened each time, so that a
    /// newer file counts from the next password on.
    pub(crate) fn list(&self) -> Result<Option<BreachedList>, BreachedFault> {
        self.breached.as_deref().map(BreachedList::open).transpose()
    }

    /// Whether nobody may have a password, as it was typed or as it is kept.
    pub(super) fn is_breached(&self, typed: &str, normal: &str) -> Result<bool, BreachedFault> {
        match self.list()? {
            Some(list) => Ok(list.has(normal)? || (typed != normal && list.has(typed)?)),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use gw_engine::testing::user;

    use super::*;

    fn check(password: &str) -> Result<(), PasswordFault> {
        let options = PasswordOptions::default();
        let mut ana = user(1, "ana-of-the-north", &[]);
        ana.email = Some("Ana.North@Example.org".into());
        options.check(normal(password).expose(), &ana)
    }

    #[test]
    fn length_counts_and_nothing_else_about_its_characters() {
        assert_eq!(check("aaaaaaaaaaaa"), Ok(()));
        assert_eq!(check("            "), Ok(()));
        assert_eq!(check("пароль пароль"), Ok(()));
        assert_eq!(check("🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂"), Ok(()));
        assert_eq!(check(&"x".repeat(1024)), Ok(()));
        let short = PasswordFault::TooShort { least: 12 };
        assert_eq!(check("Aa1!Bb2?Cc3"), Err(short));
        assert_eq!(check(&"x".repeat(1025)), Err(PasswordFault::TooLong));
        assert_eq!(check(&"x".repeat(100_000)), Err(PasswordFault::TooLong));
        assert_eq!(check("with a tab\tinside"), Err(PasswordFault::Control));
    }

    #[test]
    fn ones_own_name_or_address_is_no_password() {
        assert_eq!(check("ANA-of-the-north"), Err(PasswordFault::Own));
        assert_eq!(check("ana.north@example.org"), Err(PasswordFault::Own));
    }

    #[test]
    fn a_password_is_the_same_however_its_characters_are_composed() {
        assert_eq!(normal("Zoe\u{308}").expose(), normal("Zo\u{eb}").expose());
        assert_eq!(normal("\u{ff21}").expose(), "A");
    }
}
