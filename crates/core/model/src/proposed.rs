//! Changes that somebody proposes and somebody else makes.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Action, Actor, Change, GroupName, ProposalId, Resource, SessionId, Timestamp};

/// A change that was proposed: what it takes to make it, word by word, and what became of it.
///
/// Nothing of it is altered once it is there. It is settled once, by whoever approves, declines or
/// withdraws it, and stays among the facts for a while after that, without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedChange {
    /// Its id.
    pub id: ProposalId,
    /// Who proposed it.
    pub by: Actor,
    /// What they are called, also when they are gone.
    pub name: Arc<str>,
    /// Within which of their sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The groups that they were in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupName>,
    /// When.
    pub at: Timestamp,
    /// Until when it can be approved.
    pub until: Timestamp,
    /// Why, in their words.
    pub why: Arc<str>,
    /// What it does, in ours: `put "ana" into the group "staff"`.
    pub what: Arc<str>,
    /// The action that it is: what its approval is judged as.
    pub action: Action,
    /// What it is done on.
    pub resource: Resource,
    /// The operation of the administration, by its name.
    pub operation: Arc<str>,
    /// The operation's path, whose parameters belong to it.
    pub path: Arc<str>,
    /// The version of what it changes, where it is made to that version alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// What it says, as JSON; empty once it is settled.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub body: Arc<str>,
    /// How long that is, in bytes.
    pub body_bytes: u64,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
}

/// What became of a proposed change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What they are called, also when they are gone.
    pub name: Arc<str>,
    /// How.
    pub how: Settlement,
}

/// How a proposed change was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settlement {
    /// Somebody else made it.
    Approved,
    /// Somebody who could have made it will not, and says why.
    Declined(Arc<str>),
    /// Whoever proposed it took it back.
    Withdrawn,
    /// Nobody did anything in time, or whoever proposed it was switched off or removed.
    Lapsed,
}

impl ProposedChange {
    /// How long one can be approved.
    pub const LASTS: Duration = Duration::from_secs(7 * 24 * 3600);
    /// How long one is kept once it is settled or was left; the ledger keeps all.
    pub const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

    /// Whether it waits for somebody at `now`.
    pub fn waits(&self, now: Timestamp) -> bool {
        self.settled.is_none() && now < self.until
    }

    /// Whether it is forgotten at `now`.
    pub fn is_old(&self, now: Timestamp) -> bool {
        let last = self.settled.as_ref().map_or(self.until, |told| told.at);
        now >= last.after(Self::KEPT)
    }

    /// It, ended by itself.
    pub fn lapsed(&self, now: Timestamp) -> Change {
        Change::ProposalPut(Arc::new(self.settled(Settled {
            at: now,
            by: Actor::Gatewright,
            name: Arc::from("gatewright"),
            how: Settlement::Lapsed,
        })))
    }

    /// The same, settled.
    #[must_use]
    pub fn settled(&self, settled: Settled) -> Self {
        Self {
            body: Arc::from(""),
            settled: Some(settled),
            ..self.clone()
        }
    }

    /// Whether nothing is altered that somebody read who settles it.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let plain = |proposed: &Self| Self {
            body: Arc::from(""),
            settled: None,
            ..proposed.clone()
        };
        plain(self) == plain(other)
    }
}
