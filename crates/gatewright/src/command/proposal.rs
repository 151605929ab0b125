//! `gatewright proposal`: changes that one person proposes and another makes.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use gw_api::{
    Client,
    types::{
        Comparison, DeclineProposal, Listing, Plan, ProposalDocument, ProposalView, ProposalWord,
    },
};
use gw_model::Timestamp;
use http::Method;
use serde_json::Value;

use super::{Done, Failure, Shell, converse, declared, policy, segment};
use crate::{
    clock::now,
    output::{Cell, Chip, Output, Table, when},
};

const PATH: &str = "/v1/proposals";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List proposed changes, the newest first.
    List {
        /// Only those in this state.
        #[arg(long, value_name = "STATE")]
        state: Option<State>,
    },
    /// Show a proposed change: what it says, and what it would do to people.
    Show {
        /// Its id.
        id: String,
    },
    /// Approve a change that somebody else proposed, after showing it: it is made.
    Approve {
        /// Its id.
        id: String,
        /// Approve without asking.
        #[arg(short, long)]
        yes: bool,
    },
    /// Decline a change that somebody else proposed.
    Decline {
        /// Its id.
        id: String,
        /// Why, for whoever proposed it.
        #[arg(long, value_name = "REASON")]
        why: String,
    },
    /// Take back a change that you proposed.
    Withdraw {
        /// Its id.
        id: String,
    },
}

/// How a proposed change stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum State {
    Waiting,
    Approved,
    Declined,
    Withdrawn,
    Lapsed,
}

