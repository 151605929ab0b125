//! One source's request: what it asks policy, and how what it changes comes to be.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use gw_engine::{Circumstances, Commit, CommitError, Engine};
use gw_model::{
    Action, Actor, ApplyError, Change, Client, DecisionId, Principal, ProviderName, Resource,
    Snapshot, Timestamp, UserId,
};
use gw_scim::{ReadFault, WriteFault};
use gw_store::Refused;

use crate::sight::Sight;

/// When it is worth asking again where the store or the ledger cannot be written.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a source's reading rests on one record, while the answer is still the same.
const READS: Duration = Duration::from_secs(60);

/// When a source was last let read, and by which decision.
#[derive(Debug, Default)]
pub(crate) struct LastRead(Mutex<Option<Timestamp>>);

/// Who asks, and of whom.
pub(crate) struct Asking {
    pub(crate) engine: Engine,
    pub(crate) source: ProviderName,
    pub(crate) client: Arc<Client>,
    pub(crate) address: IpAddr,
}

/// What a source may not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotLet(pub(crate) String);

impl Asking {
    /// What the source sees, now or at a change's turn.
    pub(crate) fn sight<'f>(&self, facts: &'f Snapshot) -> Result<Sight<'f>, ReadFault> {
        let now = self.engine.clock().now();
        Sight::of(facts, &self.source, now).ok_or(ReadFault::Unavailable { again_after: AGAIN })
    }

    fn circumstances(&self, action: Action, resource: Resource) -> Circumstances {
        Circumstances {
            principal: Principal::Client(self.client.id),
            session: None,
            rank: 0,
            action,
            resource: Arc::new(resource),
            address: self.address,
            country: None,
            http: None,
            device: None,
            risk: None,
            proposal: None,
            token: None,
            factor: None,
        }
    }

    /// Whether the source may read. What was recorded of that a moment ago need not be again.
    pub(crate) async fn may_read(&self, last: &LastRead) -> Result<(), NotLet> {
        let now = self.engine.clock().now();
        let circumstances = self.circumstances(Action::AdminRead, Resource::System);
        let is_recent = {
            let last = last.0.lock().unwrap_or_else(PoisonError::into_inner);
            last.is_some_and(|at| at <= now && now.since(at) < READS)
        };
        if is_recent && self.engine.judge(&circumstances).is_allow() {
            return Ok(());
        }
        self.ask(Action::AdminRead, Resource::System).await?;
        *last.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        Ok(())
    }

    /// Asks policy, which is recorded before anything is done.
    pub(crate) async fn ask(
        &self,
        action: Action,
        resource: Resource,
    ) -> Result<DecisionId, NotLet> {
        let asked = self.engine.ask(&self.circumstances(action, resource)).await;
        if asked.is_allow() {
            return Ok(asked.id);
        }
        let decision = &asked.judgement.decision;
        let why = match (decision.because.first(), decision.faults.first()) {
            (Some(policy), _) => format!("the policy `{policy}` forbids it"),
            (None, Some(fault)) => format!("it cannot be decided: {}", fault.what),
            (None, None) => "no policy permits it".to_owned(),
        };
        let (source, id) = (&self.source, asked.id);
        Err(NotLet(format!(
            "policy does not let `{source}` do `{action}`: {why} ({id})"
        )))
    }

    /// Whether policy would let it, as a part of what it was let do.
    pub(crate) fn would(&self, action: Action, resource: Resource) -> bool {
        let circumstances = self.circumstances(action, resource);
        self.engine.judge(&circumstances).is_allow()
    }

    /// Whether policy would let the source change somebody, as a part of what it was let do.
    pub(crate) fn may_change(&self, user: UserId) -> Result<(), WriteFault> {
        if self.would(Action::AdminUserChange, Resource::User(user)) {
            return Ok(());
        }
        Err(WriteFault::Denied {
            reason: format!(
                "policy does not let `{}` do `{}` on {user}, who would be changed by this",
                self.source,
                Action::AdminUserChange
            )
            .into(),
        })
    }

    /// Changes facts by a plan that sees them as they are when its turn comes. Where the plan finds
    /// nothing to do, nothing is done.
    pub(crate) async fn commit(
        &self,
        what: &'static str,
        decision: DecisionId,
        plan: impl FnOnce(&Sight<'_>) -> Result<Vec<Change>, WriteFault> + Send + 'static,
    ) -> Result<(), WriteFault> {
        let outcome = Arc::new(OnceLock::new());
        let told = outcome.clone();
        let (source, now) = (self.source.clone(), self.engine.clock().now());
        let commit = Commit::new(Actor::Client(self.client.id), what).allowed_by(decision);
        let propose = move |facts: &Snapshot| {
            let sight = Sight::of(facts, &source, now);
            let sight = sight.ok_or_else(|| Refused::Declined("the source is off".into()))?;
            let decline = |outcome: Result<(), WriteFault>| {
                let why = outcome.as_ref().err().map(ToString::to_string);
                // INVARIANT: a plan is made once.
                let _ = told.set(outcome);
                Refused::Declined(why.unwrap_or_default())
            };
            let changes = plan(&sight).map_err(|fault| decline(Err(fault)))?;
            if changes.is_empty() {
                return Err(decline(Ok(())));
            }
            let mut commit = commit;
            commit.changes = changes;
            Ok(commit)
        };
        match self.engine.propose(propose).await {
            Ok(_) => Ok(()),
            Err(fault) => outcome
                .get()
                .cloned()
                .unwrap_or_else(|| Err(write_fault(fault))),
        }
    }
}

impl From<NotLet> for WriteFault {
    fn from(not_let: NotLet) -> Self {
        Self::Denied {
            reason: not_let.0.into(),
        }
    }
}

fn write_fault(fault: CommitError) -> WriteFault {
    let taken = |attribute| WriteFault::Taken { attribute };
    match fault {
        CommitError::Refused(Refused::Facts(ApplyError::UserNameTaken(_))) => taken("userName"),
        CommitError::Refused(Refused::Facts(ApplyError::IdentityTaken { .. })) => {
            taken("externalId")
        }
        CommitError::Refused(Refused::Stale) => WriteFault::Stale,
        CommitError::Refused(refused @ Refused::Unrecordable(_)) => {
            tracing::error!(%refused, "what is pushed in cannot be recorded");
            WriteFault::Unavailable { again_after: AGAIN }
        }
        CommitError::Refused(refused) => WriteFault::Denied {
            reason: refused.to_string().into(),
        },
        fault => {
            tracing::error!(%fault, "what is pushed in cannot be written");
            WriteFault::Unavailable { again_after: AGAIN }
        }
    }
}
