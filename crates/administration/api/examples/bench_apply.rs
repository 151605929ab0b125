//! What does it take to declare a whole organisation?
//!
//! `cargo run --release -p gw-api --example bench_apply [-- --json]` has an administration take in
//! 10,000 people in 300 groups, 500 apps and 2,000 policies from files, over its socket as
//! `gatewright apply` does: the plan with who gains what, then the change itself, whole. Then one
//! person's name and one policy are changed. The numbers to look at: plan and apply, and memory.

#![expect(clippy::expect_used, reason = "a benchmark fails loudly")]

use std::{fmt::Write as _, io::Write as _, sync::Arc, time::Instant};

use gw_api::{
    Administration, Client, Parts, Socket,
    types::{ApplyDeclared, ConfigState, DeclaredApplied, DeclaredFiles, LogAccess, Plan},
};
use gw_engine::testing::{TestEngine, group};
use gw_identity::{Identity, IdentityOptions, Lifetimes};
use gw_model::PolicyFile;
use http::Method;

const PEOPLE: usize = 10_000;
const GROUPS: usize = 300;
const APPS: usize = 500;
const POLICIES: usize = 2_000;
/// Groups that each person is in.
const GROUPS_EACH: usize = 3;

#[tokio::main]
async fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let (tested, client) = running().await;
    let mut out = std::io::stdout().lock();
    let mut tell = |metric: &str, unit: &str, value: f64| {
        let value = (value * 1e2).round() / 1e2;
        let question = "10,000 people, 300 groups, 500 apps, 2,000 policies declared";
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
    tell("process_without", "MiB", held_mib("VmRSS:"));
    let files = organisation();
    let (plan, planning) = planned(&client, &files).await;
    assert!(plan.faults.is_empty() && !plan.comparison.incomplete);
    assert_eq!(plan.changes.len(), PEOPLE + GROUPS + APPS + 1);
    tell("plan", "ms", planning);
    tell("apply", "ms", applied(&client, &files, plan).await);
    tell("process_with", "MiB", held_mib("VmRSS:"));
    let facts = tested.engine.view().facts.clone();
    assert_eq!(facts.users().count(), PEOPLE);

    let edited: Vec<PolicyFile> = files.iter().map(edited).collect();
    let (plan, planning) = planned(&client, &edited).await;
    assert!(!plan.comparison.incomplete);
    assert_eq!(plan.changes.len(), 2);
    tell("plan_of_a_small_edit", "ms", planning);
    tell(
        "apply_of_a_small_edit",
        "ms",
        applied(&client, &edited, plan).await,
    );
    tell("process_at_most", "MiB", held_mib("VmHWM:"));
}

async fn running() -> (TestEngine, Client) {
    let tested = TestEngine::with(vec![group("owners")]).await;
    let engine = tested.engine.clone();
    let options = IdentityOptions {
        rp_id: "auth.example.org".into(),
        origins: vec!["https://auth.example.org".into()],
        portal: "portal".parse().expect("a name"),
        whom_to_ask: "Ask.".into(),
        lifetimes: Lifetimes::default(),
        passwords: gw_identity::PasswordOptions::default(),
        attestation: false,
    };
    let identity = Identity::open(engine.clone(), options, Vec::new())
        .await
        .expect("it opens");
    let data = tested.folder.path().join("data");
    let listener = Socket::bind(&data).expect("a socket");
    let (ledger, since) = (tested.folder.path().join("ledger"), engine.clock().now());
    let log = ledger.clone();
    let service = Administration::new(Parts {
        directories: gw_provisioning::Directories::new(engine.clone(), Vec::new()),
        engine,
        identity,
        keys: Arc::new(Vec::new),
        authentication_origin: "https://auth.example.org".into(),
        config: Arc::new(move || ConfigState::InForce {
            file: "gatewright.toml".into(),
            since,
        }),
        configured_groups: Arc::new(|| vec!["owners".parse().expect("a name")]),
        configured_providers: Arc::new(Vec::new),
        configured_clients: Arc::new(Vec::new),
        log: Arc::new(move || LogAccess {
            folder: log.clone(),
            heads: Vec::new(),
            keys: Vec::new(),
        }),
        desk: Default::default(),
        ledger,
        started: since,
    });
    let socket = Socket::new(service).open_to_own_process();
    tokio::spawn(async move { socket.serve(&listener).await });
    (tested, Client::new(Socket::socket_in(&data)))
}

