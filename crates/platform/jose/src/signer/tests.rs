//! What is made here holds here.

use serde_json::json;

use super::*;
use crate::{
    DpopProof, DpopRules, KeySet, KeyShape,
    testing::{ALL, NOW, SECS, jwk, public, signer},
    verify,
};

#[test]
fn what_is_signed_holds_by_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let signer = signer(algorithm);
        let keys = KeySet::from_iter([public(signer.public_jwk())]);
        let token = signer
            .sign(TokenType::AccessToken, &json!({ "sub": "ana" }))
            .unwrap();
        let verified = verify(&token, &keys, &[algorithm], TokenType::AccessToken).unwrap();
        assert_eq!(verified.claims.text("sub"), Ok(Some("ana")));
        assert_eq!(verified.key.to_string(), signer.kid());
    }
}

#[test]
fn a_proof_carries_its_key() {
    let rules = DpopRules {
        method: "GET",
        url: "https://api.example/",
        now: NOW,
        algorithms: ALL,
        access_token: None,
        nonces: &[],
    };
    let claims = json!({ "htm": "GET", "htu": rules.url, "iat": SECS, "jti": "p-1" });
    for algorithm in Algorithm::ALL {
        let signer = signer(algorithm);
        let proof = signer.sign(TokenType::DpopProof, &claims).unwrap();
        let proof = DpopProof::verify(&proof, &rules).unwrap();
        assert_eq!(proof.key.to_string(), signer.kid());
    }
}

#[test]
fn a_key_is_named_by_its_thumbprint_and_keeps_it() {
    for (shape, algorithm) in [
        (KeyShape::P256, Algorithm::Es256),
        (KeyShape::Ed25519, Algorithm::EdDsa),
        (KeyShape::Rsa3072, Algorithm::Rs256),
    ] {
        let key = PrivateKey::generate(shape).unwrap();
        let signer = Signer::new(algorithm, &key).unwrap();
        let kept = PrivateKey::from_pkcs8(key.expose_pkcs8().to_vec());
        let again = Signer::new(algorithm, &kept).unwrap();
        assert_eq!(signer.public_jwk(), again.public_jwk());
        let public = public(signer.public_jwk());
        assert_eq!(public.kid(), Some(signer.kid()));
        assert_eq!(public.thumbprint().to_string(), signer.kid());
        assert_eq!(public.algorithms().collect::<Vec<_>>(), [algorithm]);
        assert_eq!(jwk(&signer)["use"], "sig");
    }
}

#[test]
fn a_key_is_not_for_another_algorithm() {
    let key = PrivateKey::generate(KeyShape::P256).unwrap();
    for other in ALL.iter().filter(|one| **one != Algorithm::Es256) {
        assert!(matches!(Signer::new(*other, &key), Err(SignFault::Key(one)) if one == *other));
    }
    let nothing = PrivateKey::from_pkcs8(b"no key".to_vec());
    assert!(Signer::new(Algorithm::Es256, &nothing).is_err());
}

#[test]
fn nothing_private_is_shown() {
    let key = PrivateKey::generate(KeyShape::Ed25519).unwrap();
    let signer = Signer::new(Algorithm::EdDsa, &key).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey([redacted])");
    assert!(!format!("{signer:?}").contains("pair"));
    assert!(signer.public_jwk().find("\"d\"").is_none());
}
