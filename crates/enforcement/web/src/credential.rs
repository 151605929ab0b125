//! Who a request comes from, by the one credential of ours that it carries.

use std::sync::Arc;

use aws_lc_rs::digest;
use gw_model::{AppName, EndReason, Principal, Session, Snapshot, Timestamp, TokenHash, User};

use crate::{
    bearer::Shown,
    bounds::{Caller, Whose},
    canonical::Ambiguous,
    cookie::Ours,
};

/// Who asks.
#[derive(Debug, Default)]
pub(crate) struct Who {
    /// The person and the session, unless a stranger.
    pub(crate) known: Option<Known>,
    /// The credential's session is over: why.
    pub(crate) ended: Option<EndReason>,
    /// A credential came that stands for nobody any more.
    pub(crate) stale: bool,
    /// The access token that stands for whoever asks, on a route that takes them.
    pub(crate) token: Option<Box<Shown>>,
}

/// A person who is known.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) user: Arc<User>,
    pub(crate) session: Arc<Session>,
    /// How many of the session's proofs the credential may rest on.
    pub(crate) rank: u32,
}

impl Who {
    /// Reads the credential that this app takes: the authentication origin its own cookie,
    /// every other app the token that was given out for it.
    ///
    /// # Errors
    /// Where the other kind came: nobody's browser sends it, and two are refused.
    pub(crate) fn read(
        ours: &Ours<'_>,
        facts: &Snapshot,
        app: &AppName,
        is_sign_in: bool,
        now: Timestamp,
    ) -> Result<Self, Ambiguous> {
        let (own, other) = if is_sign_in {
            (ours.sign_on, ours.session)
        } else {
            (ours.session, ours.sign_on)
        };
        if other.is_some() {
            return Err(Ambiguous::Credentials);
        }
        let Some(secret) = own.filter(|secret| !secret.is_empty()) else {
            return Ok(Self::default());
        };
        let hash = token_hash(secret);
        let found = if is_sign_in {
            facts.session_of_credential(&hash).map(|s| (s, s.rank()))
        } else {
            facts
                .token(&hash)
                .filter(|token| token.app == *app)
                .and_then(|token| Some((facts.session(token.session)?, token.rank)))
        };
        Ok(found.map_or_else(Self::gone, |(session, rank)| {
            Self::of(session, rank, facts, now)
        }))
    }

    fn of(session: &Arc<Session>, rank: u32, facts: &Snapshot, now: Timestamp) -> Self {
        let user = facts.user(session.user).filter(|user| !user.disabled);
        match (session.over(now), user) {
            (Some(reason), _) => Self {
                ended: Some(reason),
                ..Self::gone()
            },
            (None, None) => Self {
                ended: Some(EndReason::UserDisabled),
                ..Self::gone()
            },
            (None, Some(user)) => Self {
                known: Some(Known {
                    user: user.clone(),
                    session: session.clone(),
                    rank,
                }),
                ..Self::default()
            },
        }
    }

    fn gone() -> Self {
        Self {
            stale: true,
            ..Self::default()
        }
    }

    /// As policy knows them.
    pub(crate) fn principal(&self) -> Principal {
        match (&self.known, &self.token) {
            (Some(known), _) => Principal::User(known.user.id),
            (None, Some(shown)) => shown.principal(),
            (None, None) => Principal::Anonymous,
        }
    }

    /// Whether somebody is known: a person, or a program in its own name.
    pub(crate) const fn is_somebody(&self) -> bool {
        self.known.is_some() || self.token.is_some()
    }

    /// The person, whether or not in a session.
    pub(crate) fn user(&self) -> Option<&Arc<User>> {
        match (&self.known, &self.token) {
            (Some(known), _) => Some(&known.user),
            (None, token) => token.as_ref()?.user.as_ref(),
        }
    }

    /// The name one signs in with, or that of a program; empty for strangers.
    pub(crate) fn name(&self) -> &str {
        match (self.user(), &self.token) {
            (Some(user), _) => &user.name,
            (None, Some(shown)) => shown.client().name.as_str(),
            (None, None) => "",
        }
    }

    /// On whose account it goes.
    pub(crate) fn whose(&self) -> Option<Whose> {
        let session = self.known.as_ref().map(|known| known.session.id);
        let caller = match self.principal() {
            Principal::User(id) => Caller::Person(id),
            Principal::Client(id) => Caller::Program(id),
            Principal::Anonymous | Principal::Local(_) => return None,
        };
        Some(Whose { caller, session })
    }
}

fn token_hash(secret: &str) -> TokenHash {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    TokenHash::from_digest(bytes)
}
