//! A client's secrets: kept as hashes, several good at once while one follows the other.

use gw_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Purpose, Secret, SecretHash};

/// The most secrets that are good at a time.
pub const CLIENT_SECRETS_MAX: usize = 4;
/// The shortest secret that is not made here, in bytes: hashes of what can be guessed are no
/// protection.
pub const CLIENT_SECRET_BYTES_MIN: usize = 32;

/// Why a secret is not taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// There are [`CLIENT_SECRETS_MAX`] already.
    #[error("there are {CLIENT_SECRETS_MAX} secrets already: end one of them first")]
    TooMany,
    /// It is shorter than [`CLIENT_SECRET_BYTES_MIN`].
    #[error("the secret is shorter than {CLIENT_SECRET_BYTES_MIN} bytes")]
    Short,
}

/// A secret as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSecret {
    /// Its hash.
    pub hash: SecretHash,
    /// When it was made.
    pub made_at: Timestamp,
    /// The first instant at which it is good no more; none where it is good until it is ended.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

impl KeptSecret {
    /// Of a new secret.
    pub fn new(secret: &Secret, made_at: Timestamp) -> Self {
        Self {
            hash: secret.hash(Purpose::ClientSecret),
            made_at,
            expires: None,
        }
    }

    /// Of a secret that an operator brings.
    ///
    /// # Errors
    /// Where it is so short that it could be guessed.
    pub fn of_text(secret: &str, made_at: Timestamp) -> Result<Self, SecretFault> {
        if secret.len() < CLIENT_SECRET_BYTES_MIN {
            return Err(SecretFault::Short);
        }
        Ok(Self {
            hash: SecretHash::of(Purpose::ClientSecret, secret),
            made_at,
            expires: None,
        })
    }

    fn is_good(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

/// The secrets of one client.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClientSecrets(Vec<KeptSecret>);

impl ClientSecrets {
    /// One that is good until it is ended.
    pub fn of(secret: KeptSecret) -> Self {
        Self(vec![secret])
    }

    /// Several that are good at once.
    ///
    /// # Errors
    /// Where there are more than [`CLIENT_SECRETS_MAX`].
    pub fn of_all(secrets: Vec<KeptSecret>) -> Result<Self, SecretFault> {
        match secrets.len() > CLIENT_SECRETS_MAX {
            true => Err(SecretFault::TooMany),
            false => Ok(Self(secrets)),
        }
    }

    /// Whether the text is one of those that are good now. All of them are compared, each in
    /// constant time.
    pub fn accept(&self, text: &str, now: Timestamp) -> bool {
        let hash = SecretHash::of(Purpose::ClientSecret, text);
        self.0.iter().fold(false, |accepted, kept| {
            (kept.hash.matches(&hash) & kept.is_good(now)) | accepted
        })
    }

    /// Takes up a new one; those before it are good until `overlap_until`, at the latest. Those
    /// that are over are forgotten.
    ///
    /// # Errors
    /// Where there are too many that are still good.
    pub fn rotate(
        &mut self,
        next: KeptSecret,
        overlap_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), SecretFault> {
        let mut kept = self.0.clone();
        kept.retain(|one| one.is_good(now));
        if kept.len() >= CLIENT_SECRETS_MAX {
            return Err(SecretFault::TooMany);
        }
        for one in &mut kept {
            one.expires = Some(
                one.expires
                    .map_or(overlap_until, |at| at.min(overlap_until)),
            );
        }
        kept.push(next);
        self.0 = kept;
        Ok(())
    }

    /// Those that are kept, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &KeptSecret> {
        self.0.iter()
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn two_secrets_are_good_while_one_follows_the_other() {
        let at = Timestamp::from_secs(1000);
        let (old, new) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        let mut secrets = ClientSecrets::of(KeptSecret::new(&old, at));
        let until = at.after(Duration::from_secs(60));
        secrets
            .rotate(KeptSecret::new(&new, at), until, at)
            .unwrap();
        let accepted = |secret: &Secret, now| secrets.accept(secret.expose(), now);
        assert!(accepted(&old, at) && accepted(&new, at));
        assert!(!accepted(&old, until) && accepted(&new, until));
        assert!(!secrets.accept("", at) && !secrets.accept("other", at));
    }

    #[test]
    fn secrets_have_an_end_in_number_and_none_can_be_guessed() {
        let at = Timestamp::from_secs(1000);
        let make = || KeptSecret::new(&Secret::generate().unwrap(), at);
        let mut secrets = ClientSecrets::of(make());
        for _ in 1..CLIENT_SECRETS_MAX {
            secrets
                .rotate(make(), at.after(Duration::from_secs(60)), at)
                .unwrap();
        }
        let one_more = secrets.rotate(make(), at, at);
        assert_eq!(one_more, Err(SecretFault::TooMany));
        assert_eq!(
            secrets.len(),
            CLIENT_SECRETS_MAX,
            "what is refused changes nothing"
        );
        let later = at.after(Duration::from_secs(60));
        assert_eq!(secrets.rotate(make(), later, later), Ok(()));
        assert!(KeptSecret::of_text("hunter2", at).is_err());
        let all = vec![make(); CLIENT_SECRETS_MAX];
        assert!(ClientSecrets::of_all(all.clone()).is_ok_and(|kept| kept.iter().eq(&all)));
        let beyond = vec![make(); CLIENT_SECRETS_MAX + 1];
        assert_eq!(ClientSecrets::of_all(beyond), Err(SecretFault::TooMany));
    }
}
