//! What a client is told as a person's name (OpenID Connect Core 1.0, 8 and 8.1).

use std::fmt;

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use super::Veil;
use crate::{Client, SubjectType};

/// The shortest key, in bytes.
const KEY_BYTES_MIN: usize = 32;
/// What the key of veils is derived for.
const VEIL: &[u8] = b"gatewright: veils of access tokens";

/// A key is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key of pairwise subjects has less than {KEY_BYTES_MIN} bytes")]
pub struct PairwiseFault;

/// The key under which pairwise subjects are made. It lasts as long as the names: with another
/// one, every client takes everybody for somebody new.
pub struct PairwiseKey {
    key: hmac::Key,
    veil: Veil,
}

impl PairwiseKey {
    /// Of a secret that is kept.
    ///
    /// # Errors
    /// Where it is too short.
    pub fn new(secret: &[u8]) -> Result<Self, PairwiseFault> {
        if secret.len() < KEY_BYTES_MIN {
            return Err(PairwiseFault);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let veil = Veil::new(hmac::sign(&key, VEIL).as_ref()).ok_or(PairwiseFault)?;
        Ok(Self { key, veil })
    }

    /// What tells Gatewright's own doors whom the tokens of such clients are about.
    pub const fn veil(&self) -> &Veil {
        &self.veil
    }

    /// The name of a person as this client is told it: the same for all clients of one sector,
    /// and without the key nobody can tell those of two sectors together.
    pub fn subject(&self, client: &Client, person: &str) -> String {
        match &client.subject_type {
            SubjectType::Public => person.to_owned(),
            SubjectType::Pairwise { sector } => self.of_sector(sector, person),
        }
    }

    /// The name of a session (`sid`) as this client is told it.
    pub fn session(&self, client: &Client, session: &str) -> String {
        match &client.subject_type {
            SubjectType::Public => session.to_owned(),
            SubjectType::Pairwise { sector } => {
                self.of_sector(&format!("session {sector}"), session)
            }
        }
    }

    /// The name of a person, or of whatever else must not be told together, in one sector.
    pub fn of_sector(&self, sector: &str, person: &str) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [sector, person] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        BASE64URL_NOPAD.encode(context.sign().as_ref())
    }
}

impl fmt::Debug for PairwiseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PairwiseKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::client;

    #[test]
    fn a_pairwise_subject_is_of_its_sector_and_key_alone() {
        let key = PairwiseKey::new(&[1; 32]).unwrap();
        let of = |sector: &str| {
            let mut one = client();
            one.subject_type = SubjectType::Pairwise {
                sector: sector.into(),
            };
            one
        };
        let one = key.subject(&of("a.example"), "ana");
        assert_eq!(one, key.subject(&of("a.example"), "ana"));
        assert_ne!(one, key.subject(&of("b.example"), "ana"));
        assert_ne!(one, key.subject(&of("a.example"), "bo"));
        assert_ne!(
            one,
            PairwiseKey::new(&[2; 32])
                .unwrap()
                .subject(&of("a.example"), "ana")
        );
        assert_ne!(key.of_sector("a", "bc"), key.of_sector("ab", "c"));
        assert!(one.len() == 43 && one.is_ascii());
        assert_eq!(key.subject(&client(), "ana"), "ana");
        assert!(PairwiseKey::new(b"short").is_err());
    }
}
