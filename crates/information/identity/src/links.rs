//! Single-use links: made by somebody who may, shown by GET, used by POST.

use std::{sync::Arc, time::Duration};

use gw_engine::{Commit, CommitError, random};
use gw_model::{
    Actor, AuthnEvent, AuthnMethod, Change, DecisionId, EndReason, Ended, GroupName, LinkId,
    Session, SessionId, SessionKind, Snapshot, Timestamp, TokenHash, User, UserId,
};
use gw_store::{Effect, LinkKind, LinkRow, Refused, Secret, WhyNot};

use crate::{Identity, Lifetimes, Unavailable, secrets, sessions};

/// Where links lead.
pub(crate) const PATH: &str = "/link/";

/// A link that was made. Its path is a secret until it is used.
#[derive(Debug, Clone)]
pub struct LinkMade {
    /// Its id, for listings.
    pub id: LinkId,
    /// The path at the authentication origin.
    pub path: Secret<String>,
    /// From when on it is worth nothing.
    pub expires: Timestamp,
}

/// A link that cannot be made or used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LinkError {
    /// The person is not known.
    #[error("there is no user {0}")]
    NoSuchUser(UserId),
    /// The person is disabled.
    #[error("the user `{0}` is disabled: enable them first")]
    Disabled(Arc<str>),
    /// The person has a factor, so that an enrolment link would go around it.
    #[error(
        "`{0}` has a passkey, a password or recovery codes already: make a sign-in link, or a recovery link, \
         which removes what they have"
    )]
    HasFactors(Arc<str>),
    /// The person was made for one use of a sealed way in.
    #[error("`{0}` was made for an emergency and lasts only as long: it has no links")]
    BreakGlass(Arc<str>),
    /// The person has been given more since than whoever made it has.
    #[error("`{0}` has more rights than whoever made the link: have an owner make one")]
    Outgrown(Arc<str>),
    /// The lifetime is longer than links of this kind may have.
    #[error("a link for {kind} lives at most {} minutes: choose a shorter time", longest.as_secs() / 60)]
    TooLong {
        /// What for.
        kind: LinkKind,
        /// The longest lifetime.
        longest: Duration,
    },
    /// It is spent, revoked, expired or was never there.
    #[error("the link is {0}")]
    NotUsable(WhyNot),
    /// Something failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What a link's page shows before it is used.
#[derive(Debug, Clone)]
pub(crate) struct LinkShown {
    within: Option<Vec<GroupName>>,
    pub(crate) kind: LinkKind,
    pub(crate) user: Arc<User>,
    pub(crate) made_by: Actor,
    pub(crate) expires: Timestamp,
}

/// A session that began or went on, with the value of its new cookie.
#[derive(Debug)]
pub(crate) struct SignedIn {
    pub(crate) cookie: Secret<String>,
}

impl Identity {
    /// Makes a link for a person; the ones made before are worth nothing from then on.
    ///
    /// Whether `by` may make it is the caller's question to policy, with [`exceeds`] as a part
    /// of the answer.
    ///
    /// # Errors
    /// When the person may have no such link, it would live too long, or the change fails.
    pub async fn make_link(
        &self,
        user: UserId,
        kind: LinkKind,
        by: Actor,
        lives: Option<Duration>,
        allowed_by: Option<DecisionId>,
    ) -> Result<LinkMade, LinkError> {
        self.make_link_within(user, kind, (by, None), lives, allowed_by)
            .await
    }

    /// As [`Identity::make_link`], by somebody with these groups, who may not do everything: it is
    /// good for as long as the person is in no other. Whoever makes a link could be the one who
    /// uses it, later, when the person has been given more.
    ///
    /// # Errors
    /// As there, and when the person is in another group already.
    pub async fn make_link_within(
        &self,
        user: UserId,
        kind: LinkKind,
        (by, within): (Actor, Option<Vec<GroupName>>),
        lives: Option<Duration>,
        allowed_by: Option<DecisionId>,
    ) -> Result<LinkMade, LinkError> {
        let longest = longest(kind, &self.options().lifetimes);
        let lives = lives.unwrap_or(longest);
        if lives > longest {
            return Err(LinkError::TooLong { kind, longest });
        }
        let facts = self.engine().view().facts.clone();
        outgrown(
            &facts,
            &*may_have(&facts, user, kind)?,
            within.as_deref(),
            self.now(),
        )?;
        let (now, drawn) = (self.now(), secrets::draw());
        let row = LinkRow {
            id: LinkId::from_bits(random::bits()),
            hash: drawn.hash,
            kind,
            user,
            made_by: by.clone(),
            made_at: now,
            expires: now.after(lives),
            within: within.clone(),
        };
        let made = LinkMade {
            id: row.id,
            path: Secret::new(format!("{PATH}{}", drawn.text.expose())),
            expires: row.expires,
        };
        let mut commit = Commit::new(by, format!("link made for {kind}"))
            .effect(Effect::LinksRevoked { user })
            .effect(Effect::LinkPut(row));
        commit.decision = allowed_by;
        let still = move |facts: &Snapshot| {
            let fits = may_have(facts, user, kind)
                .and_then(|user| outgrown(facts, &user, within.as_deref(), now));
            match fits {
                Ok(()) => Ok(commit),
                Err(fault) => Err(Refused::Declined(fault.to_string())),
            }
        };
        self.engine()
            .propose(still)
            .await
            .map_err(|error| self.link_error(error, user, kind))?;
        Ok(made)
    }

