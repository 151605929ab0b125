//! The listener for those who keep Gatewright running: health, readiness, numbers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Stdio},
};

use crate::binary::{gatewright, run};

const DASHBOARD: &str = include_str!("../../../../docs/dashboard.json");
const LIMITS: &str = include_str!("../../../../docs/limits.md");
const OPERATIONS: &str = include_str!("../../../../docs/operations.md");

struct Told {
    child: Child,
    at: SocketAddr,
    folder: tempfile::TempDir,
}

fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn organisation(folder: &Path, http: SocketAddr, operations: SocketAddr) {
    let text = format!(
        "version = 1\ndata = \"data\"\n[listen]\nhttp = [\"{http}\"]\nhttps = []\n[authentication]\nhost = \"auth.example.com\"\n[portal]\nhost = \"home.example.com\"\n[operations]\nlisten = [\"{operations}\"]\n"
    );
    fs::write(folder.join("gatewright.toml"), text).unwrap();
}

impl Told {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (http, at) = (free(), free());
        organisation(folder.path(), http, at);
        let ready = folder.path().join("ready");
        let mut child = gatewright(folder.path())
            .args(["up", "-c", "gatewright.toml", "--ready-file", "ready"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !ready.exists() {
            assert!(child.try_wait().unwrap().is_none());
            std::thread::yield_now();
        }
        Self { child, at, folder }
    }

    /// The status line's number, the head and the body of an answer.
    #[expect(clippy::disallowed_methods, reason = "the test is the client")]
    fn ask(&self, method: &str, path: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.at).unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.at);
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    fn numbers(&self) -> String {
        let (status, head, body) = self.ask("GET", "/metrics");
        assert_eq!(status, 200);
        assert!(head.contains("content-type: text/plain; version=0.0.4"));
        body
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The names that a page describes, with their kinds; each is described once, before its numbers.
fn described(page: &str) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let mut helped = None;
    let mut last = String::new();
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').unwrap();
            assert!(!text.is_empty(), "{line}");
            helped = Some(name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(helped, Some(name), "{line}");
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            let before = names.insert(name.to_owned(), kind.to_owned());
            assert!(before.is_none(), "{name} is described twice");
            last = name.to_owned();
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            assert_eq!(name, last, "{line} follows another name");
            let value = line.rsplit(' ').next().unwrap();
            assert!(value.parse::<f64>().unwrap().is_finite(), "{line}");
        }
    }
    names
}

/// Words of a text that are names of numbers; that of the package is none.
fn names_in(text: &str) -> BTreeSet<String> {
    let plain = |word: &&str| !word.contains(|c: char| c.is_ascii_digit());
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(plain)
        .filter(|word| word.starts_with("gatewright_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

/// What the last column of the tables in `docs/limits.md` names.
fn counters_of_the_limits() -> BTreeSet<String> {
    let rows = LIMITS.lines().filter(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.strip_suffix('|')?.rsplit('|').next());
    let words = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    words
        .filter(|word| word.contains('_') && word.chars().all(|c| c == '_' || c.is_lowercase()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_number_is_described_and_the_dashboard_and_the_docs_name_none_that_is_not_there() {
    let told = Told::start();
    // The disk is looked at by a thread of its own.
    let page = std::iter::repeat_with(|| told.numbers())
        .find(|page| page.contains("gatewright_disk_bytes"))
        .unwrap();
    let mut names = described(&page);
    assert!(names.len() > 40, "{names:?}");
    // Where there is no certificate there is nothing to tell of one.
    names.insert(
        "gatewright_certificate_expires_in_seconds".into(),
        "gauge".into(),
    );
    for text in [DASHBOARD, OPERATIONS] {
        let named = names_in(text);
        assert!(named.len() > 10);
        for name in named {
            assert!(names.contains_key(&name), "{name} is not told");
        }
    }
    let counters = counters_of_the_limits();
    assert!(counters.len() > 10, "{counters:?}");
    for counter in counters {
        let name = format!("gatewright_{counter}_total");
        assert!(names.contains_key(&name), "{name} is not told");
    }
}

#[test]
fn a_process_that_serves_is_healthy_and_ready_and_tells_nothing_else() {
    let told = Told::start();
    for (path, word) in [("/healthz", "healthy"), ("/readyz", "ready")] {
        let (status, head, body) = told.ask("GET", path);
        assert_eq!(status, 200, "{body}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body, serde_json::json!({ word: true, "faults": [] }));
        assert!(head.contains("cache-control: no-store") && head.contains("connection: close"));
        let (status, _, body) = told.ask("HEAD", path);
        assert_eq!((status, body.as_str()), (200, ""));
    }
    for path in ["/", "/metrics/", "/metrics/x", "/v1/users", "/.gatewright/"] {
        assert_eq!(told.ask("GET", path).0, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        assert_eq!(told.ask(method, "/metrics").0, 405, "{method}");
    }
    assert!(told.numbers().contains("\ngatewright_ready 1\n"));
}

#[test]
fn no_more_than_a_few_connections_are_held_and_who_waits_is_answered_in_the_end() {
    let told = Told::start();
    #[expect(clippy::disallowed_methods, reason = "the test is the client")]
    let mut silent: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(told.at).unwrap())
        .collect();
    // Those who say nothing are closed, and make room.
    assert_eq!(told.ask("GET", "/healthz").0, 200);
    let mut nothing = String::new();
    let _ = silent[0].read_to_string(&mut nothing);
    assert!(!nothing.contains("200 OK"), "{nothing}");
}

#[test]
fn an_address_that_is_taken_is_named_and_nothing_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let squatter = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = squatter.local_addr().unwrap();
    organisation(folder.path(), free(), taken);
    let said = run(folder.path(), &["up", "-c", "gatewright.toml"]);
    assert_eq!(said.code, Some(1));
    let named = said.err.contains(&taken.to_string()) && said.err.contains("operations.listen");
    assert!(named, "{}", said.err);
}

#[test]
fn an_address_where_people_are_served_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let same = free();
    organisation(folder.path(), same, same);
    let said = run(folder.path(), &["check", "-c", "gatewright.toml"]);
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("where people are served"), "{}", said.out);
}

#[test]
fn health_is_an_exit_status_too() {
    let told = Told::start();
    let folder = told.folder.path();
    let ask = |more: &[&str]| {
        run(
            folder,
            &[&["health", "-c", "gatewright.toml"], more].concat(),
        )
    };
    for (more, word) in [
        (&[][..], "it is healthy"),
        (&["--ready"], "it is ready"),
        (&["--json"], "\"healthy\":true"),
    ] {
        let said = ask(more);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.out.contains(word), "{said:?}");
    }
    organisation(folder, free(), free());
    let said = ask(&[]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("nobody tells it at"), "{said:?}");
}

#[test]
fn whoever_asks_nothing_keeps_nobody_from_health() {
    let told = Told::start();
    #[expect(clippy::disallowed_methods, reason = "the test is the client")]
    let mut held: Vec<TcpStream> = (0..40)
        .map(|_| TcpStream::connect(told.at).unwrap())
        .collect();
    for stream in &mut held {
        stream.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    }
    let said = run(told.folder.path(), &["health", "-c", "gatewright.toml"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("it is healthy"), "{said:?}");
}
