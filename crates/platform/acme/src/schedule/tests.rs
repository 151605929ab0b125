use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn wanting(hosts: &[&str]) -> Schedule {
    let mut schedule = Schedule::default();
    schedule.want(&hosts.iter().map(ToString::to_string).collect());
    schedule
}

fn failure(scope: Scope) -> Failure {
    Failure {
        scope,
        what: "no".into(),
        help: "do".into(),
        wait: None,
    }
}

fn now(host: &str) -> Due {
    Due::Now(host.into())
}

#[test]
fn hosts_without_a_certificate_come_before_renewals() {
    let mut schedule = wanting(&["a", "b"]);
    schedule.held("a", NOW, NOW.after(DAY * 90), 0.0);
    assert_eq!(schedule.due(NOW), now("b"));
    schedule.held("b", NOW, NOW.after(DAY * 30), 0.0);
    assert_eq!(schedule.due(NOW), Due::At(NOW.after(DAY * 20)));
    assert_eq!(schedule.due(NOW.after(DAY * 20)), now("b"));
    schedule.want(&["a", "b", "c"].map(String::from).into());
    assert_eq!(schedule.due(NOW.after(DAY * 70)), now("c"));
}

#[test]
fn a_host_that_fails_waits_and_the_others_do_not() {
    let mut schedule = wanting(&["a", "b"]);
    schedule.failed("a", failure(Scope::Host), NOW, 1.0);
    assert_eq!(schedule.due(NOW), now("b"));
    schedule.held("b", NOW, NOW.after(DAY), 0.0);
    let minute = NOW.after(Duration::from_secs(60));
    assert_eq!(schedule.due(NOW), Due::At(minute));
    schedule.failed("a", failure(Scope::Host), minute, 1.0);
    assert_eq!(
        schedule.due(minute),
        Due::At(minute.after(Duration::from_secs(180)))
    );
    schedule.succeeded("a", NOW);
    assert_eq!(schedule.hosts["a"].trouble, None);
}

#[test]
fn an_authority_that_does_not_answer_is_not_asked_for_each_host() {
    let mut schedule = wanting(&["a", "b", "c"]);
    schedule.failed("a", failure(Scope::Authority), NOW, 1.0);
    assert_eq!(
        schedule.due(NOW),
        Due::At(NOW.after(Duration::from_secs(10)))
    );
    let later = NOW.after(Duration::from_secs(10));
    assert_eq!(schedule.due(later), now("a"));
    schedule.failed("a", failure(Scope::Authority), later, 1.0);
    assert_eq!(
        schedule.authority.as_ref().map(|trouble| trouble.failures),
        Some(2)
    );
    let back = later.after(Duration::from_secs(20));
    schedule.failed("a", failure(Scope::Host), back, 1.0);
    assert_eq!(schedule.authority, None, "it has answered");
    assert_eq!(schedule.due(back), now("b"));
}

#[test]
fn who_corrects_something_need_not_wait_unless_the_authority_says_so() {
    let mut schedule = wanting(&["a", "b"]);
    let wait = Some(Duration::from_secs(3600));
    schedule.failed("a", failure(Scope::Host), NOW, 1.0);
    let told = Failure {
        wait,
        ..failure(Scope::Host)
    };
    schedule.failed("b", told, NOW, 1.0);
    schedule.hurry(NOW);
    assert_eq!(schedule.due(NOW), now("a"));
    schedule.held("a", NOW, NOW.after(DAY * 90), 0.0);
    schedule.succeeded("a", NOW);
    assert_eq!(
        schedule.due(NOW),
        Due::At(NOW.after(Duration::from_secs(3600)))
    );
}

#[test]
fn an_authority_cannot_have_us_wait_for_ever() {
    let mut schedule = wanting(&["a"]);
    let wait = Some(Duration::MAX);
    schedule.failed(
        "a",
        Failure {
            wait,
            ..failure(Scope::Host)
        },
        NOW,
        1.0,
    );
    assert_eq!(schedule.due(NOW), Due::At(NOW.after(DAY)));
}

