//! The keys that tokens are signed by, one purpose each, and those that tokens of ours are verified
//! by.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use gw_engine::Engine;
use gw_issue::{ACCESS_TOKEN_PURPOSE, KeyError, SigningKeys};
use gw_jose::{Algorithm, KeySet, PublicKey, TokenType};
use gw_model::Snapshot;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// The purposes of keys that sign ID tokens, by their algorithm; the usual one first.
pub const ID_TOKEN_PURPOSES: [(Algorithm, &str); 2] = [
    (Algorithm::Rs256, "id-token-rs256"),
    (Algorithm::Es256, "id-token-es256"),
];
/// By which algorithm access tokens are signed.
pub(crate) const ACCESS_TOKEN_ALGORITHM: Algorithm = Algorithm::Es256;

/// The algorithms that ID tokens are signed by.
pub(crate) fn id_token_algorithms() -> Vec<Algorithm> {
    ID_TOKEN_PURPOSES.iter().map(|(one, _)| *one).collect()
}

/// The private keys of one gateway: made when the first of them is needed.
#[derive(Default)]
pub(crate) struct TokenKeys {
    made: OnceCell<Made>,
    verifying: Verifying,
}

struct Made {
    access: Arc<SigningKeys>,
    id: Vec<(Algorithm, Arc<SigningKeys>)>,
}

/// Something cannot be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    /// There are no keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// None of them signs now, or not this.
    #[error("there is no key that signs {0} tokens now")]
    NoKey(&'static str),
}

impl TokenKeys {
    async fn made(&self, engine: &Engine) -> Result<&Made, KeyError> {
        self.made
            .get_or_try_init(|| async {
                let access =
                    SigningKeys::open_for(engine, ACCESS_TOKEN_PURPOSE, ACCESS_TOKEN_ALGORITHM);
                let access = access.await?;
                let mut id = Vec::new();
                for (algorithm, purpose) in ID_TOKEN_PURPOSES {
                    let keys = SigningKeys::open_for(engine, purpose, algorithm).await?;
                    id.push((algorithm, keys));
                }
                Ok(Made { access, id })
            })
            .await
    }

    /// Signs an access token.
    pub(crate) async fn sign_access_token(
        &self,
        engine: &Engine,
        claims: &impl Serialize,
    ) -> Result<String, SignError> {
        let made = self.made(engine).await?;
        // Not the time of the request: the keys may have been made for it.
        let now = engine.clock().now();
        let signed = made.access.sign(TokenType::AccessToken, claims, now);
        signed
            .and_then(Result::ok)
            .ok_or(SignError::NoKey("access"))
    }

    /// Signs an ID token, or another token for a client, by the algorithm that it is registered
    /// for.
    pub(crate) async fn sign_for_client(
        &self,
        engine: &Engine,
        algorithm: Algorithm,
        token_type: TokenType,
        claims: &impl Serialize,
    ) -> Result<String, SignError> {
        let made = self.made(engine).await?;
        let now = engine.clock().now();
        let keys = made.id.iter().find(|(known, _)| *known == algorithm);
        let signed = keys.and_then(|(_, keys)| keys.sign(token_type, claims, now));
        signed
            .and_then(Result::ok)
            .ok_or(SignError::NoKey(algorithm.name()))
    }

    /// Sees to it that the public halves are among the facts.
    pub(crate) async fn publish(&self, engine: &Engine) -> Result<(), KeyError> {
        self.made(engine).await.map(drop)
    }

    /// The keys of this gateway that were made so far, each with its purpose.
    pub(crate) fn all(&self) -> Vec<(&'static str, Arc<SigningKeys>)> {
        let Some(made) = self.made.get() else {
            return Vec::new();
        };
        let id = made.id.iter().zip(ID_TOKEN_PURPOSES);
        let id = id.map(|((_, keys), (_, purpose))| (purpose, Arc::clone(keys)));
        [(ACCESS_TOKEN_PURPOSE, Arc::clone(&made.access))]
            .into_iter()
            .chain(id)
            .collect()
    }

    /// The keys that access tokens of ours are verified by.
    pub(crate) fn access(&self, facts: &Snapshot) -> Arc<KeySet> {
        self.verifying.of(facts).0
    }

    /// The keys that ID tokens of ours are verified by, also those that came from other gateways.
    pub(crate) fn id(&self, facts: &Snapshot) -> Arc<KeySet> {
        self.verifying.of(facts).1
    }
}

/// The published keys as they are verified with, read again when others are published.
#[derive(Default)]
struct Verifying(ArcSwapOption<Read>);

struct Read {
    kids: Vec<Arc<str>>,
    access: Arc<KeySet>,
    id: Arc<KeySet>,
}

impl Verifying {
    fn of(&self, facts: &Snapshot) -> (Arc<KeySet>, Arc<KeySet>) {
        let kids: Vec<_> = facts.keys().map(|key| key.kid.clone()).collect();
        if let Some(read) = self.0.load_full().filter(|read| read.kids == kids) {
            return (read.access.clone(), read.id.clone());
        }
        let is_id = |purpose: &str| ID_TOKEN_PURPOSES.iter().any(|(_, known)| *known == purpose);
        let read = Arc::new(Read {
            kids,
            access: Arc::new(key_set(facts, |purpose| purpose == ACCESS_TOKEN_PURPOSE)),
            id: Arc::new(key_set(facts, is_id)),
        });
        self.0.store(Some(read.clone()));
        (read.access.clone(), read.id.clone())
    }
}

fn key_set(facts: &Snapshot, is_meant: impl Fn(&str) -> bool) -> KeySet {
    let keys = facts.keys().filter(|key| is_meant(&key.purpose));
    keys.filter_map(|key| PublicKey::from_jwk(key.jwk.as_bytes()).ok())
        .collect()
}

/// The key set (RFC 7517) that clients and resource servers read.
pub(crate) fn published(facts: &Snapshot) -> Value {
    let is_of_tokens = |purpose: &str| {
        purpose == ACCESS_TOKEN_PURPOSE
            || ID_TOKEN_PURPOSES.iter().any(|(_, known)| *known == purpose)
    };
    let keys = facts.keys().filter(|key| is_of_tokens(&key.purpose));
    let keys: Vec<Value> = keys
        .filter_map(|key| serde_json::from_str(&key.jwk).ok())
        .collect();
    json!({ "keys": keys })
}
