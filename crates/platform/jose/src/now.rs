//! When a token holds: between its dates, with some leeway for clocks that differ.

use std::time::Duration;

use gw_model::Timestamp;

use crate::{ClaimFault, ClaimProblem, Claims};

/// How far clocks may differ where nothing else is said.
pub const LEEWAY: Duration = Duration::from_secs(30);
/// How far clocks may differ at most, whatever is said (RFC 7519, 4.1.4: "a few minutes").
pub const LEEWAY_MAX: Duration = Duration::from_secs(300);

/// The time at which tokens are looked at, and how far other clocks may be from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    at: Timestamp,
    leeway: Duration,
}

impl Now {
    /// With the usual leeway, [`LEEWAY`].
    pub const fn at(at: Timestamp) -> Self {
        Self { at, leeway: LEEWAY }
    }

    /// With another leeway; at most [`LEEWAY_MAX`].
    #[must_use]
    pub fn with_leeway(self, leeway: Duration) -> Self {
        let leeway = leeway.min(LEEWAY_MAX);
        Self { leeway, ..self }
    }

    /// When that is.
    pub const fn timestamp(self) -> Timestamp {
        self.at
    }

    /// The first instant at which nothing that ends then is accepted any more: until then it is
    /// remembered what has been seen ([`crate::SeenOnce`]).
    pub fn end_of(self, end: Timestamp) -> Timestamp {
        end.after(self.leeway)
    }

    pub(crate) fn is_over(self, end: Timestamp) -> bool {
        self.at >= self.end_of(end)
    }

    pub(crate) fn is_to_come(self, beginning: Timestamp) -> bool {
        beginning > self.at.after(self.leeway)
    }

    /// `exp` (RFC 7519, 4.1.4): there, and to come.
    pub(crate) fn expires(self, claims: &Claims) -> Result<Timestamp, ClaimFault> {
        let expires = claims.date("exp")?.ok_or(ClaimProblem::Missing.of("exp"))?;
        match self.is_over(expires) {
            true => Err(ClaimProblem::Over.of("exp")),
            false => Ok(expires),
        }
    }

    /// `nbf` (RFC 7519, 4.1.5): past, where it is there.
    pub(crate) fn not_before(self, claims: &Claims) -> Result<(), ClaimFault> {
        self.past(claims, "nbf").map(drop)
    }

    /// `iat` (RFC 7519, 4.1.6): past, and not longer ago than `age_max`. With an age, it must be
    /// there.
    pub(crate) fn issued_at(
        self,
        claims: &Claims,
        age_max: Option<Duration>,
    ) -> Result<Option<Timestamp>, ClaimFault> {
        let issued = self.past(claims, "iat")?;
        match (issued, age_max) {
            (None, Some(_)) => Err(ClaimProblem::Missing.of("iat")),
            (Some(issued), Some(age_max)) if self.is_over(issued.after(age_max)) => {
                Err(ClaimProblem::TooOld.of("iat"))
            }
            _ => Ok(issued),
        }
    }

    /// A date that has come, where it is there.
    pub(crate) fn past(
        self,
        claims: &Claims,
        name: &'static str,
    ) -> Result<Option<Timestamp>, ClaimFault> {
        match claims.date(name)? {
            Some(date) if self.is_to_come(date) => Err(ClaimProblem::ToCome.of(name)),
            date => Ok(date),
        }
    }
}
