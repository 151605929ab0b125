//! What does a decision cost, and does it grow with the number of policies?
//!
//! `cargo run --release -p gw-policy --example bench_decisions [-- --json]` asks random
//! questions of an organisation of 10,000 people and 1,000 apps, at 10 to 10,000 policies; every
//! other question is one that some permit's scope matches. The number to look at: the cold
//! median (look up, evaluate) at 10,000 policies, below 30 µs and flat.
//!
//! "plain Cedar, whole set" is `is_authorized` over all policies and a ready store of all
//! entities, without the cost of building its request.

#[path = "../tests/it/reference.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "shared with the tests"
)]
mod reference;

use std::{
    collections::BTreeMap,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use gw_model::{
    AccessRequest, Action, App, Authn, AuthnEvent, AuthnMethod, Change, Context, Epoch, Group,
    HttpContext, IdentityHeaders, Membership, PolicyFile, Principal, Resource, Snapshot, Timestamp,
    Upstream, User, UserId,
};
use gw_policy::{Policies, load};
use reference::Reference;

const USERS: u64 = 10_000;
const GROUPS: u64 = 500;
const APPS: u64 = 1_000;
const TAGS: u64 = 50;
const SIZES: [u64; 4] = [10, 100, 1_000, 10_000];
const NOW: Timestamp = Timestamp::from_secs(1_774_782_000);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let json = std::env::args().any(|argument| argument == "--json");
    let facts = organisation()?;
    let mut rows = Vec::new();
    for size in SIZES {
        measure(size, &facts, &mut rows)?;
    }
    let mut out = std::io::stdout().lock();
    if json {
        for row in &rows {
            writeln!(out, "{}", row.json())?;
        }
    } else {
        print_table(&mut out, &rows)?;
    }
    Ok(())
}

/// One measured figure, with the contender it is compared with.
struct Row {
    question: String,
    contender: &'static str,
    metric: &'static str,
    unit: &'static str,
    value: f64,
    ratio: Option<f64>,
}

const PLAIN: &str = "plain Cedar, whole set";

impl Row {
    fn json(&self) -> serde_json::Value {
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        serde_json::json!({
            "question": self.question,
            "contender": self.contender,
            "metric": self.metric,
            "unit": self.unit,
            "value": round(self.value),
            "ratio_to": self.ratio.map(|_| PLAIN),
            "ratio": self.ratio.map(|ratio| (ratio * 1e5).round() / 1e5),
        })
    }
}

fn print_table(out: &mut impl Write, rows: &[Row]) -> std::io::Result<()> {
    writeln!(
        out,
        "{:<28} {:<26} {:<10} {:>12} {:<8} {:>8}",
        "question", "contender", "metric", "value", "unit", "to plain"
    )?;
    for row in rows {
        let ratio = row.ratio.map(|r| format!("{r:.4}")).unwrap_or_default();
        writeln!(
            out,
            "{:<28} {:<26} {:<10} {:>12.2} {:<8} {:>8}",
            row.question, row.contender, row.metric, row.value, row.unit, ratio
        )?;
    }
    Ok(())
}

fn measure(
    size: u64,
    facts: &Snapshot,
    rows: &mut Vec<Row>,
) -> Result<(), Box<dyn std::error::Error>> {
    let grants = grants(size - 5);
    let files = policies(&grants);
    let start = Instant::now();
    let policies = load(&files).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        faults.join("\n")
    })?;
    let loading = start.elapsed();
    let questions = questions(facts, &grants);
    let cold = timed(&questions, |q| {
        q.put(|request| policies.decide(facts, request, NOW));
    });
    let mut warm = Vec::with_capacity(questions.len());
    for question in &questions {
        warm.push(evaluate_only(&policies, facts, question)?);
    }
    let plain = Reference::new(&files, facts, NOW, None, |_| true);
    let few = questions.get(..if size < 10_000 { 2_000 } else { 300 });
    let slice = mean_slice(&policies, facts, &questions);
    let mut whole = Vec::new();
    for question in few.unwrap_or(&questions) {
        let request = question.put(|ask| plain.request(facts, ask, NOW));
        let start = Instant::now();
        std::hint::black_box(plain.answer(&request));
        whole.push(start.elapsed());
    }
    let at = format!("decision at {} policies", thousands(size));
    for (metric, unit, value) in [
        ("mean_slice", "policies", slice),
        ("load", "ms", loading.as_secs_f64() * 1e3),
    ] {
        rows.push(Row {
            question: at.clone(),
            contender: "gatewright",
            metric,
            unit,
            value,
            ratio: None,
        });
    }
    let (plain_p50, plain_p99) = quantiles(whole);
    for (contender, times) in [
        ("gatewright, cold", cold),
        ("gatewright, evaluate only", warm),
    ] {
        let (p50, p99) = quantiles(times);
        for (metric, micros, plain) in [("p50", p50, plain_p50), ("p99", p99, plain_p99)] {
            rows.push(Row {
                question: at.clone(),
                contender,
                metric,
                unit: "us",
                value: micros,
                ratio: Some(micros / plain),
            });
        }
    }
    for (metric, micros) in [("p50", plain_p50), ("p99", plain_p99)] {
        rows.push(Row {
            question: at.clone(),
            contender: PLAIN,
            metric,
            unit: "us",
            value: micros,
            ratio: None,
        });
    }
    Ok(())
}

