use std::time::Duration;

use bytes::Bytes;
use gw_engine::Commit;
use gw_model::{Actor, ClientOwner, TokenHash};
use gw_oauth::{
    GrantType, INVITATION_KIND, InitialAccessToken, Invitation, ProofKey, Purpose,
    RegistrationBounds, Scopes, Secret,
};
use gw_store::{Effect, KeptRow};
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Value, json};

use super::harness::*;

/// What such clients may be.
pub(super) fn bounds() -> RegistrationBounds {
    RegistrationBounds {
        app: Some("wiki".parse().unwrap()),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scopes: Scopes::parse("openid profile").unwrap(),
        hosts: vec!["new.example".into()],
        proof_key: ProofKey::Required,
    }
}

async fn invited(server: &Server, uses: u32) -> String {
    invited_within(server, uses, bounds()).await
}

/// A token for so many clients.
pub(super) async fn invited_within(
    server: &Server,
    uses: u32,
    bounds: RegistrationBounds,
) -> String {
    let secret = Secret::generate().unwrap();
    let hash = secret.hash(Purpose::InitialAccessToken);
    let expires = server.test.clock.now().after(Duration::from_secs(3600));
    let invitation = Invitation {
        token: InitialAccessToken {
            hash,
            expires,
            left: uses,
        },
        bounds,
        made: None,
    };
    let row = KeptRow {
        kind: INVITATION_KIND,
        hash: TokenHash::from_digest(*hash.as_bytes()),
        owner: None,
        replaces: None,
        expires,
        payload: gw_store::Secret::new(serde_json::to_vec(&invitation).unwrap()),
    };
    let commit = Commit::new(Actor::Local(0), "invited").effect(Effect::KeptPut(row));
    server.test.engine.commit(commit).await.unwrap();
    secret.expose().to_owned()
}

async fn ask(
    server: &Server,
    method: Method,
    query: Option<&str>,
    token: &str,
    body: &Value,
) -> Response<Bytes> {
    let mut request = server.request(method, "/oauth/register", query, None);
    request.body = body.to_string().into();
    let headers = &mut request.headers;
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    if !token.is_empty() {
        let value = format!("Bearer {token}").parse().unwrap();
        headers.insert(header::AUTHORIZATION, value);
    }
    server.ask(request).await
}

pub(super) async fn register(server: &Server, token: &str, body: &Value) -> Response<Bytes> {
    ask(server, Method::POST, None, token, body).await
}

fn usual() -> Value {
    json!({"redirect_uris": ["https://new.example/cb"], "client_name": "New"})
}

/// Where a client manages what it registered.
fn managed_at(registered: &Value) -> String {
    let uri = registered["registration_client_uri"].as_str().unwrap();
    uri.split_once('?').unwrap().1.to_owned()
}

