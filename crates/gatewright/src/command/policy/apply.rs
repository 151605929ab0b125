//! Replacing the policies of a running Gatewright: shown first, then done.

use std::{path::Path, process::ExitCode};

use gw_api::{
    Client,
    types::{
        ApplyPolicies, Comparison, Difference, Done as Applied, Listing, RevisionView, Rollback,
    },
};
use gw_model::{Epoch, PolicyId};
use http::Method;
use serde::Serialize;

use crate::{
    clock::now,
    command::{Done, FOUND, Failure, Shell, converse, policy_files},
    output::{Cell, Chip, Output, Table},
};

/// Names that a line lists before it counts.
const NAMES_SHOWN: usize = 8;

pub(super) fn apply(shell: &Shell, folder: &Path, yes: bool) -> Done {
    let files = policy_files(folder)?;
    if files.is_empty() {
        let what = format!("there is no *.cedar file in `{}`", folder.display());
        return Err(Failure::refused(what));
    }
    let ask = Ask {
        compare: "/v1/policies/compare",
        apply: "/v1/policies",
        yes,
    };
    ask.run(shell, |over| ApplyPolicies {
        files: files.clone(),
        over,
    })
}

pub(super) fn rollback(shell: &Shell, epoch: Epoch, yes: bool) -> Done {
    let ask = Ask {
        compare: "/v1/policies/rollback/compare",
        apply: "/v1/policies/rollback",
        yes,
    };
    ask.run(shell, |over| Rollback { epoch, over })
}

/// Compare, show, ask, apply: the same for a folder and for an earlier set.
struct Ask {
    compare: &'static str,
    apply: &'static str,
    yes: bool,
}

impl Ask {
    fn run<B: Serialize>(&self, shell: &Shell, body: impl Fn(Option<u64>) -> B) -> Done {
        let client = shell.client()?;
        let comparison: Comparison = send(&client, self.compare, &body(None))?;
        let output = shell.output;
        if output.json && !(self.yes && comparison.faults.is_empty()) {
            output.json(&comparison)?;
            return Ok(FOUND);
        }
        if !comparison.faults.is_empty() {
            for fault in &comparison.faults {
                output.line(gw_ledger::escape(fault))?;
            }
            output.line(Chip::Deny.words("nothing was applied"))?;
            return Ok(FOUND);
        }
        if !output.json {
            shown(output, &comparison)?;
        }
        if comparison.is_empty() {
            if output.json {
                output.json(&comparison)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        if !self.yes && !shell.agreed_to_apply()? {
            output.line("nothing was applied")?;
            return Ok(FOUND);
        }
        let done: Applied = send(&client, self.apply, &body(Some(comparison.over)))?;
        output.either(&done, || {
            output.line(Chip::Allow.words(&format!("applied, in force from epoch {}", done.epoch)))
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn send<T: serde::de::DeserializeOwned>(
    client: &Client,
    path: &str,
    body: &impl Serialize,
) -> Result<T, Failure> {
    converse(async { Ok(client.send(Method::POST, path, body).await?) })
}

pub(crate) fn shown(output: Output, comparison: &Comparison) -> std::io::Result<()> {
    if comparison.is_empty() {
        return output.line("these are the policies in force; nothing to apply");
    }
    ids(output, "new", &comparison.added)?;
    ids(output, "gone", &comparison.removed)?;
    for file in &comparison.files_removed {
        output.line(format!("gone    the file {}", gw_ledger::escape(file)))?;
    }
    for file in &comparison.files_changed {
        output.line(format!("changed the file {}", gw_ledger::escape(file)))?;
    }
    people(output, comparison)
}

/// What a change does to people, and to what is open.
pub(crate) fn people(output: Output, comparison: &Comparison) -> std::io::Result<()> {
    for warning in &comparison.warnings {
        output.line(Chip::Step.words(&gw_ledger::escape(warning)))?;
    }
    differences(output, Chip::Step, "gain", &comparison.gains)?;
    differences(output, Chip::Deny, "lose", &comparison.losses)?;
    let cut = &comparison.cut;
    if cut.leases > 0 {
        let words = format!(
            "{} that are open would be cut, of {} people",
            cut.leases, cut.people
        );
        output.line(Chip::Deny.words(&words))?;
    }
    if comparison.gains.is_empty() && comparison.losses.is_empty() {
        output.line("nobody gains or loses anything, as far as this compares")?;
    }
    output.line("compared as if everybody had signed in just now, on this machine")?;
    if comparison.incomplete {
        output.line(Chip::Step.words("too many people and routes: only a part was compared"))?;
    }
    Ok(())
}

fn ids(output: Output, word: &str, ids: &[PolicyId]) -> std::io::Result<()> {
    for id in ids {
        output.line(format!("{word:7} {}", gw_ledger::escape(&id.to_string())))?;
    }
    Ok(())
}

fn differences(
    output: Output,
    chip: Chip,
    verb: &str,
    differences: &[Difference],
) -> std::io::Result<()> {
    for difference in differences {
        let mut names: Vec<_> = difference.who.iter().take(NAMES_SHOWN).cloned().collect();
        let more = difference.people.saturating_sub(names.len());
        if more > 0 {
            names.push(format!("{more} more").into());
        }
        let words = format!(
            "{verb} {} (with {}): {}",
            difference.what,
            difference.proof,
            names.join(", ")
        );
        output.line(chip.words(&words))?;
    }
    Ok(())
}

pub(super) fn history(shell: &Shell) -> Done {
    let client = shell.client()?;
    let history: Listing<RevisionView> =
        converse(async { Ok(client.call(Method::GET, "/v1/policies/history").await?) })?;
    shell.output.either(&history, || {
        let now = now();
        let mut table = Table::new(&["epoch", "applied", "by", "files", ""]);
        for revision in &history.items {
            table.row([
                Cell::text(revision.epoch.to_string()),
                Cell::time(revision.at, now),
                Cell::text(by(revision)),
                Cell::text(revision.files.join(", ")),
                match revision.newest {
                    true => Cell::chip(Chip::Allow, "newest"),
                    false => Cell::text(""),
                },
            ]);
        }
        shell.output.table(&table)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Who applied it, and who proposed it where that was somebody else.
fn by(revision: &RevisionView) -> String {
    match &revision.proposed_by {
        Some(proposer) => format!("{}, proposed by {proposer}", revision.by),
        None => revision.by.clone(),
    }
}
