//! `gatewright break-glass`: sealed ways in for an emergency.

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{BreakGlassView, Done, Listing, SealBreakGlass, SealedBreakGlass};
use gw_model::Timestamp;
use http::Method;

use super::{Shell, converse, segment};
use crate::{
    clock::now,
    output::{Cell, Chip, Table, when},
};

const PATH: &str = "/v1/break-glass";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Seal a way in: prints a code that makes whoever types it an owner for 30 minutes, once.
    Seal {
        /// Where it will be kept, such as `safe, second floor`.
        #[arg(long, value_name = "WHERE")]
        label: String,
    },
    /// List sealed ways in, and uses of them that nobody has acknowledged.
    List,
    /// Call a sealed way in back: its code is worth nothing from then on.
    Revoke {
        /// Its id.
        id: String,
    },
    /// Acknowledge a use: whoever came in by it is gone, and it is no longer shown.
    Acknowledge {
        /// Its id.
        id: String,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    match command {
        Command::Seal { label } => seal(shell, label),
        Command::List => list(shell),
        Command::Revoke { id } => {
            let path = format!("{PATH}/{}", segment(&id)?);
            change(
                shell,
                Method::DELETE,
                &path,
                &format!("{id} is worth nothing any more"),
            )
        }
        Command::Acknowledge { id } => {
            let path = format!("{PATH}/{}/acknowledge", segment(&id)?);
            change(shell, Method::POST, &path, &format!("{id} acknowledged"))
        }
    }
}

fn seal(shell: &Shell, label: String) -> super::Done {
    let client = shell.client()?;
    let asked = SealBreakGlass { label };
    let sealed: SealedBreakGlass =
        converse(async { Ok(client.send(Method::POST, PATH, &asked).await?) })?;
    shell.output.either(&sealed, || {
        let output = &shell.output;
        output.line(Chip::Allow.words(&format!("{} sealed: {}", sealed.id, asked.label)))?;
        output.line("")?;
        output.line(format!("    {}", sealed.code))?;
        output.line("")?;
        output.line(format!("Typed at {}", sealed.url))?;
        output.line("it makes whoever types it an owner for 30 minutes, once.")?;
        output.line("Print it, put it into an envelope, and keep no copy on a machine: it is not shown again.")?;
        if !sealed.opens {
            output.line(Chip::Deny.words(
                "the policies would not let whoever uses it administer: a `forbid` stands in its way",
            ))?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn list(shell: &Shell) -> super::Done {
    let client = shell.client()?;
    let found: Listing<BreakGlassView> =
        converse(async { Ok(client.call(Method::GET, PATH).await?) })?;
    shell
        .output
        .either(&found, || shell.output.table(&table(&found.items)))?;
    Ok(ExitCode::SUCCESS)
}

fn change(shell: &Shell, method: Method, path: &str, told: &str) -> super::Done {
    let client = shell.client()?;
    let answer: Done = converse(async { Ok(client.call(method, path).await?) })?;
    shell
        .output
        .either(&answer, || shell.output.line(Chip::Allow.words(told)))?;
    Ok(ExitCode::SUCCESS)
}

fn table(entries: &[BreakGlassView]) -> Table {
    let now = now();
    let mut table = Table::new(&["id", "kept", "made by", "made", "state"]);
    for entry in entries {
        table.row([
            Cell::text(entry.id.to_string()),
            Cell::text(entry.label.as_deref().unwrap_or_default()),
            Cell::text(entry.made_by.as_deref().unwrap_or_default()),
            Cell::time(entry.made_at, now),
            state(entry, now),
        ]);
    }
    table
}

fn state(entry: &BreakGlassView, now: Timestamp) -> Cell {
    let Some(used) = &entry.used else {
        return match entry.opens {
            true => Cell::chip(Chip::Allow, "sealed"),
            false => Cell::chip(Chip::Deny, "sealed, but policy would refuse it"),
        };
    };
    let from = used.address.as_deref().unwrap_or("somewhere");
    let words = format!("used {} from {from} as {}", when(used.at, now), used.user);
    match &entry.acknowledged {
        None => Cell::chip(Chip::Deny, &format!("{words}: acknowledge it")),
        Some(looked) => {
            let looked = format!(
                "{words}; acknowledged {} by {}",
                when(looked.at, now),
                looked.by
            );
            Cell::text(looked)
        }
    }
}
