//! Changes that somebody proposes and somebody else makes.

use std::sync::Arc;

use gw_model::{Action, ProposalId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A proposed change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProposalView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: ProposalId,
    /// What it does, in words.
    pub what: Arc<str>,
    /// Why, in the words of who proposed it.
    pub why: Arc<str>,
    /// The action that it is.
    #[schemars(with = "String")]
    pub action: Action,
    /// The operation that it is, by its id in the OpenAPI document.
    pub operation: Arc<str>,
    /// Its path.
    pub path: Arc<str>,
    /// Who proposed it.
    pub by: String,
    /// When, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub at: Timestamp,
    /// Until when it can be approved.
    #[schemars(with = "u64")]
    pub until: Timestamp,
    /// How it stands.
    pub state: ProposalWord,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<SettledView>,
    /// Why it cannot be approved any more, although it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outdated: Option<String>,
    /// What else to know before it is approved, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Whether who asks proposed it: they may take it back, and nothing else.
    pub own: bool,
    /// Whether policy lets who asks approve it, or decline it.
    pub may_approve: bool,
}

/// How a proposed change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalWord {
    /// It waits for somebody else.
    Waiting,
    /// Somebody else made it.
    Approved,
    /// Somebody else will not.
    Declined,
    /// Who proposed it took it back.
    Withdrawn,
    /// Nobody did anything in time.
    Lapsed,
}

/// What became of a proposed change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SettledView {
    /// When, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why, where it was declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Arc<str>>,
}

/// A proposed change with what it says.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProposalDocument {
    /// The proposal.
    pub proposal: ProposalView,
    /// What the operation's body says; kept while it waits, and not shown to everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<serde_json::Value>,
}

/// Why a proposal is declined.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineProposal {
    /// Why, for who proposed it.
    pub why: String,
}
