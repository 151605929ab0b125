//! Proofs of possession that come with a token (RFC 9449): checked, and taken once only by the
//! whole process.
//!
//! Each has to hold a nonce of this process, so that none that was made ahead, or for another
//! process or one before, is worth anything. What came is remembered in a few parts, each behind a lock of
//! its own that is held for one look-up: by the key that signed, so that one client keeps none
//! but itself waiting.

use std::sync::Mutex;

use gw_jose::{Algorithm, DpopRules, Now, SeenKey, SeenOnce, Thumbprint, pkce::NoRandomness};
use gw_model::Timestamp;
use gw_oauth::{DpopNonceKey, ErrorCode, ResourceRefusal, read_dpop};
use http::HeaderValue;

use super::refused::Why;
use crate::inbound::Inbound;

/// The algorithms of proofs that are accepted.
pub(super) const ALGORITHMS: [Algorithm; 3] =
    [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384];

/// How many parts the memory has.
const PARTS: usize = 8;
/// Proofs that one part remembers, each for a minute and a half.
const PART_MAX: usize = 64 * 1024;
/// The most of them of one key: some 400 each second.
const OF_ONE_KEY_MAX: usize = 40_000;

/// What is to be said of nonces with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nonce {
    /// The one that was used is the newest, or there is no proof.
    Good,
    /// The one that was used will soon be worth nothing: the answer brings the newest.
    Older,
}

/// The memory of a process.
#[derive(Debug)]
pub(crate) struct Proofs {
    nonces: DpopNonceKey,
    seen: [Mutex<SeenOnce>; PARTS],
}

impl Proofs {
    /// An empty one.
    ///
    /// # Errors
    /// Where the machine has no randomness.
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        let part = || SeenOnce::with_capacity(PART_MAX).with_share(OF_ONE_KEY_MAX);
        Ok(Self {
            nonces: DpopNonceKey::generate()?,
            seen: std::array::from_fn(|_| Mutex::new(part())),
        })
    }

    /// The nonce for the next proof.
    pub(crate) fn nonce(&self, now: Timestamp) -> Option<HeaderValue> {
        HeaderValue::try_from(self.nonces.current(now)).ok()
    }

    /// Checks the proof of a request, and that it came once only. That is noted last: what is
    /// refused anyway takes no room.
    pub(super) fn check(
        &self,
        inbound: &Inbound,
        token: &str,
        key: &Thumbprint,
    ) -> Result<Nonce, Why> {
        let [newest, before] = self.nonces.good(inbound.now);
        let url = format!("{}{}", inbound.own_origin(), inbound.target.path());
        let rules = DpopRules {
            method: inbound.method.as_str(),
            url: &url,
            now: Now::at(inbound.now),
            algorithms: &ALGORITHMS,
            access_token: Some(token),
            nonces: &[&newest, &before],
        };
        let proof = read_dpop(&inbound.headers, &rules).map_err(|fault| {
            tracing::debug!(%fault, app = %inbound.app.app.name, "a DPoP proof does not hold");
            match fault.code() {
                ErrorCode::UseDpopNonce => ResourceRefusal::UseNonce,
                _ => ResourceRefusal::InvalidProof,
            }
        })?;
        let proof = proof.filter(|proof| proof.key.matches(key));
        let proof = proof.ok_or(ResourceRefusal::InvalidProof)?;
        self.once(&proof, inbound.now)?;
        match proof.nonce.as_ref() == Some(&newest) {
            true => Ok(Nonce::Good),
            false => Ok(Nonce::Older),
        }
    }

    fn once(&self, proof: &gw_jose::DpopProof, now: Timestamp) -> Result<(), Why> {
        use gw_jose::Sighting as S;
        let [first, ..] = *proof.key.as_bytes();
        let part = self.seen.get(usize::from(first) % PARTS);
        // A part whose lock is poisoned refuses: what it remembers may be lost.
        let mut seen = part.and_then(|part| part.lock().ok()).ok_or(Why::Busy)?;
        let id = SeenKey::new("dpop", &proof.key.to_string(), &proof.id);
        match seen.see(id, proof.remember_until, now) {
            S::First => Ok(()),
            S::Again | S::Late => Err(ResourceRefusal::InvalidProof.into()),
            S::OverShare | S::Full => Err(Why::Busy),
        }
    }
}
