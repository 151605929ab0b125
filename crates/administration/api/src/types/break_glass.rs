//! Sealed ways in, and the uses of them that nobody has acknowledged.

use std::sync::Arc;

use gw_model::{BreakGlassId, SessionId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A sealed way in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BreakGlassView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: BreakGlassId,
    /// Where it is kept.
    pub label: Arc<str>,
    /// Who made it.
    pub made_by: String,
    /// When, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub made_at: Timestamp,
    /// Its use, which waits to be acknowledged; still sealed where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<BreakGlassUseView>,
    /// Whether policy would let whoever uses it administer, asked from this machine. Where it
    /// would not, a `forbid` stands in its way.
    pub opens: bool,
}

/// How a sealed way in was used.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BreakGlassUseView {
    /// When, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub at: Timestamp,
    /// As whom: a person who was made for this use.
    pub user: String,
    /// Their session.
    #[schemars(with = "String")]
    pub session: SessionId,
    /// Browser and system, in words.
    pub client: Arc<str>,
    /// From which address.
    pub address: Arc<str>,
    /// When it ends, or ended, by itself.
    #[schemars(with = "u64")]
    pub ends: Timestamp,
    /// Whether that session is still open.
    pub open: bool,
}

/// A way in to seal.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealBreakGlass {
    /// Where it will be kept: `safe, second floor`.
    pub label: String,
}

/// A way in that was sealed. Its code is told this once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SealedBreakGlass {
    /// Its id.
    #[schemars(with = "String")]
    pub id: BreakGlassId,
    /// Where the code is typed.
    pub url: String,
    /// The code: print it, and let nobody keep a copy on a machine.
    pub code: String,
    /// Whether policy would let whoever uses it administer, asked from this machine.
    pub opens: bool,
}
