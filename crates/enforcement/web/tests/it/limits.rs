//! Bounds that an app has for itself.

use std::time::Duration;

use gw_model::{Servers, UpstreamLimits};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    client::{connect, read_answer, text},
    house::{ANA, House, Plan, until},
    peer::{Ended, Peer, Speaks, at, upstream},
};

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

async fn house(address: &str, limits: UpstreamLimits) -> House {
    let servers = Servers {
        limits,
        ..at(&[address])
    };
    House::of(Plan {
        wiki: Box::new(move |app| app.upstream = upstream(servers.clone())),
        ..Plan::default()
    })
    .await
}

/// An upstream of each kind with its address.
async fn peers() -> [(Peer, String); 2] {
    let (h1, h2) = (Peer::plain(Speaks::H1).await, Peer::plain(Speaks::H2).await);
    let (a, b) = (
        format!("http://{}", h1.place),
        format!("h2c://{}", h2.place),
    );
    [(h1, a), (h2, b)]
}

fn ten() -> UpstreamLimits {
    UpstreamLimits {
        request_body: Some(10),
        ..UpstreamLimits::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_says_it_is_too_large_is_refused_before_anything_is_sent() {
    for (peer, address) in peers().await {
        let house = house(&address, ten()).await;
        for more in [
            &[("Content-Length", "11")][..],
            &[("Content-Length", "11"), ("Expect", "100-continue")],
        ] {
            let headers = [&OWN[..], more].concat();
            let answer = house.get("POST /page", &headers).await;
            assert_eq!((answer.status, answer.one("connection")), (413, "close"));
            let problem = answer.problem();
            assert_eq!(problem["type"], "urn:gatewright:problem:too-large");
        }
        assert_eq!(*peer.connected.borrow(), (0, 0));
        let mut io = connect(house.http).await;
        let headers = [&OWN[..], &[("Content-Length", "10")]].concat();
        io.write_all((text("POST /page", &headers) + "0123456789").as_bytes())
            .await
            .unwrap();
        assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
        assert_eq!(peer.bodies.lock().unwrap().pop().unwrap().0, b"0123456789");
        assert_eq!(house.metrics().upstream_faults.value(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_turns_out_too_large_is_refused_and_the_upstream_sees_no_end_of_it() {
    for (peer, address) in peers().await {
        let house = house(&address, ten()).await;
        let mut io = connect(house.http).await;
        let headers = [&OWN[..], &[("Transfer-Encoding", "chunked")]].concat();
        let head = text("POST /page", &headers) + "9\r\n012345678\r\n";
        io.write_all(head.as_bytes()).await.unwrap();
        until(|| !peer.heard().is_empty()).await;
        io.write_all(b"5\r\nabcde\r\n").await.unwrap();
        let answer = read_answer(&mut io).await.unwrap();
        let told = (answer.status, answer.one("connection"));
        assert_eq!(told, (413, "close"), "{address}");
        until(|| !peer.bodies.lock().unwrap().is_empty()).await;
        let (_, _, ended) = peer.bodies.lock().unwrap().pop().unwrap();
        assert_eq!(ended, Ended::Broken, "{address}");
        assert_eq!(house.metrics().upstream_faults.value(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_stands_still_is_ended_and_not_as_if_it_were_whole() {
    for (peer, address) in peers().await {
        let limits = UpstreamLimits {
            response_idle: Some(Duration::from_millis(50)),
            ..UpstreamLimits::default()
        };
        let house = house(&address, limits).await;
        let mut io = connect(house.http).await;
        io.write_all(text("GET /still", &OWN).as_bytes())
            .await
            .unwrap();
        let mut seen = Vec::new();
        let ended = io.read_to_end(&mut seen).await;
        let seen = String::from_utf8_lossy(&seen);
        assert!(seen.contains("begun"), "{address}: {seen}");
        assert!(ended.is_err() || !seen.ends_with("0\r\n\r\n"), "{seen}");
        if address.starts_with("http:") {
            let mut connected = peer.connected.subscribe();
            connected.wait_for(|(_, open)| *open == 0).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_an_answer_is_bounded_for_each_app() {
    for (_, address) in peers().await {
        let small = UpstreamLimits {
            answer_head: Some(8 << 10),
            ..UpstreamLimits::default()
        };
        let bounded = house(&address, small).await;
        assert_eq!(
            bounded.get("GET /big-head", &OWN).await.status,
            502,
            "{address}"
        );
        let usual = house(&address, UpstreamLimits::default()).await;
        assert_eq!(
            usual.get("GET /big-head", &OWN).await.status,
            200,
            "{address}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_to_connect_counts_tls_and_is_each_apps_own() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", silent.local_addr().unwrap());
    let limits = UpstreamLimits {
        connect: Some(Duration::from_millis(50)),
        ..UpstreamLimits::default()
    };
    let servers = Servers {
        limits,
        ..at(&[&address])
    };
    let folder = tempfile::tempdir().unwrap();
    let files = crate::peer::trust_files(folder.path(), None, None);
    let house = House::of(Plan {
        trust: crate::peer::trust(files),
        wiki: Box::new(move |app| app.upstream = upstream(servers.clone())),
        ..Plan::default()
    })
    .await;
    assert_eq!(house.get("GET /page", &OWN).await.status, 504);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_to_an_answer_is_each_apps_own() {
    for (_, address) in peers().await {
        let limits = UpstreamLimits {
            first_byte: Some(Duration::from_millis(50)),
            ..UpstreamLimits::default()
        };
        let house = house(&address, limits).await;
        assert_eq!(house.get("GET /hold", &OWN).await.status, 504, "{address}");
    }
}
