//! The changes, and what each does to what is open.

use std::{
    collections::BTreeSet,
    io::Write as _,
    time::{Duration, Instant},
};

use gw_engine::testing::policies;
use gw_model::{Change, Timestamp};

use crate::{
    figures::{Row, percentile, traffic_time},
    house::{EACH, House, PEOPLE, TEAMS, usual_policies, works_in_shifts},
    requests::{self, Felt},
    sockets::until,
};

const ROUNDS: usize = 8;
/// How long what ordinary requests feel is looked at, in quiet and from a change on.
const WHILE: Duration = Duration::from_millis(300);
/// What a request that was due last may still take.
const IN_FLIGHT: Duration = Duration::from_millis(50);
/// How long an end is waited for, before it counts as missed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How far ahead a time window closes.
const AHEAD: Duration = Duration::from_secs(2);
/// The team that a policy changes for.
const TEAM: usize = 7;
/// People who ask for pages, whom no case touches; their teams have the same numbers.
const BYSTANDERS: [usize; 4] = [1, 2, 3, 4];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Disabled,
    OneInAHundred,
    Nobody,
    Window,
    Everybody,
}

impl Case {
    const fn question(self) -> &'static str {
        match self {
            Self::Disabled => "10,000 WebSockets: a person is disabled",
            Self::OneInAHundred => "10,000 WebSockets: a policy touches one in a hundred",
            Self::Nobody => "10,000 WebSockets: a policy touches nobody",
            Self::Window => "10,000 WebSockets: a time window closes for one in ten",
            Self::Everybody => "10,000 WebSockets: a policy ends nearly all at once",
        }
    }

    fn touches(self, round: usize, person: usize) -> bool {
        match self {
            Self::Disabled => person == disabled_in(round),
            Self::OneInAHundred => person % TEAMS == TEAM,
            Self::Nobody => false,
            Self::Window => works_in_shifts(person),
            Self::Everybody => !BYSTANDERS.contains(&(person % TEAMS)),
        }
    }

    /// The change that is measured; the window has been announced before.
    fn change(self, house: &House, round: usize) -> Option<Change> {
        let with = |more: &str| Some(policies(&format!("{}\n{more}", usual_policies())));
        match self {
            Self::Disabled => Some(house.disabled(disabled_in(round), true)),
            Self::OneInAHundred => with(
                r#"@id("new") forbid (principal in Group::"team-7", action == Action::"http.request", resource);"#,
            ),
            Self::Nobody => with(
                r#"@id("new") permit (principal in Group::"newcomers", action == Action::"http.request", resource in App::"wiki");"#,
            ),
            Self::Window => None,
            Self::Everybody => {
                let but: Vec<_> = BYSTANDERS
                    .map(|who| format!("principal in Group::\"team-{who}\""))
                    .into();
                with(&format!(
                    r#"@id("new") forbid (principal, action == Action::"http.request", resource) unless {{ {} }};"#,
                    but.join(" || ")
                ))
            }
        }
    }
}

/// Another person in each round, of a team that no other case touches.
const fn disabled_in(round: usize) -> usize {
    100 * round + 8
}

#[derive(Default)]
struct Measured {
    ends: Vec<Duration>,
    ends_from_asking: Vec<Duration>,
    acknowledged: Vec<Duration>,
    quiet: Vec<Duration>,
    felt: Vec<Duration>,
    spent: Duration,
    rounds: u32,
    false_cuts: usize,
    missed: usize,
}

pub(crate) async fn measure() -> Vec<Row> {
    let mut house = House::new().await;
    say("10,000 WebSockets are opened");
    house.open(0..PEOPLE, false).await;
    let cookies = BYSTANDERS.map(|who| house.cookie(who)).into();
    let felt = requests::start(house.gateway, House::host(), cookies);
    let talked_to = || house.sockets.iter().all(|socket| socket.seen.frames() > 0);
    assert!(
        until(PATIENCE, talked_to).await,
        "the upstream talks to each"
    );
    let mut rows = Vec::new();
    for case in [
        Case::Disabled,
        Case::OneInAHundred,
        Case::Nobody,
        Case::Window,
        Case::Everybody,
    ] {
        let rounds = if case == Case::Everybody { 1 } else { ROUNDS };
        let mut measured = Measured::default();
        for round in 0..rounds {
            say(&format!("{}: {} of {rounds}", case.question(), round + 1));
            run(&mut house, case, round, &felt, &mut measured).await;
        }
        rows.extend(measured.rows(case));
    }
    felt.is_over();
    tokio::time::sleep(IN_FLIGHT).await;
    let longest = house.longest_turn() as f64 / 1e3;
    rows.push(Row {
        question: "10,000 WebSockets",
        metric: "longest_turn",
        unit: "ms",
        value: longest,
    });
    rows
}

/// Progress, on the terminal.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

