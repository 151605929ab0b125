//! Clients: who may ask for tokens, how they show who they are, and what they may ask for.

mod check;
mod secrets;
mod workload;

use std::{fmt, time::Duration};

use gw_jose::{Algorithm, KeySet, KeySetFault};
use serde::{Deserialize, Serialize};

pub(crate) use self::check::is_address;
pub use self::{
    check::{CONTACTS_MAX, ClientFault, NAME_BYTES_MAX},
    secrets::{
        CLIENT_SECRET_BYTES_MIN, CLIENT_SECRETS_MAX, ClientSecrets, KeptSecret, SecretFault,
    },
    workload::{ClaimPattern, ClaimPatternFault, WORKLOAD_RULES_MAX, WorkloadRule},
};
use crate::{
    ApplicationType, RedirectUri, Resources, Scopes, SecretHash, kept, parameters::is_visible,
};

/// The longest client id, in bytes.
pub const CLIENT_ID_BYTES_MAX: usize = 255;

/// The name by which a client is known to programs: printable ASCII (RFC 6749, A.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

/// A text is no client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client id is 1 to {CLIENT_ID_BYTES_MAX} characters of printable ASCII")]
pub struct ClientIdFault;

impl ClientId {
    /// Reads one.
    ///
    /// # Errors
    /// Where it is empty, too long, or no printable ASCII.
    pub fn parse(text: &str) -> Result<Self, ClientIdFault> {
        let is_id = (1..=CLIENT_ID_BYTES_MAX).contains(&text.len()) && is_visible(text);
        is_id.then(|| Self(text.to_owned())).ok_or(ClientIdFault)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = ClientIdFault;

    fn try_from(text: String) -> Result<Self, ClientIdFault> {
        Self::parse(&text)
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a client shows at the token endpoint who it is (RFC 7591, 2; RFC 8705, 2; OpenID Connect
/// Core 1.0, 9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// It does not: a public client.
    None,
    /// By a secret in the `Authorization` header.
    ClientSecretBasic {
        /// Those that are good.
        secrets: ClientSecrets,
    },
    /// By a secret in the body.
    ClientSecretPost {
        /// Those that are good.
        secrets: ClientSecrets,
    },
    /// By an assertion that it signs.
    PrivateKeyJwt,
    /// By a certificate of an authority that is trusted, which names it.
    TlsClientAuth {
        /// The one name that the certificate must have.
        name: CertificateName,
    },
    /// By a certificate that is its own, over a key of its key set.
    SelfSignedTlsClientAuth,
    /// By what an issuer elsewhere says of it; it keeps no secret.
    Workload {
        /// What is said of it: all that one of these names.
        rules: Vec<WorkloadRule>,
    },
}

impl ClientAuthentication {
    /// Its name in metadata.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic { .. } => "client_secret_basic",
            Self::ClientSecretPost { .. } => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::TlsClientAuth { .. } => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
            Self::Workload { .. } => "workload_token",
        }
    }

    /// The secrets, where that is how.
    pub const fn secrets(&self) -> Option<&ClientSecrets> {
        match self {
            Self::ClientSecretBasic { secrets } | Self::ClientSecretPost { secrets } => {
                Some(secrets)
            }
            _ => None,
        }
    }

    /// The name that its certificate must have, where that is how.
    pub const fn certificate_name(&self) -> Option<&CertificateName> {
        match self {
            Self::TlsClientAuth { name } => Some(name),
            _ => None,
        }
    }

    /// What issuers elsewhere say of it, where that is how.
    pub fn workload_rules(&self) -> &[WorkloadRule] {
        match self {
            Self::Workload { rules } => rules,
            _ => &[],
        }
    }

    const fn needs_keys(&self) -> bool {
        matches!(self, Self::PrivateKeyJwt | Self::SelfSignedTlsClientAuth)
    }
}

/// The name that a client's certificate must have; one of them (RFC 8705, 2.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateName {
    /// Its subject, as the text of RFC 4514 that whoever reads certificates here writes.
    TlsClientAuthSubjectDn(String),
    /// A DNS name among its alternative names.
    TlsClientAuthSanDns(String),
    /// A URI among its alternative names.
    TlsClientAuthSanUri(String),
    /// An address among its alternative names, as `std` writes it.
    TlsClientAuthSanIp(String),
    /// A mailbox among its alternative names.
    TlsClientAuthSanEmail(String),
}

/// Where a client's public keys are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKeys {
    /// A JWK Set, as JSON.
    Jwks(String),
    /// The address of one, fetched by the shell.
    JwksUri(String),
}

impl ClientKeys {
    /// The keys, where they are at hand.
    ///
    /// # Errors
    /// Where they are no key set.
    pub fn inline(&self) -> Option<Result<KeySet, KeySetFault>> {
        match self {
            Self::Jwks(json) => Some(KeySet::parse(json.as_bytes())),
            Self::JwksUri(_) => None,
        }
    }
}

