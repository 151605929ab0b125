//! Attacks on which key is believed.

use serde_json::json;

use super::*;
use crate::{
    KeyShape, PrivateKey, Signer,
    testing::{header, jwk, public, signer, with},
};

fn stranger() -> Signer {
    Signer::new(
        Algorithm::Es256,
        &PrivateKey::generate(KeyShape::P256).unwrap(),
    )
    .unwrap()
}

fn by(signer: &Signer, header: &Value) -> String {
    let (header, claims) = (header.to_string(), mallory().to_string());
    signer
        .sign_parts(header.as_bytes(), claims.as_bytes())
        .unwrap()
}

#[test]
fn a_key_or_an_address_in_the_header_is_not_believed() {
    let stranger = stranger();
    for (member, value) in [
        ("jwk", jwk(&stranger)),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t#S256", json!(stranger.kid())),
    ] {
        let own_id = json!({ "alg": "ES256", "kid": stranger.kid(), member: value });
        let fault = attempt(&by(&stranger, &own_id)).unwrap_err();
        assert!(matches!(fault, JwsFault::UnknownKey { .. }), "{member}");
        let no_id = with(own_id.clone(), json!({ "kid": null }));
        let found = attempt(&by(&stranger, &no_id));
        assert_eq!(
            found,
            Err(JwsFault::Signature { by_kid: false }),
            "{member}"
        );
        let known = with(own_id, json!({ "kid": signer(Algorithm::Es256).kid() }));
        assert_eq!(attempt(&by(&stranger, &known)), Err(SIGNATURE), "{member}");
    }
}

#[test]
fn what_one_key_signed_is_not_of_the_key_that_it_names() {
    let (one, other) = (stranger(), stranger());
    let keys = KeySet::from_iter([public(one.public_jwk()), public(other.public_jwk())]);
    let confused = json!({ "alg": "ES256", "kid": other.kid() });
    assert_eq!(attempt_with(&by(&one, &confused), &keys), Err(SIGNATURE));
    let unnamed = json!({ "alg": "ES256" });
    let found = attempt_with(&by(&one, &unnamed), &keys);
    assert_eq!(found, Err(JwsFault::AmbiguousKey { kid: None }));
}

#[test]
fn an_id_that_a_second_key_has_taken_is_of_neither() {
    let (one, other) = (stranger(), stranger());
    let renamed = with(jwk(&other), json!({ "kid": one.kid() })).to_string();
    let keys = KeySet::from_iter([public(one.public_jwk()), public(&renamed)]);
    let named = json!({ "alg": "ES256", "kid": one.kid() });
    for signer in [&one, &other] {
        let fault = attempt_with(&by(signer, &named), &keys).unwrap_err();
        assert!(matches!(fault, JwsFault::AmbiguousKey { kid: Some(_) }));
    }
}

#[test]
fn an_id_is_a_text_and_no_path_or_query() {
    let es256 = Algorithm::Es256;
    for kid in [
        json!("../../dev/null"),
        json!("' or 1=1 --"),
        json!(""),
        json!("k".repeat(200)),
    ] {
        let fault = attempt(&by(signer(es256), &header(es256, json!({ "kid": kid })))).unwrap_err();
        assert!(
            matches!(fault, JwsFault::UnknownKey { kid: Some(_) }),
            "{fault}"
        );
        assert!(fault.needs_reload());
    }
    for kid in [json!(7), json!(["a"]), json!({}), json!("k".repeat(257))] {
        let found = attempt(&by(signer(es256), &header(es256, json!({ "kid": kid }))));
        assert_eq!(found, Err(JwsFault::Header("kid")));
    }
}

#[test]
fn with_no_keys_nothing_holds() {
    let none = KeySet::default();
    let token = by(
        signer(Algorithm::Es256),
        &header(Algorithm::Es256, json!({})),
    );
    let fault = attempt_with(&token, &none).unwrap_err();
    assert!(matches!(fault, JwsFault::UnknownKey { .. }));
}