    /// Looks at a link without touching it.
    pub(crate) async fn look_at_link(&self, token: &str) -> Result<LinkShown, LinkError> {
        if !secrets::is_plausible(token) {
            return Err(LinkError::NotUsable(WhyNot::Unknown));
        }
        let hash = secrets::hash(token);
        let state = self.read(move |reader| reader.link(&hash)).await?;
        let state = state.ok_or(LinkError::NotUsable(WhyNot::Unknown))?;
        let link = state.usable(self.now()).map_err(LinkError::NotUsable)?;
        let facts = self.engine().view().facts.clone();
        maker_is_here(&facts, &link.made_by)?;
        let user = may_have(&facts, link.user, link.kind)?;
        outgrown(&facts, &user, link.within.as_deref(), self.now())?;
        Ok(LinkShown {
            within: link.within.clone(),
            kind: link.kind,
            user,
            made_by: link.made_by.clone(),
            expires: link.expires,
        })
    }

    /// Uses a link up. The store's transaction decides that it is the only use.
    ///
    /// `present` is the session that the browser has, if any: a sign-in link adds its proof to
    /// an ordinary session of the same person; any other session ends.
    pub(crate) async fn use_link(
        &self,
        token: &str,
        present: Option<Arc<Session>>,
        client: Arc<str>,
    ) -> Result<SignedIn, LinkError> {
        let shown = self.look_at_link(token).await?;
        let (kind, user) = (shown.kind, shown.user.id);
        let drawn = secrets::draw();
        let using = Using {
            made_by: shown.made_by,
            within: shown.within,
            hash: secrets::hash(token),
            kind,
            user,
            present,
            client,
            credential: drawn.hash,
            now: self.now(),
            lifetimes: self.options().lifetimes,
        };
        self.engine()
            .propose(move |facts| using.commit(facts))
            .await
            .map_err(|error| self.link_error(error, user, kind))?;
        Ok(SignedIn { cookie: drawn.text })
    }

    fn link_error(&self, error: CommitError, user: UserId, kind: LinkKind) -> LinkError {
        match error {
            CommitError::Refused(Refused::Link(why)) => LinkError::NotUsable(why),
            CommitError::Refused(refused) => {
                let facts = &self.engine().view().facts;
                may_have(facts, user, kind)
                    .err()
                    .unwrap_or_else(|| Unavailable::because("using a link", &refused).into())
            }
            other => Unavailable::from(other).into(),
        }
    }
}

/// All that using a link needs, so that the facts at its turn decide.
struct Using {
    made_by: Actor,
    within: Option<Vec<GroupName>>,
    hash: TokenHash,
    kind: LinkKind,
    user: UserId,
    present: Option<Arc<Session>>,
    client: Arc<str>,
    credential: TokenHash,
    now: Timestamp,
    lifetimes: Lifetimes,
}

