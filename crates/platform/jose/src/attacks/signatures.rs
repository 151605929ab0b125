//! Attacks on the algorithm and on the signature itself.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    base64url,
    testing::{claims, header, jwk, public, signed, signer, token, with},
};

#[test]
fn algorithm_none_in_any_case_does_not_exist() {
    for name in ["none", "None", "NONE", "nOnE", " none", "none\0", ""] {
        for signature in [&[][..], &[0; 64]] {
            let token = forged(&json!({ "alg": name }), signature);
            let fault = attempt(&token).unwrap_err();
            let expected = signature.is_empty() && fault == JwsFault::Parts;
            let unknown = matches!(fault, JwsFault::UnknownAlgorithm(_));
            assert!(expected || unknown, "{name}: {fault}");
        }
    }
}

#[test]
fn hs256_with_the_public_key_as_its_secret_does_not_exist() {
    for algorithm in KINDS {
        let public = signer(algorithm).public_jwk();
        let header = json!({ "alg": "HS256", "kid": signer(algorithm).kid() });
        let encoded = forged(&header, &[]);
        let encoded = encoded.strip_suffix('.').unwrap();
        let mac = sign(
            &Key::new(HMAC_SHA256, public.as_bytes()),
            encoded.as_bytes(),
        );
        let token = format!("{encoded}.{}", base64url::encode(mac.as_ref()));
        let fault = attempt(&token).unwrap_err();
        assert_eq!(fault.to_string(), "the algorithm `HS256` is not supported");
    }
}

#[test]
fn a_signature_by_one_algorithm_is_not_one_by_another() {
    for made in Algorithm::ALL {
        for told in Algorithm::ALL {
            let header = header(made, json!({ "alg": told.name() }));
            let token = signed(made, &header.to_string(), &mallory().to_string());
            let found = attempt(&token);
            let kid = signer(made).kid();
            let expected = match keys().choose(Some(kid), told) {
                _ if made == told => Ok(Claims::new(mallory().as_object().unwrap().clone())),
                Ok(_) => Err(SIGNATURE),
                Err(other) => Err(other),
            };
            assert_eq!(found, expected, "{made} told to be {told}");
        }
    }
}

#[test]
fn a_key_that_names_its_algorithm_takes_no_other_of_its_type() {
    let only = with(jwk(signer(Algorithm::Rs256)), json!({ "alg": "PS256" }));
    let keys = KeySet::from_iter([public(&only.to_string())]);
    let other = token(Algorithm::Rs256, TokenType::Jwt, &mallory());
    let fault = attempt_with(&other, &keys).unwrap_err();
    assert!(matches!(
        fault,
        JwsFault::OtherAlgorithm {
            algorithm: Algorithm::Rs256,
            ..
        }
    ));
    assert!(attempt_with(&token(Algorithm::Ps256, TokenType::Jwt, &mallory()), &keys).is_ok());
}

#[test]
fn an_algorithm_that_the_caller_did_not_name_is_refused() {
    let token = token(Algorithm::Rs256, TokenType::Jwt, &mallory());
    let found = verify(
        &token,
        keys(),
        &[Algorithm::Es256, Algorithm::Ps256],
        TokenType::Jwt,
    );
    assert_eq!(found.err(), Some(JwsFault::Algorithm(Algorithm::Rs256)));
    let found = verify(&token, keys(), &[], TokenType::Jwt);
    assert_eq!(found.err(), Some(JwsFault::Algorithm(Algorithm::Rs256)));
}

#[test]
fn ecdsa_with_r_and_s_of_nought_is_refused() {
    for (algorithm, bytes) in [(Algorithm::Es256, 64), (Algorithm::Es384, 96)] {
        let mut signatures = vec![vec![0; bytes], vec![0xff; bytes]];
        let mut one = vec![0; bytes];
        one[bytes / 2 - 1] = 1;
        one[bytes - 1] = 1;
        signatures.push(one);
        for signature in signatures {
            let token = forged(&header(algorithm, json!({})), &signature);
            assert_eq!(attempt(&token), Err(SIGNATURE));
        }
    }
}

#[test]
fn a_signature_of_another_length_is_refused() {
    for algorithm in KINDS {
        let genuine = token(algorithm, TokenType::Jwt, &mallory());
        let (signed, signature) = genuine.rsplit_once('.').unwrap();
        let bytes = base64url::decode(signature).unwrap();
        let padded = [&bytes[..], &[0]].concat();
        let led = [&[0], &bytes[..]].concat();
        let twice = [&bytes[..], &bytes[..]].concat();
        for other in [
            &padded,
            &led,
            &twice,
            &bytes[..bytes.len() - 1],
            &bytes[..1],
        ] {
            let token = format!("{signed}.{}", base64url::encode(other));
            assert_eq!(attempt(&token), Err(SIGNATURE), "{algorithm}");
        }
        assert!(attempt(&genuine).is_ok());
    }
}

#[test]
fn ecdsa_in_der_is_refused() {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
    };
    let key = crate::PrivateKey::generate(crate::KeyShape::P256).unwrap();
    let keys = crate::Signer::new(Algorithm::Es256, &key).unwrap();
    let keys = KeySet::from_iter([public(keys.public_jwk())]);
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.expose_pkcs8());
    let encoded = forged(&json!({ "alg": "ES256" }), &[]);
    let encoded = encoded.strip_suffix('.').unwrap();
    let der = pair
        .unwrap()
        .sign(&SystemRandom::new(), encoded.as_bytes())
        .unwrap();
    let token = format!("{encoded}.{}", base64url::encode(der.as_ref()));
    assert_eq!(
        attempt_with(&token, &keys),
        Err(JwsFault::Signature { by_kid: false })
    );
}

#[test]
fn nought_of_every_length_signs_nothing() {
    for algorithm in Algorithm::ALL {
        for bytes in LENGTHS {
            let token = forged(&header(algorithm, json!({})), &vec![0; bytes]);
            assert_eq!(attempt(&token), Err(SIGNATURE));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_token_with_one_character_changed_is_refused(
        kind in 0..KINDS.len(), at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.=-]",
    ) {
        let genuine = token(KINDS[kind], TokenType::Jwt, &claims(json!({})));
        let at = at.index(genuine.len());
        let mut other = genuine.clone();
        other.replace_range(at..=at, &to);
        prop_assert_eq!(attempt(&other).is_ok(), other == genuine);
    }
}
