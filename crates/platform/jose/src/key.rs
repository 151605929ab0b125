//! One public key of a JWK (RFC 7517), prepared for the algorithms that it may verify.

mod material;

use std::fmt;

use aws_lc_rs::signature::ParsedPublicKey;
use serde_json::Value;

use self::material::Material;
use crate::{
    Algorithm, JsonFault, Thumbprint,
    json::{self, Object},
};

/// The shortest RSA modulus, in bits (RFC 7518, 3.3).
pub const RSA_BITS_MIN: usize = 2048;
/// The longest RSA modulus, in bits: what takes longer to verify is not worth having.
pub const RSA_BITS_MAX: usize = 4096;
/// The smallest RSA exponent; it is odd and has no more than 32 bits.
pub const RSA_EXPONENT_MIN: u32 = 65_537;
/// The longest JWK that comes alone, in bytes.
pub const JWK_BYTES_MAX: usize = 32 * 1024;
/// The longest key id, in bytes.
pub(crate) const KID_BYTES_MAX: usize = 256;
/// The members by which a key is private (RFC 7518, 6.2.2, 6.3.2, 6.4.1; RFC 8037, 2).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a JWK is no key that signatures are verified with here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// It is longer than [`JWK_BYTES_MAX`].
    #[error("the key is longer than {JWK_BYTES_MAX} bytes")]
    TooLarge,
    /// It is no JSON object.
    #[error("the key cannot be read: {0}")]
    Json(#[from] JsonFault),
    /// A member that it needs is not there.
    #[error("the key has no `{0}`")]
    Missing(&'static str),
    /// A member is not of its form.
    #[error("the key's `{0}` is malformed")]
    Malformed(&'static str),
    /// Its `kty` is none that is used here.
    #[error("the key is of another type than `RSA`, `EC` and `OKP`")]
    Type,
    /// Its `crv` is none that is used here.
    #[error("the key is on another curve than `P-256`, `P-384` and `Ed25519`")]
    Curve,
    /// It holds what nobody but its owner may know; or is a secret of both sides.
    #[error("the key is private")]
    Private,
    /// Its `use` or `key_ops` is not to verify signatures.
    #[error("the key is not for verifying signatures")]
    Use,
    /// Its `alg` is none that such a key has here.
    #[error("the key names an algorithm that it is not for")]
    Algorithm,
    /// Its modulus is shorter than [`RSA_BITS_MIN`] or longer than [`RSA_BITS_MAX`].
    #[error("the key's modulus has {bits} bits, not {RSA_BITS_MIN} to {RSA_BITS_MAX}")]
    ModulusSize {
        /// Its bits.
        bits: usize,
    },
    /// Its exponent is even, less than [`RSA_EXPONENT_MIN`] or longer than 32 bits.
    #[error("the key's exponent is not odd, or not {RSA_EXPONENT_MIN} to 2^32")]
    Exponent,
    /// It is no key: a point that is not on the curve, a modulus that is even.
    #[error("the key is not one")]
    Rejected,
}

/// A public key, parsed once.
pub struct PublicKey {
    kid: Option<Box<str>>,
    thumbprint: Thumbprint,
    /// One for each algorithm that it may verify.
    prepared: Vec<Prepared>,
    signature_bytes: usize,
}

struct Prepared {
    algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl PublicKey {
    /// Reads one JWK.
    ///
    /// # Errors
    /// Where it is not a public key of a type, curve and size that is used here; [`KeyFault`]
    /// says which.
    pub fn from_jwk(json: &[u8]) -> Result<Self, KeyFault> {
        match json.len() <= JWK_BYTES_MAX {
            true => Self::from_members(&json::object(json)?),
            false => Err(KeyFault::TooLarge),
        }
    }

    pub(crate) fn from_members(jwk: &Object) -> Result<Self, KeyFault> {
        Self::prepared_for(jwk, &Algorithm::ALL)
    }

    /// As [`PublicKey::from_jwk`], for no more algorithms than these: what is prepared costs time.
    pub(crate) fn prepared_for(jwk: &Object, wanted: &[Algorithm]) -> Result<Self, KeyFault> {
        if PRIVATE.iter().any(|name| jwk.contains_key(*name)) {
            return Err(KeyFault::Private);
        }
        is_for_verifying(jwk)?;
        let material = material::read(jwk)?;
        let algorithms = algorithms(jwk, &material, wanted)?;
        let prepare = |algorithm| {
            let key = material.prepare(algorithm).ok_or(KeyFault::Rejected)?;
            Ok(Prepared { algorithm, key })
        };
        Ok(Self {
            kid: kid(jwk)?,
            thumbprint: material.thumbprint(),
            signature_bytes: material.signature_bytes(),
            prepared: algorithms
                .into_iter()
                .map(prepare)
                .collect::<Result<_, KeyFault>>()?,
        })
    }

    /// Its id, where it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Its RFC 7638 thumbprint.
    pub const fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }

    /// The algorithms that it may verify: those of its type and curve, or the one that it names.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + '_ {
        self.prepared.iter().map(|one| one.algorithm)
    }

    /// Whether it may verify this algorithm.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms().any(|one| one == algorithm)
    }

    /// Whether the signature is this key's over the message, by this very algorithm.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let prepared = self.prepared.iter().find(|one| one.algorithm == algorithm);
        signature.len() == self.signature_bytes
            && prepared.is_some_and(|one| one.key.verify_sig(message, signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("kid", &self.kid)
            .field("thumbprint", &self.thumbprint)
            .field("algorithms", &self.algorithms().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Those of the key's type that are wanted; where it names one (RFC 7517, 4.4), that alone.
fn algorithms(
    jwk: &Object,
    material: &Material,
    wanted: &[Algorithm],
) -> Result<Vec<Algorithm>, KeyFault> {
    let named = match text(jwk, "alg")? {
        Some(name) => Some(Algorithm::of_name(name).ok_or(KeyFault::Algorithm)?),
        None => None,
    };
    let is_meant =
        |one: &&Algorithm| wanted.contains(one) && named.is_none_or(|named| named == **one);
    let of_type = material.algorithms().iter();
    let algorithms: Vec<_> = of_type.filter(is_meant).copied().collect();
    match algorithms.is_empty() {
        true => Err(KeyFault::Algorithm),
        false => Ok(algorithms),
    }
}

/// RFC 7517, 4.2 and 4.3: where it says what it is for, that is to verify signatures.
fn is_for_verifying(jwk: &Object) -> Result<(), KeyFault> {
    if text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(KeyFault::Use);
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) => {
            let verifies = operations.iter().any(|one| one == "verify");
            verifies.then_some(()).ok_or(KeyFault::Use)
        }
        Some(_) => Err(KeyFault::Malformed("key_ops")),
    }
}

fn kid(jwk: &Object) -> Result<Option<Box<str>>, KeyFault> {
    match text(jwk, "kid")? {
        Some(kid) if kid.is_empty() || kid.len() > KID_BYTES_MAX => Err(KeyFault::Malformed("kid")),
        kid => Ok(kid.map(Box::from)),
    }
}

fn text<'a>(jwk: &'a Object, name: &'static str) -> Result<Option<&'a str>, KeyFault> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(KeyFault::Malformed(name)),
    }
}

#[cfg(test)]
mod tests;
