//! What others sign: ID tokens, logout tokens, assertions of clients, proofs of possession, keys.
//!
//! In a text, `{t}` stands for a token that holds, and `{h}`, `{p}` and `{s}` for its header, its
//! claims and its signature.

use std::sync::LazyLock;

use gw_jose::{
    Algorithm, ClientAssertion, ClientAssertionRules, DpopProof, DpopRules, ExpectedNonce, IdToken,
    IdTokenRules, KeySet, KeyShape, LogoutToken, LogoutTokenRules, Now, PrivateKey, PublicKey,
    Signer, TokenType,
};
use gw_model::Timestamp;
use serde_json::{Value, json};

const NOW: Now = Now::at(Timestamp::from_secs(1_800_000_010));
const ISSUER: &str = "https://provider.example";
const US: &str = "https://auth.example";
const ALGORITHMS: &[Algorithm] = &[Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa];

/// A key, its public half, and a token of each kind that holds.
struct Genuine {
    signer: Signer,
    keys: KeySet,
    id_token: String,
    logout_token: String,
    assertion: String,
    proof: String,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let private = PrivateKey::generate(KeyShape::P256).unwrap();
    let signer = Signer::new(Algorithm::Es256, &private).unwrap();
    let sign = |kind, claims: Value| signer.sign(kind, &claims).unwrap();
    let (iat, exp) = (1_800_000_000, 1_800_000_300);
    Genuine {
        id_token: sign(
            TokenType::IdToken,
            json!({"iss": ISSUER, "aud": "us", "sub": "u", "iat": iat, "exp": exp, "nonce": "n"}),
        ),
        logout_token: sign(
            TokenType::LogoutToken,
            json!({"iss": ISSUER, "aud": "us", "sub": "u", "iat": iat, "exp": exp, "jti": "j",
                "events": {"http://schemas.openid.net/event/backchannel-logout": {}}}),
        ),
        assertion: sign(
            TokenType::ClientAssertion,
            json!({"iss": "app", "sub": "app", "aud": US, "iat": iat, "exp": exp, "jti": "j"}),
        ),
        proof: sign(
            TokenType::DpopProof,
            json!({"htm": "POST", "htu": "https://auth.example/oauth/token", "iat": iat, "jti": "j"}),
        ),
        keys: KeySet::from_iter([PublicKey::from_jwk(signer.public_jwk().as_bytes()).unwrap()]),
        signer,
    }
});

fn id_token(token: &str) -> Option<IdToken> {
    let rules = IdTokenRules {
        issuer: ISSUER,
        client_id: "us",
        trusted_audiences: &[],
        now: NOW,
        age_max: None,
        algorithms: ALGORITHMS,
        nonce: ExpectedNonce::Sent("n"),
        access_token: None,
        code: None,
        max_age: None,
        acr_values: &[],
    };
    IdToken::verify(token, &GENUINE.keys, &rules).ok()
}

fn logout_token(token: &str) -> Option<LogoutToken> {
    let rules = LogoutTokenRules {
        issuer: ISSUER,
        client_id: "us",
        now: NOW,
        algorithms: ALGORITHMS,
    };
    LogoutToken::verify(token, &GENUINE.keys, &rules).ok()
}

fn assertion(token: &str) -> Option<ClientAssertion> {
    let rules = ClientAssertionRules {
        client_id: "app",
        audiences: &[US],
        now: NOW,
        algorithms: ALGORITHMS,
    };
    ClientAssertion::verify(token, &GENUINE.keys, &rules).ok()
}

fn proof(token: &str) -> Option<DpopProof> {
    let rules = DpopRules {
        method: "POST",
        url: "https://auth.example/oauth/token",
        now: NOW,
        algorithms: ALGORITHMS,
        access_token: None,
        nonces: &[],
    };
    DpopProof::verify(token, &rules).ok()
}

/// The text with the parts of a token in their places.
fn filled(text: &str, token: &str) -> String {
    let mut parts = token.split('.');
    let mut text = text.replace("{t}", token);
    for name in ["{h}", "{p}", "{s}"] {
        text = text.replace(name, parts.next().unwrap());
    }
    text
}

/// A text made of a token's parts: nothing but the token that was signed holds, and it as nothing
/// but what it is.
pub(crate) fn tokens(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let genuine = &*GENUINE;
    for token in [
        &genuine.id_token,
        &genuine.logout_token,
        &genuine.assertion,
        &genuine.proof,
    ] {
        let made = filled(text, token);
        let is = |kind: &String| made == *kind;
        assert!(id_token(&made).is_none() || is(&genuine.id_token));
        assert!(logout_token(&made).is_none() || is(&genuine.logout_token));
        assert!(assertion(&made).is_none() || is(&genuine.assertion));
        assert!(proof(&made).is_none() || is(&genuine.proof));
    }
}

/// Claims that a key signed which is believed: they say what they must, each kind of its own.
pub(crate) fn claims(data: &[u8]) {
    let Ok(claims) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let signed = |kind| GENUINE.signer.sign(kind, &claims).unwrap();
    if let Some(read) = id_token(&signed(TokenType::IdToken)) {
        assert_eq!(
            (&claims["iss"], &claims["nonce"]),
            (&json!(ISSUER), &json!("n"))
        );
        assert!(claims.get("events").is_none() && !read.subject.is_empty());
    }
    if let Some(read) = logout_token(&signed(TokenType::LogoutToken)) {
        assert!(claims.get("nonce").is_none() && claims["iss"] == ISSUER);
        assert!(read.subject.is_some() || read.sid.is_some());
        assert!(read.remember_until > read.issued_at);
    }
    if let Some(read) = assertion(&signed(TokenType::ClientAssertion)) {
        assert!(claims["iss"] == "app" && claims["sub"] == "app");
        assert!(!read.id.is_empty() && read.remember_until >= read.expires);
    }
    if let Some(read) = proof(&signed(TokenType::DpopProof)) {
        assert!(claims["htm"] == "POST" && !read.id.is_empty());
        assert_eq!(&read.key, GENUINE.keys.keys()[0].thumbprint());
    }
}

/// A set of keys: what is used has its bounds, and reading it again tells the same.
pub(crate) fn key_set(data: &[u8]) {
    let Ok(set) = KeySet::parse(data) else {
        return;
    };
    let again = KeySet::parse(data).unwrap();
    assert!(
        set.skipped()
            .iter()
            .all(|skipped| skipped.position < gw_jose::KEYS_MAX)
    );
    assert!(set.keys().len() + set.skipped().len() <= gw_jose::KEYS_MAX);
    let names =
        |set: &KeySet| -> Vec<_> { set.keys().iter().map(|key| *key.thumbprint()).collect() };
    assert_eq!(names(&set), names(&again));
    for key in set.keys() {
        assert!(key.algorithms().all(|one| key.fits(one)));
        assert!(key.kid().is_none_or(|kid| set.knows(kid)));
    }
}
