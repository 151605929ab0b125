//! The load: wrk over HTTP/1.1, h2load over HTTP/2 and at fixed rates.

use std::{fs, path::Path};

use crate::{Fault, process::run_load};

/// What one run of load got.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Got {
    /// Requests per second that were answered as they should be.
    pub(crate) per_sec: f64,
    /// How many that were.
    pub(crate) requests: f64,
}

/// What to ask for.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) cookie: String,
}

/// As many requests as go, over so many kept connections of HTTP/1.1.
pub(crate) fn h1(target: &Target, connections: u32, secs: u32) -> Result<Got, Fault> {
    wrk(target, connections, secs, &[])
}

/// The same with a connection for each request.
pub(crate) fn new_connections(target: &Target, connections: u32, secs: u32) -> Result<Got, Fault> {
    wrk(target, connections, secs, &["-H", "Connection: close"])
}

fn wrk(target: &Target, connections: u32, secs: u32, more: &[&str]) -> Result<Got, Fault> {
    let (connections, duration) = (connections.to_string(), format!("{secs}s"));
    let cookie = format!("Cookie: {}", target.cookie);
    let mut command = vec!["wrk", "-t1", "-c", &connections, "-d", &duration];
    command.extend(["-H", &cookie]);
    command.extend(more);
    command.push(&target.url);
    let text = run_load(&command)?;
    for fault in ["Non-2xx", "Socket errors: connect"] {
        if let Some(line) = text.lines().find(|line| line.contains(fault)) {
            let closed = more.contains(&"Connection: close") && fault.starts_with("Socket");
            if !closed {
                return Err(format!("{}: {}", target.url, line.trim()).into());
            }
        }
    }
    let per_sec = number_after(&text, "Requests/sec:")?;
    let line = text.lines().find(|line| line.contains(" requests in "));
    let requests = line
        .and_then(|line| line.split_whitespace().next()?.parse().ok())
        .ok_or("wrk did not say how many requests it made")?;
    Ok(Got { per_sec, requests })
}

/// As many requests as go, over HTTP/2.
pub(crate) fn h2(target: &Target, connections: u32, streams: u32, secs: u32) -> Result<Got, Fault> {
    let (connections, streams) = (connections.to_string(), streams.to_string());
    let duration = format!("{secs}s");
    let cookie = format!("cookie: {}", target.cookie);
    let text = run_load(&[
        "h2load",
        "-t1",
        "-c",
        &connections,
        "-m",
        &streams,
        "-D",
        &duration,
        "-H",
        &cookie,
        &target.url,
    ])?;
    all_fine(&text, &target.url)?;
    let line = text.lines().find(|line| line.starts_with("finished in"));
    let per_sec = line
        .and_then(|line| line.split(", ").nth(1)?.split(' ').next()?.parse().ok())
        .ok_or("h2load did not say how fast it was")?;
    let line = text.lines().find(|line| line.starts_with("requests:"));
    let requests = line
        .and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .ok_or("h2load did not say how many requests it made")?;
    Ok(Got { per_sec, requests })
}

/// So many requests over a few connections.
pub(crate) fn some(target: &Target, http2: bool, requests: u32) -> Result<(), Fault> {
    let requests = requests.to_string();
    let cookie = format!("cookie: {}", target.cookie);
    let mut command = vec![
        "h2load", "-t1", "-c4", "-m4", "-n", &requests, "-H", &cookie,
    ];
    if !http2 {
        command.push("--h1");
    }
    command.push(&target.url);
    all_fine(&run_load(&command)?, &target.url)
}

/// So many uploads of a file over a few connections.
pub(crate) fn uploads(
    target: &Target,
    http2: bool,
    requests: u32,
    file: &Path,
) -> Result<(), Fault> {
    let (requests, file) = (requests.to_string(), file.display().to_string());
    let cookie = format!("cookie: {}", target.cookie);
    let same_origin = "sec-fetch-site: same-origin";
    let mut command = vec!["h2load", "-t1", "-c8", "-n", &requests, "-d", &file];
    command.extend(["-H", &cookie, "-H", same_origin]);
    if http2 {
        command.extend(["-m", "4"]);
    } else {
        command.push("--h1");
    }
    command.push(&target.url);
    all_fine(&run_load(&command)?, &target.url)
}

/// Latencies of requests at a fixed rate, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Requests at a fixed rate over 20 connections.
pub(crate) fn paced(
    target: &Target,
    http2: bool,
    rate: u32,
    secs: u32,
    log: &Path,
) -> Result<Latency, Fault> {
    const CONNECTIONS: u32 = 20;
    let _ = fs::remove_file(log);
    let per_connection = (rate / CONNECTIONS).to_string();
    let (connections, duration) = (CONNECTIONS.to_string(), format!("{secs}s"));
    let cookie = format!("cookie: {}", target.cookie);
    let log_file = format!("--log-file={}", log.display());
    let mut command = vec![
        "h2load",
        "-t1",
        "-c",
        &connections,
        "-m",
        "4",
        "-D",
        &duration,
        "--rps",
        &per_connection,
        &log_file,
        "-H",
        &cookie,
    ];
    if !http2 {
        command.push("--h1");
    }
    command.push(&target.url);
    let text = run_load(&command)?;
    all_fine(&text, &target.url)?;
    let mut took: Vec<u64> = fs::read_to_string(log)?
        .lines()
        .filter_map(|line| line.split('\t').nth(2)?.parse().ok())
        .collect();
    took.sort_unstable();
    let at = |share: f64| {
        let index = (took.len() as f64 * share) as usize;
        took.get(index).copied().unwrap_or_default() as f64
    };
    Ok(Latency {
        p50: at(0.5),
        p99: at(0.99),
    })
}

fn all_fine(text: &str, url: &str) -> Result<(), Fault> {
    let line = |start: &str| {
        text.lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_default()
    };
    let codes = line("status codes:");
    let others = [" 3xx", " 4xx", " 5xx"]
        .iter()
        .any(|code| !codes.contains(&format!(" 0{code}")));
    let failed = !line("requests:").contains(" 0 failed");
    if codes.is_empty() || others || failed {
        return Err(format!("{url}: {codes}; {}", line("requests:")).into());
    }
    Ok(())
}

fn number_after(text: &str, key: &str) -> Result<f64, Fault> {
    text.lines()
        .find_map(|line| line.trim().strip_prefix(key)?.trim().parse().ok())
        .ok_or_else(|| format!("no `{key}` in what the load printed").into())
}
