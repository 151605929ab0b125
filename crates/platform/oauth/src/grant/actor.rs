//! Who acts for whom: the claim `act` (RFC 8693, 4.1).

use gw_jose::Claims;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most actors of one token.
pub const ACTORS_MAX: usize = 4;
/// The longest name of an actor, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// Why a chain of actors is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ActorFault {
    /// It is not of its form.
    #[error("`act` is malformed")]
    Malformed,
    /// It would have more than [`ACTORS_MAX`].
    #[error("the chain of actors is longer than {ACTORS_MAX}")]
    TooMany,
}

/// Who acts, and through whom before: the outermost is who acts now; those within are history,
/// and no ground for access (RFC 8693, 4.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The actor.
    pub sub: String,
    /// Who acted before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<Actor>>,
}

impl Actor {
    /// Reads the claim of a token that was verified.
    ///
    /// # Errors
    /// Where it is not of its form or too long: a token with a chain that cannot be read is not
    /// taken for one without.
    pub fn of(claims: &Claims) -> Result<Option<Self>, ActorFault> {
        let mut names = Vec::new();
        let mut next = claims.get("act");
        while let Some(value) = next {
            let Some(Value::String(sub)) = value.get("sub") else {
                return Err(ActorFault::Malformed);
            };
            if sub.is_empty() || sub.len() > NAME_BYTES_MAX {
                return Err(ActorFault::Malformed);
            }
            if names.len() == ACTORS_MAX {
                return Err(ActorFault::TooMany);
            }
            names.push(sub.clone());
            next = value.get("act");
        }
        Ok(chain(names))
    }

    /// This actor, now, after those.
    ///
    /// # Errors
    /// Where that would be too many.
    pub(crate) fn after(sub: &str, before: Option<Self>) -> Result<Self, ActorFault> {
        match before.as_ref().map_or(0, Self::len) < ACTORS_MAX {
            true => Ok(Self {
                sub: sub.to_owned(),
                act: before.map(Box::new),
            }),
            false => Err(ActorFault::TooMany),
        }
    }

    /// Each of them, who acts now first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let chain = std::iter::successors(Some(self), |actor| actor.act.as_deref());
        chain.map(|actor| actor.sub.as_str())
    }

    fn len(&self) -> usize {
        self.iter().count()
    }
}

/// The first is the outermost.
fn chain(names: Vec<String>) -> Option<Actor> {
    names.into_iter().rev().fold(None, |act, sub| {
        let act = act.map(Box::new);
        Some(Actor { sub, act })
    })
}
