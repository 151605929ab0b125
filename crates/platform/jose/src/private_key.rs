//! Private keys as they are kept: PKCS#8, wiped when they are let go.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    error::Unspecified,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, RsaKeyPair,
    },
};
use zeroize::Zeroizing;

/// A kind of key that can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyShape {
    /// For ES256.
    P256,
    /// For ES384.
    P384,
    /// For EdDSA.
    Ed25519,
    /// For RS* and PS*. Making one takes a good part of a second: not on a traffic thread.
    Rsa2048,
    /// For RS* and PS*. Making one takes a second and more: not on a traffic thread.
    Rsa3072,
}

/// A key could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key cannot be made")]
pub struct PrivateKeyFault;

/// A private key in PKCS#8 (RFC 5958), as bytes to be sealed.
#[derive(Clone)]
pub struct PrivateKey(Zeroizing<Vec<u8>>);

impl PrivateKey {
    /// Makes a new one.
    ///
    /// # Errors
    /// Where the library cannot.
    pub fn generate(shape: KeyShape) -> Result<Self, PrivateKeyFault> {
        generate(shape).map(Self).map_err(|_| PrivateKeyFault)
    }

    /// One that was kept. Whether it is one shows when a [`crate::Signer`] is made of it.
    pub fn from_pkcs8(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes, for sealing.
    pub fn expose_pkcs8(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([redacted])")
    }
}

fn generate(shape: KeyShape) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let random = SystemRandom::new();
    let kept = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
    match shape {
        KeyShape::P256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map(|document| kept(document.as_ref())),
        KeyShape::P384 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random)
            .map(|document| kept(document.as_ref())),
        KeyShape::Ed25519 => {
            Ed25519KeyPair::generate_pkcs8(&random).map(|document| kept(document.as_ref()))
        }
        KeyShape::Rsa2048 => rsa(KeySize::Rsa2048).map(|document| kept(document.as_ref())),
        KeyShape::Rsa3072 => rsa(KeySize::Rsa3072).map(|document| kept(document.as_ref())),
    }
}

fn rsa(size: KeySize) -> Result<Pkcs8V1Der<'static>, Unspecified> {
    RsaKeyPair::generate(size)?.as_der()
}
