//! What was granted, to whom, and what tokens of it are bound to: the value that codes, device
//! codes and refresh tokens stand for.

mod actor;
mod binding;
mod code;
mod device;
mod origins;
mod refresh;
mod user_code;

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use gw_jose::pkce::NoRandomness;
use gw_model::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::binding::Confirmed;
pub use self::{
    actor::{ACTORS_MAX, Actor, ActorFault},
    binding::{Binding, BindingFault, Proven},
    code::{CODE_LIFETIME, CodeFault, CodeRecord, CodeRequest, Redeemed},
    device::{
        DEVICE_LIFETIME, DeviceDecision, DeviceFault, DevicePace, DeviceRecord, DeviceResponse,
        POLL_INTERVAL, SLOW_DOWN,
    },
    origins::{ORIGINS_MAX, Origins},
    refresh::{
        REFRESH_IDLE_MAX, REFRESH_LIFETIME_MAX, REUSE_GRACE, RefreshEnd, RefreshFamily,
        RefreshFault, RefreshRequest, RefreshToken, Rotation,
    },
    user_code::{
        USER_CODE_CHARS, USER_CODE_TRIES_MAX, USER_CODE_TRIES_SPAN, UserCode, UserCodeTries,
    },
};
use crate::{
    ClaimsRequest, Client, ClientId, GrantType, OFFLINE_ACCESS, Resources, Scopes, secret::random,
};

/// The name of one authorization and all tokens that come of it: 128 random bits, told to
/// resource servers, so no secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(String);

impl GrantId {
    /// A new one.
    ///
    /// # Errors
    /// Where the machine has no randomness.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self(BASE64URL_NOPAD.encode(&*random::<16>()?)))
    }

    /// Reads one that a token of ours names; none where it has not the form of those that are
    /// made here.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        (bytes.len() == 16).then(|| Self(text.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a person signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// When they last showed who they are.
    pub auth_time: Timestamp,
    /// The authentication context that was reached and is told.
    #[serde(default)]
    pub acr: Option<String>,
    /// The methods (RFC 8176).
    #[serde(default)]
    pub amr: Vec<String>,
    /// The session, by the name that clients are told (`sid`).
    #[serde(default)]
    pub sid: Option<String>,
}

/// What was decided once: who may have what, through which client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// Its name: what is revoked.
    pub id: GrantId,
    /// Through which client.
    pub client_id: ClientId,
    /// Whose it is, by the server's own name for them: a person, or the client itself.
    pub subject: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// Where it is good; anywhere that the server names by default where there is none.
    #[serde(default)]
    pub resources: Resources,
    /// How the person signed in; none for a client by itself.
    #[serde(default)]
    pub sign_in: Option<SignIn>,
    /// Single claims that were asked for.
    #[serde(default)]
    pub claims: ClaimsRequest,
}

impl Authorization {
    /// Whether its refresh tokens outlive the session (OpenID Connect Core 1.0, 11).
    pub fn is_offline(&self) -> bool {
        self.scopes.contains(OFFLINE_ACCESS)
    }
}

/// What one token request is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What it comes of.
    pub authorization: Authorization,
    /// What the access token is good for: all that was authorized, or less.
    pub scopes: Scopes,
    /// Where the access token is good: all that was authorized, or less.
    pub resources: Resources,
    /// What the tokens are bound to.
    pub binding: Binding,
    /// What the ID token repeats.
    pub nonce: Option<String>,
    /// Who acts for the subject.
    pub actor: Option<Actor>,
    /// What it was exchanged from.
    pub origins: Origins,
    /// No token of it may last longer.
    pub expires_max: Option<Timestamp>,
}

impl Grant {
    /// Of all that was authorized.
    pub(crate) fn of(authorization: Authorization, binding: Binding) -> Self {
        Self {
            scopes: authorization.scopes.clone(),
            resources: authorization.resources.clone(),
            authorization,
            binding,
            nonce: None,
            actor: None,
            origins: Origins::default(),
            expires_max: None,
        }
    }

    /// Whether a refresh token goes with it: where a person granted it and the client is
    /// registered for such tokens.
    pub fn is_refreshable(&self, client: &Client) -> bool {
        let of_person = self.authorization.sign_in.is_some() && self.actor.is_none();
        of_person && client.may(GrantType::RefreshToken)
    }

    /// Whether an ID token goes with it.
    pub fn has_id_token(&self) -> bool {
        self.authorization.sign_in.is_some() && self.actor.is_none() && self.scopes.is_openid()
    }
}
