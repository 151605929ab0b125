//! The ledger's key and what reading the ledger takes.

use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use gw_api::types::LogAccess;
use gw_ledger::{PublicKey, Signer, StoredHead};
use gw_model::{Actor, Change, PublishedKey, Snapshot, Timestamp};
use gw_store::{
    DataFolder, Effect, KeySource, Loaded, LogHead, Reader, Secret, SqliteStore, Store, StoreError,
    Transaction,
};
use zeroize::Zeroize;

/// The purpose of the keys that sign the ledger's heads.
pub(crate) const PURPOSE: &str = "ledger";
/// The ledger's folder below the data folder.
const FOLDER: &str = "ledger";

/// A ledger that cannot be signed or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFault {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key was published, but its private half is gone.
    #[error(
        "the ledger's private key `{0}` is not in the store: restore the store from a backup with its keys"
    )]
    Missing(String),
    /// The key cannot be used.
    #[error(transparent)]
    Signer(#[from] gw_ledger::SignerFault),
    /// The cryptographic library refused.
    #[error("the ledger's key cannot be made")]
    Random,
    /// Publishing was refused.
    #[error("the ledger's key cannot be published: {0}")]
    Refused(#[from] gw_store::Refused),
}

/// Where the ledger of a data folder lies.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

/// The signer of the ledger's heads; at the first start its key is made, sealed and published.
pub(crate) fn signer(
    store: &mut SqliteStore,
    facts: &Snapshot,
    now: Timestamp,
) -> Result<Signer, KeyFault> {
    let current = facts
        .keys()
        .find(|key| &*key.purpose == PURPOSE && key.replaced_at.is_none());
    match current {
        Some(key) => read(&store.reader(), &key.kid),
        None => make(store, now),
    }
}

fn sealed_name(kid: &str) -> String {
    format!("{PURPOSE}-key/{kid}")
}

fn read(reader: &Reader, kid: &str) -> Result<Signer, KeyFault> {
    let sealed = reader.sealed(&sealed_name(kid))?;
    let sealed = sealed.ok_or_else(|| KeyFault::Missing(kid.to_owned()))?;
    let seed = sealed.expose().as_slice().try_into();
    let seed = seed.map_err(|_| KeyFault::Missing(kid.to_owned()))?;
    Ok(Signer::from_seed(seed)?)
}

/// Published in the same transaction that seals it, before anything is signed with it.
fn make(store: &mut SqliteStore, now: Timestamp) -> Result<Signer, KeyFault> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| KeyFault::Random)?;
    let signer = Signer::from_seed(&bytes)?;
    let seed = Secret::new(bytes.to_vec());
    bytes.zeroize();
    let public = signer.public_key();
    let kid = public.kid();
    let key = PublishedKey {
        kid: kid.as_str().into(),
        purpose: PURPOSE.into(),
        jwk: jwk(&public).into(),
        published_at: now,
        active_from: now,
        replaced_at: None,
    };
    let transaction = Transaction {
        changes: vec![Change::KeyPublished(key.into())],
        effects: vec![Effect::SealedPut {
            name: sealed_name(&kid),
            bytes: seed,
        }],
        actor: Actor::Gatewright,
        at: now,
        urgent: false,
    };
    for committed in store.commit(vec![transaction.propose()])? {
        committed?;
    }
    Ok(signer)
}

/// An Ed25519 public key as a JSON Web Key (RFC 8037).
fn jwk(key: &PublicKey) -> String {
    let x = BASE64URL_NOPAD.encode(key.as_bytes());
    let kid = key.kid();
    serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x })
        .to_string()
}

/// A public key from base64url.
pub(crate) fn public_key(text: &str) -> Option<PublicKey> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    Some(PublicKey::from_bytes(bytes.try_into().ok()?))
}

/// The public keys that heads are signed with, in base64url: those in use, and those before them.
pub(crate) fn public_keys(facts: &Snapshot) -> Vec<String> {
    let of = |jwk: &str| -> Option<String> {
        let jwk: serde_json::Value = serde_json::from_str(jwk).ok()?;
        Some(jwk.get("x")?.as_str()?.to_owned())
    };
    let keys = facts.keys().filter(|key| &*key.purpose == PURPOSE);
    keys.filter_map(|key| of(&key.jwk)).collect()
}

/// A head as the store keeps it.
pub(crate) fn kept(head: &StoredHead) -> LogHead {
    LogHead {
        log: head.log.to_string(),
        size: head.size,
        head: head.to_string(),
    }
}

/// The heads that the store kept.
pub(crate) fn stored(heads: &[LogHead]) -> Vec<StoredHead> {
    heads
        .iter()
        .filter_map(|kept| kept.head.parse().ok())
        .collect()
}

/// What reading the ledger takes while no Gatewright runs on the data folder.
pub(crate) fn access_at_rest(data: &Path) -> Result<LogAccess, StoreError> {
    let folder = DataFolder::open(data)?;
    let ledger = self::folder(folder.path());
    let mut store = SqliteStore::open(folder, &KeySource::DataFolder)?;
    let Loaded { facts, heads, .. } = store.load()?;
    Ok(LogAccess {
        folder: ledger,
        heads: heads.into_iter().map(|kept| kept.head).collect(),
        keys: public_keys(&facts),
    })
}