async fn run(house: &mut House, case: Case, round: usize, felt: &Felt, measured: &mut Measured) {
    let touched: BTreeSet<usize> = (0..PEOPLE)
        .filter(|who| case.touches(round, *who))
        .collect();
    let theirs = house.sockets.iter().filter(|s| touched.contains(&s.person));
    let theirs: Vec<_> = theirs.map(|socket| socket.seen.clone()).collect();
    let quiet_from = Instant::now();
    let spent_before_quiet = traffic_time();
    tokio::time::sleep(WHILE).await;
    let spent_in_quiet = traffic_time() - spent_before_quiet;
    measured
        .quiet
        .extend(felt.between(quiet_from, Instant::now()));

    let window = if case == Case::Window {
        Some(announce(house).await)
    } else {
        None
    };
    if let Some(closes) = window {
        tokio::time::sleep_until((closes - Duration::from_millis(20)).into()).await;
    }
    let spent_before = traffic_time();
    let asked = Instant::now();
    let began = window.unwrap_or(asked);
    let accepted = match case.change(house, round) {
        Some(change) => {
            house.change(change).await;
            measured.acknowledged.push(asked.elapsed());
            Instant::now()
        }
        None => began,
    };
    until(PATIENCE, || theirs.iter().all(|seen| seen.end().is_some())).await;
    tokio::time::sleep_until((began + WHILE + IN_FLIGHT).into()).await;
    let spent = (traffic_time() - spent_before).as_secs_f64();
    let quiet_share =
        spent_in_quiet.as_secs_f64() * asked.elapsed().as_secs_f64() / WHILE.as_secs_f64();
    measured.spent += Duration::from_secs_f64((spent - quiet_share).max(0.0));
    measured.rounds += 1;
    measured.felt.extend(felt.between(began, began + WHILE));

    for socket in &house.sockets {
        match (touched.contains(&socket.person), socket.seen.end()) {
            (true, Some(end)) => {
                measured.ends.push(end.saturating_duration_since(accepted));
                measured
                    .ends_from_asking
                    .push(end.saturating_duration_since(began));
            }
            (true, None) => measured.missed += 1,
            (false, Some(_)) => measured.false_cuts += 1,
            (false, None) => {}
        }
    }
    restore(house, case, round, &touched).await;
}

/// Says that a window closes soon; returns when.
async fn announce(house: &House) -> Instant {
    let (now, began) = (house.clock().now(), Instant::now());
    let closes = Timestamp::from_secs(now.after(AHEAD).as_secs() + 1);
    let at = jiff::Timestamp::from_second(i64::try_from(closes.as_secs()).expect("this century"))
        .expect("this century");
    let window = format!(
        r#"{} @id("shifts") forbid (principal in Group::"shifts", action == Action::"http.request", resource)
           when {{ context.time.now >= datetime("{at}") }};"#,
        usual_policies()
    );
    house.change(policies(&window)).await;
    began + closes.since(now)
}

/// Puts everything back as it was before a case.
async fn restore(house: &mut House, case: Case, round: usize, touched: &BTreeSet<usize>) {
    match case {
        Case::Disabled => {
            house
                .change(house.disabled(disabled_in(round), false))
                .await;
            house.sign_in(disabled_in(round)).await;
        }
        Case::Everybody => return,
        Case::OneInAHundred | Case::Nobody | Case::Window => {
            house.change(policies(&usual_policies())).await;
        }
    }
    house.open(touched.iter().copied(), true).await;
    assert_eq!(house.sockets.len(), PEOPLE * EACH);
    tokio::time::sleep(Duration::from_millis(200)).await;
}

impl Measured {
    fn rows(mut self, case: Case) -> Vec<Row> {
        let question = case.question();
        for times in [
            &mut self.ends,
            &mut self.ends_from_asking,
            &mut self.acknowledged,
            &mut self.quiet,
            &mut self.felt,
        ] {
            times.sort_unstable();
        }
        let row = |metric, unit, value| Row {
            question,
            metric,
            unit,
            value,
        };
        let mut rows = Vec::new();
        if !self.ends.is_empty() {
            rows.push(row("last_byte_p50", "ms", percentile(&self.ends, 50)));
            rows.push(row("last_byte_p99", "ms", percentile(&self.ends, 99)));
            rows.push(row(
                "last_byte_from_asking_p99",
                "ms",
                percentile(&self.ends_from_asking, 99),
            ));
        }
        if !self.acknowledged.is_empty() {
            rows.push(row(
                "acknowledged_p50",
                "ms",
                percentile(&self.acknowledged, 50),
            ));
        }
        let cuts = (self.ends.len() + self.missed) as f64 / f64::from(self.rounds.max(1));
        rows.push(row("cut", "websockets", cuts));
        rows.push(row("false_cuts", "websockets", self.false_cuts as f64));
        rows.push(row("missed_cuts", "websockets", self.missed as f64));
        let spent = self.spent.as_secs_f64() * 1e3 / f64::from(self.rounds.max(1));
        rows.push(row("cpu_of_traffic_threads", "ms", spent));
        rows.push(row("requests_quiet_p99", "ms", percentile(&self.quiet, 99)));
        rows.push(row(
            "requests_meanwhile_p99",
            "ms",
            percentile(&self.felt, 99),
        ));
        rows
    }
}
