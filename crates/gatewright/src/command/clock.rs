//! `gatewright clock`: what time it is, and whether the system's clock is believed.

use std::process::ExitCode;

use clap::Subcommand;
use gw_api::types::{ClockConfirmed, ClockView};
use http::Method;

use super::{FOUND, Shell, converse};
use crate::output::Chip;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show whether the system's clock agrees with the time that has passed.
    Show,
    /// Say that the system's clock is right: from now on it is the time. If it goes back, every
    /// session and link is ended, since they would live longer than they were meant to.
    Confirm,
}

pub(super) fn run(shell: &Shell, command: Command) -> super::Done {
    let client = shell.client()?;
    match command {
        Command::Show => {
            let clock: ClockView =
                converse(async { Ok(client.call(Method::GET, "/v1/clock").await?) })?;
            shell.output.either(&clock, || {
                shell.output.line(match &clock.fault {
                    Some(fault) => Chip::Deny.words(fault),
                    None => {
                        Chip::Allow.words("the system's clock agrees with the time that has passed")
                    }
                })
            })?;
            Ok(if clock.fault.is_none() {
                ExitCode::SUCCESS
            } else {
                FOUND
            })
        }
        Command::Confirm => {
            let done: ClockConfirmed =
                converse(async { Ok(client.call(Method::POST, "/v1/clock/confirm").await?) })?;
            shell
                .output
                .either(&done, || shell.output.line(Chip::Allow.words(&said(&done))))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn said(done: &ClockConfirmed) -> String {
    match &*done.moved {
        "nothing" => "the clock was in order; nothing was changed".to_owned(),
        moved => format!("time went {moved}; {} sessions were ended", done.ended),
    }
}
