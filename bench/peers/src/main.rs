//! What does verification cost that a user could measure, beside proxies that verify less?
//!
//! Each contender is a whole program on one core; load and upstream are on the other. Rounds
//! are interleaved, medians are kept. With `--json` it prints one row a line.

mod contender;
mod load;
mod process;
mod provider;
mod site;

use std::{error::Error, path::PathBuf};

use contender::gatewright::Setup;
use process::Cores;
use site::Site;

/// Whatever went wrong.
pub(crate) type Fault = Box<dyn Error>;

fn main() -> Result<(), Fault> {
    let binary = PathBuf::from(std::env::args().nth(1).ok_or("which binary?")?);
    let rounds: usize = std::env::args()
        .nth(2)
        .and_then(|n| n.parse().ok())
        .unwrap_or(3);
    let site = Site::start(1)?;
    let mut contenders = vec![
        contender::nginx::plain(&site)?,
        contender::haproxy::plain(&site)?,
        contender::gatewright::verifying(
            &site,
            &binary,
            Setup {
                name: "gatewright-100",
                statements: 100,
                accepted: "written",
            },
        )?,
    ];
    if std::env::args().nth(3).is_some() {
        contenders.push(contender::nginx::asking(&site)?);
        contenders.push(contender::caddy::asking(&site)?);
        contenders.push(contender::gatewright::verifying(
            &site,
            &binary,
            Setup {
                name: "gatewright-10000",
                statements: 10_000,
                accepted: "written",
            },
        )?);
    }
    if let Ok(command) = std::env::var("GW_HOLD") {
        for contender in &contenders {
            std::process::Command::new("bash")
                .arg("-c")
                .arg(&command)
                .env("NAME", contender.name)
                .env("PORT", contender.port.to_string())
                .env("COOKIE", &contender.cookie)
                .env("PID", contender.program.pid().to_string())
                .status()?;
        }
        return Ok(());
    }
    type Run = fn(&load::Target) -> Result<load::Got, Fault>;
    let cases: [(&str, &str, Run); 6] = [
        ("h1 64 1k", "/1k", |t| load::h1(t, 64, 3)),
        ("h1 256 1k", "/1k", |t| load::h1(t, 256, 3)),
        ("h1 64 100k", "/100k", |t| load::h1(t, 64, 3)),
        ("h2 64 1k", "/1k", |t| load::h2(t, 16, 4, 3)),
        ("h2 256 1k", "/1k", |t| load::h2(t, 32, 8, 3)),
        ("h2 64 100k", "/100k", |t| load::h2(t, 16, 4, 3)),
    ];
    for (name, path, run) in cases {
        let mut results: Vec<Vec<(f64, f64, [f64; 2])>> = vec![Vec::new(); contenders.len()];
        for _ in 0..rounds {
            for (at, contender) in contenders.iter().enumerate() {
                let (cpu, cores) = (contender.program.cpu(), Cores::now()?);
                let got = run(&contender.target(path))?;
                let used = contender.program.cpu() - cpu;
                let idle = Cores::now()?.idle_since(cores);
                results[at].push((got.per_sec, used.as_secs_f64() * 1e6 / got.requests, idle));
            }
        }
        let median = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let base = median(results[0].iter().map(|r| r.0).collect());
        for (at, c) in contenders.iter().enumerate() {
            let r = &results[at];
            let rate = median(r.iter().map(|r| r.0).collect());
            println!(
                "{name:12} {:26} {rate:9.0}/s {:5.2}x  cpu {:6.1} us  idle {:4.1} {:4.1}",
                c.name,
                rate / base,
                median(r.iter().map(|r| r.1).collect()),
                median(r.iter().map(|r| r.2[0]).collect()),
                median(r.iter().map(|r| r.2[1]).collect()),
            );
        }
    }
    for c in &contenders {
        println!("{:26} rss {} KiB", c.name, c.program.rss_kib());
    }
    Ok(())
}
