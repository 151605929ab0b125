//! Which keys of a document are used, and which one a header means.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::{jwk, signer, with};

fn document(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn rsa(more: Value) -> Value {
    let unnamed = with(jwk(signer(Algorithm::Rs256)), json!({ "alg": null }));
    with(unnamed, more)
}

fn p256(more: Value) -> Value {
    with(jwk(signer(Algorithm::Es256)), more)
}

#[test]
fn keys_of_no_use_are_skipped_and_told_of() {
    let keys = document(&[
        json!({ "kty": "oct", "k": "c2VjcmV0" }),
        rsa(json!({ "use": "enc" })),
        rsa(json!({ "kid": "good" })),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }),
        p256(json!({ "crv": "secp256k1" })),
        p256(json!({ "d": "AA" })),
        json!("not an object"),
        json!({}),
    ]);
    assert!(keys.knows("good"));
    assert_eq!(keys.keys().len(), 1);
    let skipped: Vec<_> = keys
        .skipped()
        .iter()
        .map(|one| (one.position, one.why.clone()))
        .collect();
    assert_eq!(
        skipped,
        [
            (0, KeyFault::Private),
            (1, KeyFault::Use),
            (3, KeyFault::Type),
            (4, KeyFault::Curve),
            (5, KeyFault::Private),
            (6, KeyFault::Json(JsonFault::NotAnObject)),
            (7, KeyFault::Missing("kty")),
        ]
    );
}

#[test]
fn what_is_no_document_is_refused() {
    let fault = |text: &str| KeySet::parse(text.as_bytes()).err();
    assert_eq!(fault("[]"), Some(KeySetFault::Json(JsonFault::NotAnObject)));
    assert_eq!(fault("{}"), Some(KeySetFault::NoKeys));
    assert_eq!(fault(r#"{"keys":{}}"#), Some(KeySetFault::NoKeys));
    let twice = r#"{"keys":[],"keys":[]}"#;
    assert_eq!(fault(twice), Some(KeySetFault::Json(JsonFault::Duplicate)));
    let many = json!({ "keys": vec![json!({}); KEYS_MAX + 1] }).to_string();
    assert_eq!(fault(&many), Some(KeySetFault::TooMany(KEYS_MAX + 1)));
    let large = format!(r#"{{"keys":[{}]}}"#, " ".repeat(KEY_SET_BYTES_MAX));
    assert_eq!(fault(&large), Some(KeySetFault::TooLarge));
    assert!(document(&[]).keys().is_empty());
}

#[test]
fn an_id_that_two_keys_of_one_algorithm_have_means_neither() {
    let keys = document(&[
        p256(json!({ "kid": "a" })),
        p256(json!({ "kid": "a" })),
        p256(json!({ "kid": "b" })),
    ]);
    assert_eq!(keys.ambiguous(), ["a"]);
    let fault = keys.choose(Some("a"), Algorithm::Es256).err().unwrap();
    assert!(matches!(fault, JwsFault::AmbiguousKey { kid: Some(_) }));
    assert!(!fault.needs_reload());
    assert!(keys.choose(Some("b"), Algorithm::Es256).is_ok());
}

#[test]
fn an_id_that_keys_of_different_algorithms_have_means_the_one_that_fits() {
    let keys = document(&[
        p256(json!({ "kid": "a" })),
        rsa(json!({ "kid": "a", "alg": "RS256" })),
    ]);
    assert!(keys.ambiguous().is_empty());
    let chosen = |algorithm| {
        keys.choose(Some("a"), algorithm)
            .map(|key| key.fits(algorithm))
    };
    assert_eq!(chosen(Algorithm::Es256), Ok(true));
    assert_eq!(chosen(Algorithm::Rs256), Ok(true));
    let fault = chosen(Algorithm::Ps256).unwrap_err();
    assert!(matches!(fault, JwsFault::OtherAlgorithm { .. }));
    assert!(!fault.needs_reload());
}

#[test]
fn without_an_id_there_is_only_one_key_that_fits() {
    let one = document(&[p256(json!({})), rsa(json!({}))]);
    assert!(one.choose(None, Algorithm::Es256).is_ok());
    assert!(one.choose(None, Algorithm::Ps512).is_ok());
    let none = one.choose(None, Algorithm::EdDsa).err().unwrap();
    assert!(none.needs_reload());
    let two = document(&[p256(json!({})), p256(json!({ "kid": "b" }))]);
    let several = two.choose(None, Algorithm::Es256).err();
    assert_eq!(several, Some(JwsFault::AmbiguousKey { kid: None }));
}

#[test]
fn an_unknown_id_asks_for_the_keys_of_now() {
    let keys = document(&[p256(json!({ "kid": null }))]);
    let fault = keys.choose(Some("new"), Algorithm::Es256).err().unwrap();
    assert_eq!(fault.to_string(), "no key has the id `new`");
    assert!(fault.needs_reload());
}

/// Members that keys have, with values that they may or may not have.
fn any_member() -> impl Strategy<Value = (String, Value)> {
    let name = prop::sample::select(vec![
        "kty", "crv", "x", "y", "n", "e", "d", "k", "kid", "use", "alg", "key_ops", "other",
    ]);
    let text = prop::sample::select(vec![
        "RSA", "EC", "OKP", "P-256", "P-384", "Ed25519", "AQAB", "sig", "enc", "ES256", "EdDSA",
        "", "AA",
    ]);
    let value = prop_oneof![
        text.prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..300)
            .prop_map(|bytes| crate::base64url::encode(&bytes).into()),
        any::<i32>().prop_map(Value::from),
        Just(json!(["verify"])),
        Just(Value::Null),
    ];
    (name.prop_map(str::to_owned), value)
}

proptest! {
    #[test]
    fn no_document_makes_it_stumble(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = KeySet::parse(&bytes);
    }

    #[test]
    fn every_key_of_a_document_is_read_or_told_of(
        keys in prop::collection::vec(prop::collection::vec(any_member(), 0..8), 0..6),
    ) {
        let listed: Vec<Value> = keys
            .into_iter()
            .map(|members| members.into_iter().collect::<Object>().into())
            .collect();
        let read = document(&listed);
        prop_assert_eq!(read.keys().len() + read.skipped().len(), listed.len());
        for key in read.keys() {
            prop_assert!(key.algorithms().next().is_some());
        }
    }
}
