//! Sessions: how they begin, gain proofs, are listed, and end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use gw_engine::{Commit, CommitError, random};
use gw_model::{
    Actor, AuthnEvent, BreakGlass, Change, DecisionId, EndReason, Ended, ProviderName, Session,
    SessionId, SessionKind, Snapshot, Timestamp, TokenHash, User, UserId,
};
use gw_store::Notes;

use crate::{Identity, Lifetimes};

/// Most sessions that one commit of the sweep touches.
const SWEPT_AT_ONCE: usize = 500;

/// A session as listings show it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SessionSummary {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Their sign-in name.
    pub user_name: Arc<str>,
    /// Browser and system, in words.
    pub client: Arc<str>,
    /// When it began.
    pub started: Timestamp,
    /// When it was last used, as far as noted.
    pub last_used: Timestamp,
    /// When it ends whatever happens.
    pub expires: Timestamp,
    /// How the person proved who they are, in order.
    pub methods: Vec<&'static str>,
    /// The providers of identities on whose word it rests, each once.
    pub providers: Vec<ProviderName>,
    /// Why it is over, if it is.
    pub ended: Option<EndReason>,
}

impl SessionSummary {
    fn of(session: &Session, facts: &Snapshot, now: Timestamp) -> Self {
        Self {
            id: session.id,
            user: session.user,
            user_name: facts
                .user(session.user)
                .map_or_else(|| "".into(), |user| user.name.clone()),
            client: session.client.clone(),
            started: session.started,
            last_used: session.seen.at().max(session.started),
            expires: session.expires,
            methods: session
                .authn
                .iter()
                .map(|proof| proof.method.as_str())
                .collect(),
            providers: session.providers().into_iter().cloned().collect(),
            ended: session.over(now),
        }
    }
}

/// What was last saved of each session's last use.
#[derive(Debug, Default)]
pub(crate) struct SavedUses(Mutex<HashMap<SessionId, Timestamp>>);

impl Identity {
    /// All sessions that are not over, or those of one person, the newest first.
    pub fn sessions(&self, of: Option<UserId>) -> Vec<SessionSummary> {
        let view = self.engine().view();
        let now = self.now();
        let live = |session: &&Arc<Session>| session.over(now).is_none();
        let summary = |session: &Arc<Session>| SessionSummary::of(session, &view.facts, now);
        let mut sessions: Vec<_> = match of {
            Some(user) => view
                .facts
                .sessions_of(user)
                .filter(live)
                .map(summary)
                .collect(),
            None => view.facts.sessions().filter(live).map(summary).collect(),
        };
        sessions.sort_by_key(|session| std::cmp::Reverse((session.started, session.id)));
        sessions
    }

    /// Ends a session with all its app cookies and leases. One that is over already stays so.
    ///
    /// # Errors
    /// When the change cannot be made.
    pub async fn end_session(
        &self,
        session: SessionId,
        reason: EndReason,
        by: Actor,
        allowed_by: Option<DecisionId>,
    ) -> Result<bool, CommitError> {
        let live = move |facts: &Snapshot| {
            let found = facts
                .session(session)
                .filter(|session| session.ended.is_none());
            found.map(|session| session.id).into_iter().collect()
        };
        Ok(self.end(live, None, reason, by, allowed_by).await? == 1)
    }

    /// Ends all of a person's sessions, and all that apps were given of them; says how many
    /// sessions.
    ///
    /// # Errors
    /// When the change cannot be made.
    pub async fn end_all(
        &self,
        user: UserId,
        reason: EndReason,
        by: Actor,
        allowed_by: Option<DecisionId>,
    ) -> Result<usize, CommitError> {
        let live = move |facts: &Snapshot| {
            let live = facts
                .sessions_of(user)
                .filter(|session| session.ended.is_none());
            live.map(|session| session.id).collect()
        };
        self.end(live, Some(user), reason, by, allowed_by).await
    }

    /// Ends those that are live when the change is made, whatever was seen before, and what apps
    /// were given of this person.
    async fn end(
        &self,
        live: impl FnOnce(&Snapshot) -> Vec<SessionId> + Send + 'static,
        given: Option<UserId>,
        reason: EndReason,
        by: Actor,
        allowed_by: Option<DecisionId>,
    ) -> Result<usize, CommitError> {
        let ended = Ended {
            at: self.now(),
            reason,
        };
        let (told, count) = std::sync::mpsc::channel();
        let propose = move |facts: &Snapshot| {
            let ids = live(facts);
            // Nobody listening means that nobody waits for the number.
            let _ = told.send(ids.len());
            let mut commit = Commit::new(by, "session ended");
            commit.decision = allowed_by;
            commit.changes = ids
                .into_iter()
                .map(|session| Change::SessionEnded { session, ended })
                .collect();
            if let Some(user) = given.and_then(|user| facts.user(user)) {
                let user = User {
                    tokens_from: user.tokens_from.max(ended.at),
                    ..User::clone(user)
                };
                commit.changes.push(Change::UserPut(Arc::new(user)));
            }
            Ok(commit)
        };
        self.engine().propose(propose).await?;
        Ok(count.try_recv().unwrap_or(0))
    }