async fn planned(client: &Client, files: &[PolicyFile]) -> (Plan, f64) {
    let asked = DeclaredFiles {
        files: files.to_vec(),
        prune: false,
    };
    let began = Instant::now();
    let plan = client.send(Method::POST, "/v1/declared/plan", &asked).await;
    (plan.expect("a plan"), began.elapsed().as_secs_f64() * 1e3)
}

async fn applied(client: &Client, files: &[PolicyFile], plan: Plan) -> f64 {
    let asked = ApplyDeclared {
        files: files.to_vec(),
        prune: false,
        over: Some(plan.over),
    };
    let began = Instant::now();
    let done = client
        .send(Method::POST, "/v1/declared/apply", &asked)
        .await;
    let _: DeclaredApplied = done.expect("it is applied");
    began.elapsed().as_secs_f64() * 1e3
}

fn organisation() -> Vec<PolicyFile> {
    let each = |count: usize, one: &dyn Fn(usize) -> String| {
        (0..count).fold(String::from("version = 1\n"), |mut text, number| {
            text.write_str(&one(number)).expect("a string takes it");
            text
        })
    };
    let groups = each(GROUPS, &|g| format!("\n[[group]]\nname = \"team-{g}\"\n"));
    let people = each(PEOPLE, &|p| {
        // Spread so that hardly two people are in the same groups.
        let teams = (0..GROUPS_EACH)
            .map(|n| format!("\"team-{}\"", (p * (n * 7 + 1) + p / GROUPS * n) % GROUPS));
        let teams: std::collections::BTreeSet<_> = teams.collect();
        let teams: Vec<_> = teams.into_iter().collect();
        format!(
            "\n[[user]]\nname = \"user-{p}\"\ngroups = [{}]\n",
            teams.join(", ")
        )
    });
    let apps = each(APPS, &|a| {
        format!(
            "\n[[app]]\nname = \"app-{a}\"\nhost = \"app-{a}.example.org\"\nupstream = {{ servers = [\"http://127.0.0.1:9\"] }}\n"
        )
    });
    let policies: String = (0..POLICIES)
        .map(|p| {
            format!(
                "@id(\"p{p}\")\npermit (principal in Group::\"team-{}\", action == Action::\"http.request\", resource in App::\"app-{}\");\n",
                p % GROUPS,
                p % APPS
            )
        })
        .collect();
    let file = |name: &str, text: String| PolicyFile {
        name: name.into(),
        text: text.into(),
    };
    vec![
        file("groups.toml", groups),
        file("people.toml", people),
        file("apps.toml", apps),
        file("policies.cedar", policies),
    ]
}

/// One person is shown otherwise, and one policy is for another group.
fn edited(file: &PolicyFile) -> PolicyFile {
    let text = match &*file.name {
        "people.toml" => file.text.replacen(
            "name = \"user-7\"\n",
            "name = \"user-7\"\ndisplay_name = \"Seven\"\n",
            1,
        ),
        "policies.cedar" => file
            .text
            .replacen("Group::\"team-5\"", "Group::\"team-6\"", 1),
        _ => file.text.to_string(),
    };
    PolicyFile {
        name: file.name.clone(),
        text: text.into(),
    }
}

fn held_mib(what: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let number = line.and_then(|line| line.split_whitespace().next());
    let kib: f64 = number
        .and_then(|number| number.parse().ok())
        .expect("Linux");
    kib / 1024.0
}
