//! `gatewright app`: what stands behind the gate.

mod show;

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{Apps, ConfigState};
use gw_model::AppName;

use super::{Shell, converse};
use crate::{
    clock::now,
    output::{Cell, Chip, Table, when},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List apps, and how the configuration stands that declares them.
    List,
    /// Show an app: where its requests go, its routes and its labels.
    Show {
        /// Its name in policies.
        name: AppName,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    match command {
        Command::List => list(shell),
        Command::Show { name } => show::run(shell, &name),
    }
}

fn list(shell: &Shell) -> super::Done {
    let client = shell.client()?;
    let apps: Apps = converse(async { Ok(client.apps().await?) })?;
    shell.output.either(&apps, || {
        let mut table = Table::new(&["name", "title", "host", "upstream", "tags"]);
        for app in &apps.items {
            table.row([
                Cell::text(app.name.as_str()),
                Cell::text(&app.title),
                Cell::text(&app.host),
                Cell::text(&app.upstream),
                Cell::text(app.tags.join(", ")),
            ]);
        }
        shell.output.table(&table)?;
        config(shell, &apps.config)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn config(shell: &Shell, state: &ConfigState) -> std::io::Result<()> {
    match state {
        ConfigState::InForce { file, since } => {
            let words = format!("config: {file} in force, loaded {}", when(*since, now()));
            shell.output.line(Chip::Allow.words(&words))
        }
        ConfigState::Refused {
            file,
            since,
            faults,
        } => {
            let words = format!(
                "config: {file} refused {}; what it said before is in force",
                when(*since, now())
            );
            shell.output.line(Chip::Deny.words(&words))?;
            for fault in faults {
                shell
                    .output
                    .line(format!("  {}", gw_ledger::escape(fault)))?;
            }
            Ok(())
        }
    }
}
