//! `make bench`: runs every benchmark, prints its table, and keeps the rows in
//! `bench/results.json` and, with the machine described, in `bench/RESULTS.md`.
//!
//! A benchmark of a crate is an example of it; one of the whole binary is a program beside this
//! one. With `--json` each prints one row a line. `--only WORD` runs those whose question has it,
//! and keeps the other rows of the last run; what follows `--` goes to those that are programs, which
//! measure the binary as it is shipped, or that after `--gatewright`.

mod machine;
mod storm;
mod table;

use std::{
    error::Error,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::{Deserialize, Serialize};

/// A benchmark: where it lives and the question that its numbers answer.
struct Bench {
    package: &'static str,
    what: What,
    question: &'static str,
}

/// What a benchmark is.
enum What {
    /// An example of the crate that it measures.
    Example(&'static str),
    /// A program that measures the whole binary.
    Program(&'static [&'static str]),
    /// The program that attacks the whole binary.
    Storm(&'static [&'static str]),
}

impl What {
    const fn layout(&self) -> table::Layout {
        match self {
            Self::Example(_) => table::Layout::List,
            Self::Program(_) | Self::Storm(_) => table::Layout::Compare,
        }
    }
}

/// What names the binary that a program measures, and where the one is that is shipped.
const BINARY: &str = "--gatewright";
const SHIPPED: &str = "../target/trained/gatewright";

const BENCHES: &[Bench] = &[
    Bench {
        package: "gw-policy",
        what: What::Example("bench_decisions"),
        question: "What does a decision cost, and does it grow with the number of policies?",
    },
    Bench {
        package: "gw-engine",
        what: What::Example("bench_judgement"),
        question: "What does a decision cost when nothing has changed since the last one?",
    },
    Bench {
        package: "gw-engine",
        what: What::Example("bench_sessions"),
        question: "What do people who are signed in cost in memory?",
    },
    Bench {
        package: "gw-api",
        what: What::Example("bench_apply"),
        question: "What does it take to declare a whole organisation?",
    },
    Bench {
        package: "gw-leases",
        what: What::Example("bench_sweep"),
        question: "What does a change of facts cost a traffic thread on which much is open?",
    },
    Bench {
        package: "gw-web",
        what: What::Example("bench_leases"),
        question: "How long do 10,000 open WebSockets of 1,000 people outlive what allowed them?",
    },
    Bench {
        package: "gw-web",
        what: What::Example("bench_tokens"),
        question: "What does an access token cost with each request, beside a session's cookie?",
    },
    Bench {
        package: "gw-bench-peers",
        what: What::Program(&["--envoy", "../target/bench/envoy/bin/envoy"]),
        question: "What does verification cost that a user could measure, beside proxies that verify less?",
    },
    Bench {
        package: "gw-bench-peers",
        what: What::Program(&["--tokens", "--keycloak", "../target/tools/keycloak"]),
        question: "How many access tokens are issued in a second, beside Keycloak?",
    },
    Bench {
        package: "gw-storm",
        what: What::Storm(&[]),
        question: "What does a person who is signed in feel while strangers attack?",
    },
    Bench {
        package: "gw-storm",
        what: What::Storm(&["--soak", "600"]),
        question: "And while every attack goes on at once, for ten minutes?",
    },
];

