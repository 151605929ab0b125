//! Assertions: only what a published key signed holds.

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use data_encoding::BASE64URL_NOPAD;
use gw_model::{Change, Epoch, PublishedKey, Snapshot, Timestamp};
use serde_json::json;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_010);

/// A token that holds, and the facts with its key.
struct Genuine {
    parts: [String; 3],
    facts: Snapshot,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let header = json!({ "typ": "JWT", "alg": "ES256", "kid": "k1" });
    let claims = json!({
        "iss": "auth.example", "aud": "wiki", "sub": "u-1",
        "iat": 1_800_000_000, "exp": 1_800_000_060,
    });
    let encoded = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let (header, claims) = (encoded(header), encoded(claims));
    let signed = format!("{header}.{claims}");
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    let signature = BASE64URL_NOPAD.encode(signature.as_ref());
    let point = key.public_key().as_ref();
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k1",
        "x": BASE64URL_NOPAD.encode(&point[1..33]), "y": BASE64URL_NOPAD.encode(&point[33..]),
    });
    let published = |kid: &str, purpose: &str| {
        Change::KeyPublished(
            PublishedKey {
                kid: kid.into(),
                purpose: purpose.into(),
                jwk: jwk.to_string().into(),
                published_at: NOW,
                active_from: NOW,
                replaced_at: None,
            }
            .into(),
        )
    };
    let epoch = Epoch {
        incarnation: 1,
        number: 1,
    };
    let changes = [published("k1", "assertion"), published("k2", "other")];
    Genuine {
        parts: [header, claims, signature],
        facts: Snapshot::empty(Epoch::default())
            .apply(epoch, &changes)
            .unwrap(),
    }
});

/// A token in which `{h}`, `{c}` and `{s}` stand for the parts of one that holds.
pub(crate) fn assertion(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let [header, claims, signature] = &GENUINE.parts;
    let token = text
        .replacen("{h}", header, 1)
        .replacen("{c}", claims, 1)
        .replacen("{s}", signature, 1);
    let genuine = GENUINE.parts.join(".");
    let checks =
        gw_console::fuzzing::checks(&token, "wiki", "auth.example", "u-1", &GENUINE.facts, NOW);
    let signed = checks.first().is_some_and(|holds| *holds);
    assert_eq!(signed, token == genuine, "{token}");
    let all = checks.len() == 5 && checks.iter().all(|holds| *holds);
    assert_eq!(all, token == genuine, "{checks:?}");
}
