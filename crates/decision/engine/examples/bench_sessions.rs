//! What do people who are signed in cost in memory?
//!
//! `cargo run --release -p gw-engine --example bench_sessions [-- --json]` has an engine with a
//! thousand policies take in 10,000 people, then a session of each with a token at five apps, then
//! judges a visit of each, and looks at what the process holds after each step. The number to
//! look at: the last, per session.

#![expect(clippy::expect_used, reason = "a benchmark fails loudly")]

use std::{fmt::Write as _, io::Write as _, sync::Arc};

use aws_lc_rs::digest;
use gw_engine::{
    Judge, Judgement,
    testing::{START, TestEngine, app, group, policies, session, user, visit},
};
use gw_model::{AppToken, AuthnMethod, Change, Session, TokenHash, User};

const PEOPLE: u64 = 10_000;
const APPS: [&str; 5] = ["wiki", "chat", "code", "files", "tasks"];
const POLICIES: usize = 1_000;
/// People whose changes fit into one record of the log.
const AT_ONCE: usize = 50;

#[tokio::main]
async fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let mut changes = vec![group("staff"), policies(&statements())];
    changes.extend(APPS.map(|name| Change::AppPut(Arc::new(app(name)))));
    let tested = TestEngine::with(changes).await;
    let mut out = std::io::stdout().lock();
    let mut tell = |metric: &str, unit: &str, value: f64| {
        let value = (value * 1e2).round() / 1e2;
        let question = "memory, 10,000 people with a session at five apps";
        let line = if json {
            serde_json::json!({
                "question": question, "contender": "gatewright", "metric": metric,
                "unit": unit, "value": value, "ratio_to": null, "ratio": null,
            })
            .to_string()
        } else {
            format!("{question}: {metric} {value} {unit}")
        };
        writeln!(out, "{line}").expect("stdout takes it");
    };

    let empty = held_kib();
    tell("process_without", "MiB", empty / 1024.0);
    let people: Vec<User> = (0..PEOPLE)
        .map(|number| user(number, &format!("user-{number}"), &["staff"]))
        .collect();
    for some in people.chunks(AT_ONCE) {
        let put = |person: &User| Change::UserPut(Arc::new(person.clone()));
        tested.change(some.iter().map(put).collect()).await;
    }
    let with_people = held_kib();
    tell(
        "of_each_person",
        "KiB",
        (with_people - empty) / PEOPLE as f64,
    );

    let begin =
        |(number, person): (u64, &User)| session(number, person, AuthnMethod::Passkey, START);
    let sessions: Vec<Session> = (0..PEOPLE).zip(&people).map(begin).collect();
    let before = held_kib();
    for some in sessions.chunks(AT_ONCE) {
        tested
            .change(some.iter().flat_map(signed_in).collect())
            .await;
    }
    let signed_in = held_kib();
    tell(
        "of_each_session",
        "KiB",
        (signed_in - before) / PEOPLE as f64,
    );

    let view = tested.engine.view();
    let mut judge = Judge::new(tested.clock.clone());
    let visits = sessions.iter().map(|s| visit("wiki", Some(s), "/"));
    let judged: Vec<Arc<Judgement>> = visits.map(|v| judge.judge(&view, &v, START)).collect();
    assert!(judged.iter().all(|judgement| judgement.is_allow()));
    let with_judgements = held_kib();
    let each = (with_judgements - signed_in) / PEOPLE as f64;
    tell("of_each_judgement", "KiB", each);
    tell("process_with", "MiB", with_judgements / 1024.0);
}

fn signed_in(session: &Session) -> Vec<Change> {
    let mut changes = vec![Change::SessionStarted(Arc::new(session.clone()))];
    changes.extend(APPS.map(|app| {
        let secret = format!("secret-{}-at-{app}", session.id.bits());
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
        Change::AppTokenIssued(Arc::new(AppToken {
            hash: TokenHash::from_digest(hash),
            session: session.id,
            app: app.parse().expect("a name"),
            rank: 1,
            version: 0,
        }))
    }));
    changes
}

fn statements() -> String {
    let mut text = String::new();
    for app in APPS {
        writeln!(
            text,
            r#"@id("{app}") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"{app}");"#,
        )
        .expect("a string takes it");
    }
    for number in APPS.len()..POLICIES {
        writeln!(
            text,
            r#"@id("p{number}") permit (principal in Group::"g{}", action == Action::"http.request", resource in App::"a{number}");"#,
            number % 300,
        )
        .expect("a string takes it");
    }
    text
}

/// Memory that is this process's own (`RssAnon`).
fn held_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("Linux")
}
