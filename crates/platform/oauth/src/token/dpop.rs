//! The `DPoP` header, and the nonces that proofs must hold (RFC 9449, 4.1, 5 and 8).

use std::{fmt, time::Duration};

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use gw_jose::{DpopFault, DpopProof, DpopRules, pkce::NoRandomness};
use gw_model::Timestamp;
use http::HeaderMap;

use crate::{ErrorCode, secret::random};

/// How long a nonce is given out; it is good for that long again.
pub const DPOP_NONCE_PERIOD: Duration = Duration::from_secs(120);
/// The bytes of a nonce.
const NONCE_BYTES: usize = 16;

/// Why a `DPoP` header is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DpopHeaderFault {
    /// There is more than one, or it is no text (4.3).
    #[error("there is more than one DPoP proof, or it is no text")]
    Several,
    /// The proof does not hold.
    #[error(transparent)]
    Proof(#[from] DpopFault),
    /// The proof came before.
    #[error("the DPoP proof came before")]
    Replayed,
}

impl DpopHeaderFault {
    /// What the client is told: to use a nonce, or that the proof is refused. With the former
    /// goes a nonce ([`crate::answer::add_dpop_nonce`]).
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Proof(DpopFault::Nonce) => ErrorCode::UseDpopNonce,
            _ => ErrorCode::InvalidDpopProof,
        }
    }
}

/// Reads the header, where it is there. That the proof came once only is for
/// [`gw_jose::SeenOnce`] to say.
///
/// # Errors
/// Where there are several, or it does not hold.
pub fn read_dpop(
    headers: &HeaderMap,
    rules: &DpopRules<'_>,
) -> Result<Option<DpopProof>, DpopHeaderFault> {
    let mut values = headers.get_all("dpop").iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(DpopHeaderFault::Several),
        (Some(value), None) => {
            let proof = value.to_str().map_err(|_| DpopHeaderFault::Several)?;
            Ok(Some(DpopProof::verify(proof, rules)?))
        }
    }
}

/// Makes nonces that need no memory: each is of its period, under a key of this server.
pub struct DpopNonceKey(hmac::Key);

impl DpopNonceKey {
    /// A new key; nonces of another are refused, and asked for anew.
    ///
    /// # Errors
    /// Where the machine has no randomness.
    pub fn generate() -> Result<Self, NoRandomness> {
        let bits = random::<32>()?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &*bits)))
    }

    /// The nonce to give out now.
    pub fn current(&self, now: Timestamp) -> String {
        self.of_period(now.as_secs() / DPOP_NONCE_PERIOD.as_secs())
    }

    /// The nonces that are good now: that of this period, and the one before it.
    pub fn good(&self, now: Timestamp) -> [String; 2] {
        let period = now.as_secs() / DPOP_NONCE_PERIOD.as_secs();
        [
            self.of_period(period),
            self.of_period(period.saturating_sub(1)),
        ]
    }

    fn of_period(&self, period: u64) -> String {
        let tag = hmac::sign(&self.0, &period.to_be_bytes());
        let (nonce, _) = tag.as_ref().split_at(NONCE_BYTES);
        BASE64URL_NOPAD.encode(nonce)
    }
}

impl fmt::Debug for DpopNonceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DpopNonceKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use gw_jose::{Algorithm, Now};
    use http::HeaderValue;
    use serde_json::json;

    use super::*;
    use crate::testing::{NOW, proof};

    const URL: &str = "https://auth.example/token";

    fn rules<'a>(nonces: &'a [&'a str]) -> DpopRules<'a> {
        DpopRules {
            method: "POST",
            url: URL,
            now: Now::at(NOW),
            algorithms: &Algorithm::ALL,
            access_token: None,
            nonces,
        }
    }

    fn headers(proofs: &[String]) -> HeaderMap {
        let value = |proof: &String| HeaderValue::from_str(proof).unwrap();
        let mut headers = HeaderMap::new();
        for one in proofs {
            headers.append("dpop", value(one));
        }
        headers
    }

    #[test]
    fn a_proof_is_read_and_two_are_refused() {
        let one = proof("POST", URL, json!({}));
        assert_eq!(read_dpop(&HeaderMap::new(), &rules(&[])), Ok(None));
        assert!(
            read_dpop(&headers(std::slice::from_ref(&one)), &rules(&[]))
                .unwrap()
                .is_some()
        );
        let two = read_dpop(&headers(&[one.clone(), one]), &rules(&[]));
        assert_eq!(two.unwrap_err().code(), ErrorCode::InvalidDpopProof);
        let elsewhere = headers(&[proof("POST", "https://evil.example/token", json!({}))]);
        assert_eq!(
            read_dpop(&elsewhere, &rules(&[])).unwrap_err().code(),
            ErrorCode::InvalidDpopProof
        );
    }

    #[test]
    fn a_nonce_is_demanded_and_good_for_a_while() {
        let key = DpopNonceKey::generate().unwrap();
        let good = key.good(NOW);
        let nonces = good.each_ref().map(String::as_str);
        let without = headers(&[proof("POST", URL, json!({}))]);
        assert_eq!(
            read_dpop(&without, &rules(&nonces)).unwrap_err().code(),
            ErrorCode::UseDpopNonce
        );
        let with = headers(&[proof("POST", URL, json!({"nonce": key.current(NOW)}))]);
        assert!(read_dpop(&with, &rules(&nonces)).is_ok());
        let later = NOW.after(DPOP_NONCE_PERIOD);
        assert!(key.good(later).contains(&key.current(NOW)));
        assert!(
            !key.good(later.after(DPOP_NONCE_PERIOD))
                .contains(&key.current(NOW))
        );
        assert_ne!(
            DpopNonceKey::generate().unwrap().current(NOW),
            key.current(NOW)
        );
    }
}
