//! What reaches an upstream, and what of its answer reaches the client.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use gw_model::{Change, Upstream};
use gw_web::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{connect, read_answer, send, text},
    house::{ANA, House, Plan},
    peer::{Peer, Speaks, at, upstream},
};

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

fn with<'h>(more: &[(&'h str, &'h str)]) -> Vec<(&'h str, &'h str)> {
    [&OWN[..], more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_hears_who_asks_from_us_alone() {
    let house = House::usual().await;
    let claims = with(&[
        ("Gatewright-Assertion", "forged"),
        ("GATEWRIGHT_ASSERTION", "forged"),
        ("X-Wiki-User", "root"),
        ("x_wiki_user", "root"),
        ("X.Wiki.Groups", "owners"),
        ("X-Forwarded-For", "10.9.9.9"),
        ("X_Forwarded_For", "10.9.9.9"),
        ("Forwarded", "for=10.9.9.9"),
        ("X-Real-IP", "10.9.9.9"),
        ("X-Forwarded-Host", "evil"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Original-URL", "/admin/x"),
        (
            "Connection",
            "close, X-Wiki-Email, Gatewright-Assertion, X-Forwarded-For, Cookie",
        ),
        ("Proxy-Authorization", "Basic x"),
        ("Proxy", "http://evil"),
        ("TE", "trailers"),
        ("Cookie", "theme=dark; __host-GW-session=x"),
        ("Authorization", "Bearer of-the-app"),
        ("Accept", "*/*"),
    ]);
    assert_eq!(
        house.get("GET /page", &claims[..]).await.status,
        400,
        "a session cookie twice"
    );
    let claims: Vec<_> = claims
        .into_iter()
        .filter(|(_, v)| !v.starts_with("theme"))
        .collect();
    assert_eq!(house.get("GET /page?x=1", &claims).await.status, 200);
    let seen = house.upstream.last();
    let mut names: Vec<String> = seen
        .head
        .lines()
        .skip(1)
        .filter_map(|l| l.split_once(": "))
        .map(|(n, _)| n.to_lowercase())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "accept",
            "authorization",
            "forwarded",
            "gatewright-assertion",
            "host",
            "origin",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-wiki-email",
            "x-wiki-groups",
            "x-wiki-user",
        ],
        "{}",
        seen.head
    );
    for (name, value) in [
        ("host", "wiki.test"),
        ("x-wiki-user", "ana"),
        ("x-wiki-email", "ana@example.com"),
        ("x-wiki-groups", "staff"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "wiki.test"),
        ("authorization", "Bearer of-the-app"),
    ] {
        assert_eq!(seen.all(name), [value], "{name}");
    }
    let assertion = seen.all("gatewright-assertion")[0].to_owned();
    let claims = assertion.split('.').nth(1).unwrap();
    let claims: serde_json::Value =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
    assert_eq!(
        (
            claims["aud"].as_str(),
            claims["preferred_username"].as_str()
        ),
        (Some("wiki"), Some("ana"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_made_sure_of_is_in_no_plain_header() {
    let house = House::usual().await;
    let mut ana = (**house.tested.engine.view().facts.user_named("ana").unwrap()).clone();
    ana.email = Some("ceo@example.com".into());
    house
        .tested
        .change(vec![Change::UserPut(Arc::new(ana))])
        .await;
    assert_eq!(house.get("GET /page", &OWN).await.status, 200);
    let seen = house.upstream.last();
    assert_eq!(seen.all("x-wiki-user"), ["ana"]);
    assert!(seen.all("x-wiki-email").is_empty());
    let assertion = seen.all("gatewright-assertion")[0].to_owned();
    let claims = assertion.split('.').nth(1).unwrap();
    let claims: serde_json::Value =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
    assert_eq!(claims["email_verified"].as_bool(), Some(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_at_an_open_app_is_nobody_there() {
    let house = House::usual().await;
    let answer = house
        .get(
            "GET /",
            &[("Host", "site.test"), ("Gatewright-Assertion", "forged")],
        )
        .await;
    assert_eq!(answer.status, 200);
    assert!(house.upstream.last().all("gatewright-assertion").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_gets_the_form_that_policy_saw() {
    let house = House::usual().await;
    for (asked, sent) in [
        ("GET /%61%2d%7E?q=%61", "GET /a-~?q=%61 HTTP/1.1"),
        ("GET /caf%c3%a9|x", "GET /caf%C3%A9%7Cx HTTP/1.1"),
        ("GET http://wiki.test/abs", "GET /abs HTTP/1.1"),
        ("GET /lax/a%2fb//c;d", "GET /lax/a%2Fb//c;d HTTP/1.1"),
    ] {
        assert_eq!(house.get(asked, &OWN).await.status, 200, "{asked}");
        assert_eq!(house.upstream.last().line(), sent);
    }
    assert_eq!(house.get("GET /%61dmin/x", &OWN).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_says_what_passes() {
    let house = House::usual().await;
    let headers = with(&[
        ("X-HTTP-Method-Override", "DELETE"),
        ("Authorization", "Bearer x"),
    ]);
    assert_eq!(house.get("GET /lax/x", &headers).await.status, 200);
    let seen = house.upstream.last();
    assert_eq!(seen.all("x-http-method-override"), ["DELETE"]);
    assert!(seen.all("authorization").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_says_nothing_for_others() {
    let house = House::usual().await;
    let answer = house.get("GET /reach", &OWN).await;
    assert_eq!(answer.status, 302);
    assert_eq!(answer.one("location"), "http://wiki.test/there");
    assert_eq!(answer.all("set-cookie"), ["own=1; Path=/"]);
    for name in ["alt-svc", "clear-site-data", "gatewright-decision"] {
        assert!(answer.all(name).is_empty(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_pass_whole_both_ways() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    let body = vec![b'u'; 3_000_000];
    let length = body.len().to_string();
    io.write_all(text("PUT /upload", &with(&[("Content-Length", &length)])).as_bytes())
        .await
        .unwrap();
    let (mut reading, mut writing) = io.split();
    let (written, answer) = tokio::join!(writing.write_all(&body), read_answer(&mut reading));
    written.unwrap();
    assert_eq!(answer.unwrap().status, 200);
    assert_eq!(house.upstream.last().body, body);
    let answer = send(&mut io, "GET /bytes/3000000", &OWN).await;
    assert_eq!(answer.body.len(), 3_000_000);
    let posted = send(&mut io, "POST /nothing", &with(&[("Content-Length", "0")])).await;
    assert_eq!(posted.status, 200);
    assert_eq!(house.upstream.last().all("content-length"), ["0"]);
    let head = text("HEAD /page", &OWN);
    io.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 15];
    io.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_one_length() {
    let house = House::usual().await;
    let answer = house.get("GET /both", &OWN).await;
    assert!(answer.all("content-length").is_empty(), "{}", answer.head);
    assert!(answer.body.contains("hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_may_have_a_body() {
    let house = House::usual().await;
    for (framing, body) in [
        (("Content-Length", "5"), "hello"),
        (("Transfer-Encoding", "chunked"), "5\r\nhello\r\n0\r\n\r\n"),
    ] {
        let mut io = connect(house.http).await;
        let request = text("GET /search", &with(&[framing])) + body;
        io.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
        assert_eq!(house.upstream.last().body, b"hello", "{framing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_pass_without_claims() {
    let house = House::usual().await;
    let answer = house
        .get("GET /trailers", &with(&[("TE", "trailers")]))
        .await;
    assert!(
        answer.body.to_lowercase().contains("x-sum: 42"),
        "{answer:?}"
    );
    assert!(!answer.body.contains("evil"));
    let mut io = connect(house.http).await;
    let headers = with(&[
        ("Transfer-Encoding", "chunked"),
        ("Trailer", "X-Sum, Gatewright-Assertion, X_Wiki_User"),
    ]);
    let body =
        "5\r\nhello\r\n0\r\nX-Sum: 7\r\nGatewright-Assertion: forged\r\nX_Wiki_User: root\r\n\r\n";
    io.write_all((text("POST /sum", &headers) + body).as_bytes())
        .await
        .unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
    let body = String::from_utf8(house.upstream.last().body)
        .unwrap()
        .to_lowercase();
    assert_eq!(body, "hello\ntrailer x-sum: 7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_first_is_told_to_go_on_only_once_it_was_let_in() {
    let house = House::usual().await;
    let expecting = with(&[("Expect", "100-continue"), ("Content-Length", "5")]);
    let mut io = connect(house.http).await;
    io.write_all(text("POST /upload", &expecting).as_bytes())
        .await
        .unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 100);
    io.write_all(b"hello").await.unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
    assert!(house.upstream.last().all("expect").is_empty());
    let mut io = connect(house.http).await;
    io.write_all(text("POST /admin/upload", &expecting).as_bytes())
        .await
        .unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 403);
    assert_eq!(house.upstream.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_before_the_body_is_over_is_passed_on() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    let head = text("POST /early", &with(&[("Content-Length", "1000000")]));
    io.write_all(head.as_bytes()).await.unwrap();
    let answer = read_answer(&mut io).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (413, "much"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_send_all_of_its_body_before_it_reads_an_answer_that_came_early() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    // More than lies in all the buffers on the way.
    let length = 32 * 1024 * 1024;
    let head = text(
        "POST /both-ways",
        &with(&[("Content-Length", &length.to_string())]),
    );
    io.write_all(head.as_bytes()).await.unwrap();
    let sent =
        tokio::time::timeout(Duration::from_secs(30), io.write_all(&vec![b'a'; length])).await;
    sent.expect("the body is taken").unwrap();
    let answer = read_answer(&mut io).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, length));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_on_a_kept_connection_has_the_whole_time_for_its_answer() {
    let first_byte = Duration::from_millis(400);
    let limits = Limits {
        first_byte,
        ..Limits::default()
    };
    let house = House::of(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    // Each takes a while, and all of them longer than one may.
    for _ in 0..10 {
        assert_eq!(house.get("GET /late", &OWN).await.status, 200);
    }
    assert_eq!(*house.upstream.open.borrow(), 1);
    let began = Instant::now();
    assert_eq!(house.get("GET /hang", &OWN).await.status, 504);
    assert!(began.elapsed() >= first_byte);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_to_an_upstream_serves_one_client_after_another() {
    let house = House::usual().await;
    for _ in 0..5 {
        assert_eq!(house.get("GET /page", &OWN).await.status, 200);
    }
    assert_eq!(*house.upstream.open.borrow(), 1);
    // The upstream closes its side unseen; the next request gets a connection of its own.
    assert_eq!(house.get("GET /drop", &OWN).await.status, 502);
    assert_eq!(house.get("GET /page", &OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_fails_is_told_apart_from_one_that_is_late() {
    let limits = Limits {
        first_byte: Duration::from_millis(50),
        ..Limits::default()
    };
    let house = House::of(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let late = house.get("GET /hang", &OWN).await;
    assert_eq!(
        (
            late.status,
            late.problem()["type"].as_str().unwrap().to_owned()
        ),
        (504, "urn:gatewright:problem:upstream-timeout".into())
    );
    let gone = house.get("GET /drop", &OWN).await;
    assert_eq!(gone.status, 502);
    let page = house
        .get("GET /drop", &with(&[("Accept", "text/html")]))
        .await;
    assert!(page.one("content-type").starts_with("text/html"));
    let nowhere = Plan {
        wiki: Box::new(|app| app.upstream = Upstream::Http(Arc::from("127.0.0.1:1"))),
        ..Plan::default()
    };
    let house = House::of(nowhere).await;
    assert_eq!(house.get("GET /", &OWN).await.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_answer_never_looks_whole() {
    let house = House::usual().await;
    for version in ["HTTP/1.1", "HTTP/1.0"] {
        let mut io = connect(house.http).await;
        let head = text("GET /half", &OWN).replace("HTTP/1.1", version);
        io.write_all(head.as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        let ended = io.read_to_end(&mut seen).await;
        assert!(
            ended.is_err() || String::from_utf8_lossy(&seen).contains("ontent-length: 100"),
            "{version}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_can_be_the_upstreams_own() {
    let plan = Plan {
        wiki: Box::new(|app| app.preserve_host = false),
        ..Plan::default()
    };
    let house = House::of(plan).await;
    assert_eq!(house.get("GET /", &OWN).await.status, 200);
    let seen = house.upstream.last();
    assert_eq!(seen.all("host"), [house.upstream.address.to_string()]);
    assert_eq!(seen.all("x-forwarded-host"), ["wiki.test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_somebody_holds_for_themselves_is_nobody_elses() {
    let house = House::usual().await;
    assert_eq!(house.get("GET /page", &OWN).await.status, 200);
    assert_eq!(*house.upstream.open.borrow(), 1, "kept for the next");
    for scheme in [
        "NTLM TlRMTVNTUAAB",
        "Negotiate YII=",
        "ntlm",
        "  NEGOTIATE\tx",
    ] {
        let headers = with(&[("Authorization", scheme)]);
        assert_eq!(house.get("GET /page", &headers).await.status, 200);
        let seen = house.upstream.last();
        assert_eq!(seen.all("authorization"), [scheme.trim()]);
        house.upstream.alone().await;
    }
    let headers = with(&[("Authorization", "Basic YTpi")]);
    assert_eq!(house.get("GET /page", &headers).await.status, 200);
    assert_eq!(*house.upstream.open.borrow(), 1, "of one request alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_nobody_holds_a_connection_for_themselves() {
    let peer = Peer::plain(Speaks::H2).await;
    let servers = at(&[&format!("h2c://{}", peer.place)]);
    let house = House::of(Plan {
        wiki: Box::new(move |app| app.upstream = upstream(servers.clone())),
        ..Plan::default()
    })
    .await;
    for (scheme, arrives) in [("NTLM x", None), ("Basic YTpi", Some("Basic YTpi"))] {
        let headers = with(&[("Authorization", scheme)]);
        assert_eq!(house.get("GET /page", &headers).await.status, 200);
        assert_eq!(peer.last().header("authorization"), arrives);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_only_ever_begins_to_answer_is_given_up() {
    let house = House::usual().await;
    let interim = format!(
        "HTTP/1.1 103 Early Hints\r\nLink: <{}>\r\n\r\n",
        "x".repeat(1_000)
    );
    let interim = interim.repeat(100);
    house.upstream.will_say(&BASE64.encode(interim.as_bytes()));
    let answer = house.get("GET /say", &with(&[("X-Say", "/said")])).await;
    assert_eq!(answer.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_is_told_is_read_by_no_page_of_another_origin_that_the_app_lets() {
    let house = House::usual().await;
    let lines = "Access-Control-Allow-Origin: http://evil.test\r\nAccess-Control-Allow-Credentials: true\r\n";
    let get = format!("GET /say/{}", HEXLOWER.encode(lines.as_bytes()));
    let asked_by = async |origin: &str, site: &str| {
        let mut headers = vec![("Origin", origin), ("Sec-Fetch-Site", site)];
        headers.extend(&OWN[..2]);
        house.get(&get, &headers).await
    };
    for site in ["same-site", "cross-site"] {
        let answer = asked_by("http://evil.test", site).await;
        assert_eq!(answer.status, 200);
        assert!(answer.all("access-control-allow-origin").is_empty());
        assert!(answer.all("access-control-allow-credentials").is_empty());
    }
    let own = asked_by("http://wiki.test", "same-origin").await;
    assert_eq!(own.one("access-control-allow-credentials"), "true");
}
