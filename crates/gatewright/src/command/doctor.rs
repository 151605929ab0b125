//! `gatewright doctor`: what is wrong with an installation, and what to do.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde_json::json;

use super::{Done, FOUND, Shell, converse};
use crate::{
    config,
    doctor::{self, Finding, State},
    output::{Cell, Chip, Output, Table},
};

/// Where the package keeps it.
pub(super) const CONFIGURATION: &str = "/etc/gatewright/gatewright.toml";

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        default_value = CONFIGURATION
    )]
    config: PathBuf,
}

pub(super) fn run(shell: &Shell, arguments: &Arguments) -> Done {
    if !arguments.config.exists() {
        return missing(shell.output, &arguments.config);
    }
    let found = match config::load(&arguments.config) {
        Ok(mut config) => {
            if let Some(data) = shell.named_data_folder() {
                config.data = data;
            }
            converse(async { Ok(doctor::examine(&config).await) })?
        }
        Err(faults) => {
            let file = arguments.config.display().to_string();
            let lines = faults.to_string();
            let each = lines.lines();
            each.map(|fault| Finding::faulty_configuration(&file, fault))
                .collect()
        }
    };
    report(shell.output, &found)
}

fn missing(output: Output, file: &Path) -> Done {
    let fault = Finding::missing_configuration(&file.display().to_string());
    report(output, &[fault])
}

fn report(output: Output, found: &[Finding]) -> Done {
    let well = !found.iter().any(|finding| finding.state == State::Wrong);
    let shown = json!({ "ok": well, "findings": found });
    output.either(&shown, || told(output, found))?;
    Ok(if well { ExitCode::SUCCESS } else { FOUND })
}

fn told(output: Output, found: &[Finding]) -> std::io::Result<()> {
    let mut table = Table::new(&["", "", ""]);
    for finding in found {
        let chip = Cell::chip(chip(finding.state), finding.about);
        let what = match &finding.help {
            None => finding.what.clone(),
            Some(help) => format!("{} – {help}", finding.what),
        };
        table.row([chip, Cell::text(&finding.which), Cell::text(what)]);
    }
    output.table(&table)?;
    let count = |state| {
        found
            .iter()
            .filter(|finding| finding.state == state)
            .count()
    };
    let (wrong, look) = (count(State::Wrong), count(State::Look));
    let (chip, words) = match (wrong, look) {
        (0, 0) => (Chip::Allow, "nothing is wrong".to_owned()),
        (0, look) => (Chip::Step, format!("nothing is wrong, {look} worth a look")),
        (wrong, look) => (Chip::Deny, format!("{wrong} wrong, {look} worth a look")),
    };
    output.line(chip.words(&words))
}

const fn chip(state: State) -> Chip {
    match state {
        State::Fine => Chip::Allow,
        State::Look => Chip::Step,
        State::Wrong => Chip::Deny,
    }
}
