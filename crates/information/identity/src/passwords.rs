//! A password and a code of an authenticator app: the second choice, for people who cannot use
//! passkeys. Neither counts without the other, and both together can be phished.

mod enrol;
mod rules;

use std::{net::IpAddr, sync::Arc};

use gw_engine::{Commit, CommitError};
use gw_model::{
    Actor, AuthnEvent, AuthnMethod, Change, FactorId, FactorKind, SessionKind, Snapshot, Timestamp,
    User, UserId,
};
use gw_store::{Effect, FactorSecret, FactorSecretRow, Refused, Secret};

pub use self::rules::PasswordOptions;
pub(crate) use self::{enrol::NewApp, rules::PasswordFault};
use crate::{
    Identity, Unavailable,
    hashing::{For, HashError},
    identity::Person,
    links::SignedIn,
    passkeys::live,
    secrets, sessions,
    throttle::{Prefix, name_key},
    totp,
};

/// A password or a code that cannot be used, set or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Name, password and code do not belong together, or the code was used: nothing more is said.
    #[error("that name, password and code do not match")]
    Mismatch,
    /// Policy refuses.
    #[error("policy refuses it")]
    Refused,
    /// Too many tries.
    #[error("there were too many tries")]
    Throttled,
    /// The password cannot be taken.
    #[error(transparent)]
    Unfit(#[from] PasswordFault),
    /// The code is not the app's.
    #[error("the code is not one that the app shows now")]
    WrongCode,
    /// It was begun too long ago, or something changed meanwhile.
    #[error("it is too late for that")]
    Over,
    /// Something failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<HashError> for PasswordError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Throttled,
            HashError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

/// What somebody typed to prove who they are.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    pub(crate) password: Secret<String>,
    pub(crate) code: String,
}

/// A browser that tries a name, a password and a code.
#[derive(Debug, Clone)]
pub(crate) struct Try {
    pub(crate) name: String,
    pub(crate) typed: Typed,
    pub(crate) address: IpAddr,
    pub(crate) client: Arc<str>,
}

impl Identity {
    /// Whether people may sign in with a password here.
    pub(crate) fn has_passwords(&self) -> bool {
        self.engine().view().facts.settings().passwords
    }

    /// Signs in with a name, a password and a code. Whether the name exists, or which of them is
    /// wrong, cannot be told from the answer nor from the work that it took.
    pub(crate) async fn sign_in_by_password(&self, tried: Try) -> Result<SignedIn, PasswordError> {
        let name = tried.name.trim().to_lowercase();
        if !self.may_try_password(&name, tried.address) {
            return Err(PasswordError::Throttled);
        }
        let view = self.engine().view();
        let user = view.facts.user_named(&name).filter(|user| !user.disabled);
        let proven = self
            .prove(For::Stranger, user.map(Arc::clone), tried.typed)
            .await?;
        let (drawn, now) = (secrets::draw(), self.now());
        let lifetimes = self.options().lifetimes;
        let effect = proven.effect();
        let (pair, client) = (proven.pair, tried.client);
        let propose = move |facts: &Snapshot| {
            let user = pair.owner(facts)?;
            let [password, code] = pair.proofs(now);
            let kind = SessionKind::Ordinary;
            let mut session = sessions::begin(user, kind, password, drawn.hash, client, &lifetimes);
            session.authn.push(code);
            let what = "signed in by a password and a code";
            Ok(Commit::new(Actor::User(user.id), what)
                .within(session.id)
                .change(Change::SessionStarted(Arc::new(session)))
                .effect(effect))
        };
        self.engine().propose(propose).await.map_err(not_proven)?;
        self.hash_anew(proven.outdated).await;
        Ok(SignedIn { cookie: drawn.text })
    }

    /// Adds the proof of a password and a code to the person's session. What is wrong is recorded.
    pub(crate) async fn confirm_by_password(
        &self,
        person: &Person,
        typed: Typed,
    ) -> Result<SignedIn, PasswordError> {
        // Apart from what strangers try: nobody uses up what somebody signed in may try.
        let key = (
            name_key(&format!("confirm {}", person.user.id)),
            Prefix::of(person.address),
        );
        let tries = &self.shared.password_tries_by_name;
        if !tries.admits(&key, self.now()) {
            return Err(PasswordError::Throttled);
        }
        let proven = self
            .prove(For::Person, Some(person.user.clone()), typed)
            .await;
        if let Err(PasswordError::Mismatch) = &proven {
            let what = "refused: the password or the code is wrong";
            self.record(Some(person), what).await;
        }
        let proven = proven?;
        let (between, drawn, now) = (secrets::draw().hash, secrets::draw(), self.now());
        let lifetimes = self.options().lifetimes;
        let effect = proven.effect();
        let (pair, session) = (proven.pair, person.session.id);
        let propose = move |facts: &Snapshot| {
            let user = pair.owner(facts)?;
            let session = live(facts, session)?;
            let mut commit =
                Commit::new(Actor::User(user.id), "confirmed by a password and a code")
                    .within(session.id)
                    .effect(effect);
            let tokens = [between, drawn.hash];
            commit.changes.extend(sessions::advance_twice(
                session,
                pair.proofs(now),
                tokens,
                &lifetimes,
            ));
            Ok(commit)
        };
        self.engine().propose(propose).await.map_err(not_proven)?;
        self.hash_anew(proven.outdated).await;
        Ok(SignedIn { cookie: drawn.text })
    }

