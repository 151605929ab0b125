//! What does a decision cost when nothing has changed since the last one?
//!
//! `cargo run --release -p gw-engine --example bench_judgement [-- --json]` asks for visits of
//! 10,000 people to one app, at 10 to 10,000 policies, through one core's judge that has seen
//! them before. The number to look at: the median below 0.5 µs, whatever the number of policies.

#![expect(clippy::expect_used, reason = "a benchmark fails loudly")]

use std::{fmt::Write as _, io::Write as _, sync::Arc, time::Instant};

use gw_clock::Clock;
use gw_engine::{
    Circumstances, Judge, View,
    testing::{START, app, group, policies, session, user, visit},
};
use gw_model::{AuthnMethod, Change, Epoch, Snapshot};

const PEOPLE: u64 = 10_000;
const ROUNDS: usize = 20;
const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
/// Reused judgements are faster than a clock can tell one by one: they are timed in runs.
const RUN: usize = 50;

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let mut out = std::io::stdout().lock();
    for size in SIZES {
        let (p50, p99) = measure(size);
        let question = format!("decision at {} policies", grouped(size));
        let written = if json {
            let row = |metric: &str, value: f64| {
                serde_json::json!({
                    "question": question, "contender": "gatewright, reused judgement",
                    "metric": metric, "unit": "us", "value": (value * 1e4).round() / 1e4,
                    "ratio_to": null, "ratio": null,
                })
            };
            writeln!(out, "{}\n{}", row("p50", p50), row("p99", p99))
        } else {
            writeln!(
                out,
                "{question}: reused judgement p50 {p50:.3} us, p99 {p99:.3} us"
            )
        };
        written.expect("stdout takes it");
    }
}

/// A number with its thousands apart, as the other benchmarks write it.
fn grouped(number: usize) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        thousands => format!("{thousands},{:03}", number % 1_000),
    }
}

/// Median and 99th percentile of one reused judgement, in microseconds.
fn measure(size: usize) -> (f64, f64) {
    let (view, visits) = organisation(size);
    let clock = Clock::manual(START);
    let mut judge = Judge::new(clock.clone());
    for asked in &visits {
        assert!(judge.judge(&view, asked, START).is_allow());
    }
    let mut samples = Vec::new();
    for _ in 0..ROUNDS {
        for run in visits.chunks(RUN) {
            let began = Instant::now();
            for asked in run {
                let judgement = judge.judge(&view, std::hint::black_box(asked), START);
                assert!(judgement.is_allow());
            }
            let nanos = u32::try_from(began.elapsed().as_nanos()).expect("a run is short");
            let visits = u32::try_from(run.len()).expect("a run is short");
            samples.push(f64::from(nanos) / f64::from(visits) / 1000.0);
        }
    }
    samples.sort_by(f64::total_cmp);
    let at = |share: usize| {
        *samples
            .get(samples.len() * share / 100)
            .expect("there are samples")
    };
    (at(50), at(99))
}

/// 10,000 people with a session each, and so many policies, of which two concern the app.
fn organisation(size: usize) -> (View, Vec<Circumstances>) {
    let mut text = String::new();
    text.push_str(
        r#"@id("wiki") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"wiki");
           @id("jewels") forbid (principal, action, resource in Tag::"crown-jewel") unless { context.authn.phishing_resistant };"#,
    );
    for number in 2..size {
        writeln!(
            text,
            r#"@id("p{number}") permit (principal in Group::"g{}", action == Action::"http.request", resource in App::"a{number}") when {{ context.authn.age_secs < {number} }};"#,
            number % 300,
        )
        .expect("a string takes it");
    }
    let mut changes = vec![
        group("staff"),
        Change::AppPut(Arc::new(app("wiki"))),
        policies(&text),
    ];
    let mut visits = Vec::new();
    for number in 0..PEOPLE {
        let person = user(number, &format!("user-{number}"), &["staff"]);
        let session = session(number, &person, AuthnMethod::Passkey, START);
        visits.push(visit("wiki", Some(&session), "/"));
        changes.push(Change::UserPut(Arc::new(person)));
        changes.push(Change::SessionStarted(Arc::new(session)));
    }
    let facts = Snapshot::empty(Epoch::default())
        .apply(
            Epoch {
                incarnation: 1,
                number: 1,
            },
            &changes,
        )
        .expect("the facts fit");
    let view = View::of(facts, None);
    assert!(view.policy_faults.is_empty(), "{:?}", view.policy_faults);
    (view, visits)
}
