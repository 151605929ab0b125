//! The OpenID Foundation's certification plans for providers, module by module, by the words of
//! the standards that they test: each test names its modules. Where a module is kept by a test
//! elsewhere, or does not apply, `docs/conformance.md` says so.

mod back_channel_logout;
mod basic;
mod config;
mod dynamic;
mod form_post;
mod rp_initiated_logout;

use std::sync::Arc;

use bytes::Bytes;
use gw_engine::testing::user;
use gw_jose::{Algorithm, ExpectedNonce, IdToken, IdTokenRules, KeySet, Now};
use gw_model::Change;
use gw_oauth::{Client, ClientAuthentication, ClientSecrets, KeptSecret, ProofKey};
use http::Response;
use serde_json::Value;

use super::harness::*;

const CALLBACK: &str = "https://wiki.example/cb";

/// A relying party as the plans have it: it knows no proof key.
fn suite(id: &str) -> Client {
    Client {
        proof_key: ProofKey::Optional,
        id_token_algorithm: Algorithm::Rs256,
        ..client(id)
    }
}

/// A server with the three clients that the plans ask for.
async fn start() -> Server {
    let secret = KeptSecret::of_text(SECRET, gw_engine::testing::START).unwrap();
    let posting = Client {
        authentication: ClientAuthentication::ClientSecretPost {
            secrets: ClientSecrets::of(secret),
        },
        ..suite("posting")
    };
    let mut ana = user(1, "ana", &["staff"]);
    ana.email = Some("ana@wiki.example".into());
    Server::with(vec![
        Change::UserPut(Arc::new(ana)),
        fact(61, Some("wiki"), &suite("suite")),
        fact(62, Some("wiki"), &suite("second")),
        fact(63, Some("wiki"), &posting),
    ])
    .await
}

/// A request as the plans make it. What has no value here is left away.
fn asks(client: &str, more: &[(&str, &str)]) -> String {
    let usual = [
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "st"),
        ("nonce", "n-1"),
    ];
    let is_other = |name: &str| !more.iter().any(|(known, _)| *known == name);
    let kept = usual.into_iter().filter(|(name, _)| is_other(name));
    let pairs: Vec<_> = kept.chain(more.iter().copied()).collect();
    let said = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    encoded(&said.collect::<Vec<_>>())
}

/// A client asks for what a code stands for, with these parameters beside.
async fn redeem(
    server: &Server,
    client: &str,
    code: &str,
    more: &[(&str, &str)],
) -> Response<Bytes> {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ];
    form.extend_from_slice(more);
    match client {
        "posting" => {
            form.extend([("client_id", client), ("client_secret", SECRET)]);
            server.post("/oauth/token", &[], &form).await
        }
        _ => {
            let headers = [("authorization", &*basic(client))];
            server.post("/oauth/token", &headers, &form).await
        }
    }
}

/// Ana signs in to a client without being asked anything.
async fn signed_in(server: &Server, client: &str, more: &[(&str, &str)]) -> Value {
    let mut browser = server.ana();
    let answer = browser.get("/oauth/authorize", &asks(client, more)).await;
    let code = answered(&answer, "code").unwrap_or_else(|| panic!("{}", text(&answer)));
    json(&redeem(server, client, &code, &[]).await)
}

fn access_token(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

/// The keys that the server publishes.
async fn published(server: &Server) -> KeySet {
    let keys = server.stranger().get("/oauth/jwks.json", "").await;
    KeySet::parse(keys.body()).unwrap()
}

/// An ID token, as a relying party verifies it (OpenID Connect Core 1.0, 3.1.3.7).
async fn id_token(
    server: &Server,
    client: &str,
    tokens: &Value,
    nonce: ExpectedNonce<'_>,
) -> IdToken {
    let rules = IdTokenRules {
        issuer: ISSUER,
        client_id: client,
        trusted_audiences: &[],
        now: Now::at(server.test.clock.now()),
        age_max: None,
        algorithms: &[Algorithm::Rs256],
        nonce,
        access_token: tokens["access_token"].as_str(),
        code: None,
        max_age: None,
        acr_values: &[],
    };
    let token = tokens["id_token"]
        .as_str()
        .unwrap_or_else(|| panic!("{tokens}"));
    IdToken::verify(token, &published(server).await, &rules).unwrap()
}

/// The same, of a request with the usual nonce.
async fn held(server: &Server, client: &str, tokens: &Value) -> IdToken {
    id_token(server, client, tokens, ExpectedNonce::Sent("n-1")).await
}

/// Where a person is led on the way, and the attempt that this is of.
fn led(answer: &Response<Bytes>) -> (String, String) {
    let there = location(answer);
    let (page, attempt) = there.split_once("attempt=").unwrap();
    (page.to_owned(), attempt.to_owned())
}

/// The person agrees to what a page asks, and goes on.
async fn agreed(browser: &mut Browser<'_>, query: &str) -> Response<Bytes> {
    let page = browser.get("/oauth/authorize", query).await;
    assert!(
        text(&page).contains("Let wiki in as you?"),
        "{}",
        text(&page)
    );
    let attempt = browser.attempt();
    let form = [("attempt", &*attempt), ("decision", "allow")];
    let onward_to = onward(&browser.post("/oauth/consent", &form).await);
    browser.follow(&onward_to).await
}

/// Nobody is sent anywhere: a page says so.
fn is_shown(answer: &Response<Bytes>) {
    assert_eq!(answer.status(), 400, "{}", text(answer));
    assert!(answer.headers().get("location").is_none());
}
