//! One attack at full rate from one core, or all of them at once, while a person who is
//! signed in works from the same core: what the person felt, what the gateway held.
//!
//! `cargo run --release -p gw-storm -- --attack all --json` prints one row for each attack;
//! `--soak SECONDS` runs all of them at once and ends with a fault where an invariant does not
//! hold: no failed request of the person, bounded memory and disk, a ledger that verifies.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

mod attack;
mod fault;
mod frames;
mod gateway;
mod machine;
mod person;
mod report;
mod wire;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;

use crate::{
    attack::{ATTACKS, Attack, Storm},
    fault::Fault,
    gateway::Gateway,
    person::Person,
    report::Row,
};

/// Attack a gateway while a person works.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which attack: its name, or `all`.
    #[arg(long, default_value = "all")]
    attack: String,
    /// List the attacks.
    #[arg(long)]
    list: bool,
    /// Run all attacks at once for so many seconds, and judge.
    #[arg(long, value_name = "SECONDS")]
    soak: Option<u64>,
    /// How long one attack goes on.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    seconds: u64,
    /// Rows as JSON, one a line.
    #[arg(long)]
    json: bool,
    /// Judge each attack too: a failed request of the person is a fault.
    #[arg(long)]
    assert: bool,
    /// The binary that is attacked.
    #[arg(long, default_value = "target/trained/gatewright")]
    gatewright: PathBuf,
}

/// How long the person is watched before an attack.
const QUIET: Duration = Duration::from_secs(3);

/// How long a gateway has to let go of what an attack left.
const AFTER: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        for attack in ATTACKS {
            println!("{:22} {}", attack.name, attack.what);
        }
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("storm: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Fault> {
    machine::raise_descriptors();
    let gateway = Arc::new(Gateway::start(&arguments.gatewright)?);
    let person = Person::sign_in(&gateway)?;
    let judged = match arguments.soak {
        Some(seconds) => soak(arguments, &gateway, &person, Duration::from_secs(seconds)),
        None => one_by_one(arguments, &gateway, &person),
    };
    gateway.verify()?;
    gateway.stop()?;
    judged
}

fn one_by_one(arguments: &Arguments, gateway: &Arc<Gateway>, person: &Person) -> Result<(), Fault> {
    let chosen: Vec<&Attack> = ATTACKS
        .iter()
        .filter(|attack| arguments.attack == "all" || arguments.attack == attack.name)
        .collect();
    if chosen.is_empty() {
        return Err(Fault::NoSuchAttack(arguments.attack.clone()));
    }
    let mut failed = 0;
    for attack in chosen {
        let quiet = person.work(QUIET);
        let before = gateway.size();
        let storm = Storm::begin(&[attack], gateway);
        let felt = person.work(Duration::from_secs(arguments.seconds));
        let raged = storm.end();
        machine::wait(AFTER);
        let after = gateway.size();
        let row = Row::new(attack.name, &raged, &quiet, &felt, before, after, gateway);
        row.print(arguments.json);
        failed += felt.failed;
    }
    match failed {
        0 => Ok(()),
        _ if !arguments.assert => Ok(()),
        failed => Err(Fault::Failed(failed)),
    }
}

fn soak(
    arguments: &Arguments,
    gateway: &Arc<Gateway>,
    person: &Person,
    time: Duration,
) -> Result<(), Fault> {
    let quiet = person.work(QUIET.min(time));
    let before = gateway.size();
    let all: Vec<&Attack> = ATTACKS.iter().collect();
    let storm = Storm::begin(&all, gateway);
    let felt = person.work(time);
    let raged = storm.end();
    machine::wait(AFTER);
    let after = gateway.size();
    let row = Row::new("soak", &raged, &quiet, &felt, before, after, gateway);
    row.print(arguments.json);
    row.judge()
}
