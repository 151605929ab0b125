//! JWT access tokens (RFC 9068, 2.2).

use std::time::Duration;

use gw_model::Timestamp;
use serde::Serialize;

use crate::{Actor, Grant, Issuer, Origins, grant::Confirmed};

/// How long an access token is good at most: minutes, since who holds one is asked nothing more.
pub const ACCESS_TOKEN_LIFETIME_MAX: Duration = Duration::from_secs(15 * 60);

/// What an access token is made of.
#[derive(Clone, Copy)]
pub struct AccessTokenTerms<'a> {
    /// Who issues it.
    pub issuer: &'a Issuer,
    /// What was granted.
    pub grant: &'a Grant,
    /// The subject's name as the client and resource servers are told it.
    pub subject: &'a str,
    /// The session's, where there is one.
    pub session: Option<&'a str>,
    /// What [`crate::Veil::over`] made of the names that doors of this server's know them by, where
    /// those are others.
    pub veiled: Option<&'a str>,
    /// Its own id: never one that was before.
    pub id: &'a str,
    /// To whom it is addressed where the grant names no resource (3): a name of this server's,
    /// such as its userinfo endpoint.
    pub default_audience: &'a str,
    /// How long it is to be good; at most [`ACCESS_TOKEN_LIFETIME_MAX`], and no longer than the
    /// grant.
    pub lifetime: Duration,
    /// How many of the session's proofs it rests on, where it is of one.
    pub proofs: Option<u32>,
    /// The time.
    pub now: Timestamp,
}

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessTokenClaims {
    iss: String,
    sub: String,
    aud: Vec<String>,
    client_id: String,
    exp: u64,
    iat: u64,
    jti: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    grant_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    veiled: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proofs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Actor>,
    #[serde(skip_serializing_if = "Origins::is_none")]
    origins: Origins,
}

impl AccessTokenClaims {
    /// Of these terms. `grant_id`, of no standard, names the authorization, so that what it gave
    /// is refused at once when it ends; `sid` names the session to the same end, and `proofs`, of no standard either, says
    /// how many of its proofs count.
    pub fn new(terms: &AccessTokenTerms<'_>) -> Self {
        let Grant {
            authorization,
            binding,
            ..
        } = terms.grant;
        let sign_in = authorization.sign_in.as_ref();
        Self {
            iss: terms.issuer.as_str().to_owned(),
            sub: terms.subject.to_owned(),
            aud: terms.audience(),
            client_id: authorization.client_id.as_str().to_owned(),
            exp: terms.expires().as_secs(),
            iat: terms.now.as_secs(),
            jti: terms.id.to_owned(),
            scope: terms.grant.scopes.to_string(),
            grant_id: authorization.id.as_str().to_owned(),
            auth_time: sign_in.map(|sign_in| sign_in.auth_time.as_secs()),
            acr: sign_in.and_then(|sign_in| sign_in.acr.clone()),
            amr: sign_in
                .map(|sign_in| sign_in.amr.clone())
                .unwrap_or_default(),
            sid: terms.session.map(str::to_owned),
            veiled: terms.veiled.map(str::to_owned),
            proofs: terms.proofs,
            cnf: (!binding.is_none()).then_some(Confirmed(*binding)),
            act: terms.grant.actor.clone(),
            origins: terms.grant.origins.clone(),
        }
    }
}

impl AccessTokenTerms<'_> {
    /// The first instant at which the token is good no more, in whole seconds.
    pub fn expires(&self) -> Timestamp {
        let lifetime = self.lifetime.min(ACCESS_TOKEN_LIFETIME_MAX);
        let expires = self.now.after(lifetime);
        let expires = self
            .grant
            .expires_max
            .map_or(expires, |max| expires.min(max));
        Timestamp::from_secs(expires.as_secs())
    }

    /// How long that is from now: the `expires_in` of the answer.
    pub fn expires_in(&self) -> Duration {
        self.expires().since(self.now)
    }

    fn audience(&self) -> Vec<String> {
        let named: Vec<_> = self.grant.resources.iter().map(str::to_owned).collect();
        match named.is_empty() {
            true => vec![self.default_audience.to_owned()],
            false => named,
        }
    }
}
