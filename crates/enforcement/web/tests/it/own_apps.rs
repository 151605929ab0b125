//! Gatewright's own apps pass the same door.

use std::time::Duration;

use gw_web::Limits;
use tokio::io::AsyncWriteExt as _;

use crate::{
    client::{connect, read_answer, text},
    house::{House, Plan},
    raw_frames::{
        DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, Raw, WINDOW_UPDATE, frame, literal,
    },
};

const SIGN_IN: (&str, &str) = ("Host", "sign-in.test");
const OWN: (&str, &str) = ("Host", "own.test");
const ANA: (&str, &str) = ("Cookie", "__Host-gw-session=ana-at-own");

#[tokio::test(flavor = "multi_thread")]
async fn an_own_app_hears_who_asks_and_its_pages_are_guarded() {
    let house = House::usual().await;
    let claim = ("X-Forwarded-For", "10.9.9.9");
    let answer = house.get("GET /page?x=1", &[OWN, ANA, claim]).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .body
            .starts_with("GET /page Some(\"x=1\") by ana rank 1"),
        "{}",
        answer.body
    );
    assert!(answer.body.contains("claim None"));
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.one(name), value);
    }
    assert!(
        answer
            .one("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    let head = house.get("HEAD /page", &[OWN, ANA]).await;
    assert_eq!(
        (head.status, head.one("content-length") != "0"),
        (200, true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authentication_origin_takes_its_own_cookie_alone() {
    let house = House::usual().await;
    let stranger = house.get("GET /", &[SIGN_IN]).await;
    assert!(stranger.body.contains("by nobody"), "{stranger:?}");
    let known = house
        .get(
            "GET /",
            &[SIGN_IN, ("Cookie", "__Host-gw-sso=ana-signed-on")],
        )
        .await;
    assert!(known.body.contains("by ana rank 1"));
    assert!(
        known.body.contains("ana-signed-on"),
        "it may read its own cookies"
    );
    let other = house
        .get(
            "GET /",
            &[SIGN_IN, ("Cookie", "__Host-gw-session=ana-at-own")],
        )
        .await;
    assert_eq!(other.status, 400);
    house.end_session().await;
    let over = house
        .get(
            "GET /",
            &[SIGN_IN, ("Cookie", "__Host-gw-sso=ana-signed-on")],
        )
        .await;
    assert!(
        over.body.contains("ended Some(EndedByAdministrator)"),
        "{}",
        over.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_app_is_changed_from_its_own_pages_alone() {
    let house = House::usual().await;
    let empty = ("Content-Length", "0");
    for (sent, status) in [
        (&[("Sec-Fetch-Site", "same-origin")][..], 200),
        (&[("Origin", "http://sign-in.test")], 200),
        (&[("Sec-Fetch-Site", "none")], 403),
        (&[("Sec-Fetch-Site", "same-site")], 403),
        (&[("Origin", "http://wiki.test")], 403),
        (&[], 403),
    ] {
        let headers = [&[SIGN_IN, empty][..], sent].concat();
        assert_eq!(
            house.get("POST /x", &headers).await.status,
            status,
            "{sent:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_sites_page_posts_where_it_may_is_nobodys_whoever_is_signed_in() {
    let house = House::usual().await;
    let signed_on = ("Cookie", "__Host-gw-sso=ana-signed-on; __Host-gw-saml-x=y");
    let empty = ("Content-Length", "0");
    for site in ["cross-site", "same-site", "same-origin", "none"] {
        let headers = [SIGN_IN, empty, signed_on, ("Sec-Fetch-Site", site)];
        let answer = house.get("POST /from-elsewhere", &headers).await;
        assert_eq!(answer.status, 200, "{site}");
        assert!(answer.body.contains("by nobody"), "{site}: {}", answer.body);
        assert!(answer.body.contains("__Host-gw-saml-x=y"));
        let status = match site {
            "same-origin" => 200,
            _ => 403,
        };
        for other in [
            "POST /from-elsewhere/x",
            "POST /from-elsewherex",
            "PUT /from-elsewhere",
        ] {
            assert_eq!(
                house.get(other, &headers).await.status,
                status,
                "{other} {site}"
            );
        }
    }
    let headers = [SIGN_IN, signed_on, ("Sec-Fetch-Site", "cross-site")];
    let looked_at = house.get("GET /from-elsewhere", &headers).await;
    assert!(
        looked_at.body.contains("by ana rank 1"),
        "{}",
        looked_at.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_for_an_own_app_is_bounded_in_size_and_time() {
    let limits = Limits {
        own_body_read: Duration::from_millis(50),
        ..Limits::default()
    };
    let house = House::of(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let from_own = ("Sec-Fetch-Site", "same-origin");
    let send = async |length: usize, sent: usize| {
        let mut io = connect(house.http).await;
        let length = length.to_string();
        let head = text(
            "POST /x",
            &[OWN, ANA, from_own, ("Content-Length", &length)],
        );
        io.write_all(head.as_bytes()).await.unwrap();
        io.write_all(&vec![b'x'; sent]).await.unwrap();
        read_answer(&mut io).await.unwrap()
    };
    assert!(send(64 * 1024, 64 * 1024).await.body.contains("body 65536"));
    assert_eq!(send(64 * 1024 + 1, 64 * 1024 + 1).await.status, 413);
    assert_eq!(send(10, 5).await.status, 408);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_what_is_too_large_is_answered_and_its_rest_is_not_reset() {
    let house = House::usual().await;
    for tells_length in [true, false] {
        let mut raw = Raw::open_for(&house, "own.test", &[]).await;
        let whole = [b'x'; 80_000];
        let length = whole.len().to_string();
        let mut fields = vec![
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", "own.test"),
            (":path", "/x"),
            ("cookie", "__Host-gw-session=ana-at-own"),
            ("sec-fetch-site", "same-origin"),
        ];
        if tells_length {
            fields.push(("content-length", &length));
        }
        let head: Vec<u8> = (fields.iter())
            .flat_map(|(name, value)| literal(name, value))
            .collect();
        raw.write(&frame(HEADERS, END_HEADERS, 1, &head)).await;
        // As much as may be sent before the other side has read any.
        let (before, rest) = whole.split_at(65_535);
        for piece in before.chunks(16 * 1024) {
            raw.write(&frame(DATA, 0, 1, piece)).await;
        }
        if !tells_length {
            raw.read_to(WINDOW_UPDATE).await.unwrap();
            raw.read_to(WINDOW_UPDATE).await.unwrap();
            raw.write(&frame(DATA, 0, 1, &rest[..2])).await;
        }
        let mut answer = raw.read_to(HEADERS).await.unwrap();
        let mut said = Vec::new();
        while answer.stream != 1 || answer.flags & END_STREAM == 0 {
            answer = raw.read().await.unwrap();
            assert_ne!(answer.kind, RST_STREAM);
            if answer.kind == DATA {
                said.extend_from_slice(&answer.payload);
            }
        }
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("too-large"), "{said}");
        // What had been sent when the answer came ends as if it had been wanted.
        let left = if tells_length { rest } else { &rest[2..] };
        raw.write(&frame(DATA, END_STREAM, 1, left)).await;
        fields.retain(|(name, _)| *name != "content-length");
        let next: Vec<u8> = (fields.iter())
            .flat_map(|(name, value)| literal(name, value))
            .collect();
        raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &next))
            .await;
        loop {
            let next = raw.read().await.unwrap();
            assert_ne!((next.kind, next.stream), (RST_STREAM, 1));
            if next.stream == 3 && next.flags & END_STREAM != 0 {
                break;
            }
        }
    }
}
