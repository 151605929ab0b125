//! The cases: as many requests as go, and how long they take at a rate that all can serve.

use crate::{
    Fault,
    contender::Contender,
    load::{self, Got, Latency, Target},
    options::Options,
    rounds::{self, interleaved},
    row::{Row, median},
    site::Site,
};

/// One kind of load.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    path: &'static str,
    run: fn(&Target, u32) -> Result<Got, Fault>,
}

impl Case {
    /// Puts one proxy under this load.
    pub(crate) fn load(&self, contender: &Contender, secs: u32) -> Result<Got, Fault> {
        (self.run)(&contender.target(self.path), secs)
    }
}

const fn case(
    name: &'static str,
    path: &'static str,
    run: fn(&Target, u32) -> Result<Got, Fault>,
) -> Case {
    Case { name, path, run }
}

/// All of them.
pub(crate) const CASES: &[Case] = &[
    case("HTTP/1.1, 64 connections, 1 KiB", "/1k", |t, secs| {
        load::h1(t, 64, secs)
    }),
    case("HTTP/1.1, 256 connections, 1 KiB", "/1k", |t, secs| {
        load::h1(t, 256, secs)
    }),
    case("HTTP/1.1, 64 connections, 100 KiB", "/100k", |t, secs| {
        load::h1(t, 64, secs)
    }),
    case("HTTP/1.1, 256 connections, 100 KiB", "/100k", |t, secs| {
        load::h1(t, 256, secs)
    }),
    case("HTTP/2, 16 x 4 streams, 1 KiB", "/1k", |t, secs| {
        load::h2(t, 16, 4, secs)
    }),
    case("HTTP/2, 32 x 8 streams, 1 KiB", "/1k", |t, secs| {
        load::h2(t, 32, 8, secs)
    }),
    case("HTTP/2, 16 x 4 streams, 100 KiB", "/100k", |t, secs| {
        load::h2(t, 16, 4, secs)
    }),
    case("HTTP/2, 32 x 8 streams, 100 KiB", "/100k", |t, secs| {
        load::h2(t, 32, 8, secs)
    }),
    case("a new connection for each request", "/1k", |t, secs| {
        load::new_connections(t, 64, secs)
    }),
];

/// What one round of one contender came to.
struct Round {
    per_sec: f64,
    proxy_micros: f64,
    machine_micros: f64,
    idle: [f64; 2],
}

/// All contenders in interleaved rounds. One that cannot serve the case is left out, and said.
pub(crate) fn measure(
    case: &Case,
    options: &Options,
    contenders: &[Contender],
) -> Result<Vec<Row>, Fault> {
    let rounds = interleaved(case.name, options.rounds, contenders, |contender| {
        Ok(or_said(contender, round(case, options.secs, contender)))
    })?;
    let of = |rounds: &[Round], value: fn(&Round) -> f64| median(rounds.iter().map(value));
    let plain = rounds.first().filter(|rounds| !rounds.is_empty());
    let plain = plain.ok_or("the plain nginx could not be measured")?;
    let (plain_rate, plain_micros) = (of(plain, |r| r.per_sec), of(plain, |r| r.proxy_micros));
    let plain_machine = of(plain, |r| r.machine_micros);
    let mut rows = Vec::new();
    for (contender, rounds) in contenders.iter().zip(&rounds) {
        if rounds.is_empty() {
            continue;
        }
        let row = |metric, unit, value| Row::new(case.name, contender.name, metric, unit, value);
        let of = |value: fn(&Round) -> f64| of(rounds, value);
        rows.extend([
            row("requests per second", "/s", of(|r| r.per_sec)).beside(plain_rate),
            row("proxy's CPU per request", "us", of(|r| r.proxy_micros)).beside(plain_micros),
            row("machine's CPU per request", "us", of(|r| r.machine_micros)).beside(plain_machine),
            row("proxy's core idle", "%", of(|r| r.idle[0])),
            row("load's core idle", "%", of(|r| r.idle[1])),
        ]);
    }
    Ok(rows)
}

/// What was got, or the word that it was not.
fn or_said<T>(contender: &Contender, got: Result<T, Fault>) -> Option<T> {
    got.inspect_err(|fault| eprintln!("{}: {fault}", contender.name))
        .ok()
}

fn round(case: &Case, secs: u32, contender: &Contender) -> Result<Round, Fault> {
    let (got, spent) = rounds::under(&contender.program, || case.load(contender, secs))?;
    let requests = got.requests.max(1.0);
    Ok(Round {
        per_sec: got.per_sec,
        proxy_micros: spent.program_secs * 1e6 / requests,
        machine_micros: spent.machine_secs * 1e6 / requests,
        idle: spent.idle,
    })
}

/// Requests per second of the paced load.
const RATE: u32 = 2_000;

/// How long requests take at a fixed rate.
pub(crate) fn latency(
    http2: bool,
    options: &Options,
    site: &Site,
    contenders: &[Contender],
) -> Result<Vec<Row>, Fault> {
    let version = if http2 { "HTTP/2" } else { "HTTP/1.1" };
    let question = format!("latency over {version} at {RATE} requests a second");
    let log = site.file("paced.log");
    let rounds = interleaved(&question, options.rounds, contenders, |contender| {
        let target = contender.target("/1k");
        let paced = load::paced(&target, http2, RATE, options.secs, &log);
        Ok(or_said(contender, paced))
    })?;
    let of = |rounds: &[Latency], value: fn(&Latency) -> f64| median(rounds.iter().map(value));
    let plain = rounds.first().map(Vec::as_slice).unwrap_or_default();
    let (p50, p99) = (of(plain, |l| l.p50), of(plain, |l| l.p99));
    let mut rows = Vec::new();
    for (contender, rounds) in contenders.iter().zip(&rounds) {
        if rounds.is_empty() {
            continue;
        }
        let row = |metric, value| Row::new(&question, contender.name, metric, "us", value);
        rows.push(row("p50", of(rounds, |l| l.p50)).beside(p50));
        rows.push(row("p99", of(rounds, |l| l.p99)).beside(p99));
    }
    Ok(rows)
}
