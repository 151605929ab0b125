//! The records that the store keeps for this server: each is changed only as it was read.

use std::{net::IpAddr, time::Duration};

use aws_lc_rs::digest;
use gw_engine::Engine;
use gw_jose::SeenKey;
use gw_model::{SessionId, Timestamp, TokenHash, UserId};
use gw_oauth::{
    Authorization, CodeRecord, DeviceRecord, GrantId, Invitation, RefreshFamily,
    RegistrationBounds, Resources, Scopes, SecretHash,
};
use gw_store::{Effect, KeptRow, Read, Secret, StoreError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
/// How long what an access token rests on is known after the last that could have been issued.
pub(crate) const AFTERWARDS: Duration = Duration::from_secs(20 * 60);

/// A kind of record, and what is in it.
pub(crate) trait Kind: Serialize + DeserializeOwned + Send + 'static {
    /// Its name in the store.
    const NAME: &'static str;
}

/// Where and with how many proofs a person granted something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Granted {
    /// The person's address.
    pub(crate) address: IpAddr,
    /// How many of the session's proofs it rests on.
    pub(crate) rank: u32,
    /// When.
    pub(crate) at: Timestamp,
}

/// An authorization code.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptCode {
    pub(crate) record: CodeRecord,
    pub(crate) granted: Granted,
    /// The family of refresh tokens that began with it.
    pub(crate) family: Option<SecretHash>,
}

/// A family of refresh tokens.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptFamily {
    pub(crate) family: RefreshFamily,
    pub(crate) granted: Granted,
}

/// What was granted, by the name that its tokens have: what the userinfo endpoint is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptGrant {
    pub(crate) authorization: Authorization,
    pub(crate) family: Option<SecretHash>,
}

/// A device that waits, or was let in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptDevice {
    pub(crate) record: DeviceRecord,
    /// Set once somebody let it in.
    pub(crate) granted: Option<Granted>,
    /// Whose session it is then.
    pub(crate) family: Option<SecretHash>,
}

/// By what a person finds a device: the hash that its record is found by.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptUserCode {
    pub(crate) device: SecretHash,
}

/// What a person agreed to, of one client.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptConsent {
    /// The client's name.
    pub(crate) client: String,
    pub(crate) scopes: Scopes,
    #[serde(default)]
    pub(crate) resources: Resources,
    /// What the client was when they did ([`crate::consent::Wish::shown`]): to another, nobody has
    /// agreed.
    #[serde(default)]
    pub(crate) shown: String,
    pub(crate) at: Timestamp,
}

/// That a client was told of a person in a session: it is told when the session ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptLogin {
    /// The client's name.
    pub(crate) client: String,
    pub(crate) session: SessionId,
    /// The person's name as that client is told it.
    pub(crate) subject: String,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// The format of that name, where the client speaks SAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<String>,
}

/// That something came which may come once: kept, so that it does not come again after a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptOnce {}

/// A client that registered itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeptRegistration {
    /// What it may be.
    pub(crate) bounds: RegistrationBounds,
    pub(crate) at: Timestamp,
    /// Whether it was ever given a token.
    pub(crate) used: bool,
}

macro_rules! kinds {
    ($($kind:ty => $name:literal),* $(,)?) => {
        $(impl Kind for $kind {
            const NAME: &'static str = $name;
        })*
    };
}

kinds! {
    KeptCode => "oauth-code",
    KeptFamily => "oauth-refresh",
    KeptGrant => "oauth-grant",
    KeptDevice => "oauth-device",
    KeptUserCode => "oauth-user-code",
    KeptConsent => "oauth-consent",
    KeptLogin => "oauth-login",
    KeptRegistration => "oauth-registration",
    KeptOnce => "oauth-once",
}

impl Kind for Invitation {
    const NAME: &'static str = gw_oauth::INVITATION_KIND;
}

/// A record as it was read.
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) owner: Option<UserId>,
    pub(crate) expires: Timestamp,
    pub(crate) hash: TokenHash,
    version: u64,
}

impl<T: Kind> Found<T> {
    /// Puts another in its place, if it is still the one that is kept.
    pub(crate) fn replaced(&self, value: &T, owner: Option<UserId>, expires: Timestamp) -> Put {
        Put {
            kind: T::NAME,
            hash: self.hash,
            owner,
            replaces: Some(self.version),
            expires,
            payload: written(value),
        }
    }

    /// Takes it away.
    pub(crate) fn removed(&self) -> Effect {
        Effect::KeptRemoved {
            kind: T::NAME,
            hash: self.hash,
        }
    }
}

