//! What is Gatewright's own on an app's host, and what is on no listener at all.

use crate::{
    client::{connect, read_answer, send, text},
    frames::{Frames, with},
    house::{ANA, House, Plan},
    websocket::ASKING,
};
use tokio::io::AsyncWriteExt as _;

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

const SPELLINGS: [&str; 22] = [
    "/.gatewright",
    "/.gatewright/",
    "/.gatewright/x",
    "/.gatewright/callback/x",
    "/.gatewright?x",
    "/.GATEWRIGHT/x",
    "/.Gatewright",
    "/%2egatewright/x",
    "/%2E%67atewright/x",
    "/.%67%61tewright/x",
    "/.gatewright%2fx",
    "/.gatewright%2Fcallback",
    "//.gatewright/x",
    "///.gatewright",
    "/.gatewright;x/y",
    "/.gatewright%3bx/y",
    "/%252egatewright/x",
    "/%25252egatewright/x",
    "/./.gatewright/x",
    "/x/../.gatewright/x",
    "/.gatewright/../x",
    "/.gatewright/./x",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_below_our_own_path_reaches_an_upstream_in_any_spelling() {
    // An app that accepts ambiguous paths everywhere.
    let lax = |app: &mut gw_model::App| {
        let mut route = app.routes[2].clone();
        route.paths = vec!["/*".parse().unwrap()];
        app.routes = vec![route];
    };
    for wiki in [
        Box::new(|_: &mut _| {}) as Box<dyn Fn(&mut _) + Send>,
        Box::new(lax),
    ] {
        let house = House::of(Plan {
            wiki,
            ..Plan::default()
        })
        .await;
        for path in SPELLINGS {
            for method in ["GET", "POST", "HEAD", "OPTIONS", "DELETE"] {
                let line = format!("{method} {path}");
                let own = [&OWN[..], &[("Content-Length", "0")]].concat();
                let status = first_status(&house, &line, &own).await;
                assert!(matches!(status, 400 | 404), "{line}: {status}");
            }
            let absolute = format!("GET http://wiki.test{path}");
            assert!(matches!(house.get(&absolute, &OWN).await.status, 400 | 404));
            let mut frames = Frames::open(&house, "wiki.test").await;
            let outcome = frames.ask(&with(&[(":path", path.as_bytes())])).await;
            assert!(outcome.is_refused(), "{path}: {outcome:?}");
            let socket = house.get(&format!("GET {path}"), &ASKING).await.status;
            assert!(matches!(socket, 400 | 404), "{path}: {socket}");
        }
        assert!(house.upstream.seen().is_empty());
        assert_eq!(house.get("GET /gatewright/x", &OWN).await.status, 200);
        assert_eq!(house.get("GET /x/.gatewright/y", &OWN).await.status, 200);
    }
}

async fn first_status(house: &House, line: &str, headers: &[(&str, &str)]) -> u16 {
    let mut io = connect(house.http).await;
    let head = text(line, headers);
    io.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    tokio::io::AsyncReadExt::read_exact(&mut io, &mut start)
        .await
        .unwrap();
    String::from_utf8_lossy(&start[9..]).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_or_agent_opens_anything_without_a_question() {
    let house = House::usual().await;
    for path in [
        "/metrics",
        "/debug",
        "/debug/pprof/",
        "/healthz",
        "/health",
        "/ping",
        "/ready",
        "/livez",
        "/status",
        "/server-status",
        "/robots.txt",
        "/favicon.ico",
        "/.well-known/acme-challenge/x",
        "/.well-known/jwks.json",
        "/.well-known/pomerium",
        "/oauth2/auth",
        "/oauth2/callback",
        "/ping.html",
    ] {
        for agent in [
            "GoogleHC/1.0",
            "kube-probe/1.31",
            "ELB-HealthChecker/2.0",
            "Prometheus/3.0",
            "curl/8.0",
            "",
        ] {
            let headers = [("Host", "wiki.test"), ("User-Agent", agent)];
            let answer = house.get(&format!("GET {path}"), &headers).await;
            assert_eq!(answer.status, 401, "{path} as {agent}");
            assert!(!answer.body.contains("gatewright_"), "{}", answer.body);
        }
        for host in ["127.0.0.1", "localhost", "nowhere.test"] {
            let answer = house.get(&format!("GET {path}"), &[("Host", host)]).await;
            assert_eq!(answer.status, 404, "{path} at {host}");
        }
    }
    for name in [
        "X-Forwarded-For",
        "X-Health-Check",
        "X-Gatewright-Skip",
        "X-Internal",
    ] {
        let headers = [("Host", "wiki.test"), (name, "127.0.0.1")];
        assert_eq!(house.get("GET /page", &headers).await.status, 401);
    }
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_is_no_way_in() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    let asks = [
        ("Host", "wiki.test"),
        ("Origin", "https://partner.test"),
        ("Access-Control-Request-Method", "DELETE"),
        ("Content-Length", "5"),
    ];
    io.write_all((text("OPTIONS /api/x", &asks) + "hello").as_bytes())
        .await
        .unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 204);
    for line in ["OPTIONS /admin/x", "OPTIONS /.gatewright/x", "OPTIONS /"] {
        let answer = house.get(line, &asks[..3]).await;
        assert!(answer.status >= 400, "{line}: {answer:?}");
        assert!(answer.all("access-control-allow-origin").is_empty());
    }
    let mut fresh = connect(house.http).await;
    let lower = [
        asks[0],
        asks[1],
        ("Access-Control-Request-Method", "get, DELETE"),
    ];
    assert_ne!(send(&mut fresh, "OPTIONS /api/x", &lower).await.status, 204);
    assert!(house.upstream.seen().is_empty());
}
