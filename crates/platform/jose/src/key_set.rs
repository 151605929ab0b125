//! A JWK Set (RFC 7517, 5): the keys of one issuer, and which of them a token was signed by.

use serde_json::Value;

use crate::{
    Algorithm, JsonFault, JwsFault, KeyFault, PublicKey,
    fault::Shown,
    json::{self, Object},
};

/// The largest document, in bytes.
pub const KEY_SET_BYTES_MAX: usize = 256 * 1024;
/// The most keys in a document, those that are skipped counted.
pub const KEYS_MAX: usize = 64;

/// Why a document is not taken for a set of keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetFault {
    /// It is larger than [`KEY_SET_BYTES_MAX`].
    #[error("the key set is larger than {KEY_SET_BYTES_MAX} bytes")]
    TooLarge,
    /// It is no JSON object.
    #[error("the key set cannot be read: {0}")]
    Json(#[from] JsonFault),
    /// Its `keys` is missing, or no array.
    #[error("the key set's `keys` is not an array")]
    NoKeys,
    /// It holds more than [`KEYS_MAX`].
    #[error("the key set holds {0} keys, more than {KEYS_MAX}")]
    TooMany(usize),
}

/// A key of the document that is not used, as RFC 7517, 5 has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its place in the document, from nought.
    pub position: usize,
    /// Why.
    pub why: KeyFault,
}

/// The keys of one issuer, parsed once.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<PublicKey>,
    skipped: Vec<Skipped>,
}

impl KeySet {
    /// Reads a document. Keys that are of no use here are skipped and told of, also where none is
    /// left. A document at the bounds takes milliseconds: not on a traffic thread.
    ///
    /// # Errors
    /// Where it is no JWK Set, or beyond a bound.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetFault> {
        if json.len() > KEY_SET_BYTES_MAX {
            return Err(KeySetFault::TooLarge);
        }
        let document = json::object(json)?;
        let Some(Value::Array(listed)) = document.get("keys") else {
            return Err(KeySetFault::NoKeys);
        };
        if listed.len() > KEYS_MAX {
            return Err(KeySetFault::TooMany(listed.len()));
        }
        let mut set = Self::default();
        for (position, one) in listed.iter().enumerate() {
            match read(one.as_object()) {
                Ok(key) => set.keys.push(key),
                Err(why) => set.skipped.push(Skipped { position, why }),
            }
        }
        Ok(set)
    }

    /// The keys that signatures are verified with.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// The keys that are not used, and why.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Whether a key has this id.
    pub fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid() == Some(kid))
    }

    /// The ids that are of no use because two keys of one algorithm have them.
    pub fn ambiguous(&self) -> Vec<&str> {
        let mut twice: Vec<&str> = Vec::new();
        for (position, key) in self.keys.iter().enumerate() {
            let Some(kid) = key.kid() else { continue };
            let before = self.keys.iter().take(position);
            let shares = |other: &PublicKey| {
                other.kid() == Some(kid) && key.algorithms().any(|one| other.fits(one))
            };
            if !twice.contains(&kid) && before.into_iter().any(shares) {
                twice.push(kid);
            }
        }
        twice
    }

    /// The key that a header means: by its id; without one, the only key that fits.
    pub(crate) fn choose(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&PublicKey, JwsFault> {
        let meant = |key: &&PublicKey| kid.is_none() || key.kid() == kid;
        let mut fitting = self
            .keys
            .iter()
            .filter(meant)
            .filter(|key| key.fits(algorithm));
        match (fitting.next(), fitting.next(), kid) {
            (Some(key), None, _) => Ok(key),
            (Some(_), Some(_), _) => Err(JwsFault::AmbiguousKey {
                kid: kid.map(Shown::new),
            }),
            (None, _, Some(kid)) if self.knows(kid) => Err(JwsFault::OtherAlgorithm {
                kid: Shown::new(kid),
                algorithm,
            }),
            (None, ..) => Err(JwsFault::UnknownKey {
                kid: kid.map(Shown::new),
            }),
        }
    }
}

impl FromIterator<PublicKey> for KeySet {
    /// Of keys that are at hand already.
    fn from_iter<I: IntoIterator<Item = PublicKey>>(keys: I) -> Self {
        Self {
            keys: keys.into_iter().collect(),
            skipped: Vec::new(),
        }
    }
}

fn read(jwk: Option<&Object>) -> Result<PublicKey, KeyFault> {
    PublicKey::from_members(jwk.ok_or(JsonFault::NotAnObject)?)
}

#[cfg(test)]
mod tests;
