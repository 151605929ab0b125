//! What does a change of facts cost a traffic thread on which 10,000 leases are open?
//!
//! `cargo run --release -p gw-leases --example bench_sweep [-- --json]` opens ten leases for each
//! of 1,000 people, two at each of five apps, on one core, and makes one kind of change after
//! the other. The number to look at: the thread's own processor time until the change is
//! acknowledged, which grows with what the change touches, not with what is open. Each change is
//! told with the number of leases that it cut, which is checked.

#![expect(clippy::expect_used, reason = "a benchmark fails loudly")]

use std::{fmt::Write as _, io::Write as _, rc::Rc, sync::Arc, time::Duration};

use gw_engine::testing::{START, TestEngine, app, group, policies, session, user, visit};
use gw_leases::{Core, Lease};
use gw_model::{AuthnMethod, Change, EndReason, Ended, Session, User};
use rustix::time::{ClockId, clock_gettime};
use tokio::task::LocalSet;

const PEOPLE: u64 = 1_000;
const TEAMS: u64 = 100;
const APPS: [&str; 5] = ["wiki", "chat", "code", "files", "tasks"];
const AT_EACH: usize = 2;
const ROUNDS: usize = 5;

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut figures = vec![Vec::new(); CASES.len()];
    for round in 0..ROUNDS {
        let measured = LocalSet::new().block_on(&runtime, round_of(round as u64));
        for (all, one) in figures.iter_mut().zip(measured) {
            all.push(one);
        }
    }
    let mut out = std::io::stdout().lock();
    for ((case, _), mut micros) in CASES.into_iter().zip(figures) {
        micros.sort_by(f64::total_cmp);
        let median = micros.get(ROUNDS / 2).copied().expect("there are rounds");
        let written = if json {
            let row = serde_json::json!({
                "question": "a change on a thread with 10,000 open leases",
                "contender": case, "metric": "cpu_of_the_thread", "unit": "us",
                "value": (median * 10.0).round() / 10.0, "ratio_to": null, "ratio": null,
            });
            writeln!(out, "{row}")
        } else {
            writeln!(out, "{case}: {median:.1} us of the thread's processor time")
        };
        written.expect("stdout takes it");
    }
}

/// The changes in the order in which they are made, with the leases that each cuts.
const CASES: [(&str, usize); 8] = [
    ("somebody signs in", 0),
    ("a person is changed", 0),
    ("a session ends", 10),
    ("a person is disabled", 10),
    ("a policy touches nobody", 0),
    ("a policy touches one in a hundred", 90),
    ("a group is added", 0),
    ("a time window closes for one in ten", 1_000),
];

/// The thread's processor time for each case, in microseconds.
async fn round_of(round: u64) -> Vec<f64> {
    let house = House::new().await;
    let mut leases = house.open();
    // From here on the thread keeps up: it has looked at everything once.
    house.tested.change(vec![group("ready")]).await;
    let mut figures = Vec::new();
    for (number, (case, cuts)) in CASES.into_iter().enumerate() {
        let began = processor_time();
        house.change(number, round).await;
        if number == CASES.len() - 1 {
            until_cut(&leases, cuts).await;
        }
        figures.push((processor_time() - began).as_secs_f64() * 1e6);
        let before = leases.len();
        leases.retain(|lease| !lease.cut().is_cut());
        assert_eq!(before - leases.len(), cuts, "{case}");
    }
    figures
}

async fn until_cut(leases: &[Lease], cuts: usize) {
    while leases.iter().filter(|lease| lease.cut().is_cut()).count() < cuts {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).expect("time passes"),
        u32::try_from(time.tv_nsec).expect("less than a second"),
    )
}

struct House {
    tested: TestEngine,
    core: Core,
    people: Vec<(User, Session)>,
    text: String,
}

impl House {
    async fn new() -> Self {
        let mut people = Vec::new();
        let mut changes = vec![group("staff"), group("newcomers")];
        changes.extend((0..TEAMS).map(|team| group(&format!("team-{team}"))));
        changes.extend(APPS.map(|name| Change::AppPut(Arc::new(app(name)))));
        let text = permits();
        changes.push(policies(&text));
        for number in 0..PEOPLE {
            let team = format!("team-{}", number % TEAMS);
            let person = user(number, &format!("user-{number}"), &["staff", &team]);
            let session = Session {
                idle_limit: Duration::from_secs(12 * 3600),
                ..session(number, &person, AuthnMethod::Passkey, START)
            };
            changes.push(Change::UserPut(Arc::new(person.clone())));
            changes.push(Change::SessionStarted(Arc::new(session.clone())));
            people.push((person, session));
        }
        let tested = TestEngine::with(changes).await;
        let core = Core::new(tested.engine.clone());
        tokio::task::spawn_local(core.clone().follow(tested.engine.attach()));
        Self {
            tested,
            core,
            people,
            text,
        }
    }

    fn open(&self) -> Vec<Lease> {
        let mut leases = Vec::new();
        for (_, session) in &self.people {
            for app in APPS {
                for _ in 0..AT_EACH {
                    let lease = self.core.register(Rc::new(visit(app, Some(session), "/")));
                    let view = self.tested.engine.view();
                    let now = self.tested.clock.now();
                    assert!(self.core.judge(&lease, &view, now).is_allow());
                    leases.push(lease);
                }
            }
        }
        leases
    }

    async fn change(&self, case: usize, round: u64) {
        let person = |number: usize| self.people.get(number).expect("somebody").clone();
        let change = match case {
            0 => {
                let (somebody, _) = person(500);
                let another = session(5_000 + round, &somebody, AuthnMethod::Passkey, START);
                Change::SessionStarted(Arc::new(another))
            }
            1 => {
                let (mut somebody, _) = person(600);
                somebody.display_name = "Another Name".into();
                Change::UserPut(Arc::new(somebody))
            }
            2 => Change::SessionEnded {
                session: person(7).1.id,
                ended: Ended {
                    at: START,
                    reason: EndReason::EndedByAdministrator,
                },
            },
            3 => {
                let (mut somebody, _) = person(8);
                somebody.disabled = true;
                Change::UserPut(Arc::new(somebody))
            }
            4 => policies(&format!(
                r#"{} @id("new") permit (principal in Group::"newcomers", action == Action::"http.request", resource in App::"wiki");"#,
                self.text
            )),
            5 => policies(&format!(
                r#"{} @id("new") forbid (principal in Group::"team-7", action == Action::"http.request", resource);"#,
                self.text
            )),
            6 => group("another"),
            _ => {
                self.tested.clock.advance(Duration::from_secs(3600));
                return;
            }
        };
        self.tested.change(vec![change]).await;
    }
}

/// A thousand policies, of which each person's slice holds about six.
fn permits() -> String {
    let mut text = String::new();
    for app in APPS {
        write!(
            text,
            r#"@id("{app}") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"{app}");"#,
        )
        .expect("a string takes it");
    }
    for team in 0..TEAMS {
        let hours = match team % 10 {
            9 => " && context.time.hour != 13",
            _ => "",
        };
        write!(
            text,
            r#"@id("team-{team}") forbid (principal in Group::"team-{team}", action == Action::"http.request", resource)
               unless {{ context.http.same_origin{hours} }};"#,
        )
        .expect("a string takes it");
    }
    for number in 0..895 {
        write!(
            text,
            r#"@id("p{number}") permit (principal in Group::"elsewhere-{}", action == Action::"http.request", resource in App::"app-{number}");"#,
            number % 90,
        )
        .expect("a string takes it");
    }
    text
}
