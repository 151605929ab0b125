//! Clients of the authorisation server.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{
    AppName, ClientId, ClientName, ClientOwner, Consent, GroupName, SamlClientNames, SamlFact,
    Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A client of the authorisation server: an app that people sign in to through Gatewright, or a
/// program that asks for tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientView {
    /// Opaque and never reused.
    #[schemars(with = "String")]
    pub id: ClientId,
    /// Its name, by which tokens are asked for: its `client_id`.
    #[schemars(with = "String")]
    pub name: ClientName,
    /// What pages call it.
    pub title: Arc<str>,
    /// The app that people sign in to through it, where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub app: Option<AppName>,
    /// Who says what it is: the configuration file, or itself where it registered.
    #[schemars(with = "String", extend("enum" = ["configuration", "itself"]))]
    pub owner: ClientOwner,
    /// Whether people are asked before it is told of them.
    #[schemars(with = "String", extend("enum" = ["ask", "never"]))]
    pub consent: Consent,
    /// The groups that it is in.
    #[schemars(with = "Vec<String>")]
    pub groups: Vec<GroupName>,
    /// Facts that policies read.
    pub attributes: BTreeMap<Arc<str>, Arc<str>>,
    /// How it is registered; absent where it speaks SAML, or what is kept of that cannot be read,
    /// and then it is given nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationView>,
    /// How it is registered instead where it speaks SAML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saml: Option<SamlRegistrationView>,
    /// Whether it is given tokens, and if not, why.
    pub state: ClientState,
    /// Whether somebody switched it off here; it stays so whatever the file says.
    pub suspended: bool,
    /// Whether the configuration file names it.
    pub configured: bool,
    /// Tokens that were issued to it before count no more, where they were taken back: in
    /// milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub tokens_from: Option<Timestamp>,
    /// Moves with each change; the entity tag.
    pub version: u64,
}

/// What somebody may register by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteClient {
    /// The app that people sign in to through such a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub app: Option<AppName>,
    /// The hosts that answers may be sent to.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What it may ask the token endpoint for, by the names of OAuth; codes and refresh tokens
    /// where there are none.
    #[serde(default)]
    pub grants: Vec<String>,
    /// The scopes that it may ask for; those of a sign-in where there are none.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether its codes need not be bound by a proof key: for an app that knows none and checks
    /// `nonce`. One that can keep nothing always has one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proof_key_optional: bool,
    /// How many clients; one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// For how long, in seconds; a day where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_secs: Option<u64>,
}

/// The token by which somebody registers. It is a secret of theirs.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct InvitationView {
    /// By what it is listed and taken back; no secret.
    pub id: String,
    /// The initial access token (RFC 7591, 3).
    pub token: String,
    /// Where clients register.
    pub endpoint: String,
    /// How many clients it is for.
    pub uses: u32,
    /// From when on it is worth nothing, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub expires: Timestamp,
}

/// An invitation by which clients may still be registered. Its token is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenInvitation {
    /// By what it is taken back; no secret.
    pub id: String,
    /// The app that people sign in to through such a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub app: Option<AppName>,
    /// The hosts that answers may be sent to.
    pub hosts: Vec<String>,
    /// What such a client may ask the token endpoint for.
    pub grants: Vec<String>,
    /// The scopes that it may ask for.
    pub scopes: Vec<String>,
    /// Whether its codes need not be bound by a proof key.
    pub proof_key_optional: bool,
    /// How many clients may still be registered by it.
    pub left: u32,
    /// Who made it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// When, where that is known, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub made_at: Option<Timestamp>,
    /// From when on it is worth nothing, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub expires: Timestamp,
}

impl std::fmt::Debug for InvitationView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvitationView")
            .field("id", &self.id)
            .field("uses", &self.uses)
            .finish_non_exhaustive()
    }
}

/// Whether a client is given tokens, and those that it has count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientState {
    /// It is.
    On,
    /// The configuration file switches it off, or does not name it any more.
    Off,
    /// Somebody switched it off here.
    Suspended,
}

/// How a client is registered. Words are those of OAuth's registry (RFC 7591).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationView {
    /// How it shows at the token endpoint who it is (`token_endpoint_auth_method`).
    pub authentication: String,
    /// The secrets that are good, the oldest first: since when, and never what they are.
    pub secrets: Vec<ClientSecretView>,
    /// The address of its public keys, where they are not at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys_uri: Option<String>,
    /// The SHA-256 thumbprints of its public keys, where they are at hand (RFC 7638).
    pub keys: Vec<String>,
    /// The name that its certificate must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// What issuers elsewhere say of it, where that is how it shows who it is: of each rule the
    /// issuer's name, and the claims.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workloads: Vec<String>,
    /// Whether it runs on a person's own device (`native`), or not (`web`).
    pub application_type: String,
    /// What it may ask the token endpoint for.
    pub grant_types: Vec<String>,
    /// Where answers to it go.
    pub redirect_uris: Vec<String>,
    /// Where people may go after they signed out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told that a session is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    /// The scopes that it may ask for.
    pub scopes: Vec<String>,
    /// The resources that it may ask tokens for.
    pub resources: Vec<String>,
    /// The resources that it is itself.
    pub serves: Vec<String>,
    /// The sector that people's ids are made for; the same ids as others are told where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<String>,
    /// By which algorithm its ID tokens are signed.
    pub id_token_algorithm: String,
    /// By which algorithm what it is told of a person is signed; plain JSON where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_algorithm: Option<String>,
    /// Whether its requests must be pushed before.
    pub require_pushed: bool,
    /// Whether its tokens must be bound to a key.
    pub dpop_bound: bool,
    /// Whether its tokens must be bound to its certificate.
    pub certificate_bound: bool,
    /// Whether its codes must be bound by a proof key.
    pub proof_key_required: bool,
    /// How long ago a sign-in may be where its request does not say, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_max_age_secs: Option<u64>,
    /// Whether its ID tokens must say when the person signed in.
    pub require_auth_time: bool,
    /// The authentication contexts that are wanted where its request does not say.
    pub default_acr_values: Vec<String>,
}

/// How an app is registered that speaks SAML 2.0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SamlRegistrationView {
    /// Its name everywhere.
    pub entity_id: String,
    /// Where answers to it go.
    pub consumers: Vec<String>,
    /// Where it is told that somebody signs out, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_out: Option<String>,
    /// How many certificates its messages may be signed with.
    pub certificates: u64,
    /// Whether a request that is not signed is refused.
    pub requires_signed: bool,
    /// Whether assertions are encrypted to it.
    pub encrypted: bool,
    /// As what people are named to it.
    #[schemars(with = "String", extend("enum" = ["persistent", "email", "user-name"]))]
    pub names: SamlClientNames,
    /// What else it is told of them.
    #[schemars(with = "Vec<String>")]
    pub tells: Vec<SamlFact>,
    /// Whether people may begin at its card in the portal.
    pub idp_initiated: bool,
    /// Until when its metadata may be used, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub valid_until: Option<Timestamp>,
}

/// A secret of a client, as it is known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientSecretView {
    /// Since when it is known, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub since: Timestamp,
    /// The first instant at which it is good no more; until it is taken away where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub expires: Option<Timestamp>,
}
