//! Signing keys of this gateway: private halves sealed, public halves published before use.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use gw_engine::{Commit, CommitError, Engine};
use gw_model::{Actor, Change, PublishedKey, Snapshot, Timestamp};
use gw_store::{Effect, Secret};
use jsonwebtoken::EncodingKey;
use tokio::sync::Mutex;

use crate::jwk::Point;

/// How long a rotated-in key is published before it signs, so that verifiers have seen it.
const LEAD: Duration = Duration::from_secs(300);
/// How long a replaced key stays published: an assertion's life plus clock skew, generously.
const TAIL: Duration = Duration::from_secs(300);

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
    pub(crate) kid: Arc<str>,
    pub(crate) active_from: Timestamp,
    pub(crate) signer: EncodingKey,
}

/// The private keys of this gateway for one purpose. Shared by all traffic threads.
pub struct SigningKeys {
    purpose: &'static str,
    keys: ArcSwap<Vec<SigningKey>>,
    /// Held while a key is made: of two rotations at once, one is later.
    making: Mutex<()>,
}

impl SigningKeys {
    /// The keys of a purpose; the first one is made and published when there is none.
    ///
    /// # Errors
    /// When the store fails, or holds what is not a key.
    pub async fn open(engine: &Engine, purpose: &'static str) -> Result<Arc<Self>, KeyError> {
        let keys = Arc::new(Self {
            purpose,
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
        let crypto = |action| {
            move |_| KeyError::Crypto {
                purpose: self.purpose,
                action,
            }
        };
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(crypto("made"))?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref())
            .map_err(|_| KeyError::Crypto {
                purpose: self.purpose,
                action: "read back",
            })?;
        let point = Point::read(pair.public_key().as_ref()).ok_or(KeyError::Crypto {
            purpose: self.purpose,
            action: "published",
        })?;
        let kid: Arc<str> = Arc::from(point.thumbprint());
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
            jwk: Arc::from(point.jwk(&kid)),
            published_at: now,
            active_from,
            replaced_at: None,
        };
        commit = commit
            .change(Change::KeyPublished(Arc::new(key)))
            .effect(Effect::SealedPut {
                name: self.sealed_name(&kid),
                bytes: Secret::new(pkcs8.as_ref().to_vec()),
            });
        self.commit(engine, commit).await?;
        self.reload(engine).await?;
        Ok(kid)
    }

    /// Reads the private halves of the published keys that this gateway holds.
    async fn reload(&self, engine: &Engine) -> Result<(), KeyError> {
        let purpose = self.purpose;
        let wanted: Vec<_> = published(&engine.view().facts, purpose)
            .map(|key| (key.kid.clone(), key.active_from, self.sealed_name(&key.kid)))
            .collect();
        let reader = engine.reader().clone();
        let read = move || {
            wanted
                .into_iter()
                .map(|(kid, active_from, name)| {
                    let sealed = reader
                        .sealed(&name)
                        .map_err(|source| KeyError::Store { purpose, source })?;
                    Ok(sealed.map(|bytes| (kid, active_from, bytes)))
                })
                .collect::<Result<Vec<_>, KeyError>>()
        };
        let found = tokio::task::spawn_blocking(read)
            .await
            .map_err(|_| KeyError::Crypto {
                purpose,
                action: "read",
            })??;
        let keys = found
            .into_iter()
            .flatten()
            .map(|(kid, active_from, bytes)| {
                let signer = EncodingKey::from_ec_der(bytes.expose());
                SigningKey {
                    kid,
                    active_from,
                    signer,
                }
            })
            .collect();
        self.keys.store(Arc::new(keys));
        Ok(())
    }

    /// Runs with the key that signs at `now`: the latest one that is active.
    pub(crate) fn with_active<R>(
        &self,
        now: Timestamp,
        then: impl FnOnce(&SigningKey) -> R,
    ) -> Option<R> {
        let keys = self.keys.load();
        let active = keys.iter().filter(|key| key.active_from <= now);
        active.max_by_key(|key| key.active_from).map(then)
    }
}

fn published<'a>(
    facts: &'a Snapshot,
    purpose: &'a str,
) -> impl Iterator<Item = &'a Arc<PublishedKey>> {
    facts.keys().filter(move |key| &*key.purpose == purpose)
}
