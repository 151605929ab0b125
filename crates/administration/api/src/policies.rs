//! Replacing the policies, from a folder or by an earlier set: compared first, applied whole.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use gw_engine::{Acknowledged, Commit, CommitError, Engine, View};
use gw_leases::OpenLease;
use gw_model::{Change, PolicyFile, Principal, Snapshot, Timestamp};
use gw_policy::Policies;
use gw_store::Refused;

use crate::{
    compare::{self, NAMES_MAX},
    heavy::Patience,
    types::{Comparison, Problem, WouldCut},
};

/// How long applying waits for an engine that is behind the store.
const PATIENCE: Duration = Duration::from_secs(5);

/// Policies that are looked at: how long they may be together.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Files that are looked at.
const FILES_MAX: usize = 1_000;

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

/// Refuses more text than is looked at: reading policies takes some fifty times their size for
/// a moment.
pub(crate) fn within_bounds(files: &[PolicyFile]) -> Result<(), Problem> {
    let is_policy = |file: &&PolicyFile| file.name.ends_with(".cedar");
    let text: usize = files.iter().filter(is_policy).map(|f| f.text.len()).sum();
    let detail = match (files.len() > FILES_MAX, text > TEXT_BYTES_MAX) {
        (true, _) => format!("there are more than {FILES_MAX} files"),
        (_, true) => format!(
            "the policies are longer than {} MiB together",
            TEXT_BYTES_MAX / 1024 / 1024
        ),
        _ => return Ok(()),
    };
    Err(Problem::invalid(detail).field("files"))
}

/// What applying a checked set would change, with who gains and who loses and what of these would
/// be cut. Takes up to some seconds of computing.
pub(crate) fn compared(
    view: &View,
    new: &Checked,
    open: &[OpenLease],
    now: Timestamp,
    patience: &Patience,
) -> Comparison {
    let old = view.policy_faults.is_empty().then_some(&*view.policies);
    let states = (&view.facts, &view.facts);
    let comparison = compare::compare(old, &new.policies, &new.files, states, now, patience);
    with_cuts(comparison, &new.policies, &view.facts, open, now, patience)
}

/// A comparison with what of these would be cut under these policies and facts.
pub(crate) fn with_cuts(
    mut comparison: Comparison,
    policies: &Policies,
    facts: &Snapshot,
    open: &[OpenLease],
    now: Timestamp,
    patience: &Patience,
) -> Comparison {
    let (mut cut, mut people) = (WouldCut::default(), BTreeSet::new());
    for lease in open {
        if patience.is_over() {
            comparison.incomplete = true;
            break;
        }
        if stays(lease, policies, facts, now) {
            continue;
        }
        cut.leases += 1;
        if let Principal::User(id) = lease.circumstances.principal {
            people.insert(
                facts
                    .user(id)
                    .map_or_else(|| id.to_string().into(), |u| u.name.clone()),
            );
        }
    }
    cut.people = people.len();
    cut.who = people.into_iter().take(NAMES_MAX).collect();
    comparison.cut = cut;
    comparison
}

fn stays(lease: &OpenLease, policies: &Policies, facts: &Snapshot, now: Timestamp) -> bool {
    let circumstances = &lease.circumstances;
    let is_over = circumstances.session.is_some_and(|id| {
        facts
            .session(id)
            .is_none_or(|session| session.over(now).is_some())
    });
    let allows = |request: &gw_model::AccessRequest<'_>| {
        policies.decide(facts, request, now).outcome.is_allow()
    };
    !is_over && circumstances.with_request(facts, allows)
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
