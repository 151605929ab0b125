//! Refresh tokens: families in which each token is good once (OAuth 2.1, 4.3.1; RFC 9700, 4.14).

use std::{fmt, time::Duration};

use gw_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Binding, BindingFault, Grant, GrantId, Proven};
use crate::{
    Client, ErrorCode, GrantType, ParameterFault, Parameters, Purpose, ResourceFault, Resources,
    ScopeFault, Scopes, Secret, SecretHash, secret::SECRET_CHARS,
};

/// How long a family lasts at most, however often it is used.
pub const REFRESH_LIFETIME_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// How long a family lasts that is not used.
pub const REFRESH_IDLE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long the token before the last is still good, where nothing was heard of the last: an
/// answer that was lost on the way must not end a session. Whoever of two uses it second makes
/// the token of the first worth nothing, and is found out when that is used.
pub const REUSE_GRACE: Duration = Duration::from_secs(10);

/// A token as it is given out: the family's own secret, and that of this one token.
#[derive(Clone)]
pub struct RefreshToken {
    family: Secret,
    secret: Secret,
}

impl RefreshToken {
    /// The first of a family, of two new secrets.
    pub const fn first(family: Secret, secret: Secret) -> Self {
        Self { family, secret }
    }

    /// Its text, for the answer that gives it out.
    pub fn expose(&self) -> String {
        format!("{}.{}", self.family.expose(), self.secret.expose())
    }

    /// Reads one; none where it is not of the form of those that are made here.
    pub fn parse(text: &str) -> Option<Self> {
        let (family, secret) = text.split_once('.')?;
        let is_secret = |text: &str| {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            text.len() == SECRET_CHARS && text.bytes().all(is_part)
        };
        (is_secret(family) && is_secret(secret)).then(|| Self {
            family: Secret::of_text(family.to_owned()),
            secret: Secret::of_text(secret.to_owned()),
        })
    }

    /// By what its family is found.
    pub fn family(&self) -> SecretHash {
        self.family.hash(Purpose::RefreshToken)
    }

    fn hash(&self) -> SecretHash {
        self.secret.hash(Purpose::RefreshToken)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken([redacted])")
    }
}

/// A request for new tokens.
#[derive(Debug)]
pub struct RefreshRequest {
    /// The token.
    pub token: RefreshToken,
    scopes: Option<Scopes>,
    resources: Resources,
}

impl RefreshRequest {
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, RefreshFault> {
        let token = parameters.required("refresh_token")?;
        let scopes = parameters.value("scope").map(Scopes::parse).transpose()?;
        Ok(Self {
            token: RefreshToken::parse(token).ok_or(RefreshFault::Unknown)?,
            scopes,
            resources: Resources::of(parameters)?,
        })
    }
}

/// Why a family ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshEnd {
    /// A token of it came again.
    Reused,
    /// Its client, person or operator ended it.
    Revoked,
}

/// The refresh tokens of one authorization, as they are kept. The store changes it in one
/// transaction with what it read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshFamily {
    /// By what it is found.
    pub hash: SecretHash,
    /// What it stands for.
    pub authorization: super::Authorization,
    /// What it is bound to.
    pub binding: Binding,
    /// The token that is good.
    current: SecretHash,
    /// The one before it, and until when it is.
    previous: Option<Previous>,
    /// The first instant at which it is good no more, unless it is used before.
    pub idle_until: Timestamp,
    /// The first instant at which it is good no more.
    pub expires: Timestamp,
    /// Why it ended.
    pub ended: Option<RefreshEnd>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Previous {
    hash: SecretHash,
    until: Timestamp,
}

/// Why no tokens are given for a refresh token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshFault {
    /// A parameter is missing.
    #[error(transparent)]
    Parameters(#[from] ParameterFault),
    /// There is none such.
    #[error("the refresh token is not known")]
    Unknown,
    /// It is another client's.
    #[error("the refresh token is another client's")]
    OtherClient,
    /// The client may not, or no longer.
    #[error("the client may not refresh tokens")]
    NotAllowed,
    /// It is over.
    #[error("the refresh token is over")]
    Expired,
    /// It was ended.
    #[error("the refresh token was revoked")]
    Ended,
    /// It was used before: somebody else has it. The family ends, and all that came of it.
    #[error("the refresh token was used before")]
    Reused,
    /// The sender has not proven what it is bound to.
    #[error(transparent)]
    Binding(#[from] BindingFault),
    /// More scopes are asked for than were granted.
    #[error(transparent)]
    Scope(#[from] ScopeFault),
    /// Other resources are asked for than were granted.
    #[error(transparent)]
    Resource(#[from] ResourceFault),
}

impl RefreshFault {
    /// What the client is told.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Parameters(_) => ErrorCode::InvalidRequest,
            Self::NotAllowed => ErrorCode::UnauthorizedClient,
            Self::Binding(fault) => fault.code(),
            Self::Scope(_) => ErrorCode::InvalidScope,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            _ => ErrorCode::InvalidGrant,
        }
    }

    /// Whether the family is to be ended ([`RefreshFamily::end`]) and all tokens of its
    /// authorization revoked.
    pub const fn revokes(&self) -> bool {
        matches!(self, Self::Reused)
    }
}

/// A token that was exchanged for the next.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// What the new tokens stand for.
    pub grant: Grant,
    /// The next refresh token.
    pub token: RefreshToken,
    /// The family from now on.
    pub family: RefreshFamily,
}

