//! Secrets that are given out once and kept as hashes: codes, tokens, client secrets.

use std::fmt;

use aws_lc_rs::{
    digest::{Context, SHA256},
    rand,
};
use data_encoding::BASE64URL_NOPAD;
use gw_jose::pkce::NoRandomness;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The random bits of a secret that is made here.
pub const SECRET_BITS: usize = 256;
/// The characters of a secret that is made here.
pub const SECRET_CHARS: usize = SECRET_BITS.div_ceil(6);

/// What a secret is for: a hash of one purpose is none of another, even of the same text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A client's secret.
    ClientSecret,
    /// An authorization code.
    Code,
    /// A refresh token.
    RefreshToken,
    /// The end of a `request_uri` (RFC 9126).
    PushedRequest,
    /// A device code (RFC 8628).
    DeviceCode,
    /// A user code (RFC 8628).
    UserCode,
    /// An initial access token (RFC 7591, 3).
    InitialAccessToken,
    /// A registration access token (RFC 7592).
    RegistrationAccessToken,
    /// The name of an invitation, which comes of the hash of its token.
    InvitationId,
}

impl Purpose {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::ClientSecret => b"client-secret",
            Self::Code => b"code",
            Self::RefreshToken => b"refresh-token",
            Self::PushedRequest => b"pushed-request",
            Self::DeviceCode => b"device-code",
            Self::UserCode => b"user-code",
            Self::InitialAccessToken => b"initial-access-token",
            Self::RegistrationAccessToken => b"registration-access-token",
            Self::InvitationId => b"invitation-id",
        }
    }
}

/// A secret of [`SECRET_BITS`] random bits in base64url, shown to whom it is for and to nobody
/// else; wiped when it is let go.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// Where the machine has no randomness.
    pub fn generate() -> Result<Self, NoRandomness> {
        let bits = random::<{ SECRET_BITS / 8 }>()?;
        Ok(Self(Zeroizing::new(BASE64URL_NOPAD.encode(&*bits))))
    }

    /// Of a text that holds one.
    pub(crate) fn of_text(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Its text, for the answer that gives it out.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self, purpose: Purpose) -> SecretHash {
        SecretHash::of(purpose, &self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// The SHA-256 of a purpose and a secret: what is stored, and looked up by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Of a text that came with a request, whatever it is.
    pub fn of(purpose: Purpose, text: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(purpose.name());
        context.update(&[0]);
        context.update(text.as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let hash = bytes.and_then(|bytes| bytes.try_into().ok());
        hash.map(Self)
            .ok_or_else(|| D::Error::custom("it is not the hash of a secret"))
    }
}

/// Random bytes: the one place where this crate takes any.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; N]);
    rand::fill(&mut *bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown_and_none_is_like_another() {
        let (one, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), SECRET_CHARS);
        assert!(!format!("{one:?}").contains(one.expose()));
    }

    #[test]
    fn a_hash_is_of_one_purpose_alone() {
        let secret = Secret::generate().unwrap();
        let hash = secret.hash(Purpose::Code);
        assert!(hash.matches(&SecretHash::of(Purpose::Code, secret.expose())));
        assert!(!hash.matches(&secret.hash(Purpose::RefreshToken)));
        let kept = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<SecretHash>(&kept).unwrap(), hash);
        assert!(serde_json::from_str::<SecretHash>("\"AA\"").is_err());
    }
}
