//! The machine that the figures were measured on, in one sentence.

use std::{fs, process::Command, thread};

/// "Measured on 2 cores of …, 24 GiB of memory, Linux …, rustc …."
pub(crate) fn sentence() -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    format!(
        "Measured on {cores} cores of {}, {} of memory, Linux {}, {}.",
        field("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unnamed processor".into()),
        memory(),
        line("/proc/sys/kernel/osrelease"),
        compiler(),
    )
}

fn memory() -> String {
    let kib = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
    match kib {
        Some(kib) => format!("{} GiB", kib.div_ceil(1 << 20)),
        None => "an unknown amount".into(),
    }
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let words = text.unwrap_or_default();
    words
        .split_whitespace()
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The first line of `path` that begins with `name`, after its colon.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn line(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}
