//! One private key with its certificate: as it is made, sealed, taken up and published.

use std::{sync::Arc, time::Duration};

use data_encoding::BASE64;
use gw_jose::{Algorithm, PrivateKey, Signer};
use gw_model::{PublishedKey, Timestamp};
use gw_saml::{Certificate, Credential, Decryptor};
use gw_store::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::SamlKeyFault;

/// How long certificates say that they last. Nothing but some peers' patience ends then.
const LASTS: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);
/// They begin a little before they are made: clocks differ.
const BEGINS_BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

/// A private key and its certificate, both in DER.
pub(super) struct Pair {
    private_key: Secret<Vec<u8>>,
    certificate: Vec<u8>,
}

/// The same as it is sealed: in base64.
#[derive(Serialize, Deserialize)]
struct Kept {
    private_key: String,
    certificate: String,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Signing,
    Encryption,
}

impl Pair {
    pub(super) fn make(name: &str, now: Timestamp) -> Result<Self, SamlKeyFault> {
        let made = Credential::generate(name, now.before(BEGINS_BEFORE), now.after(LASTS))?;
        Ok(Self {
            private_key: Secret::new(made.private_key.to_vec()),
            certificate: made.certificate,
        })
    }

    pub(super) fn open(sealed: &Secret<Vec<u8>>) -> Result<Self, SamlKeyFault> {
        let kept: Kept = serde_json::from_slice(sealed.expose()).map_err(|_| SamlKeyFault::Form)?;
        let private_key = Secret::new(kept.private_key);
        let decoded = |text: &str| {
            let bytes = BASE64.decode(text.as_bytes());
            bytes.map_err(|_| SamlKeyFault::Form)
        };
        Ok(Self {
            private_key: Secret::new(decoded(private_key.expose())?),
            certificate: decoded(&kept.certificate)?,
        })
    }

    pub(super) fn sealed(&self) -> Result<Secret<Vec<u8>>, SamlKeyFault> {
        let kept = Kept {
            private_key: BASE64.encode(self.private_key.expose()),
            certificate: BASE64.encode(&self.certificate),
        };
        let bytes = serde_json::to_vec(&kept).map(Secret::new);
        drop(Secret::new(kept.private_key));
        bytes.map_err(|_| SamlKeyFault::Form)
    }

    pub(super) fn credential(&self) -> Result<Credential, SamlKeyFault> {
        let credential = Credential::new(self.private_key.expose(), &self.certificate);
        Ok(credential?)
    }

    pub(super) fn decryptor(&self) -> Result<Decryptor, SamlKeyFault> {
        Ok(Decryptor::new(self.private_key.expose())?)
    }

    pub(super) fn certificate(&self) -> Result<Certificate, SamlKeyFault> {
        Ok(Certificate::from_der(&self.certificate)?)
    }

    /// The id of the public half: its RFC 7638 thumbprint.
    pub(super) fn kid(&self) -> Result<Arc<str>, SamlKeyFault> {
        Ok(Arc::from(self.signer()?.kid()))
    }

    /// The public half as a JSON Web Key, with its certificate (RFC 7517, 4.7).
    pub(super) fn public(&self, usage: Use) -> Result<Value, SamlKeyFault> {
        let jwk = self.signer()?;
        let jwk = serde_json::from_str(jwk.public_jwk());
        let mut jwk: Map<String, Value> = jwk.map_err(|_| SamlKeyFault::Form)?;
        if usage == Use::Encryption {
            // By which algorithm, whoever encrypts to it chooses.
            jwk.remove("alg");
            jwk.insert("use".into(), "enc".into());
        }
        jwk.insert("x5c".into(), json!([BASE64.encode(&self.certificate)]));
        Ok(Value::Object(jwk))
    }

    fn signer(&self) -> Result<Signer, SamlKeyFault> {
        let key = PrivateKey::from_pkcs8(self.private_key.expose().clone());
        Signer::new(Algorithm::Rs256, &key).map_err(|_| SamlKeyFault::Form)
    }
}

/// When the certificates of a published key end, the first of them; nothing where it has none.
pub fn saml_certificate_ends(key: &PublishedKey) -> Option<Timestamp> {
    let published: Value = serde_json::from_str(&key.jwk).ok()?;
    let keys = match published.get("keys").and_then(Value::as_array) {
        Some(keys) => keys.as_slice(),
        None => std::slice::from_ref(&published),
    };
    let certificate = |jwk: &Value| {
        let text = jwk.get("x5c")?.get(0)?.as_str()?;
        Certificate::from_text(text).ok()
    };
    let certificates = keys.iter().filter_map(certificate);
    certificates.map(|one| one.not_after()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(jwk: &Value) -> PublishedKey {
        PublishedKey {
            kid: "k".into(),
            purpose: "saml-apps".into(),
            jwk: jwk.to_string().into(),
            published_at: Timestamp::default(),
            active_from: Timestamp::default(),
            replaced_at: None,
        }
    }

    #[test]
    fn what_is_sealed_is_the_same_pair_and_what_is_published_has_nothing_private() {
        let now = Timestamp::from_secs(1_800_000_000);
        let made = Pair::make("auth.test", now).unwrap();
        let opened = Pair::open(&made.sealed().unwrap()).unwrap();
        assert_eq!(opened.certificate, made.certificate);
        assert_eq!(opened.kid().unwrap(), made.kid().unwrap());
        opened.credential().unwrap();
        for (usage, word) in [(Use::Signing, "sig"), (Use::Encryption, "enc")] {
            let public = made.public(usage).unwrap();
            assert_eq!(public["use"], word);
            assert_eq!(public["kid"], *made.kid().unwrap());
            for private in ["d", "p", "q", "dp", "dq", "qi"] {
                assert!(public.get(private).is_none(), "{private}");
            }
        }
    }

    #[test]
    fn the_end_is_of_the_certificate_that_ends_first() {
        let earlier = Timestamp::from_secs(1_800_000_000);
        let later = earlier.after(Duration::from_secs(1_000));
        let public = |at| Pair::make("a", at).unwrap().public(Use::Signing).unwrap();
        let (first, second) = (public(earlier), public(later));
        let end = earlier.after(LASTS).as_secs();
        let ends = |jwk: &Value| saml_certificate_ends(&published(jwk)).map(Timestamp::as_secs);
        assert_eq!(ends(&first), Some(end));
        assert_eq!(ends(&json!({ "keys": [second, first] })), Some(end));
        assert_eq!(ends(&json!({ "kty": "OKP" })), None);
    }
}