#[tokio::test]
async fn a_client_registers_itself_and_reads_changes_and_ends_that() {
    let server = Server::start().await;
    let token = invited(&server, 1).await;
    let answer = register(&server, &token, &usual()).await;
    assert_eq!(answer.status(), StatusCode::CREATED, "{}", text(&answer));
    let registered = json(&answer);
    let id = registered["client_id"].as_str().unwrap().to_owned();
    assert!(registered["client_secret"].is_string());
    let of_id = |server: &Server| {
        let name = id.parse().unwrap();
        server.test.engine.view().facts.client_named(&name).cloned()
    };
    let fact = of_id(&server).unwrap();
    assert_eq!(fact.owner, ClientOwner::Itself);
    assert_eq!(fact.consent, gw_model::Consent::Ask);
    let (at, manage) = (
        managed_at(&registered),
        registered["registration_access_token"].as_str().unwrap(),
    );
    let read = ask(&server, Method::GET, Some(&at), manage, &json!({})).await;
    assert_eq!(json(&read)["client_name"], "New");
    assert!(json(&read).get("client_secret").is_none());
    let mut changed = usual();
    changed["client_id"] = json!(id);
    changed["client_name"] = json!("Newer");
    let answer = ask(&server, Method::PUT, Some(&at), manage, &changed).await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
    assert_eq!(&*of_id(&server).unwrap().title, "Newer");
    changed["redirect_uris"] = json!(["https://elsewhere.example/cb"]);
    let beyond = ask(&server, Method::PUT, Some(&at), manage, &changed).await;
    assert_eq!(beyond.status(), StatusCode::BAD_REQUEST);
    let ended = ask(&server, Method::DELETE, Some(&at), manage, &json!({})).await;
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    assert!(of_id(&server).is_none());
    let gone = ask(&server, Method::GET, Some(&at), manage, &json!({})).await;
    assert_eq!(gone.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_is_good_for_so_many_clients_and_what_is_refused_uses_none_of_it() {
    let server = Server::start().await;
    let token = invited(&server, 1).await;
    for (body, error) in [
        (json!({}), "invalid_redirect_uri"),
        (
            json!({"redirect_uris": ["https://evil.example/cb"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": ["http://new.example/cb"]}),
            "invalid_redirect_uri",
        ),
        (
            json!({"redirect_uris": ["https://new.example/cb"], "grant_types": ["client_credentials"]}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": ["https://new.example/cb"], "jwks_uri": "https://169.254.169.254/k"}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": ["https://new.example/cb"], "sector_identifier_uri": "https://127.0.0.1/s"}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": ["https://new.example/cb"], "backchannel_logout_uri": "https://10.0.0.1/l"}),
            "invalid_client_metadata",
        ),
        (
            json!({"redirect_uris": ["https://new.example/cb"], "client_name": "x".repeat(70_000)}),
            "invalid_client_metadata",
        ),
        (json!([]), "invalid_client_metadata"),
    ] {
        let answer = register(&server, &token, &body).await;
        assert_eq!(
            answer.status(),
            StatusCode::BAD_REQUEST,
            "{}",
            text(&answer)
        );
        assert_eq!(json(&answer)["error"], error, "{}", text(&answer));
    }
    let first = register(&server, &token, &usual()).await;
    assert_eq!(first.status(), StatusCode::CREATED);
    let second = register(&server, &token, &usual()).await;
    assert_eq!(second.status(), StatusCode::UNAUTHORIZED);
    let late = invited(&server, 1).await;
    server.later(Duration::from_secs(3601));
    let answer = register(&server, &late, &usual()).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_manages_another_client_nor_one_of_the_configuration() {
    let server = Server::start().await;
    let token = invited(&server, 2).await;
    let first = json(&register(&server, &token, &usual()).await);
    let second = json(&register(&server, &token, &usual()).await);
    let manage = first["registration_access_token"].as_str().unwrap();
    let (own, other) = (managed_at(&first), managed_at(&second));
    for (at, token) in [
        (&*other, manage),
        (&*own, ""),
        (&*own, "other"),
        (&*own, &*token),
        ("client_id=wiki", manage),
        ("client_id=", manage),
        ("", manage),
    ] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = ask(&server, method.clone(), Some(at), token, &usual()).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {at}");
            assert!(answer.headers().contains_key(header::WWW_AUTHENTICATE));
        }
    }
    let nobody = register(&server, "", &usual()).await;
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let mut renamed = usual();
    renamed["client_id"] = json!("wiki");
    let answer = ask(&server, Method::PUT, Some(&own), manage, &renamed).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_client_that_nobody_uses_goes_by_itself() {
    let server = Server::start().await;
    let token = invited(&server, 1).await;
    let registered = json(&register(&server, &token, &usual()).await);
    let name = registered["client_id"].as_str().unwrap().parse().unwrap();
    let is_there = || {
        server
            .test
            .engine
            .view()
            .facts
            .client_named(&name)
            .is_some()
    };
    server.later(Duration::from_secs(29 * 24 * 3600));
    server.server.sweep().await.unwrap();
    assert!(is_there());
    server.later(Duration::from_secs(2 * 24 * 3600));
    server.server.sweep().await.unwrap();
    assert!(!is_there());
}

/// Asks Ana what a client asks; the page, and the browser that waits with it.
async fn asks<'s>(server: &'s Server, id: &str) -> (Browser<'s>, Response<Bytes>) {
    let mut browser = server.ana();
    let query = asked(id, &[("redirect_uri", "https://new.example/cb")]);
    let page = browser.get("/oauth/authorize", &query).await;
    (browser, page)
}

async fn agree(browser: &mut Browser<'_>) -> Response<Bytes> {
    let attempt = browser.cookies[0].0.clone();
    let attempt = attempt.strip_prefix("__Host-gw-pending-").unwrap();
    let agreed = [("attempt", attempt), ("decision", "allow")];
    let onward_to = onward(&browser.post("/oauth/consent", &agreed).await);
    browser.follow(&onward_to).await
}

#[tokio::test]
async fn nobody_has_agreed_to_what_a_client_became_since() {
    let server = Server::start().await;
    let token = invited(&server, 1).await;
    let registered = json(&register(&server, &token, &usual()).await);
    let id = registered["client_id"].as_str().unwrap().to_owned();
    let (at, manage) = (
        managed_at(&registered),
        registered["registration_access_token"].as_str().unwrap(),
    );
    let becomes = async |uris: Value| {
        let mut body = usual();
        body["client_id"] = json!(id);
        body["redirect_uris"] = uris;
        ask(&server, Method::PUT, Some(&at), manage, &body).await
    };
    let (mut browser, page) = asks(&server, &id).await;
    assert!(text(&page).contains("You go to new.example either way"));
    assert!(answered(&agree(&mut browser).await, "code").is_some());
    let (_, again) = asks(&server, &id).await;
    assert!(answered(&again, "code").is_some(), "{}", text(&again));

    let evil = "com.evil.app://new.example/cb";
    let beyond = becomes(json!(["https://new.example/cb", evil])).await;
    assert_eq!(beyond.status(), StatusCode::BAD_REQUEST);
    let both = json!(["https://new.example/cb", "https://new.example/other"]);
    assert_eq!(becomes(both).await.status(), StatusCode::OK);
    let (mut browser, page) = asks(&server, &id).await;
    assert!(text(&page).contains("would like to"), "{}", text(&page));
    // It becomes another one while it is being asked about.
    let third = json!(["https://new.example/cb", "https://new.example/third"]);
    assert_eq!(becomes(third).await.status(), StatusCode::OK);
    let page = agree(&mut browser).await;
    assert!(text(&page).contains("would like to"), "{}", text(&page));
    assert!(answered(&agree(&mut browser).await, "code").is_some());
}
