//! The assertion by which a client says who it is: `private_key_jwt` (RFC 7523, 2.2 and 3;
//! OpenID Connect Core 1.0, 9).

use std::time::Duration;

use gw_model::Timestamp;

use crate::{
    Algorithm, ClaimFault, ClaimProblem, Claims, Expectations, KeySet, Now, TokenFault, TokenType,
    verify,
};

/// How far off the end of an assertion may be: until then its id must be remembered.
pub const CLIENT_ASSERTION_LIFETIME_MAX: Duration = Duration::from_secs(600);

/// What an assertion must be.
#[derive(Debug, Clone, Copy)]
pub struct ClientAssertionRules<'a> {
    /// The client whose keys these are: both `iss` and `sub`.
    pub client_id: &'a str,
    /// The names of this server: its issuer, and the endpoints under which clients know it. None
    /// but these is in `aud`, so that what was meant for another server is of no use here.
    pub audiences: &'a [&'a str],
    /// The time.
    pub now: Now,
    /// The algorithms that are accepted.
    pub algorithms: &'a [Algorithm],
}

/// An assertion that holds. That it came once only is for [`crate::SeenOnce`] to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAssertion {
    /// Its own id.
    pub id: String,
    /// When it expires.
    pub expires: Timestamp,
    /// Until when its id is to be remembered.
    pub remember_until: Timestamp,
}

impl ClientAssertion {
    /// Verifies an assertion.
    ///
    /// # Errors
    /// Where it does not hold, or is another kind of token.
    pub fn verify(
        token: &str,
        keys: &KeySet,
        rules: &ClientAssertionRules<'_>,
    ) -> Result<Self, TokenFault> {
        let claims = verify(token, keys, rules.algorithms, TokenType::ClientAssertion)?.claims;
        Ok(rules.check(&claims)?)
    }
}

impl ClientAssertionRules<'_> {
    fn check(&self, claims: &Claims) -> Result<ClientAssertion, ClaimFault> {
        let expectations = Expectations {
            issuer: self.client_id,
            audiences: self.audiences,
            now: self.now,
            age_max: None,
        };
        let expires = expectations.check(claims)?.expires;
        claims.exactly("sub", self.client_id)?;
        let is_ours = |one: &str| self.audiences.contains(&one);
        if !claims.audience()?.iter().all(is_ours) {
            return Err(ClaimProblem::Other.of("aud"));
        }
        let latest = self.now.timestamp().after(CLIENT_ASSERTION_LIFETIME_MAX);
        if expires > self.now.end_of(latest) {
            return Err(ClaimProblem::TooFar.of("exp"));
        }
        Ok(ClientAssertion {
            id: claims.required_text("jti")?.to_owned(),
            expires,
            remember_until: self.now.end_of(expires),
        })
    }
}
