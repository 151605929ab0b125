//! `gatewright policy`: check, test and explain on a folder; apply, history and rollback on a
//! running Gatewright.

mod apply;
mod explain;
mod offline;

use std::path::PathBuf;

use clap::Subcommand;
use gw_model::Epoch;

pub(super) use apply::{people, shown};

use super::Shell;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a folder of policies, and tell all of its faults.
    Check {
        /// The folder with the *.cedar files.
        folder: PathBuf,
    },
    /// Run the test cases beside the policies (cases/*.toml).
    Test {
        /// The folder with the *.cedar files.
        folder: PathBuf,
    },
    /// Answer one question from a folder of policies: the outcome, what decided it, what would open it.
    Explain(Box<explain::Arguments>),
    /// Replace the policies of a running Gatewright by those of a folder, after showing who gains.
    ///
    /// Whoever may do this can give themselves everything: it is as much as being an owner.
    Apply {
        /// The folder with the *.cedar files.
        folder: PathBuf,
        /// Do not ask before applying.
        #[arg(long)]
        yes: bool,
    },
    /// List the sets of policies that were applied.
    History,
    /// Go back to an earlier set of policies, after showing who gains.
    Rollback {
        /// The epoch at which it was applied, as `policy history` shows it.
        #[arg(value_parser = epoch)]
        epoch: Epoch,
        /// Do not ask before applying.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    match command {
        Command::Check { folder } => offline::check(shell, &folder),
        Command::Test { folder } => offline::test(shell, &folder),
        Command::Explain(arguments) => explain::run(shell, &arguments),
        Command::Apply { folder, yes } => apply::apply(shell, &folder, yes),
        Command::History => apply::history(shell),
        Command::Rollback { epoch, yes } => apply::rollback(shell, epoch, yes),
    }
}

fn epoch(text: &str) -> Result<Epoch, String> {
    let parts = text.split_once('.');
    let parsed = parts.and_then(|(incarnation, number)| {
        Some(Epoch {
            incarnation: incarnation.parse().ok()?,
            number: number.parse().ok()?,
        })
    });
    parsed.ok_or_else(|| "an epoch is two numbers, such as 1.42".to_owned())
}
