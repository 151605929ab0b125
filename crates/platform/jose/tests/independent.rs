//! Tokens that other implementations made hold here: npm's `jose` and `dpop` (WebCrypto of Node),
//! and PyPI's `PyJWT` (OpenSSL of `cryptography`). Only public keys and tokens are kept of them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says by panicking what it cannot read"
)]

use gw_jose::{
    Algorithm, DpopProof, DpopRules, ExpectedNonce, IdToken, IdTokenRules, KeySet, Now, Thumbprint,
};
use gw_model::Timestamp;
use serde_json::Value;

const OF_JOSE: &str = include_str!("vectors/jose.json");
const OF_PYJWT: &str = include_str!("vectors/pyjwt.json");

struct Vectors(Value);

impl Vectors {
    fn read(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap())
    }

    fn keys(&self) -> KeySet {
        KeySet::parse(self.0["keys"].to_string().as_bytes()).unwrap()
    }

    fn tokens(&self) -> impl Iterator<Item = (Algorithm, &str)> {
        let tokens = self.0["tokens"].as_array().unwrap();
        tokens.iter().map(|one| {
            let algorithm = Algorithm::of_name(one["alg"].as_str().unwrap()).unwrap();
            (algorithm, one["token"].as_str().unwrap())
        })
    }

    fn rules<'a>(&'a self, algorithms: &'a [Algorithm]) -> IdTokenRules<'a> {
        IdTokenRules {
            issuer: "https://issuer.example",
            client_id: "client-1",
            trusted_audiences: &[],
            now: Now::at(Timestamp::from_secs(1_800_000_010)),
            age_max: None,
            algorithms,
            nonce: ExpectedNonce::Sent("n-1"),
            access_token: self.0["access_token"].as_str(),
            code: self.0["code"].as_str(),
            max_age: Some(std::time::Duration::from_secs(60)),
            acr_values: &[],
        }
    }
}

fn hold(text: &str) {
    let vectors = Vectors::read(text);
    let keys = vectors.keys();
    assert!(keys.skipped().is_empty(), "{:?}", keys.skipped());
    let mut algorithms = Vec::new();
    for (algorithm, token) in vectors.tokens() {
        let only = [algorithm];
        let read = IdToken::verify(token, &keys, &vectors.rules(&only));
        assert_eq!(read.unwrap().subject, "ana", "{algorithm}");
        let all_others = Algorithm::ALL.map(|one| if one == algorithm { other(one) } else { one });
        assert!(IdToken::verify(token, &keys, &vectors.rules(&all_others)).is_err());
        algorithms.push(algorithm);
    }
    assert_eq!(algorithms, Algorithm::ALL);
}

fn other(algorithm: Algorithm) -> Algorithm {
    match algorithm {
        Algorithm::Rs256 => Algorithm::Ps256,
        _ => Algorithm::Rs256,
    }
}

#[test]
fn id_tokens_of_npm_jose_hold_by_every_algorithm() {
    hold(OF_JOSE);
}

#[test]
fn id_tokens_of_pyjwt_hold_by_every_algorithm() {
    hold(OF_PYJWT);
}

#[test]
fn the_ids_that_npm_jose_gives_keys_are_their_thumbprints_here() {
    for key in Vectors::read(OF_JOSE).keys().keys() {
        assert_eq!(key.kid(), Some(key.thumbprint().to_string().as_str()));
    }
}

#[test]
fn proofs_of_npm_dpop_hold_and_have_the_thumbprint_that_it_says() {
    let vectors = Vectors::read(OF_JOSE);
    let proofs = vectors.0["proofs"].as_array().unwrap();
    assert_eq!(proofs.len(), 4);
    for one in proofs {
        let made = Timestamp::from_secs(one["iat"].as_u64().unwrap());
        let rules = DpopRules {
            method: "GET",
            url: "https://API.example:443/orders",
            now: Now::at(made),
            algorithms: &Algorithm::ALL,
            access_token: vectors.0["access_token"].as_str(),
            nonces: &["an-older-nonce", "a-nonce"],
        };
        let proof = DpopProof::verify(one["proof"].as_str().unwrap(), &rules).unwrap();
        assert_eq!(
            Some(proof.key),
            Thumbprint::parse(one["jkt"].as_str().unwrap())
        );
    }
}
