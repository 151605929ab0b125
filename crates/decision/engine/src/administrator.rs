//! The policy administrator: one thread through which every change of facts goes.
//!
//! It gathers what waits into one durable group, publishes the view after it, wakes the
//! cores, and writes what happened to the ledger. Whoever asked hears back once the cores
//! of this process decide at the new epoch and the record is synced.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use gw_ledger::{ChangeRecord, ChangedFact};
use gw_model::{
    Actor, Change, DecisionId, Epoch, SessionId, SessionKind, Snapshot, Timestamp, UserId,
};
use gw_policy::Policies;
use gw_store::{
    Committed, Effect, Notes, Proposal, Refused, Store, StoreError, Taken, Transaction,
};
use gw_telemetry::Seldom;
use tokio::sync::oneshot;

use crate::engine::Shared;

/// Transactions that one sync may carry.
const GROUP: usize = 256;

/// A change of facts with what goes with it, and how the ledger tells it.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Who makes it.
    pub actor: Actor,
    /// What is done, as a stable phrase: `signed in by passkey`.
    pub what: Arc<str>,
    /// In which session, if one.
    pub session: Option<SessionId>,
    /// The decision that let it happen, if one.
    pub decision: Option<DecisionId>,
    /// What changes. What follows from it is added by itself.
    pub changes: Vec<Change>,
    /// What goes with it and never travels with the facts.
    pub effects: Vec<Effect>,
    /// The policies that it applies, where they are loaded already: to load them here keeps the
    /// changes of others waiting.
    pub policies: Option<Arc<Policies>>,
}

impl Commit {
    /// Nothing yet.
    pub fn new(actor: Actor, what: impl Into<Arc<str>>) -> Self {
        Self {
            actor,
            what: what.into(),
            session: None,
            decision: None,
            changes: Vec::new(),
            effects: Vec::new(),
            policies: None,
        }
    }

    /// With one more change.
    #[must_use]
    pub fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// With one more effect.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// With the policies that it applies, loaded.
    #[must_use]
    pub fn loaded(mut self, policies: Arc<Policies>) -> Self {
        self.policies = Some(policies);
        self
    }

    /// Within a session.
    #[must_use]
    pub fn within(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// Let happen by a decision.
    #[must_use]
    pub const fn allowed_by(mut self, decision: DecisionId) -> Self {
        self.decision = Some(decision);
        self
    }
}

/// A change that is in force: every core of this process decides at its epoch or later, every
/// lease that it ends has been told, and its record is synced. Its reach is this node.
#[derive(Debug)]
pub struct Acknowledged {
    /// Where it stands.
    pub epoch: Epoch,
    /// What its taking effects took, in their order.
    pub taken: Vec<Taken>,
}

/// A change that is not in force.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// It does not fit; nothing of it is kept.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed; it may or may not be kept, and is not in force on this node.
    #[error("the store failed: {0}")]
    Store(Arc<str>),
    /// The ledger takes no records, so nothing was changed.
    #[error("nothing was changed, since it could not be recorded: {0}")]
    Unwritable(Arc<str>),
    /// The facts changed, but the ledger could not take the record.
    #[error("the change is in force, but the ledger could not record it: {0}")]
    Unrecorded(Arc<str>),
    /// Gatewright is stopping.
    #[error("gatewright is stopping")]
    Stopped,
}

/// What the thread is asked.
pub(crate) enum Request {
    Commit(Pending),
    Save(Notes, oneshot::Sender<Result<(), Arc<str>>>),
    Sweep(Timestamp),
    Stop,
}

/// Makes a change from the facts as they are when its turn comes, or declines.
pub(crate) type Propose = Box<dyn FnOnce(&Snapshot) -> Result<Commit, Refused> + Send>;

/// A change with its proposer's end.
pub(crate) struct Pending {
    pub(crate) propose: Propose,
    pub(crate) reply: oneshot::Sender<Result<Published, CommitError>>,
}

/// Committed and published; the cores may still be on their way.
pub(crate) struct Published {
    pub(crate) epoch: Epoch,
    pub(crate) taken: Vec<Taken>,
}

