//! What does it cost a traffic thread to record an exchange?
//!
//! Run with `cargo run --release -p gw-record --example bench_append -- [FOLDER] [RECORDS]`.
//! The number to watch: the median below one microsecond, of which the commitment's
//! SHA-256 is a part; and how rare and long the stalls are that the disk causes.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its table and stops at the first surprise"
)]

use std::{
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use gw_ledger::{ExchangeKind, ExchangeRecord, JudgementRecord, Method, Personal, Signer};
use gw_model::{
    Action, Decision, DecisionId, Epoch, JudgementId, Outcome, PolicyId, Principal, Resource,
    Timestamp, UserId,
};
use gw_record::{Ledger, LedgerOptions, Recorder};

const EPOCH: Epoch = Epoch {
    incarnation: 1,
    number: 42,
};

fn judgement() -> JudgementRecord {
    JudgementRecord {
        judgement: JudgementId::from_bits(5),
        time: Timestamp::from_secs(1_800_000_000),
        epoch: EPOCH,
        principal: Principal::User(UserId::from_bits(7)),
        session: None,
        device: None,
        action: Action::HttpRequest,
        resource: Resource::Route("wiki/default".parse().unwrap()),
        decision: Decision {
            outcome: Outcome::Allow,
            because: vec![PolicyId(Arc::from("wiki-for-staff"))],
            faults: Vec::new(),
            report: None,
            valid_until: Timestamp::NEVER,
        },
        grounds: Vec::new(),
        attributes: Vec::new(),
        remedies: None,
    }
}

fn exchange(decision: u64) -> ExchangeRecord {
    ExchangeRecord {
        time: Timestamp::from_millis(1_800_000_000_000 + decision),
        decision: DecisionId::from_bits(decision),
        judgement: JudgementId::from_bits(5),
        epoch: EPOCH,
        outcome: Outcome::Allow,
        kind: ExchangeKind::Http,
        method: Method::Get,
        latency_ns: 700,
    }
}

fn personal() -> Personal<'static> {
    Personal {
        address: Some([192, 0, 2, 7].into()),
        host: "wiki.gatewright.localhost",
        path: "/pages/quarterly-report/edit",
        user: "ana",
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
        ..Personal::default()
    }
}

/// Records one exchange and says how long that took, in nanoseconds.
fn record(
    recorder: &mut Recorder,
    judgement: &JudgementRecord,
    personal: &Personal<'_>,
    decision: u64,
) -> u64 {
    let exchange = exchange(decision);
    let start = Instant::now();
    recorder.judgement(judgement).unwrap();
    recorder.exchange(&exchange, personal).unwrap();
    u64::try_from(start.elapsed().as_nanos()).unwrap()
}

/// Appends in bursts with pauses between, so that the rate is that of a busy core and not of the disk.
fn appends(recorder: &mut Recorder, records: u64, burst: u64, pause: Duration) -> Vec<u64> {
    let (judgement, personal) = (judgement(), personal());
    let mut costs = Vec::new();
    for decision in 0..records {
        costs.push(record(recorder, &judgement, &personal, decision));
        if decision % burst == burst - 1 {
            thread::park_timeout(pause);
        }
    }
    costs
}

fn at(sorted: &[u64], share: f64) -> u64 {
    let last = sorted.len().saturating_sub(1);
    let place = (last as f64 * share) as usize;
    sorted.get(place).copied().unwrap_or_default()
}

fn report(name: &str, mut costs: Vec<u64>) {
    costs.sort_unstable();
    let mean = costs.iter().sum::<u64>() / costs.len().max(1) as u64;
    println!(
        "{name:<34} {:>9} records  mean {mean:>6} ns  p50 {:>6}  p99 {:>6}  p99.9 {:>7}  p99.99 {:>8}  max {:>9}",
        costs.len(),
        at(&costs, 0.5),
        at(&costs, 0.99),
        at(&costs, 0.999),
        at(&costs, 0.9999),
        at(&costs, 1.0),
    );
}

/// How long it takes until a record is synced, one at a time.
fn synced(recorder: &mut Recorder, records: u64) -> Vec<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (judgement, personal) = (judgement(), personal());
    let mut costs = Vec::new();
    for decision in 0..records {
        let start = Instant::now();
        recorder.judgement(&judgement).unwrap();
        let position = recorder.exchange(&exchange(decision), &personal).unwrap();
        runtime.block_on(recorder.synced(position)).unwrap();
        costs.push(u64::try_from(start.elapsed().as_nanos()).unwrap());
    }
    costs
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(
        arguments
            .next()
            .unwrap_or_else(|| "target/bench-ledger".into()),
    );
    let records = arguments.next().map_or(1_000_000, |n| n.parse().unwrap());
    let started = Instant::now();
    let now = move || Timestamp::from_secs(1_800_000_000).after(started.elapsed());
    let ledger = Ledger::open(
        &folder,
        LedgerOptions::new(1, 1, now),
        Signer::from_seed(&[1; 32]).unwrap(),
        &[],
    )
    .unwrap();
    let mut recorder = ledger.recorder("core-0").unwrap();
    report(
        "written, 20,000 a second",
        appends(&mut recorder, records / 5, 20, Duration::from_micros(900)),
    );
    report(
        "written, 100,000 a second",
        appends(&mut recorder, records, 100, Duration::from_micros(800)),
    );
    report(
        "written, as fast as it goes",
        appends(&mut recorder, records, u64::MAX, Duration::ZERO),
    );
    report("synced, one at a time", synced(&mut recorder, 500));
    drop(recorder);
    drop(ledger);
    std::fs::remove_dir_all(&folder).unwrap();
}
