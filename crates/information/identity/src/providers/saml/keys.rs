//! Our own keys towards SAML providers: one that signs, one that assertions are encrypted to. Both
//! are made when they are first needed, and lie sealed in the store.

use std::{sync::Arc, time::Duration};

use data_encoding::BASE64;
use gw_engine::Commit;
use gw_model::{Actor, Timestamp};
use gw_saml::{Certificate, Credential, Decryptor};
use gw_store::{Effect, Secret};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::SamlFault;
use crate::{Identity, Unavailable, providers::FinishFault};

/// The names that the keys are sealed under.
const SIGNING: &str = "saml-service-key/signing";
const DECRYPTION: &str = "saml-service-key/decryption";
/// How long their certificates say that they last. Nothing but some providers' patience ends then.
const LASTS: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);
/// Their certificates begin a little before they are made: clocks differ.
const BEGINS_BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

/// Our keys.
#[derive(Debug)]
pub(crate) struct OurKeys {
    pub(super) signing: Credential,
    pub(super) encryption: Certificate,
    pub(super) decryption: [Decryptor; 1],
}

/// The keys once they are known; held while they are looked for or made.
pub(crate) type KnownKeys = Mutex<Option<Arc<OurKeys>>>;

/// A key as it is sealed: both parts in DER, as base64.
#[derive(Serialize, Deserialize)]
struct Kept {
    private_key: String,
    certificate: String,
}

/// A key that is taken up.
struct Opened {
    private_key: Secret<Vec<u8>>,
    certificate: Vec<u8>,
}

impl Opened {
    fn of(sealed: &Secret<Vec<u8>>) -> Result<Self, SamlFault> {
        let kept: Kept = serde_json::from_slice(sealed.expose()).map_err(|_| SamlFault::KeyForm)?;
        let Kept {
            private_key,
            certificate,
        } = kept;
        let private_key = Secret::new(private_key);
        let decoded = |text: &str| {
            let bytes = BASE64.decode(text.as_bytes());
            bytes.map_err(|_| SamlFault::KeyForm)
        };
        Ok(Self {
            private_key: Secret::new(decoded(private_key.expose())?),
            certificate: decoded(&certificate)?,
        })
    }
}

impl OurKeys {
    fn of(signing: &Secret<Vec<u8>>, decryption: &Secret<Vec<u8>>) -> Result<Self, SamlFault> {
        let (signing, decryption) = (Opened::of(signing)?, Opened::of(decryption)?);
        let key = Credential::new(signing.private_key.expose(), &signing.certificate);
        let encryption = Certificate::from_der(&decryption.certificate);
        let decryptor = Decryptor::new(decryption.private_key.expose());
        Ok(Self {
            signing: key.map_err(SamlFault::Keys)?,
            encryption: encryption.map_err(SamlFault::Keys)?,
            decryption: [decryptor.map_err(SamlFault::Keys)?],
        })
    }
}

/// Makes a key, as it is sealed.
fn make(name: &str, now: Timestamp) -> Result<Secret<Vec<u8>>, SamlFault> {
    let (from, until) = (now.before(BEGINS_BEFORE), now.after(LASTS));
    let made = Credential::generate(name, from, until).map_err(SamlFault::Keys)?;
    let kept = Kept {
        private_key: BASE64.encode(&made.private_key),
        certificate: BASE64.encode(&made.certificate),
    };
    let bytes = serde_json::to_vec(&kept).map_err(|_| SamlFault::KeyForm)?;
    drop(Secret::new(kept.private_key));
    Ok(Secret::new(bytes))
}

impl Identity {
    /// Our keys towards SAML providers; made and sealed where there are none.
    pub(crate) async fn saml_keys(&self) -> Result<Arc<OurKeys>, FinishFault> {
        let mut known = self.shared.providers.saml_keys.lock().await;
        if let Some(keys) = &*known {
            return Ok(Arc::clone(keys));
        }
        let looked =
            |reader: &dyn gw_store::Read| Ok((reader.sealed(SIGNING)?, reader.sealed(DECRYPTION)?));
        let (signing, decryption) = self.read(looked).await?;
        let signing = self.kept_or_made(SIGNING, signing).await?;
        let decryption = self.kept_or_made(DECRYPTION, decryption).await?;
        let keys = OurKeys::of(&signing, &decryption);
        let keys = Arc::new(keys.map_err(FinishFault::saml)?);
        *known = Some(Arc::clone(&keys));
        Ok(keys)
    }

    /// A key of Gatewright that signs SAML messages for another purpose than these; it is made,
    /// and sealed under this name, where there is none.
    ///
    /// # Errors
    /// The store fails, or what is sealed under the name is no such key.
    pub async fn saml_credential(&self, name: &'static str) -> Result<Credential, Unavailable> {
        let kept = self.read(move |reader| reader.sealed(name)).await?;
        let sealed = self.kept_or_made(name, kept).await;
        let opened = sealed.and_then(|sealed| {
            let opened = Opened::of(&sealed).map_err(FinishFault::saml)?;
            let credential = Credential::new(opened.private_key.expose(), &opened.certificate);
            credential.map_err(|fault| FinishFault::saml(SamlFault::Keys(fault)))
        });
        opened.map_err(|fault| match fault {
            FinishFault::Unavailable(unavailable) => unavailable,
            other => Unavailable::because("opening a key for SAML", &other),
        })
    }

    async fn kept_or_made(
        &self,
        name: &'static str,
        kept: Option<Secret<Vec<u8>>>,
    ) -> Result<Secret<Vec<u8>>, FinishFault> {
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let (host, now) = (self.options().rp_id.clone(), self.now());
        let control = &self.shared.control;
        let making = control.spawn_blocking(move || make(&host, now));
        let made = making.await.map_err(Unavailable::from)?;
        let made = made.map_err(FinishFault::saml)?;
        let sealed = Effect::SealedPut {
            name: name.to_owned(),
            bytes: made.clone(),
        };
        let commit = Commit::new(Actor::Gatewright, "made a key for SAML").effect(sealed);
        self.engine()
            .commit(commit)
            .await
            .map_err(Unavailable::from)?;
        Ok(made)
    }
}
