//! Argon2id on threads of its own, a few at a time, the rest in a bounded line.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
};

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use gw_engine::random;
use gw_store::Secret;
use tokio::sync::oneshot;

use crate::Unavailable;

/// Hashings at once: each takes the memory that its cost says and tens of milliseconds of a thread.
const AT_ONCE: usize = 2;
/// Hashings that may wait.
const WAITING: usize = 64;
/// Of these, how many may be for strangers: who is signed in finds room whatever they try.
const STRANGERS_WAITING: usize = 48;

/// What a hashing costs (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for HashCost {
    /// 19 MiB, two passes, one lane: what OWASP asks of Argon2id at least.
    fn default() -> Self {
        Self {
            memory_kib: Params::DEFAULT_M_COST,
            passes: Params::DEFAULT_T_COST,
            lanes: Params::DEFAULT_P_COST,
        }
    }
}

impl HashCost {
    fn argon2(self) -> Result<Argon2<'static>, HashFault> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, None);
        params.map(Argon2::from).map_err(|_| HashFault)
    }

    fn is_of(self, hash: &PasswordHash) -> bool {
        Params::try_from(hash).is_ok_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                == (self.memory_kib, self.passes, self.lanes)
        })
    }
}

/// A cost that Argon2 does not take, or a stored hash that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("argon2 refuses its cost, or what is stored is no hash of it")]
pub(crate) struct HashFault;

impl From<argon2::password_hash::Error> for HashFault {
    fn from(_: argon2::password_hash::Error) -> Self {
        Self
    }
}

/// A hashing that was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashError {
    /// Too many wait.
    #[error("too much is being hashed")]
    Busy,
    /// Something failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// For whom something is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// Whoever tries to sign in.
    Stranger,
    /// Somebody who is signed in.
    Person,
}

/// What a text came to beside a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) fits: bool,
    /// Whether the hash is of another cost than hashes are now.
    pub(crate) is_outdated: bool,
}

/// Hashes and verifies.
///
/// They are always the same threads, since an allocator keeps what each thread once used; and
/// they stand behind all others, since whoever guesses makes them busy.
pub(crate) struct Hasher {
    jobs: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
    cost: HashCost,
    /// Verified when there is nothing to verify, so that the work is the same.
    decoy: Arc<str>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Hasher {
    /// Blocks for one hashing.
    pub(crate) fn new(cost: HashCost) -> Result<Self, HashFault> {
        let decoy = hash(cost, &random::secret())?;
        let (jobs, line) = mpsc::sync_channel(WAITING);
        let line = Arc::new(Mutex::new(line));
        for number in 0..AT_ONCE {
            let line = Arc::clone(&line);
            let started = thread::Builder::new()
                .name(format!("gw-hash-{number}"))
                .spawn(move || work_off(&line));
            if let Err(fault) = started {
                tracing::error!(%fault, "a thread that hashes could not be started");
            }
        }
        Ok(Self {
            jobs,
            waiting: Arc::default(),
            cost,
            decoy: decoy.into(),
        })
    }

    async fn work<T: Send + 'static>(
        &self,
        whose: For,
        work: impl FnOnce() -> Result<T, HashFault> + Send + 'static,
    ) -> Result<T, HashError> {
        let most = match whose {
            For::Stranger => STRANGERS_WAITING,
            For::Person => WAITING,
        };
        let place = self.waiting.fetch_add(1, Ordering::Relaxed);
        let leave = Leave(self.waiting.clone());
        if place >= most {
            return Err(HashError::Busy);
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
        Ok(done.map_err(|error| Unavailable::because("hashing", &error))?)
    }

    /// Hashes texts for somebody who is signed in.
    pub(crate) async fn hash_all(
        &self,
        texts: Vec<Secret<String>>,
    ) -> Result<Vec<String>, HashError> {
        let cost = self.cost;
        let all = move || {
            let each = texts.iter().map(|text| text.expose().as_bytes());
            each.map(|text| hash(cost, text)).collect()
        };
        self.work(For::Person, all).await
    }

    /// Whether a text is that of a hash; without a hash it is not, after the same work.
    pub(crate) async fn verify(
        &self,
        whose: For,
        text: Secret<String>,
        stored: Option<Secret<String>>,
    ) -> Result<Verdict, HashError> {
        let (cost, decoy) = (self.cost, self.decoy.clone());
        self.work(whose, move || {
            let known = stored.as_ref().map(|stored| stored.expose().as_str());
            let parsed = PasswordHash::new(known.unwrap_or(&decoy)).map_err(|_| HashFault)?;
            let matches = Argon2::default().verify_password(text.expose().as_bytes(), &parsed);
            Ok(Verdict {
                fits: stored.is_some() && matches.is_ok(),
                is_outdated: !cost.is_of(&parsed),
            })
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

fn hash(cost: HashCost, text: &[u8]) -> Result<String, HashFault> {
    let hashed: PasswordHash = cost.argon2()?.hash_password(text)?;
    Ok(hashed.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashCost = HashCost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };

    async fn verdict(hasher: &Hasher, text: &str, stored: Option<&str>) -> Verdict {
        let stored = stored.map(|stored| Secret::new(stored.to_owned()));
        let text = Secret::new(text.to_owned());
        hasher.verify(For::Stranger, text, stored).await.unwrap()
    }

    #[tokio::test]
    async fn a_text_fits_its_own_hash_and_nothing_fits_without_one() {
        let hasher = Hasher::new(CHEAP).unwrap();
        let texts = vec![Secret::new("right".to_owned())];
        let hashes = hasher.hash_all(texts).await.unwrap();
        assert!(hashes[0].starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        let right = verdict(&hasher, "right", Some(&hashes[0])).await;
        assert!(right.fits && !right.is_outdated);
        assert!(!verdict(&hasher, "wrong", Some(&hashes[0])).await.fits);
        assert!(!verdict(&hasher, "right", None).await.fits);
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_still_fits_and_is_told() {
        let hasher = Hasher::new(CHEAP).unwrap();
        let dearer = HashCost { passes: 2, ..CHEAP };
        let old = hash(dearer, b"right").unwrap();
        let right = verdict(&hasher, "right", Some(&old)).await;
        assert!(right.fits && right.is_outdated);
    }

    #[test]
    fn a_cost_that_argon2_does_not_take_is_refused() {
        let nothing = HashCost {
            memory_kib: 1,
            ..CHEAP
        };
        assert!(Hasher::new(nothing).is_err());
    }
}
