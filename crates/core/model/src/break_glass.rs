//! Break-glass: sealed ways in, for the day on which nobody can sign in otherwise.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    Actor, AuthnEvent, AuthnMethod, BreakGlassId, Factor, FactorKind, SessionId, Snapshot,
    Timestamp, TokenHash, User, UserId,
};

/// A sealed way in: a code on paper, of which the store keeps a hash, and which works once.
///
/// It stays among the facts when it has been used, and for a while after somebody acknowledged that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Its id.
    pub id: BreakGlassId,
    /// Where it is kept, in words: `safe, second floor`.
    pub label: Arc<str>,
    /// The hash of its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<TokenHash>,
    /// Who made it.
    pub made_by: Actor,
    /// When.
    pub made_at: Timestamp,
    /// Its use, once it has been used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<BreakGlassUse>,
    /// That somebody looked at that use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
}

/// The use of a sealed way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlassUse {
    /// When.
    pub at: Timestamp,
    /// The person as whom: made for this use alone.
    pub user: UserId,
    /// What that person is called, also when they are gone.
    #[serde(default)]
    pub name: Arc<str>,
    /// Who were owners before: those who can say that it was in order.
    #[serde(default)]
    pub owners: Vec<UserId>,
    /// Their session.
    pub session: SessionId,
    /// Browser and system, in words.
    pub client: Arc<str>,
    /// From which address.
    pub address: Arc<str>,
    /// When all of it ends by itself.
    pub ends: Timestamp,
}

impl BreakGlassUse {
    /// Whether somebody owes nothing to whoever came in, who can make owners, and links for those
    /// who are: root on the machine, and an owner from before it in a session that began with a
    /// passkey from before it.
    pub fn precedes(&self, facts: &Snapshot, by: &Actor, session: Option<SessionId>) -> bool {
        let user = match by {
            Actor::Gatewright | Actor::Local(_) => return true,
            Actor::Bearer | Actor::Client(_) => return false,
            Actor::User(user) => *user,
        };
        let (user, session) = (facts.user(user), session.and_then(|id| facts.session(id)));
        let is_old = |proof: &AuthnEvent| {
            let mut old = user.iter().flat_map(|user| self.passkeys(user));
            proof.method == AuthnMethod::Passkey
                && old.any(|factor| proof.factor == Some(factor.id))
        };
        user.is_some_and(|user| self.owners.contains(&user.id))
            && session.is_some_and(|session| session.authn.iter().any(is_old))
    }

    /// Whether somebody has the means to look after it at `now`: they are here, and owners, since
    /// before it, and have a passkey from before it.
    pub fn has_witness(&self, facts: &Snapshot, user: UserId, now: Timestamp) -> bool {
        let is_owner = |user: &User| {
            let (groups, _) = facts.groups_of(user, now);
            groups
                .iter()
                .any(|group| group.as_str() == BreakGlass::GROUP)
        };
        let user = facts
            .user(user)
            .filter(|user| self.owners.contains(&user.id));
        user.is_some_and(|user| {
            !user.disabled && is_owner(user) && self.passkeys(user).next().is_some()
        })
    }

    /// Passkeys from before it.
    fn passkeys<'u>(&self, user: &'u User) -> impl Iterator<Item = &'u Factor> {
        let at = self.at;
        let mut factors = user.factors.iter();
        std::iter::from_fn(move || {
            factors.find(|factor| factor.kind == FactorKind::Passkey && factor.enrolled_at < at)
        })
    }
}

/// That somebody looked at what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
}

impl BreakGlass {
    /// How long one use lasts.
    pub const LASTS: Duration = Duration::from_secs(30 * 60);
    /// How many may be sealed or wait to be acknowledged at a time.
    pub const MOST: usize = 10;
    /// How many are kept once they were acknowledged; the ledger keeps all.
    pub const KEPT: usize = 20;
    /// The group that its user is in for that long.
    pub const GROUP: &'static str = "owners";

    /// Its use, if nobody has acknowledged it yet.
    pub fn waiting(&self) -> Option<&BreakGlassUse> {
        match self.acknowledged {
            None => self.used.as_ref(),
            Some(_) => None,
        }
    }

    /// Whether its code still opens.
    pub const fn is_sealed(&self) -> bool {
        self.used.is_none()
    }
}
