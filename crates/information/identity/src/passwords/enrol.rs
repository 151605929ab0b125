//! Setting a password and adding an authenticator app.

use std::{sync::Arc, time::Duration};

use gw_engine::{Commit, CommitError, random};
use gw_model::{
    Action, Change, Factor, FactorId, FactorKind, Session, SessionId, SessionKind, Snapshot,
    Timestamp, TokenHash, User,
};
use gw_store::{Effect, FactorSecretRow, Refused, Secret};

use super::{Pair, PasswordError, PasswordFault, rising, rules, secret_of};
use crate::{
    Identity, Lifetimes, Unavailable,
    identity::Person,
    links::SignedIn,
    passkeys::{known, live},
    recovery::others_resting_on,
    secrets, sessions, totp,
};

/// What a new app's secret is sealed for while its person reads it in.
const PURPOSE: &str = "authenticator app";
/// How long they may take.
const READING_IN: Duration = Duration::from_secs(15 * 60);

/// An authenticator app that is about to be added.
#[derive(Debug)]
pub(crate) struct NewApp {
    pub(crate) secret: Secret<Vec<u8>>,
    /// The same, so that only this session can bring it back.
    pub(crate) sealed: String,
}

impl Identity {
    /// Sets a password, or another one; the other sessions that rest on the old one end.
    pub(crate) async fn set_password(
        &self,
        person: &Person,
        typed: Secret<String>,
    ) -> Result<Option<SignedIn>, PasswordError> {
        let text = self.fit(person, typed).await?;
        let hashes = self.shared.hasher.hash_all(vec![text]).await?;
        let hash = hashes.into_iter().next().ok_or(PasswordError::Throttled)?;
        let new = New {
            kind: FactorKind::Password,
            name: "Password",
            what: "password set",
            secret: Secret::new(hash.into_bytes()),
            counter: None,
        };
        self.enrol_secret(person, new).await
    }

    /// A password that may be taken, as it is hashed.
    async fn fit(
        &self,
        person: &Person,
        typed: Secret<String>,
    ) -> Result<Secret<String>, PasswordError> {
        let text = rules::normal(typed.expose());
        let options = self.options().passwords.clone();
        options.check(text.expose(), &person.user)?;
        let normal = text.clone();
        let breached = tokio::task::spawn_blocking(move || {
            options.is_breached(typed.expose(), normal.expose())
        });
        let breached = breached.await.map_err(Unavailable::from)?;
        match breached {
            Ok(false) => Ok(text),
            Ok(true) => Err(PasswordFault::Breached.into()),
            Err(fault) => {
                Err(Unavailable::because("looking for a breached password", &fault).into())
            }
        }
    }

    /// Draws the secret of a new authenticator app.
    pub(crate) fn draw_app(&self, person: &Person) -> Result<NewApp, Unavailable> {
        let secret = totp::draw();
        let until = self.now().after(READING_IN).as_millis().to_be_bytes();
        let bytes = [&until[..], secret.expose()].concat();
        let session = person.session.id.to_string();
        let sealed = self.sealer().seal(&[PURPOSE, &session], bytes);
        let sealed = sealed.ok_or_else(|| {
            let why = std::io::Error::other("nothing could be sealed");
            Unavailable::because("adding an authenticator app", &why)
        })?;
        Ok(NewApp { secret, sealed })
    }

    /// An app that was drawn for this session lately.
    pub(crate) fn drawn_app(&self, person: &Person, sealed: &str) -> Option<NewApp> {
        let session = person.session.id.to_string();
        let bytes = self.sealer().open(&[PURPOSE, &session], sealed)?;
        let (until, secret) = bytes.split_first_chunk()?;
        let until = Timestamp::from_millis(u64::from_be_bytes(*until));
        (self.now() < until).then(|| NewApp {
            secret: Secret::new(secret.to_vec()),
            sealed: sealed.to_owned(),
        })
    }

    /// Adds an authenticator app, or another in its place, once it shows a code that is right; the
    /// other sessions that rest on the old one end.
    pub(crate) async fn add_app(
        &self,
        person: &Person,
        app: &NewApp,
        code: &str,
    ) -> Result<Option<SignedIn>, PasswordError> {
        let step = totp::step_of(app.secret.expose(), code, self.now());
        let new = New {
            kind: FactorKind::Totp,
            name: "Authenticator app",
            what: "authenticator app added",
            secret: app.secret.clone(),
            counter: Some(step.ok_or(PasswordError::WrongCode)?),
        };
        self.enrol_secret(person, new).await
    }

