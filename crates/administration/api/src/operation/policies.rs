//! Policies: show, check, try, compare, apply, history, go back.

use gw_model::{Epoch, PolicyFile};
use gw_policy::{CasesFile, Policies, PolicyFault, PolicyText};
use gw_store::PolicyRevision;

use super::{Call, Reply};
use crate::{
    heavy::Patience,
    policies::{self, Checked},
    recent::actor,
    types::{
        ApplyPolicies, CaseTried, CasesTried, CheckedPolicies, Comparison, Done, Listing,
        PlacedFault, PoliciesView, PolicyFiles, PolicyView, Problem, RevisionDocument,
        RevisionView, Rollback, TryCases,
    },
};

mod explain;

pub(crate) use explain::step;
pub(super) use explain::{explain, moment};

pub(super) fn show(call: &Call<'_>) -> Result<Reply, Problem> {
    let view = call.engine().view();
    let present = view.facts.policies();
    let shown = PoliciesView {
        epoch: view.facts.epoch,
        version: present.version,
        files: present.files.to_vec(),
        policies: view.policies.texts().iter().map(text).collect(),
        warnings: view
            .policies
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect(),
        faults: view.policy_faults.iter().map(ToString::to_string).collect(),
    };
    Ok(Reply::json(&shown)?.at(present.version))
}

fn text(policy: &PolicyText) -> PolicyView {
    PolicyView {
        id: policy.id.clone(),
        file: match policy.built_in {
            true => "gatewright".into(),
            false => policy.file.clone(),
        },
        line: usize::try_from(policy.line).unwrap_or(usize::MAX),
        effect: policy.effect().into(),
        mode: policy.mode().into(),
        description: policy.description.clone(),
        text: policy.text.clone(),
    }
}

fn placed(fault: &PolicyFault) -> PlacedFault {
    let place = |number: u32| usize::try_from(number).ok().filter(|number| *number > 0);
    let what = match &fault.policy {
        Some(policy) => format!("policy `{policy}`: {}", fault.what),
        None => fault.what.clone(),
    };
    PlacedFault {
        file: fault.file.to_string(),
        line: place(fault.line),
        column: place(fault.column),
        what,
        help: Some(fault.help.clone()).filter(|help| !help.is_empty()),
    }
}

/// Faults are an answer of a look, not a failure of it.
pub(super) async fn check(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: PolicyFiles = call.body()?;
    policies::within_bounds(&asked.files)?;
    Reply::json(&call.computed(move |_| looked_at(&asked.files)).await?)
}

fn looked_at(files: &[PolicyFile]) -> CheckedPolicies {
    match gw_policy::load(files) {
        Ok(policies) => CheckedPolicies {
            faults: Vec::new(),
            warnings: policies.warnings().iter().map(placed).collect(),
        },
        Err(faults) => CheckedPolicies {
            faults: faults.iter().map(placed).collect(),
            warnings: Vec::new(),
        },
    }
}

pub(super) async fn test(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: TryCases = call.body()?;
    policies::within_bounds(asked.files.as_deref().unwrap_or_default())?;
    let view = call.engine().view();
    let run = move |patience: &Patience| {
        let cases = match gw_policy::read_cases("cases", &asked.cases) {
            Ok(cases) => cases,
            Err(faults) => return unreadable(&faults),
        };
        let loaded = asked.files.as_deref().map(gw_policy::load).transpose();
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(faults) => return unreadable(&faults),
        };
        let policies = loaded.as_ref().unwrap_or(&view.policies);
        tried(policies, &cases, patience)
    };
    Reply::json(&call.computed(run).await?)
}

fn tried(policies: &Policies, cases: &CasesFile, patience: &Patience) -> CasesTried {
    let mut all = CasesTried {
        cases: Vec::new(),
        faults: Vec::new(),
    };
    let mut trying = gw_policy::run_each_case(policies, cases);
    while let Some(case) = trying.next() {
        all.cases.push(CaseTried {
            ok: case.passed(),
            name: case.name,
            differs: case.misses,
        });
        let left = trying.len();
        if left > 0 && patience.is_over() {
            let fault = format!("they take too long: {left} of them were not tried");
            all.faults.push(fault);
            break;
        }
    }
    all
}

fn unreadable(faults: &[PolicyFault]) -> CasesTried {
    CasesTried {
        cases: Vec::new(),
        faults: faults.iter().map(ToString::to_string).collect(),
    }
}

