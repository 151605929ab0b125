//! What a token was exchanged from: with any of it, it ends.

use gw_jose::{AccessToken, Claims};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most tokens and authorizations that are behind one token.
pub const ORIGINS_MAX: usize = 16;

/// The ids and clients of what a token was exchanged from, all the way back. It is a claim of
/// ours, `origins`, of no standard: whoever verifies tokens here refuses one of which any origin
/// was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origins {
    /// The ids of tokens and of authorizations.
    pub ids: Vec<String>,
    /// The clients that they were issued to.
    pub clients: Vec<String>,
}

impl Origins {
    /// Of a token's claims; none where they cannot be read.
    pub fn of(claims: &Claims) -> Option<Self> {
        let read: Self = match claims.get("origins") {
            None => return Some(Self::default()),
            Some(Value::Object(members)) => {
                serde_json::from_value(Value::Object(members.clone())).ok()?
            }
            Some(_) => return None,
        };
        read.is_bounded().then_some(read)
    }

    /// The origins of what is made of this token: its own, and itself. None where they are too
    /// many, or it does not say what it comes of.
    pub fn from(token: &AccessToken) -> Option<Self> {
        let mut origins = Self::of(&token.claims)?;
        let grant = token.claims.text("grant_id").ok()??;
        add(&mut origins.ids, grant);
        add(&mut origins.ids, &token.id);
        add(&mut origins.clients, &token.client_id);
        origins.is_bounded().then_some(origins)
    }

    /// Both; none where they are too many.
    pub(crate) fn and(mut self, other: &Self) -> Option<Self> {
        other.ids.iter().for_each(|id| add(&mut self.ids, id));
        (other.clients.iter()).for_each(|client| add(&mut self.clients, client));
        self.is_bounded().then_some(self)
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.ids.is_empty() && self.clients.is_empty()
    }

    fn is_bounded(&self) -> bool {
        self.ids.len() <= ORIGINS_MAX && self.clients.len() <= ORIGINS_MAX
    }
}

fn add(list: &mut Vec<String>, text: &str) {
    if !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}
