//! Stopping without losing a request, and sockets that outlive who serves them.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::Arc,
    time::Duration,
};

use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{connect, read_answer, send, text},
    h2::{client, get},
    house::{ANA, House, Plan},
};

const OWN: [(&str, &str); 2] = [("Host", "wiki.test"), ("Cookie", ANA)];
const GRACE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_answered_and_says_that_it_is_the_last() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    assert_eq!(send(&mut io, "GET /page", &OWN).await.status, 200);
    io.write_all(text("GET /late", &OWN).as_bytes())
        .await
        .unwrap();
    house.upstream.reached(2).await;
    let stopping = tokio::spawn(house.stop(GRACE));
    let answer = read_answer(&mut io).await.unwrap();
    assert_eq!((answer.status, &*answer.body), (200, "late"));
    assert_eq!(answer.one("connection"), "close");
    assert_eq!(io.read(&mut [0; 1]).await.unwrap(), 0);
    drop(io);
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_that_speaks_up_is_answered_once_more() {
    let house = House::usual().await;
    let mut held = connect(house.http).await;
    held.write_all(text("GET /late", &OWN).as_bytes())
        .await
        .unwrap();
    let mut idle = connect(house.http).await;
    assert_eq!(send(&mut idle, "GET /page", &OWN).await.status, 200);
    house.upstream.reached(2).await;
    let stopping = tokio::spawn(house.stop(GRACE));
    // That the other one was told says that the stop has begun.
    assert_eq!(
        read_answer(&mut held).await.unwrap().one("connection"),
        "close"
    );
    let answer = send(&mut idle, "GET /page", &OWN).await;
    assert_eq!((answer.status, answer.one("connection")), (200, "close"));
    drop((held, idle));
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_kernel_has_accepted_is_served() {
    let house = House::usual().await;
    let mut waiting = Vec::new();
    for _ in 0..100 {
        waiting.push(connect(house.http).await);
    }
    let stopping = tokio::spawn(house.stop(GRACE));
    for io in &mut waiting {
        let answer = send(io, "GET /page", &OWN).await;
        assert_eq!(answer.status, 200);
    }
    drop(waiting);
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_have_begun_are_answered_before_the_end() {
    let house = House::usual().await;
    let client = client(&house, 65_535).await;
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let mut client = client.clone();
        answers.spawn(async move {
            let answer = client.send_request(get("/late")).await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.into_body().collect().await.unwrap().to_bytes()
        });
    }
    house.upstream.reached(10).await;
    let stopping = tokio::spawn(house.stop(GRACE));
    assert!(answers.join_all().await.iter().all(|body| body == "late"));
    stopping.await.unwrap();
    let mut client = client;
    assert!(client.send_request(get("/page")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_was_handed_over_outlives_who_serves_it() {
    let socket = Arc::new(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    let plan = || Plan {
        handed: Some(socket.clone()),
        threads: 2,
        ..Plan::default()
    };
    let house = House::of(plan()).await;
    assert_eq!(house.http, socket.local_addr().unwrap());
    for _ in 0..8 {
        assert_eq!(house.get("GET /page", &OWN).await.status, 200);
    }
    let address = house.http;
    house.stop(GRACE).await;
    let mut waiting = Vec::new();
    for _ in 0..8 {
        let mut io = connect(address).await;
        io.write_all(text("GET /page", &OWN).as_bytes())
            .await
            .unwrap();
        waiting.push(io);
    }
    let _next = House::of(plan()).await;
    for io in &mut waiting {
        assert_eq!(read_answer(io).await.unwrap().status, 200);
    }
}
