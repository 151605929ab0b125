//! `oidcc-dynamic-certification-test-plan`: clients that register themselves and sign their own
//! assertions (OpenID Connect Registration 1.0; RFC 7591; RFC 7523).

use std::{sync::Mutex, time::Duration};

use gw_issue::Pace;
use gw_jose::{Signer, TokenType};
use gw_model::ClientOwner;
use gw_oauth::{ClientKeys, RegistrationBounds};
use http::{StatusCode, header};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::client_keys::FetchedKeys;
use crate::tests::registrations::{bounds, invited_within, register};

const NEW_CALLBACK: &str = "https://new.example/cb";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What is answered to who registers with this beside the usual.
async fn registering(server: &Server, more: &Value) -> Response<Bytes> {
    let without_proof_key = RegistrationBounds {
        proof_key: ProofKey::Optional,
        ..bounds()
    };
    let token = invited_within(server, 1, without_proof_key).await;
    let mut body = json!({"redirect_uris": [NEW_CALLBACK]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    register(server, &token, &body).await
}

async fn registered(server: &Server, more: &Value) -> Value {
    let answer = registering(server, more).await;
    assert_eq!(answer.status(), StatusCode::CREATED, "{}", text(&answer));
    json(&answer)
}

fn id_of(registered: &Value) -> &str {
    registered["client_id"].as_str().unwrap()
}

/// A request of one that registered itself.
fn asks_as(registered: &Value, more: &[(&str, &str)]) -> String {
    let mut all = vec![("redirect_uri", NEW_CALLBACK)];
    all.retain(|(name, _)| !more.iter().any(|(known, _)| known == name));
    all.extend_from_slice(more);
    asks(id_of(registered), &all)
}

/// A code that the person agrees to.
async fn code(server: &Server, registered: &Value) -> String {
    let (mut browser, query) = (server.ana(), asks_as(registered, &[]));
    let answer = browser.get("/oauth/authorize", &query).await;
    match answered(&answer, "code") {
        // They agreed before.
        Some(code) => code,
        None => answered(&agreed(&mut browser, &query).await, "code").unwrap(),
    }
}

/// An assertion of a client, good once.
fn assertion(server: &Server, by: &Signer, client: &str, audience: &Value) -> String {
    let now = server.test.clock.now().as_secs();
    let id = gw_oauth::GrantId::generate().unwrap();
    let claims = json!({"iss": client, "sub": client, "aud": audience, "jti": id.as_str(),
        "iat": now, "exp": now + 60});
    by.sign(TokenType::ClientAssertion, &claims).unwrap()
}

/// Asks the token endpoint by an assertion to this audience.
async fn asked_by(
    server: &Server,
    by: &Signer,
    client: &str,
    audience: &Value,
    form: &[(&str, &str)],
) -> Value {
    let assertion = assertion(server, by, client, audience);
    let mut form = form.to_vec();
    form.push(("client_assertion_type", ASSERTION_TYPE));
    form.push(("client_assertion", &assertion));
    json(&server.post("/oauth/token", &[], &form).await)
}

fn keys_of(signers: &[&Signer]) -> String {
    let keys: Vec<_> = signers.iter().map(|one| one.public_jwk()).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

/// `oidcc-server`, `oidcc-idtoken-rs256`, `oidcc-ensure-client-assertion-with-iss-aud-succeeds`:
/// Core, 2 and 9.
#[tokio::test]
async fn who_registered_signs_in_by_an_assertion_to_issuer_or_token_endpoint() {
    let server = start().await;
    let key = signer();
    let keys: Value = serde_json::from_str(&keys_of(&[&key])).unwrap();
    let client = registered(
        &server,
        &json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": keys,
            "id_token_signed_response_alg": "RS256", "grant_types": ["authorization_code"],
            "response_types": ["code"], "contacts": ["certification@oidf.org"]}),
    )
    .await;
    assert!(client.get("client_secret").is_none());
    assert_eq!(client["id_token_signed_response_alg"], "RS256");
    let id = id_of(&client);
    let endpoint = format!("{ISSUER}/oauth/token");
    for audience in [json!(ISSUER), json!(endpoint), json!([ISSUER, endpoint])] {
        let code = code(&server, &client).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", NEW_CALLBACK),
        ];
        let tokens = asked_by(&server, &key, id, &audience, &form).await;
        held(&server, id, &tokens).await;
    }
}

