//! What tests make tokens with: one key of each kind, and headers and claims as they please.

use std::{collections::BTreeMap, sync::LazyLock};

use gw_model::Timestamp;
use serde_json::{Value, json};

use crate::{
    Algorithm, KeySet, KeyShape, Now, PrivateKey, PublicKey, Signer, TokenType, base64url,
};

/// The time of all tests.
pub(crate) const SECS: u64 = 1_800_000_000;
pub(crate) const NOW: Now = Now::at(Timestamp::from_secs(SECS));
pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const CLIENT: &str = "client-1";
pub(crate) const ALL: &[Algorithm] = &Algorithm::ALL;

static SIGNERS: LazyLock<BTreeMap<&'static str, Signer>> = LazyLock::new(signers);

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let rsa = public(&unnamed(signer(Algorithm::Rs256)));
    let others = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];
    let others = others.map(|one| public(signer(one).public_jwk()));
    [rsa].into_iter().chain(others).collect()
});

fn signers() -> BTreeMap<&'static str, Signer> {
    let make = |shape| PrivateKey::generate(shape).unwrap();
    let (rsa, p256) = (make(KeyShape::Rsa2048), make(KeyShape::P256));
    let (p384, ed) = (make(KeyShape::P384), make(KeyShape::Ed25519));
    let of = |algorithm| match algorithm {
        Algorithm::Es256 => &p256,
        Algorithm::Es384 => &p384,
        Algorithm::EdDsa => &ed,
        _ => &rsa,
    };
    let signer = |one: Algorithm| (one.name(), Signer::new(one, of(one)).unwrap());
    Algorithm::ALL.into_iter().map(signer).collect()
}

/// The signer of this algorithm; all of RSA's have one key.
pub(crate) fn signer(algorithm: Algorithm) -> &'static Signer {
    &SIGNERS[algorithm.name()]
}

/// The public halves of all signers, each for all algorithms of its type.
pub(crate) fn keys() -> &'static KeySet {
    &KEYS
}

pub(crate) fn public(jwk: &str) -> PublicKey {
    PublicKey::from_jwk(jwk.as_bytes()).unwrap()
}

/// A public key that names no algorithm.
pub(crate) fn unnamed(signer: &Signer) -> String {
    let mut jwk: Value = serde_json::from_str(signer.public_jwk()).unwrap();
    jwk.as_object_mut().unwrap().remove("alg");
    jwk.to_string()
}

pub(crate) fn jwk(signer: &Signer) -> Value {
    serde_json::from_str(signer.public_jwk()).unwrap()
}

/// What an ID token of [`ISSUER`] for [`CLIENT`] claims, and these members beside it; those that
/// are null are left away.
pub(crate) fn claims(more: Value) -> Value {
    let usual = json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "ana", "iat": SECS, "exp": SECS + 300,
    });
    with(usual, more)
}

pub(crate) fn with(mut members: Value, more: Value) -> Value {
    let object = members.as_object_mut().unwrap();
    let Value::Object(more) = more else {
        panic!("members are an object")
    };
    for (name, value) in more {
        if value.is_null() {
            object.remove(&name);
        } else {
            object.insert(name, value);
        }
    }
    members
}

/// A token that is what it says.
pub(crate) fn token(algorithm: Algorithm, token_type: TokenType, claims: &Value) -> String {
    signer(algorithm).sign(token_type, claims).unwrap()
}

/// A token with a genuine signature over any header and claims.
pub(crate) fn signed(algorithm: Algorithm, header: &str, claims: &str) -> String {
    let signer = signer(algorithm);
    signer
        .sign_parts(header.as_bytes(), claims.as_bytes())
        .unwrap()
}

/// A header with this key's id.
pub(crate) fn header(algorithm: Algorithm, more: Value) -> Value {
    let kid = signer(algorithm).kid();
    with(json!({ "alg": algorithm.name(), "kid": kid }), more)
}

/// A token of any three parts.
pub(crate) fn parts(header: &[u8], claims: &[u8], signature: &[u8]) -> String {
    let encoded = [header, claims, signature].map(base64url::encode);
    encoded.join(".")
}
