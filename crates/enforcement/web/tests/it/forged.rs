//! Tokens that are none: forged, confused with others, out of their time or place.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use gw_issue::ASSERTION_PURPOSE;
use gw_jose::{Algorithm, KeyShape, PrivateKey, Signer, TokenType};
use serde_json::{Value, json};

use crate::{
    issuer::{Issuer, published, signed_by, unsigned},
    tokens::{API, challenge, get},
};

/// Whether a token is refused as one that does not hold, and nothing of it reaches the app.
async fn is_refused(issuer: &Issuer, what: &str, token: &str) {
    let answer = get(issuer, "/open/x", token).await;
    assert_eq!(answer.status, 401, "{what}");
    let said = challenge(&answer, "Bearer");
    assert!(said.contains("error=\"invalid_token\""), "{what}: {said}");
    assert!(answer.problem()["detail"].is_string());
    assert!(issuer.house.upstream.seen().is_empty(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_algorithm_and_no_other_key_makes_a_token() {
    let issuer = Issuer::usual().await;
    let claims = issuer.claims(&json!({}));
    let kid = issuer.signer.kid();
    let header = |alg: &str| json!({"typ": "at+jwt", "alg": alg, "kid": kid});
    for alg in ["none", "None", "NONE", ""] {
        let bare = unsigned(&header(alg), &claims);
        is_refused(&issuer, alg, &format!("{bare}.")).await;
        is_refused(&issuer, alg, &issuer.with_header(&header(alg), &claims)).await;
    }
    is_refused(
        &issuer,
        "HS256",
        &issuer.by_public_key(&header("HS256"), &claims),
    )
    .await;
    is_refused(
        &issuer,
        "ES256 by HMAC",
        &issuer.by_public_key(&header("ES256"), &claims),
    )
    .await;
    for alg in ["RS256", "PS256", "ES384", "EdDSA", "es256"] {
        is_refused(&issuer, alg, &issuer.with_header(&header(alg), &claims)).await;
    }
    let others = [
        (Algorithm::Es256, KeyShape::P256),
        (Algorithm::EdDsa, KeyShape::Ed25519),
        (Algorithm::Rs256, KeyShape::Rsa2048),
    ];
    for (algorithm, shape) in others {
        let other = Signer::new(algorithm, &PrivateKey::generate(shape).unwrap()).unwrap();
        let token = other.sign(TokenType::AccessToken, &claims).unwrap();
        is_refused(&issuer, "another's key", &token).await;
        // A key of ours that is for something else, whatever it says it signs.
        issuer
            .house
            .tested
            .change(vec![published(ASSERTION_PURPOSE, &other)])
            .await;
        is_refused(&issuer, "a key for assertions", &token).await;
    }
    // The key in the header counts for nothing.
    let private = PrivateKey::generate(KeyShape::P256).unwrap();
    let other = Signer::new(Algorithm::Es256, &private).unwrap();
    let jwk: Value = serde_json::from_str(other.public_jwk()).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.expose_pkcs8());
    let key = key.unwrap();
    for brought in [
        json!({"typ": "at+jwt", "alg": "ES256", "jwk": jwk}),
        json!({"typ": "at+jwt", "alg": "ES256", "kid": kid, "jwk": jwk}),
        json!({"typ": "at+jwt", "alg": "ES256", "jku": "http://evil.test/keys"}),
        json!({"typ": "at+jwt", "alg": "ES256", "kid": other.kid(), "x5u": "http://evil.test/"}),
    ] {
        let token = signed_by(&key, &brought, &claims);
        is_refused(&issuer, "a key brought along", &token).await;
    }
    for kid in [
        json!("other"),
        json!(""),
        json!(1),
        json!(null),
        json!("../keys"),
    ] {
        let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": kid});
        is_refused(
            &issuer,
            "another kid",
            &issuer.with_header(&header, &claims),
        )
        .await;
    }
    let critical = json!({"typ": "at+jwt", "alg": "ES256", "kid": kid, "crit": ["x"], "x": 1});
    is_refused(&issuer, "crit", &issuer.with_header(&critical, &claims)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_kind_is_no_access_token() {
    let issuer = Issuer::usual().await;
    let claims = issuer.claims(&json!({}));
    for kind in [
        TokenType::IdToken,
        TokenType::LogoutToken,
        TokenType::DpopProof,
    ] {
        let token = issuer.signer.sign(kind, &claims).unwrap();
        is_refused(&issuer, kind.typ(), &token).await;
    }
    let untyped = json!({"alg": "ES256", "kid": issuer.signer.kid()});
    is_refused(&issuer, "no typ", &issuer.with_header(&untyped, &claims)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_assertion_is_no_access_token() {
    let issuer = Issuer::usual().await;
    let cookie = [("Host", "wiki.test"), ("Cookie", crate::house::ANA)];
    assert_eq!(issuer.house.get("GET /", &cookie).await.status, 200);
    let seen = issuer.house.upstream.last();
    let [assertion] = seen.all("gatewright-assertion")[..] else {
        panic!("one assertion")
    };
    let answer = get(&issuer, "/open/x", assertion).await;
    assert_eq!(answer.status, 401);
    assert!(challenge(&answer, "Bearer").contains("error=\"invalid_token\""));
    assert_eq!(issuer.house.upstream.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_claim_must_be_there_and_right() {
    let issuer = Issuer::usual().await;
    let now = issuer.now().as_secs();
    let wrong = [
        json!({"iss": "http://evil.test"}),
        json!({"iss": "http://sign-in.test/"}),
        json!({"iss": "https://sign-in.test"}),
        json!({"iss": null}),
        json!({"aud": ["http://wiki.test"]}),
        json!({"aud": "https://api.test"}),
        json!({"aud": "http://api.test//"}),
        json!({"aud": "http://api.test:81"}),
        json!({"aud": "http://API.test"}),
        json!({"aud": "api"}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"exp": now}),
        json!({"exp": now - 10}),
        json!({"exp": null}),
        json!({"exp": "soon"}),
        json!({"exp": now + 3600}),
        json!({"iat": now + 120, "exp": now + 240}),
        json!({"iat": null}),
        json!({"nbf": now + 120}),
        json!({"jti": null}),
        json!({"jti": "short"}),
        json!({"grant_id": null}),
        json!({"grant_id": 7}),
        json!({"client_id": null}),
        json!({"client_id": "nobody"}),
        json!({"client_id": "c-aaaaaaaaaaaaa"}),
        json!({"client_id": "Reports"}),
        json!({"sub": null}),
        json!({"sub": "ana"}),
        json!({"sub": "u-aaaaaaaaaaaaa"}),
        json!({"sub": "robot"}),
        json!({"sid": "s-aaaaaaaaaaaaa"}),
        json!({"sid": "elsewhere"}),
        json!({"sub": "reports"}),
        json!({"scope": ["read"]}),
        json!({"scope": "read  write"}),
        json!({"cnf": {}}),
        json!({"cnf": {"kid": "x"}}),
        json!({"act": "robot"}),
        json!({"act": {"sub": ""}}),
    ];
    for claims in wrong {
        is_refused(&issuer, &claims.to_string(), &issuer.token(claims.clone())).await;
    }
    assert_eq!(
        get(&issuer, "/open/x", &issuer.token(json!({})))
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_holds_at_one_app_opens_no_other() {
    let issuer = Issuer::usual().await;
    let mut wiki = (**issuer
        .house
        .tested
        .engine
        .view()
        .facts
        .app(&"wiki".parse().unwrap())
        .unwrap())
    .clone();
    wiki.routes[1].credential = gw_model::Credential::Bearer;
    let put = gw_model::Change::AppPut(std::sync::Arc::new(wiki));
    issuer.house.tested.change(vec![put]).await;
    let token = issuer.token(json!({}));
    assert_eq!(get(&issuer, "/open/x", &token).await.status, 200);
    // It is remembered by now, and is for this app as little as before.
    let authorization = format!("Bearer {token}");
    let headers = [("Host", "wiki.test"), ("Authorization", &*authorization)];
    assert_eq!(issuer.house.get("GET /api/x", &headers).await.status, 401);
    assert_eq!(issuer.house.upstream.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_published_no_more_opens_nothing_that_it_signed() {
    let issuer = Issuer::usual().await;
    let token = issuer.token(json!({}));
    assert_eq!(get(&issuer, "/open/x", &token).await.status, 200);
    let retired = gw_model::Change::KeyRetired {
        kid: issuer.signer.kid().into(),
    };
    issuer.house.tested.change(vec![retired]).await;
    assert_eq!(get(&issuer, "/open/x", &token).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_the_form_of_a_token_is_refused_at_once() {
    let issuer = Issuer::usual().await;
    let token = issuer.token(json!({}));
    let long = "a".repeat(16 * 1024);
    let padded = issuer.token(json!({"x": "y".repeat(7 * 1024)}));
    assert!(padded.len() > 8 * 1024);
    let changed = |at: usize| {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let signature = token.rfind('.').unwrap() + 1;
    let claims = token.find('.').unwrap() + 1;
    let twice = BASE64URL_NOPAD.encode(token.as_bytes());
    for (what, token) in [
        ("long", &*long),
        ("padded", &*padded),
        ("one part", "a"),
        ("two parts", "a.b"),
        ("four parts", "a.b.c.d"),
        ("empty parts", ".."),
        ("encoded twice", &*twice),
        ("another signature", &*changed(signature)),
        ("other claims", &*changed(claims + 20)),
        ("another header", &*changed(12)),
        ("equals signs", &*format!("{token}=")),
        ("a list", &*format!("{token},{token}")),
        ("two words", &*format!("{token} {token}")),
    ] {
        is_refused(&issuer, what, token).await;
    }
    let tab = format!("Bearer\t{token}");
    let answer = issuer
        .house
        .get("GET /open/x", &[API, ("Authorization", &*tab)])
        .await;
    assert_eq!(answer.status, 401);
}
