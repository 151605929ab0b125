//! Replacing the policies, from a folder or by an earlier set: compared first, applied whole.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use gw_engine::{Acknowledged, Commit, CommitError, Engine};
use gw_leases::OpenLease;
use gw_model::{Change, Epoch, PolicyFile, Principal, Snapshot, Timestamp};
use gw_policy::Policies;
use gw_store::Refused;

use crate::{
    compare::{self, NAMES_MAX},
    types::{Comparison, WouldCut},
};

/// How long applying waits for an engine that is behind the store.
const PATIENCE: Duration = Duration::from_secs(5);

/// A set of policies that is whole and without faults.
#[derive(Debug, Clone)]
pub struct Checked {
    pub(crate) files: Arc<[PolicyFile]>,
    pub(crate) policies: Arc<Policies>,
}

/// Checks a set of policies.
///
/// # Errors
/// Everything that is wrong with it, a line each.
pub fn check(mut files: Vec<PolicyFile>) -> Result<Checked, Vec<String>> {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let twice = files.array_windows().find(|[a, b]| a.name == b.name);
    if let Some([file, _]) = twice {
        return Err(vec![format!("the file `{}` is there twice", file.name)]);
    }
    match gw_policy::load(&files) {
        Ok(policies) => Ok(Checked {
            files: files.into(),
            policies: Arc::new(policies),
        }),
        Err(faults) => Err(faults.iter().map(ToString::to_string).collect()),
    }
}

/// What applying a checked set would change, with who gains and who loses. Takes up to some
/// seconds of computing, on a control thread.
pub async fn compared(engine: &Engine, new: &Checked) -> Comparison {
    let (view, new, now) = (engine.view(), new.clone(), engine.clock().now());
    let compute = move || {
        let old = view.policy_faults.is_empty().then_some(&*view.policies);
        compare::compare(
            old,
            &new.policies,
            &new.files,
            (&view.facts, &view.facts),
            now,
        )
    };
    match tokio::task::spawn_blocking(compute).await {
        Ok(comparison) => comparison,
        Err(_) => Comparison {
            faults: vec!["the comparison failed".into()],
            ..Comparison::default()
        },
    }
}

/// What of these is open and would be cut, were a checked set applied.
pub(crate) async fn would_cut(engine: &Engine, new: &Checked, open: Vec<OpenLease>) -> WouldCut {
    let (view, new, now) = (engine.view(), new.clone(), engine.clock().now());
    let compute = move || cut_by(&new.policies, &view.facts, &open, now);
    tokio::task::spawn_blocking(compute)
        .await
        .unwrap_or_default()
}

/// What of these would be cut under these policies and facts.
pub(crate) fn cut_by(
    policies: &Policies,
    facts: &Snapshot,
    open: &[OpenLease],
    now: Timestamp,
) -> WouldCut {
    let (mut cut, mut people) = (WouldCut::default(), BTreeSet::new());
    for lease in open {
        let circumstances = &lease.circumstances;
        let is_over = circumstances.session.is_some_and(|id| {
            facts
                .session(id)
                .is_none_or(|session| session.over(now).is_some())
        });
        let allows = |request: &gw_model::AccessRequest<'_>| {
            policies.decide(facts, request, now).outcome.is_allow()
        };
        if !is_over && circumstances.with_request(facts, allows) {
            continue;
        }
        cut.leases += 1;
        if let Principal::User(id) = circumstances.principal {
            people.insert(
                facts
                    .user(id)
                    .map_or_else(|| id.to_string().into(), |u| u.name.clone()),
            );
        }
    }
    cut.people = people.len();
    cut.who = people.into_iter().take(NAMES_MAX).collect();
    cut
}

/// Which policies and files a checked set adds, changes and takes away; quick.
pub fn differences(engine: &Engine, new: &Checked) -> Comparison {
    let view = engine.view();
    let old = view.policy_faults.is_empty().then_some(&*view.policies);
    compare::named_differences(old, &new.policies, &new.files, &view.facts)
}

/// Applies a checked set. `over` is the version that it was compared with: where the policies
/// have changed since, it is refused.
///
/// # Errors
/// When they have changed, when nobody could administer any more, or when it cannot be committed.
pub async fn apply(
    engine: &Engine,
    new: Checked,
    over: Option<u64>,
    commit: Commit,
) -> Result<Acknowledged, CommitError> {
    let propose = move |facts: &gw_model::Snapshot| {
        if over.is_some_and(|over| over != facts.policies().version) {
            return Err(Refused::Declined(
                "the policies were changed by somebody else meanwhile: compare again".into(),
            ));
        }
        Ok(commit
            .change(Change::PoliciesApplied(new.files))
            .loaded(new.policies))
    };
    let done = engine.propose(propose).await?;
    engine.wait_for(done.epoch, PATIENCE).await;
    Ok(done)
}

/// The files of the set that was applied at an epoch, if it is kept.
///
/// # Errors
/// When the store cannot be read.
pub async fn applied_at(
    engine: &Engine,
    epoch: Epoch,
) -> Result<Option<Vec<PolicyFile>>, gw_store::StoreError> {
    let history = history(engine).await?;
    let found = history.into_iter().find(|revision| revision.epoch == epoch);
    Ok(found.map(|revision| revision.files.to_vec()))
}

/// Every set that was applied, newest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn history(
    engine: &Engine,
) -> Result<Vec<gw_store::PolicyRevision>, gw_store::StoreError> {
    let reader = engine.reader().clone();
    match tokio::task::spawn_blocking(move || reader.policy_history()).await {
        Ok(history) => history,
        Err(_) => Ok(Vec::new()),
    }
}