#[test]
fn what_is_short_lived_is_not_left_to_expire_over_a_pause() {
    let mut schedule = wanting(&["a"]);
    let day = Duration::from_secs(24 * 3600);
    schedule.held("a", NOW, NOW.after(day), 0.0);
    for _ in 0..9 {
        schedule.failed("a", failure(Scope::Host), NOW.after(day * 2 / 3), 1.0);
    }
    let trouble = schedule.hosts["a"].trouble.clone().unwrap();
    assert_eq!(trouble.next.since(trouble.at), Duration::from_secs(7200));
}

#[test]
fn a_restart_tries_again_soon_and_remembers_how_often_it_failed() {
    let mut schedule = wanting(&["a"]);
    for _ in 0..5 {
        schedule.failed("a", failure(Scope::Host), NOW, 1.0);
    }
    let text = serde_json::to_string(&schedule).unwrap();
    let mut resumed = serde_json::from_str::<Schedule>(&text)
        .unwrap()
        .resumed(NOW);
    assert_eq!(
        resumed.due(NOW),
        Due::At(NOW.after(Duration::from_secs(60)))
    );
    resumed.failed("a", failure(Scope::Host), NOW, 1.0);
    assert_eq!(
        resumed.due(NOW),
        Due::At(NOW.after(Duration::from_secs(4 * 3600)))
    );
}

#[test]
fn what_is_past_its_time_when_it_comes_is_no_reason_to_ask_at_once() {
    let mut schedule = wanting(&["a"]);
    schedule.held(
        "a",
        NOW.before(DAY),
        NOW.after(Duration::from_secs(10)),
        0.0,
    );
    assert_eq!(schedule.due(NOW), now("a"), "so it is after a restart");
    schedule.succeeded("a", NOW);
    assert_eq!(
        schedule.due(NOW),
        Due::At(NOW.after(Duration::from_secs(60)))
    );
}

#[test]
fn nothing_is_due_where_nothing_is_wanted() {
    let mut schedule = wanting(&["a"]);
    schedule.want(&BTreeSet::new());
    assert_eq!(schedule.due(NOW), Due::Never);
    schedule.failed("a", failure(Scope::Host), NOW, 1.0);
    assert_eq!(schedule, Schedule::default());
}

#[derive(Debug, Clone)]
enum Step {
    Obtained { before: u64, life: u64 },
    Failed(bool, Option<u64>),
    Hurry,
    Later(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u64..8_000_000, 1_u64..8_000_000)
            .prop_map(|(before, life)| Step::Obtained { before, life }),
        (any::<bool>(), proptest::option::of(any::<u64>()))
            .prop_map(|(all, wait)| Step::Failed(all, wait)),
        Just(Step::Hurry),
        (0_u64..1_000_000).prop_map(Step::Later),
    ]
}

proptest! {
    /// Whatever happens, an attempt is followed by a pause, and nothing waits for ever.
    #[test]
    fn never_a_busy_loop_and_never_an_end(steps in proptest::collection::vec(step(), 1..60)) {
        let mut schedule = wanting(&["a", "b"]);
        let mut at = NOW;
        for step in steps {
            match (step, schedule.due(at)) {
                (Step::Obtained { before, life }, Due::Now(host)) => {
                    let begin = at.before(Duration::from_secs(before));
                    schedule.held(&host, begin, at.after(Duration::from_secs(life)), 0.5);
                    schedule.succeeded(&host, at);
                    prop_assert_ne!(schedule.due(at), Due::Now(host));
                }
                (Step::Failed(all, wait), Due::Now(host)) => {
                    let scope = if all { Scope::Authority } else { Scope::Host };
                    let wait = wait.map(Duration::from_secs);
                    schedule.failed(&host, Failure { wait, ..failure(scope) }, at, 0.5);
                    prop_assert_ne!(schedule.due(at.after(Duration::from_secs(8))), Due::Now(host));
                }
                (Step::Hurry, _) => schedule.hurry(at),
                (Step::Later(secs), _) => at = at.after(Duration::from_secs(secs)),
                (_, Due::At(next)) => {
                    prop_assert!(next > at);
                    prop_assert!(next.since(at) <= DAY * 190);
                }
                (_, Due::Never) => prop_assert!(false, "hosts are wanted"),
            }
        }
    }
}