    /// Bounded by address, by name and address, and slowly by name: a password that is guessed at
    /// from everywhere is not guessed, and its person still has every other way in.
    fn may_try_password(&self, name: &str, address: IpAddr) -> bool {
        let (now, prefix, key) = (self.now(), Prefix::of(address), name_key(name));
        let shared = &self.shared;
        shared.password_tries.admits(&prefix, now)
            && shared.password_tries_by_name.admits(&(key, prefix), now)
            && shared.password_tries_of_name.admits(&key, now)
    }

    /// Checks a password and a code, with the same work whoever they are said to be of.
    async fn prove(
        &self,
        whose: For,
        user: Option<Arc<User>>,
        typed: Typed,
    ) -> Result<Proven, PasswordError> {
        let id = user.as_ref().map(|user| user.id);
        let secrets = self
            .read(move |reader| match id {
                Some(id) => reader.factor_secrets_of(id),
                None => Ok(Vec::new()),
            })
            .await?;
        let of = |kind| secret_of(user.as_deref()?, &secrets, kind);
        let (password, app) = (of(FactorKind::Password), of(FactorKind::Totp));
        let text = rules::normal(typed.password.expose());
        let stored = password.and_then(|known| text_of(&known.secret));
        let verdict = self.shared.hasher.verify(whose, text.clone(), stored);
        let verdict = verdict.await?;
        let decoy = totp::draw();
        let secret = app.map_or(&decoy, |app| &app.secret);
        let step = totp::step_of(secret.expose(), &typed.code, self.now());
        match (user.as_deref(), password, app, step) {
            (Some(user), Some(password), Some(app), Some(step)) if verdict.fits => Ok(Proven {
                pair: Pair {
                    user: user.id,
                    password: password.factor,
                    app: app.factor,
                },
                step,
                outdated: verdict.is_outdated.then(|| Outdated {
                    user: user.id,
                    factor: password.factor,
                    counter: password.counter,
                    text,
                }),
            }),
            _ => Err(PasswordError::Mismatch),
        }
    }

    /// Hashes a password that was just shown at today's cost. What does not work now does later.
    async fn hash_anew(&self, outdated: Option<Outdated>) {
        let Some(old) = outdated else { return };
        let hashed = self.shared.hasher.hash_all(vec![old.text]).await;
        let Some(hash) = hashed.ok().and_then(|mut hashes| hashes.pop()) else {
            return;
        };
        let row = FactorSecretRow {
            factor: old.factor,
            user: old.user,
            replaces: Some(old.counter),
            counter: rising(self.now(), old.counter),
            secret: Secret::new(hash.into_bytes()),
        };
        let commit = Commit::new(Actor::Gatewright, "password hashed anew");
        let done = self
            .engine()
            .commit(commit.effect(Effect::FactorSecretPut(row)));
        if let Err(error) = done.await {
            tracing::debug!(%error, "a password was not hashed anew");
        }
    }
}

/// A password and a code that were right.
struct Proven {
    pair: Pair,
    step: u64,
    outdated: Option<Outdated>,
}

impl Proven {
    /// The code is used up: the store's transaction decides that it is the only use.
    const fn effect(&self) -> Effect {
        Effect::FactorSecretCounted {
            factor: self.pair.app,
            counter: self.step,
        }
    }
}

/// A password whose hash is of another cost than hashes are now.
struct Outdated {
    user: UserId,
    factor: FactorId,
    counter: u64,
    text: Secret<String>,
}

/// Somebody's password and authenticator app.
#[derive(Debug, Clone, Copy)]
struct Pair {
    user: UserId,
    password: FactorId,
    app: FactorId,
}

impl Pair {
    /// The two proofs, the password first.
    fn proofs(self, at: Timestamp) -> [AuthnEvent; 2] {
        [
            (AuthnMethod::Password, self.password),
            (AuthnMethod::Totp, self.app),
        ]
        .map(|(method, factor)| AuthnEvent {
            method,
            at,
            factor: Some(factor),
            provider: None,
        })
    }

    /// Whose they are as the facts now are, where both still count.
    fn owner(self, facts: &Snapshot) -> Result<&Arc<User>, Refused> {
        let has = |user: &User, id| user.factors.iter().any(|factor| factor.id == id);
        facts
            .user(self.user)
            .filter(|user| !user.disabled && facts.settings().passwords)
            .filter(|user| has(user, self.password) && has(user, self.app))
            .ok_or_else(|| Refused::Declined("the password or the app is gone".into()))
    }
}

fn secret_of<'s>(
    user: &User,
    secrets: &'s [FactorSecret],
    kind: FactorKind,
) -> Option<&'s FactorSecret> {
    let factor = user.factors.iter().find(|factor| factor.kind == kind)?;
    secrets.iter().find(|secret| secret.factor == factor.id)
}

fn text_of(secret: &Secret<Vec<u8>>) -> Option<Secret<String>> {
    let text = std::str::from_utf8(secret.expose()).ok()?;
    Some(Secret::new(text.to_owned()))
}

/// A counter beyond one that is known.
fn rising(now: Timestamp, known: u64) -> u64 {
    now.as_millis().max(known.saturating_add(1))
}

/// What the store refuses is told as anything else that does not match.
fn not_proven(error: CommitError) -> PasswordError {
    match error {
        CommitError::Refused(_) => PasswordError::Mismatch,
        other => Unavailable::from(other).into(),
    }
}
