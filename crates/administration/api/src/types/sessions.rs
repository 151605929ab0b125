//! Sessions, and what is open.

use std::sync::Arc;

use gw_model::{DecisionId, PolicyId, ProviderName, SessionId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A session, for listings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SessionView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: SessionId,
    /// Whose it is, by name.
    pub user: Arc<str>,
    /// How the person proved who they are.
    pub methods: Vec<String>,
    /// The providers of identities on whose word it rests: it ends where one is switched off.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub providers: Vec<ProviderName>,
    /// When it began, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub started: Timestamp,
    /// Last use, coarse.
    #[schemars(with = "u64")]
    pub seen: Timestamp,
    /// When it ends whatever happens.
    #[schemars(with = "u64")]
    pub expires: Timestamp,
    /// Browser and system, in words.
    pub client: Arc<str>,
    /// How much is open in it now.
    #[serde(default)]
    pub leases: usize,
}

/// How many sessions or leases were ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SessionsEnded {
    /// How many.
    pub ended: usize,
}

/// What is open now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Leases {
    /// The leases, the newest last.
    pub items: Vec<LeaseView>,
    /// How many there are in all.
    pub total: usize,
    /// Whether there are more than are shown.
    pub incomplete: bool,
}

/// One lease: an access that goes on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LeaseView {
    /// What it is ended by: the decision that opened it.
    #[schemars(with = "String")]
    pub id: DecisionId,
    /// The decision that opened it.
    #[schemars(with = "String")]
    pub decision: DecisionId,
    /// Whose it is, by name; a stranger's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Arc<str>>,
    /// Within which session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub session: Option<SessionId>,
    /// The app.
    pub app: String,
    /// The route.
    pub route: String,
    /// The method.
    pub method: Arc<str>,
    /// The path, without the query.
    pub path: Arc<str>,
    /// From where.
    #[schemars(with = "String")]
    pub address: std::net::IpAddr,
    /// Since when, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub opened: Timestamp,
    /// Whether it is a WebSocket.
    pub websocket: bool,
    /// The policies that allow it.
    #[schemars(with = "Vec<String>")]
    pub because: Vec<PolicyId>,
    /// Until when the judgement holds with unchanged facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub valid_until: Option<Timestamp>,
}
