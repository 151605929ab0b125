//! Who somebody is, or what they really ask for, as claimed by the client: in every spelling,
//! on every way through.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{connect, read_answer, send, text},
    frames::{Field, Frames, field, usual, with},
    house::{ANA, House},
    websocket::ASKING,
};

/// What no upstream may ever read in a claim.
const FORGED: &str = "forged";

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

/// Names of claims, of Gatewright's own, of this app's, and of other gateways and servers.
const NAMES: [&str; 40] = [
    "sm-user",
    "iv-user",
    "wl-proxy-client-cert",
    "oam-remote-user",
    "ajp-remote-user",
    "teleport-jwt-assertion",
    "x-warpgate-username",
    "x-token-user-name",
    "oidc-access-token",
    "proxy-client-ip",
    "http-client-ip",
    "http-x-forwarded-for",
    "gatewright-assertion",
    "gatewright-user",
    "x-wiki-user",
    "x-wiki-email",
    "x-wiki-groups",
    "x-rh-identity",
    "eppn",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-forwarded-uri",
    "forwarded",
    "x-real-ip",
    "true-client-ip",
    "remote-user",
    "x-remote-user",
    "x-auth-request-user",
    "x-webauth-user",
    "x-ssl-client-cert",
    "x-http-method-override",
    "x-original-url",
    "x-rewrite-url",
    "content_length",
    "transfer_encoding",
];

/// The spellings that some server takes for a name.
fn spellings(name: &str) -> Vec<String> {
    let mut all: Vec<String> = ["-", "_", ".", "~", "!", "^", "|", "+", "'"]
        .iter()
        .map(|mark| name.replace('-', mark))
        .filter(|spelled| spelled.contains('_') || !name.contains('_'))
        .collect();
    all.push(name.replacen('-', "_", 1));
    all.push(format!("{name}-bin"));
    all.push(format!("{}_bin", name.replace('-', "_")));
    all
}

fn claims() -> Vec<String> {
    NAMES.iter().flat_map(|name| spellings(name)).collect()
}

fn capitals(name: &str) -> String {
    let mut upper = true;
    let letter = |c: char| {
        let shown = if upper { c.to_ascii_uppercase() } else { c };
        upper = !c.is_ascii_alphanumeric();
        shown
    };
    name.chars().map(letter).collect()
}

/// The claims in groups that fit into one request, each in three letter cases and twice.
fn groups() -> Vec<Vec<(String, &'static str)>> {
    let all = claims();
    let cased = all.iter().flat_map(|name| {
        let cases = [name.clone(), name.to_ascii_uppercase(), capitals(name)];
        cases.into_iter().map(|name| (name, FORGED))
    });
    let all: Vec<_> = cased.collect();
    all.chunks(80).map(<[_]>::to_vec).collect()
}

