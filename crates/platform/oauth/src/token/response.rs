//! What the token endpoint gives (RFC 6749, 5.1; RFC 8693, 2.2.1).

use std::{fmt, time::Duration};

use http::StatusCode;
use serde::Serialize;

use super::ExchangeTokenType;
use crate::{
    Grant, RefreshToken,
    answer::{self, Answer},
};

/// The tokens of one answer.
#[derive(Serialize)]
pub struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
}

impl TokenResponse {
    /// With the access token of a grant. Its scope is always said: it may be less than what was
    /// asked for.
    pub fn new(grant: &Grant, access_token: String, expires_in: Duration) -> Self {
        Self {
            access_token,
            token_type: grant.binding.token_type(),
            expires_in: expires_in.as_secs(),
            refresh_token: None,
            id_token: None,
            scope: grant.scopes.to_string(),
            issued_token_type: None,
        }
    }

    /// With a refresh token.
    #[must_use]
    pub fn with_refresh_token(self, token: &RefreshToken) -> Self {
        let refresh_token = Some(token.expose());
        Self {
            refresh_token,
            ..self
        }
    }

    /// With an ID token.
    #[must_use]
    pub fn with_id_token(self, token: String) -> Self {
        let id_token = Some(token);
        Self { id_token, ..self }
    }

    /// As the result of an exchange.
    #[must_use]
    pub fn exchanged(self, requested: ExchangeTokenType) -> Self {
        let issued_token_type = Some(requested.name());
        Self {
            issued_token_type,
            ..self
        }
    }

    /// The answer.
    pub fn answer(&self) -> Answer {
        answer::json(StatusCode::OK, self)
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("token_type", &self.token_type)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
