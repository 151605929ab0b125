//! Break-glass: sealed ways in that need neither a passkey nor anybody else, for an emergency.
//!
//! One is a code on paper, of which the store keeps a hash. Using it makes a person for this use
//! alone, who is an owner for half an hour, and whom every administrator is shown until one of
//! them acknowledges it.

use std::{net::IpAddr, sync::Arc};

use gw_engine::{Commit, CommitError, random};
use gw_model::{
    Acknowledged, Actor, AuthnEvent, AuthnMethod, BreakGlass, BreakGlassId, BreakGlassUse, Change,
    DecisionId, EndReason, Ended, Group, GroupName, Membership, Session, SessionId, SessionKind,
    Snapshot, Timestamp, TokenHash, User, UserId,
};
use gw_store::{Effect, Refused, Secret};

use crate::{Identity, Lifetimes, Unavailable, links::SignedIn, printed, secrets, sessions};

/// Where a code is typed.
pub(crate) const PATH: &str = "/break-glass";

const PURPOSE: &str = "break-glass";
/// The name of who is made for a use; with a number behind it where that is taken.
const NAME: &str = "break-glass";
/// Characters of a code without what groups them: 160 bits.
pub(crate) const CODE_LENGTH: usize = 32;
const LABEL_LENGTH_MAX: usize = 64;
/// A code waits for its day; the store wants an end for everything.
const LIVES: std::time::Duration = std::time::Duration::from_secs(20 * 366 * 24 * 60 * 60);

/// A way in that was sealed. Its code is shown this once.
#[derive(Debug)]
pub struct Sealed {
    /// Its id.
    pub id: BreakGlassId,
    /// What is to be typed.
    pub code: Secret<String>,
    /// The path at the authentication origin where it is typed.
    pub path: &'static str,
}

/// A sealed way in that cannot be made, used, called back or acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BreakGlassError {
    /// What says where it is kept is no such thing.
    #[error("say where it will be kept in 1 to {LABEL_LENGTH_MAX} characters, without line breaks")]
    Label,
    /// There are enough.
    #[error("there are {} already: call one back first", BreakGlass::MOST)]
    Enough,
    /// An earlier use waits.
    #[error(
        "an earlier use has not been acknowledged: look at what was done, and acknowledge it first"
    )]
    Unacknowledged,
    /// There is none such.
    #[error("there is no sealed way in {0}")]
    Unknown(BreakGlassId),
    /// It was used.
    #[error("it has been used: acknowledge that instead")]
    Used,
    /// It was not.
    #[error("it has not been used: there is nothing to acknowledge")]
    Unused,
    /// Somebody did already.
    #[error("it has been acknowledged already")]
    Acknowledged,
    /// Who came in so cannot say that it was in order.
    #[error("whoever came in by breaking the glass cannot do this: somebody else has to")]
    OwnUse,
    /// Neither can anybody who may owe their rights to them.
    #[error(
        "while the glass is broken, that is for an owner from before, who is signed in with a passkey from before, or for root on the machine (`gatewright break-glass`)"
    )]
    NotFromBefore,
    /// The code opens nothing.
    #[error("that code opens nothing")]
    NotUsable,
    /// The ledger takes no record of it, so it is refused as well.
    #[error("it cannot be recorded, and nothing happens unrecorded")]
    Unrecorded,
    /// Something failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A browser that tries a code.
#[derive(Debug)]
pub(crate) struct Break {
    pub(crate) code: String,
    pub(crate) address: IpAddr,
    pub(crate) client: Arc<str>,
    /// The session that the browser has, if any: it ends.
    pub(crate) present: Option<Arc<Session>>,
}

