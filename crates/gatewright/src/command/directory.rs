//! `gatewright directory`: directories that people and groups are read of.

mod show;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Subcommand;
use gw_api::{
    Client,
    types::{DirectoryLoss, DirectoryView, Listing, ProviderState},
};
use gw_model::{ProviderName, Timestamp};
use http::Method;

use super::{Failure, Shell, converse};
use crate::{
    clock::now,
    output::{Cell, Chip, Table},
};

/// How often it is looked whether a directory has been read.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List directories, and how following each stands.
    List,
    /// Show a directory: when it was read, what was found, and what could not be as it says.
    Show {
        /// Its name in policies.
        name: ProviderName,
    },
    /// Read a directory at once, and say what came of it.
    Sync {
        /// Its name in policies.
        name: ProviderName,
        /// How long to wait for that, in seconds.
        #[arg(long, default_value_t = 60, value_name = "SECONDS")]
        wait: u64,
    },
    /// Let a directory do what waits for that, to those whom it shows, once, after asking.
    Allow {
        /// Its name in policies.
        name: ProviderName,
        /// Allow it without asking.
        #[arg(short, long)]
        yes: bool,
        /// How long to wait for what comes of it, in seconds.
        #[arg(long, default_value_t = 60, value_name = "SECONDS")]
        wait: u64,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    match command {
        Command::List => list(shell),
        Command::Show { name } => show::run(shell, &name),
        Command::Sync { name, wait } => sync(shell, &name, Duration::from_secs(wait)),
        Command::Allow { name, yes, wait } => allow(shell, &name, yes, Duration::from_secs(wait)),
    }
}

fn list(shell: &Shell) -> super::Done {
    let client = shell.client()?;
    let directories: Listing<DirectoryView> =
        converse(async { Ok(client.list("/v1/directories").await?) })?;
    shell.output.either(&directories, || {
        let mut table = Table::new(&["name", "title", "people", "memberships", "read", "state"]);
        for directory in &directories.items {
            table.row([
                Cell::text(directory.name.as_str()),
                Cell::text(&directory.title),
                Cell::text(directory.linked.to_string()),
                Cell::text(directory.counts.memberships.to_string()),
                read(directory),
                state(directory),
            ]);
        }
        if table.is_empty() {
            return shell
                .output
                .line("none yet: declare a `[[directory]]` in the configuration file");
        }
        shell.output.table(&table)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn read(directory: &DirectoryView) -> Cell {
    match directory.last_success {
        Some(at) => Cell::time(at, now()),
        None => Cell::soft("not yet"),
    }
}

/// Whether people and groups are as it says.
fn state(directory: &DirectoryView) -> Cell {
    let waits = directory
        .trouble
        .as_ref()
        .is_some_and(|t| t.needs.is_some());
    match (directory.state, &directory.trouble, directory.followed) {
        (ProviderState::Suspended, ..) => Cell::chip(Chip::Deny, "suspended"),
        (ProviderState::Off, ..) => Cell::chip(Chip::Step, "off"),
        (_, _, false) => Cell::chip(Chip::Step, "not followed"),
        (_, Some(_), true) if waits => Cell::chip(Chip::Deny, "waits for you"),
        (_, Some(_), true) => Cell::chip(Chip::Deny, "not followed: see `directory show`"),
        (_, None, true) if directory.last_success.is_none() => {
            Cell::chip(Chip::Step, "not read yet")
        }
        (_, None, true) if directory.conflicts_total > 0 => {
            let words = format!("followed, {} conflicts", directory.conflicts_total);
            Cell::chip(Chip::Step, &words)
        }
        (_, None, true) => Cell::chip(Chip::Allow, "followed"),
    }
}

fn path(name: &ProviderName) -> String {
    format!("/v1/directories/{name}")
}

fn sync(shell: &Shell, name: &ProviderName, wait: Duration) -> super::Done {
    let client = shell.client()?;
    let after = converse(async {
        let path = path(name);
        let before: DirectoryView = client.call(Method::GET, &path).await?;
        let begin = format!("{path}/read");
        let _: DirectoryView = client.call(Method::POST, &begin).await?;
        read_after(&client, &before, wait, |_| true).await
    })?;
    told(shell, &after)
}

fn allow(shell: &Shell, name: &ProviderName, yes: bool, wait: Duration) -> super::Done {
    let client = shell.client()?;
    let path = path(name);
    let before: DirectoryView = converse(async { Ok(client.call(Method::GET, &path).await?) })?;
    let trouble = before.trouble.as_ref();
    let Some(needs) = trouble.and_then(|trouble| trouble.needs.as_ref()) else {
        let words = format!("the directory {name} waits for nobody");
        return Err(Failure::help_with(
            words,
            format!("gatewright directory show {name}"),
        ));
    };
    if !shell.output.json {
        for line in trouble.map(show::who).unwrap_or_default() {
            shell.output.line(line)?;
        }
    }
    let question = format!("Let {name} do this now: {}?", show::what_waits(needs));
    if !yes && !shell.agreed(&question)? {
        return Ok(super::FOUND);
    }
    let after = converse(async {
        let allow = format!("{path}/allow");
        let _: DirectoryView = client.send(Method::POST, &allow, needs).await?;
        // A reading that was on its way before that waits for what is allowed by now.
        read_after(&client, &before, wait, |now| !waits_for(now, needs)).await
    })?;
    told(shell, &after)
}

/// How it stands once it was read again.
async fn read_after(
    client: &Client,
    before: &DirectoryView,
    wait: Duration,
    counts: impl Fn(&DirectoryView) -> bool,
) -> Result<DirectoryView, Failure> {
    let until = Instant::now() + wait;
    let path = path(&before.name);
    loop {
        let now: DirectoryView = client.call(Method::GET, &path).await?;
        if last(&now) > last(before) && counts(&now) {
            return Ok(now);
        }
        if Instant::now() >= until {
            let words = format!("{} has not been read within {} s", now.name, wait.as_secs());
            let help = format!("gatewright directory show {}", now.name);
            return Err(Failure::help_with(words, help));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether it still waits for this.
fn waits_for(directory: &DirectoryView, allowed: &DirectoryLoss) -> bool {
    let trouble = directory.trouble.as_ref();
    trouble.is_some_and(|trouble| trouble.needs.as_ref() == Some(allowed))
}

/// When it was last read, well or not.
fn last(directory: &DirectoryView) -> Option<Timestamp> {
    let failed = directory.trouble.as_ref().map(|trouble| trouble.at);
    directory.last_success.max(failed)
}

/// What came of a reading.
fn told(shell: &Shell, directory: &DirectoryView) -> super::Done {
    shell
        .output
        .either(directory, || match &directory.trouble {
            Some(trouble) => {
                let words = format!("{}: {}", directory.name, gw_ledger::escape(&trouble.what));
                shell.output.line(Chip::Deny.words(&words))?;
                shell.output.line(format!("  {}", trouble.help))
            }
            None => {
                let counts = &directory.counts;
                let words = format!(
                    "{} read: {} came, {} changed, {} of them switched off; {} conflicts",
                    directory.name,
                    counts.added,
                    counts.changed,
                    counts.disabled,
                    directory.conflicts_total
                );
                shell.output.line(Chip::Allow.words(&words))
            }
        })?;
    Ok(match &directory.trouble {
        Some(_) => super::FOUND,
        None => ExitCode::SUCCESS,
    })
}
