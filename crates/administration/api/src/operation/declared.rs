//! Declared state: plan, apply, drift, export.

use std::{collections::HashMap, sync::Arc, time::Duration};

use gw_engine::{View, random};
use gw_leases::OpenLease;
use gw_model::{Change, Epoch, GroupName, PolicyFile, Snapshot, Timestamp, UserId};
use gw_store::{Refused, StoreError};

use super::{Call, Reply};
use crate::{
    compare,
    declared::{Declared, Names, Planned, exported, planned},
    heavy::Patience,
    policies,
    types::{
        ApplyDeclared, Comparison, DeclaredApplied, DeclaredFiles, Drift, ExportedFiles, Plan,
        PlannedChange, Problem,
    },
};

mod last;

use last::Last;

/// How long applying waits for an engine that is behind the store.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ids for people who are to be added, the same for each of them whenever they are asked for.
fn ids() -> impl FnMut(&str) -> UserId {
    let mut given: HashMap<String, UserId> = HashMap::new();
    move |name| {
        *given
            .entry(name.to_owned())
            .or_insert_with(|| UserId::from_bits(random::bits()))
    }
}

pub(super) async fn plan(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: DeclaredFiles = call.body()?;
    policies::within_bounds(&asked.files)?;
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let configured = (call.parts.configured_groups)();
    let open = call.parts.desk.list().await;
    let looked = move |patience: &Patience| {
        let wanted = match Declared::read(&asked.files) {
            Ok(wanted) => wanted,
            Err(faults) => {
                return Plan {
                    faults,
                    ..Plan::default()
                };
            }
        };
        let plan = planned(&wanted, &view.facts, &configured, asked.prune, &mut ids());
        shown(plan, &view, &open, now, patience)
    };
    Reply::json(&call.computed(looked).await?)
}

fn shown(
    mut plan: Planned,
    view: &View,
    open: &[OpenLease],
    now: Timestamp,
    patience: &Patience,
) -> Plan {
    let name = plan.name(&view.facts);
    let changes = view.facts.expand(std::mem::take(&mut plan.changes), now);
    let would_be = match view.facts.apply(next(view.facts.epoch), &changes) {
        Ok(would_be) => Some(would_be),
        Err(fault) => {
            plan.faults.push(fault.to_string());
            None
        }
    };
    Plan {
        over: name,
        comparison: would_be
            .filter(|_| plan.faults.is_empty())
            .map(|facts| compared(view, &facts, &plan, open, now, patience))
            .unwrap_or_default(),
        faults: plan.faults,
        changes: plan.told,
        undeclared: plan.undeclared,
    }
}

fn compared(
    view: &View,
    facts: &Snapshot,
    plan: &Planned,
    open: &[OpenLease],
    now: Timestamp,
    patience: &Patience,
) -> Comparison {
    let present = &view.facts;
    let (policies, files) = match &plan.policies {
        Some(checked) => (&*checked.policies, &*checked.files),
        None => (&*view.policies, &*present.policies().files),
    };
    let old = view.policy_faults.is_empty().then_some(&*view.policies);
    let states = (present, facts);
    let comparison = compare::compare(old, policies, files, states, now, patience);
    policies::with_cuts(comparison, policies, facts, open, now, patience)
}

const fn next(epoch: Epoch) -> Epoch {
    Epoch {
        number: epoch.number.saturating_add(1),
        ..epoch
    }
}

pub(super) async fn apply(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: ApplyDeclared = call.body()?;
    policies::within_bounds(&asked.files)?;
    let read = asked.files.clone();
    let wanted = call.computed(move |_| Declared::read(&read)).await?;
    let wanted = wanted.map_err(|faults| Problem {
        faults,
        ..Problem::invalid("the files have faults; nothing was applied").field("files")
    })?;
    let configured = (call.parts.configured_groups)();
    let names = Names::declared(&wanted);
    let commit = call.commit("declared state applied");
    let (told, count) = tokio::sync::oneshot::channel();
    let propose = move |facts: &Snapshot| {
        let plan = planned(&wanted, facts, &configured, asked.prune, &mut ids());
        refuse_faults(&plan, facts, asked.over.as_deref())?;
        // Who asked may be gone.
        let _ = told.send(plan.told.len());
        let files: Arc<[PolicyFile]> = asked.files.into();
        let is_new = facts.declared().files != files;
        let mut commit = plan
            .changes
            .into_iter()
            .fold(commit, gw_engine::Commit::change);
        if is_new {
            commit = commit.change(Change::DeclaredPut(files));
        }
        Ok(match plan.policies {
            Some(checked) => commit.loaded(checked.policies),
            None => commit,
        })
    };
    let done = call.engine().propose(propose).await?;
    call.engine().wait_for(done.epoch, PATIENCE).await;
    let version = call.engine().view().facts.declared().version;
    if version == done.epoch.number {
        call.declared_names.note(version, names);
    }
    Reply::json(&DeclaredApplied {
        epoch: done.epoch,
        changes: count.await.unwrap_or_default(),
    })
}

fn refuse_faults(plan: &Planned, facts: &Snapshot, over: Option<&str>) -> Result<(), Refused> {
    if !plan.faults.is_empty() {
        return Err(Refused::Declined(plan.faults.join("; ")));
    }
    match over {
        Some(over) if over != plan.name(facts) => Err(Refused::Stale),
        _ => Ok(()),
    }
}

pub(super) async fn drift(call: &Call<'_>) -> Result<Reply, Problem> {
    let (view, reader) = (call.engine().view(), call.engine().reader().clone());
    let configured: Vec<GroupName> = (call.parts.configured_groups)();
    let looked = move |_: &Patience| {
        let files = &view.facts.declared().files;
        if files.is_empty() {
            return Ok(Drift::default());
        }
        let last = Last::read(&*reader)?;
        let wanted = Declared::read(files).unwrap_or_default();
        let plan = planned(&wanted, &view.facts, &configured, false, &mut ids());
        let drifted = |changes: Vec<PlannedChange>| {
            let of = |change| last.of(change, &view.facts);
            changes.into_iter().map(of).collect()
        };
        let declared = last.declared(&view.facts);
        Ok::<_, StoreError>(Drift {
            declared: true,
            at: declared.as_ref().map(|last| last.at),
            by: declared.map(|last| last.by),
            changes: drifted(plan.told),
            undeclared: drifted(plan.undeclared),
        })
    };
    Reply::json(&call.computed(looked).await??)
}

pub(super) fn export(call: &Call<'_>) -> Result<Reply, Problem> {
    let configured = (call.parts.configured_groups)();
    Reply::json(&ExportedFiles {
        files: exported(&call.engine().view().facts, &configured),
    })
}
