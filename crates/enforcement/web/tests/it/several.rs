//! Several servers behind an app: who gets what, who is left out, and what is never sent twice.

use std::time::{Duration, Instant};

use gw_model::{HealthCheck, Servers};
use gw_web::Limits;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    client::{connect, read_answer, text},
    house::{ANA, House, Plan, until},
    peer::{LONG, Peer, Speaks, at, nowhere, upstream},
    upstream::Recorder,
};

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

async fn house(servers: Servers) -> House {
    house_with(servers, Limits::default()).await
}

async fn house_with(servers: Servers, limits: Limits) -> House {
    House::of(Plan {
        limits,
        wiki: Box::new(move |app| app.upstream = upstream(servers.clone())),
        ..Plan::default()
    })
    .await
}

fn address(recorder: &Recorder) -> String {
    format!("http://{}", recorder.address)
}

fn reached(recorders: &[&Recorder]) -> Vec<usize> {
    recorders.iter().map(|r| r.seen().len()).collect()
}

async fn two() -> (Recorder, Recorder) {
    (Recorder::start().await, Recorder::start().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_share_the_requests_as_their_weights_say() {
    let (a, b) = two().await;
    let mut servers = at(&[&address(&a), &address(&b)]);
    servers.servers[1].weight = 3;
    let house = house(servers).await;
    for _ in 0..200 {
        assert_eq!(house.get("GET /page", &OWN).await.status, 200);
    }
    let [light, heavy] = reached(&[&a, &b])[..] else {
        panic!("two")
    };
    assert_eq!(light + heavy, 200);
    assert!(light > 0 && heavy > light, "{light} and {heavy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_gets_fewer() {
    let (a, b) = two().await;
    let house = house(at(&[&address(&a), &address(&b)])).await;
    let mut held = Vec::new();
    while a.seen().len() < 3 {
        let mut io = connect(house.http).await;
        let before = reached(&[&a, &b]).iter().sum::<usize>();
        io.write_all(text("GET /hang", &OWN).as_bytes())
            .await
            .unwrap();
        until(|| reached(&[&a, &b]).iter().sum::<usize>() > before).await;
        held.push(io);
    }
    // Of two that hang alike each gets its share: neither runs ahead by more than one.
    let [a_holds, b_holds] = reached(&[&a, &b])[..] else {
        panic!("two")
    };
    assert!(a_holds.abs_diff(b_holds) <= 1, "{a_holds} and {b_holds}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_costs_nobody_a_request_and_is_put_aside() {
    let there = Recorder::start().await;
    let house = house(at(&[&nowhere().await, &address(&there)])).await;
    for turn in 0..40 {
        let (line, body) = match turn % 2 {
            0 => ("GET /page", ""),
            _ => ("POST /page", "hello"),
        };
        let length = body.len().to_string();
        let headers = [&OWN[..], &[("Content-Length", &length)]].concat();
        let mut io = connect(house.http).await;
        io.write_all((text(line, &headers) + body).as_bytes())
            .await
            .unwrap();
        assert_eq!(read_answer(&mut io).await.unwrap().status, 200, "{turn}");
    }
    assert_eq!(there.seen().len(), 40);
    let bodies = there.seen();
    assert!(bodies.iter().filter(|seen| seen.body == b"hello").count() == 20);
    let metrics = house.metrics();
    assert!(metrics.upstream_ejections.value() >= 1);
    assert!(metrics.upstream_retries.value() >= 3);
    for seen in there.seen() {
        assert_eq!(seen.all("x-wiki-user"), ["ana"]);
        assert_eq!(seen.all("gatewright-assertion").len(), 1);
        assert!(seen.all("cookie").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_are_put_aside_they_are_tried_all_the_same() {
    let (gone, back) = (nowhere().await, nowhere().await);
    let house = house(at(&[&gone, &back])).await;
    for _ in 0..5 {
        assert_eq!(house.get("GET /page", &OWN).await.status, 502);
    }
    assert_eq!(house.metrics().upstream_ejections.value(), 2);
    let place = back.strip_prefix("http://").unwrap();
    let listener = TcpListener::bind(place).await.unwrap();
    let answering = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        assert!(socket.read(&mut head).await.unwrap() > 0);
        socket
            .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            .await
            .unwrap();
    });
    assert_eq!(house.get("GET /page", &OWN).await.status, 204);
    answering.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_is_never_sent_twice() {
    for (line, body) in [
        ("POST /drop", "hello"),
        ("POST /drop", ""),
        ("PUT /drop", "hello"),
        ("DELETE /drop", ""),
        ("GET /drop", "hello"),
    ] {
        let (a, b) = two().await;
        let house = house(at(&[&address(&a), &address(&b)])).await;
        let length = body.len().to_string();
        let length = [("Content-Length", &*length)];
        let framing = if body.is_empty() && line.starts_with("DELETE") {
            &length[..0]
        } else {
            &length[..]
        };
        let mut io = connect(house.http).await;
        let head = text(line, &[&OWN[..], framing].concat());
        io.write_all((head + body).as_bytes()).await.unwrap();
        assert_eq!(read_answer(&mut io).await.unwrap().status, 502, "{line}");
        assert_eq!(reached(&[&a, &b]).iter().sum::<usize>(), 1, "{line}");
        assert_eq!(house.metrics().upstream_retries.value(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_closes_on_a_post_is_not_tried_again() {
    let upstream = Recorder::start().await;
    let house = house(at(&[&address(&upstream)])).await;
    assert_eq!(house.get("GET /page", &OWN).await.status, 200);
    let posted = [&OWN[..], &[("Content-Length", "0")]].concat();
    assert_eq!(house.get("POST /drop", &posted).await.status, 502);
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_reads_is_sent_once_more_and_no_oftener() {
    for line in ["GET /drop", "HEAD /drop", "OPTIONS /drop"] {
        let (a, b) = two().await;
        let house = house(at(&[&address(&a), &address(&b)])).await;
        assert_eq!(house.get(line, &OWN).await.status, 502, "{line}");
        assert_eq!(reached(&[&a, &b]), [1, 1], "{line}");
        let (first, second) = (a.last(), b.last());
        assert_eq!(first.head, second.head, "the same request twice");
        assert_eq!(house.metrics().upstream_retries.value(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_rested_and_closes_is_replaced_for_a_get() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let mut head = vec![0; 4096];
        let (mut first, _) = listener.accept().await.unwrap();
        assert!(first.read(&mut head).await.unwrap() > 0);
        first.write_all(ok).await.unwrap();
        // It closes in the very moment in which the next request comes.
        assert!(first.read(&mut head).await.unwrap() > 0);
        drop(first);
        let (mut second, _) = listener.accept().await.unwrap();
        assert!(second.read(&mut head).await.unwrap() > 0);
        second.write_all(ok).await.unwrap();
    });
    let house = house(at(&[&place])).await;
    assert_eq!(house.get("GET /page", &OWN).await.body, "ok");
    let rested = Instant::now() + Duration::from_millis(300);
    until(|| Instant::now() > rested).await;
    assert_eq!(house.get("GET /page", &OWN).await.body, "ok");
    serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_closed_while_it_rested_is_not_used_for_a_post() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let mut head = vec![0; 4096];
        for _ in 0..2 {
            let (mut socket, _) = listener.accept().await.unwrap();
            assert!(socket.read(&mut head).await.unwrap() > 0);
            socket.write_all(ok).await.unwrap();
        }
    });
    let house = house(at(&[&place])).await;
    assert_eq!(house.get("GET /page", &OWN).await.body, "ok");
    let closed = Instant::now() + Duration::from_millis(100);
    until(|| Instant::now() > closed).await;
    let posted = [&OWN[..], &[("Content-Length", "0")]].concat();
    assert_eq!(house.get("POST /page", &posted).await.body, "ok");
    assert_eq!(house.metrics().upstream_retries.value(), 0);
    serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_head_is_an_answer_that_failed_and_is_not_asked_for_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = Recorder::start().await;
    let place = format!("http://{}", listener.local_addr().unwrap());
    let house = house(at(&[&place, &address(&there)])).await;
    let serving = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        assert!(socket.read(&mut head).await.unwrap() > 0);
        socket.write_all(b"HTTP/1.1 200 O").await.unwrap();
    });
    let mut statuses = Vec::new();
    while !serving.is_finished() {
        statuses.push(house.get("GET /page", &OWN).await.status);
    }
    let failed = statuses.iter().filter(|status| **status == 502).count();
    assert_eq!(failed, 1, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_late_again_and_again_is_put_aside() {
    let (a, b) = two().await;
    let limits = Limits {
        first_byte: Duration::from_millis(30),
        ..Limits::default()
    };
    let house = house_with(at(&[&address(&a), &address(&b)]), limits).await;
    let mut asked = 0;
    while house.metrics().upstream_ejections.value() < 2 {
        assert_eq!(house.get("GET /hang", &OWN).await.status, 504);
        asked += 1;
    }
    let reached: usize = reached(&[&a, &b]).iter().sum();
    assert_eq!(reached, asked, "what is late is not asked for twice");
    assert_eq!(house.get("GET /page", &OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_its_check_gets_no_requests() {
    let (ill, well) = (Peer::plain(Speaks::H1).await, Recorder::start().await);
    let mut servers = at(&[&format!("http://{}", ill.place), &address(&well)]);
    servers.health = Some(HealthCheck {
        path: "/ill".into(),
        interval: Duration::from_millis(50),
    });
    let house = house(servers).await;
    until(|| house.metrics().upstream_ejections.value() == 1).await;
    let of_checks = |heard: &crate::peer::Heard| heard.uri == "/ill";
    for _ in 0..20 {
        assert_eq!(house.get("GET /page", &OWN).await.status, 200);
    }
    assert!(ill.heard().iter().all(of_checks));
    let checked = ill.heard().pop().unwrap();
    assert_eq!(
        (checked.header("host"), checked.header("user-agent")),
        (Some("wiki.test"), Some("gatewright-health-check"))
    );
    for claim in ["cookie", "x-wiki-user", "gatewright-assertion", "forwarded"] {
        assert_eq!(checked.header(claim), None, "{claim}");
    }
    assert!(
        house.metrics().upstream_checks.value() > house.metrics().upstream_checks_failed.value()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_a_change_leaves_as_they_were_keep_their_connections() {
    let (a, b) = two().await;
    let house = house(at(&[&address(&a)])).await;
    assert_eq!(house.get("GET /page", &OWN).await.status, 200);
    let present = house.tested.engine.view().facts.clone();
    let mut wiki = (**present.app(&"wiki".parse().unwrap()).unwrap()).clone();
    wiki.upstream = upstream(at(&[&address(&a), &address(&b)]));
    house
        .tested
        .change(vec![gw_model::Change::AppPut(wiki.into())])
        .await;
    let before = Instant::now();
    while b.seen().is_empty() && before.elapsed() < LONG {
        assert_eq!(house.get("GET /page", &OWN).await.status, 200);
    }
    assert_eq!((*a.open.borrow(), *b.open.borrow()), (1, 1));
}