pub(super) async fn history(call: &Call<'_>) -> Result<Reply, Problem> {
    let history = applied_before(call).await?;
    let newest = history.first().map(|revision| revision.epoch);
    let shown = |revision: PolicyRevision| RevisionView {
        epoch: revision.epoch,
        at: revision.at,
        by: actor(&call.engine().view().facts, &revision.actor),
        proposed_by: proposer(call, &revision),
        files: revision
            .files
            .iter()
            .map(|file| file.name.clone())
            .collect(),
        newest: newest == Some(revision.epoch),
    };
    Reply::json(&Listing::whole(history.into_iter().map(shown).collect()))
}

pub(super) async fn revision(call: &Call<'_>) -> Result<Reply, Problem> {
    let epoch = epoch(call.parameter(0))?;
    let revision = applied_at(call, epoch).await?;
    Reply::json(&RevisionDocument {
        epoch: revision.epoch,
        at: revision.at,
        by: actor(&call.engine().view().facts, &revision.actor),
        proposed_by: proposer(call, &revision),
        files: revision.files.to_vec(),
    })
}

fn proposer(call: &Call<'_>, revision: &PolicyRevision) -> Option<String> {
    let by = revision.proposed_by.as_ref()?;
    Some(actor(&call.engine().view().facts, by))
}

/// `incarnation.number`.
fn epoch(text: &str) -> Result<Epoch, Problem> {
    let parts = text.split_once('.');
    let read = parts.and_then(|(incarnation, number)| {
        Some(Epoch {
            incarnation: incarnation.parse().ok()?,
            number: number.parse().ok()?,
        })
    });
    read.ok_or_else(|| Problem::unknown("epoch", text))
}

fn no_revision(epoch: Epoch) -> Problem {
    let kind = "set of policies that was applied at the epoch";
    Problem::unknown(kind, &epoch.to_string()).help("`gatewright policy history` shows the epochs")
}

pub(super) async fn compare(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: ApplyPolicies = call.body()?;
    policies::within_bounds(&asked.files)?;
    compared(call, asked.files).await
}

pub(super) async fn compare_rollback(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: Rollback = call.body()?;
    let revision = applied_at(call, asked.epoch).await?;
    compared(call, revision.files.to_vec()).await
}

/// Faults are an answer of a comparison, not a failure of it.
async fn compared(call: &Call<'_>, files: Vec<PolicyFile>) -> Result<Reply, Problem> {
    let (view, now) = (call.engine().view(), call.engine().clock().now());
    let open = call.parts.desk.list().await;
    let compare = move |patience: &Patience| match policies::check(files) {
        Ok(checked) => policies::compared(&view, &checked, &open, now, patience),
        Err(faults) => Comparison {
            faults,
            ..Comparison::default()
        },
    };
    Reply::json(&call.computed(compare).await?)
}

pub(super) async fn apply(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: ApplyPolicies = call.body()?;
    policies::within_bounds(&asked.files)?;
    let checked = checked(call, asked.files).await?;
    applied(call, checked, asked.over, "policies applied").await
}

pub(super) async fn rollback(call: &Call<'_>) -> Result<Reply, Problem> {
    let asked: Rollback = call.body()?;
    let revision = applied_at(call, asked.epoch).await?;
    let checked = checked(call, revision.files.to_vec()).await?;
    applied(call, checked, asked.over, "policies rolled back").await
}

async fn checked(call: &Call<'_>, files: Vec<PolicyFile>) -> Result<Checked, Problem> {
    let checked = call.computed(move |_| policies::check(files)).await?;
    checked.map_err(|faults| Problem {
        faults,
        ..Problem::invalid("the policies have faults; none of them was applied").field("files")
    })
}

/// Every set that was applied, newest first.
async fn applied_before(call: &Call<'_>) -> Result<Vec<PolicyRevision>, Problem> {
    let reader = call.engine().reader().clone();
    let history = call.computed(move |_| reader.policy_history()).await?;
    Ok(history?)
}

async fn applied_at(call: &Call<'_>, epoch: Epoch) -> Result<PolicyRevision, Problem> {
    let history = applied_before(call).await?;
    let found = history.into_iter().find(|revision| revision.epoch == epoch);
    found.ok_or_else(|| no_revision(epoch))
}

async fn applied(
    call: &Call<'_>,
    checked: Checked,
    over: Option<u64>,
    what: &'static str,
) -> Result<Reply, Problem> {
    let read = call.precondition.version();
    if over.is_some() && read.is_some() && over != read {
        return Err(Problem::stale());
    }
    let over = over.or(read);
    let done = policies::apply(call.engine(), checked, over, call.commit(what)).await?;
    Reply::json(&Done { epoch: done.epoch })
}
