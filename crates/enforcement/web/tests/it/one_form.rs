//! Property: a request is refused, or what policy saw of it is byte for byte what the upstream
//! received; and no upstream, however it reads, is led past policy.

use gw_ledger::{Entry, Method as Recorded, PersonalState, Record};
use gw_model::{App, Outcome};
use gw_record::read_logs;
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::Handle,
};

use crate::{
    client::connect,
    frames::{Frames, field},
    house::{ANA, House, Plan},
    upstream::Seen,
    websocket::ASKING,
};

/// What is generated of a request.
#[derive(Debug, Clone)]
struct Asked {
    method: String,
    target: String,
    host: String,
    headers: Vec<(&'static str, String)>,
}

fn piece() -> impl Strategy<Value = String> {
    let fixed =
        |texts: &'static [&'static str]| prop::sample::select(texts).prop_map(str::to_owned);
    prop_oneof![
        4 => fixed(&["admin", "/admin", "/admin/", "/admin/x", "ADMIN", "/%61dmin", "/%2561dmin", "/Admin/"]),
        3 => fixed(&["/", "//", "/./", "/../", "/..", "/%2e%2e/", "/.%2E", "/..;/", ";x", ";", "%3b"]),
        2 => fixed(&["%2f", "%2F", "%5c", "\\", "%252f", "%00", "%0a", "%0d%0a", "%09", "%20", "%25", "%23", "%3f", "%2523", "."]),
        2 => fixed(&["lax", "/lax/", "api/", "/api", ".gatewright", "/.gatewright/"]),
        1 => fixed(&["#", "#x", "?", "?x=/admin", "&url=/admin", " ", "\t", "\u{e9}", "%ff", "%c0%af", "%", "%4", "%zz"]),
        1 => fixed(&["http://wiki.test/", "http://payroll.test/admin", "//payroll.test", "@payroll.test", ":80"]),
        3 => "[a-zA-Z0-9._~!$&'()*+,=:@^|-]{1,5}",
        1 => "%[0-9a-fA-F]{2}",
    ]
}

fn target() -> impl Strategy<Value = String> {
    let pieces = || prop::collection::vec(piece(), 0..7).prop_map(|pieces| pieces.concat());
    prop_oneof![
        8 => pieces().prop_map(|rest| format!("/{}", rest.trim_start_matches('/'))),
        2 => pieces(),
        2 => "/[a-z]{1,8}(/[a-z0-9.]{1,6}){0,3}(\\?[a-z]{1,3}=[!-~]{0,8})?",
    ]
}

/// Methods that are asked with most of the time.
const ANY: &[&str] = &["GET", "POST", "HEAD", "DELETE", "OPTIONS", "PUT", "PATCH"];
/// The same where only a GET is served.
const MOSTLY_GET: &[&str] = &["GET", "GET", "GET", "GET", "GET", "POST", "HEAD", "PUT"];

fn asked(methods: &'static [&'static str]) -> impl Strategy<Value = Asked> {
    let method = prop_oneof![
        12 => prop::sample::select(methods),
        1 => prop::sample::select(&["PROPFIND", "M-SEARCH", "get", "Get", "TRACE", "CONNECT", "PURGE", "G\u{e9}T", "GET/", ""][..]),
    ];
    let host = prop_oneof![
        12 => Just("wiki.test"),
        1 => prop::sample::select(&[
            "WIKI.test.", "wiki.test:80", "payroll.test", "site.test", "wiki.test@payroll.test",
            "wiki.test,payroll.test", "", "wiki.test:x", "[::1]", "w\u{131}ki.test",
        ][..]),
    ];
    let header = prop::sample::select(
        &[
            ("X-Original-URL", "/admin/x"),
            ("X-Rewrite-URL", "/admin/x"),
            ("x_original_url", "/admin/x"),
            ("X-Forwarded-Uri", "/admin/x"),
            ("X-Forwarded-Prefix", "/admin"),
            ("X-HTTP-Method-Override", "DELETE"),
            ("x.http.method.override", "DELETE"),
            ("X-Method-Override", "DELETE"),
            ("X-Forwarded-Host", "payroll.test"),
            ("Forwarded", "host=payroll.test"),
            ("X-Host", "payroll.test"),
            ("Connection", "host, x-original-url"),
            ("Accept", "*/*"),
        ][..],
    )
    .prop_map(|(name, value)| (name, value.to_owned()));
    let headers = prop::collection::vec(header, 0..4);
    (method, target(), host, headers).prop_map(|(method, target, host, headers)| Asked {
        method: method.to_owned(),
        target,
        host: host.to_owned(),
        headers,
    })
}

