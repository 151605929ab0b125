//! What every token must claim: who issued it, to whom, and when.

use std::time::Duration;

use gw_model::Timestamp;

use crate::{ClaimFault, ClaimProblem, Claims, Now};

/// From whom a token must be, to whom, and when (RFC 7519, 4.1).
#[derive(Debug, Clone, Copy)]
pub struct Expectations<'a> {
    /// The issuer, compared byte by byte.
    pub issuer: &'a str,
    /// Who is meant: one of these is in `aud`, byte by byte.
    pub audiences: &'a [&'a str],
    /// The time.
    pub now: Now,
    /// How long ago it may have been issued; with it, `iat` must be there.
    pub age_max: Option<Duration>,
}

/// The dates of a token that holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dates {
    pub(crate) expires: Timestamp,
    pub(crate) issued_at: Option<Timestamp>,
}

impl Expectations<'_> {
    pub(crate) fn check(&self, claims: &Claims) -> Result<Dates, ClaimFault> {
        claims.exactly("iss", self.issuer)?;
        let audience = claims.audience()?;
        if !self.audiences.iter().any(|one| audience.names(one)) {
            return Err(ClaimProblem::Other.of("aud"));
        }
        self.dates(claims)
    }

    pub(crate) fn dates(&self, claims: &Claims) -> Result<Dates, ClaimFault> {
        let expires = self.now.expires(claims)?;
        self.now.not_before(claims)?;
        let issued_at = self.now.issued_at(claims, self.age_max)?;
        Ok(Dates { expires, issued_at })
    }
}

impl Dates {
    /// When it was issued, where that must be said.
    pub(crate) fn issued(&self) -> Result<Timestamp, ClaimFault> {
        self.issued_at.ok_or(ClaimProblem::Missing.of("iat"))
    }
}
