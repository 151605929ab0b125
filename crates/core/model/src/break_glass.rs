//! Break-glass: sealed ways in, for the day on which nobody can sign in otherwise.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Actor, BreakGlassId, SessionId, Timestamp, UserId};

/// A sealed way in: a code on paper, of which the store keeps a hash, and which works once.
///
/// It stays among the facts when it has been used, until somebody acknowledges that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Its id.
    pub id: BreakGlassId,
    /// Where it is kept, in words: `safe, second floor`.
    pub label: Arc<str>,
    /// Who made it.
    pub made_by: Actor,
    /// When.
    pub made_at: Timestamp,
    /// Its use, once it has been used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<BreakGlassUse>,
}

/// The use of a sealed way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlassUse {
    /// When.
    pub at: Timestamp,
    /// The person as whom: made for this use alone.
    pub user: UserId,
    /// Their session.
    pub session: SessionId,
    /// Browser and system, in words.
    pub client: Arc<str>,
    /// From which address.
    pub address: Arc<str>,
    /// When all of it ends by itself.
    pub ends: Timestamp,
}

impl BreakGlass {
    /// How long one use lasts.
    pub const LASTS: Duration = Duration::from_secs(30 * 60);
    /// How many may be sealed or wait to be acknowledged at a time.
    pub const MOST: usize = 10;
    /// The group that its user is in for that long.
    pub const GROUP: &'static str = "owners";
}