/// Starts the thread; it ends with [`Request::Stop`] or when nobody can ask any more.
pub(crate) fn start(
    shared: Arc<Shared>,
    store: Box<dyn Store>,
    requests: mpsc::Receiver<Request>,
) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new()
        .name("administrator".into())
        .spawn(move || {
            let failures = Seldom::default();
            let administrator = Administrator {
                shared,
                store,
                failures,
            };
            administrator.run(&requests);
        })
}

struct Administrator {
    shared: Arc<Shared>,
    store: Box<dyn Store>,
    failures: Seldom,
}

/// What the ledger will say, learnt when the proposal's turn comes.
struct Telling {
    what: Arc<str>,
    session: Option<SessionId>,
    decision: Option<DecisionId>,
    time: Timestamp,
    urgent: bool,
}

impl Administrator {
    fn run(mut self, requests: &mpsc::Receiver<Request>) {
        while let Ok(first) = requests.recv() {
            let mut group = Vec::new();
            let mut next = Some(first);
            while let Some(request) = next.take() {
                match request {
                    Request::Commit(pending) => group.push(pending),
                    Request::Save(notes, reply) => self.save(&notes, reply),
                    Request::Sweep(now) => self.sweep(now),
                    Request::Stop => {
                        self.commit(std::mem::take(&mut group));
                        return;
                    }
                }
                if group.len() < GROUP {
                    next = requests.try_recv().ok();
                }
            }
            self.commit(group);
        }
    }

    fn save(&mut self, notes: &Notes, reply: oneshot::Sender<Result<(), Arc<str>>>) {
        let saved = self.store.save(notes).map_err(|fault| text(&fault));
        // Nobody may be waiting: saving is lazy.
        let _ = reply.send(saved);
    }

    fn sweep(&mut self, now: Timestamp) {
        if let Err(fault) = self.store.sweep(now) {
            tracing::error!(fault = %text(&fault), "expired one-time values could not be removed");
        }
    }

    fn commit(&mut self, group: Vec<Pending>) {
        if group.is_empty() {
            return;
        }
        let recording = &self.shared.recording;
        let short = recording.ready().err().map(|fault| text(&fault));
        if short.is_some()
            && let Err(fault) = recording.ready_urgently()
        {
            return refuse(group, &CommitError::Unwritable(text(&fault)));
        }
        let now = self.shared.clock.now();
        let tellings: Vec<_> = group
            .iter()
            .map(|_| Arc::new(std::sync::OnceLock::new()))
            .collect();
        let loaded = Loaded::default();
        let mut replies = Vec::with_capacity(group.len());
        let mut proposals: Vec<Proposal<'_>> = Vec::with_capacity(group.len());
        for (pending, telling) in group.into_iter().zip(&tellings) {
            replies.push(pending.reply);
            let turn = Turn {
                shared: self.shared.clone(),
                telling: telling.clone(),
                loaded: loaded.clone(),
                short: short.clone(),
                at: now,
            };
            proposals.push(turn.proposal(pending.propose));
        }
        match self.store.commit(proposals) {
            Ok(results) => self.publish(results, &loaded, &tellings, replies),
            Err(fault) => self.failed(&fault, replies),
        }
    }

    /// Publishes the newest facts, wakes the cores, records, answers.
    fn publish(
        &self,
        results: Vec<Result<Committed, Refused>>,
        loaded: &Loaded,
        tellings: &[Arc<std::sync::OnceLock<Telling>>],
        replies: Vec<oneshot::Sender<Result<Published, CommitError>>>,
    ) {
        if let Some(newest) = results.iter().rev().find_map(|r| r.as_ref().ok()) {
            let committed = results.iter().filter_map(|r| r.as_ref().ok());
            let changes = committed.flat_map(|committed| &committed.changes);
            self.shared
                .publish(newest.facts.clone(), changes, take(loaded));
        }
        for ((result, telling), reply) in results.into_iter().zip(tellings).zip(replies) {
            let answer = result.map_err(refusal).and_then(|committed| {
                self.record(&committed, telling.get())?;
                Ok(Published {
                    epoch: committed.epoch,
                    taken: committed.taken,
                })
            });
            // The asker may have gone; what is committed stays committed.
            let _ = reply.send(answer);
        }
    }

