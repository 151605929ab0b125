//! What changes here with somebody's coming from a provider: a session that begins or rises, or an
//! account that is linked; and taking such a link away.

use std::sync::Arc;

use gw_engine::{Commit, CommitError, random};
use gw_ledger::Personal;
use gw_model::{
    Action, Actor, Change, EndReason, Ended, ProviderName, Session, SessionKind, Snapshot, User,
    UserId,
};
use gw_store::Refused;

use super::{FinishFault, NotLetIn, arrival::Arrival};
use crate::{
    Identity, Unavailable, identity::Person, links::SignedIn, passkeys::PasskeyError, secrets,
    sessions,
};

impl Identity {
    pub(super) async fn sign_in_by(
        &self,
        arrival: Arrival,
        present: Option<&Person>,
        client: Arc<str>,
    ) -> Result<SignedIn, FinishFault> {
        let arrival = Arc::new(arrival);
        let (drawn, new) = (secrets::draw(), UserId::from_bits(random::bits()));
        let lifetimes = self.options().lifetimes;
        let present = present.map(|person| person.session.clone());
        let coming = Arc::clone(&arrival);
        let hash = drawn.hash;
        let propose = move |facts: &Snapshot| {
            let mut user = coming.who(facts, new).map_err(declined)?;
            let live = present.and_then(|session| live(facts, &session));
            let (expires, change, id, left) = match live {
                Some(session) if session.user == user.id && is_ordinary(&session) => {
                    let further = coming.further(&session, hash, &lifetimes);
                    (coming.ends(session.expires), further, session.id, None)
                }
                other => {
                    let kind = SessionKind::Ordinary;
                    let event = coming.event();
                    let mut session = sessions::begin(&user, kind, event, hash, client, &lifetimes);
                    session.expires = coming.ends(session.expires);
                    let (expires, id) = (session.expires, session.id);
                    let started = Change::SessionStarted(Arc::new(session));
                    (expires, started, id, other.map(|session| session.id))
                }
            };
            coming
                .in_groups(facts, &mut user, expires)
                .map_err(declined)?;
            let what = format!("signed in by the provider {}", coming.proof.provider);
            let commit = Commit::new(Actor::User(user.id), what).within(id);
            let mut commit = coming.taken(commit);
            if let Some(change) = Arrival::change(facts, user) {
                commit = commit.change(change);
            }
            if let Some(session) = left {
                let reason = EndReason::SignedOut;
                let ended = Ended {
                    at: coming.at,
                    reason,
                };
                commit = commit.change(Change::SessionEnded { session, ended });
            }
            Ok(commit.change(change))
        };
        let done = self.engine().propose(propose).await;
        done.map_err(|error| self.finish_error(error, &arrival, new))?;
        Ok(SignedIn { cookie: drawn.text })
    }

    /// A further proof of who is signed in. Somebody else's is refused, and recorded.
    pub(super) async fn confirm_by(
        &self,
        person: &Person,
        arrival: Arrival,
    ) -> Result<SignedIn, FinishFault> {
        let arrival = Arc::new(arrival);
        let drawn = secrets::draw();
        let lifetimes = self.options().lifetimes;
        let (own, session) = (person.user.id, person.session.clone());
        let coming = Arc::clone(&arrival);
        let hash = drawn.hash;
        let propose = move |facts: &Snapshot| {
            let mut user = coming.who(facts, own).map_err(declined)?;
            if user.id != own {
                return Err(declined(NotLetIn::Another));
            }
            let over = || Refused::Declined("the session is over".into());
            let session = live(facts, &session).ok_or_else(over)?;
            coming
                .in_groups(facts, &mut user, coming.ends(session.expires))
                .map_err(declined)?;
            let further = coming.further(&session, hash, &lifetimes);
            let what = format!("confirmed by the provider {}", coming.proof.provider);
            let commit = Commit::new(Actor::User(own), what).within(session.id);
            let mut commit = coming.taken(commit);
            if let Some(change) = Arrival::change(facts, user) {
                commit = commit.change(change);
            }
            Ok(commit.change(further))
        };
        let done = self.engine().propose(propose).await;
        if let Err(error) = done {
            let fault = self.finish_error(error, &arrival, own);
            return Err(self.of_another(fault, person, &arrival).await);
        }
        Ok(SignedIn { cookie: drawn.text })
    }