/// The wiki with a route that takes ambiguous paths, but no override headers.
async fn house() -> House {
    let strict = |app: &mut App| {
        for route in &mut app.routes {
            route.accept_override_headers = false;
        }
    };
    House::of(Plan {
        wiki: Box::new(strict),
        ..Plan::default()
    })
    .await
}

/// Runs the property over one way of sending, in a house of its own.
async fn holds(
    cases: u32,
    methods: &'static [&'static str],
    mut send: impl AsyncFnMut(&House, &Asked),
) {
    let house = house().await;
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let mut passed = 0;
    let outcome = tokio::task::block_in_place(|| {
        let send = std::cell::RefCell::new(&mut send);
        let passed = std::cell::Cell::from_mut(&mut passed);
        runner.run(&asked(methods), |asked| {
            let before = house.upstream.seen().len();
            Handle::current().block_on((send.borrow_mut())(&house, &asked));
            let seen = house.upstream.seen().split_off(before);
            passed.set(passed.get() + seen.len());
            check(&asked, &seen)
        })
    });
    outcome.unwrap_or_else(|fault| panic!("{fault}"));
    let recorded = allowed(&house);
    let received: Vec<_> = house.upstream.seen().iter().map(received).collect();
    assert!(
        passed >= cases as usize / 50,
        "the generator asks for what is served: {passed}"
    );
    assert_eq!(
        recorded.len(),
        received.len(),
        "each was recorded, and each that was recorded came"
    );
    for (saw, got) in recorded.iter().zip(&received) {
        let method = saw.0 == got.0 || saw.0 == "Other";
        assert!(
            method && saw.1 == got.1.trim_end_matches(":80") && saw.2 == got.2,
            "{saw:?} is not {got:?}"
        );
    }
}

/// One request, as the upstream received it.
fn check(asked: &Asked, seen: &[Seen]) -> Result<(), TestCaseError> {
    prop_assert!(
        seen.len() <= 1,
        "one request became {}: {seen:?}",
        seen.len()
    );
    let Some(seen) = seen.first() else {
        return Ok(());
    };
    let (method, host, path) = received(seen);
    prop_assert_eq!(&method, &asked.method);
    // Port 80 is left out over plain HTTP and stays over TLS, where it is not the scheme's own.
    let named = asked.host.to_lowercase().replace("test.", "test");
    prop_assert!(host == named || host == named.replace(":80", ""), "{host}");
    // The meaning is that of what was sent, and the query is what was sent.
    let given = asked
        .target
        .strip_prefix("http://wiki.test")
        .unwrap_or(&asked.target);
    let (given_path, given_query) = split(given);
    prop_assert_eq!(decoded(given_path), decoded(&path));
    prop_assert_eq!(query(seen), given_query);
    for reading in readings(seen) {
        let first = reading.split('/').nth(1).unwrap_or_default();
        // The site has no such route: a path like any other.
        if host != "site.test" {
            prop_assert_ne!(first, "admin", "{} read as {}", seen.line(), reading);
        }
        prop_assert_ne!(first, ".gatewright", "{} read as {}", seen.line(), reading);
    }
    prop_assert!(
        !seen.head.contains("payroll.test")
            || asked.target.contains("payroll.test")
            || asked.host == "payroll.test"
    );
    Ok(())
}

