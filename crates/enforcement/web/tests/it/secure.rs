//! Upstreams over TLS are believed for a reason, and over Unix sockets for being there.

use std::path::PathBuf;

use gw_model::{Protocol, Servers, Timestamp};
use gw_tls::TrustStore;
use http::Version;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{Answer, connect, read_answer, text},
    house::{ANA, House, Plan},
    peer::{Authority, Issued, Peer, Speaks, at, server, trust, trust_files, upstream},
};

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

const BOTH: [&str; 2] = ["h2", "http/1.1"];

async fn house(trust: TrustStore, servers: Servers) -> House {
    House::of(Plan {
        trust,
        wiki: Box::new(move |app| app.upstream = upstream(servers.clone())),
        ..Plan::default()
    })
    .await
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// One request to an upstream with some certificate, believed by some authority.
async fn asked(issued: &Issued, believed: &Authority, name: Option<&str>) -> (Answer, Peer) {
    let folder = folder();
    let peer = Peer::tls(server(issued, &BOTH, None)).await;
    let mut servers = at(&[&format!("https://{}", peer.place)]);
    servers.server_name = name.map(Into::into);
    let trust = trust(trust_files(folder.path(), Some(believed), None));
    let house = house(trust, servers).await;
    (house.get("GET /page", &OWN).await, peer)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_proves_who_it_is_is_spoken_to_in_what_it_prefers() {
    let authority = Authority::new();
    let issued = authority.issue("127.0.0.1");
    for (alpn, protocol, spoken) in [
        (&BOTH[..], Protocol::Auto, Version::HTTP_2),
        (&BOTH[..], Protocol::H1, Version::HTTP_11),
        (&BOTH[..], Protocol::H2, Version::HTTP_2),
        (&["http/1.1"][..], Protocol::Auto, Version::HTTP_11),
        (&[][..], Protocol::Auto, Version::HTTP_11),
    ] {
        let folder = folder();
        let peer = Peer::tls(server(&issued, alpn, None)).await;
        let mut servers = at(&[&format!("https://{}", peer.place)]);
        servers.protocol = protocol;
        let trust = trust(trust_files(folder.path(), Some(&authority), None));
        let house = house(trust, servers).await;
        for _ in 0..3 {
            let answer = house.get("GET /p%61ge?x=1", &OWN).await;
            assert_eq!(answer.body, format!("hello over {spoken:?}"));
        }
        assert_eq!(*peer.connected.borrow(), (1, 1), "{alpn:?} {protocol:?}");
        let heard = peer.last();
        assert!(heard.uri.ends_with("/page?x=1"), "{}", heard.uri);
        assert_eq!(heard.header("x-wiki-user"), Some("ana"));
        assert!(heard.header("gatewright-assertion").is_some());
        assert_eq!(
            (heard.header("cookie"), heard.header("connection")),
            (None, None)
        );
        if spoken == Version::HTTP_2 {
            assert_eq!(heard.uri, "https://wiki.test/page?x=1");
        } else {
            assert_eq!(heard.header("host"), Some("wiki.test"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_cannot_prove_who_it_is_hears_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    let good = authority.issue("127.0.0.1");
    for (what, issued, believed, name) in [
        ("another authority's", &good, &other, None),
        (
            "expired",
            &authority.issue_until("127.0.0.1", 2001),
            &authority,
            None,
        ),
        (
            "another name's",
            &authority.issue("other.internal"),
            &authority,
            None,
        ),
        (
            "not the name asked for",
            &good,
            &authority,
            Some("wiki.internal"),
        ),
    ] {
        let (answer, peer) = asked(issued, believed, name).await;
        assert_eq!(answer.status, 502, "{what}");
        assert!(peer.heard().is_empty(), "{what}");
    }
    let (answer, _) = asked(&good, &authority, None).await;
    assert_eq!(answer.status, 200);
    let named = authority.issue("wiki.internal");
    let (answer, _) = asked(&named, &authority, Some("wiki.internal")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_believed_where_the_configuration_says_nothing() {
    let authority = Authority::new();
    let peer = Peer::tls(server(&authority.issue("127.0.0.1"), &BOTH, None)).await;
    let servers = at(&[&format!("https://{}", peer.place)]);
    let house = house(TrustStore::empty(), servers).await;
    assert_eq!(house.get("GET /page", &OWN).await.status, 502);
    assert!(peer.heard().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_is_believed_only_where_that_is_asked_for_by_its_name() {
    let folder = folder();
    let peer = Peer::tls(server(&Authority::new().issue("x.test"), &BOTH, None)).await;
    let servers = at(&[&format!("https://{}", peer.place)]);
    let files = trust_files(folder.path(), None, None);
    assert!(files.dangerous_accept_any_certificate);
    let house = house(trust(files), servers).await;
    assert_eq!(house.get("GET /page", &OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_asks_who_we_are_is_told() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let issued = authority.issue("127.0.0.1");
    let ours = clients.issue("gatewright.internal");
    for alpn in [&BOTH[..1], &BOTH[1..]] {
        for (client, status) in [(Some(&ours), 200), (None, 502)] {
            let folder = folder();
            let peer = Peer::tls(server(&issued, alpn, Some(&clients))).await;
            let servers = at(&[&format!("https://{}", peer.place)]);
            let trust = trust(trust_files(folder.path(), Some(&authority), client));
            let house = house(trust, servers).await;
            let answer = house.get("GET /page", &OWN).await;
            assert_eq!(answer.status, status, "{alpn:?}");
            assert_eq!(peer.heard().len(), usize::from(status == 200));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_opened_by_a_trust_that_is_gone_is_used_no_more() {
    let (authority, other) = (Authority::new(), Authority::new());
    for alpn in [&BOTH[..1], &BOTH[1..]] {
        let folder = folder();
        let peer = Peer::tls(server(&authority.issue("127.0.0.1"), alpn, None)).await;
        let servers = at(&[&format!("https://{}", peer.place)]);
        let trust = trust(trust_files(folder.path(), Some(&authority), None));
        let house = house(trust.clone(), servers).await;
        assert_eq!(house.get("GET /page", &OWN).await.status, 200);
        let now = Timestamp::from_secs(1_800_000_000);
        let files = trust_files(folder.path(), Some(&other), None);
        trust.replace(vec![files], now).unwrap();
        assert_eq!(house.get("GET /page", &OWN).await.status, 502);
        // The same files, as their authority was put back.
        trust_files(folder.path(), Some(&authority), None);
        trust.reload(now).unwrap();
        assert_eq!(house.get("GET /page", &OWN).await.status, 200);
        assert_eq!(peer.heard().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_at_a_unix_socket_is_one_like_any_other() {
    for (protocol, speaks, version) in [
        (Protocol::Auto, Speaks::H1, Version::HTTP_11),
        (Protocol::H2, Speaks::H2, Version::HTTP_2),
    ] {
        let folder = folder();
        let path: PathBuf = folder.path().join("app.sock");
        let peer = Peer::unix(&path, speaks);
        let mut servers = at(&[&format!("unix://{}", path.display())]);
        servers.protocol = protocol;
        let house = house(TrustStore::empty(), servers).await;
        for _ in 0..2 {
            let answer = house.get("GET /page", &OWN).await;
            assert_eq!(answer.body, format!("hello over {version:?}"));
        }
        assert_eq!(*peer.connected.borrow(), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstreams_own_name_is_the_one_in_its_address() {
    let folder = folder();
    let path = folder.path().join("app.sock");
    let peer = Peer::unix(&path, Speaks::H1);
    let servers = at(&[&format!("unix://{}", path.display())]);
    let house = House::of(Plan {
        wiki: Box::new(move |app| {
            app.preserve_host = false;
            app.upstream = upstream(servers.clone());
        }),
        ..Plan::default()
    })
    .await;
    assert_eq!(house.get("GET /page", &OWN).await.status, 200);
    assert_eq!(peer.last().header("host"), Some("localhost"));
    assert_eq!(peer.last().header("x-forwarded-host"), Some("wiki.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_reaches_an_upstream_behind_tls_and_behind_a_socket() {
    let authority = Authority::new();
    let issued = authority.issue("127.0.0.1");
    let folder = folder();
    let path = folder.path().join("app.sock");
    let unix = Peer::unix(&path, Speaks::H1);
    let tls = Peer::tls(server(&issued, &["http/1.1"], None)).await;
    for (peer, address) in [
        (&unix, format!("unix://{}", path.display())),
        (&tls, format!("https://{}", tls.place)),
    ] {
        let trust = trust(trust_files(folder.path(), Some(&authority), None));
        let house = house(trust, at(&[&address])).await;
        let mut io = connect(house.http).await;
        let headers = [&OWN[..], &[("Transfer-Encoding", "chunked")]].concat();
        let head = text("POST /echo", &headers) + "5\r\nhello\r\n";
        io.write_all(head.as_bytes()).await.unwrap();
        let mut start = [0; 15];
        io.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
        house.end_session().await;
        assert!(io.read_to_end(&mut Vec::new()).await.is_err());
        let mut connected = peer.connected.subscribe();
        connected.wait_for(|(_, open)| *open == 0).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_is_http_1_even_where_http_2_is_preferred() {
    let authority = Authority::new();
    let folder = folder();
    let peer = Peer::tls(server(&authority.issue("127.0.0.1"), &BOTH, None)).await;
    let servers = at(&[&format!("https://{}", peer.place)]);
    let trust = trust(trust_files(folder.path(), Some(&authority), None));
    let house = house(trust, servers).await;
    assert_eq!(
        house.get("GET /page", &OWN).await.body,
        "hello over HTTP/2.0"
    );
    let handshake = [
        &OWN[..],
        &[
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ],
    ]
    .concat();
    let mut io = connect(house.http).await;
    io.write_all(text("GET /ws", &handshake).as_bytes())
        .await
        .unwrap();
    // This upstream does not switch; that it was asked in HTTP/1.1 is what counts.
    let answer = read_answer(&mut io).await.unwrap();
    assert_eq!(answer.body, "hello over HTTP/1.1");
    assert_eq!(peer.last().header("upgrade"), Some("websocket"));
}