/// `oidcc-userinfo-rs256`: Core, 5.3.2. What is answered is a token, with who says it to whom.
#[tokio::test]
async fn userinfo_is_signed_for_who_registered_for_that() {
    let server = start().await;
    let client = registered(&server, &json!({"userinfo_signed_response_alg": "RS256"})).await;
    let code = code(&server, &client).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", NEW_CALLBACK),
        ("client_id", id_of(&client)),
    ];
    let secret = client["client_secret"].as_str().unwrap();
    let pair = format!("{}:{secret}", id_of(&client));
    let basic = format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()));
    let headers = [("authorization", &*basic)];
    let tokens = json(&server.post("/oauth/token", &headers, &form).await);
    let told = server.userinfo(access_token(&tokens)).await;
    assert_eq!(told.headers()[header::CONTENT_TYPE], "application/jwt");
    let keys = published(&server).await;
    let algorithms = [Algorithm::Rs256];
    let told = gw_jose::verify(&text(&told), &keys, &algorithms, TokenType::Jwt).unwrap();
    assert_eq!(told.claims.required_text("iss").unwrap(), ISSUER);
    assert!(told.claims.audience().unwrap().names(id_of(&client)));
    let subject = held(&server, id_of(&client), &tokens).await.subject;
    assert_eq!(told.claims.required_text("sub").unwrap(), subject);
}

/// `oidcc-redirect-uri-query-OK`, `-query-mismatch`, `-query-added`, `-regfrag`,
/// `oidcc-ensure-redirect-uri-in-authorization-request`, `oidcc-ensure-registered-redirect-uri`:
/// Core, 3.1.2.1; RFC 6749, 3.1.2.
#[tokio::test]
async fn redirect_uris_are_what_was_registered_to_the_letter() {
    let server = start().await;
    let with_query = "https://new.example/cb?foo=bar";
    let client = registered(&server, &json!({"redirect_uris": [with_query]})).await;
    let mut browser = server.ana();
    let query = asks_as(&client, &[("redirect_uri", with_query)]);
    let answer = agreed(&mut browser, &query).await;
    let there = location(&answer);
    assert!(there.starts_with(&format!("{with_query}&code=")), "{there}");
    for other in ["https://new.example/cb?bar=foo", NEW_CALLBACK, ""] {
        let query = asks_as(&client, &[("redirect_uri", other)]);
        is_shown(&browser.get("/oauth/authorize", &query).await);
    }
    let plain = registered(&server, &json!({})).await;
    for other in [with_query, "https://new.example/other"] {
        let query = asks_as(&plain, &[("redirect_uri", other)]);
        is_shown(&browser.get("/oauth/authorize", &query).await);
    }
    let fragment = json!({"redirect_uris": ["https://new.example/cb#foobar"]});
    let refused = registering(&server, &fragment).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(json(&refused)["error"], "invalid_redirect_uri");
}

/// `oidcc-registration-policy-uri`, `-tos-uri`, `-logo-uri`: Registration, 2. Pages are linked; a
/// picture that a stranger named is told back and shown to nobody, since every browser that shows
/// it would tell that stranger who signs in, and from where.
#[tokio::test]
async fn people_see_what_a_client_says_of_itself() {
    let server = start().await;
    let about = json!({
        "client_name": "New", "policy_uri": "https://new.example/policy",
        "tos_uri": "https://new.example/terms", "logo_uri": "https://new.example/logo.png",
    });
    let client = registered(&server, &about).await;
    for name in ["client_name", "policy_uri", "tos_uri", "logo_uri"] {
        assert_eq!(client[name], about[name], "{name}");
    }
    let page = server
        .ana()
        .get("/oauth/authorize", &asks_as(&client, &[]))
        .await;
    let shown = text(&page);
    for name in ["policy_uri", "tos_uri"] {
        let link = format!("href=\"{}\"", about[name].as_str().unwrap());
        assert!(shown.contains(&link), "{name}: {shown}");
    }
    assert!(!shown.contains("logo.png"), "{shown}");
}

/// `oidcc-registration-sector-uri`, `-sector-bad`, as far as nothing is fetched (what a list at that
/// address must say, `gw-oauth` tests): Core, 8.1; Registration, 5.
#[tokio::test]
async fn pairwise_names_are_those_of_a_sector() {
    let server = start().await;
    let pairwise = json!({"subject_type": "pairwise"});
    let subject = async || {
        let client = registered(&server, &pairwise).await;
        assert_eq!(client["subject_type"], "pairwise");
        let view = server.test.engine.view();
        let known = view.facts.client_named(&id_of(&client).parse().unwrap());
        let known = known.unwrap();
        let read: Client = serde_json::from_str(&known.registration).unwrap();
        let pairwise = &server.server.shared.pairwise;
        pairwise.subject(&read, &server.ana.user.to_string())
    };
    let (first, second) = (subject().await, subject().await);
    assert_eq!(first, second, "both are of one host");
    assert_ne!(first, server.ana.user.to_string());
    // Nothing is there, so nothing says that the redirect URIs are of that sector.
    let bad = json!({"subject_type": "pairwise",
        "sector_identifier_uri": "https://sector.invalid/list.json"});
    let refused = registering(&server, &bad).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(json(&refused)["error"], "invalid_client_metadata");
}

