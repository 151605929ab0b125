//! `gatewright provider`: providers of identities, by which people sign in.

mod show;

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{Listing, ProviderForgotten, ProviderState, ProviderView};
use gw_model::ProviderName;
use http::Method;

use super::{Shell, converse};
use crate::output::{Cell, Chip, Table};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List providers, with how many people are known at each and what rests on it.
    List,
    /// Show a provider: what the configuration file says of it, and who is known there.
    Show {
        /// Its name in policies.
        name: ProviderName,
    },
    /// Switch a provider off at once, whatever the file says: nobody signs in by it, and every
    /// session that rests on its word ends.
    Suspend {
        /// Its name in policies.
        name: ProviderName,
    },
    /// Switch a provider on again, as far as the file declares it.
    Resume {
        /// Its name in policies.
        name: ProviderName,
    },
    /// Forget a provider that the file does not name any more, and who its people are, after
    /// asking.
    Forget {
        /// Its name in policies.
        name: ProviderName,
        /// Forget without asking.
        #[arg(short, long)]
        yes: bool,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    match command {
        Command::List => list(shell),
        Command::Show { name } => show::run(shell, &name),
        Command::Suspend { name } => switch(shell, &name, "suspend"),
        Command::Resume { name } => switch(shell, &name, "resume"),
        Command::Forget { name, yes } => forget(shell, &name, yes),
    }
}

fn list(shell: &Shell) -> super::Done {
    let client = shell.client()?;
    let providers: Listing<ProviderView> =
        converse(async { Ok(client.list("/v1/providers").await?) })?;
    shell.output.either(&providers, || {
        let mut table = Table::new(&["name", "title", "issuer", "people", "sessions", "state"]);
        for provider in &providers.items {
            table.row([
                Cell::text(provider.name.as_str()),
                Cell::text(&provider.title),
                Cell::text(&provider.issuer),
                Cell::text(provider.linked.to_string()),
                Cell::text(provider.sessions.to_string()),
                state(provider),
            ]);
        }
        if table.is_empty() {
            return shell
                .output
                .line("none yet: declare a `[[provider]]` in the configuration file");
        }
        shell.output.table(&table)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Whether anybody signs in by it.
fn state(provider: &ProviderView) -> Cell {
    match (provider.state, provider.configured) {
        (ProviderState::Declared, _) => Cell::chip(Chip::Allow, "on"),
        (ProviderState::Suspended, _) => Cell::chip(Chip::Deny, "suspended"),
        (ProviderState::Off, true) => Cell::chip(Chip::Step, "off by the file"),
        (ProviderState::Off, false) => Cell::chip(Chip::Step, "off, no longer in the file"),
    }
}

fn switch(shell: &Shell, name: &ProviderName, verb: &str) -> super::Done {
    let client = shell.client()?;
    let path = format!("/v1/providers/{name}/{verb}");
    let answer: ProviderView = converse(async { Ok(client.call(Method::POST, &path).await?) })?;
    shell.output.either(&answer, || {
        let (chip, words) = match answer.state {
            ProviderState::Suspended => (
                Chip::Deny,
                format!(
                    "{name} is off: nobody signs in by it, and what rested on its word is over"
                ),
            ),
            ProviderState::Declared => (Chip::Allow, format!("{name} is on: people sign in by it")),
            ProviderState::Off => (
                Chip::Step,
                format!("{name} stays off: the configuration file says so, or does not name it"),
            ),
        };
        shell.output.line(chip.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn forget(shell: &Shell, name: &ProviderName, yes: bool) -> super::Done {
    let client = shell.client()?;
    let path = format!("/v1/providers/{name}");
    if !yes {
        let present: ProviderView = converse(async { Ok(client.call(Method::GET, &path).await?) })?;
        let question = format!(
            "Forget {name}, and who {} here at it? They sign in otherwise, or not at all.",
            people(present.linked)
        );
        if !shell.agreed(&question)? {
            return Ok(super::FOUND);
        }
    }
    let answer: ProviderForgotten =
        converse(async { Ok(client.call(Method::DELETE, &path).await?) })?;
    shell.output.either(&answer, || {
        let words = format!(
            "{name} forgotten, and who {} here at it",
            people(answer.unlinked)
        );
        shell.output.line(Chip::Allow.words(&words))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn people(count: usize) -> String {
    match count {
        1 => "1 person is".to_owned(),
        _ => format!("{count} people are"),
    }
}
