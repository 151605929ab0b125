//! What does verification cost that a user could measure, beside proxies that verify less?
//!
//! Each contender is a whole program on one core; load and upstream are on the other. Rounds
//! are interleaved, medians are kept, and each figure stands beside that of a plain nginx of
//! the same round. A ratio counts only where the proxy's core is the busier; so both are told.
//!
//! `gw-bench-peers --gatewright BINARY [--envoy BINARY] [--rounds N] [--secs N] [--only WORD] [--json]`
//!
//! With `--tokens [--keycloak FOLDER]` it is who issues tokens that is compared: see `tokens.rs`.
//! With `--train` nobody is compared: Gatewright alone is put under every load once, for a build
//! that is optimised by what was counted meanwhile.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::print_stderr, reason = "and how far it is")]

mod case;
mod contender;
mod idle;
mod instructions;
mod load;
mod messages;
mod options;
mod process;
mod provider;
mod rounds;
mod row;
mod site;
mod tokens;
mod train;

use std::error::Error;

use contender::{Contender, gatewright::Setup};
use options::{Options, Task};
use provider::Provider;
use site::Site;
use tokio::runtime::Runtime;

/// Whatever went wrong.
pub(crate) type Fault = Box<dyn Error>;

fn main() -> Result<(), Fault> {
    let options = Options::read(std::env::args().skip(1))?;
    process::stay_on(process::LOAD_CORE)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let echo = messages::Echo::start()?;
    let site = Site::start(echo.port())?;
    match options.task {
        Task::Proxies => proxies(&runtime, &options, &site),
        Task::Tokens => tokens::measure(&runtime, &options, &site),
        Task::Train => train::run(&runtime, &options, &site),
    }
}

/// Gatewright beside other proxies.
fn proxies(runtime: &Runtime, options: &Options, site: &Site) -> Result<(), Fault> {
    if options.wants("instructions") {
        row::print(options, instructions::measure(options, site)?);
    }
    if options.only_wants("instructions") {
        return Ok(());
    }
    let provider = Provider::start()?;
    let contenders = contenders(options, site, &provider)?;
    for case in case::CASES {
        if options.wants(case.name) {
            row::print(options, case::measure(case, options, &contenders)?);
        }
    }
    for http2 in [false, true] {
        if options.wants("latency") {
            row::print(options, case::latency(http2, options, site, &contenders)?);
        }
    }
    let (plain, ours) = (contenders.first(), contenders.get(2));
    let (Some(plain), Some(ours)) = (plain, ours) else {
        return Err("nobody to compare".into());
    };
    if options.wants("messages") {
        row::print(
            options,
            messages::measure(runtime, options, site, [plain, ours])?,
        );
    }
    if options.wants("idle") {
        row::print(options, idle::measure(runtime, options, site)?);
    }
    Ok(())
}

const GATEWRIGHT: [Setup; 3] = [
    Setup {
        name: "Gatewright, 100 statements",
        statements: 100,
        accepted: "written",
    },
    Setup {
        name: "Gatewright, 10,000 statements",
        statements: 10_000,
        accepted: "written",
    },
    Setup {
        name: "Gatewright, each record synced",
        statements: 100,
        accepted: "synced",
    },
];

/// Everyone, the plain nginx first and Gatewright third.
fn contenders(
    options: &Options,
    site: &Site,
    provider: &Provider,
) -> Result<Vec<Contender>, Fault> {
    let mut all = vec![
        contender::nginx::plain(site)?,
        contender::haproxy::plain(site)?,
    ];
    for setup in GATEWRIGHT {
        all.push(contender::gatewright::verifying(
            site,
            &options.gatewright,
            setup,
        )?);
    }
    all.push(contender::nginx::asking(site)?);
    all.push(contender::caddy::asking(site)?);
    all.push(contender::apache::with_session(site, provider)?);
    if let Some(envoy) = &options.envoy {
        all.push(contender::envoy::asking(site, envoy)?);
    }
    Ok(all)
}
