//! Who may register, and who may change a registration (RFC 7591, 3; RFC 7592, 2).

use gw_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Client, Purpose, SecretHash};

/// A token by which clients may be registered, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitialAccessToken {
    /// By what it is found.
    pub hash: SecretHash,
    /// The first instant at which it is good no more.
    pub expires: Timestamp,
    /// For how many clients it is still good.
    pub left: u32,
}

/// No client may be registered by a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the initial access token is not good, or not any more")]
pub struct InitialTokenFault;

impl InitialAccessToken {
    /// The token from now on, with one client less; the store puts it in place of the one that
    /// was read.
    ///
    /// # Errors
    /// Where the text is not it, or it is over or used up.
    pub fn take(&self, text: &str, now: Timestamp) -> Result<Self, InitialTokenFault> {
        let is_it = self
            .hash
            .matches(&SecretHash::of(Purpose::InitialAccessToken, text));
        let left = self
            .left
            .checked_sub(1)
            .filter(|_| is_it && now < self.expires);
        let left = left.ok_or(InitialTokenFault)?;
        Ok(Self { left, ..*self })
    }
}

impl Client {
    /// Whether this text is the token by which this client manages its registration.
    pub fn is_managed_by(&self, text: &str) -> bool {
        let hash = SecretHash::of(Purpose::RegistrationAccessToken, text);
        self.registration_token
            .is_some_and(|kept| kept.matches(&hash))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        Secret,
        testing::{NOW, client},
    };

    #[test]
    fn an_initial_token_is_good_for_so_many_clients_and_so_long() {
        let secret = Secret::generate().unwrap();
        let hash = secret.hash(Purpose::InitialAccessToken);
        let token = InitialAccessToken {
            hash,
            expires: NOW.after(Duration::from_secs(60)),
            left: 1,
        };
        let used = token.take(secret.expose(), NOW).unwrap();
        assert_eq!(used.take(secret.expose(), NOW), Err(InitialTokenFault));
        assert_eq!(token.take("other", NOW), Err(InitialTokenFault));
        assert_eq!(
            token.take(secret.expose(), token.expires),
            Err(InitialTokenFault)
        );
    }

    #[test]
    fn a_client_without_a_registration_token_is_managed_by_nobody() {
        assert!(!client().is_managed_by(""));
    }
}
