//! A JWT that is of no kind of its own: what another issuer states of a workload, such as the
//! token of a build or of a service account, which is exchanged by rule (RFC 7523, 3; RFC 8693).
//!
//! Nothing but its audience tells it from an ID token of the same issuer: let that be one of its
//! own. What reports an event (RFC 8417) is none.

use gw_model::Timestamp;

use crate::{Algorithm, Claims, Expectations, KeySet, TokenFault, TokenType, verify};

/// What such a token must be.
#[derive(Debug, Clone, Copy)]
pub struct JwtRules<'a> {
    /// From whom, to whom, when.
    pub expectations: Expectations<'a>,
    /// The algorithms that are accepted.
    pub algorithms: &'a [Algorithm],
}

/// A token that holds.
#[derive(Debug, Clone)]
pub struct Jwt {
    /// Whom it is about.
    pub subject: String,
    /// When it expires.
    pub expires: Timestamp,
    /// When it was issued, where it says so.
    pub issued_at: Option<Timestamp>,
    /// All that it claims.
    pub claims: Claims,
}

impl Jwt {
    /// Verifies a token whose type is `JWT` or absent.
    ///
    /// # Errors
    /// Where it does not hold.
    pub fn verify(token: &str, keys: &KeySet, rules: &JwtRules<'_>) -> Result<Self, TokenFault> {
        let claims = verify(token, keys, rules.algorithms, TokenType::Jwt)?.claims;
        claims.without("events")?;
        let dates = rules.expectations.check(&claims)?;
        Ok(Self {
            subject: claims.required_text("sub")?.to_owned(),
            expires: dates.expires,
            issued_at: dates.issued_at,
            claims,
        })
    }
}
