//! `gatewright check`: a configuration file, with all that it names.

use std::{path::PathBuf, process::ExitCode};

use serde_json::json;

use super::{FOUND, Shell};
use crate::{config, doctor, output::Chip, policy_folder};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(short = 'c', long = "config", value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(shell: &Shell, arguments: &Arguments) -> super::Done {
    let (faults, worth_saying): (Vec<String>, Vec<String>) = match config::load(&arguments.config) {
        Ok(config) => (
            config::files::faults(&config),
            doctor::scim::worth_saying(&config),
        ),
        Err(faults) => {
            let faults = faults.to_string().lines().map(str::to_owned).collect();
            (faults, Vec::new())
        }
    };
    if shell.output.json {
        let told = json!({ "faults": faults, "worth_saying": worth_saying });
        shell.output.json(&told)?;
        return Ok(done(&faults));
    }
    for told in &worth_saying {
        shell.output.line(Chip::Step.words(told))?;
    }
    if faults.is_empty() {
        let words = format!(
            "{} has no faults",
            policy_folder::name_of(&arguments.config)
        );
        shell.output.line(Chip::Allow.words(&words))?;
    } else {
        for fault in &faults {
            shell.output.line(gw_ledger::escape(fault))?;
        }
        let words = match faults.len() {
            1 => "1 fault".to_owned(),
            many => format!("{many} faults"),
        };
        shell.output.line(Chip::Deny.words(&words))?;
    }
    Ok(done(&faults))
}

fn done(faults: &[String]) -> ExitCode {
    match faults.is_empty() {
        true => ExitCode::SUCCESS,
        false => FOUND,
    }
}