/// One measured figure.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    /// The benchmark's question, of which `question` is a part.
    #[serde(default)]
    answers: String,
    question: String,
    contender: String,
    metric: String,
    unit: String,
    value: f64,
    /// The contender that `ratio` compares with.
    #[serde(default)]
    ratio_to: Option<String>,
    #[serde(default)]
    ratio: Option<f64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let only = only()?;
    let kept = if only.is_some() { kept()? } else { Vec::new() };
    let mut rows = Vec::new();
    let mut document = format!(
        "# Results\n\nThe last run of `make bench`. {}\n",
        machine::sentence()
    );
    for bench in BENCHES {
        let wanted = only
            .as_ref()
            .is_none_or(|word| bench.question.contains(word));
        let before = kept.iter().filter(|row| row.answers == bench.question);
        let measured = match wanted {
            true => anew(before, &run(bench)?),
            false => before.cloned().collect(),
        };
        if measured.is_empty() {
            continue;
        }
        let table = table::markdown(&measured, bench.what.layout());
        let section = format!("\n## {}\n\n{table}", bench.question);
        std::io::stdout().write_all(section.as_bytes())?;
        document.push_str(&section);
        rows.extend(measured);
    }
    let folder = folder();
    fs::write(folder.join("RESULTS.md"), document)?;
    let json = serde_json::to_string_pretty(&rows)?;
    fs::write(folder.join("results.json"), json + "\n")?;
    Ok(())
}

/// The rows of the last run, but for the cases that were measured anew: a program may be told to
/// measure some of them only.
fn anew<'r>(before: impl Iterator<Item = &'r Row>, measured: &'r [Row]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for old in before.chain(measured) {
        let of_case = |row: &&Row| row.question == old.question;
        if rows.iter().any(|row| of_case(&row)) && measured.iter().any(|row| of_case(&row)) {
            continue;
        }
        let now: Vec<_> = measured.iter().filter(of_case).cloned().collect();
        match now.is_empty() {
            true => rows.push(old.clone()),
            false => rows.extend(now),
        }
    }
    rows
}

/// The word after `--only`.
fn only() -> Result<Option<String>, &'static str> {
    let ours = std::env::args().skip(1);
    let ours: Vec<_> = ours.take_while(|argument| argument != "--").collect();
    match ours.as_slice() {
        [] => Ok(None),
        [option, word] if option == "--only" => Ok(Some(word.clone())),
        _ => Err("usage: gw-bench [--only WORD] [-- OPTIONS of the programs that measure]"),
    }
}

/// What is meant for the programs that measure.
fn forwarded() -> impl Iterator<Item = String> {
    std::env::args()
        .skip_while(|argument| argument != "--")
        .skip(1)
}

/// The rows of the last run.
fn kept() -> Result<Vec<Row>, Box<dyn Error>> {
    let text = fs::read_to_string(folder().join("results.json"))?;
    Ok(serde_json::from_str(&text)?)
}

fn run(bench: &Bench) -> Result<Vec<Row>, Box<dyn Error>> {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command
            .args(arguments)
            .args(["--release", "--locked", "--quiet"]);
        command.current_dir(folder()).stderr(Stdio::inherit());
        command
    };
    let mut command = cargo(&["run"]);
    command.args(["--package", bench.package]);
    match bench.what {
        What::Example(example) => command.args(["--example", example, "--"]),
        What::Program(arguments) | What::Storm(arguments) => {
            command.arg("--");
            if !forwarded().any(|argument| argument == BINARY) {
                release()?;
                command.args([BINARY, SHIPPED]);
            }
            command.args(arguments).args(forwarded())
        }
    };
    let output = command.arg("--json").output()?;
    if !output.status.success() {
        return Err(format!("{} ended with {}", bench.package, output.status).into());
    }
    let lines = String::from_utf8(output.stdout)?;
    let read = |line| match bench.what {
        What::Storm(_) => storm::rows(line),
        _ => serde_json::from_str(line).map(|row| vec![row]),
    };
    let rows = lines.lines().map(read);
    let mut rows = rows.collect::<Result<Vec<Vec<Row>>, _>>()?.concat();
    for row in &mut rows {
        bench.question.clone_into(&mut row.answers);
    }
    Ok(rows)
}

/// Builds the binary as it is shipped.
fn release() -> Result<(), Box<dyn Error>> {
    let script = folder().join("../scripts/release.sh");
    let built = Command::new(script).stdout(Stdio::null()).status()?;
    if built.success() {
        return Ok(());
    }
    Err("gatewright could not be built".into())
}

/// `bench/`.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
