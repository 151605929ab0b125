//! `make bench`: runs every benchmark, prints its table, and keeps the rows in
//! `bench/results.json` and, with the machine described, in `bench/RESULTS.md`.
//!
//! A benchmark is an example of the crate that it measures; with `--json` it prints one row a line.

mod machine;
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
    example: &'static str,
    question: &'static str,
}

const BENCHES: &[Bench] = &[
    Bench {
        package: "gw-policy",
        example: "bench_decisions",
        question: "What does a decision cost, and does it grow with the number of policies?",
    },
    Bench {
        package: "gw-engine",
        example: "bench_judgement",
        question: "What does a decision cost when nothing has changed since the last one?",
    },
    Bench {
        package: "gw-leases",
        example: "bench_sweep",
        question: "What does a change of facts cost a traffic thread on which much is open?",
    },
    Bench {
        package: "gw-web",
        example: "bench_leases",
        question: "How long do 10,000 open WebSockets of 1,000 people outlive what allowed them?",
    },
];

/// One measured figure.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
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
    let mut rows = Vec::new();
    let mut document = format!(
        "# Results\n\nThe last run of `make bench`. {}\n",
        machine::sentence()
    );
    for bench in BENCHES {
        let measured = run(bench)?;
        let section = format!("\n## {}\n\n{}", bench.question, table::markdown(&measured));
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

fn run(bench: &Bench) -> Result<Vec<Row>, Box<dyn Error>> {
    let output = Command::new(env!("CARGO"))
        .args(["run", "--release", "--locked", "--quiet"])
        .args(["--package", bench.package, "--example", bench.example])
        .args(["--", "--json"])
        .current_dir(folder())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{} ended with {}", bench.example, output.status).into());
    }
    let lines = String::from_utf8(output.stdout)?;
    let rows = lines.lines().map(serde_json::from_str);
    Ok(rows.collect::<Result<_, _>>()?)
}

/// `bench/`.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
