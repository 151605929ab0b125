//! Sealed ways in, and the uses of them.

use std::sync::Arc;

use gw_model::{BreakGlassId, SessionId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A sealed way in. Where it is kept, and from where it was used, is told to those who may replace
/// the policies; others are told of the uses that wait.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BreakGlassView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: BreakGlassId,
    /// Where it is kept; not told to everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Arc<str>>,
    /// Who made it; not told to everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// When, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub made_at: Timestamp,
    /// Its use; still sealed where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<BreakGlassUseView>,
    /// That somebody looked at that use; where absent, it waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<AcknowledgedView>,
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
    /// Browser and system, in words; not told to everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Arc<str>>,
    /// From which address; not told to everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Arc<str>>,
    /// When it ends, or ended, by itself.
    #[schemars(with = "u64")]
    pub ends: Timestamp,
    /// Whether that session is still open.
    pub open: bool,
}

/// That somebody looked at how a sealed way in was used.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AcknowledgedView {
    /// When, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

impl BreakGlassView {
    /// Its use, if nobody has acknowledged it yet.
    pub fn waiting(&self) -> Option<&BreakGlassUseView> {
        match self.acknowledged {
            None => self.used.as_ref(),
            Some(_) => None,
        }
    }
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
