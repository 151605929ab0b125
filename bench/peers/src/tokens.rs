//! How many access tokens does Gatewright issue in a second, beside Keycloak?
//!
//! Programs ask the token endpoint over kept connections of HTTP/1.1, each for the next token when
//! it has the last: by a secret (`client_credentials`, `client_secret_basic`), by an assertion that
//! they sign with a key of their own and that counts once (`private_key_jwt`), and for a token that
//! they have (RFC 8693). Each server is on one core, the load on the other; rounds are interleaved,
//! after each has been warmed up, and medians are kept. Every answer is looked at: it is 200, and has
//! an access token that is signed by the algorithm that the row names.
//!
//! Keycloak is as it comes, but for what is to its advantage: it is spoken to without TLS, Gatewright
//! with it, and holds all that it knows in memory. Its tokens are signed as Gatewright's are (ES256),
//! which all stands beside, and as they are where nothing is said (RS256). Gatewright asks its policy
//! for each token, a hundred statements being in force, and writes it down before it answers; what it
//! remembers of assertions is bounded (docs/limits.md), so they are of several clients and end soon.
//! None of its limits is moved.

mod gatewright;
mod keycloak;
mod load;
mod requests;

use std::time::{Duration, Instant};

use jsonwebtoken::Algorithm;
use tokio::runtime::Runtime;

use crate::{
    Fault,
    contender::Contender,
    idle::Client,
    options::Options,
    rounds::{self, interleaved},
    row::{self, Row, median},
    site::Site,
};
use load::Got;
use requests::{CASES, Case, Key};

/// A server that issues tokens, at work.
pub(crate) struct Server {
    contender: Contender,
    /// Its host, as a request names it.
    host: &'static str,
    is_tls: bool,
    /// Its token endpoint.
    path: &'static str,
    /// By which name assertions are addressed to it.
    issuer: String,
    /// What tokens are asked for, where that has to be said.
    resource: Option<String>,
    /// For how long it is put under each load before that counts.
    warm_up: WarmUp,
}

/// When a server is warm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WarmUp {
    /// It has worked for so long since it was started, in processor time of its own.
    worked: Duration,
    /// So many rounds in a row were no faster than the best before them.
    steady: u32,
}

impl Server {
    /// Whom a request is sent to.
    fn authority(&self) -> String {
        format!("{}:{}", self.host, self.contender.port)
    }
}

/// A row of the table: a server, and those of its clients whose tokens are signed like that.
struct Entrant<'s> {
    name: &'static str,
    server: &'s Server,
    algorithm: Algorithm,
}

/// What all stand beside.
const PLAIN: &str = "Keycloak, ES256";

/// The longest that a server is warmed up for.
const WARM_UP_MAX: Duration = Duration::from_secs(300);
/// A round that brings so much more than the best before it is faster.
const FASTER: f64 = 1.03;

/// All cases, one after the other.
pub(crate) fn measure(runtime: &Runtime, options: &Options, site: &Site) -> Result<(), Fault> {
    let key = Key::generate()?;
    let ours = gatewright::start(site, &options.gatewright, &key)?;
    let keycloak = keycloak::start(site, options.keycloak.as_deref(), &key)
        .inspect_err(|fault| eprintln!("Keycloak is left out: {fault}"))
        .ok();
    let of_keycloak = keycloak.iter().flat_map(|server| {
        let entrant = |name, algorithm| Entrant {
            name,
            server,
            algorithm,
        };
        [
            entrant(PLAIN, Algorithm::ES256),
            entrant("Keycloak, RS256", Algorithm::RS256),
        ]
    });
    let entrants: Vec<_> = of_keycloak
        .chain([Entrant {
            name: ours.contender.name,
            server: &ours,
            algorithm: Algorithm::ES256,
        }])
        .collect();
    let bench = Bench {
        runtime,
        client: Client::new(site)?,
        key: &key,
        span: Duration::from_secs(options.secs.into()),
    };
    for case in CASES {
        if options.wants(case.name) {
            row::print(options, bench.of_case(case, options.rounds, &entrants)?);
        }
    }
    Ok(())
}

/// What a run has to ask with.
struct Bench<'r> {
    runtime: &'r Runtime,
    client: Client,
    key: &'r Key,
    /// How long a round is.
    span: Duration,
}

/// What one round came to.
struct Round {
    per_sec: f64,
    server_micros: f64,
    p50: f64,
    p99: f64,
    idle: [f64; 2],
}

impl Bench<'_> {
    fn of_case(
        &self,
        case: &Case,
        rounds: usize,
        entrants: &[Entrant<'_>],
    ) -> Result<Vec<Row>, Fault> {
        for entrant in entrants {
            self.warm_up(case, entrant)?;
        }
        let rounds = interleaved(case.name, rounds, entrants, |entrant| {
            self.round(case, entrant).map(Some)
        })?;
        let of = |rounds: &[Round], value: fn(&Round) -> f64| median(rounds.iter().map(value));
        let plain = entrants.iter().zip(&rounds).find(|(e, _)| e.name == PLAIN);
        let plain = plain
            .map(|(_, rounds)| rounds.as_slice())
            .unwrap_or_default();
        let mut rows = Vec::new();
        for (entrant, rounds) in entrants.iter().zip(&rounds) {
            let row = |metric, unit, value: fn(&Round) -> f64| {
                Row::new(case.name, entrant.name, metric, unit, of(rounds, value))
            };
            let beside = |metric, unit, value: fn(&Round) -> f64| {
                row(metric, unit, value).beside_that_of(PLAIN, of(plain, value))
            };
            rows.extend([
                beside("tokens per second", "/s", |r| r.per_sec),
                beside("server's CPU per token", "us", |r| r.server_micros),
                beside("p50", "us", |r| r.p50),
                beside("p99", "us", |r| r.p99),
                row("server's core idle", "%", |r| r.idle[0]),
                row("load's core idle", "%", |r| r.idle[1]),
            ]);
        }
        Ok(rows)
    }

    /// Puts a server under load until it has had its time and becomes no faster.
    fn warm_up(&self, case: &Case, entrant: &Entrant<'_>) -> Result<(), Fault> {
        let WarmUp { worked, steady } = entrant.server.warm_up;
        let program = &entrant.server.contender.program;
        let began = Instant::now();
        let (mut best, mut no_faster) = (0.0, 0);
        while program.cpu() < worked || no_faster < steady {
            if began.elapsed() > WARM_UP_MAX {
                eprintln!("{}: {} becomes faster still", case.name, entrant.name);
                break;
            }
            let rate = self.round(case, entrant)?.per_sec;
            eprintln!(
                "{}: warming {} up: {rate:.0} a second",
                case.name, entrant.name
            );
            no_faster = if rate > best * FASTER {
                0
            } else {
                no_faster + 1
            };
            best = rate.max(best);
        }
        Ok(())
    }

    fn round(&self, case: &Case, entrant: &Entrant<'_>) -> Result<Round, Fault> {
        let one = |request: Vec<u8>| {
            let asked = load::one(&self.client, entrant.server, request);
            self.runtime.block_on(asked)
        };
        let requests = case.requests(entrant, self.key, self.span, one)?;
        let (got, spent) = rounds::under(&entrant.server.contender.program, || {
            load::all(self.runtime, &self.client, entrant, requests, self.span)
        })?;
        let Got {
            tokens,
            secs,
            p50,
            p99,
        } = got;
        Ok(Round {
            per_sec: tokens / secs,
            server_micros: spent.program_secs * 1e6 / tokens.max(1.0),
            p50,
            p99,
            idle: spent.idle,
        })
    }
}