    /// Whoever is signed in is known at the provider from now on, where policy lets them.
    pub(super) async fn link_to(
        &self,
        person: &Person,
        arrival: Arrival,
    ) -> Result<(), FinishFault> {
        let asked = self.ask(person, Action::FactorEnrol, None).await;
        if !asked.is_allow() {
            return Err(FinishFault::Refused);
        }
        let allowed_by = asked.id;
        let arrival = Arc::new(arrival);
        let (own, session) = (person.user.id, person.session.clone());
        let coming = Arc::clone(&arrival);
        let propose = move |facts: &Snapshot| {
            let gone = || Refused::Declined("the person is gone".into());
            let present = facts.user(own).ok_or_else(gone)?;
            let mut user = coming.linked(facts, present).map_err(declined)?;
            coming
                .in_groups(facts, &mut user, session.expires)
                .map_err(declined)?;
            let what = format!("linked with the provider {}", coming.proof.provider);
            let commit = Commit::new(Actor::User(own), what)
                .within(session.id)
                .allowed_by(allowed_by);
            let mut commit = coming.taken(commit);
            if let Some(change) = Arrival::change(facts, user) {
                commit = commit.change(change);
            }
            Ok(commit)
        };
        let mut fault = match self.engine().propose(propose).await {
            Ok(_) => return Ok(()),
            Err(error) => self.finish_error(error, &arrival, own),
        };
        let linked = arrival.linked(&self.engine().view().facts, &person.user);
        if let Err(why) = linked {
            fault = why.into();
        }
        Err(self.of_another(fault, person, &arrival).await)
    }

    /// Takes away that somebody is known at a provider, and what rests on its word.
    pub(crate) async fn unlink(
        &self,
        person: &Person,
        name: &ProviderName,
    ) -> Result<(), PasskeyError> {
        let asked = self.ask(person, Action::FactorRemove, None).await;
        if !asked.is_allow() {
            return Err(PasskeyError::Refused);
        }
        let what = format!("unlinked from the provider {name}");
        let base = Commit::new(person.actor(), what)
            .within(person.session.id)
            .allowed_by(asked.id);
        let (own, name) = (person.user.id, name.clone());
        let propose = move |facts: &Snapshot| {
            let gone = || Refused::Declined("the person is gone".into());
            let mut user = User::clone(facts.user(own).ok_or_else(gone)?);
            // Who pushed somebody in is not theirs to leave.
            if facts
                .provider(&name)
                .is_some_and(|p| !p.protocol.signs_in())
            {
                let not_theirs = format!("nobody signs in by the provider `{name}`");
                return Err(Refused::Declined(not_theirs));
            }
            user.identities.retain(|identity| identity.provider != name);
            user.groups
                .retain(|membership| membership.by.as_ref() != Some(&name));
            Ok(base.change(Change::UserPut(Arc::new(user))))
        };
        let done = self.engine().propose(propose).await;
        done.map_err(crate::passkeys::commit_error)?;
        Ok(())
    }

    /// Tells what somebody else's account was tried for.
    async fn of_another(
        &self,
        fault: FinishFault,
        person: &Person,
        arrival: &Arrival,
    ) -> FinishFault {
        let facts = &self.engine().view().facts;
        let who = arrival.who(facts, person.user.id);
        let is_another = who.is_ok_and(|user| user.id != person.user.id);
        if !is_another && !matches!(fault, FinishFault::NotLetIn(NotLetIn::Another)) {
            return fault;
        }
        let personal = Personal {
            address: Some(person.address),
            user: &person.user.name,
            ..Personal::default()
        };
        let session = Some(person.session.id);
        let what = "refused: another person's account at a provider";
        self.engine()
            .note(person.actor(), session, what, &personal)
            .await;
        NotLetIn::Another.into()
    }

    fn finish_error(&self, error: CommitError, arrival: &Arrival, new: UserId) -> FinishFault {
        match error {
            CommitError::Refused(Refused::LockedOut) => FinishFault::LockedOut,
            CommitError::Refused(refused) => match arrival.who(&self.engine().view().facts, new) {
                Err(why) => why.into(),
                Ok(_) => {
                    tracing::info!(%refused, "a sign-in by a provider was refused");
                    FinishFault::SessionOver
                }
            },
            other => Unavailable::from(other).into(),
        }
    }
}

fn declined(why: NotLetIn) -> Refused {
    Refused::Declined(why.to_string())
}

fn live(facts: &Snapshot, session: &Session) -> Option<Arc<Session>> {
    let found = facts.session(session.id);
    found.filter(|session| session.ended.is_none()).cloned()
}

const fn is_ordinary(session: &Session) -> bool {
    matches!(session.kind, SessionKind::Ordinary)
}
