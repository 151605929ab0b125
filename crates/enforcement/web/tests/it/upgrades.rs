//! Upgrades to what a route lists, and what becomes of those that are refused or fail.

use std::{io::ErrorKind, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::{
    client::{Answer, connect, read_answer, text},
    house::{ANA, House, Plan, until},
    upstream::Seen,
};

const ASKING: [(&str, &str); 5] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
    ("Connection", "Upgrade"),
    ("Upgrade", "tcp-x"),
];

/// The upstream's side: switches to what it was asked for, or to something else, and echoes.
pub(crate) async fn serve(
    io: &mut BufReader<TcpStream>,
    path: &str,
    seen: &Seen,
) -> std::io::Result<()> {
    let asked = seen.all("upgrade").first().copied().unwrap_or("tcp-x");
    let protocol = match path {
        "/api/other" => "tcp-y",
        _ => asked,
    };
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\nready"
    );
    io.write_all(head.as_bytes()).await?;
    let mut some = [0; 1024];
    loop {
        let read = io.read(&mut some).await?;
        if read == 0 {
            return Ok(());
        }
        io.write_all(&some[..read]).await?;
    }
}

async fn house() -> House {
    House::of(Plan {
        wiki: Box::new(|app| {
            app.routes[1].upgrades = vec!["websocket".parse().unwrap(), "tcp-x".parse().unwrap()];
        }),
        ..Plan::default()
    })
    .await
}

async fn open(
    house: &House,
    line: &str,
    headers: &[(&str, &str)],
    behind: &str,
) -> (TcpStream, Answer) {
    let mut io = connect(house.http).await;
    let bytes = format!("{}{behind}", text(line, headers));
    io.write_all(bytes.as_bytes()).await.unwrap();
    let answer = read_answer(&mut io).await.unwrap();
    (io, answer)
}

async fn expect(io: &mut TcpStream, wanted: &str) {
    let mut got = vec![0; wanted.len()];
    io.read_exact(&mut got).await.unwrap();
    assert_eq!(String::from_utf8(got).unwrap(), wanted);
}

fn changed<'h>(name: &str, value: &'h str) -> Vec<(&'h str, &'h str)> {
    let asking: [(&'h str, &'h str); 5] = ASKING;
    asking
        .into_iter()
        .map(|h| if h.0 == name { (h.0, value) } else { h })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_route_lists_passes_as_raw_bytes() {
    let house = house().await;
    let (mut io, answer) = open(&house, "GET /api/raw", &ASKING, "sent ahead").await;
    assert_eq!((answer.status, answer.one("upgrade")), (101, "tcp-x"));
    expect(&mut io, "readysent ahead").await;
    io.write_all(b"\x00\xff and more").await.unwrap();
    io.read_exact(&mut [0; 11]).await.unwrap();
    let seen = house.upstream.last();
    assert_eq!(seen.all("upgrade"), ["tcp-x"]);
    assert_eq!(seen.all("gatewright-assertion").len(), 1);
    io.shutdown().await.unwrap();
    assert_eq!(io.read(&mut [0; 1]).await.unwrap(), 0);
    house.upstream.alone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_may_have_a_body_before_it_switches() {
    let house = house().await;
    let headers = [&ASKING[..], &[("Content-Length", "4")]].concat();
    let (mut io, answer) = open(&house, "POST /api/raw", &headers, "bodyafter").await;
    assert_eq!(answer.status, 101);
    expect(&mut io, "readyafter").await;
    assert_eq!(house.upstream.last().body, b"body");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_resets_it_at_once() {
    let house = house().await;
    let (mut io, _) = open(&house, "GET /api/raw", &ASKING, "").await;
    expect(&mut io, "ready").await;
    house.end_session().await;
    let ended = io.read_to_end(&mut Vec::new()).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
    house.upstream.alone().await;
    assert_eq!(house.metrics().cuts.value(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_route_does_not_list_is_refused() {
    let house = house().await;
    let (_, elsewhere) = open(&house, "GET /raw", &ASKING, "").await;
    assert_eq!(elsewhere.status, 400, "another route");
    for (name, value, status) in [
        ("Upgrade", "tcp-y", 400),
        ("Upgrade", "h2c", 400),
        ("Upgrade", "tcp-x, h2c", 400),
        ("Upgrade", "websocket, tcp-x", 400),
        ("Connection", "keep-alive", 400),
        ("Origin", "http://payroll.test", 403),
        ("Cookie", "a=1", 401),
    ] {
        let (_, answer) = open(&house, "GET /api/raw", &changed(name, value), "").await;
        assert_eq!(answer.status, status, "{name}: {value}");
    }
    let mut io = connect(house.http).await;
    let old = text("GET /api/raw", &ASKING).replace("HTTP/1.1", "HTTP/1.0");
    io.write_all(old.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 400);
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_behind_an_upgrade_that_did_not_happen_is_no_request() {
    let house = house().await;
    let smuggled = text("GET /api/smuggled", &ASKING[..3]);
    for (line, headers, status) in [
        // Declined by the upstream, by us, by policy, and failed.
        ("GET /api/page", ASKING.to_vec(), 200),
        ("GET /api/raw", changed("Upgrade", "h2c"), 400),
        (
            "GET /api/raw",
            changed("Origin", "http://payroll.test"),
            403,
        ),
        ("GET /api/raw", changed("Cookie", "a=1"), 401),
        ("GET /admin/raw", ASKING.to_vec(), 400),
        ("GET /api/other", ASKING.to_vec(), 502),
        ("GET /drop", changed("Upgrade", "h2c"), 400),
    ] {
        let (mut io, answer) = open(&house, line, &headers, &smuggled).await;
        assert_eq!(
            (answer.status, answer.one("connection")),
            (status, "close"),
            "{line}"
        );
        assert!(read_answer(&mut io).await.is_none(), "{line}");
    }
    let seen = house.upstream.seen();
    assert!(
        seen.iter().all(|seen| !seen.line().contains("smuggled")),
        "{seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_nobody_asked_for_is_no_answer() {
    let house = house().await;
    let (mut io, answer) = open(&house, "GET /api/raw", &ASKING[..3], "").await;
    assert_eq!(answer.status, 502);
    io.write_all(text("GET /page", &ASKING[..3]).as_bytes())
        .await
        .unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
    let (_, other) = open(&house, "GET /api/other", &ASKING, "").await;
    assert_eq!(other.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_in_the_middle_of_a_body_is_no_answer() {
    let house = house().await;
    let headers = [&ASKING[..], &[("Content-Length", "1000")]].concat();
    let (mut io, answer) = open(&house, "POST /early-switch", &headers, "some").await;
    assert_eq!(answer.status, 400, "not on this route");
    drop(io);
    let (io_again, answer) = open(&house, "POST /api/early-switch", &headers, "some").await;
    io = io_again;
    assert_eq!(answer.status, 502);
    assert!(read_answer(&mut io).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_the_process_does() {
    let house = house().await;
    let (mut io, _) = open(&house, "GET /api/raw", &ASKING, "").await;
    expect(&mut io, "ready").await;
    until(|| house.metrics().connections_open.value() == 1).await;
    let upstream = house.upstream.clone();
    house.stop(Duration::from_millis(50)).await;
    assert!(io.read_to_end(&mut Vec::new()).await.is_err());
    upstream.alone().await;
}
