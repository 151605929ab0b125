//! Signing keys of this gateway: private halves sealed, public halves published before use.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use gw_engine::{Commit, CommitError, Engine};
use gw_jose::{Algorithm, KeyShape, PrivateKey, SignFault, Signer, TokenType};
use gw_model::{Actor, Change, PublishedKey, Snapshot, Timestamp};
use gw_store::{Effect, Secret};
use serde::Serialize;
use tokio::sync::Mutex;

/// How long a rotated-in key is published before it signs, so that verifiers have seen it.
const LEAD: Duration = Duration::from_secs(300);
/// How long a replaced key stays published: the longest life of what is signed here, which is an
/// access token's, plus clock skew, generously.
const TAIL: Duration = Duration::from_secs(20 * 60);

/// A signing key that cannot be made, found or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The cryptographic library refused.
    #[error("the {purpose} key cannot be {action}")]
    Crypto {
        /// The key's purpose.
        purpose: &'static str,
        /// What was tried.
        action: &'static str,
    },
    /// The store could not be read.
    #[error("the {purpose} keys cannot be read from the store")]
    Store {
        /// The keys' purpose.
        purpose: &'static str,
        /// Why.
        source: gw_store::StoreError,
    },
    /// The key could not be stored and published.
    #[error("the {purpose} key cannot be published")]
    Commit {
        /// The key's purpose.
        purpose: &'static str,
        /// Why.
        source: CommitError,
    },
    /// The last key that was published has not begun to sign.
    #[error("the {purpose} key that was published last has not begun to sign")]
    NotYet {
        /// The key's purpose.
        purpose: &'static str,
        /// When it does.
        active_from: Timestamp,
    },
}

/// How soon a key may follow the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Once that one signs: what is published stays a few.
    InTurn,
    /// At any time, in an emergency.
    AtOnce,
}

/// One private key of this gateway.
pub(crate) struct SigningKey {
    active_from: Timestamp,
    signer: Signer,
}

/// The private keys of this gateway for one purpose. Shared by all traffic threads.
pub struct SigningKeys {
    purpose: &'static str,
    algorithm: Algorithm,
    keys: ArcSwap<Vec<SigningKey>>,
    /// Held while a key is made: of two rotations at once, one is later.
    making: Mutex<()>,
}

impl SigningKeys {
    /// The keys of a purpose, for ES256; the first one is made and published when there is none.
    ///
    /// # Errors
    /// When the store fails, or holds what is not a key.
    pub async fn open(engine: &Engine, purpose: &'static str) -> Result<Arc<Self>, KeyError> {
        Self::open_for(engine, purpose, Algorithm::Es256).await
    }

    /// The same, for an algorithm that all keys of this purpose have.
    ///
    /// # Errors
    /// When the store fails, or holds what is not a key for this algorithm.
    pub async fn open_for(
        engine: &Engine,
        purpose: &'static str,
        algorithm: Algorithm,
    ) -> Result<Arc<Self>, KeyError> {
        let keys = Arc::new(Self {
            purpose,
            algorithm,
            keys: ArcSwap::default(),
            making: Mutex::default(),
        });
        keys.reload(engine).await?;
        if keys.keys.load().is_empty() {
            keys.make(engine, Duration::ZERO).await?;
        }
        Ok(keys)
    }

    /// Publishes a new key now; it signs from five minutes later on, and the older ones stay
    /// published until nothing that they signed can still be valid. Returns the new key's id.
    ///
    /// # Errors
    /// When the key cannot be made, stored or published; and, in turn, while the last one that was
    /// published has not begun to sign.
    pub async fn rotate(&self, engine: &Engine, pace: Pace) -> Result<Arc<str>, KeyError> {
        let _one_at_a_time = self.making.lock().await;
        let now = engine.clock().now();
        let view = engine.view();
        let waiting = published(&view.facts, self.purpose)
            .filter(|key| key.active_from > now)
            .map(|key| key.active_from)
            .max();
        match waiting {
            Some(active_from) if pace == Pace::InTurn => Err(KeyError::NotYet {
                purpose: self.purpose,
                active_from,
            }),
            _ => self.make(engine, LEAD).await,
        }
    }

    /// Takes keys out of the facts whose signatures cannot be valid any more.
    ///
    /// # Errors
    /// When the change cannot be committed.
    pub async fn sweep(&self, engine: &Engine) -> Result<(), KeyError> {
        let now = engine.clock().now();
        let gone: Vec<_> = published(&engine.view().facts, self.purpose)
            .filter(|key| key.replaced_at.is_some_and(|at| now.since(at) >= TAIL))
            .map(|key| key.kid.clone())
            .collect();
        if gone.is_empty() {
            return Ok(());
        }
        let mut commit = Commit::new(Actor::Gatewright, "retired a signing key");
        for kid in gone {
            commit = commit
                .effect(Effect::SealedRemoved {
                    name: self.sealed_name(&kid),
                })
                .change(Change::KeyRetired { kid });
        }
        self.commit(engine, commit).await?;
        self.reload(engine).await
    }