impl Using {
    fn commit(self, facts: &Snapshot) -> Result<Commit, Refused> {
        let declined = |fault: LinkError| Refused::Declined(fault.to_string());
        maker_is_here(facts, &self.made_by).map_err(declined)?;
        let user = may_have(facts, self.user, self.kind).map_err(declined)?;
        outgrown(facts, &user, self.within.as_deref(), self.now).map_err(declined)?;
        let taken = Effect::LinkTaken {
            hash: self.hash,
            now: self.now,
        };
        let what = format!("signed in by a link for {}", self.kind);
        let mut commit = Commit::new(Actor::User(self.user), what).effect(taken);
        let method = match self.kind {
            LinkKind::SignIn => AuthnMethod::SignInLink,
            LinkKind::Enrolment | LinkKind::Recovery => AuthnMethod::EnrolmentLink,
        };
        let proof = AuthnEvent {
            method,
            at: self.now,
            factor: None,
            provider: None,
        };
        let live = |session: Arc<Session>| {
            facts
                .session(session.id)
                .filter(|now| now.ended.is_none())
                .cloned()
        };
        let present = self.present.and_then(live);
        if let Some(session) = &present
            && self.kind == LinkKind::SignIn
            && session.user == self.user
            && session.kind == SessionKind::Ordinary
        {
            let further = sessions::advance(session, proof, self.credential, &self.lifetimes);
            return Ok(commit.change(further).within(session.id));
        }
        let kind = match self.kind {
            LinkKind::SignIn => SessionKind::Ordinary,
            LinkKind::Enrolment | LinkKind::Recovery => SessionKind::Enrolment,
        };
        if self.kind == LinkKind::Recovery {
            commit.changes = reset_factors(facts, &user, self.now);
        }
        if let Some(session) = present
            && (self.kind != LinkKind::Recovery || session.user != self.user)
        {
            commit = commit.change(ended(session.id, EndReason::SignedOut, self.now));
        }
        let session = sessions::begin(
            &user,
            kind,
            proof,
            self.credential,
            self.client,
            &self.lifetimes,
        );
        let id = session.id;
        Ok(commit
            .change(Change::SessionStarted(Arc::new(session)))
            .within(id))
    }
}

/// A recovery link is for who has lost what they had: it is removed, and every session and all
/// that apps were given ends, since whoever holds the lost things may hold those too. (The sessions that rest on a removed
/// factor end with its removal.)
fn reset_factors(facts: &Snapshot, user: &User, now: Timestamp) -> Vec<Change> {
    let rests_on_one = |session: &Session| {
        let mut factors = session.authn.iter().filter_map(|proof| proof.factor);
        factors.any(|id| user.factors.iter().any(|factor| factor.id == id))
    };
    let mut without = user.clone();
    without.factors.clear();
    without.tokens_from = without.tokens_from.max(now);
    let others = facts
        .sessions_of(user.id)
        .filter(|session| session.ended.is_none() && !rests_on_one(session))
        .map(|session| ended(session.id, EndReason::FactorRemoved, now));
    std::iter::once(Change::UserPut(Arc::new(without)))
        .chain(others)
        .collect()
}

const fn ended(session: SessionId, reason: EndReason, at: Timestamp) -> Change {
    Change::SessionEnded {
        session,
        ended: Ended { at, reason },
    }
}

const fn longest(kind: LinkKind, lifetimes: &Lifetimes) -> Duration {
    match kind {
        LinkKind::Enrolment => lifetimes.enrolment_link,
        LinkKind::SignIn => lifetimes.sign_in_link,
        LinkKind::Recovery => lifetimes.recovery_link,
    }
}

/// Whether a person may have a link of this kind now.
fn may_have(facts: &Snapshot, user: UserId, kind: LinkKind) -> Result<Arc<User>, LinkError> {
    let user = facts.user(user).ok_or(LinkError::NoSuchUser(user))?;
    if user.disabled {
        return Err(LinkError::Disabled(user.name.clone()));
    }
    if facts.break_glass_of(user.id).is_some() {
        return Err(LinkError::BreakGlass(user.name.clone()));
    }
    if kind == LinkKind::Enrolment && !user.factors.is_empty() {
        return Err(LinkError::HasFactors(user.name.clone()));
    }
    Ok(user.clone())
}

/// A link of somebody who was removed or switched off since is worth nothing: of whoever broke the
/// glass, too, once that is acknowledged.
fn maker_is_here(facts: &Snapshot, made_by: &Actor) -> Result<(), LinkError> {
    match made_by {
        Actor::User(maker) if facts.user(*maker).is_none_or(|maker| maker.disabled) => {
            Err(LinkError::NotUsable(WhyNot::Revoked))
        }
        _ => Ok(()),
    }
}

/// Whether a link is still for who the person was when it was made.
fn outgrown(
    facts: &Snapshot,
    user: &User,
    within: Option<&[GroupName]>,
    now: Timestamp,
) -> Result<(), LinkError> {
    match within {
        Some(groups) if exceeds(groups, facts, user, now) => {
            Err(LinkError::Outgrown(user.name.clone()))
        }
        _ => Ok(()),
    }
}

/// Whether a person's rights exceed those of somebody in `maker_groups`: they are in a group,
/// directly or through others, that the maker is not in.
pub fn exceeds(maker_groups: &[GroupName], facts: &Snapshot, user: &User, now: Timestamp) -> bool {
    let (groups, _) = facts.groups_of(user, now);
    groups.iter().any(|group| !maker_groups.contains(group))
}
