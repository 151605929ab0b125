//! ID tokens (OpenID Connect Core 1.0, 2 and 3.1.3.6).

use std::time::Duration;

use gw_jose::{Algorithm, half_hash};
use gw_model::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::PersonClaims;
use crate::{Client, Grant, Issuer};

/// How long an ID token is good: to be looked at once, when it comes.
pub const ID_TOKEN_LIFETIME: Duration = Duration::from_secs(300);

/// What an ID token is made of.
#[derive(Clone, Copy)]
pub struct IdTokenTerms<'a> {
    /// Who issues it.
    pub issuer: &'a Issuer,
    /// To whom.
    pub client: &'a Client,
    /// What was granted.
    pub grant: &'a Grant,
    /// The person's name as this client is told it.
    pub subject: &'a str,
    /// The session's, where there is one.
    pub session: Option<&'a str>,
    /// What is known of the person.
    pub person: &'a PersonClaims,
    /// By which algorithm it will be signed: `at_hash` is by its hash.
    pub algorithm: Algorithm,
    /// The access token that goes with it.
    pub access_token: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// What an ID token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdTokenClaims {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_hash: Option<String>,
    #[serde(flatten)]
    person: Map<String, Value>,
}

impl IdTokenClaims {
    /// Of these terms. It is addressed to the client alone, so that `azp` says nothing and is left
    /// away (2). The person's own claims are in it only where they are asked for in it: an
    /// access token goes with every ID token, so that scopes mean the userinfo endpoint (5.4).
    pub fn new(terms: &IdTokenTerms<'_>) -> Self {
        let Grant {
            authorization,
            nonce,
            ..
        } = terms.grant;
        let sign_in = authorization.sign_in.as_ref();
        let requested = &authorization.claims.id_token;
        let hash = |token| half_hash(terms.algorithm, token);
        Self {
            iss: terms.issuer.as_str().to_owned(),
            sub: terms.subject.to_owned(),
            aud: terms.client.id.as_str().to_owned(),
            exp: terms.now.after(ID_TOKEN_LIFETIME).as_secs(),
            iat: terms.now.as_secs(),
            auth_time: sign_in.map(|sign_in| sign_in.auth_time.as_secs()),
            nonce: nonce.clone(),
            acr: sign_in.and_then(|sign_in| sign_in.acr.clone()),
            amr: sign_in
                .map(|sign_in| sign_in.amr.clone())
                .unwrap_or_default(),
            sid: terms.session.map(str::to_owned),
            at_hash: terms.access_token.map(hash),
            person: terms
                .person
                .told(&crate::Scopes::default(), requested, terms.client),
        }
    }
}