impl RefreshFamily {
    /// Begins with the first token of a grant.
    pub fn begin(grant: &Grant, first: &RefreshToken, now: Timestamp) -> Self {
        let expires = now.after(REFRESH_LIFETIME_MAX);
        Self {
            hash: first.family(),
            authorization: grant.authorization.clone(),
            binding: grant.binding,
            current: first.hash(),
            previous: None,
            idle_until: now.after(REFRESH_IDLE_MAX).min(expires),
            expires,
            ended: None,
        }
    }

    /// Which tokens are revoked where [`RefreshFault::revokes`].
    pub const fn grant_id(&self) -> &GrantId {
        &self.authorization.id
    }

    /// Whether it is still good.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.expires && now < self.idle_until
    }

    /// Whether this token would be exchanged now, for introspection (RFC 7662): the one that is
    /// good, not the one before it.
    pub fn is_current(&self, token: &RefreshToken, now: Timestamp) -> bool {
        let is_its = self.hash.matches(&token.family()) && self.current.matches(&token.hash());
        is_its && self.is_good(now)
    }

    /// Exchanges a token for the next, of which `next` is the secret.
    ///
    /// # Errors
    /// Where it is not good, or not for this client; [`RefreshFault::revokes`] says what follows.
    pub fn rotate(
        &self,
        request: &RefreshRequest,
        client: &Client,
        proven: &Proven,
        next: Secret,
        now: Timestamp,
    ) -> Result<Rotation, RefreshFault> {
        self.is_for(request, client, now)?;
        let previous = self.previous(&request.token, now)?;
        let binding = self.binding.renew(client, proven)?;
        let granted = &self.authorization;
        let mut grant = Grant::of(granted.clone(), binding);
        // What the client may not have any more, it does not get by what it once had.
        let still = granted.scopes.common(&client.scopes);
        grant.scopes = Scopes::narrow(request.scopes.as_ref(), &still)?;
        grant.resources = Resources::narrow(&request.resources, &granted.resources)?;
        if !grant.resources.is_within(&client.resources) {
            return Err(ResourceFault::Beyond.into());
        }
        let token = RefreshToken {
            family: request.token.family.clone(),
            secret: next,
        };
        let family = Self {
            binding,
            current: token.hash(),
            previous: Some(previous),
            idle_until: now.after(REFRESH_IDLE_MAX).min(self.expires),
            ..self.clone()
        };
        Ok(Rotation {
            grant,
            token,
            family,
        })
    }

    /// Its record from now on, where it ends.
    #[must_use]
    pub fn end(&self, why: RefreshEnd) -> Self {
        Self {
            ended: self.ended.or(Some(why)),
            ..self.clone()
        }
    }

    fn is_for(
        &self,
        request: &RefreshRequest,
        client: &Client,
        now: Timestamp,
    ) -> Result<(), RefreshFault> {
        if !self.hash.matches(&request.token.family()) {
            return Err(RefreshFault::Unknown);
        }
        if self.authorization.client_id != client.id {
            return Err(RefreshFault::OtherClient);
        }
        if !client.may(GrantType::RefreshToken) {
            return Err(RefreshFault::NotAllowed);
        }
        if self.ended.is_some() {
            return Err(RefreshFault::Ended);
        }
        match self.is_good(now) {
            true => Ok(()),
            false => Err(RefreshFault::Expired),
        }
    }

    /// What the token before the next one is; a token of the family that is neither the last nor,
    /// for a short while, the one before it was used by two. The family's own secret is known
    /// only to who had one of its tokens, so nobody else ends it so.
    fn previous(&self, token: &RefreshToken, now: Timestamp) -> Result<Previous, RefreshFault> {
        let hash = token.hash();
        if self.current.matches(&hash) {
            let until = now.after(REUSE_GRACE);
            return Ok(Previous { hash, until });
        }
        let previous = self
            .previous
            .filter(|previous| previous.hash.matches(&hash));
        previous
            .filter(|previous| now < previous.until)
            .ok_or(RefreshFault::Reused)
    }
}

#[cfg(test)]
mod tests;
