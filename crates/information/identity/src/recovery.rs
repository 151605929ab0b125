//! Recovery codes: ten, each good for one weak sign-in that may add a passkey.

use std::{net::IpAddr, sync::Arc};

use gw_engine::{Commit, CommitError, random};
use gw_model::{
    Action, Actor, AuthnEvent, AuthnMethod, Change, EndReason, Ended, Factor, FactorId, FactorKind,
    SessionId, SessionKind, Snapshot, Timestamp, User, UserId,
};
use gw_store::{Effect, Refused, Secret};

use crate::{
    Identity, Unavailable,
    hashing::{For, HashError},
    identity::Person,
    links::SignedIn,
    printed::{self, normal},
    secrets, sessions,
    throttle::{Prefix, name_key},
};

/// How many codes a set has; the first character of a code is its place in the set.
const CODES: u32 = 10;

/// Recovery codes that cannot be made or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RecoveryError {
    /// Policy refuses.
    #[error("policy refuses new recovery codes")]
    Refused,
    /// Name and code do not belong together: nothing more is said.
    #[error("that name and code do not match")]
    Mismatch,
    /// Too many tries.
    #[error("there were too many tries")]
    Throttled,
    /// Something failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<HashError> for RecoveryError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Throttled,
            HashError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

/// A browser that tries a name and a code.
#[derive(Debug, Clone)]
pub(crate) struct Try {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) address: IpAddr,
    pub(crate) client: Arc<str>,
}

impl Identity {
    /// Makes a new set of codes in place of what there was, and shows it this once.
    pub(crate) async fn make_codes(
        &self,
        person: &Person,
    ) -> Result<Vec<Secret<String>>, RecoveryError> {
        let kind = Some(FactorKind::RecoveryCodes);
        let asked = self.ask(person, Action::FactorEnrol, kind).await;
        if !asked.is_allow() {
            return Err(RecoveryError::Refused);
        }
        let codes: Vec<_> = (0..CODES).map(draw_code).collect();
        let normal = codes.iter().map(|code| Secret::new(normal(code.expose())));
        let hashes = self.shared.hasher.hash_all(normal.collect()).await?;
        let (user, session, now) = (person.user.id, person.session.id, self.now());
        let fresh = FactorId::from_bits(random::bits());
        let base = Commit::new(person.actor(), "recovery codes made")
            .within(person.session.id)
            .allowed_by(asked.id);
        let propose = move |facts: &Snapshot| {
            let user = facts
                .user(user)
                .ok_or_else(|| Refused::Declined("no such user".into()))?;
            let mut next = User::clone(user);
            let known = next
                .factors
                .iter()
                .find(|f| f.kind == FactorKind::RecoveryCodes);
            let factor = known.map_or(fresh, |factor| factor.id);
            next.factors
                .retain(|factor| factor.kind != FactorKind::RecoveryCodes);
            next.factors.push(Factor {
                id: factor,
                kind: FactorKind::RecoveryCodes,
                name: "Recovery codes".into(),
                enrolled_at: now,
                authenticator: None,
            });
            let codes = Effect::RecoveryCodesPut {
                factor,
                user: next.id,
                hashes,
            };
            let mut commit = base.change(Change::UserPut(Arc::new(next))).effect(codes);
            commit
                .changes
                .extend(others_resting_on(facts, user.id, factor, session, now));
            Ok(commit)
        };
        self.engine()
            .propose(propose)
            .await
            .map_err(Unavailable::from)?;
        Ok(codes)
    }

    /// How many unused codes a person has.
    pub(crate) async fn codes_left(&self, user: UserId) -> Result<usize, Unavailable> {
        let sets = self.read(move |reader| reader.recovery_of(user)).await?;
        Ok(sets
            .iter()
            .flat_map(|set| &set.codes)
            .filter(|code| code.used.is_none())
            .count())
    }

