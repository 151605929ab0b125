//! `gatewright log`: read the ledger, prove it whole.
//!
//! A running Gatewright is asked first, which policy decides and the ledger records; the files
//! are then read here. While none runs, who may read the files reads them.

mod line;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Subcommand;
use gw_api::{ClientError, types::LogAccess};
use gw_ledger::{Entry, LogReport, PublicKey, StoredHead};
use gw_model::{DecisionId, JudgementId};
use gw_record::{ReadError, Tail, Wanted};
use http::Method;
use serde_json::json;

use super::{Done, FOUND, Failure, Shell, converse};
use crate::{
    output::{Chip, Output},
    wiring::ledger,
};

/// How often a followed ledger is looked at.
const LOOK: Duration = Duration::from_millis(150);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the newest records.
    Tail {
        /// Go on as records come.
        #[arg(short, long)]
        follow: bool,
        /// How many to begin with.
        #[arg(short = 'n', long, default_value_t = 20, value_name = "COUNT")]
        lines: usize,
    },
    /// Show one decision or judgement with all that belongs to it, or all there is.
    Show {
        /// A decision (d-…) or judgement (j-…), as pages and records name it.
        id: Option<String>,
    },
    /// Check every byte: that records are as they were signed and none is missing.
    Verify {
        /// A file of heads that were kept elsewhere, as `log head` printed them.
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
    },
    /// Print the newest signed head of each log, to be kept elsewhere.
    Head,
}

pub(super) fn run(shell: &Shell, command: Command) -> Done {
    let access = access(shell)?;
    match command {
        Command::Tail { follow, lines } => tail(shell.output, &access, follow, lines),
        Command::Show { id } => show(shell.output, &access, id.as_deref()),
        Command::Verify { head } => verify(shell.output, &access, head),
        Command::Head => head(shell.output, &access),
    }
}

fn access(shell: &Shell) -> Result<LogAccess, Failure> {
    let client = shell.client()?;
    let asked = converse(async {
        match client.call(Method::GET, "/v1/log").await {
            Ok(access) => Ok(Some(access)),
            Err(ClientError::NotRunning { .. }) => Ok(None),
            Err(other) => Err(Failure::Client(other)),
        }
    })?;
    match asked {
        Some(access) => Ok(access),
        None => ledger::access_at_rest(&shell.data_folder()?)
            .map_err(|fault| Failure::refused(fault.to_string())),
    }
}

fn unreadable(fault: ReadError) -> Failure {
    let cause = std::error::Error::source(&fault).map(ToString::to_string);
    let what = match cause {
        Some(cause) => format!("{fault}: {cause}"),
        None => fault.to_string(),
    };
    Failure::help_with(what, "read it as root or as the user that runs gatewright")
}

fn tail(output: Output, access: &LogAccess, follow: bool, lines: usize) -> Done {
    let mut tail = Tail::new(&access.folder, lines);
    let mut names = line::Names::default();
    converse(async {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            for entry in tail.poll().map_err(unreadable)? {
                print(output, &mut names, &entry)?;
            }
            if !follow {
                return Ok(ExitCode::SUCCESS);
            }
        }
    })
}

fn show(output: Output, access: &LogAccess, id: Option<&str>) -> Done {
    let mut names = line::Names::default();
    let Some(id) = id else {
        for entry in gw_record::read_logs(&access.folder).map_err(unreadable)? {
            print(output, &mut names, &entry.map_err(unreadable)?)?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let decision = id.parse::<DecisionId>().map(Wanted::Decision);
    let wanted = decision
        .or_else(|_| id.parse::<JudgementId>().map(Wanted::Judgement))
        .map_err(|_| {
            Failure::Usage(format!(
                "`{id}` is neither a decision (d-…) nor a judgement (j-…)"
            ))
        })?;
    let found = gw_record::find(&access.folder, wanted).map_err(unreadable)?;
    if found.is_empty() {
        return Err(Failure::refused(format!(
            "the ledger has no record of {id}"
        )));
    }
    for entry in &found {
        if output.json {
            print(output, &mut names, entry)?;
        } else {
            output.line(line::whole(entry)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(output: Output, names: &mut line::Names, entry: &Entry) -> std::io::Result<()> {
    if output.json {
        return output.json(&entry.view());
    }
    match line::of(names, entry) {
        Some(line) => output.line(line),
        None => Ok(()),
    }
}

fn keys(access: &LogAccess) -> Vec<PublicKey> {
    let read = |text: &String| ledger::public_key(text);
    access.keys.iter().filter_map(read).collect()
}

fn verify(output: Output, access: &LogAccess, kept: Option<PathBuf>) -> Done {
    let mut stored = parsed(access.heads.iter().map(String::as_str))?;
    if let Some(path) = kept {
        let text = std::fs::read_to_string(&path).map_err(|fault| {
            Failure::refused(format!("cannot read `{}`: {fault}", path.display()))
        })?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        stored.extend(parsed(lines)?);
    }
    let reports =
        gw_record::verify_ledger(&access.folder, &keys(access), &stored).map_err(unreadable)?;
    let sound = reports.iter().all(LogReport::is_sound);
    if output.json {
        output.json(&json!({ "ok": sound, "logs": reports }))?;
    } else {
        for report in &reports {
            let chip = if report.is_sound() {
                Chip::Allow
            } else {
                Chip::Deny
            };
            output.line(chip.words(&report.statement()))?;
            for fault in &report.faults {
                output.line(format!("  {}", gw_ledger::escape(&fault.to_string())))?;
            }
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { FOUND })
}

fn parsed<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<StoredHead>, Failure> {
    lines
        .map(|line| {
            line.parse()
                .map_err(|fault: gw_ledger::StoredHeadFault| Failure::refused(fault.to_string()))
        })
        .collect()
}

fn head(output: Output, access: &LogAccess) -> Done {
    let heads = parsed(access.heads.iter().map(String::as_str))?;
    output.either(&json!({ "items": heads }), || {
        for head in &access.heads {
            output.line(head)?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}
