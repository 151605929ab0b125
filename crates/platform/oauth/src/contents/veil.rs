//! What an access token says of a person for Gatewright's own doors alone.
//!
//! A client that is told a name of its own for each person gets access tokens too, and can read
//! them: they tell the same name, and a session's name of its own. Doors have to know whom a token
//! is about: that is said under a veil, which only who has the key lifts.

use std::{fmt, sync::Arc};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use data_encoding::BASE64URL_NOPAD;
use gw_jose::{AccessToken, ClaimFault};
use serde::{Deserialize, Serialize};

/// The claim, of no standard.
const CLAIM: &str = "veiled";

/// Nothing could be put under a veil, for want of randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no randomness")]
pub struct NotVeiled;

/// Why a veil cannot be lifted.
#[derive(Debug, thiserror::Error)]
pub enum VeilFault {
    /// It is no text.
    #[error(transparent)]
    Claim(#[from] ClaimFault),
    /// It is of another key or another token, or not whole.
    #[error("claim `{CLAIM}` is not of this key and token")]
    Other,
}

/// The key.
#[derive(Clone)]
pub struct Veil(Arc<LessSafeKey>);

/// What is under it.
#[derive(Serialize, Deserialize)]
struct Veiled {
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

impl Veil {
    /// Of a secret of the cipher's length; none of any other.
    pub(super) fn new(secret: &[u8]) -> Option<Self> {
        let key = UnboundKey::new(&AES_256_GCM, secret).ok()?;
        Some(Self(Arc::new(LessSafeKey::new(key))))
    }

    /// Whom the token of this id is about, and in which session, for its claim.
    ///
    /// # Errors
    /// Where the machine has no randomness.
    pub fn over(
        &self,
        id: &str,
        subject: &str,
        session: Option<&str>,
    ) -> Result<String, NotVeiled> {
        let mut nonce = [0; NONCE_LEN];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| NotVeiled)?;
        let said = Veiled {
            sub: subject.to_owned(),
            sid: session.map(str::to_owned),
        };
        let mut sealed = serde_json::to_vec(&said).map_err(|_| NotVeiled)?;
        let (with, id) = (Nonce::assume_unique_for_key(nonce), Aad::from(id));
        self.0
            .seal_in_place_append_tag(with, id, &mut sealed)
            .map_err(|_| NotVeiled)?;
        Ok(BASE64URL_NOPAD.encode(&[&nonce[..], &sealed].concat()))
    }

    /// Has a verified token say whom it is about. One without a veil says so already.
    ///
    /// # Errors
    /// Where its veil is of another key or token: such a token is about nobody.
    pub fn lift(&self, token: &mut AccessToken) -> Result<(), VeilFault> {
        let Some(text) = token.claims.text(CLAIM)? else {
            return Ok(());
        };
        let said = self.read(text, &token.id).ok_or(VeilFault::Other)?;
        token.subject = said.sub;
        token.session = said.sid;
        Ok(())
    }

    fn read(&self, text: &str, id: &str) -> Option<Veiled> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut sealed = sealed.to_vec();
        let said = self.0.open_in_place(nonce, Aad::from(id), &mut sealed);
        serde_json::from_slice(said.ok()?).ok()
    }
}

impl fmt::Debug for Veil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Veil([redacted])")
    }
}