/// A client's own server: it tells what is in here by now.
async fn key_server() -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/keys", listener.local_addr().unwrap());
    let told = Arc::new(Mutex::new(String::new()));
    let keys = told.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 2048];
            assert_ne!(stream.read(&mut asked).await.unwrap(), 0);
            let keys = keys.lock().unwrap().clone();
            let length = keys.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{keys}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, told)
}

/// `oidcc-registration-jwks-uri`, `oidcc-refresh-token-rp-key-rotation`: Core, 10.1.1; Registration,
/// 2. A client's address is one of the public network, where no test asks: what is read of it is
/// read of this machine instead.
#[tokio::test]
async fn keys_of_a_client_are_read_at_its_address_and_again_where_one_is_not_known() {
    let server = start().await;
    let by = |uri: &str| json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": uri});
    let client = registered(&server, &by("https://new.example/keys")).await;
    assert_eq!(client["jwks_uri"], "https://new.example/keys");
    let inward = registering(&server, &by("https://127.0.0.1/keys")).await;
    assert_eq!(inward.status(), StatusCode::BAD_REQUEST);

    let (address, told) = key_server().await;
    let (old, new) = (signer(), signer());
    let (fetched, at) = (FetchedKeys::default(), ClientKeys::JwksUri(address));
    let tls = &server.server.shared.options.tls;
    let read = async |anew| {
        let now = server.test.clock.now();
        let owner = ClientOwner::Configuration;
        fetched.of(&at, owner, tls, now, anew).await.unwrap()
    };
    let verifies = |keys: &KeySet, by: &Signer| {
        let assertion = assertion(&server, by, id_of(&client), &json!(ISSUER));
        let kind = TokenType::ClientAssertion;
        gw_jose::verify(&assertion, keys, &[Algorithm::Es256], kind)
    };
    *told.lock().unwrap() = keys_of(&[&old]);
    let before = read(false).await;
    assert!(verifies(&before, &old).is_ok());
    *told.lock().unwrap() = keys_of(&[&new]);
    server.later(Duration::from_secs(11));
    let stale = read(false).await;
    let unknown = verifies(&stale, &new).unwrap_err();
    assert!(unknown.needs_reload(), "{unknown}");
    let after = read(true).await;
    assert!(verifies(&after, &new).is_ok());
    assert!(verifies(&after, &old).is_err(), "its old key is gone");
}

/// `oidcc-server-rotate-keys`: Core, 10.1.1. A new key is announced before it signs, and the old
/// one stays while something that it signed may be good.
#[tokio::test]
async fn a_new_key_of_the_server_is_published_before_it_signs() {
    let server = start().await;
    let first = signed_in(&server, "suite", &[]).await;
    let before = published(&server).await;
    let keys = server.server.keys();
    let (_, keys) = keys
        .iter()
        .find(|(purpose, _)| *purpose == "id-token-rs256")
        .unwrap();
    let kid = keys
        .rotate(&server.test.engine, Pace::InTurn)
        .await
        .unwrap();
    let after = published(&server).await;
    assert!(!before.knows(&kid) && after.knows(&kid));
    held(&server, "suite", &first).await;
    server.later(Duration::from_secs(301));
    let second = signed_in(&server, "suite", &[]).await;
    held(&server, "suite", &second).await;
    let hint = first["id_token"].as_str().unwrap();
    let more = [("prompt", "none"), ("id_token_hint", hint)];
    let third = signed_in(&server, "suite", &more).await;
    let head = |tokens: &Value| {
        let head = tokens["id_token"].as_str().unwrap().split('.').next();
        let head = data_encoding::BASE64URL_NOPAD.decode(head.unwrap().as_bytes());
        let head: Value = serde_json::from_slice(&head.unwrap()).unwrap();
        head["kid"].as_str().unwrap().to_owned()
    };
    assert_ne!(head(&first), *kid);
    assert_eq!(
        (head(&second), head(&third)),
        (kid.to_string(), kid.to_string())
    );
}
