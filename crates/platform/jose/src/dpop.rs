//! Proofs of possession (RFC 9449, 4.2 and 4.3): that who sends a request holds a key, now.

use std::time::Duration;

use gw_model::Timestamp;

use crate::{
    Algorithm, ClaimFault, ClaimProblem, Claims, JwsFault, KeyFault, Now, PublicKey, Thumbprint,
    TokenType, base64url,
    compact::Compact,
    hash::{same, sha256},
    header::Header,
    http_uri::HttpUri,
    verify::{accept, signed_by},
};

/// How long ago a proof may have been made.
pub const DPOP_AGE_MAX: Duration = Duration::from_secs(60);
/// The longest id of a proof, in bytes.
const ID_BYTES_MAX: usize = 256;

/// What a proof must be.
#[derive(Clone, Copy)]
pub struct DpopRules<'a> {
    /// The method of the request, as it came.
    pub method: &'a str,
    /// The address of the request as the client knows it: scheme, host, port and path. A query is
    /// left away.
    pub url: &'a str,
    /// The time.
    pub now: Now,
    /// The algorithms that are accepted.
    pub algorithms: &'a [Algorithm],
    /// The access token that it came with; none where one is asked for.
    pub access_token: Option<&'a str>,
    /// The nonces of ours that are good now; where there is one, a proof must hold one (8, 9).
    pub nonces: &'a [&'a str],
}

/// A proof that holds. That it came once only is for [`crate::SeenOnce`] to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DpopProof {
    /// The key that was proven: what a token's `jkt` is compared with.
    pub key: Thumbprint,
    /// Its own id.
    pub id: String,
    /// When it was made.
    pub issued_at: Timestamp,
    /// The nonce that it holds: where that is an older one of ours, the answer brings a new one.
    pub nonce: Option<String>,
    /// Until when its id is to be remembered.
    pub remember_until: Timestamp,
}

/// Why a proof is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DpopFault {
    /// Its form or signature does not hold.
    #[error(transparent)]
    Jws(#[from] JwsFault),
    /// The key in its header is none.
    #[error("the proof's key is refused: {0}")]
    Key(#[from] KeyFault),
    /// It does not claim what it must.
    #[error(transparent)]
    Claim(#[from] ClaimFault),
    /// It holds no nonce that is good now: it is to be made again with one (8: `use_dpop_nonce`).
    #[error("the proof holds no nonce that is good now")]
    Nonce,
    /// The address of the request itself is none that a proof could be for.
    #[error("the request's address is not one that a proof can be for")]
    Address,
}

impl DpopProof {
    /// Verifies a proof by the key that it carries. The caller compares that key with what the
    /// token is bound to ([`crate::Confirmation`]).
    ///
    /// # Errors
    /// Where it does not hold, or is for another request or token.
    pub fn verify(proof: &str, rules: &DpopRules<'_>) -> Result<Self, DpopFault> {
        let proof = Compact::split(proof)?;
        let header = Header::read(&proof)?;
        accept(&header, rules.algorithms, TokenType::DpopProof)?;
        let key = key(&header)?;
        let verified = signed_by(&proof, &key, &header)?;
        rules.check(&verified.claims, verified.key)
    }
}

fn key(header: &Header) -> Result<PublicKey, DpopFault> {
    let jwk = header.jwk.as_ref().ok_or(JwsFault::Header("jwk"))?;
    let members = jwk.as_object().ok_or(JwsFault::Header("jwk"))?;
    Ok(PublicKey::prepared_for(members, &[header.algorithm])?)
}

impl DpopRules<'_> {
    fn check(&self, claims: &Claims, key: Thumbprint) -> Result<DpopProof, DpopFault> {
        claims.exactly("htm", self.method)?;
        self.address(claims)?;
        let issued_at = self.now.issued_at(claims, Some(DPOP_AGE_MAX))?;
        let issued_at = issued_at.ok_or(ClaimProblem::Missing.of("iat"))?;
        let id = claims.required_text("jti")?;
        if id.len() > ID_BYTES_MAX {
            return Err(ClaimProblem::Malformed.of("jti").into());
        }
        self.token(claims)?;
        let nonce = self.nonce(claims)?;
        Ok(DpopProof {
            key,
            id: id.to_owned(),
            issued_at,
            nonce: nonce.map(str::to_owned),
            remember_until: self.now.end_of(issued_at.after(DPOP_AGE_MAX)),
        })
    }

    fn address(&self, claims: &Claims) -> Result<(), DpopFault> {
        let wanted = HttpUri::parse(self.url).ok_or(DpopFault::Address)?;
        let claimed = HttpUri::parse(claims.required_text("htu")?);
        let claimed = claimed.ok_or(ClaimProblem::Malformed.of("htu"))?;
        match claimed == wanted {
            true => Ok(()),
            false => Err(ClaimProblem::Other.of("htu").into()),
        }
    }

    fn token(&self, claims: &Claims) -> Result<(), ClaimFault> {
        let Some(token) = self.access_token else {
            return Ok(());
        };
        let claimed = claims.required_text("ath")?;
        let hash = base64url::encode(&sha256(token.as_bytes()));
        match same(claimed, &hash) {
            true => Ok(()),
            false => Err(ClaimProblem::Other.of("ath")),
        }
    }

    fn nonce<'c>(&self, claims: &'c Claims) -> Result<Option<&'c str>, DpopFault> {
        let held = claims.text("nonce")?;
        let is_good = |held: &str| self.nonces.iter().any(|one| same(one, held));
        match held {
            _ if self.nonces.is_empty() => Ok(held),
            Some(good) if is_good(good) => Ok(held),
            _ => Err(DpopFault::Nonce),
        }
    }
}

#[cfg(test)]
mod tests;