    fn record(&self, committed: &Committed, telling: Option<&Telling>) -> Result<(), CommitError> {
        let Some(telling) = telling else {
            return Ok(());
        };
        let record = ChangeRecord {
            time: telling.time,
            epoch: committed.epoch,
            actor: committed.actor.clone(),
            session: telling.session,
            decision: telling.decision,
            what: telling.what.clone(),
            changes: committed.changes.iter().map(ChangedFact::of).collect(),
        };
        let recorded = self.shared.recording.change(record, telling.urgent);
        recorded.map_err(|fault| {
            tracing::error!(%fault, what = &*telling.what, "a change is in force but not recorded");
            CommitError::Unrecorded(text(&fault))
        })
    }

    /// The store failed: what it holds is read afresh, so that what this node decides by is
    /// what would be read after a restart.
    fn failed(
        &mut self,
        fault: &StoreError,
        replies: Vec<oneshot::Sender<Result<Published, CommitError>>>,
    ) {
        let why = text(fault);
        if let Some(kept_back) = self.failures.due() {
            tracing::error!(fault = %why, kept_back, "the store failed; its facts are read afresh");
        }
        match self.store.load() {
            Ok(loaded) => self.shared.publish_afresh(loaded.facts),
            Err(fault) => tracing::error!(fault = %text(&fault), "the store cannot be read"),
        }
        for reply in replies {
            let _ = reply.send(Err(CommitError::Store(why.clone())));
        }
    }
}

fn refuse(group: Vec<Pending>, why: &CommitError) {
    for pending in group {
        // Nobody may be waiting any more.
        let _ = pending.reply.send(Err(why.clone()));
    }
}

/// What a proposal meets when its turn comes.
struct Turn {
    shared: Arc<Shared>,
    telling: Arc<std::sync::OnceLock<Telling>>,
    loaded: Loaded,
    /// Why the ledger takes only what is urgent, if so.
    short: Option<Arc<str>>,
    at: Timestamp,
}

impl Turn {
    fn proposal<'a>(mut self, propose: Propose) -> Proposal<'a> {
        Box::new(move |facts| {
            let commit = propose(facts)?;
            let urgent = is_urgent(facts, &commit);
            if let Some(why) = self.short.take().filter(|_| !urgent) {
                return Err(Refused::Unrecordable(why));
            }
            check_policies(&commit, &self.loaded)?;
            let changes = facts.expand(commit.changes, self.at);
            // An emergency begins whoever counts from then on: it takes nothing from anybody.
            if !changes.iter().any(begins_emergency) && changes.iter().any(may_lock_out) {
                let after = facts.apply(next(facts.epoch), &changes)?;
                self.nobody_locked_out(facts, &after)?;
                self.witnesses_stay((facts, &after), &commit.actor, commit.session)?;
            }
            let _ = self.telling.set(Telling {
                what: commit.what,
                session: commit.session,
                decision: commit.decision,
                time: self.at,
                urgent,
            });
            Ok(Transaction {
                changes,
                effects: commit.effects,
                actor: commit.actor,
                at: self.at,
                urgent,
            })
        })
    }
}

impl Turn {
    /// A change after which nobody could administer is refused, in whatever way it is made; unless
    /// nobody could before, and it cannot be the one that makes it so. While a sealed way in was
    /// used, root on the machine keeps what it can do, too.
    fn nobody_locked_out(&self, facts: &Snapshot, after: &Snapshot) -> Result<(), Refused> {
        let before = self.shared.policies();
        let brought = take_copy(&self.loaded);
        let applied = brought
            .filter(|policies| policies.is_of(&after.policies().files))
            .unwrap_or_else(|| before.clone());
        let now = self.at;
        if !gw_policy::someone_can_administer(&applied, after, now)
            && gw_policy::someone_can_administer(&before, facts, now)
        {
            return Err(Refused::LockedOut);
        }
        let waits = facts.break_glass().any(|entry| entry.waiting().is_some());
        if waits
            && !gw_policy::the_machine_can_administer(&applied, after, now)
            && gw_policy::the_machine_can_administer(&before, facts, now)
        {
            return Err(Refused::GlassBroken(MACHINE_STAYS));
        }
        Ok(())
    }