    /// Signs in with a name and a code, weakly. Whether the name exists cannot be told from
    /// the answer nor from the work that it took.
    pub(crate) async fn use_code(&self, tried: Try) -> Result<SignedIn, RecoveryError> {
        let now = self.now();
        let name = tried.name.trim().to_lowercase();
        let code = normal(&tried.code);
        let admitted = self
            .shared
            .code_tries
            .admits(&Prefix::of(tried.address), now)
            && self
                .shared
                .code_tries_by_name
                .admits(&(name_key(&name), Prefix::of(tried.address)), now);
        if !admitted {
            return Err(RecoveryError::Throttled);
        }
        let view = self.engine().view();
        let user = view.facts.user_named(&name).filter(|user| !user.disabled);
        let id = user.map(|user| user.id);
        let index = code
            .chars()
            .next()
            .and_then(|c| c.to_digit(10))
            .unwrap_or(0);
        let candidate = self
            .read(move |reader| match id {
                Some(id) => reader.recovery_of(id),
                None => Ok(Vec::new()),
            })
            .await?
            .into_iter()
            .find_map(|set| {
                let factor = set.factor;
                let code = set
                    .codes
                    .into_iter()
                    .find(|c| c.index == index && c.used.is_none())?;
                Some((factor, code.hash))
            });
        let hash = candidate
            .as_ref()
            .map(|(_, hash)| Secret::new(hash.clone()));
        let hasher = &self.shared.hasher;
        let verdict = hasher
            .verify(For::Stranger, Secret::new(code), hash)
            .await?;
        match (user, candidate) {
            (Some(user), Some((factor, _))) if verdict.fits => {
                self.code_used(user, factor, index, tried.client).await
            }
            _ => Err(RecoveryError::Mismatch),
        }
    }

    async fn code_used(
        &self,
        user: &User,
        factor: FactorId,
        index: u32,
        client: Arc<str>,
    ) -> Result<SignedIn, RecoveryError> {
        let now = self.now();
        let drawn = secrets::draw();
        let proof = AuthnEvent {
            method: AuthnMethod::RecoveryCode,
            at: now,
            factor: Some(factor),
            provider: None,
        };
        let lifetimes = &self.options().lifetimes;
        let session = sessions::begin(
            user,
            SessionKind::Enrolment,
            proof,
            drawn.hash,
            client,
            lifetimes,
        );
        let commit = Commit::new(Actor::User(user.id), "signed in by a recovery code")
            .within(session.id)
            .change(Change::SessionStarted(Arc::new(session)))
            .effect(Effect::RecoveryCodeUsed { factor, index, now });
        match self.engine().commit(commit).await {
            Ok(_) => Ok(SignedIn { cookie: drawn.text }),
            Err(CommitError::Refused(_)) => Err(RecoveryError::Mismatch),
            Err(other) => Err(Unavailable::from(other).into()),
        }
    }
}

/// The person's other sessions that rest on codes, a password or an authenticator app that is now
/// replaced: whoever used it may not be the person.
pub(crate) fn others_resting_on(
    facts: &Snapshot,
    user: UserId,
    factor: FactorId,
    own: SessionId,
    now: Timestamp,
) -> Vec<Change> {
    let ended = Ended {
        at: now,
        reason: EndReason::FactorRemoved,
    };
    facts
        .sessions_of(user)
        .filter(|session| session.ended.is_none() && session.id != own)
        .filter(|session| {
            session
                .authn
                .iter()
                .any(|proof| proof.factor == Some(factor))
        })
        .map(|session| Change::SessionEnded {
            session: session.id,
            ended,
        })
        .collect()
}

/// A code of 80 random bits after its place in the set: `3-hk7m-x2pq-…`.
fn draw_code(index: u32) -> Secret<String> {
    let mut code = index.to_string();
    printed::extend(&mut code);
    Secret::new(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_its_place_and_is_read_however_it_is_typed() {
        let code = draw_code(3);
        let text = code.expose();
        assert_eq!(text.len(), 1 + 16 + 4, "{text}");
        assert!(text.starts_with("3-"));
        assert_eq!(normal(&text.to_uppercase().replace('-', " ")), normal(text));
        assert_ne!(draw_code(3).expose(), text);
    }
}
