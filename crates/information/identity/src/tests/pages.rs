use std::sync::Arc;

use aws_lc_rs::digest;
use data_encoding::BASE64;
use gw_model::{Change, PublishedKey, Timestamp, User};
use gw_store::LinkKind;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::browser::{ANA, House, body};

fn hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    format!("'sha256-{}'", BASE64.encode(digest.as_ref()))
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> Option<&'t str> {
    let start = text.find(from)? + from.len();
    let length = text[start..].find(to)?;
    Some(&text[start..start + length])
}

/// What every page of ours keeps to.
fn sound(answer: &Response<bytes::Bytes>, path: &str) {
    let text = body(answer);
    let headers = answer.headers();
    assert_eq!(headers["cache-control"], "no-store", "{path}");
    assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
    assert_eq!(
        headers["cross-origin-opener-policy"], "same-origin",
        "{path}"
    );
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'"), "{path}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
    assert!(!policy.contains("unsafe"), "{path}");
    assert!(
        text.starts_with("<!doctype html>\n<html lang=\"en\">"),
        "{path}"
    );
    assert!(
        text.contains("<main id=\"content\"") && text.matches("<h1>").count() == 1,
        "{path}"
    );
    let style = between(&text, "<style>", "</style>").unwrap();
    assert!(
        policy.contains(&format!("style-src {}", hash(style))),
        "{path}"
    );
    match between(&text, "<script type=\"module\">", "</script>") {
        Some(script) => assert!(
            policy.contains(&format!("script-src {}", hash(script))),
            "{path}"
        ),
        None => assert!(!policy.contains("script-src"), "{path}"),
    }
    for inline in [
        " onclick=",
        " onload=",
        " onerror=",
        " style=",
        "javascript:",
    ] {
        assert!(!text.contains(inline), "{path}: {inline}");
    }
    for label in text.split("<input ").skip(1) {
        let tag = label.split('>').next().unwrap();
        let id = between(tag, "id=\"", "\"");
        let labelled = id.is_some_and(|id| text.contains(&format!("<label for=\"{id}\"")));
        assert!(labelled || tag.contains("type=\"hidden\""), "{path}: {tag}");
    }
}

#[tokio::test]
async fn every_page_is_guarded_labelled_and_runs_no_script_but_its_own() {
    let house = House::open().await;
    let link = house.link(ANA, LinkKind::Enrolment).await;
    let mut stranger = house.browser();
    for path in [
        &*link,
        "/sign-in",
        "/recovery",
        "/sign-out",
        "/link/x",
        "/nowhere",
    ] {
        sound(&stranger.get(path).await, path);
    }
    let (mut ana, _key) = house.with_passkey(ANA).await;
    sound(&ana.post("/account/recovery-codes", "").await, "codes");
    let factor = house.factors(ANA)[0].id;
    let remove = format!("/account/factors/remove?factor={factor}");
    let paths = [
        "/",
        "/confirm",
        "/enrol",
        "/sign-out",
        "/account/recovery-codes",
        &remove,
    ];
    for path in paths {
        let answer = ana.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        sound(&answer, path);
    }
    sound(&ana.post("/sign-out", "").await, "signed out");
}

#[tokio::test]
async fn names_are_text_whatever_they_hold() {
    let house = House::open().await;
    let hostile = r#""><script>alert(1)</script>'<b>"#;
    let mut user = User::clone(&house.user(ANA));
    user.display_name = hostile.into();
    house
        .tested
        .change(vec![Change::UserPut(Arc::new(user))])
        .await;
    let mut ana = house.signed_in(ANA, LinkKind::Enrolment).await;
    let mut key = super::authenticator::Authenticator::new(super::browser::HOST);
    assert_eq!(ana.enrol(&mut key, hostile).await.status(), StatusCode::OK);
    let factor = house.factors(ANA)[0].id;
    let remove = format!("/account/factors/remove?factor={factor}");
    for path in ["/", "/confirm", "/enrol", "/sign-out", &remove] {
        let page = ana.get(path).await;
        let text = body(&page);
        assert!(!text.contains("<script>alert"), "{path}");
        sound(&page, path);
    }
    let mut stranger = house.browser();
    let answer = stranger
        .post("/recovery", "name=%22%3E%3Cscript%3Ealert(1)&code=1")
        .await;
    assert!(!body(&answer).contains("<script>alert"));
}

#[tokio::test]
async fn scripts_are_answered_as_json_only_for_json() {
    let house = House::open().await;
    let mut stranger = house.browser();
    let start = "/passkey/sign-in/start";
    let plain = stranger.send(
        Method::POST,
        start,
        &[("content-type", "text/plain")],
        "{}",
        false,
    );
    assert_eq!(plain.await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for bad in [json!("x"), json!({ "more": 1 }), json!(null)] {
        assert_eq!(
            stranger.json(start, &bad).await.status(),
            StatusCode::BAD_REQUEST,
            "{bad}"
        );
    }
    for path in ["/passkey/confirm/start", "/passkey/enrol/start"] {
        let answer = stranger.json(path, &json!({})).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn only_keys_for_assertions_are_published() {
    let house = House::open().await;
    let key = |purpose: &str| {
        Change::KeyPublished(Arc::new(PublishedKey {
            kid: purpose.into(),
            purpose: purpose.into(),
            jwk: json!({ "kty": "EC", "kid": purpose }).to_string().into(),
            published_at: Timestamp::from_secs(1),
            active_from: Timestamp::from_secs(1),
            replaced_at: None,
        }))
    };
    house
        .tested
        .change(vec![key("assertion"), key("ledger")])
        .await;
    let answer = house.browser().get("/.well-known/jwks.json").await;
    assert_eq!(answer.headers()["content-type"], "application/jwk-set+json");
    let keys: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(
        keys,
        json!({ "keys": [{ "kty": "EC", "kid": "assertion" }] })
    );
}

#[tokio::test]
async fn other_methods_are_told_which_ones_there_are() {
    let house = House::open().await;
    for path in ["/", "/link/x", "/sign-out"] {
        let answer = house
            .browser()
            .send(Method::DELETE, path, &[], "", false)
            .await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.headers()["allow"], "GET, HEAD, POST");
    }
}

#[tokio::test]
async fn pages_of_ones_own_send_a_stranger_to_sign_in() {
    let house = House::open().await;
    let mut stranger = house.browser();
    for path in [
        "/",
        "/confirm",
        "/enrol",
        "/account/recovery-codes",
        "/account/factors/remove",
    ] {
        let answer = stranger.get(path).await;
        assert_eq!(super::browser::location(&answer), "/sign-in", "{path}");
    }
    for path in [
        "/account/passkeys/rename",
        "/account/factors/remove",
        "/account/recovery-codes",
    ] {
        let answer = stranger.post(path, "").await;
        assert_eq!(super::browser::location(&answer), "/sign-in", "{path}");
    }
}
