//! A connection that is quiet gives up memory, and nothing else.

use std::time::Duration;

use gw_web::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{connect, connect_tls, read_answer, send, text},
    house::{ANA, House, Plan, until},
};

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

async fn house(limits: Limits) -> House {
    House::of(Plan {
        limits: Limits {
            rest_after: Duration::ZERO,
            // Looks come as often as the shortest of the limits asks for.
            slow_writer: Duration::from_millis(100),
            ..limits
        },
        ..Plan::default()
    })
    .await
}

impl House {
    /// Waits until connections have come to rest so often.
    async fn rested(&self, times: u64) {
        until(|| self.metrics().rests.value() >= times).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_as_ever_after_each_rest() {
    let house = house(Limits::default()).await;
    let mut io = connect(house.http).await;
    for turn in 0..5 {
        let answer = send(&mut io, "POST /echo", &OWN).await;
        assert_eq!(answer.status, 200);
        house.rested(turn + 1).await;
    }
    house.upstream.reached(5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_head_in_pieces_and_requests_in_one_go_wake_it_over_tls() {
    let house = house(Limits::default()).await;
    let mut io = connect_tls(&house, "wiki.test", b"http/1.1").await;
    let origin = [OWN[0], OWN[1], ("Origin", "https://wiki.test")];
    assert_eq!(send(&mut io, "GET /", &origin).await.status, 200);
    house.rested(1).await;

    let long = "x".repeat(5_000);
    let head = text(
        "GET /long",
        &[&origin[..], &[("X-Long", long.as_str())]].concat(),
    );
    let (first, second) = head.as_bytes().split_at(1);
    io.write_all(first).await.unwrap();
    io.flush().await.unwrap();
    io.write_all(second).await.unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
    house.rested(2).await;

    let both = [text("GET /a", &origin), text("GET /b", &origin)].concat();
    io.write_all(both.as_bytes()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_while_it_rests_is_seen_off() {
    let house = house(Limits::default()).await;
    for is_rude in [false, true] {
        let before = house.metrics().rests.value();
        let mut io = connect(house.http).await;
        assert_eq!(send(&mut io, "GET /", &OWN).await.status, 200);
        house.rested(before + 1).await;
        if is_rude {
            socket2::SockRef::from(&io)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
            drop(io);
        } else {
            io.shutdown().await.unwrap();
            assert_eq!(io.read(&mut [0; 1]).await.unwrap(), 0);
        }
        until(|| house.metrics().connections_open.value() == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rests_is_closed_in_its_time_all_the_same() {
    let house = house(Limits {
        idle: Duration::from_millis(300),
        ..Limits::default()
    })
    .await;
    let mut io = connect(house.http).await;
    assert_eq!(send(&mut io, "GET /", &OWN).await.status, 200);
    house.rested(1).await;
    assert_eq!(io.read(&mut [0; 1]).await.unwrap(), 0, "closed in order");
    assert_eq!(house.metrics().idle_closed.value(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_head_after_a_rest_is_refused_as_ever() {
    let house = house(Limits::default()).await;
    let mut io = connect(house.http).await;
    assert_eq!(send(&mut io, "GET /", &OWN).await.status, 200);
    house.rested(1).await;
    let lengths = [("Content-Length", "1"), ("Content-Length", "1")];
    let head = text("POST /", &[&OWN[..], &lengths[..]].concat());
    io.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 400);
}

/// Half a body, answered before the rest of it has come: that rest is no request.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_rests_in_the_middle_of_a_body() {
    let house = house(Limits::default()).await;
    let mut io = connect(house.http).await;
    let hidden = text("GET /hidden", &OWN);
    let length = (10 + hidden.len()).to_string();
    let refused = [("Host", "wiki.test"), ("Content-Length", length.as_str())];
    io.write_all(text("POST /", &refused).as_bytes())
        .await
        .unwrap();
    io.write_all(b"0123456789").await.unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 401);

    // By the time that another has come to rest, this one has been looked at too.
    let mut other = connect(house.http).await;
    for turn in 0..2 {
        assert_eq!(send(&mut other, "GET /other", &OWN).await.status, 200);
        house.rested(turn + 1).await;
    }
    let before = house.metrics().rests.value();
    let both = [hidden, text("GET /next", &OWN)].concat();
    // A connection that is closed by now is as good.
    if io.write_all(both.as_bytes()).await.is_ok() {
        io.shutdown().await.ok();
        let mut rest = Vec::new();
        io.read_to_end(&mut rest).await.ok();
        let answers = String::from_utf8_lossy(&rest).matches("HTTP/1.1 ").count();
        assert!(answers <= 1, "{}", String::from_utf8_lossy(&rest));
    }
    assert!(house.metrics().rests.value() <= before + 1);
    let seen = house.upstream.seen();
    assert!(!seen.iter().any(|seen| seen.line().contains("/hidden")));
}
