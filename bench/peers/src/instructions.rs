//! How many instructions a verified request costs a traffic thread, by callgrind.
//!
//! Counts hardly move with what else the machine does, so a regression shows on any. They are
//! not time: the kernel's part is not in them, and where valgrind offers no hardware for AES and
//! SHA the portable code is counted instead.

use std::{fs, process::Command};

use crate::{
    Fault,
    contender::gatewright::{self, Setup},
    load::{self, Target},
    options::Options,
    row::Row,
    site::Site,
};

const QUESTION: &str = "instructions of the traffic thread for each verified request, 1 KiB";
const WARM_UP: u32 = 400;
const REQUESTS: u32 = 2_000;

/// Over HTTP/1.1 and HTTP/2.
pub(crate) fn measure(options: &Options, site: &Site) -> Result<Vec<Row>, Fault> {
    let out = site.file("callgrind.out");
    let out_option = format!("--callgrind-out-file={}", out.display());
    let runner = [
        "valgrind",
        "--tool=callgrind",
        "--separate-threads=yes",
        &out_option,
    ];
    let setup = Setup {
        name: "Gatewright, under callgrind",
        statements: 100,
        accepted: "written",
    };
    let contender = gatewright::verifying_under(site, &options.gatewright, setup, &runner)?;
    let pid = contender.program.pid().to_string();
    let target = contender.target("/1k");
    let mut rows = Vec::new();
    for (dump, http2) in [(1, false), (2, true)] {
        let version = if http2 { "HTTP/2" } else { "HTTP/1.1" };
        eprintln!("{QUESTION}: {version}");
        load::some(&target, http2, WARM_UP)?;
        control(&["--zero", &pid])?;
        let counted = count(&target, http2, &pid, &format!("{}.{dump}-", out.display()))?;
        let each = counted as f64 / f64::from(REQUESTS);
        rows.push(Row::new(
            QUESTION,
            version,
            "instructions",
            "",
            each.round(),
        ));
    }
    Ok(rows)
}

/// The busiest thread's instructions during the requests.
fn count(target: &Target, http2: bool, pid: &str, dumps: &str) -> Result<u64, Fault> {
    load::some(target, http2, REQUESTS)?;
    control(&["--dump", pid])?;
    let (folder, start) = dumps.rsplit_once('/').ok_or("no folder")?;
    let mut most = None;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(start) {
            continue;
        }
        let text = fs::read_to_string(entry.path())?;
        let summary = text.lines().find_map(|line| line.strip_prefix("summary: "));
        most = most.max(summary.and_then(|number| number.trim().parse().ok()));
    }
    most.ok_or_else(|| "callgrind dumped nothing".into())
}

fn control(arguments: &[&str]) -> Result<(), Fault> {
    let output = Command::new("callgrind_control").args(arguments).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "callgrind_control: {}",
        String::from_utf8_lossy(&output.stdout)
    )
    .into())
}
