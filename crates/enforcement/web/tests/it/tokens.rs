//! Routes that take access tokens: who comes through, as whom, and what everybody else hears.

use std::sync::Arc;

use gw_model::{Change, Client, EndReason, Ended, Revocation, Timestamp, TokenId, User};
use gw_oauth::{PairwiseKey, Veil};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use crate::{
    client::{Answer, connect, connect_tls, send, text},
    house::{ANA, confirmed, pairwise},
    issuer::{GRANT, Issuer},
};

pub(crate) const API: (&str, &str) = ("Host", "api.test");

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

pub(crate) async fn get(issuer: &Issuer, path: &str, token: &str) -> Answer {
    let authorization = bearer(token);
    let headers = [API, ("Authorization", &*authorization)];
    issuer.house.get(&format!("GET {path}"), &headers).await
}

/// What a challenge of a scheme says, of those that came.
pub(crate) fn challenge<'a>(answer: &'a Answer, scheme: &str) -> &'a str {
    let all = answer.all("www-authenticate");
    let found = all.into_iter().find(|one| one.starts_with(scheme));
    found.unwrap_or_else(|| panic!("no {scheme} challenge in {}", answer.head))
}

/// The claims of the assertion that reached the app last.
fn asserted(issuer: &Issuer) -> Value {
    let seen = issuer.house.upstream.last();
    let [assertion] = seen.all("gatewright-assertion")[..] else {
        panic!("one assertion in {}", seen.head)
    };
    let claims = assertion.split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes());
    serde_json::from_slice(&claims.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_a_person_opens_what_policy_opens_to_them() {
    let issuer = Issuer::usual().await;
    let token = issuer.token(json!({}));
    for _ in 0..2 {
        let answer = get(&issuer, "/api/reports", &token).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let seen = issuer.house.upstream.last();
    assert!(seen.all("authorization").is_empty(), "{}", seen.head);
    let claims = asserted(&issuer);
    assert_eq!(claims["sub"], issuer.house.ana.id.to_string());
    assert_eq!(claims["sid"], issuer.house.session.id.to_string());
    // The scheme in any case, and an audience among others, with a slash at its end.
    let other = issuer.token(json!({"aud": ["https://else.test", "http://api.test/"]}));
    let authorization = format!("bEARER {other}");
    let headers = [API, ("Authorization", &*authorization)];
    assert_eq!(issuer.house.get("GET /api/x", &headers).await.status, 200);
    // A route may pass the header on.
    assert_eq!(get(&issuer, "/pass/x", &token).await.status, 200);
    let passed = issuer.house.upstream.last();
    assert_eq!(passed.all("authorization"), [bearer(&token)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_token_is_about_may_be_said_to_the_door_alone() {
    let issuer = Issuer::usual().await;
    let veil = pairwise().veil().clone();
    let (ana, session) = (
        issuer.house.ana.id.to_string(),
        issuer.house.session.id.to_string(),
    );
    let id = TokenId::from_bytes([8; 16]).to_string();
    let veiled = |veil: &Veil, of: &str| veil.over(of, &ana, Some(&session)).unwrap();
    let told = json!({"sub": "a-name-of-its-own", "sid": "another", "jti": id});
    let with = |veiled: Value| {
        let mut told = told.clone();
        told["veiled"] = veiled;
        issuer.token(told)
    };
    let token = with(json!(veiled(&veil, &id)));
    for _ in 0..2 {
        let answer = get(&issuer, "/api/reports", &token).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let claims = asserted(&issuer);
    assert_eq!(
        (&claims["sub"], &claims["sid"]),
        (&json!(ana), &json!(session))
    );
    // Of another token, by another key, cut short, of no form, and none at all.
    let other = PairwiseKey::new(&[8; 32]).unwrap();
    let whole = veiled(&veil, &id);
    for bad in [
        json!(veiled(&veil, "another")),
        json!(veiled(other.veil(), &id)),
        json!(whole[..whole.len() - 2]),
        json!(""),
        json!("%"),
        json!(["x"]),
        Value::Null,
    ] {
        let answer = get(&issuer, "/api/reports", &with(bad.clone())).await;
        assert_eq!(answer.status, 401, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_one_hears_where_tokens_come_from_and_is_sent_nowhere() {
    let issuer = Issuer::usual().await;
    for more in [
        ("Sec-Fetch-Mode", "navigate"),
        ("Accept", "text/html"),
        ("Authorization", "Basic YTpi"),
        ("Cookie", ANA),
    ] {
        let answer = issuer.house.get("GET /api/x", &[API, more]).await;
        assert_eq!(answer.status, 401, "{more:?}");
        assert_eq!(
            challenge(&answer, "Bearer"),
            "Bearer realm=\"api\", resource_metadata=\"http://api.test/.well-known/oauth-protected-resource\""
        );
        assert!(challenge(&answer, "DPoP").ends_with("algs=\"ES256 EdDSA ES384\""));
        assert_eq!(
            answer.problem()["type"],
            "urn:gatewright:problem:token-missing"
        );
        assert_eq!(answer.one("cache-control"), "no-store");
        assert!(answer.all("set-cookie").is_empty() && answer.all("location").is_empty());
    }
    assert!(issuer.house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_listed_origins_may_read_what_is_refused() {
    let issuer = Issuer::usual().await;
    let from = |origin| [API, ("Origin", origin), ("Sec-Fetch-Mode", "cors")];
    let answer = issuer
        .house
        .get("GET /api/x", &from("https://partner.test"))
        .await;
    assert_eq!(answer.status, 401);
    assert_eq!(
        answer.one("access-control-allow-origin"),
        "https://partner.test"
    );
    assert_eq!(
        answer.one("access-control-expose-headers"),
        "WWW-Authenticate, DPoP-Nonce"
    );
    let other = issuer
        .house
        .get("GET /api/x", &from("https://evil.test"))
        .await;
    assert!(other.all("access-control-allow-origin").is_empty());
    // What a page of another origin sends with a token that it has is its own, not a cookie's.
    let token = bearer(&issuer.token(json!({})));
    let headers = [
        API,
        ("Origin", "https://partner.test"),
        ("Authorization", &*token),
        ("Content-Length", "0"),
    ];
    assert_eq!(issuer.house.get("POST /api/x", &headers).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_beside_a_cookie_of_ours_is_refused() {
    let issuer = Issuer::usual().await;
    let token = bearer(&issuer.token(json!({})));
    for cookie in [ANA, "__Host-gw-session=", "__Host-gw-session=x; theme=dark"] {
        let headers = [API, ("Authorization", &*token), ("Cookie", cookie)];
        let answer = issuer.house.get("GET /api/x", &headers).await;
        assert_eq!(answer.status, 400, "{cookie}");
        assert_eq!(
            answer.problem()["type"],
            "urn:gatewright:problem:credentials"
        );
    }
    let headers = [API, ("Authorization", &*token), ("Cookie", "theme=dark")];
    assert_eq!(issuer.house.get("GET /api/x", &headers).await.status, 200);
    assert_eq!(issuer.house.upstream.last().all("cookie"), ["theme=dark"]);
    // On a route of sessions the header is the app's own business, and no credential of ours.
    let headers = [API, ("Authorization", &*token)];
    assert_eq!(
        issuer.house.get("GET /cookie/x", &headers).await.status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_in_one_header_and_nowhere_else() {
    let issuer = Issuer::usual().await;
    let token = issuer.token(json!({}));
    let one = bearer(&token);
    let twice = [API, ("Authorization", &*one), ("Authorization", &*one)];
    let answer = issuer.house.get("GET /api/x", &twice).await;
    assert_eq!(answer.status, 400);
    assert!(challenge(&answer, "Bearer").contains("error=\"invalid_request\""));
    let in_query = format!("GET /api/x?access_token={token}");
    assert_eq!(issuer.house.get(&in_query, &[API]).await.status, 400);
    let both = [API, ("Authorization", &*one)];
    assert_eq!(issuer.house.get(&in_query, &both).await.status, 400);
    let form = format!("access_token={token}");
    let length = form.len().to_string();
    let head = text(
        "POST /api/x",
        &[
            API,
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", &length),
        ],
    );
    let answer = crate::client::raw(issuer.house.http, format!("{head}{form}").as_bytes()).await;
    assert_eq!(answer.unwrap().status, 401);
    let chunked = text(
        "POST /api/x",
        &[
            API,
            ("Transfer-Encoding", "chunked"),
            ("Trailer", "Authorization"),
        ],
    );
    let bytes = format!("{chunked}2\r\nab\r\n0\r\nAuthorization: {one}\r\n\r\n");
    let answer = crate::client::raw(issuer.house.http, bytes.as_bytes()).await;
    assert_eq!(answer.unwrap().status, 401);
    assert!(issuer.house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_that_are_missing_are_named() {
    let issuer = Issuer::usual().await;
    for scope in [json!("write"), json!(""), json!(null), json!("reads READ")] {
        let token = issuer.token(json!({"scope": scope}));
        let answer = get(&issuer, "/api/x", &token).await;
        assert_eq!(answer.status, 403, "{scope}");
        let said = challenge(&answer, "Bearer");
        assert!(said.contains("error=\"insufficient_scope\""), "{said}");
        assert!(said.contains("scope=\"read\""), "{said}");
        assert_eq!(get(&issuer, "/open/x", &token).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_asks_in_its_own_name() {
    let issuer = Issuer::usual().await;
    let token = issuer.robots(json!({}));
    assert_eq!(get(&issuer, "/api/x", &token).await.status, 200);
    let seen = issuer.house.upstream.last();
    let claims = asserted(&issuer);
    assert_eq!(claims["sub"], issuer.robot.id.to_string());
    assert_eq!(claims["client_id"], "robot");
    assert!(claims.get("sid").is_none() && seen.all("authorization").is_empty());
    // No client is another's subject.
    let other = issuer.robots(json!({"sub": "reports"}));
    assert_eq!(get(&issuer, "/api/x", &other).await.status, 401);
    let disabled = Client {
        disabled: true,
        ..issuer.robot.clone()
    };
    issuer
        .house
        .tested
        .change(vec![Change::ClientPut(Arc::new(disabled))])
        .await;
    assert_eq!(get(&issuer, "/api/x", &token).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_may_outlive_the_session_where_it_names_none() {
    let issuer = Issuer::usual().await;
    let token = issuer.token(json!({"sid": null}));
    issuer.house.end_session().await;
    assert_eq!(get(&issuer, "/api/x", &token).await.status, 200);
    let claims = asserted(&issuer);
    assert_eq!(claims["sub"], issuer.house.ana.id.to_string());
    assert_eq!(claims["client_id"], "reports");
    assert!(claims.get("sid").is_none());
    // It proves nothing of how its person signed in.
    assert_eq!(get(&issuer, "/strict/x", &token).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_acts_for_whom_is_told_to_the_app() {
    let issuer = Issuer::usual().await;
    let token = issuer.token(json!({"act": {"sub": "robot", "act": {"sub": "reports"}}}));
    assert_eq!(get(&issuer, "/api/x", &token).await.status, 200);
    let claims = asserted(&issuer);
    assert_eq!(
        claims["act"],
        json!({"sub": "robot", "act": {"sub": "reports"}})
    );
    assert_eq!(claims["scope"], "read write");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stronger_sign_in_is_asked_for_where_that_would_open_it() {
    let issuer = Issuer::usual().await;
    let mut ana = issuer.house.ana.clone();
    ana.factors = vec![passkey()];
    issuer
        .house
        .tested
        .change(vec![Change::UserPut(Arc::new(ana))])
        .await;
    let token = issuer.token(json!({}));
    let answer = get(&issuer, "/strict/x", &token).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
    let said = challenge(&answer, "Bearer");
    assert!(
        said.contains("error=\"insufficient_user_authentication\""),
        "{said}"
    );
    assert!(
        said.contains("acr_values=\"phr\"") && !said.contains("max_age"),
        "{said}"
    );
    // What the session proves later does not promote a token from before.
    issuer
        .house
        .tested
        .clock
        .advance(std::time::Duration::from_secs(60));
    issuer
        .house
        .tested
        .change(vec![confirmed_at(&issuer, issuer.now())])
        .await;
    let answer = get(&issuer, "/strict/x", &token).await;
    let said = challenge(&answer, "Bearer");
    assert!(said.contains("acr_values=\"phr\", max_age=\"1\""), "{said}");
    let fresh = issuer.token(json!({"auth_time": issuer.now().as_secs()}));
    assert_eq!(get(&issuer, "/strict/x", &fresh).await.status, 200);
}

pub(crate) fn passkey() -> gw_model::Factor {
    gw_model::Factor {
        id: gw_model::FactorId::from_bits(5),
        kind: gw_model::FactorKind::Passkey,
        name: "key".into(),
        enrolled_at: gw_engine::testing::START,
        authenticator: None,
    }
}

fn confirmed_at(issuer: &Issuer, at: Timestamp) -> Change {
    let mut change = confirmed(&issuer.house);
    if let Change::SessionAdvanced { event, .. } = &mut change {
        event.at = at;
    }
    change
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_by_a_token_ends_with_it() {
    type End = fn(&Issuer) -> Vec<Change>;
    let ends: [(&str, End); 6] = [
        ("the token is revoked", |issuer| {
            let token = issuer.claims(&json!({}))["jti"]
                .as_str()
                .unwrap()
                .to_owned();
            // The second that is issued: the stream is open on the first.
            assert_eq!(&token[..11], "AAAAAAAAAAE");
            vec![revoked("AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap(), issuer)]
        }),
        ("its grant is", |issuer| vec![revoked(GRANT, issuer)]),
        ("its client is removed", |issuer| {
            vec![Change::ClientRemoved(issuer.reports.id)]
        }),
        ("its client takes back all", |issuer| {
            vec![Change::ClientPut(Arc::new(Client {
                tokens_from: issuer.now().after(std::time::Duration::from_secs(1)),
                ..issuer.reports.clone()
            }))]
        }),
        ("its person is disabled", |issuer| {
            vec![Change::UserPut(Arc::new(User {
                disabled: true,
                ..issuer.house.ana.clone()
            }))]
        }),
        ("its session ends", |issuer| {
            vec![Change::SessionEnded {
                session: issuer.house.session.id,
                ended: Ended {
                    at: issuer.now(),
                    reason: EndReason::SignedOut,
                },
            }]
        }),
    ];
    for (what, end) in ends {
        let issuer = Issuer::usual().await;
        let token = issuer.token(json!({}));
        let mut stream = open(&issuer, &token).await;
        issuer.house.tested.change(end(&issuer)).await;
        let seen = stream.read_to_end(&mut Vec::new()).await;
        assert_eq!(
            seen.unwrap_err().kind(),
            std::io::ErrorKind::ConnectionReset,
            "{what}"
        );
        let answer = get(&issuer, "/api/x", &token).await;
        assert_eq!(answer.status, 401, "{what}");
        let said = challenge(&answer, "Bearer");
        assert!(said.contains("error=\"invalid_token\""), "{what}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_by_a_token_ends_when_it_expires() {
    let issuer = Issuer::usual().await;
    let token = issuer.token(json!({}));
    let mut stream = open(&issuer, &token).await;
    issuer
        .house
        .tested
        .clock
        .advance(std::time::Duration::from_secs(300));
    let seen = stream.read_to_end(&mut Vec::new()).await;
    assert_eq!(
        seen.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
    assert_eq!(get(&issuer, "/api/x", &token).await.status, 401);
}

fn revoked(token: gw_model::TokenId, issuer: &Issuer) -> Change {
    Change::TokenRevoked(Revocation {
        token,
        until: issuer.now().after(std::time::Duration::from_secs(900)),
        version: 0,
    })
}

async fn open(issuer: &Issuer, token: &str) -> tokio::net::TcpStream {
    let mut io = connect(issuer.house.http).await;
    let authorization = bearer(token);
    let head = text("GET /stream", &[API, ("Authorization", &authorization)]);
    tokio::io::AsyncWriteExt::write_all(&mut io, head.as_bytes())
        .await
        .unwrap();
    let mut seen = Vec::new();
    while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
        let mut some = [0; 1024];
        let read = io.read(&mut some).await.unwrap();
        assert!(read > 0);
        seen.extend_from_slice(&some[..read]);
    }
    assert!(seen.starts_with(b"HTTP/1.1 200"));
    io
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_app_takes_is_written_at_the_well_known_place() {
    let issuer = Issuer::usual().await;
    const PATH: &str = "GET /.well-known/oauth-protected-resource";
    let mut io = connect_tls(&issuer.house, "api.test", b"http/1.1").await;
    let answer = send(&mut io, PATH, &[API]).await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert_eq!(answer.one("access-control-allow-origin"), "*");
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        told,
        json!({
            "resource": "https://api.test",
            "authorization_servers": ["https://sign-in.test"],
            "scopes_supported": ["read"],
            "bearer_methods_supported": ["header"],
            "tls_client_certificate_bound_access_tokens": true,
            "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "ES384"],
            "dpop_bound_access_tokens_required": false,
            "resource_name": "api",
        })
    );
    let posted = send(
        &mut io,
        "POST /.well-known/oauth-protected-resource",
        &[API, ("Content-Length", "0")],
    )
    .await;
    assert_eq!(posted.status, 405);
    // An app that takes no tokens has its own document there, or none.
    let mut io = connect_tls(&issuer.house, "wiki.test", b"http/1.1").await;
    assert_eq!(
        send(&mut io, PATH, &[("Host", "wiki.test")]).await.status,
        401
    );
    assert!(issuer.house.upstream.seen().is_empty());
}