    fn sealed_name(&self, kid: &str) -> String {
        format!("{}-key/{kid}", self.purpose)
    }

    async fn commit(&self, engine: &Engine, commit: Commit) -> Result<(), KeyError> {
        let purpose = self.purpose;
        engine
            .commit(commit)
            .await
            .map_err(|source| KeyError::Commit { purpose, source })?;
        Ok(())
    }

    async fn make(&self, engine: &Engine, lead: Duration) -> Result<Arc<str>, KeyError> {
        let private = self.generate().await?;
        let signer = self.signer(&private, "read back")?;
        let kid: Arc<str> = Arc::from(signer.kid());
        let now = engine.clock().now();
        let active_from = now.after(lead);
        let mut commit = Commit::new(Actor::Gatewright, "published a signing key");
        for older in published(&engine.view().facts, self.purpose) {
            if older.replaced_at.is_none() {
                let replaced = PublishedKey {
                    replaced_at: Some(active_from),
                    ..(**older).clone()
                };
                commit = commit.change(Change::KeyPublished(Arc::new(replaced)));
            }
        }
        let key = PublishedKey {
            kid: kid.clone(),
            purpose: Arc::from(self.purpose),
            jwk: Arc::from(signer.public_jwk()),
            published_at: now,
            active_from,
            replaced_at: None,
        };
        commit = commit
            .change(Change::KeyPublished(Arc::new(key)))
            .effect(Effect::SealedPut {
                name: self.sealed_name(&kid),
                bytes: Secret::new(private.expose_pkcs8().to_vec()),
            });
        self.commit(engine, commit).await?;
        self.reload(engine).await?;
        Ok(kid)
    }

    /// Reads the private halves of the published keys that this gateway holds.
    async fn reload(&self, engine: &Engine) -> Result<(), KeyError> {
        let purpose = self.purpose;
        let wanted: Vec<_> = published(&engine.view().facts, purpose)
            .map(|key| (key.active_from, self.sealed_name(&key.kid)))
            .collect();
        let reader = engine.reader().clone();
        let read = move || {
            wanted
                .into_iter()
                .map(|(active_from, name)| {
                    let sealed = reader
                        .sealed(&name)
                        .map_err(|source| KeyError::Store { purpose, source })?;
                    Ok(sealed.map(|bytes| (active_from, bytes)))
                })
                .collect::<Result<Vec<_>, KeyError>>()
        };
        let found = tokio::task::spawn_blocking(read)
            .await
            .map_err(|_| KeyError::Crypto {
                purpose,
                action: "read",
            })??;
        let keys = found.into_iter().flatten().map(|(active_from, bytes)| {
            let key = PrivateKey::from_pkcs8(bytes.expose().clone());
            let signer = self.signer(&key, "used")?;
            Ok(SigningKey {
                active_from,
                signer,
            })
        });
        let keys = keys.collect::<Result<_, KeyError>>()?;
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// A token of this kind with these claims, by the key that signs at `now`: the latest one that
    /// is active, or the first one where none is by a clock that was set back. None where there is
    /// no key.
    pub fn sign(
        &self,
        token_type: TokenType,
        claims: &impl Serialize,
        now: Timestamp,
    ) -> Option<Result<String, SignFault>> {
        let keys = self.keys.load();
        let begun = keys.iter().filter(|key| key.active_from <= now);
        let newest = begun.max_by_key(|key| key.active_from);
        // Where the clock was set back to before each of them, the first: verifiers know it.
        let key = newest.or_else(|| keys.iter().min_by_key(|key| key.active_from))?;
        Some(key.signer.sign(token_type, claims))
    }

    /// Making one may take a second.
    async fn generate(&self) -> Result<PrivateKey, KeyError> {
        let shape = shape(self.algorithm);
        let made = tokio::task::spawn_blocking(move || PrivateKey::generate(shape)).await;
        made.ok().and_then(Result::ok).ok_or(KeyError::Crypto {
            purpose: self.purpose,
            action: "made",
        })
    }

    fn signer(&self, key: &PrivateKey, action: &'static str) -> Result<Signer, KeyError> {
        Signer::new(self.algorithm, key).map_err(|_| KeyError::Crypto {
            purpose: self.purpose,
            action,
        })
    }
}

fn published<'a>(
    facts: &'a Snapshot,
    purpose: &'a str,
) -> impl Iterator<Item = &'a Arc<PublishedKey>> {
    facts.keys().filter(move |key| &*key.purpose == purpose)
}

/// The keys that are made for an algorithm.
const fn shape(algorithm: Algorithm) -> KeyShape {
    match algorithm {
        Algorithm::Es256 => KeyShape::P256,
        Algorithm::Es384 => KeyShape::P384,
        Algorithm::EdDsa => KeyShape::Ed25519,
        _ => KeyShape::Rsa2048,
    }
}