    /// While a use of a sealed way in waits, nobody who may owe their rights to it takes from
    /// others what they need to look after it: an owner's passkey, their membership, another way in.
    fn witnesses_stay(
        &self,
        (before, after): (&Snapshot, &Snapshot),
        by: &Actor,
        session: Option<SessionId>,
    ) -> Result<(), Refused> {
        let uses = before.break_glass().filter_map(|entry| entry.waiting());
        for used in uses.filter(|used| !used.precedes(before, by, session)) {
            let is_one = |facts: &Snapshot, user: &UserId| used.has_witness(facts, *user, self.at);
            let mut owners = used.owners.iter();
            let mut sealed = before.break_glass().filter(|entry| entry.is_sealed());
            if owners.any(|user| is_one(before, user) && !is_one(after, user))
                || sealed.any(|entry| after.break_glass_entry(entry.id).is_none())
            {
                return Err(Refused::GlassBroken(WITNESSES_STAY));
            }
        }
        Ok(())
    }
}

/// What would become of a change now: why it is refused, or [`Refused::Tried`] where it fits.
pub(crate) fn tried(shared: &Arc<Shared>, propose: Propose) -> Refused {
    let turn = Turn {
        shared: shared.clone(),
        telling: Arc::default(),
        loaded: Loaded::default(),
        short: None,
        at: shared.clock.now(),
    };
    let view = shared.view();
    let facts = &view.facts;
    let proposed = turn.proposal(propose)(facts);
    let fits = proposed.and_then(|one| Ok(facts.apply(next(facts.epoch), &one.changes)?));
    fits.map_or_else(|refused| refused, |_| Refused::Tried)
}

const fn next(epoch: Epoch) -> Epoch {
    Epoch {
        number: epoch.number.saturating_add(1),
        ..epoch
    }
}

const MACHINE_STAYS: &str = "root on the machine keeps its rights";
const WITNESSES_STAY: &str = "nobody takes from those who were owners before what they need to look after it: their passkeys, their place among the owners, the other sealed ways in";

/// Whether a change can take somebody's rights to administer away.
const fn may_lock_out(change: &Change) -> bool {
    matches!(
        change,
        Change::UserPut(_)
            | Change::UserRemoved(_)
            | Change::GroupPut(_)
            | Change::GroupRemoved(_)
            | Change::AppPut(_)
            | Change::AppRemoved(_)
            | Change::SettingsPut(_)
            | Change::PoliciesApplied(_)
            | Change::BreakGlassRemoved(_)
    )
}

/// Whether it begins an emergency session or is done within one.
fn is_urgent(facts: &Snapshot, commit: &Commit) -> bool {
    let within = commit.session.and_then(|session| facts.session(session));
    within.is_some_and(|session| session.kind == SessionKind::BreakGlass)
        || commit.changes.iter().any(begins_emergency)
}

/// Whether it begins an emergency session.
fn begins_emergency(change: &Change) -> bool {
    matches!(change, Change::SessionStarted(session) if session.kind == SessionKind::BreakGlass)
}

fn refusal(refused: Refused) -> CommitError {
    match refused {
        Refused::Unrecordable(why) => CommitError::Unwritable(why),
        other => CommitError::Refused(other),
    }
}

/// The policies that the last change of a group applies, so that they are loaded once.
type Loaded = Arc<Mutex<Option<Arc<Policies>>>>;

fn take(loaded: &Loaded) -> Option<Arc<Policies>> {
    loaded.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn take_copy(loaded: &Loaded) -> Option<Arc<Policies>> {
    loaded
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Policies that cannot be loaded never become facts.
fn check_policies(commit: &Commit, loaded: &Loaded) -> Result<(), Refused> {
    for change in &commit.changes {
        let Change::PoliciesApplied(files) = change else {
            continue;
        };
        let brought = commit.policies.clone().filter(|p| p.is_of(files));
        let policies = match brought {
            Some(policies) => policies,
            None => Arc::new(gw_policy::load(files).map_err(|faults| {
                let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
                Refused::Declined(faults.join("\n"))
            })?),
        };
        *loaded.lock().unwrap_or_else(PoisonError::into_inner) = Some(policies);
    }
    Ok(())
}

/// A fault with its causes, in one line.
fn text(fault: &dyn std::error::Error) -> Arc<str> {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    Arc::from(text)
}