pub(super) fn run(shell: &Shell, command: Command) -> Done {
    match command {
        Command::List { state } => list(shell, state),
        Command::Show { id } => {
            let proposal = shown(shell, &shell.client()?, &id)?;
            if shell.output.json {
                shell.output.json(&proposal)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Approve { id, yes } => approve(shell, &id, yes),
        Command::Decline { id, why } => {
            let path = format!("{PATH}/{}/decline", segment(&id)?);
            let client = shell.client()?;
            let asked = DeclineProposal { why };
            let settled = converse(async { Ok(client.send(Method::POST, &path, &asked).await?) })?;
            told(shell.output, &settled)
        }
        Command::Withdraw { id } => {
            let path = format!("{PATH}/{}", segment(&id)?);
            let client = shell.client()?;
            let settled = converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
            told(shell.output, &settled)
        }
    }
}

/// That a change waits for somebody else.
pub(super) fn waits(output: Output, proposal: &ProposalView) -> std::io::Result<()> {
    output.either(proposal, || {
        let words = format!("proposed as {}: {}", proposal.id, plain(&proposal.what));
        output.line(Chip::Step.words(&words))?;
        output
            .line("nothing is changed until somebody else approves it, in the console or with")?;
        output.line(format!("    gatewright proposal approve {}", proposal.id))
    })
}

fn list(shell: &Shell, state: Option<State>) -> Done {
    let client = shell.client()?;
    let state = state.and_then(|state| Some(state.to_possible_value()?.get_name().to_owned()));
    let path = match state {
        Some(state) => format!("{PATH}?state={state}"),
        None => PATH.to_owned(),
    };
    let found: Listing<ProposalView> = converse(async { Ok(client.list(&path).await?) })?;
    shell
        .output
        .either(&found, || shell.output.table(&table(&found.items)))?;
    Ok(ExitCode::SUCCESS)
}

fn table(proposals: &[ProposalView]) -> Table {
    let now = now();
    let mut table = Table::new(&["id", "what", "why", "by", "when", "state"]);
    for proposal in proposals {
        table.row([
            Cell::text(proposal.id.to_string()),
            Cell::text(&proposal.what),
            Cell::text(&proposal.why),
            Cell::text(&proposal.by),
            Cell::time(proposal.at, now),
            state_of(proposal, now),
        ]);
    }
    table
}

fn state_of(proposal: &ProposalView, now: Timestamp) -> Cell {
    let settled = proposal.settled.as_ref();
    let by = |word: &str| match settled {
        Some(settled) => format!("{word} {} by {}", when(settled.at, now), settled.by),
        None => word.to_owned(),
    };
    match (proposal.state, &proposal.outdated) {
        (ProposalWord::Waiting, Some(why)) => Cell::chip(Chip::Deny, why),
        (ProposalWord::Waiting, None) if proposal.may_approve => {
            Cell::chip(Chip::Step, "waits for you")
        }
        (ProposalWord::Waiting, None) => Cell::text("waits for somebody else"),
        (ProposalWord::Approved, _) => Cell::chip(Chip::Allow, &by("approved")),
        (ProposalWord::Declined, _) => {
            let why = settled.and_then(|settled| settled.why.as_deref());
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            Cell::chip(Chip::Deny, &(by("declined") + &why))
        }
        (ProposalWord::Withdrawn, _) => Cell::soft(by("withdrawn")),
        (ProposalWord::Lapsed, _) => Cell::soft("lapsed: nobody approved it in time"),
    }
}

fn approve(shell: &Shell, id: &str, yes: bool) -> Done {
    let client = shell.client()?;
    let path = format!("{PATH}/{}/approve", segment(id)?);
    if !yes {
        let proposal = shown(shell, &client, id)?.proposal;
        let waits = proposal.state == ProposalWord::Waiting && proposal.outdated.is_none();
        if waits && !shell.agreed("Approve this? It is made at once.")? {
            shell.output.line("nothing was changed")?;
            return Ok(super::FOUND);
        }
    }
    let settled = converse(async { Ok(client.call(Method::POST, &path).await?) })?;
    told(shell.output, &settled)
}

fn told(output: Output, proposal: &ProposalView) -> Done {
    output.either(proposal, || {
        let (chip, word) = match proposal.state {
            ProposalWord::Approved => (Chip::Allow, "approved, and made"),
            ProposalWord::Declined => (Chip::Deny, "declined"),
            ProposalWord::Withdrawn => (Chip::Deny, "withdrawn"),
            ProposalWord::Waiting => (Chip::Step, "waits"),
            ProposalWord::Lapsed => (Chip::Deny, "lapsed"),
        };
        output.line(chip.words(&format!("{word}: {}", plain(&proposal.what))))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A proposal, told with what it says and would do, unless in JSON.
fn shown(shell: &Shell, client: &Client, id: &str) -> Result<ProposalDocument, Failure> {
    let path = format!("{PATH}/{}", segment(id)?);
    let document: ProposalDocument =
        converse(async { Ok(client.call(Method::GET, &path).await?) })?;
    if shell.output.json {
        return Ok(document);
    }
    let (output, proposal, now) = (shell.output, &document.proposal, now());
    let mut table = Table::new(&["", ""]);
    table.row([Cell::soft("what"), Cell::text(&proposal.what)]);
    table.row([Cell::soft("why"), Cell::text(&proposal.why)]);
    table.row([Cell::soft("proposed by"), Cell::text(&proposal.by)]);
    table.row([Cell::soft("when"), Cell::time(proposal.at, now)]);
    table.row([Cell::soft("until"), Cell::time(proposal.until, now)]);
    table.row([Cell::soft("action"), Cell::text(proposal.action.as_str())]);
    table.row([Cell::soft("state"), state_of(proposal, now)]);
    output.table(&table)?;
    for note in &proposal.notes {
        output.line(Chip::Step.words(&plain(note)))?;
    }
    if let Some(says) = &document.says {
        effect(output, client, &proposal.operation, says)?;
        output.line(format!("what it says, whole: gatewright api {path}"))?;
    }
    Ok(document)
}

/// What it would do to people, where that can be compared; else what it says.
fn effect(output: Output, client: &Client, operation: &str, says: &Value) -> Result<(), Failure> {
    let compare = match operation {
        "PolicyApply" => "/v1/policies/compare",
        "PolicyRollback" => "/v1/policies/rollback/compare",
        "DeclaredApply" => return planned(output, client, says),
        _ => return said(output, says),
    };
    let comparison: Comparison =
        converse(async { Ok(client.send(Method::POST, compare, says).await?) })?;
    for fault in &comparison.faults {
        output.line(Chip::Deny.words(&gw_ledger::escape(fault)))?;
    }
    Ok(policy::shown(output, &comparison)?)
}

fn planned(output: Output, client: &Client, says: &Value) -> Result<(), Failure> {
    let mut says = says.clone();
    if let Value::Object(fields) = &mut says {
        fields.remove("over");
    }
    let plan: Plan = converse(async {
        Ok(client
            .send(Method::POST, "/v1/declared/plan", &says)
            .await?)
    })?;
    Ok(declared::shown(output, &plan)?)
}

fn said(output: Output, says: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(says).unwrap_or_default();
    for line in text.lines() {
        output.line(gw_ledger::escape(line))?;
    }
    Ok(())
}

/// Words of others, without what a terminal would obey.
fn plain(text: &str) -> String {
    gw_ledger::escape(text)
}
