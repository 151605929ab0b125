//! Recovery codes: ten, each good for one weak sign-in that may add a passkey.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use aws_lc_rs::digest;
use gw_engine::{Commit, CommitError, random};
use gw_model::{
    Action, Actor, AuthnEvent, AuthnMethod, Change, EndReason, Ended, Factor, FactorId, FactorKind,
    SessionId, SessionKind, Snapshot, Timestamp, User, UserId,
};
use gw_store::{Effect, Refused, Secret};
use tokio::sync::oneshot;

use crate::{
    Identity, Unavailable,
    identity::Person,
    links::SignedIn,
    printed::{self, normal},
    secrets, sessions,
    throttle::Prefix,
};

/// How many codes a set has; the first character of a code is its place in the set.
const CODES: u32 = 10;
/// Hashings at once: each takes 19 MiB and tens of milliseconds of a thread.
const AT_ONCE: usize = 2;
/// Hashings that may wait.
const WAITING: usize = 64;

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
        let asked = self.ask(person, Action::FactorEnrol).await;
        if !asked.is_allow() {
            return Err(RecoveryError::Refused);
        }
        let codes: Vec<_> = (0..CODES).map(draw_code).collect();
        let hashes = self.shared.hasher.hash_all(codes.clone()).await?;
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
        let hash = candidate.as_ref().map(|(_, hash)| hash.clone());
        let matches = self.shared.hasher.verify(code, hash).await?;
        match (user, candidate) {
            (Some(user), Some((factor, _))) if matches => {
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

/// The person's other sessions that began with one of the codes that are now replaced: whoever
/// used it may not be the person.
fn others_resting_on(
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

fn name_key(name: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, name.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(digest.as_ref());
    key
}

/// A code of 80 random bits after its place in the set: `3-hk7m-x2pq-…`.
fn draw_code(index: u32) -> Secret<String> {
    let mut code = index.to_string();
    printed::extend(&mut code);
    Secret::new(code)
}

/// Argon2id on threads of its own, a few at a time, the rest in a bounded line.
///
/// They are always the same threads, since an allocator keeps what each thread once used; and
/// they stand behind all others, since whoever guesses codes makes them busy.
pub(crate) struct Hasher {
    jobs: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
    /// Verified when there is nothing to verify, so that the work is the same.
    decoy: Arc<str>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Hasher {
    /// Blocks for one hashing.
    pub(crate) fn new() -> Result<Self, argon2::password_hash::Error> {
        let decoy = hash(draw_code(0).expose())?;
        let (jobs, line) = mpsc::sync_channel(WAITING);
        let line = Arc::new(Mutex::new(line));
        for number in 0..AT_ONCE {
            let line = Arc::clone(&line);
            let started = thread::Builder::new()
                .name(format!("gw-hash-{number}"))
                .spawn(move || work_off(&line));
            if let Err(fault) = started {
                tracing::error!(%fault, "a thread that hashes recovery codes could not be started");
            }
        }
        Ok(Self {
            jobs,
            waiting: Arc::default(),
            decoy: decoy.into(),
        })
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, argon2::password_hash::Error> + Send + 'static,
    ) -> Result<T, RecoveryError> {
        let place = self.waiting.fetch_add(1, Ordering::Relaxed);
        let leave = Leave(self.waiting.clone());
        if place >= WAITING {
            return Err(RecoveryError::Throttled);
        }
        let (tell, told) = oneshot::channel();
        // The turn is over when the work is, whether or not anybody still waits for it: who
        // hangs up must not let the next one in early.
        let job = Box::new(move || {
            let _until_done = leave;
            // Nobody may wait for it any more.
            let _ = tell.send(work());
        });
        self.jobs
            .try_send(job)
            .map_err(|error| Unavailable::because("waiting to hash", &error))?;
        let done = told
            .await
            .map_err(|error| Unavailable::because("waiting to hash", &error))?;
        Ok(done.map_err(|error| Unavailable::because("hashing a recovery code", &error))?)
    }

    async fn hash_all(&self, codes: Vec<Secret<String>>) -> Result<Vec<String>, RecoveryError> {
        self.work(move || {
            codes
                .iter()
                .map(|code| hash(&normal(code.expose())))
                .collect()
        })
        .await
    }

    /// Whether a code is that of a hash; without a hash it is not, after the same work.
    async fn verify(&self, code: String, stored: Option<String>) -> Result<bool, RecoveryError> {
        let decoy = self.decoy.clone();
        let code = Secret::new(code);
        self.work(move || {
            let known = stored.is_some();
            let text = stored.unwrap_or_else(|| decoy.to_string());
            let parsed = PasswordHash::new(&text)?;
            let fits = Argon2::default()
                .verify_password(code.expose().as_bytes(), &parsed)
                .is_ok();
            Ok(known && fits)
        })
        .await
    }
}

/// Works until nobody can send a job any more.
fn work_off(line: &Mutex<Receiver<Job>>) {
    if !stand_behind() {
        tracing::debug!("hashing does not stand behind other threads");
    }
    loop {
        let next = line.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        job();
    }
}

/// Runs this thread when its core has nothing else to do. A lower priority is not enough: a
/// thread that has its turn keeps it for milliseconds, and traffic would wait for guesses.
fn stand_behind() -> bool {
    #[expect(
        unsafe_code,
        reason = "the standard library does not speak of policies"
    )]
    // SAFETY: a plain structure that is read, about the calling thread alone.
    unsafe {
        let mut none: libc::sched_param = std::mem::zeroed();
        none.sched_priority = 0;
        libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const none) == 0
    }
}

struct Leave(Arc<AtomicUsize>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn hash(code: &str) -> Result<String, argon2::password_hash::Error> {
    let hashed: PasswordHash = Argon2::default().hash_password(code.as_bytes())?;
    Ok(hashed.to_string())
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

    #[tokio::test]
    async fn a_code_fits_its_own_hash_and_nothing_fits_without_one() {
        let hasher = Hasher::new().unwrap();
        let code = draw_code(0);
        let hashes = hasher.hash_all(vec![code.clone()]).await.unwrap();
        let typed = normal(code.expose());
        assert!(hashes[0].starts_with("$argon2id$"));
        assert!(
            hasher
                .verify(typed.clone(), Some(hashes[0].clone()))
                .await
                .unwrap()
        );
        assert!(
            !hasher
                .verify("0wrong".into(), Some(hashes[0].clone()))
                .await
                .unwrap()
        );
        assert!(!hasher.verify(typed, None).await.unwrap());
    }
}
