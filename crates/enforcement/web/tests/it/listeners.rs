//! Sockets, redirects, trusted proxies, and stopping.

use std::{net::Ipv4Addr, time::Duration};

use gw_web::{Limits, Server, StartError, client_address::TrustedProxies};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{connect, raw, read_answer, send, text},
    house::{ANA, House, Plan, until},
};

const OWN: [(&str, &str); 2] = [("Host", "wiki.test"), ("Cookie", ANA)];

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_beside_tls_only_shows_the_way() {
    let house = House::usual().await;
    let ask = async |line: &str| {
        raw(
            house.redirect,
            text(line, &[("Host", "wiki.test:8080")]).as_bytes(),
        )
        .await
        .unwrap()
    };
    let answer = ask("GET /a?b=c").await;
    assert_eq!(
        (answer.status, answer.one("location")),
        (308, "https://wiki.test/a?b=c")
    );
    assert_eq!(ask("HEAD /").await.status, 308);
    let posted = raw(
        house.redirect,
        text("POST /", &[("Host", "wiki.test"), ("Content-Length", "0")]).as_bytes(),
    )
    .await;
    assert_eq!(posted.unwrap().status, 403);
    let unknown = raw(
        house.redirect,
        text("GET /", &[("Host", "evil.test")]).as_bytes(),
    )
    .await;
    assert_eq!(unknown.unwrap().status, 404);
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn over_plain_http_an_authority_finds_what_is_pending_and_at_that_host_alone() {
    let house = House::usual().await;
    const PATH: &str = "/.well-known/acme-challenge/pending-token";
    let ask = async |line: &str, host: &str| {
        raw(house.redirect, text(line, &[("Host", host)]).as_bytes())
            .await
            .unwrap()
    };
    for host in ["new.test", "new.test:80", "NEW.test"] {
        let found = ask(&format!("GET {PATH}"), host).await;
        assert_eq!(found.status, 200, "{host}");
        assert_eq!(found.body, "pending-token.thumbprint");
        assert_eq!(found.one("cache-control"), "no-store");
    }
    assert_eq!(ask(&format!("HEAD {PATH}"), "new.test").await.status, 200);
    assert_eq!(ask(&format!("POST {PATH}"), "new.test").await.status, 404);
    for other in ["x", "?", "?a", "/", "%20"] {
        let answer = ask(&format!("GET {PATH}{other}"), "new.test").await;
        assert_ne!(answer.status, 200, "{other}");
    }
    assert_eq!(ask(&format!("GET {PATH}"), "wiki.test").await.status, 308);
    let over_tls = house.get(&format!("GET {PATH}"), &OWN).await;
    assert_eq!(
        over_tls.status, 200,
        "the app's own, once somebody is signed in"
    );
    assert_ne!(over_tls.body, "pending-token.thumbprint");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let address = taken.local_addr().unwrap();
    let Err(fault) = Server::bind(crate::house::options_at(address)) else {
        panic!("it is taken")
    };
    assert!(matches!(fault, StartError::Bind { address: named, .. } if named == address));
    assert!(fault.to_string().contains(&address.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_threads_share_an_address() {
    let house = House::of(Plan {
        threads: 2,
        ..Plan::default()
    })
    .await;
    for _ in 0..20 {
        assert_eq!(house.get("GET /", &OWN).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxys_word_counts_and_nobody_elses() {
    let local = TrustedProxies {
        peers: vec!["127.0.0.0/8".parse().unwrap()],
        header: Some(http::HeaderName::from_static("x-forwarded-for")),
        speak_proxy_protocol: false,
    };
    let told = [&OWN[..], &[("X-Forwarded-For", "10.9.9.9, 198.51.100.7")]].concat();
    let house = House::of(Plan {
        trusted: local,
        ..Plan::default()
    })
    .await;
    assert_eq!(house.get("GET /", &told).await.status, 200);
    assert_eq!(
        house.upstream.last().all("x-forwarded-for"),
        ["198.51.100.7"]
    );
    let house = House::usual().await;
    assert_eq!(house.get("GET /", &told).await.status, 200);
    assert_eq!(house.upstream.last().all("x-forwarded-for"), ["127.0.0.1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_header_is_read_from_trusted_peers_and_required_of_them() {
    let local = TrustedProxies {
        peers: vec!["127.0.0.0/8".parse().unwrap()],
        header: None,
        speak_proxy_protocol: true,
    };
    let house = House::of(Plan {
        trusted: local,
        ..Plan::default()
    })
    .await;
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".to_vec();
    bytes.extend([203, 0, 113, 9, 127, 0, 0, 1, 0x1f, 0x90, 0, 80]);
    bytes.extend(text("GET /", &OWN).bytes());
    assert_eq!(raw(house.http, &bytes).await.unwrap().status, 200);
    assert_eq!(
        house.upstream.last().all("x-forwarded-for"),
        ["203.0.113.9"]
    );
    assert!(
        raw(house.http, text("GET /", &OWN).as_bytes())
            .await
            .is_none()
    );
    until(|| house.metrics().handshakes_failed.value() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_header_of_a_stranger_is_refused() {
    let elsewhere = TrustedProxies {
        peers: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
        header: None,
        speak_proxy_protocol: true,
    };
    let nobody = TrustedProxies {
        peers: Vec::new(),
        header: Some(http::HeaderName::from_static("x-forwarded-for")),
        speak_proxy_protocol: true,
    };
    let mut v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".to_vec();
    v2.extend([203, 0, 113, 9, 127, 0, 0, 1, 0x1f, 0x90, 0, 80]);
    let v1 = b"PROXY TCP4 203.0.113.9 127.0.0.1 8080 80\r\n".to_vec();
    for trusted in [TrustedProxies::default(), elsewhere, nobody] {
        let house = House::of(Plan {
            trusted,
            ..Plan::default()
        })
        .await;
        for header in [&v2, &v1] {
            let bytes = [header, text("GET /", &OWN).as_bytes()].concat();
            let answer = raw(house.http, &bytes).await;
            assert!(answer.is_none_or(|a| a.status == 400));
        }
        assert!(house.upstream.seen().is_empty());
        let told = [
            ("X-Forwarded-For", "203.0.113.9"),
            ("Forwarded", "for=203.0.113.9"),
            ("X-Real-IP", "203.0.113.9"),
            ("True-Client-IP", "203.0.113.9"),
        ];
        let headers = [&OWN[..], &told].concat();
        assert_eq!(house.get("GET /", &headers).await.status, 200);
        let seen = house.upstream.last();
        assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.1"]);
        assert!(!seen.head.contains("203.0.113.9"), "{}", seen.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_may_end_before_the_stop_and_is_cut_at_its_deadline() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    io.write_all(text("GET /stream", &OWN).as_bytes())
        .await
        .unwrap();
    let mut start = [0; 12];
    io.read_exact(&mut start).await.unwrap();
    let mut idle = connect(house.http).await;
    assert_eq!(send(&mut idle, "GET /", &OWN).await.status, 200);
    let upstream = house.upstream.clone();
    house.stop(Duration::from_millis(50)).await;
    let rest = io.read_to_end(&mut Vec::new()).await;
    assert!(rest.is_err(), "a stream that was cut does not end in order");
    assert!(read_answer(&mut idle).await.is_none());
    upstream.alone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let limits = Limits {
        head_read: Duration::from_millis(50),
        ..Limits::default()
    };
    let house = House::of(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let mut io = connect(house.http).await;
    io.write_all(b"GET / HTTP/1.1\r\nHost: wi").await.unwrap();
    let mut rest = Vec::new();
    io.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
    let limits = Limits {
        handshake: Duration::from_millis(50),
        ..Limits::default()
    };
    let house = House::of(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let mut silent = connect(house.https).await;
    // It ends, one way or the other.
    let _ = silent.read_to_end(&mut Vec::new()).await;
    until(|| house.metrics().handshakes_failed.value() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_bound_on_connections() {
    let limits = Limits {
        connections_max: 2,
        ..Limits::default()
    };
    let house = House::of(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let mut kept = connect(house.http).await;
    assert_eq!(send(&mut kept, "GET /", &OWN).await.status, 200);
    let mut second = connect(house.http).await;
    let _third = connect(house.http).await;
    assert!(second.read_to_end(&mut Vec::new()).await.is_err());
    assert_eq!(house.metrics().connections_evicted.value(), 1);
    assert_eq!(send(&mut kept, "GET /", &OWN).await.status, 200);
}
