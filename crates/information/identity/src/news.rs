//! What happened to somebody's account lately: who signed in as them, what was added, which links
//! others made for them. What they have not said that they know of is new.

use std::{sync::Arc, time::Duration};

use gw_engine::{Commit, CommitError};
use gw_model::{
    Actor, AuthnEvent, FactorKind, Session, SessionId, Snapshot, Timestamp, TokenHash, User, UserId,
};
use gw_store::{Effect, Kept, KeptRow, LinkKind, LinkState, Refused, Secret};

use crate::{Identity, Unavailable, identity::Person, names, secrets};

/// The record of what somebody said that they know of.
const KIND: &str = "news-known";
/// How far back it is told.
const REACHES: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How much of it is told, the newest first.
const MOST: usize = 20;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct News {
    pub(crate) at: Timestamp,
    /// Whether its person has not said that they know of it.
    pub(crate) is_new: bool,
    pub(crate) what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// Somebody signed in as the person.
    SignIn {
        client: Arc<str>,
        authn: Vec<AuthnEvent>,
    },
    /// A factor was added, or replaced.
    Factor { kind: FactorKind, name: Arc<str> },
    /// Somebody else made a link for the person.
    Link { kind: LinkKind, made_by: String },
}

impl Identity {
    /// How much is new to a person, in a session of theirs.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn count_news(&self, user: &User, own: SessionId) -> Result<usize, Unavailable> {
        let all = self.news(user, own).await?;
        Ok(all.iter().filter(|news| news.is_new).count())
    }

    /// What happened lately, the newest first.
    pub(crate) async fn news(&self, user: &User, own: SessionId) -> Result<Vec<News>, Unavailable> {
        let id = user.id;
        let (known, links) = self
            .read(move |reader| Ok((reader.kept(KIND, &found_by(id))?, reader.links_of(id)?)))
            .await?;
        let known = known.as_ref().map_or(Timestamp::default(), until);
        let facts = self.engine().view().facts.clone();
        Ok(of(&facts, user, own, &links, known, self.now()))
    }

    /// Keeps that a person knows of all until an instant.
    pub(crate) async fn know_news(
        &self,
        person: &Person,
        until: Timestamp,
    ) -> Result<(), Unavailable> {
        let (user, until) = (person.user.id, until.min(self.now()));
        let known = self
            .read(move |reader| reader.kept(KIND, &found_by(user)))
            .await?;
        let row = KeptRow {
            kind: KIND,
            hash: found_by(user),
            owner: Some(user),
            replaces: known.as_ref().map(|known| known.version),
            expires: Timestamp::NEVER,
            payload: Secret::new(until.as_millis().to_be_bytes().to_vec()),
        };
        let commit = Commit::new(person.actor(), "said to know the news of their account")
            .within(person.session.id)
            .effect(Effect::KeptPut(row));
        match self.engine().commit(commit).await {
            // Somebody was quicker: what they said counts.
            Ok(_) | Err(CommitError::Refused(Refused::Stale)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

fn found_by(user: UserId) -> TokenHash {
    secrets::hash(&format!("{KIND} {user}"))
}

fn until(known: &Kept) -> Timestamp {
    let bytes = known.payload.expose().first_chunk();
    bytes.map_or(Timestamp::default(), |bytes| {
        Timestamp::from_millis(u64::from_be_bytes(*bytes))
    })
}

fn of(
    facts: &Snapshot,
    user: &User,
    own: SessionId,
    links: &[LinkState],
    known: Timestamp,
    now: Timestamp,
) -> Vec<News> {
    let sign_ins = facts.sessions_of(user.id).filter(|s| s.id != own);
    let sign_ins = sign_ins.map(|session: &Arc<Session>| {
        let what = What::SignIn {
            client: session.client.clone(),
            authn: session.authn.clone(),
        };
        (session.started, what)
    });
    let factors = user.factors.iter().map(|factor| {
        let what = What::Factor {
            kind: factor.kind,
            name: factor.name.clone(),
        };
        (factor.enrolled_at, what)
    });
    let by_others = |state: &&LinkState| state.link.made_by != Actor::User(user.id);
    let links = links.iter().filter(by_others).map(|state| {
        let what = What::Link {
            kind: state.link.kind,
            made_by: names::actor(facts, &state.link.made_by),
        };
        (state.link.made_at, what)
    });
    let oldest = now.before(REACHES);
    let mut all: Vec<News> = sign_ins
        .chain(factors)
        .chain(links)
        .filter(|(at, _)| *at >= oldest)
        .map(|(at, what)| News {
            at,
            is_new: at > known,
            what,
        })
        .collect();
    all.sort_by_key(|news| std::cmp::Reverse(news.at));
    all.truncate(MOST);
    all
}
