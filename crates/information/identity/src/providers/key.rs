//! Our own key towards providers of OpenID Connect, by which Gatewright shows who it is without a
//! secret that both know (`private_key_jwt`; OpenID Connect Core 1.0, 9). It is made when it is
//! first needed, and lies sealed in the store.

use std::{sync::Arc, time::Duration};

use gw_engine::{Commit, random};
use gw_jose::{Algorithm, KeyShape, PrivateKey, SignFault, Signer, TokenType};
use gw_model::{Actor, Timestamp};
use gw_store::{Effect, Secret};
use serde_json::json;
use tokio::sync::Mutex;

use super::{FinishFault, ProviderFault};
use crate::{Identity, Unavailable};

/// The name that the key is sealed under.
const SEALED: &str = "provider-client-key";
/// What every provider takes.
const ALGORITHM: Algorithm = Algorithm::Rs256;
/// How long an assertion is good.
const LIVES: Duration = Duration::from_secs(60);

/// The key once it is known; held while it is looked for or made.
pub(crate) type KnownKey = Mutex<Option<Arc<Signer>>>;

/// Who Gatewright is at a provider, for one request.
pub(super) fn assertion(
    key: &Signer,
    client_id: &str,
    audience: &str,
    now: Timestamp,
) -> Result<String, SignFault> {
    let id = format!("{:016x}{:016x}", random::bits(), random::bits());
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": id,
        "iat": now.as_secs(),
        "exp": now.after(LIVES).as_secs(),
    });
    key.sign(TokenType::ClientAssertion, &claims)
}

impl Identity {
    /// The public key as a set, where any provider is shown it.
    pub(crate) async fn provider_key_set(&self) -> Result<Option<String>, FinishFault> {
        if !self.shared.providers.shows_a_key() {
            return Ok(None);
        }
        let key = self.provider_key().await?;
        Ok(Some(format!(r#"{{"keys":[{}]}}"#, key.public_jwk())))
    }

    /// Our key; made and sealed where there is none.
    pub(crate) async fn provider_key(&self) -> Result<Arc<Signer>, FinishFault> {
        let mut known = self.shared.providers.key.lock().await;
        if let Some(key) = &*known {
            return Ok(Arc::clone(key));
        }
        let kept = self
            .read(|reader: &dyn gw_store::Read| reader.sealed(SEALED))
            .await?;
        let kept = match kept {
            Some(kept) => kept,
            None => self.make_provider_key().await?,
        };
        let key = PrivateKey::from_pkcs8(kept.expose().clone());
        let key = Signer::new(ALGORITHM, &key).map_err(|_| ProviderFault::Key)?;
        let key = Arc::new(key);
        *known = Some(Arc::clone(&key));
        Ok(key)
    }

    async fn make_provider_key(&self) -> Result<Secret<Vec<u8>>, FinishFault> {
        let control = &self.shared.control;
        let making = control.spawn_blocking(|| PrivateKey::generate(KeyShape::Rsa2048));
        let made = making.await.map_err(Unavailable::from)?;
        let made = made.map_err(|_| ProviderFault::Key)?;
        let bytes = Secret::new(made.expose_pkcs8().to_vec());
        let sealed = Effect::SealedPut {
            name: SEALED.to_owned(),
            bytes: bytes.clone(),
        };
        let commit = Commit::new(Actor::Gatewright, "made a key for providers").effect(sealed);
        let done = self.engine().commit(commit).await;
        done.map_err(Unavailable::from)?;
        Ok(bytes)
    }
}
