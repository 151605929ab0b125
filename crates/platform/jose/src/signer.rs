//! Making tokens: a private key, ready to sign, and its public half for verifiers.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
    },
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Algorithm, KeyFault, PrivateKey, PublicKey, TokenType, base64url};

/// Why a token is not made.
#[derive(Debug, thiserror::Error)]
pub enum SignFault {
    /// The bytes are no key of the kind that the algorithm needs.
    #[error("the private key is not one for `{0}`")]
    Key(Algorithm),
    /// Its public half would not be accepted by who verifies here.
    #[error("the public key is refused: {0}")]
    Public(#[from] KeyFault),
    /// The claims are no JSON.
    #[error("the claims cannot be written")]
    Claims(#[source] serde_json::Error),
    /// The library refused.
    #[error("nothing could be signed by `{0}`")]
    Sign(Algorithm),
}

/// A private key for one algorithm, parsed once. Its id is its RFC 7638 thumbprint.
pub struct Signer {
    algorithm: Algorithm,
    pair: Pair,
    kid: String,
    public_jwk: String,
    /// The public key's own members, as a proof carries it.
    bare_jwk: String,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl Signer {
    /// Of a key that was kept.
    ///
    /// # Errors
    /// Where it is not a key for this algorithm, or one that [`PublicKey`] would refuse.
    pub fn new(algorithm: Algorithm, key: &PrivateKey) -> Result<Self, SignFault> {
        let pair = Pair::read(algorithm, key.expose_pkcs8()).ok_or(SignFault::Key(algorithm))?;
        let mut members = pair.public(algorithm).ok_or(SignFault::Key(algorithm))?;
        let public = PublicKey::from_members(&members)?;
        let kid = public.thumbprint().to_string();
        let bare_jwk = Value::Object(members.clone()).to_string();
        for (name, value) in [("alg", algorithm.name()), ("use", "sig"), ("kid", &kid)] {
            members.insert(name.to_owned(), Value::from(value));
        }
        Ok(Self {
            algorithm,
            pair,
            kid,
            public_jwk: Value::Object(members).to_string(),
            bare_jwk,
        })
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's id: its RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key for verifiers, a JWK with `alg`, `use` and `kid`, as JSON.
    pub fn public_jwk(&self) -> &str {
        &self.public_jwk
    }

    /// Makes a token: `typ` by its kind, `alg` and `kid` by the key, and these claims. A DPoP
    /// proof carries the public key itself instead of its id (RFC 9449, 4.2).
    ///
    /// # Errors
    /// Where the claims are no JSON, or the library fails.
    pub fn sign(
        &self,
        token_type: TokenType,
        claims: &impl Serialize,
    ) -> Result<String, SignFault> {
        let (typ, alg) = (token_type.typ(), self.algorithm.name());
        let key = match token_type {
            TokenType::DpopProof => format!(r#""jwk":{}"#, self.bare_jwk),
            _ => format!(r#""kid":"{}""#, self.kid),
        };
        let header = format!(r#"{{"typ":"{typ}","alg":"{alg}",{key}}}"#);
        let claims = serde_json::to_vec(claims).map_err(SignFault::Claims)?;
        self.sign_parts(header.as_bytes(), &claims)
    }

    pub(crate) fn sign_parts(&self, header: &[u8], claims: &[u8]) -> Result<String, SignFault> {
        let mut token = base64url::encode(header);
        token.push('.');
        token.push_str(&base64url::encode(claims));
        let signature = self.pair.sign(token.as_bytes());
        let signature = signature.ok_or(SignFault::Sign(self.algorithm))?;
        token.push('.');
        token.push_str(&base64url::encode(&signature));
        Ok(token)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl Pair {
    fn read(algorithm: Algorithm, pkcs8: &[u8]) -> Option<Self> {
        let ecdsa = |curve: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_pkcs8(curve, pkcs8).ok().map(Self::Ecdsa)
        };
        let rsa = |encoding: &'static dyn RsaEncoding| {
            let pair = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
            Some(Self::Rsa(pair, encoding))
        };
        match algorithm {
            Algorithm::Es256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).ok().map(Self::Ed25519),
            Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::Rs384 => rsa(&RSA_PKCS1_SHA384),
            Algorithm::Rs512 => rsa(&RSA_PKCS1_SHA512),
            Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
            Algorithm::Ps384 => rsa(&RSA_PSS_SHA384),
            Algorithm::Ps512 => rsa(&RSA_PSS_SHA512),
        }
    }

    /// The members that its thumbprint is of.
    fn public(&self, algorithm: Algorithm) -> Option<Map<String, Value>> {
        let members = match self {
            Self::Ecdsa(pair) => {
                let (crv, bytes) = match algorithm {
                    Algorithm::Es384 => ("P-384", 48),
                    _ => ("P-256", 32),
                };
                let [4, point @ ..] = pair.public_key().as_ref() else {
                    return None;
                };
                let (x, y) = point.split_at_checked(bytes)?;
                vec![
                    ("kty", "EC".to_owned()),
                    ("crv", crv.to_owned()),
                    ("x", base64url::encode(x)),
                    ("y", base64url::encode(y)),
                ]
            }
            Self::Ed25519(pair) => vec![
                ("kty", "OKP".to_owned()),
                ("crv", "Ed25519".to_owned()),
                ("x", base64url::encode(pair.public_key().as_ref())),
            ],
            Self::Rsa(pair, _) => {
                let public = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                vec![
                    ("kty", "RSA".to_owned()),
                    ("n", base64url::encode(&public.n)),
                    ("e", base64url::encode(&public.e)),
                ]
            }
        };
        let member = |(name, value): (&str, String)| (name.to_owned(), Value::from(value));
        Some(members.into_iter().map(member).collect())
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(pair) => {
                let signature = pair.sign(&random, message).ok()?;
                Some(signature.as_ref().to_vec())
            }
            Self::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature)
                    .ok()?;
                Some(signature)
            }
        }
    }
}

#[cfg(test)]
mod tests;
