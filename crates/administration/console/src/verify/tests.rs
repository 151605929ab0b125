use std::time::Duration;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use data_encoding::BASE64URL_NOPAD;
use gw_engine::testing::{START, TestEngine, app, session, user};
use gw_model::{AuthnMethod, Change, DecisionId, PolicyId, PublishedKey};
use gw_pages::Judged;
use http::HeaderValue;
use serde_json::{Value, json};
use tower::util::ServiceExt;

use super::*;

struct House {
    tested: TestEngine,
    key: EcdsaKeyPair,
}

async fn house(purpose: &str) -> House {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = key.public_key().as_ref();
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k1",
        "x": text(&point[1..33]), "y": text(&point[33..]),
    });
    let published = PublishedKey {
        kid: "k1".into(),
        purpose: purpose.into(),
        jwk: jwk.to_string().into(),
        published_at: START,
        active_from: START,
        replaced_at: None,
    };
    let apps = ["sign-in", "portal", "verify", "wiki"];
    let mut changes = apps
        .map(|name| Change::AppPut(Arc::new(app(name))))
        .to_vec();
    changes.push(Change::KeyPublished(Arc::new(published)));
    changes.push(Change::UserPut(Arc::new(user(1, "ana", &[]))));
    House {
        tested: TestEngine::with(changes).await,
        key,
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://sign-in.test:8443",
        "aud": "verify",
        "sub": user(1, "ana", &[]).id.to_string(),
        "name": "ana",
        "iat": START.as_secs(),
        "exp": START.as_secs() + 60,
    })
}

fn signed(house: &House, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = house
        .key
        .sign(&SystemRandom::new(), signed.as_bytes())
        .unwrap();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
}

async fn page(house: &House, assertions: &[&str]) -> String {
    let ana = user(1, "ana", &[]);
    let session = session(9, &ana, AuthnMethod::Passkey, START);
    let mut headers = HeaderMap::new();
    for assertion in assertions {
        headers.append(HEADER, HeaderValue::from_str(assertion).unwrap());
    }
    let request = JudgedRequest {
        method: http::Method::GET,
        path: "/".into(),
        query: None,
        headers,
        body: Bytes::new(),
        judged: Judged {
            decision: DecisionId::from_bits(77),
            because: vec![PolicyId("verify-for-all".into())],
            at: START,
            epoch: house.tested.engine.view().facts.epoch,
            address: [127, 0, 0, 1].into(),
            scheme: "https",
            host: "verify.test".into(),
            port: None,
            user: Some(Arc::new(ana)),
            rank: session.rank(),
            session: Some(Arc::new(session)),
            ended: None,
            navigation: true,
            certificates: None,
        },
    };
    let options = VerifyOptions {
        sign_in: "sign-in".parse().unwrap(),
        portal: "portal".parse().unwrap(),
    };
    let service = service(house.tested.engine.clone(), options);
    let answer = service.oneshot(request).await.unwrap();
    String::from_utf8(answer.body().to_vec()).unwrap()
}

fn marks(page: &str) -> (usize, usize) {
    (
        page.matches("chip allow").count(),
        page.matches("chip deny").count(),
    )
}

fn header() -> Value {
    json!({ "alg": "ES256", "typ": "JWT", "kid": "k1" })
}

#[tokio::test]
async fn an_assertion_that_holds_is_shown_with_each_check() {
    let house = house("assertion").await;
    let token = signed(&house, &header(), &claims());
    let page = page(&house, &[&token]).await;
    assert_eq!(marks(&page), (5, 0), "{page}");
    for shown in [
        "ES256, key k1",
        "verify-for-all",
        "Signed in",
        "1 minute of 1 minute left",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(page.contains(&DecisionId::from_bits(77).to_string()) && page.contains(&token));
}

#[tokio::test]
async fn each_check_fails_by_itself() {
    let house = house("assertion").await;
    for (claim, value) in [
        ("aud", json!("wiki")),
        ("iss", json!("https://elsewhere.test")),
        ("sub", json!("u-aaaaaaaaaaaaa")),
        ("exp", json!(START.as_secs())),
        ("exp", json!(START.as_secs() + 3600)),
        ("iat", json!("soon")),
    ] {
        let mut claims = claims();
        claims[claim] = value;
        let page = page(&house, &[&signed(&house, &header(), &claims)]).await;
        assert_eq!(marks(&page), (4, 1), "{claim}: {page}");
    }
    house.tested.clock.advance(Duration::from_secs(60));
    let late = page(&house, &[&signed(&house, &header(), &claims())]).await;
    assert!(late.contains("It ended 0 seconds ago."), "{late}");
}

#[tokio::test]
async fn a_signature_counts_only_by_a_key_published_for_assertions() {
    let house = house("assertion").await;
    let other = self::house("assertion").await;
    let forged = signed(&other, &header(), &claims());
    let unnamed = signed(&house, &json!({ "alg": "ES256" }), &claims());
    let unknown = signed(&house, &json!({ "alg": "ES256", "kid": "k2" }), &claims());
    let none = signed(&house, &json!({ "alg": "none", "kid": "k1" }), &claims());
    let symmetric = signed(&house, &json!({ "alg": "HS256", "kid": "k1" }), &claims());
    for token in [forged, unnamed, unknown, none, symmetric] {
        assert_eq!(marks(&page(&house, &[&token]).await), (4, 1));
    }
    let wrong = self::house("ledger").await;
    let token = signed(&wrong, &header(), &claims());
    let page = page(&wrong, &[&token]).await;
    assert!(page.contains("not published for assertions"), "{page}");
}

#[tokio::test]
async fn no_assertion_or_two_of_them_is_none() {
    let house = house("assertion").await;
    let token = signed(&house, &header(), &claims());
    for received in [&[][..], &["rubbish"], &["a.b.c"], &[&token, &token]] {
        assert_eq!(marks(&page(&house, received).await), (0, 1), "{received:?}");
    }
}

#[tokio::test]
async fn what_an_assertion_says_is_text() {
    let house = house("assertion").await;
    let mut claims = claims();
    claims["name"] = json!("<script>alert(1)</script>");
    let page = page(&house, &[&signed(&house, &header(), &claims)]).await;
    assert!(!page.contains("<script") && page.contains("&#60;script&#62;"));
}
