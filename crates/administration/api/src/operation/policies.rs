//! Policies: compare, apply, history, go back.

use gw_model::{Epoch, PolicyFile};

use super::{Call, Reply};
use crate::{
    policies::{self, Checked},
    types::{ApplyPolicies, Comparison, Done, Listing, Problem, RevisionView, Rollback},
};

pub(super) async fn history(call: &Call<'_>) -> Result<Reply, Problem> {
    let history = policies::history(&call.parts.engine).await?;
    let newest = history.first().map(|revision| revision.epoch);
    let shown = |revision: gw_store::PolicyRevision| RevisionView {
        epoch: revision.epoch,
        at: revision.at,
        by: revision.actor.to_string(),
        files: revision
            .files
            .iter()
            .map(|file| file.name.clone())
            .collect(),
        newest: newest == Some(revision.epoch),
    };
    Reply::json(&Listing {
        items: history.into_iter().map(shown).collect(),
    })
}

pub(super) async fn compare(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: ApplyPolicies = call.body()?;
    compared(call, asked.files).await
}

pub(super) async fn compare_rollback(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: Rollback = call.body()?;
    let files = applied_at(call, asked.epoch).await?;
    compared(call, files).await
}

/// Faults are an answer of a comparison, not a failure of it.
async fn compared(call: &Call<'_>, files: Vec<PolicyFile>) -> Result<Reply, Problem> {
    let comparison = match policies::check(files) {
        Ok(checked) => policies::compared(&call.parts.engine, &checked).await,
        Err(faults) => Comparison {
            faults,
            ..Comparison::default()
        },
    };
    Reply::json(&comparison)
}

pub(super) async fn apply(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: ApplyPolicies = call.body()?;
    let checked = checked(asked.files)?;
    applied(call, checked, asked.over, "policies applied").await
}

pub(super) async fn rollback(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: Rollback = call.body()?;
    let checked = checked(applied_at(call, asked.epoch).await?)?;
    applied(call, checked, asked.over, "policies rolled back").await
}

fn checked(files: Vec<PolicyFile>) -> Result<Checked, Problem> {
    policies::check(files).map_err(|faults| Problem {
        faults,
        ..Problem::invalid("the policies have faults; none of them was applied")
    })
}

async fn applied_at(call: &Call<'_>, epoch: Epoch) -> Result<Vec<PolicyFile>, Problem> {
    let found = policies::applied_at(&call.parts.engine, epoch).await?;
    found.ok_or_else(|| {
        Problem::unknown(
            "set of policies that was applied at the epoch",
            &epoch.to_string(),
        )
        .help("`gatewright policy history` shows the epochs")
    })
}

async fn applied(
    call: &Call<'_>,
    checked: Checked,
    over: Option<u64>,
    what: &'static str,
) -> Result<Reply, Problem> {
    let (engine, decision) = (&call.parts.engine, Some(call.decision));
    let done = policies::apply(engine, checked, over, call.actor(), decision, what).await?;
    Reply::json(&Done { epoch: done.epoch })
}