/// A record to be put.
pub(crate) struct Put {
    kind: &'static str,
    hash: TokenHash,
    owner: Option<UserId>,
    replaces: Option<u64>,
    expires: Timestamp,
    payload: Option<Vec<u8>>,
}

/// The store cannot be read, or holds what is not what it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeptError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a record of `{0}` is not of its form")]
    Form(&'static str),
    #[error("a worker thread failed")]
    Worker,
}

impl Put {
    /// A new record where there must be none.
    pub(crate) fn new<T: Kind>(
        hash: TokenHash,
        value: &T,
        owner: Option<UserId>,
        expires: Timestamp,
    ) -> Self {
        Self {
            kind: T::NAME,
            hash,
            owner,
            replaces: None,
            expires,
            payload: written(value),
        }
    }

    /// As what goes with a change.
    pub(crate) fn effect(self) -> Result<Effect, KeptError> {
        Ok(Effect::KeptPut(KeptRow {
            kind: self.kind,
            hash: self.hash,
            owner: self.owner,
            replaces: self.replaces,
            expires: self.expires,
            payload: Secret::new(self.payload.ok_or(KeptError::Form(self.kind))?),
        }))
    }
}

/// Keeps that something came; refused where it did before.
pub(crate) fn once(key: SeenKey, until: Timestamp) -> Result<Effect, KeptError> {
    let at = TokenHash::from_digest(key.digest());
    Put::new(at, &KeptOnce {}, None, until).effect()
}

fn written(value: &impl Serialize) -> Option<Vec<u8>> {
    serde_json::to_vec(value).ok()
}

/// Finds a record.
pub(crate) async fn find<T: Kind>(
    engine: &Engine,
    hash: TokenHash,
) -> Result<Option<Found<T>>, KeptError> {
    let read = move |reader: &dyn Read| reader.kept(T::NAME, &hash);
    look(engine, read).await?.map(opened).transpose()
}

/// All records of a person.
pub(crate) async fn of<T: Kind>(
    engine: &Engine,
    owner: UserId,
) -> Result<Vec<Found<T>>, KeptError> {
    let read = move |reader: &dyn Read| reader.kept_of(T::NAME, owner);
    look(engine, read).await?.into_iter().map(opened).collect()
}

/// All records that are nobody's.
pub(crate) async fn of_nobody<T: Kind>(engine: &Engine) -> Result<Vec<Found<T>>, KeptError> {
    let read = move |reader: &dyn Read| reader.kept_of_nobody(T::NAME);
    look(engine, read).await?.into_iter().map(opened).collect()
}

async fn look<R: Send + 'static>(
    engine: &Engine,
    read: impl FnOnce(&dyn Read) -> Result<R, StoreError> + Send + 'static,
) -> Result<R, KeptError> {
    let reader = engine.reader().clone();
    let found = tokio::task::spawn_blocking(move || read(&*reader)).await;
    Ok(found.map_err(|_| KeptError::Worker)??)
}

fn opened<T: Kind>(kept: gw_store::Kept) -> Result<Found<T>, KeptError> {
    let value = serde_json::from_slice(kept.payload.expose());
    Ok(Found {
        value: value.map_err(|_| KeptError::Form(T::NAME))?,
        owner: kept.owner,
        expires: kept.expires,
        hash: kept.hash,
        version: kept.version,
    })
}

/// By what the record of a secret is found.
pub(crate) fn by_secret(hash: &SecretHash) -> TokenHash {
    TokenHash::from_digest(*hash.as_bytes())
}

/// By what the record of a grant is found.
pub(crate) fn by_grant(id: &GrantId) -> TokenHash {
    by_names(&["grant", id.as_str()])
}

/// By what a person's consent to a client is found.
pub(crate) fn by_consent(person: UserId, client: &str) -> TokenHash {
    by_names(&["consent", &person.to_string(), client])
}

/// By what a client's part of a session is found.
pub(crate) fn by_login(session: SessionId, client: &str) -> TokenHash {
    by_names(&["login", &session.to_string(), client])
}

/// By what is kept of a client that registered itself is found.
pub(crate) fn by_registration(client: &str) -> TokenHash {
    by_names(&["registration", client])
}

/// Each name with its length, so that no two lists are alike.
fn by_names(names: &[&str]) -> TokenHash {
    let joined: String = names
        .iter()
        .map(|name| format!("{}:{name}", name.len()))
        .collect();
    let mut digest = [0; 32];
    digest.copy_from_slice(digest::digest(&digest::SHA256, joined.as_bytes()).as_ref());
    TokenHash::from_digest(digest)
}