impl Identity {
    /// Seals a way in, and gives its code this once.
    ///
    /// Whether `by` may is the caller's question to policy: who may replace the policies may.
    ///
    /// # Errors
    /// When there are enough, an earlier use waits to be acknowledged, or the change fails.
    pub async fn seal_break_glass(
        &self,
        label: &str,
        by: Actor,
        allowed_by: Option<DecisionId>,
    ) -> Result<Sealed, BreakGlassError> {
        let label = label.trim();
        let length = label.chars().count();
        if length == 0 || length > LABEL_LENGTH_MAX || label.chars().any(char::is_control) {
            return Err(BreakGlassError::Label);
        }
        let code = draw_code();
        let (hash, now) = (hash(code.expose()), self.now());
        let entry = BreakGlass {
            id: BreakGlassId::from_bits(random::bits()),
            label: label.into(),
            hash: Some(hash),
            made_by: by.clone(),
            made_at: now,
            used: None,
            acknowledged: None,
        };
        let put = Effect::OncePut {
            purpose: PURPOSE.into(),
            hash,
            expires: now.after(LIVES),
            payload: Secret::new(entry.id.to_string().into_bytes()),
        };
        let id = entry.id;
        let by = (by, None);
        self.change_break_glass(by, "break-glass sealed", allowed_by, move |facts, by| {
            may_seal(facts, by)?;
            Ok((vec![Change::BreakGlassPut(Arc::new(entry))], vec![put]))
        })
        .await?;
        Ok(Sealed {
            id,
            code,
            path: PATH,
        })
    }

    /// Calls a sealed way in back: its code is worth nothing from now on.
    ///
    /// # Errors
    /// When there is none such, it has been used, `by` came in by another, or the change fails.
    pub async fn revoke_break_glass(
        &self,
        id: BreakGlassId,
        (by, session): (Actor, Option<SessionId>),
        allowed_by: Option<DecisionId>,
    ) -> Result<(), BreakGlassError> {
        self.change_break_glass(
            (by, session),
            "break-glass called back",
            allowed_by,
            move |facts, by| {
                not_by_its_user(facts, by)?;
                from_before(facts, by, session)?;
                match found(facts, id)?.is_sealed() {
                    true => Ok((vec![Change::BreakGlassRemoved(id)], Vec::new())),
                    false => Err(BreakGlassError::Used),
                }
            },
        )
        .await
    }

    /// Acknowledges a use: it waits for nobody any more, and whoever came in by it is gone.
    ///
    /// # Errors
    /// When there is none such, it has not been used, `by` came in so or may owe their rights to
    /// whoever did, or the change fails.
    pub async fn acknowledge_break_glass(
        &self,
        id: BreakGlassId,
        (by, session): (Actor, Option<SessionId>),
        allowed_by: Option<DecisionId>,
    ) -> Result<(), BreakGlassError> {
        let (what, at) = ("break-glass acknowledged", self.now());
        let whose = (by, session);
        self.change_break_glass(whose, what, allowed_by, move |facts, by| {
            not_by_its_user(facts, by)?;
            let entry = found(facts, id)?;
            let used = entry.used.as_ref().ok_or(BreakGlassError::Unused)?;
            if entry.acknowledged.is_some() {
                return Err(BreakGlassError::Acknowledged);
            }
            from_before(facts, by, session)?;
            let user = facts.user(used.user).map(|user| user.id);
            let looked = BreakGlass {
                acknowledged: Some(Acknowledged { at, by: by.clone() }),
                ..BreakGlass::clone(entry)
            };
            let mut changes = vec![Change::BreakGlassPut(Arc::new(looked))];
            changes.extend(user.map(Change::UserRemoved));
            changes.extend(oldest_kept(facts).map(Change::BreakGlassRemoved));
            Ok((changes, Vec::new()))
        })
        .await
    }

    /// Changes what the facts at its turn allow.
    async fn change_break_glass(
        &self,
        (by, session): (Actor, Option<SessionId>),
        what: &'static str,
        allowed_by: Option<DecisionId>,
        change: impl FnOnce(&Snapshot, &Actor) -> Result<(Vec<Change>, Vec<Effect>), BreakGlassError>
        + Send
        + 'static,
    ) -> Result<(), BreakGlassError> {
        let (tell, told) = std::sync::mpsc::channel();
        let propose = move |facts: &Snapshot| match change(facts, &by) {
            Ok((changes, effects)) => {
                let mut commit = Commit::new(by, what);
                (commit.changes, commit.effects, commit.decision) = (changes, effects, allowed_by);
                commit.session = session;
                Ok(commit)
            }
            Err(fault) => {
                let declined = Refused::Declined(fault.to_string());
                // Whoever asked may have gone.
                let _ = tell.send(fault);
                Err(declined)
            }
        };
        match self.engine().propose(propose).await {
            Ok(_) => Ok(()),
            Err(fault) => Err(told.try_recv().unwrap_or_else(|_| commit_error(fault))),
        }
    }

