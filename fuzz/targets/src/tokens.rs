//! Access tokens: how a request brings one, and what one must say.

use std::{sync::LazyLock, time::Duration};

use gw_jose::{
    AccessToken, AccessTokenRules, Algorithm, Expectations, KeySet, KeyShape, Now, PrivateKey,
    PublicKey, Signer, TokenType,
};
use gw_model::Timestamp;
use gw_oauth::{ACTORS_MAX, Actor, PresentedAccessToken, ResourceRefusal, Scheme};
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::input;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_010);
const ISSUER: &str = "https://auth.example";
const RESOURCE: &str = "https://api.example";

/// A key, its public half, and a token that holds.
struct Genuine {
    signer: Signer,
    keys: KeySet,
    token: String,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let private = PrivateKey::generate(KeyShape::P256).unwrap();
    let signer = Signer::new(Algorithm::Es256, &private).unwrap();
    let public = PublicKey::from_jwk(signer.public_jwk().as_bytes()).unwrap();
    let claims = json!({
        "iss": ISSUER, "aud": RESOURCE, "sub": "u-1", "client_id": "c", "jti": "t",
        "iat": 1_800_000_000, "exp": 1_800_000_300,
    });
    Genuine {
        token: signer.sign(TokenType::AccessToken, &claims).unwrap(),
        keys: KeySet::from_iter([public]),
        signer,
    }
});

fn verify(token: &str) -> Option<AccessToken> {
    let rules = AccessTokenRules {
        expectations: Expectations {
            issuer: ISSUER,
            audiences: &[RESOURCE],
            now: Now::at(NOW),
            age_max: None,
        },
        algorithms: &[Algorithm::Es256],
    };
    AccessToken::verify(token, &GENUINE.keys, &rules).ok()
}

/// A query, and lines of headers, in which `{t}` stands for a token that holds.
pub(crate) fn access_token(data: &[u8]) {
    let text = String::from_utf8_lossy(data).replace("{t}", &GENUINE.token);
    let (query, rest) = input::first_text(text.as_bytes());
    let headers = input::headers(rest);
    let brought = headers.get_all(AUTHORIZATION).iter().count();
    let read = PresentedAccessToken::read(&headers, Some(query), None);
    let presented = match read {
        Ok(presented) => presented,
        Err(why) => {
            assert!(why == ResourceRefusal::NoToken || why.code().is_some());
            return;
        }
    };
    assert_eq!(brought, 1, "one header");
    let mut pairs = query.split('&');
    assert!(
        !pairs.any(|pair| pair.starts_with("access_token=")),
        "none in the query"
    );
    let value = headers[AUTHORIZATION].to_str().unwrap();
    let (scheme, token) = value.split_once(' ').unwrap();
    assert_eq!(token, presented.token, "all that stands behind the scheme");
    let name = match presented.scheme {
        Scheme::Bearer => "bearer",
        Scheme::Dpop => "dpop",
    };
    assert!(scheme.eq_ignore_ascii_case(name));
    if verify(presented.token).is_some() {
        assert_eq!(presented.token, GENUINE.token, "nothing else holds");
    }
}

/// Claims as JSON, signed by the key that tokens are signed by.
pub(crate) fn claims(data: &[u8]) {
    let Ok(claims) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let token = GENUINE
        .signer
        .sign(TokenType::AccessToken, &claims)
        .unwrap();
    let Some(read) = verify(&token) else {
        return;
    };
    assert_eq!(claims["iss"], ISSUER);
    let is_ours = |aud: &Value| *aud == RESOURCE;
    assert!(is_ours(&claims["aud"]) || claims["aud"].as_array().unwrap().iter().any(is_ours));
    let leeway = Duration::from_secs(30);
    assert!(read.expires.after(leeway) > NOW && read.issued_at <= NOW.after(leeway));
    assert!(!read.subject.is_empty() && !read.client_id.is_empty() && !read.id.is_empty());
    let mut once = read.scopes.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), read.scopes.len(), "each scope once");
    if let Some(bound) = read.confirmation {
        assert!(!bound.is_met_by(None, None), "what is bound needs a proof");
    }
    match Actor::of(&read.claims) {
        Ok(None) => assert!(claims.get("act").is_none()),
        Ok(Some(actor)) => assert!(actor.iter().count() <= ACTORS_MAX),
        Err(_) => assert!(claims.get("act").is_some()),
    }
}