    /// Ends what expired or lay idle, forgets what has been over for long, and saves last uses.
    ///
    /// # Errors
    /// When the change cannot be made; the next sweep tries again.
    pub async fn sweep(&self) -> Result<(), CommitError> {
        let now = self.now();
        let remembered = self.options().lifetimes.remembered;
        loop {
            let changes = due(&self.engine().view().facts, now, remembered);
            if changes.is_empty() {
                break;
            }
            let full = changes.len() == SWEPT_AT_ONCE;
            let mut commit = Commit::new(Actor::Gatewright, "sessions swept");
            commit.changes = changes;
            self.engine().commit(commit).await?;
            if !full {
                break;
            }
        }
        self.save_uses(now).await?;
        self.sweep_saml_keys().await?;
        self.engine().sweep()
    }

    async fn save_uses(&self, now: Timestamp) -> Result<(), CommitError> {
        let view = self.engine().view();
        let live = view
            .facts
            .sessions()
            .filter(|session| session.over(now).is_none());
        let uses: HashMap<SessionId, Timestamp> = live
            .map(|session| (session.id, session.seen.at()))
            .filter(|(_, at)| *at > Timestamp::default())
            .collect();
        let saved = &self.shared.saved_uses.0;
        let seen: Vec<_> = {
            let saved = saved.lock().unwrap_or_else(PoisonError::into_inner);
            uses.iter()
                .filter(|(id, at)| saved.get(id) != Some(at))
                .map(|(id, at)| (*id, *at))
                .collect()
        };
        if !seen.is_empty() {
            self.engine()
                .save(Notes {
                    seen,
                    ..Notes::default()
                })
                .await?;
            *saved.lock().unwrap_or_else(PoisonError::into_inner) = uses;
        }
        Ok(())
    }
}

/// What the passing of time has made due.
fn due(facts: &Snapshot, now: Timestamp, remembered: Duration) -> Vec<Change> {
    let proposals = facts
        .proposals()
        .filter_map(|proposed| match proposed.settled {
            None if !proposed.waits(now) => Some(proposed.lapsed(proposed.until)),
            _ => proposed
                .is_old(now)
                .then_some(Change::ProposalRemoved(proposed.id)),
        });
    let sessions =
        facts
            .sessions()
            .filter_map(|session| match (session.ended, session.over(now)) {
                (Some(ended), _) => (now >= session.expires.max(ended.at.after(remembered)))
                    .then_some(Change::SessionForgotten(session.id)),
                (None, Some(reason)) => Some(Change::SessionEnded {
                    session: session.id,
                    ended: Ended { at: now, reason },
                }),
                (None, None) => None,
            });
    sessions.chain(proposals).take(SWEPT_AT_ONCE).collect()
}

/// A new session that begins with one proof.
pub(crate) fn begin(
    user: &User,
    kind: SessionKind,
    proof: AuthnEvent,
    credential: TokenHash,
    client: Arc<str>,
    lifetimes: &Lifetimes,
) -> Session {
    let started = proof.at;
    let (lives, idle_limit) = spans(kind, lifetimes);
    Session {
        id: SessionId::from_bits(random::bits()),
        user: user.id,
        kind,
        authn: vec![proof],
        started,
        expires: started.after(lives),
        idle_limit,
        credential,
        client,
        ended: None,
        version: 0,
        seen: Default::default(),
    }
}

const fn spans(kind: SessionKind, lifetimes: &Lifetimes) -> (Duration, Duration) {
    match kind {
        SessionKind::Ordinary => (lifetimes.session, lifetimes.session_idle),
        SessionKind::Enrolment => (lifetimes.enrolment_session, lifetimes.enrolment_session),
        SessionKind::BreakGlass => (BreakGlass::LASTS, BreakGlass::LASTS),
    }
}

/// Two further proofs at once, each with a token of its own.
pub(crate) fn advance_twice(
    session: &Session,
    proofs: [AuthnEvent; 2],
    tokens: [TokenHash; 2],
    lifetimes: &Lifetimes,
) -> impl Iterator<Item = Change> {
    let each = proofs.into_iter().zip(tokens);
    each.map(move |(proof, token)| advance(session, proof, token, lifetimes))
}

/// A further proof within a session, which from now on is an ordinary one; an emergency stays one.
///
/// An ordinary session's own end stays where it was: no proof makes it live longer. One that
/// was there to enrol gets the full span with its first lasting proof.
pub(crate) fn advance(
    session: &Session,
    proof: AuthnEvent,
    credential: TokenHash,
    lifetimes: &Lifetimes,
) -> Change {
    let kind = match session.kind {
        SessionKind::Ordinary | SessionKind::Enrolment => SessionKind::Ordinary,
        SessionKind::BreakGlass => SessionKind::BreakGlass,
    };
    let (lives, idle_limit) = spans(kind, lifetimes);
    let expires = match session.kind {
        SessionKind::Ordinary | SessionKind::BreakGlass => session.expires,
        SessionKind::Enrolment => proof.at.after(lives),
    };
    Change::SessionAdvanced {
        session: session.id,
        event: proof,
        credential,
        kind,
        expires,
        idle_limit,
    }
}
