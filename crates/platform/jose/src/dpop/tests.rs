//! Proofs that are for another request, another token, another key, or another time.

use serde_json::{Value, json};

use super::*;
use crate::{
    SeenKey, SeenOnce, Sighting,
    testing::{ALL, NOW, SECS, jwk, signed, signer, with},
};

const URL: &str = "https://api.example/orders";
const RULES: DpopRules<'static> = DpopRules {
    method: "POST",
    url: URL,
    now: NOW,
    algorithms: ALL,
    access_token: None,
    nonces: &[],
};

fn proof_of(algorithm: Algorithm, header: Value, claims: Value) -> String {
    let mut key = jwk(signer(algorithm));
    for member in ["kid", "use", "alg"] {
        key.as_object_mut().unwrap().remove(member);
    }
    let usual = json!({ "typ": "dpop+jwt", "alg": algorithm.name(), "jwk": key });
    let claimed = json!({ "htm": "POST", "htu": URL, "iat": SECS, "jti": "p-1" });
    let (header, claims) = (with(usual, header), with(claimed, claims));
    signed(algorithm, &header.to_string(), &claims.to_string())
}

fn verify_with(claims: Value, rules: &DpopRules<'_>) -> Result<DpopProof, DpopFault> {
    DpopProof::verify(&proof_of(Algorithm::Es256, json!({}), claims), rules)
}

fn headed(header: Value) -> Result<DpopProof, DpopFault> {
    DpopProof::verify(&proof_of(Algorithm::Es256, header, json!({})), &RULES)
}

fn refused(claims: Value, rules: &DpopRules<'_>) -> String {
    verify_with(claims, rules).unwrap_err().to_string()
}

#[test]
fn a_proof_by_any_kind_of_key_proves_that_key() {
    for algorithm in Algorithm::ALL {
        let proof = DpopProof::verify(&proof_of(algorithm, json!({}), json!({})), &RULES).unwrap();
        assert_eq!(proof.key.to_string(), signer(algorithm).kid());
    }
}

#[test]
fn a_proof_for_another_method_is_refused() {
    for other in ["GET", "post", "POST "] {
        assert_eq!(
            refused(json!({ "htm": other }), &RULES),
            "claim `htm` is not what was expected"
        );
    }
    assert_eq!(
        refused(json!({ "htm": null }), &RULES),
        "claim `htm` is missing"
    );
}

#[test]
fn a_proof_for_another_address_is_refused() {
    for other in [
        "https://api.example/orders/",
        "https://api.example/Orders",
        "http://api.example/orders",
        "https://api.example:8443/orders",
        "https://other.example/orders",
        "https://api.example/",
    ] {
        assert_eq!(
            refused(json!({ "htu": other }), &RULES),
            "claim `htu` is not what was expected"
        );
    }
    assert_eq!(
        refused(json!({ "htu": "/orders" }), &RULES),
        "claim `htu` is malformed"
    );
    let same = json!({ "htu": "HTTPS://API.example:443/%6frders?page=2#top" });
    assert!(verify_with(same, &RULES).is_ok());
}

#[test]
fn a_proof_that_is_replayed_is_seen() {
    let mut seen = SeenOnce::with_capacity(8);
    let mut see = |at: u64| {
        let rules = DpopRules {
            now: Now::at(Timestamp::from_secs(at)),
            ..RULES
        };
        let proof = verify_with(json!({}), &rules)?;
        let key = SeenKey::new("dpop", &proof.key.to_string(), &proof.id);
        Ok(seen.see(key, proof.remember_until, rules.now.timestamp()))
    };
    assert_eq!(see(SECS), Ok(Sighting::First));
    let last = SECS + DPOP_AGE_MAX.as_secs() + crate::LEEWAY.as_secs() - 1;
    for later in [SECS, SECS + 1, last] {
        assert_eq!(see(later), Ok(Sighting::Again));
    }
    let over: Result<Sighting, DpopFault> = Err(ClaimProblem::TooOld.of("iat").into());
    assert_eq!(see(last + 1), over);
}

#[test]
fn a_proof_of_another_time_is_refused() {
    assert_eq!(
        refused(json!({ "iat": SECS - 90 }), &RULES),
        "claim `iat` is too long ago"
    );
    assert_eq!(
        refused(json!({ "iat": SECS + 31 }), &RULES),
        "claim `iat` is yet to come"
    );
    assert_eq!(
        refused(json!({ "iat": null }), &RULES),
        "claim `iat` is missing"
    );
    assert_eq!(
        refused(json!({ "jti": null }), &RULES),
        "claim `jti` is missing"
    );
    assert_eq!(
        refused(json!({ "jti": "j".repeat(257) }), &RULES),
        "claim `jti` is malformed"
    );
}

#[test]
fn a_proof_for_another_token_or_for_none_is_refused() {
    // RFC 9449, 7.1.
    let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    let rules = DpopRules {
        access_token: Some(token),
        ..RULES
    };
    let ath = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
    assert!(verify_with(json!({ "ath": ath }), &rules).is_ok());
    assert_eq!(refused(json!({}), &rules), "claim `ath` is missing");
    let other = DpopRules {
        access_token: Some("another"),
        ..RULES
    };
    assert_eq!(
        refused(json!({ "ath": ath }), &other),
        "claim `ath` is not what was expected"
    );
}

#[test]
fn a_proof_without_a_nonce_that_is_good_now_is_told_so() {
    let rules = DpopRules {
        nonces: &["n-2", "n-1"],
        ..RULES
    };
    assert!(verify_with(json!({ "nonce": "n-1" }), &rules).is_ok());
    for other in [json!({}), json!({ "nonce": "n-0" })] {
        assert_eq!(verify_with(other, &rules), Err(DpopFault::Nonce));
    }
    assert!(verify_with(json!({ "nonce": "whatever" }), &RULES).is_ok());
}

#[test]
fn a_proof_with_a_private_key_in_it_is_refused() {
    let with_private = with(jwk(signer(Algorithm::Es256)), json!({ "d": "AA" }));
    assert_eq!(
        headed(json!({ "jwk": with_private })),
        Err(KeyFault::Private.into())
    );
    let shared = json!({ "kty": "oct", "k": "c2VjcmV0" });
    assert_eq!(
        headed(json!({ "jwk": shared })),
        Err(KeyFault::Private.into())
    );
}

#[test]
fn a_proof_is_by_the_key_that_it_carries() {
    let others = jwk(signer(Algorithm::EdDsa));
    assert_eq!(
        headed(json!({ "jwk": others })),
        Err(KeyFault::Algorithm.into())
    );
    let stranger = crate::PrivateKey::generate(crate::KeyShape::P256).unwrap();
    let stranger = crate::Signer::new(Algorithm::Es256, &stranger).unwrap();
    let fault = headed(json!({ "jwk": jwk(&stranger) })).unwrap_err();
    assert!(matches!(fault, DpopFault::Jws(JwsFault::Signature { .. })));
    for none in [json!(null), json!("text"), json!([])] {
        assert_eq!(
            headed(json!({ "jwk": none })),
            Err(JwsFault::Header("jwk").into())
        );
    }
}

#[test]
fn a_proof_says_that_it_is_one() {
    for typ in [json!(null), json!("JWT"), json!("at+jwt")] {
        assert!(headed(json!({ "typ": typ })).is_err());
    }
}