fn mean_slice(policies: &Policies, facts: &Snapshot, questions: &[Question]) -> f64 {
    let sizes = questions.iter().map(|question| {
        question.put(|ask| {
            policies
                .prepare(facts, ask.principal, ask.action, ask.resource, NOW)
                .map_or(0, |prepared| prepared.policy_ids().count())
        })
    });
    sizes.sum::<usize>() as f64 / questions.len() as f64
}

fn evaluate_only(
    policies: &Policies,
    facts: &Snapshot,
    question: &Question,
) -> Result<Duration, String> {
    question.put(|ask| {
        let prepared = policies
            .prepare(facts, ask.principal, ask.action, ask.resource, NOW)
            .map_err(|fault| fault.what)?;
        let zone = &facts.settings().time_zone;
        let start = Instant::now();
        std::hint::black_box(policies.evaluate(&prepared, &ask.context, zone, NOW));
        Ok(start.elapsed())
    })
}

fn timed(questions: &[Question], ask: impl Fn(&Question)) -> Vec<Duration> {
    questions
        .iter()
        .map(|question| {
            let start = Instant::now();
            ask(question);
            start.elapsed()
        })
        .collect()
}

fn quantiles(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort_unstable();
    let at = |per_cent: usize| {
        let place = (times.len() * per_cent / 100).min(times.len().saturating_sub(1));
        times.get(place).map_or(f64::NAN, |t| t.as_secs_f64() * 1e6)
    };
    (at(50), at(99))
}

fn thousands(number: u64) -> String {
    if number < 1_000 {
        number.to_string()
    } else {
        format!("{},{:03}", number / 1_000, number % 1_000)
    }
}

/// A repeatable sequence of numbers (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// People in five groups each, groups in departments, apps in kinds.
fn organisation() -> Result<Snapshot, Box<dyn std::error::Error>> {
    let mut numbers = Numbers(1);
    let mut changes = Vec::new();
    for group in 0..GROUPS {
        // The first tenth are departments, which the others are in.
        let parents = (group >= GROUPS / 10).then_some(group % (GROUPS / 10));
        changes.push(Change::GroupPut(Arc::new(Group {
            name: format!("group-{group}").parse()?,
            title: "".into(),
            parents: parents
                .map(|parent| format!("group-{parent}").parse())
                .into_iter()
                .collect::<Result<_, _>>()?,
            identities: Vec::new(),
            version: 0,
        })));
    }
    for user in 0..USERS {
        let groups = (0..5)
            .map(|_| format!("group-{}", numbers.below(GROUPS)).parse())
            .collect::<Result<Vec<_>, _>>()?;
        changes.push(Change::UserPut(Arc::new(User {
            id: UserId::from_bits(user),
            name: format!("user-{user}").into(),
            display_name: "".into(),
            email: Some(format!("user-{user}@example.org").into()),
            attributes: BTreeMap::from([("team".into(), "red".into())]),
            groups: groups.into_iter().map(Membership::of).collect(),
            factors: Vec::new(),
            identities: Vec::new(),
            disabled: false,
            verified_email: None,
            tokens_from: gw_model::Timestamp::default(),
            version: 0,
        })));
    }
    for app in 0..APPS {
        changes.push(Change::AppPut(Arc::new(App {
            name: format!("app-{app}").parse()?,
            title: format!("App {app}").into(),
            description: "".into(),
            host: format!("app-{app}.example.org").into(),
            upstream: Upstream::Http("127.0.0.1:8080".into()),
            tags: vec![format!("tag-{}", app % TAGS).parse()?],
            attributes: BTreeMap::new(),
            routes: Vec::new(),
            time_zone: None,
            in_portal: true,
            preserve_host: true,
            owner: gw_model::AppOwner::Configuration,
            identity_headers: IdentityHeaders::default(),
            version: 0,
        })));
    }
    let epoch = Epoch {
        incarnation: 1,
        number: 1,
    };
    Ok(Snapshot::empty(Epoch::default()).apply(epoch, &changes)?)
}