fn none_forged(house: &House) {
    for seen in house.upstream.seen() {
        let body = String::from_utf8_lossy(&seen.body).into_owned();
        assert!(
            !seen.head.contains(FORGED) && !body.contains(FORGED),
            "{}{body}",
            seen.head
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_claim_passes_over_http_1_and_none_removes_ours() {
    let house = House::usual().await;
    let mut asked = 0;
    for group in groups() {
        let listed: Vec<&str> = group.iter().map(|(name, _)| name.as_str()).collect();
        let listed = format!("close, {}", listed.join(", "));
        let mut headers = OWN.to_vec();
        headers.extend(group.iter().map(|(name, value)| (name.as_str(), *value)));
        for line in ["GET /page", "DELETE /page", "GET /lax/page"] {
            // Override headers pass on this route; see `one_form`.
            headers.retain(|(name, _)| !line.contains("lax") || !is_override(name));
            for connection in ["close", &listed] {
                let all = [&headers[..], &[("Connection", connection)]].concat();
                assert_eq!(house.get(line, &all).await.status, 200, "{all:?}");
                asked += 1;
                let seen = house.upstream.last();
                assert_eq!(seen.all("gatewright-assertion").len(), 1);
                assert_eq!(seen.all("x-wiki-user"), ["ana"]);
                assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.1"]);
            }
        }
    }
    assert_eq!(house.upstream.seen().len(), asked);
    none_forged(&house);
}

fn is_override(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["method", "url"].iter().any(|part| name.contains(part))
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_over_http_2_in_heads_and_trailers() {
    let house = House::usual().await;
    let mut frames = Frames::open(&house, "wiki.test").await;
    for group in claims().chunks(60) {
        let claims: Vec<Field> = group.iter().map(|name| field(name, FORGED)).collect();
        let twice = [usual(), claims.clone(), claims.clone()].concat();
        let outcome = frames.ask(&twice[..twice.len().min(90)]).await;
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
        let declared = group.join(", ");
        let post = with(&[
            (":method", b"POST"),
            ("content-type", b"application/grpc"),
            ("trailer", declared.as_bytes()),
        ]);
        let outcome = frames.ask_with(&post, b"hello", &claims).await;
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
        assert_eq!(house.upstream.last().all("x-wiki-user"), ["ana"]);
    }
    none_forged(&house);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_in_trailers_over_http_1() {
    let house = House::usual().await;
    for group in groups() {
        let listed: Vec<&str> = group.iter().map(|(name, _)| name.as_str()).collect();
        let listed = listed[..listed.len().min(40)].join(", ");
        let headers = [
            &OWN[..],
            &[("Transfer-Encoding", "chunked"), ("Trailer", &listed)],
        ]
        .concat();
        let mut io = connect(house.http).await;
        let trailers: String = group.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
        let body = format!("5\r\nhello\r\n0\r\n{trailers}x-sum: 7\r\n\r\n");
        io.write_all((text("POST /sum", &headers) + &body).as_bytes())
            .await
            .unwrap();
        assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
        let body = String::from_utf8(house.upstream.last().body).unwrap();
        assert!(body.starts_with("hello"), "{body}");
    }
    none_forged(&house);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_in_the_handshake_of_a_websocket() {
    let house = House::usual().await;
    for group in groups() {
        let listed: Vec<&str> = group.iter().map(|(name, _)| name.as_str()).collect();
        let listed = format!("Upgrade, {}, Sec-WebSocket-Key", listed.join(", "));
        let mut headers = ASKING.to_vec();
        headers.extend(group.iter().map(|(name, value)| (name.as_str(), *value)));
        for header in &mut headers {
            if header.0 == "Connection" {
                header.1 = &listed;
            }
        }
        let mut io = connect(house.http).await;
        io.write_all(text("GET /ws", &headers).as_bytes())
            .await
            .unwrap();
        assert_eq!(read_answer(&mut io).await.unwrap().status, 101);
        let seen = house.upstream.last();
        assert_eq!(seen.all("gatewright-assertion").len(), 1);
        assert_eq!(seen.all("x-wiki-user"), ["ana"]);
        assert_eq!(seen.all("connection"), ["Upgrade"]);
    }
    none_forged(&house);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_where_the_upstream_fails_and_is_tried_again() {
    let house = House::usual().await;
    for group in groups() {
        let mut headers = OWN.to_vec();
        headers.extend(group.iter().map(|(name, value)| (name.as_str(), *value)));
        let mut io = connect(house.http).await;
        assert_eq!(send(&mut io, "GET /page", &headers).await.status, 200);
        assert_eq!(send(&mut io, "GET /drop", &headers).await.status, 502);
        assert_eq!(send(&mut io, "GET /page", &headers).await.status, 200);
    }
    none_forged(&house);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_at_an_app_that_strangers_may_enter() {
    let house = House::usual().await;
    for group in groups() {
        let mut headers = vec![("Host", "site.test")];
        headers.extend(group.iter().map(|(name, value)| (name.as_str(), *value)));
        headers.retain(|(name, _)| !name.to_ascii_lowercase().contains("wiki"));
        assert_eq!(house.get("GET /", &headers).await.status, 200);
        assert!(house.upstream.last().all("gatewright-assertion").is_empty());
    }
    none_forged(&house);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_at_an_own_app() {
    let house = House::usual().await;
    for group in groups() {
        let mut headers = vec![
            ("Host", "own.test"),
            ("Cookie", "__Host-gw-session=ana-at-own"),
        ];
        headers.extend(group.iter().map(|(name, value)| (name.as_str(), *value)));
        headers.retain(|(name, _)| !name.to_ascii_lowercase().contains("wiki"));
        let answer = house.get("GET /", &headers).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let names = answer.body.split("names ").nth(1).unwrap();
        assert_eq!(names, r#"["host", "cookie", "gatewright-assertion"]"#);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_only_looks_like_one_is_no_name() {
    let house = House::usual().await;
    for name in [
        "gatewright-assertion ",
        "gatewright-assertion\t",
        " gatewright-assertion",
        "gatewright-asserti\u{43e}n",
        "x-wi\u{212a}i-user",
        "x-forwarded\u{2010}for",
        "gatewright-assertion\0",
        "gatewright-assertion\r",
        "gatewright-assertion\u{b}",
        "\"gatewright-assertion\"",
        "gatewright-assertion:",
        "(gatewright-assertion)",
    ] {
        let mut io = connect(house.http).await;
        let request = text(
            "GET /page",
            &[&OWN[..], &[(name, FORGED), ("Connection", "close")]].concat(),
        );
        io.write_all(request.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        // However it ends: it is refused, and the connection with it.
        let _ = io.read_to_end(&mut rest).await;
        let text = String::from_utf8_lossy(&rest).into_owned();
        let passed = text.starts_with("HTTP/1.1 200");
        assert!(!passed || name.ends_with(':'), "{name:?}: {text}");
    }
    none_forged(&house);
}
