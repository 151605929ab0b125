//! A client as it is told what it registered (RFC 7591, 3.2.1; RFC 7592, 3).

use http::StatusCode;
use serde::Serialize;

use crate::{
    About, ApplicationType, Client, ClientKeys, GrantType, RedirectUri, Secret, SubjectType,
    answer::{self, Answer},
};

/// What is registered, in the words of the standards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientMetadata {
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<String>,
    #[serde(flatten)]
    about: About,
    application_type: ApplicationType,
    redirect_uris: Vec<RedirectUri>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    post_logout_redirect_uris: Vec<RedirectUri>,
    token_endpoint_auth_method: &'static str,
    #[serde(flatten)]
    certificate_name: Option<crate::CertificateName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    grant_types: Vec<GrantType>,
    response_types: Vec<&'static str>,
    scope: String,
    subject_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sector_identifier_uri: Option<String>,
    id_token_signed_response_alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    userinfo_signed_response_alg: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backchannel_logout_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backchannel_logout_session_required: Option<bool>,
    require_pushed_authorization_requests: bool,
    dpop_bound_access_tokens: bool,
    tls_client_certificate_bound_access_tokens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_max_age: Option<u64>,
    require_auth_time: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    default_acr_values: Vec<String>,
}

impl ClientMetadata {
    /// Of a client.
    pub fn of(client: &Client) -> Self {
        let (jwks, jwks_uri) = match &client.keys {
            Some(ClientKeys::Jwks(json)) => (serde_json::from_str(json).ok(), None),
            Some(ClientKeys::JwksUri(uri)) => (None, Some(uri.clone())),
            None => (None, None),
        };
        let logout = client.backchannel_logout.as_ref();
        let has_codes = client.may(GrantType::AuthorizationCode);
        Self {
            client_id: client.id.as_str().to_owned(),
            client_name: client.about.name.clone(),
            about: About {
                name: None,
                ..client.about.clone()
            },
            application_type: client.application_type,
            redirect_uris: client.redirect_uris.clone(),
            post_logout_redirect_uris: client.post_logout_redirect_uris.clone(),
            token_endpoint_auth_method: client.authentication.name(),
            certificate_name: client.authentication.certificate_name().cloned(),
            jwks,
            jwks_uri,
            grant_types: client.grant_types.clone(),
            response_types: has_codes.then_some("code").into_iter().collect(),
            scope: client.scopes.to_string(),
            subject_type: match client.subject_type {
                SubjectType::Public => "public",
                SubjectType::Pairwise { .. } => "pairwise",
            },
            sector_identifier_uri: client.sector_document.clone(),
            id_token_signed_response_alg: client.id_token_algorithm.name(),
            userinfo_signed_response_alg: client.userinfo_algorithm.map(|one| one.name()),
            backchannel_logout_uri: logout.map(|logout| logout.uri.clone()),
            backchannel_logout_session_required: logout.map(|logout| logout.session_required),
            require_pushed_authorization_requests: client.require_pushed,
            dpop_bound_access_tokens: client.dpop_bound,
            tls_client_certificate_bound_access_tokens: client.certificate_bound,
            default_max_age: client.default_max_age.map(|age| age.as_secs()),
            require_auth_time: client.require_auth_time,
            default_acr_values: client.default_acr_values.clone(),
        }
    }
}

/// What a client that registered, read or changed its registration is answered.
#[derive(Serialize)]
pub struct RegisteredClient {
    #[serde(flatten)]
    metadata: ClientMetadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_access_token: Option<String>,
    registration_client_uri: String,
}

impl RegisteredClient {
    /// Of a client whose registration is at this address.
    pub fn new(client: &Client, registration_client_uri: String) -> Self {
        let has_secret = client.authentication.secrets().is_some();
        Self {
            metadata: ClientMetadata::of(client),
            client_secret: None,
            // Nought: until it is ended (RFC 7591, 3.2.1).
            client_secret_expires_at: has_secret.then_some(0),
            registration_access_token: None,
            registration_client_uri,
        }
    }

    /// With a secret that is new.
    #[must_use]
    pub fn with_secret(self, secret: &Secret) -> Self {
        let client_secret = Some(secret.expose().to_owned());
        Self {
            client_secret,
            ..self
        }
    }

    /// With its registration token: a new one, or the one that the request came with, of which
    /// only a hash is kept.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        let registration_access_token = Some(token.to_owned());
        Self {
            registration_access_token,
            ..self
        }
    }

    /// The answer to who registered.
    pub fn created(&self) -> Answer {
        answer::json(StatusCode::CREATED, self)
    }

    /// The answer to who read or changed its registration.
    pub fn answer(&self) -> Answer {
        answer::json(StatusCode::OK, self)
    }

    /// The answer to who ended its registration (RFC 7592, 2.3).
    pub fn ended() -> Answer {
        answer::empty(StatusCode::NO_CONTENT)
    }
}

impl std::fmt::Debug for RegisteredClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.metadata.fmt(f)
    }
}
