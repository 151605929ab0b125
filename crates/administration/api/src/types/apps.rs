//! Apps: their listing, and the whole document that one is read, written and declared by.

use std::{collections::BTreeMap, sync::Arc};

use gw_model::{AppName, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ManagedBy;

/// The apps, and how the configuration stands that some of them come from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Apps {
    /// The apps, by name.
    pub items: Vec<AppView>,
    /// The state of the configuration file.
    pub config: ConfigState,
    /// Where the next page begins (`after`), if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many there are on all pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
}

/// An app, for listings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AppView {
    /// Its name in policies.
    #[schemars(with = "String")]
    pub name: AppName,
    /// What pages call it.
    pub title: Arc<str>,
    /// The host it is reached by.
    pub host: Arc<str>,
    /// Where its requests go, in words.
    pub upstream: String,
    /// Labels.
    pub tags: Vec<String>,
    /// Names of its routes.
    pub routes: Vec<String>,
    /// Where it is changed.
    pub managed_by: ManagedBy,
    /// Whether it is one of Gatewright's own pages.
    pub built_in: bool,
    /// Moves with each change; the entity tag.
    pub version: u64,
}

/// How a file stands that Gatewright follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum ConfigState {
    /// What it says is in force.
    InForce {
        /// The file.
        file: String,
        /// Since when, in milliseconds since the Unix epoch.
        #[schemars(with = "u64")]
        since: Timestamp,
    },
    /// It has faults; what it said before is still in force.
    Refused {
        /// The file.
        file: String,
        /// Since when, in milliseconds since the Unix epoch.
        #[schemars(with = "u64")]
        since: Timestamp,
        /// What is wrong with it, a line each.
        faults: Vec<String>,
    },
}

impl ConfigState {
    /// The file.
    pub fn file(&self) -> &str {
        match self {
            Self::InForce { file, .. } | Self::Refused { file, .. } => file,
        }
    }
}

/// An app with what is only read of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AppShown {
    /// What is written of it.
    #[serde(flatten)]
    pub app: AppDocument,
    /// Where browsers open it.
    pub url: String,
    /// Where it is changed.
    pub managed_by: ManagedBy,
    /// Whether it is one of Gatewright's own pages.
    pub built_in: bool,
    /// Moves with each change; the entity tag.
    pub version: u64,
}

/// An app, as it is written and declared. Keys are those of the configuration file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppDocument {
    /// Its name in policies.
    #[schemars(with = "String")]
    pub name: AppName,
    /// What pages call it; its name where absent.
    #[serde(default)]
    pub title: String,
    /// One line for the portal.
    #[serde(default)]
    pub description: String,
    /// The host it is reached by, lower case, without port.
    pub host: String,
    /// Where its requests go.
    #[serde(default)]
    pub upstream: UpstreamDocument,
    /// Labels: `resource in Tag::"crown-jewel"`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Facts that policy reads as `resource.app.getTag("…")`.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Zone of `context.time`, by IANA name; the organisation's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Whether the portal shows it.
    #[serde(default = "yes")]
    pub in_portal: bool,
    /// Whether its servers see the host that the client asked for.
    #[serde(default = "yes")]
    pub preserve_host: bool,
    /// Plain identity headers, for apps that cannot read a signed assertion.
    #[serde(default)]
    pub identity_headers: IdentityHeadersDocument,
    /// Named parts; what matches none is the route `default`.
    #[serde(default)]
    pub routes: Vec<RouteDocument>,
}

const fn yes() -> bool {
    true
}

const fn one() -> u32 {
    1
}

/// An app's servers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamDocument {
    /// Where people begin at an app that is not behind Gatewright's door: they sign in to it
    /// through a client, and speak with it directly. It has no servers here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The servers; one of Gatewright's own pages has none.
    #[serde(default)]
    #[schemars(with = "Vec<ServerForm>")]
    pub servers: Vec<ServerDocument>,
    /// What is spoken over TLS and over Unix sockets: `auto`, `h1` or `h2`.
    #[serde(default)]
    pub protocol: ProtocolWord,
    /// The name that certificates are for, where it is not the address's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Asked of each server again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthDocument>,
    /// Bounds that differ from the gateway's own.
    #[serde(default, skip_serializing_if = "UpstreamLimitsDocument::are_usual")]
    pub limits: UpstreamLimitsDocument,
}

