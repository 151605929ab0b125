//! What a browser keeps for us, sealed so that only this process can read it.
//!
//! What somebody is in the middle of lies in a cookie of theirs instead of in our memory, so that
//! strangers cannot fill it. A seal is bound to where it is kept, and does not outlive the process.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    rand,
};
use data_encoding::BASE64URL_NOPAD;

/// Seals and opens.
pub struct Sealer {
    key: RandomizedNonceKey,
}

/// There is no randomness for a key.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random bytes for the key that seals what browsers keep")]
pub struct NoRandomness;

impl Sealer {
    /// A sealer with a new key.
    ///
    /// # Errors
    /// Where the system has no randomness to give.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut key = [0; 32];
        rand::fill(&mut key).map_err(|_| NoRandomness)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| NoRandomness)?;
        Ok(Self { key })
    }

    /// Bytes as text that opens in one place only: what it is for, and where it is kept.
    pub fn seal(&self, place: &[&str], mut bytes: Vec<u8>) -> Option<String> {
        let bound = Aad::from(bound_to(place));
        let nonce = self.key.seal_in_place_append_tag(bound, &mut bytes).ok()?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut bytes);
        Some(BASE64URL_NOPAD.encode(&sealed))
    }

    /// The bytes, if this process sealed them for this very place.
    pub fn open(&self, place: &[&str], text: &str) -> Option<Vec<u8>> {
        let mut sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (nonce, bytes) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let bound = Aad::from(bound_to(place));
        let opened = self.key.open_in_place(nonce, bound, bytes).ok()?;
        Some(opened.to_vec())
    }
}

/// Each part with its length, so that no two places are bound alike.
fn bound_to(place: &[&str]) -> Vec<u8> {
    let mut bound = Vec::new();
    for part in place {
        bound.extend_from_slice(&part.len().to_be_bytes());
        bound.extend_from_slice(part.as_bytes());
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: [&str; 2] = ["a test", "host"];

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let sealer = Sealer::generate().unwrap();
        let text = sealer.seal(&PLACE, b"secret".to_vec()).unwrap();
        assert_eq!(sealer.open(&PLACE, &text).as_deref(), Some(&b"secret"[..]));
        for place in [&["a test", "other"][..], &["a testhost"], &["a test"], &[]] {
            assert_eq!(sealer.open(place, &text), None, "{place:?}");
        }
        assert_eq!(Sealer::generate().unwrap().open(&PLACE, &text), None);
        assert!(!text.contains("secret"));
    }

    #[test]
    fn every_changed_character_is_found() {
        let sealer = Sealer::generate().unwrap();
        let text = sealer.seal(&PLACE, b"secret".to_vec()).unwrap();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(sealer.open(&PLACE, &changed), None, "{at}");
        }
    }
}