/// Whom a permit is for and what it opens; its text follows from it.
#[derive(Clone, Copy)]
enum Grant {
    /// A group, and apps with a tag.
    Tag(u64, u64),
    /// A group, and one app under four conditions.
    App(u64, u64),
}

impl Grant {
    fn text(self) -> String {
        match self {
            Self::Tag(group, tag) => format!(
                "permit (principal in Group::\"group-{group}\", action == Action::\"http.request\", \
                 resource in Tag::\"tag-{tag}\");"
            ),
            Self::App(group, app) => format!(
                "permit (principal in Group::\"group-{group}\", action == Action::\"http.request\", \
                 resource in App::\"app-{app}\") when {{ context.authn.age_secs < 3600 && \
                 context.http.method == \"GET\" && context.authn.methods.contains(\"passkey\") && \
                 context.time.hour < 20 }};"
            ),
        }
    }
}

/// One permit in twenty by group and tag, the others by group and app.
fn grants(count: u64) -> Vec<Grant> {
    let mut numbers = Numbers(2);
    (0..count)
        .map(|number| {
            let group = numbers.below(GROUPS);
            if number % 20 == 0 {
                Grant::Tag(group, numbers.below(TAGS))
            } else {
                Grant::App(group, numbers.below(APPS))
            }
        })
        .collect()
}

/// The grants, and five forbids for everything.
fn policies(grants: &[Grant]) -> Vec<PolicyFile> {
    let forbids = (0..5).map(|number| {
        let score = 95 + number;
        format!(
            "forbid (principal, action, resource) \
             when {{ context has risk && context.risk.score > {score} }};"
        )
    });
    let text: Vec<String> = forbids
        .chain(grants.iter().map(|grant| grant.text()))
        .enumerate()
        .map(|(number, policy)| format!("@id(\"policy-{number}\")\n{policy}\n"))
        .collect();
    vec![PolicyFile {
        name: "bench.cedar".into(),
        text: text.concat().into(),
    }]
}

/// A person opens an app.
struct Question {
    principal: Principal,
    resource: Resource,
    events: Vec<AuthnEvent>,
}

const QUESTIONS: u64 = 30_000;

fn questions(facts: &Snapshot, grants: &[Grant]) -> Vec<Question> {
    let mut numbers = Numbers(3);
    let mut members: BTreeMap<&str, Vec<UserId>> = BTreeMap::new();
    for user in facts.users() {
        for membership in &user.groups {
            let of_group = members.entry(membership.group.as_str()).or_default();
            of_group.push(user.id);
        }
    }
    (0..QUESTIONS)
        .filter_map(|number| {
            let (user, app) = if number % 2 == 0 {
                let (group, app) = match *pick(grants, &mut numbers)? {
                    Grant::App(group, app) => (group, app),
                    Grant::Tag(group, tag) => (group, tag + TAGS * numbers.below(APPS / TAGS)),
                };
                let group = format!("group-{group}");
                (*pick(members.get(&*group)?, &mut numbers)?, app)
            } else {
                (UserId::from_bits(numbers.below(USERS)), numbers.below(APPS))
            };
            let age = Duration::from_secs(numbers.below(7200));
            Some(Question {
                principal: Principal::User(user),
                resource: Resource::Route(format!("app-{app}/default").parse().ok()?),
                events: vec![AuthnEvent {
                    method: AuthnMethod::Passkey,
                    at: NOW.before(age),
                    factor: None,
                    provider: None,
                }],
            })
        })
        .collect()
}

fn pick<'a, T>(from: &'a [T], numbers: &mut Numbers) -> Option<&'a T> {
    let place = numbers.below(u64::try_from(from.len()).ok()?.max(1));
    from.get(usize::try_from(place).ok()?)
}

impl Question {
    fn put<T>(&self, then: impl FnOnce(&AccessRequest<'_>) -> T) -> T {
        let mut context = Context::from_address([203, 0, 113, 7].into());
        context.authn = Authn {
            events: &self.events,
        };
        context.http = Some(HttpContext {
            method: "GET",
            path: "/",
            host: "app.example.org",
            websocket: false,
            same_origin: true,
        });
        then(&AccessRequest {
            principal: self.principal,
            session: None,
            action: Action::HttpRequest,
            resource: &self.resource,
            context,
        })
    }
}
