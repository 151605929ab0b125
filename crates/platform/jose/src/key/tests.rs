//! Which JWKs are keys here.

use serde_json::{Value, json};

use super::*;
use crate::{
    base64url,
    testing::{jwk, signer, with},
};

fn read(jwk: &Value) -> Result<PublicKey, KeyFault> {
    PublicKey::from_jwk(jwk.to_string().as_bytes())
}

fn rsa(more: Value) -> Result<PublicKey, KeyFault> {
    read(&with(jwk(signer(Algorithm::Rs256)), more))
}

fn p256(more: Value) -> Result<PublicKey, KeyFault> {
    read(&with(jwk(signer(Algorithm::Es256)), more))
}

/// A modulus of so many bits, odd.
fn modulus(bits: usize) -> String {
    let mut bytes = vec![0xff; bits.div_ceil(8)];
    bytes[0] = 0xff >> (bytes.len() * 8 - bits);
    base64url::encode(&bytes)
}

#[test]
fn a_key_is_for_the_algorithms_of_its_type_and_curve() {
    let of = |algorithm| {
        let key = with(jwk(signer(algorithm)), json!({ "alg": null }));
        read(&key).unwrap().algorithms().collect::<Vec<_>>()
    };
    assert_eq!(of(Algorithm::Rs256), Algorithm::ALL[..6]);
    assert_eq!(of(Algorithm::Es256), [Algorithm::Es256]);
    assert_eq!(of(Algorithm::Es384), [Algorithm::Es384]);
    assert_eq!(of(Algorithm::EdDsa), [Algorithm::EdDsa]);
}

#[test]
fn a_key_that_names_an_algorithm_is_for_that_alone() {
    let key = rsa(json!({ "alg": "PS384" })).unwrap();
    assert_eq!(key.algorithms().collect::<Vec<_>>(), [Algorithm::Ps384]);
    for other in ["ES256", "HS256", "none", "RSA-OAEP", "rs256", ""] {
        let named = rsa(json!({ "alg": other }));
        assert_eq!(named.err(), Some(KeyFault::Algorithm), "{other}");
    }
    let fully_specified = with(jwk(signer(Algorithm::EdDsa)), json!({ "alg": "Ed25519" }));
    assert!(read(&fully_specified).unwrap().fits(Algorithm::EdDsa));
}

#[test]
fn a_private_or_shared_key_verifies_nothing() {
    for member in PRIVATE {
        assert_eq!(
            rsa(json!({ member: "AQAB" })).err(),
            Some(KeyFault::Private)
        );
        assert_eq!(p256(json!({ member: 1 })).err(), Some(KeyFault::Private));
    }
    let shared = read(&json!({ "kty": "oct", "k": "c2VjcmV0" }));
    assert_eq!(shared.err(), Some(KeyFault::Private));
    let shared = read(&json!({ "kty": "oct" }));
    assert_eq!(shared.err(), Some(KeyFault::Type));
}

#[test]
fn a_key_for_something_else_verifies_nothing() {
    assert_eq!(rsa(json!({ "use": "enc" })).err(), Some(KeyFault::Use));
    let encrypts = rsa(json!({ "key_ops": ["encrypt"] }));
    assert_eq!(encrypts.err(), Some(KeyFault::Use));
    assert!(rsa(json!({ "key_ops": ["verify"], "use": null })).is_ok());
    let malformed = rsa(json!({ "key_ops": "verify" }));
    assert_eq!(malformed.err(), Some(KeyFault::Malformed("key_ops")));
}

#[test]
fn a_modulus_is_neither_short_nor_endless() {
    for bits in [512, 1024, 2040, 2047, 4097, 8192, 16384] {
        let other = rsa(json!({ "n": modulus(bits) }));
        assert_eq!(other.err(), Some(KeyFault::ModulusSize { bits }));
    }
    for bits in [RSA_BITS_MIN, RSA_BITS_MAX] {
        assert!(rsa(json!({ "n": modulus(bits) })).is_ok(), "{bits}");
    }
    let even = base64url::encode(&[0xfe; 256]);
    assert_eq!(rsa(json!({ "n": even })).err(), Some(KeyFault::Rejected));
}

#[test]
fn an_exponent_is_sane() {
    // One, three, two that are even, and two of more than 32 bits.
    for other in ["AQ", "Aw", "AQAA", "AQAC", "AQAAAAE", "____________"] {
        let key = rsa(json!({ "e": other }));
        assert_eq!(key.err(), Some(KeyFault::Exponent), "{other}");
    }
    for padded in ["AAEAAQ", "", "AA"] {
        let key = rsa(json!({ "e": padded }));
        assert_eq!(key.err(), Some(KeyFault::Malformed("e")), "{padded}");
    }
}

#[test]
fn a_point_that_is_not_on_the_curve_is_no_key() {
    let zero = base64url::encode(&[0; 32]);
    let off = p256(json!({ "x": zero, "y": zero }));
    assert_eq!(off.err(), Some(KeyFault::Rejected));
    let short = p256(json!({ "x": base64url::encode(&[1; 31]) }));
    assert_eq!(short.err(), Some(KeyFault::Malformed("x")));
    assert_eq!(
        p256(json!({ "y": null })).err(),
        Some(KeyFault::Missing("y"))
    );
    for curve in ["P-521", "secp256k1", "Ed25519", "p-256"] {
        assert_eq!(
            p256(json!({ "crv": curve })).err(),
            Some(KeyFault::Curve),
            "{curve}"
        );
    }
}

#[test]
fn a_member_of_another_kind_is_malformed() {
    for (member, value) in [
        ("n", json!(65_537)),
        ("kid", json!(7)),
        ("alg", json!(["RS256"])),
        ("use", json!({})),
    ] {
        let fault = rsa(json!({ member: value })).err().unwrap();
        assert_eq!(
            fault.to_string(),
            format!("the key's `{member}` is malformed")
        );
    }
    let endless = rsa(json!({ "kid": "k".repeat(KID_BYTES_MAX + 1) }));
    assert_eq!(endless.err(), Some(KeyFault::Malformed("kid")));
    let large = rsa(json!({ "x5c": ["A".repeat(JWK_BYTES_MAX)] }));
    assert_eq!(large.err(), Some(KeyFault::TooLarge));
    let twice = PublicKey::from_jwk(br#"{"kty":"RSA","kty":"EC"}"#);
    assert_eq!(twice.err(), Some(KeyFault::Json(JsonFault::Duplicate)));
}
