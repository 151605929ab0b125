//! What a token is, for who may know (RFC 7662).

use gw_model::Timestamp;
use http::StatusCode;
use serde::Serialize;

use crate::{
    Actor, Binding, Client, ClientId, GrantId, ParameterFault, Parameters, Resources, Scopes,
    answer::{self, Answer},
    grant::Confirmed,
};

/// The longest token that is asked about, in bytes.
const TOKEN_BYTES_MAX: usize = gw_jose::TOKEN_BYTES_MAX;

/// A token that somebody asks about, or wants revoked (2.1; RFC 7009, 2.1). `token_type_hint` is
/// a hint: both kinds tell themselves apart by their form.
pub struct TokenQuestion<'a> {
    /// The token.
    pub token: &'a str,
}

impl<'a> TokenQuestion<'a> {
    /// Reads the question.
    ///
    /// # Errors
    /// Where there is no token, or none that could be one.
    pub fn read(parameters: &'a Parameters) -> Result<Self, ParameterFault> {
        let token = parameters.visible("token", TOKEN_BYTES_MAX)?;
        let token = token.ok_or(ParameterFault::Missing("token"))?;
        Ok(Self { token })
    }
}

impl std::fmt::Debug for TokenQuestion<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenQuestion([redacted])")
    }
}

/// A kind of token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuedKind {
    /// An access token.
    Access,
    /// A refresh token.
    Refresh,
}

/// What is known of a token of ours that still holds: it was verified, is not over, and neither
/// it nor what it comes of was revoked.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    /// Its kind.
    pub kind: IssuedKind,
    /// What it comes of.
    pub grant_id: GrantId,
    /// The client that it was issued to.
    pub client_id: ClientId,
    /// The subject's name as who asks is told it.
    pub subject: String,
    /// The name that people know the subject by.
    pub username: Option<String>,
    /// What it is good for.
    pub scopes: Scopes,
    /// To whom it is addressed.
    pub audiences: Resources,
    /// What it is bound to.
    pub binding: Binding,
    /// Who acts in it.
    pub actor: Option<Actor>,
    /// Its own id, for an access token.
    pub id: Option<String>,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// When it expires.
    pub expires: Timestamp,
    /// The authentication context that was reached.
    pub acr: Option<String>,
    /// When the person signed in.
    pub auth_time: Option<Timestamp>,
}

impl IssuedToken {
    /// Whether this client may know what it is: it was issued to it, or is addressed to it.
    /// A refresh token is nobody's but its client's.
    pub fn is_known_to(&self, client: &Client) -> bool {
        let is_addressed = client.is_among(self.audiences.iter());
        self.client_id == client.id || (self.kind == IssuedKind::Access && is_addressed)
    }
}

/// What is answered (2.2). Of a token that does not hold, or is not this client's to know, no
/// more is said than that it is not active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Introspection {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Resources>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
}

impl Introspection {
    /// Of a token, for a client that has shown who it is; a public one has not, and hears nothing.
    pub fn new(
        token: Option<&IssuedToken>,
        asks: &Client,
        issuer: &crate::Issuer,
        now: Timestamp,
    ) -> Self {
        let is_told = |token: &&IssuedToken| {
            !asks.is_public() && token.is_known_to(asks) && now < token.expires
        };
        token
            .filter(is_told)
            .map_or_else(Self::default, |token| Self::of(token, issuer))
    }

    fn of(token: &IssuedToken, issuer: &crate::Issuer) -> Self {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let is_access = token.kind == IssuedKind::Access;
        Self {
            active: true,
            scope: text(&token.scopes.to_string()),
            client_id: text(token.client_id.as_str()),
            username: token.username.clone(),
            token_type: is_access.then(|| token.binding.token_type()),
            exp: Some(token.expires.as_secs()),
            iat: token.issued_at.map(Timestamp::as_secs),
            sub: text(&token.subject),
            aud: Some(token.audiences.clone()).filter(|audiences| !audiences.is_empty()),
            iss: text(issuer.as_str()),
            jti: token.id.clone(),
            cnf: (!token.binding.is_none()).then_some(Confirmed(token.binding)),
            act: token.actor.clone(),
            acr: token.acr.clone(),
            auth_time: token.auth_time.map(Timestamp::as_secs),
        }
    }

    /// Whether the token is active.
    pub const fn is_active(&self) -> bool {
        self.active
    }

    /// The answer.
    pub fn answer(&self) -> Answer {
        answer::json(StatusCode::OK, self)
    }
}

#[cfg(test)]
mod tests;
