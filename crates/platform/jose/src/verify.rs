//! From the text of a token to claims that a known key signed.

use crate::{
    Algorithm, Claims, JwsFault, KeySet, PublicKey, Thumbprint, TokenType, compact::Compact,
    header::Header,
};

/// The longest token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 32 * 1024;
/// The longest header, in bytes as it is encoded: room for a chain of certificates, which some
/// issuers put there though nobody here reads it.
pub const HEADER_BYTES_MAX: usize = 8 * 1024;

/// What a known key signed; who may say it, to whom and when, is still to be looked at.
#[derive(Debug)]
pub struct Verified {
    /// What it claims.
    pub claims: Claims,
    /// The algorithm that it is signed by.
    pub algorithm: Algorithm,
    /// The key that signed it.
    pub key: Thumbprint,
}

/// Checks a token's form, type, algorithm and signature, in this order.
///
/// The algorithm is one that the caller accepts *and* that the key is for; the key is the one of
/// the set that the header names, or the only one that fits.
///
/// # Errors
/// Where any of it does not hold; the claims are not read before the signature has been.
pub fn verify(
    token: &str,
    keys: &KeySet,
    algorithms: &[Algorithm],
    token_type: TokenType,
) -> Result<Verified, JwsFault> {
    let token = Compact::split(token)?;
    let header = Header::read(&token)?;
    accept(&header, algorithms, token_type)?;
    let key = keys.choose(header.kid.as_deref(), header.algorithm)?;
    signed_by(&token, key, &header)
}

/// Whether a header's algorithm and type are those that are wanted.
pub(crate) fn accept(
    header: &Header,
    algorithms: &[Algorithm],
    token_type: TokenType,
) -> Result<(), JwsFault> {
    if !algorithms.contains(&header.algorithm) {
        return Err(JwsFault::Algorithm(header.algorithm));
    }
    token_type.check(header.typ.as_deref())
}

/// Whether this key signed it.
pub(crate) fn signed_by(
    token: &Compact<'_>,
    key: &PublicKey,
    header: &Header,
) -> Result<Verified, JwsFault> {
    let signature = token.signature()?;
    if !key.verifies(header.algorithm, token.signed.as_bytes(), &signature) {
        return Err(JwsFault::Signature {
            by_kid: header.kid.is_some(),
        });
    }
    Ok(Verified {
        claims: Claims::new(token.claims()?),
        algorithm: header.algorithm,
        key: *key.thumbprint(),
    })
}