    /// Whether a code is that of a sealed way in. It has 160 bits, so that nothing is learnt by
    /// asking, and whoever holds it need not wait for those who guess beside them.
    pub(crate) fn opens_by(&self, code: &str) -> bool {
        let hash = hash(code);
        let view = self.engine().view();
        let mut sealed = view.facts.break_glass().filter(|entry| entry.is_sealed());
        sealed.any(|entry| entry.hash == Some(hash))
    }

    /// Uses a code up. The store's transaction decides that it is the only use.
    pub(crate) async fn break_glass(&self, tried: Break) -> Result<SignedIn, BreakGlassError> {
        let code = printed::normal(&tried.code);
        if code.len() != CODE_LENGTH {
            return Err(BreakGlassError::NotUsable);
        }
        let (hash, now) = (hash(&code), self.now());
        let payload = self
            .read(move |reader| reader.once(PURPOSE, &hash, now))
            .await?;
        let payload = payload.ok_or(BreakGlassError::NotUsable)?;
        let id = std::str::from_utf8(payload.expose())
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or(BreakGlassError::NotUsable)?;
        let drawn = secrets::draw();
        let (address, client) = (tried.address, tried.client.clone());
        let breaking = Breaking {
            id,
            hash,
            credential: drawn.hash,
            tried,
            now,
            lifetimes: self.options().lifetimes,
        };
        self.engine()
            .propose(move |facts| breaking.commit(facts))
            .await
            .map_err(commit_error)?;
        tracing::error!(entry = %id, %address, %client, "a sealed way in was used: somebody is owner for 30 minutes. Acknowledge it: `gatewright break-glass list`");
        Ok(SignedIn { cookie: drawn.text })
    }
}

/// All that using a code needs, so that the facts at its turn decide.
struct Breaking {
    id: BreakGlassId,
    hash: TokenHash,
    credential: TokenHash,
    tried: Break,
    now: Timestamp,
    lifetimes: Lifetimes,
}

impl Breaking {
    fn commit(self, facts: &Snapshot) -> Result<Commit, Refused> {
        let declined = |fault: BreakGlassError| Refused::Declined(fault.to_string());
        let entry = found(facts, self.id).map_err(declined)?;
        if entry.used.is_some() {
            return Err(declined(BreakGlassError::NotUsable));
        }
        let owners: GroupName = BreakGlass::GROUP
            .parse()
            .map_err(|fault: gw_model::IdFault| Refused::Declined(fault.to_string()))?;
        let user = self.person(facts, &owners);
        let proof = AuthnEvent {
            method: AuthnMethod::BreakGlass,
            at: self.now,
            factor: None,
            provider: None,
        };
        let client = self.tried.client.clone();
        let kind = SessionKind::BreakGlass;
        let session = sessions::begin(&user, kind, proof, self.credential, client, &self.lifetimes);
        let used = BreakGlass {
            used: Some(BreakGlassUse {
                at: self.now,
                user: user.id,
                name: user.name.clone(),
                owners: members(facts, &owners, self.now),
                session: session.id,
                client: self.tried.client,
                address: self.tried.address.to_canonical().to_string().into(),
                ends: session.expires,
            }),
            ..BreakGlass::clone(entry)
        };
        let ended = Ended {
            at: self.now,
            reason: EndReason::SignedOut,
        };
        let present = self.tried.present.and_then(|present| {
            let live = facts
                .session(present.id)
                .filter(|now| now.ended.is_none())?;
            let session = live.id;
            Some(Change::SessionEnded { session, ended })
        });
        let mut commit = Commit::new(Actor::User(user.id), "signed in by breaking the glass")
            .within(session.id)
            .effect(Effect::OnceTaken {
                purpose: PURPOSE.into(),
                hash: self.hash,
                now: self.now,
            });
        commit.changes.extend(missing(facts, owners));
        commit.changes.extend(present);
        commit.changes.extend([
            Change::BreakGlassPut(Arc::new(used)),
            Change::UserPut(Arc::new(user)),
            Change::SessionStarted(Arc::new(session)),
        ]);
        Ok(commit)
    }

