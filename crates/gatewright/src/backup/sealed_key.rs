//! The key that private keys are sealed under, sealed itself under a passphrase: Argon2id makes a
//! key of the passphrase, AES-256-GCM seals with it.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::passphrase::Passphrase;

/// What making a key of a passphrase costs: 128 MiB, some tenths of a second.
const MEMORY_KIB: u32 = 128 << 10;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// More than an archive may ask for.
const MEMORY_KIB_MAX: u32 = 1 << 20;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 16;

const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
const BOUND_TO: &[u8] = b"gatewright backup key\0";

/// A sealed key, as it stands in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SealedKey {
    kdf: Kdf,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    /// Nonce, text and tag.
    sealed: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kdf {
    Argon2id,
}

/// A key that cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealFault {
    /// It does not open.
    #[error("the keys in this backup do not open with this passphrase")]
    Passphrase,
    /// Its description makes no sense.
    #[error("the sealed key in this backup is damaged")]
    Damaged,
    /// The library refused.
    #[error("the cryptographic library failed to {0}")]
    Crypto(&'static str),
}

impl SealedKey {
    /// Seals a key.
    pub(crate) fn seal(key: &[u8], passphrase: &Passphrase) -> Result<Self, SealFault> {
        let mut salt = [0; SALT_BYTES];
        rand::fill(&mut salt).map_err(|_| SealFault::Crypto("draw a salt"))?;
        let mut sealed = Self {
            kdf: Kdf::Argon2id,
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: BASE64.encode(&salt),
            sealed: String::new(),
        };
        let mut text = Zeroizing::new(key.to_vec());
        let nonce = sealed
            .key(passphrase)?
            .seal_in_place_append_tag(Aad::from(BOUND_TO), &mut *text)
            .map_err(|_| SealFault::Crypto("seal the key"))?;
        let both = [nonce.as_ref().as_slice(), &text].concat();
        sealed.sealed = BASE64.encode(&both);
        Ok(sealed)
    }

    /// Opens it.
    pub(crate) fn open(&self, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, SealFault> {
        let both = BASE64.decode(self.sealed.as_bytes());
        let both = both.map_err(|_| SealFault::Damaged)?;
        let (nonce, text) = both.split_at_checked(NONCE_LEN).ok_or(SealFault::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealFault::Damaged)?;
        let mut text = Zeroizing::new(text.to_vec());
        let opened = self
            .key(passphrase)?
            .open_in_place(nonce, Aad::from(BOUND_TO), &mut text)
            .map_err(|_| SealFault::Passphrase)?;
        Ok(Zeroizing::new(opened.to_vec()))
    }

    fn key(&self, passphrase: &Passphrase) -> Result<RandomizedNonceKey, SealFault> {
        let fits = self.memory_kib <= MEMORY_KIB_MAX
            && self.passes <= PASSES_MAX
            && self.lanes <= LANES_MAX;
        if !fits {
            return Err(SealFault::Damaged);
        }
        let parameters = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_BYTES));
        let parameters = parameters.map_err(|_| SealFault::Damaged)?;
        let salt = BASE64.decode(self.salt.as_bytes());
        let salt = salt.map_err(|_| SealFault::Damaged)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into(passphrase.as_bytes(), &salt, &mut *key)
            .map_err(|_| SealFault::Damaged)?;
        RandomizedNonceKey::new(&AES_256_GCM, &*key)
            .map_err(|_| SealFault::Crypto("take the passphrase's key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_with_its_passphrase_alone() {
        let (right, wrong) = (
            Passphrase::from("correct horse battery"),
            Passphrase::from("correct horse batterx"),
        );
        let sealed = SealedKey::seal(&[7; 32], &right).unwrap();
        assert_eq!(*sealed.open(&right).unwrap(), [7; 32]);
        let fault = sealed.open(&wrong).unwrap_err();
        assert!(matches!(fault, SealFault::Passphrase), "{fault}");
        let again = SealedKey::seal(&[7; 32], &right).unwrap();
        assert_ne!(again.sealed, sealed.sealed);
    }

    #[test]
    fn an_archive_cannot_ask_for_more_work_than_makes_sense() {
        let passphrase = Passphrase::from("correct horse battery");
        let sealed = SealedKey::seal(&[7; 32], &passphrase).unwrap();
        let greedy = SealedKey {
            memory_kib: u32::MAX,
            ..sealed.clone()
        };
        assert!(matches!(greedy.open(&passphrase), Err(SealFault::Damaged)));
        let cut = SealedKey {
            sealed: "AAAA".into(),
            ..sealed
        };
        assert!(matches!(cut.open(&passphrase), Err(SealFault::Damaged)));
    }
}