    async fn enrol_secret(
        &self,
        person: &Person,
        new: New,
    ) -> Result<Option<SignedIn>, PasswordError> {
        let asked = self.ask(person, Action::FactorEnrol, Some(new.kind)).await;
        if !asked.is_allow() {
            return Err(PasswordError::Refused);
        }
        let user = person.user.id;
        let stored = self
            .read(move |reader| reader.factor_secrets_of(user))
            .await?;
        let seen = secret_of(&person.user, &stored, new.kind);
        let before = person.user.factors.iter().find(|f| f.kind == new.kind);
        let now = self.now();
        let beyond = seen.map_or(0, |seen| seen.counter);
        let row = FactorSecretRow {
            factor: before.map_or_else(|| FactorId::from_bits(random::bits()), |f| f.id),
            user,
            replaces: seen.map(|seen| seen.counter),
            counter: match new.counter {
                Some(step) => step.max(beyond.saturating_add(1)),
                None => rising(now, beyond),
            },
            secret: new.secret,
        };
        let (between, drawn) = (secrets::draw().hash, secrets::draw());
        let enrolling = Enrolling {
            before: before.map(|factor| factor.id),
            row,
            kind: new.kind,
            name: new.name.into(),
            session: person.session.id,
            session_kind: person.session.kind,
            tokens: [between, drawn.hash],
        };
        let base = Commit::new(person.actor(), new.what)
            .within(person.session.id)
            .allowed_by(asked.id);
        let lifetimes = self.options().lifetimes;
        let (told, promoted) = std::sync::mpsc::channel();
        let propose = move |facts: &Snapshot| {
            let (commit, promoted) = enrolling.commit(facts, base, now, &lifetimes)?;
            // Nobody listening means that nobody waits for the cookie.
            let _ = told.send(promoted);
            Ok(commit)
        };
        let done = self.engine().propose(propose).await;
        done.map_err(not_enrolled)?;
        let promoted = promoted.try_recv().unwrap_or(false);
        Ok(promoted.then_some(SignedIn { cookie: drawn.text }))
    }
}

/// What is to be enrolled.
struct New {
    kind: FactorKind,
    name: &'static str,
    what: &'static str,
    secret: Secret<Vec<u8>>,
    /// The step that a first code was of.
    counter: Option<u64>,
}

/// All that enrolling needs, so that the facts at its turn decide.
struct Enrolling {
    /// The factor that is replaced, if one.
    before: Option<FactorId>,
    row: FactorSecretRow,
    kind: FactorKind,
    name: Arc<str>,
    session: SessionId,
    /// The kind of session that policy was asked about.
    session_kind: SessionKind,
    tokens: [TokenHash; 2],
}

impl Enrolling {
    /// The commit, and whether it makes the session an ordinary one.
    fn commit(
        self,
        facts: &Snapshot,
        base: Commit,
        now: Timestamp,
        lifetimes: &Lifetimes,
    ) -> Result<(Commit, bool), Refused> {
        let session = live(facts, self.session)?;
        let user = known(facts, self.row.user)?;
        let mut next = User::clone(user);
        let before = next.factors.iter().find(|f| f.kind == self.kind);
        let same = before.map(|factor| factor.id) == self.before;
        if !same || session.kind != self.session_kind || !facts.settings().passwords {
            return Err(Refused::Stale);
        }
        let factor = self.row.factor;
        next.factors.retain(|f| f.id != factor);
        next.factors.push(Factor {
            id: factor,
            kind: self.kind,
            name: self.name,
            enrolled_at: now,
            authenticator: None,
        });
        let pair = enrolled_within(session, &next);
        let mut commit = base
            .change(Change::UserPut(Arc::new(next)))
            .effect(Effect::FactorSecretPut(self.row));
        let others = others_resting_on(facts, user.id, factor, session.id, now);
        commit.changes.extend(others);
        if let Some(pair) = pair {
            let proofs = pair.proofs(now);
            let further = sessions::advance_twice(session, proofs, self.tokens, lifetimes);
            commit.changes.extend(further);
        }
        Ok((commit, pair.is_some()))
    }
}

/// The password and the app that were both enrolled within a session that is there to enrol: whoever
/// did that has shown both.
fn enrolled_within(session: &Session, user: &User) -> Option<Pair> {
    let within = |kind| {
        let mut factors = user.factors.iter();
        let factor = factors.find(|f| f.kind == kind && f.enrolled_at >= session.started);
        factor.map(|factor| factor.id)
    };
    let pair = Pair {
        user: user.id,
        password: within(FactorKind::Password)?,
        app: within(FactorKind::Totp)?,
    };
    (session.kind == SessionKind::Enrolment).then_some(pair)
}

fn not_enrolled(error: CommitError) -> PasswordError {
    match error {
        CommitError::Refused(_) => PasswordError::Over,
        other => Unavailable::from(other).into(),
    }
}