    /// Somebody who is an owner for as long as this lasts, and nobody afterwards.
    fn person(&self, facts: &Snapshot, owners: &GroupName) -> User {
        User {
            id: UserId::from_bits(random::bits()),
            name: free_name(facts),
            display_name: "Emergency access".into(),
            email: None,
            attributes: Default::default(),
            groups: vec![Membership {
                group: owners.clone(),
                until: Some(self.now.after(BreakGlass::LASTS)),
                by: None,
            }],
            factors: Vec::new(),
            identities: Vec::new(),
            disabled: false,
            verified_email: None,
            tokens_from: gw_model::Timestamp::default(),
            version: 0,
        }
    }
}

fn free_name(facts: &Snapshot) -> Arc<str> {
    let numbered = (2..).map(|number| format!("{NAME}-{number}"));
    let mut names = std::iter::once(NAME.to_owned()).chain(numbered);
    let free = names.find(|name| facts.user_named(name).is_none());
    free.unwrap_or_default().into()
}

/// The owners' group, where somebody removed it.
fn missing(facts: &Snapshot, owners: GroupName) -> Option<Change> {
    facts.group(&owners).is_none().then(|| {
        Change::GroupPut(Arc::new(Group {
            name: owners,
            title: "Owners".into(),
            parents: Vec::new(),
            identities: Vec::new(),
            version: 0,
        }))
    })
}

fn found(facts: &Snapshot, id: BreakGlassId) -> Result<&Arc<BreakGlass>, BreakGlassError> {
    facts
        .break_glass_entry(id)
        .ok_or(BreakGlassError::Unknown(id))
}

fn may_seal(facts: &Snapshot, by: &Actor) -> Result<(), BreakGlassError> {
    not_by_its_user(facts, by)?;
    if facts.break_glass().any(|entry| entry.waiting().is_some()) {
        return Err(BreakGlassError::Unacknowledged);
    }
    let sealed = facts.break_glass().filter(|entry| entry.is_sealed());
    match sealed.count() < BreakGlass::MOST {
        true => Ok(()),
        false => Err(BreakGlassError::Enough),
    }
}

fn not_by_its_user(facts: &Snapshot, by: &Actor) -> Result<(), BreakGlassError> {
    match by {
        Actor::User(user) if facts.break_glass_of(*user).is_some() => Err(BreakGlassError::OwnUse),
        _ => Ok(()),
    }
}

/// Nobody says that uses were in order, or takes a way in from others, who may owe their rights to
/// whoever came in by one that waits.
fn from_before(
    facts: &Snapshot,
    by: &Actor,
    session: Option<SessionId>,
) -> Result<(), BreakGlassError> {
    let mut waiting = facts.break_glass().filter_map(|entry| entry.waiting());
    match waiting.all(|used| used.precedes(facts, by, session)) {
        true => Ok(()),
        false => Err(BreakGlassError::NotFromBefore),
    }
}

/// Who is in a group, by other groups too.
fn members(facts: &Snapshot, group: &GroupName, now: Timestamp) -> Vec<UserId> {
    let inside = |user: &&Arc<User>| facts.groups_of(user, now).0.contains(group);
    facts.users().filter(inside).map(|user| user.id).collect()
}

/// The acknowledged one that goes when another comes.
fn oldest_kept(facts: &Snapshot) -> Option<BreakGlassId> {
    let kept = facts
        .break_glass()
        .filter_map(|entry| Some((entry.acknowledged.as_ref()?.at, entry.id)));
    let kept: Vec<_> = kept.collect();
    let (_, oldest) = kept.iter().min()?;
    (kept.len() >= BreakGlass::KEPT).then_some(*oldest)
}

fn commit_error(fault: CommitError) -> BreakGlassError {
    match fault {
        CommitError::Refused(_) => BreakGlassError::NotUsable,
        CommitError::Unwritable(_) => BreakGlassError::Unrecorded,
        other => Unavailable::from(other).into(),
    }
}

fn draw_code() -> Secret<String> {
    let mut code = String::new();
    printed::extend(&mut code);
    printed::extend(&mut code);
    code.remove(0);
    Secret::new(code)
}

fn hash(code: &str) -> TokenHash {
    secrets::hash(&printed::normal(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_160_bits_in_groups_of_four() {
        let code = draw_code();
        let text = code.expose();
        assert_eq!(text.split('-').count(), 8, "{text}");
        assert!(text.split('-').all(|group| group.len() == 4), "{text}");
        assert_eq!(printed::normal(text).len(), CODE_LENGTH);
        assert_eq!(hash(text), hash(&text.to_uppercase().replace('-', " ")));
    }
}
