//! The engine: the newest view, the one way to change it, and the control plane's questions.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use gw_clock::Clock;
use gw_ledger::{
    ChangeRecord, Ground, JudgementRecord, MentionedAttribute, Personal, QuestionRecord,
};
use gw_model::{
    Action, Actor, Attribute, Change, Decision, DecisionId, Epoch, FactorKind, Remedies, Resource,
    SessionId, Snapshot, Timestamp,
};
use gw_policy::Policies;
use gw_record::ControlRecorder;
use gw_store::{Loaded, Notes, Reader, Refused, Store};
use gw_telemetry::Seldom;
use tokio::sync::{Semaphore, oneshot};

use crate::{
    Acknowledged, Circumstances, Commit, CommitError, Follower, Judge, Judgement, View,
    administrator::{self, Pending, Propose, Request},
    follow::Cores,
    random,
    recording::Recording,
    remedies::Remembered,
};

/// How long a commit waits for the cores of this process before it says that one is stuck.
const CORES_PATIENCE: Duration = Duration::from_secs(5);
/// Changes that are tried at a time, beside those that are made.
const TRIALS_AT_ONCE: usize = 2;
/// The longest sleep between two looks at the clock while waiting for an instant.
const LONGEST_NAP: Duration = Duration::from_millis(250);

/// The decision point of one process. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    /// Whether it changes nothing.
    is_on_trial: bool,
}

pub(crate) struct Shared {
    view: ArcSwap<View>,
    pub(crate) clock: Clock,
    pub(crate) recording: Recording,
    reader: Reader,
    requests: mpsc::Sender<Request>,
    cores: Arc<Cores>,
    judge: Mutex<Judge>,
    remedies: Remembered,
    /// Questions that were allowed, and that were not.
    asked: [AtomicU64; 2],
    /// What every question and event would say while the ledger cannot be written.
    unwritten: Seldom,
    /// So many changes are tried at a time.
    trial: Semaphore,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Shared {
    /// Publishes the facts that these changes lead to. The administrator alone calls this.
    /// `loaded` are policies that may be those of the facts.
    pub(crate) fn publish<'a>(
        &self,
        facts: Snapshot,
        changes: impl Iterator<Item = &'a Change>,
        loaded: Option<Arc<Policies>>,
    ) {
        let next = View::next(&self.view.load(), facts, changes, loaded);
        self.replace(next);
    }

    /// Publishes facts of which it is not known how they came to be.
    pub(crate) fn publish_afresh(&self, facts: Snapshot) {
        let next = View::of(facts, Some(&self.view.load()));
        self.replace(next);
    }

    /// The newest facts and policies.
    pub(crate) fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// The policies that are enforced now.
    pub(crate) fn policies(&self) -> Arc<Policies> {
        self.view.load().policies.clone()
    }

    fn replace(&self, view: View) {
        for fault in view.policy_faults.iter() {
            tracing::error!(%fault, "the policies cannot be loaded; the last good set stays in force");
        }
        let epoch = view.facts.epoch;
        self.view.store(Arc::new(view));
        self.cores.wake(epoch);
    }
}

/// The answer to a question of the control plane, recorded and synced.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its id, for the change that it lets happen.
    pub id: DecisionId,
    /// The judgement.
    pub judgement: Arc<Judgement>,
}

impl Asked {
    /// Whether it is a yes.
    pub fn is_allow(&self) -> bool {
        self.judgement.is_allow()
    }
}