/// What is spoken with a server that leaves the choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProtocolWord {
    /// Over TLS what the server prefers, HTTP/1.1 over a Unix socket.
    #[default]
    Auto,
    /// HTTP/1.1.
    H1,
    /// HTTP/2.
    H2,
}

/// One of an app's servers: its address, or with how much it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ServerForm", into = "ServerForm")]
pub struct ServerDocument {
    /// `http://host:port`, `https://host:port`, `h2c://host:port` or `unix:///path`.
    pub address: String,
    /// How much of the app's requests it takes, beside the others': 1 to 100.
    pub weight: u32,
}

/// How a server is written.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "it is neither an address such as `http://host:port` nor an object with `address` and `weight`"
)]
enum ServerForm {
    /// `http://host:port`, `https://host:port`, `h2c://host:port` or `unix:///path`.
    Address(String),
    /// With how much of the app's requests it takes, beside the others'.
    Weighted(WeightedServer),
}

/// A server with how much it takes.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WeightedServer {
    /// As above.
    address: String,
    /// 1 to 100.
    #[serde(default = "one")]
    weight: u32,
}

impl From<ServerForm> for ServerDocument {
    fn from(form: ServerForm) -> Self {
        match form {
            ServerForm::Address(address) => Self { address, weight: 1 },
            ServerForm::Weighted(WeightedServer { address, weight }) => Self { address, weight },
        }
    }
}

impl From<ServerDocument> for ServerForm {
    fn from(server: ServerDocument) -> Self {
        match server.weight {
            1 => Self::Address(server.address),
            weight => Self::Weighted(WeightedServer {
                address: server.address,
                weight,
            }),
        }
    }
}

/// A question that a healthy server answers with a status below 400.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthDocument {
    /// The path that is asked for.
    pub path: String,
    /// Milliseconds from one question to the next: 1,000 to 3,600,000.
    #[serde(default = "ten_seconds")]
    pub interval_ms: u64,
}

const fn ten_seconds() -> u64 {
    10_000
}

/// Bounds of one app's exchanges; the gateway's own where absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamLimitsDocument {
    /// Milliseconds to connect, TLS included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<u64>,
    /// Milliseconds to an answer's head, once the client has sent its body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<u64>,
    /// Milliseconds that an answer's body may stand still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_idle_ms: Option<u64>,
    /// Bytes of a request's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body_bytes: Option<u64>,
    /// Bytes of an answer's head: 8,192 to 1,048,576.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_head_bytes: Option<u32>,
}

impl UpstreamLimitsDocument {
    fn are_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// Names of plain headers for legacy apps; absent ones are not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityHeadersDocument {
    /// Receives the user's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Receives the e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Receives the groups, comma-separated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<String>,
}

/// A named part of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteDocument {
    /// Its name within the app: `editor` is `Route::"wiki/editor"`.
    pub name: String,
    /// Paths that belong to it: `/exact` or `/prefix/*`.
    pub paths: Vec<String>,
    /// Methods that belong to it; empty means all.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Labels beside those of the app.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Which credential it takes: `cookie`, the person's session; or `bearer`, an access token.
    #[serde(default)]
    pub credential: CredentialWord,
    /// What an access token must be good for on a `bearer` route, all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Whether an access token must be bound to a key of whoever shows it.
    #[serde(default)]
    pub sender_constrained: bool,
    /// What becomes of an `Authorization` header: `pass` or `strip`. Where it is absent, it passes
    /// on a `cookie` route and is dropped on a `bearer` route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<AuthorizationWord>,
    /// Other origins whose pages may call it with the person's cookie.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Query parameters that may be recorded; all others never are.
    #[serde(default)]
    pub recorded_parameters: Vec<String>,
    /// Accept percent-encoded slashes and other forms that are refused by default.
    #[serde(default)]
    pub accept_encoded_slash: bool,
    /// Pass method-override and URL-override headers on.
    #[serde(default)]
    pub accept_override_headers: bool,
    /// Protocols that its connections may be upgraded to.
    #[serde(default = "websocket")]
    pub upgrades: Vec<String>,
}

fn websocket() -> Vec<String> {
    vec!["websocket".to_owned()]
}

/// Which credential a route takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialWord {
    /// The session of whoever is signed in.
    #[default]
    Cookie,
    /// An access token that is addressed to the app.
    Bearer,
}

/// What becomes of an `Authorization` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorizationWord {
    /// It passes untouched.
    Pass,
    /// It is dropped.
    Strip,
}
