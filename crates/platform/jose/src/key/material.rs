//! What a key consists of, by type and curve, and what that makes it fit for.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents,
};

use super::{KeyFault, RSA_BITS_MAX, RSA_BITS_MIN, RSA_EXPONENT_MIN, text};
use crate::{Algorithm, Thumbprint, base64url, json::Object};

const RSA: [Algorithm; 6] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
];

/// The public numbers of a key, of the right lengths.
pub(super) enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256 { x: [u8; 32], y: [u8; 32] },
    P384 { x: [u8; 48], y: [u8; 48] },
    Ed25519 { x: [u8; 32] },
}

pub(super) fn read(jwk: &Object) -> Result<Material, KeyFault> {
    let kty = text(jwk, "kty")?.ok_or(KeyFault::Missing("kty"))?;
    if kty == "RSA" {
        return rsa(jwk);
    }
    if !matches!(kty, "EC" | "OKP") {
        return Err(KeyFault::Type);
    }
    let crv = text(jwk, "crv")?.ok_or(KeyFault::Missing("crv"))?;
    match (kty, crv) {
        ("EC", "P-256") => Ok(Material::P256 {
            x: fixed(jwk, "x")?,
            y: fixed(jwk, "y")?,
        }),
        ("EC", "P-384") => Ok(Material::P384 {
            x: fixed(jwk, "x")?,
            y: fixed(jwk, "y")?,
        }),
        ("OKP", "Ed25519") => Ok(Material::Ed25519 {
            x: fixed(jwk, "x")?,
        }),
        _ => Err(KeyFault::Curve),
    }
}

fn rsa(jwk: &Object) -> Result<Material, KeyFault> {
    let (n, e) = (number(jwk, "n")?, number(jwk, "e")?);
    let bits = bits(&n);
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
        return Err(KeyFault::ModulusSize { bits });
    }
    if n.last().is_none_or(|last| last % 2 == 0) {
        return Err(KeyFault::Rejected);
    }
    let exponent = e.iter().try_fold(0_u32, |sum, byte| {
        Some(sum.checked_mul(256)? | u32::from(*byte))
    });
    match exponent {
        Some(exponent) if exponent >= RSA_EXPONENT_MIN && exponent % 2 == 1 => {
            Ok(Material::Rsa { n, e })
        }
        _ => Err(KeyFault::Exponent),
    }
}

/// A Base64urlUInt (RFC 7518, 2): big-endian, in as few bytes as it needs.
fn number(jwk: &Object, name: &'static str) -> Result<Vec<u8>, KeyFault> {
    let text = text(jwk, name)?.ok_or(KeyFault::Missing(name))?;
    match base64url::decode(text) {
        Some(bytes) if bytes.first().is_some_and(|first| *first != 0) => Ok(bytes),
        _ => Err(KeyFault::Malformed(name)),
    }
}

fn fixed<const BYTES: usize>(jwk: &Object, name: &'static str) -> Result<[u8; BYTES], KeyFault> {
    let text = text(jwk, name)?.ok_or(KeyFault::Missing(name))?;
    base64url::decode_exact(text).ok_or(KeyFault::Malformed(name))
}

fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |first| first.leading_zeros());
    (number.len() * 8).saturating_sub(leading as usize)
}

impl Material {
    pub(super) const fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Rsa { .. } => &RSA,
            Self::P256 { .. } => &[Algorithm::Es256],
            Self::P384 { .. } => &[Algorithm::Es384],
            Self::Ed25519 { .. } => &[Algorithm::EdDsa],
        }
    }

    pub(super) fn thumbprint(&self) -> Thumbprint {
        match self {
            Self::Rsa { n, e } => Thumbprint::of_rsa(n, e),
            Self::P256 { x, y } => Thumbprint::of_ec("P-256", x, y),
            Self::P384 { x, y } => Thumbprint::of_ec("P-384", x, y),
            Self::Ed25519 { x } => Thumbprint::of_ed25519(x),
        }
    }

    /// The one length that its signatures have (RFC 7518, 3.3 to 3.5; RFC 8032, 5.1.6).
    pub(super) const fn signature_bytes(&self) -> usize {
        match self {
            Self::Rsa { n, .. } => n.len(),
            Self::P256 { .. } | Self::Ed25519 { .. } => 64,
            Self::P384 { .. } => 96,
        }
    }

    /// Parsed for one algorithm; none where it is not for that, or not a key.
    pub(super) fn prepare(&self, algorithm: Algorithm) -> Option<ParsedPublicKey> {
        let prepared = match self {
            Self::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(rsa_parameters(algorithm)?)
            }
            Self::P256 { x, y } => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(x, y)),
            Self::P384 { x, y } => ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point(x, y)),
            Self::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x),
        };
        prepared.ok()
    }
}

/// Uncompressed (SEC 1, 2.3.3).
fn point(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}

const fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => None,
    }
}