impl Engine {
    /// Starts the administrator on a store whose facts have been loaded.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        store: Box<dyn Store>,
        loaded: Loaded,
        clock: Clock,
        control: ControlRecorder,
    ) -> std::io::Result<Self> {
        let (requests, receiver) = mpsc::channel();
        let view = View::of(loaded.facts, None);
        for fault in view.policy_faults.iter() {
            tracing::error!(%fault, "the stored policies cannot be loaded: everything is denied");
        }
        let shared = Arc::new(Shared {
            cores: Arc::new(Cores::new(view.facts.epoch)),
            view: ArcSwap::from_pointee(view),
            judge: Mutex::new(Judge::new(clock.clone())),
            recording: Recording::new(control),
            clock,
            reader: store.reader(),
            requests,
            remedies: Remembered::default(),
            asked: Default::default(),
            unwritten: Seldom::default(),
            trial: Semaphore::new(TRIALS_AT_ONCE),
            thread: Mutex::default(),
        });
        let handle = administrator::start(shared.clone(), store, receiver)?;
        *shared.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        Ok(Self {
            shared,
            is_on_trial: false,
        })
    }

    /// The same, but changing nothing: every change is looked at as if it were its turn, beside the
    /// administrator, and refused in the end, with [`Refused::Tried`] where nothing else refuses it.
    #[must_use]
    pub fn on_trial(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            is_on_trial: true,
        }
    }

    /// The newest facts and policies. One atomic load.
    pub fn view(&self) -> Arc<View> {
        self.shared.view.load_full()
    }

    /// The clock that decisions are made by.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Blocking look-ups of what is not among the facts, for control threads.
    pub fn reader(&self) -> &Reader {
        &self.shared.reader
    }

    /// Changes facts. Returns once the change is in force on this node ([`Acknowledged`]).
    ///
    /// # Errors
    /// When it does not fit, the store or the ledger fails, or Gatewright is stopping.
    pub async fn commit(&self, commit: Commit) -> Result<Acknowledged, CommitError> {
        self.propose(move |_| Ok(commit)).await
    }

    /// Changes facts by a proposal that sees them as they are when its turn comes.
    ///
    /// # Errors
    /// As [`Engine::commit`], and when the proposal declines.
    pub async fn propose(
        &self,
        propose: impl FnOnce(&Snapshot) -> Result<Commit, Refused> + Send + 'static,
    ) -> Result<Acknowledged, CommitError> {
        if self.is_on_trial {
            return Err(self.tried(Box::new(propose)).await);
        }
        let (reply, answer) = oneshot::channel();
        let pending = Pending {
            propose: Box::new(propose),
            reply,
        };
        self.send(Request::Commit(pending))?;
        let published = answer.await.map_err(|_| CommitError::Stopped)??;
        let reached =
            tokio::time::timeout(CORES_PATIENCE, self.shared.cores.reach(published.epoch)).await;
        if reached.is_err() {
            tracing::error!(epoch = %published.epoch, "a traffic thread is stuck: it has not followed a change");
        }
        Ok(Acknowledged {
            epoch: published.epoch,
            taken: published.taken,
        })
    }

    async fn tried(&self, propose: Propose) -> CommitError {
        let Ok(_turn) = self.shared.trial.acquire().await else {
            return CommitError::Stopped;
        };
        let shared = self.shared.clone();
        let trying = tokio::task::spawn_blocking(move || administrator::tried(&shared, propose));
        match trying.await {
            Ok(refused) => CommitError::Refused(refused),
            Err(_) => CommitError::Stopped,
        }
    }

    fn send(&self, request: Request) -> Result<(), CommitError> {
        self.shared
            .requests
            .send(request)
            .map_err(|_| CommitError::Stopped)
    }

    /// Saves what is not a fact: last uses, the clock's high-water mark, heads of logs.
    ///
    /// # Errors
    /// When the store fails or Gatewright is stopping.
    pub async fn save(&self, notes: Notes) -> Result<(), CommitError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Save(notes, reply))?;
        answer
            .await
            .map_err(|_| CommitError::Stopped)?
            .map_err(CommitError::Store)
    }

    /// Has the store forget what expired.
    ///
    /// # Errors
    /// When Gatewright is stopping.
    pub fn sweep(&self) -> Result<(), CommitError> {
        self.send(Request::Sweep(self.clock().now()))
    }

    /// Commits what waits, then ends the administrator; later changes are refused.
    /// Blocks until it has ended.
    pub fn stop(&self) {
        let _ = self.send(Request::Stop);
        let handle = self
            .shared
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(handle) = handle
            && handle.join().is_err()
        {
            tracing::error!("the administrator's thread had panicked");
        }
    }

    /// Has a core follow: from now on, commits wait for it.
    pub fn attach(&self) -> Follower {
        self.shared.cores.attach()
    }

    /// Waits until this node's view is at an epoch or later; false when it takes too long.
    pub async fn wait_for(&self, epoch: Epoch, at_most: Duration) -> bool {
        let mut moved = self.shared.cores.watch();
        let arrived = async {
            while self.view().facts.epoch < epoch {
                if moved.changed().await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(at_most, arrived)
            .await
            .unwrap_or(false)
    }

    /// Waits until the clock reaches an instant.
    pub async fn reach(&self, instant: Timestamp) {
        loop {
            let left = instant.since(self.clock().now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_NAP)).await;
        }
    }

    /// Asks a question of the control plane: judged now, recorded and synced before it is
    /// answered. What cannot be recorded is denied.
    pub async fn ask(&self, circumstances: &Circumstances) -> Asked {
        let asked = self.answer(circumstances).await;
        let [allowed, denied] = &self.shared.asked;
        let outcome = if asked.is_allow() { allowed } else { denied };
        outcome.fetch_add(1, Ordering::Relaxed);
        asked
    }

    /// How many questions of the control plane were allowed so far, and how many were not.
    pub fn asked(&self) -> (u64, u64) {
        let [allowed, denied] = &self.shared.asked;
        (
            allowed.load(Ordering::Relaxed),
            denied.load(Ordering::Relaxed),
        )
    }

    async fn answer(&self, circumstances: &Circumstances) -> Asked {
        let began = Instant::now();
        let judgement = self.judge(circumstances);
        let id = DecisionId::from_bits(random::bits());
        let latency = began.elapsed().as_nanos();
        let record = QuestionRecord {
            decision: id,
            judgement: JudgementRecord {
                time: self.clock().now(), // a reused judgement is older than the question
                ..judgement_record(&judgement, None)
            },
            latency_ns: u32::try_from(latency).unwrap_or(u32::MAX),
        };
        let urgent = self.view().is_break_glass(circumstances.session);
        match self.shared.recording.question(&record, urgent).await {
            Ok(()) => Asked { id, judgement },
            Err(fault) => {
                if let Some(kept_back) = self.shared.unwritten.due() {
                    tracing::error!(%fault, kept_back, "a question is denied since it cannot be recorded");
                }
                Asked {
                    id,
                    judgement: Arc::new(judgement.unrecorded()),
                }
            }
        }
    }

    /// What the answer would be, without asking: for pages that offer only what would be allowed.
    pub fn preview(&self, circumstances: &Circumstances) -> Decision {
        self.judge(circumstances).decision.clone()
    }

    /// Judges on the control plane's own judge. Not for traffic threads.
    pub fn judge(&self, circumstances: &Circumstances) -> Arc<Judgement> {
        let view = self.view();
        let now = self.clock().now();
        let mut judge = self
            .shared
            .judge
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        judge.judge(&view, circumstances, now)
    }

    /// Records something that changed no fact, such as a refused sign-in, synced. What is
    /// personal about it goes beside the record, where it can be removed.
    pub async fn note(
        &self,
        actor: Actor,
        session: Option<SessionId>,
        what: impl Into<Arc<str>>,
        personal: &Personal<'_>,
    ) {
        let record = ChangeRecord {
            time: self.clock().now(),
            epoch: self.view().facts.epoch,
            actor,
            session,
            decision: None,
            what: what.into(),
            changes: Vec::new(),
        };
        let recorded = self.shared.recording.event(&record, personal).await;
        if let Err(fault) = recorded
            && let Some(kept_back) = self.shared.unwritten.due()
        {
            tracing::error!(%fault, what = &*record.what, kept_back, "an event could not be recorded");
        }
    }

    /// The smallest changes that would open what these circumstances are refused, searched on
    /// a control thread and remembered while what it read stands.
    pub async fn remedies(&self, circumstances: &Circumstances) -> Arc<Remedies> {
        let may_enrol = self.may_enrol(circumstances);
        self.shared
            .remedies
            .of(self.view(), circumstances, may_enrol, self.clock().now())
            .await
    }

    /// Whether policy lets this session add a factor to its own person.
    fn may_enrol(&self, circumstances: &Circumstances) -> bool {
        let gw_model::Principal::User(user) = circumstances.principal else {
            return false;
        };
        let question = Circumstances {
            action: Action::FactorEnrol,
            resource: Arc::new(Resource::User(user)),
            http: None,
            factor: Some(FactorKind::Passkey),
            ..circumstances.clone()
        };
        self.preview(&question).outcome.is_allow()
    }
}

/// A judgement as the ledger tells it.
pub fn judgement_record(judgement: &Judgement, remedies: Option<Remedies>) -> JudgementRecord {
    JudgementRecord {
        judgement: judgement.id,
        time: judgement.made_at,
        epoch: judgement.epoch,
        principal: judgement.principal,
        session: judgement.session,
        device: None,
        action: judgement.action,
        resource: (*judgement.resource).clone(),
        decision: judgement.decision.clone(),
        grounds: judgement
            .grounds
            .named()
            .into_iter()
            .map(|(fact, version)| Ground {
                fact: Arc::from(fact),
                version,
            })
            .collect(),
        attributes: judgement
            .values()
            .into_iter()
            .filter_map(|(path, value)| {
                Some(MentionedAttribute::new(Attribute::from_path(path)?, value))
            })
            .collect(),
        remedies,
    }
}
