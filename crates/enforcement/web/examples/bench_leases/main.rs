//! How long do 10,000 open WebSockets of 1,000 people outlive what allowed them?
//!
//! `cargo run --release -p gw-web --example bench_leases [-- --json]` starts a gateway of two
//! traffic threads (real engine, store, ledger, door and sockets) in this process, opens the
//! WebSockets over loopback to an upstream that keeps talking, four in five of them over HTTP/2
//! and TLS, and has facts change: a person is disabled, a policy touches one in a hundred, a
//! policy touches nobody, a time window closes.
//!
//! The numbers to look at: from the change being acknowledged (for the window: from its instant)
//! to the last byte that a client of something affected sees, the close included, p99 at most
//! 50 ms; no false cut; and what ordinary requests at a fixed rate felt meanwhile. Times are
//! taken at the client; the processor time is that of the traffic threads, beyond quiet.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark fails loudly"
)]

mod cases;
mod figures;
mod house;
mod requests;
mod sockets;
mod upstream;

use std::io::Write as _;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Sockets of this process: both ends of what the clients opened, and one towards the upstream
/// for each WebSocket.
const DESCRIPTORS: u64 = 19_000;

fn main() {
    allow_descriptors();
    if std::env::args().any(|argument| argument == upstream::ARGUMENT) {
        return upstream::serve();
    }
    let json = std::env::args().any(|argument| argument == "--json");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let rows = runtime.block_on(cases::measure());
    let mut out = std::io::stdout().lock();
    for row in rows {
        let line = if json { row.json() } else { row.text() };
        writeln!(out, "{line}").expect("stdout takes it");
    }
}

fn allow_descriptors() {
    let now = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: Some(DESCRIPTORS),
        maximum: Some(
            now.maximum
                .map_or(DESCRIPTORS, |most| most.max(DESCRIPTORS)),
        ),
    };
    if now.current.is_some_and(|most| most < DESCRIPTORS) {
        setrlimit(Resource::Nofile, wanted).expect(
            "this needs 19,000 open files at once: raise the hard limit, or run it as root",
        );
    }
}