fn split(target: &str) -> (&str, Option<&str>) {
    match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

fn decoded(path: &str) -> Vec<u8> {
    let path = if path.is_empty() { "/" } else { path };
    percent_encoding::percent_decode_str(path).collect()
}

fn target_of(seen: &Seen) -> &str {
    seen.line().split(' ').nth(1).unwrap()
}

fn query(seen: &Seen) -> Option<&str> {
    split(target_of(seen)).1
}

fn received(seen: &Seen) -> (String, String, String) {
    let method = seen.line().split(' ').next().unwrap();
    let host = seen.all("host").join("|");
    (method.to_owned(), host, split(target_of(seen)).0.to_owned())
}

/// Every path that some upstream makes of a request: it obeys override headers, decodes once
/// more and again, cuts parameters off, takes a backslash for a slash, merges slashes,
/// resolves dot segments, and knows no letter case.
fn readings(seen: &Seen) -> Vec<String> {
    let overridden = seen.head.lines().skip(1).filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let name = name.to_lowercase().replace(['_', '.'], "-");
        let obeyed = ["url", "uri", "path", "prefix"]
            .iter()
            .any(|part| name.ends_with(part));
        (name.starts_with("x-") && obeyed).then_some(value)
    });
    let mut all = Vec::new();
    for target in overridden.chain([target_of(seen)]) {
        let mut path = split(target).0.to_owned();
        for _ in 0..4 {
            all.push(resolved(&path));
            path = String::from_utf8_lossy(&decoded(&path)).into_owned();
        }
    }
    all
}

fn resolved(path: &str) -> String {
    let path = path.replace('\\', "/").to_lowercase();
    let path = path.split(['#', '\0', '?']).next().unwrap_or_default();
    let mut out: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment.split(';').next().unwrap_or_default().trim() {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            segment => out.push(segment.trim_end_matches(['.', ' '])),
        }
    }
    format!("/{}", out.join("/"))
}

/// Method, host and path of every exchange that was let through, as recorded.
fn allowed(house: &House) -> Vec<(String, String, String)> {
    let folder = house.tested.folder.path().join("ledger");
    let all: Vec<Entry> = read_logs(&folder).unwrap().filter_map(Result::ok).collect();
    all.iter()
        .filter(|entry| &*entry.log == "core-0")
        .filter_map(|entry| match (&entry.record, &entry.personal) {
            (Record::Exchange(exchange), PersonalState::Present(personal))
                if exchange.outcome == Outcome::Allow =>
            {
                let method = match exchange.method {
                    Recorded::Other => "Other".to_owned(),
                    known => format!("{known:?}").to_uppercase(),
                };
                Some((method, personal.host.clone(), personal.path.clone()))
            }
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_policy_saw_is_what_the_upstream_received_over_http_1() {
    holds(600, ANY, async |house, asked| {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            asked.method, asked.target, asked.host
        );
        head.push_str(&format!("Cookie: {ANA}\r\nOrigin: http://wiki.test\r\n"));
        for (name, value) in &asked.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("Content-Length: 0\r\nConnection: close\r\n\r\n");
        let mut io = connect(house.http).await;
        io.write_all(head.as_bytes()).await.unwrap();
        // Answered or hung up on: what counts is what the upstream received.
        let _ = io.read_to_end(&mut Vec::new()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_policy_saw_is_what_the_upstream_received_over_http_2() {
    let mut frames: Option<Frames> = None;
    holds(600, ANY, async |house, asked| {
        let mut fields = vec![
            field(":method", &asked.method),
            field(":scheme", "https"),
            field(":authority", &asked.host),
            field(":path", &asked.target),
            field("cookie", ANA),
            field("origin", "https://wiki.test"),
        ];
        for (name, value) in &asked.headers {
            fields.push(field(name.to_lowercase(), value));
        }
        let mut open = match frames.take() {
            Some(open) => open,
            None => Frames::open(house, "wiki.test").await,
        };
        let outcome = open.ask(&fields).await;
        // After a fragment, or a head that is none, a connection serves nothing more.
        if outcome.status() == Some(200) {
            frames = Some(open);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_policy_saw_is_what_the_upstream_received_through_the_upgrade() {
    holds(400, MOSTLY_GET, async |house, asked| {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            asked.method, asked.target, asked.host
        );
        for (name, value) in &ASKING[1..] {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        for (name, value) in &asked.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut io = connect(house.http).await;
        io.write_all(head.as_bytes()).await.unwrap();
        let mut start = Vec::new();
        while !start.ends_with(b"\r\n\r\n") {
            let Ok(byte) = io.read_u8().await else { break };
            start.push(byte);
        }
    })
    .await;
}
