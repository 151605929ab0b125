//! What is open ends the moment its grounds do, however slowly the client reads.

use std::{io::ErrorKind, time::Duration};

use gw_model::{App, Change, User};
use gw_web::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{connect, connect_tls, send, text},
    house::{ANA, House, Plan, route},
};

const OWN: [(&str, &str); 2] = [("Host", "wiki.test"), ("Cookie", ANA)];

/// Opens a stream and reads until something of its body is there.
async fn open(house: &House, path: &str) -> tokio::net::TcpStream {
    let mut io = connect(house.http).await;
    io.write_all(text(&format!("GET {path}"), &OWN).as_bytes())
        .await
        .unwrap();
    let mut seen = Vec::new();
    while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
        let mut some = [0; 1024];
        let read = io.read(&mut some).await.unwrap();
        assert!(read > 0);
        seen.extend_from_slice(&some[..read]);
    }
    io
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_reset_when_policy_no_longer_allows_it() {
    let house = House::usual().await;
    let mut stream = open(&house, "/stream").await;
    house.forbid_wiki().await;
    let seen = stream.read_to_end(&mut Vec::new()).await;
    assert_eq!(seen.unwrap_err().kind(), ErrorKind::ConnectionReset);
    house.upstream.alone().await;
    assert_eq!(house.metrics().cuts.value(), 1);
    let again = house.get("GET /", &OWN).await;
    assert_eq!(again.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_person_loses_what_is_open_and_nobody_else_does() {
    let house = House::usual().await;
    let mut hers = open(&house, "/stream").await;
    let mut open_to_all = connect(house.http).await;
    let site = [("Host", "site.test")];
    open_to_all
        .write_all(text("GET /stream", &site).as_bytes())
        .await
        .unwrap();
    let mut start = [0; 15];
    open_to_all.read_exact(&mut start).await.unwrap();
    let disabled = User {
        disabled: true,
        ..house.ana.clone()
    };
    house
        .tested
        .change(vec![Change::UserPut(disabled.into())])
        .await;
    assert!(hers.read_to_end(&mut Vec::new()).await.is_err());
    house
        .upstream
        .open
        .subscribe()
        .wait_for(|open| *open == 1)
        .await
        .unwrap();
    // The stranger's stream goes on: it is still open when the house is torn down.
    assert_eq!(house.metrics().connections_open.value(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_stopped_reading_is_cut_too() {
    let house = House::usual().await;
    let mut slow = open(&house, "/flood").await;
    let held = house.upstream.stuck().await;
    assert!(held < 32 << 20, "{held} bytes lie between the two");
    house.end_session().await;
    house.upstream.alone().await;
    let mut seen = vec![0; 1 << 20];
    let ended = loop {
        match slow.read(&mut seen).await {
            Ok(0) => panic!("it looks like an end in order"),
            Ok(_) => {}
            Err(fault) => break fault,
        }
    };
    assert_eq!(ended.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_over_tls_sends_no_goodbye() {
    let house = House::usual().await;
    let mut io = connect_tls(&house, "wiki.test", b"http/1.1").await;
    io.write_all(text("GET /stream", &OWN).as_bytes())
        .await
        .unwrap();
    let mut start = [0; 15];
    io.read_exact(&mut start).await.unwrap();
    house.end_session().await;
    let ended = io.read_to_end(&mut Vec::new()).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_upstream_is_cut_as_well() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    io.write_all(text("GET /hang", &OWN).as_bytes())
        .await
        .unwrap();
    house.upstream.reached(1).await;
    house.forbid_wiki().await;
    assert!(io.read_to_end(&mut Vec::new()).await.is_err());
    house.upstream.alone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_cut_with_its_upstream() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    let headers = [
        &OWN[..],
        &[
            ("Origin", "http://wiki.test"),
            ("Content-Length", "1000000"),
        ],
    ]
    .concat();
    io.write_all(text("POST /upload", &headers).as_bytes())
        .await
        .unwrap();
    io.write_all(b"only some of it").await.unwrap();
    house.upstream.reached(1).await;
    house.end_session().await;
    assert!(io.read_to_end(&mut Vec::new()).await.is_err());
    house.upstream.alone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_takes_its_upstream_along() {
    let limits = Limits {
        half_closed: Duration::from_millis(50),
        ..Limits::default()
    };
    let house = House::of(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let stream = open(&house, "/stream").await;
    drop(stream);
    house.upstream.alone().await;
    assert_eq!(house.metrics().cuts.value(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_at_its_end_ends_what_it_holds_open() {
    let house = House::usual().await;
    let mut stream = open(&house, "/stream").await;
    house
        .tested
        .clock
        .advance(std::time::Duration::from_secs(13 * 3600));
    assert!(stream.read_to_end(&mut Vec::new()).await.is_err());
    let next = house
        .get("GET /", &[OWN[0], OWN[1], ("Sec-Fetch-Mode", "navigate")])
        .await;
    assert_eq!(next.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_in_order_is_not_cut_later() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    assert_eq!(send(&mut io, "GET /", &OWN).await.status, 200);
    house.forbid_wiki().await;
    assert_eq!(
        send(&mut io, "GET /", &OWN).await.status,
        403,
        "the connection itself goes on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_ends_when_its_path_becomes_another_routes() {
    let house = House::usual().await;
    let mut moved = open(&house, "/stream").await;
    let wiki = house.tested.engine.view();
    let wiki = (**wiki.facts.app(&"wiki".parse().unwrap()).unwrap()).clone();
    let renamed = App {
        title: "The other wiki".into(),
        ..wiki.clone()
    };
    house
        .tested
        .change(vec![Change::AppPut(renamed.into())])
        .await;
    assert_eq!(
        house.metrics().cuts.value(),
        0,
        "the same route, the same answer"
    );
    let mut split = wiki.clone();
    split.routes.push(route("streams", "/stream"));
    house
        .tested
        .change(vec![Change::AppPut(split.into())])
        .await;
    let seen = moved.read_to_end(&mut Vec::new()).await;
    assert_eq!(seen.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(house.metrics().cuts.value(), 1);
    // And when the app is at another host.
    house
        .tested
        .change(vec![Change::AppPut(wiki.clone().into())])
        .await;
    let mut there = open(&house, "/stream").await;
    let elsewhere = App {
        host: "wiki.elsewhere.test".into(),
        ..wiki
    };
    house
        .tested
        .change(vec![Change::AppPut(elsewhere.into())])
        .await;
    assert!(there.read_to_end(&mut Vec::new()).await.is_err());
}