/// What a client may ask the token endpoint for (RFC 7591, 2: `grant_types`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GrantType {
    /// A code for tokens.
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    /// New tokens for a refresh token.
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// Tokens for itself.
    #[serde(rename = "client_credentials")]
    ClientCredentials,
    /// Tokens for who approves on another device (RFC 8628).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// A token for a token (RFC 8693).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl GrantType {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
        Self::TokenExchange,
    ];

    /// Its name in requests and metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What a client is told as a person's name (OpenID Connect Core 1.0, 8).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SubjectType {
    /// The same as others.
    #[default]
    Public,
    /// One that no client of another sector is told.
    Pairwise {
        /// The sector: a host.
        sector: String,
    },
}

/// Whether a code is bound to who asked for it by a proof key (RFC 7636).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofKey {
    /// Always.
    #[default]
    Required,
    /// Where the request has one. For relying parties that know none and check `nonce` instead
    /// (OAuth 2.1, 7.5.1), which the tests of the OpenID Foundation's *basic* plan are: only by
    /// an operator's own word, and never for a public client.
    Optional,
}

/// Where a client is told that a session has ended (OpenID Connect Back-Channel Logout 1.0, 2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackchannelLogout {
    /// The address.
    pub uri: String,
    /// Whether it must be told which session.
    #[serde(default)]
    pub session_required: bool,
}

/// What the sign-in page tells people of a client (RFC 7591, 2). Addresses that anybody may have
/// registered: shown as links, never fetched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct About {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its own page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// What it does with what it learns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// Whom to write to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
}

/// A client as it is registered. It is plain data: [`Client::check`] says whether it holds
/// together, and is asked before it is taken up, wherever it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// What people are told of it.
    #[serde(default)]
    pub about: About,
    /// What it is.
    #[serde(default)]
    pub application_type: ApplicationType,
    /// Where answers to it go.
    #[serde(default)]
    pub redirect_uris: Vec<RedirectUri>,
    /// Where people may go after they signed out, compared byte by byte.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// How it shows who it is.
    pub authentication: ClientAuthentication,
    /// Its public keys.
    #[serde(default)]
    pub keys: Option<ClientKeys>,
    /// What it may ask the token endpoint for.
    pub grant_types: Vec<GrantType>,
    /// The scopes that it may ask for.
    #[serde(default)]
    pub scopes: Scopes,
    /// The resources that it may ask tokens for.
    #[serde(default)]
    pub resources: Resources,
    /// The resources that it is itself: tokens for them it may look into and exchange.
    #[serde(default)]
    pub serves: Resources,
    /// What it is told as a person's name.
    #[serde(default)]
    pub subject_type: SubjectType,
    /// Where it is told that a session has ended.
    #[serde(default)]
    pub backchannel_logout: Option<BackchannelLogout>,
    /// By which algorithm its ID tokens are signed.
    #[serde(with = "kept::text")]
    pub id_token_algorithm: Algorithm,
    /// By which algorithm what it is told of a person is signed; plain JSON where none is named.
    #[serde(default, with = "kept::optional")]
    pub userinfo_algorithm: Option<Algorithm>,
    /// Whether its authorization requests must be pushed (RFC 9126, 6).
    #[serde(default)]
    pub require_pushed: bool,
    /// Whether its tokens must be bound to a DPoP key (RFC 9449, 5.2).
    #[serde(default)]
    pub dpop_bound: bool,
    /// Whether its tokens must be bound to its certificate (RFC 8705, 3.4).
    #[serde(default)]
    pub certificate_bound: bool,
    /// Whether its codes must be bound by a proof key.
    #[serde(default)]
    pub proof_key: ProofKey,
    /// How long ago a sign-in may be where its request does not say.
    #[serde(default)]
    pub default_max_age: Option<Duration>,
    /// Whether its ID tokens must say when the person signed in.
    #[serde(default)]
    pub require_auth_time: bool,
    /// The authentication contexts that are wanted where its request does not say.
    #[serde(default)]
    pub default_acr_values: Vec<String>,
    /// Where the redirect URIs of its sector are listed (OpenID Connect Registration 1.0, 5), where
    /// it said so.
    #[serde(default)]
    pub sector_document: Option<String>,
    /// By which it may read and change its own registration (RFC 7592), where it came by one.
    #[serde(default)]
    pub registration_token: Option<SecretHash>,
}

impl Client {
    /// Whether it cannot keep a secret, so that nothing shows who it is.
    pub const fn is_public(&self) -> bool {
        matches!(self.authentication, ClientAuthentication::None)
    }

    /// Whether it may ask the token endpoint for this.
    pub fn may(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    /// The redirect URI that a request names, where it is one of its own.
    pub fn redirect_uri(&self, asked: &str) -> Option<&RedirectUri> {
        self.redirect_uris.iter().find(|one| one.matches(asked))
    }

    /// Whether people may go there after they signed out: byte by byte, whatever its kind.
    pub fn may_end_at(&self, asked: &str) -> bool {
        self.post_logout_redirect_uris
            .iter()
            .any(|one| one.as_str() == asked)
    }

    /// Whether a token for one of these audiences is for this client: by its id, or as one of the
    /// resources that it is.
    pub fn is_among<'a>(&self, audiences: impl IntoIterator<Item = &'a str>) -> bool {
        let is_own = |one: &str| one == self.id.as_str() || self.serves.contains(one);
        audiences.into_iter().any(is_own)
    }
}

#[cfg(test)]
mod tests;
