//! ID tokens, as a relying party checks them (OpenID Connect Core 1.0, 3.1.3.7 and 12.2).

use std::time::Duration;

use gw_model::Timestamp;

use crate::{
    Algorithm, ClaimFault, ClaimProblem, Claims, Expectations, KeySet, Now, TokenFault, TokenType,
    Verified, half_hash, hash::same, verify,
};

/// What the request said of a nonce.
#[derive(Clone, Copy)]
pub enum ExpectedNonce<'a> {
    /// It held this one: the token holds the same.
    Sent(&'a str),
    /// A token that was refreshed: it holds this one or none (12.2).
    Refreshed(&'a str),
    /// It held none: nor does the token.
    None,
}

/// What an ID token must be.
#[derive(Clone, Copy)]
pub struct IdTokenRules<'a> {
    /// The provider's issuer, exactly.
    pub issuer: &'a str,
    /// Our client id with that provider.
    pub client_id: &'a str,
    /// Others whom such a token may be addressed to beside us; usually nobody.
    pub trusted_audiences: &'a [&'a str],
    /// The time.
    pub now: Now,
    /// How long ago it may have been issued.
    pub age_max: Option<Duration>,
    /// The algorithms that are accepted.
    pub algorithms: &'a [Algorithm],
    /// The nonce of the request.
    pub nonce: ExpectedNonce<'a>,
    /// The access token that came with it, which its `at_hash` is of, where it has one.
    pub access_token: Option<&'a str>,
    /// The code that it was asked for with, which its `c_hash` is of, where it has one.
    pub code: Option<&'a str>,
    /// How long ago the person may have signed in, where that was asked for: then `auth_time`
    /// must be there.
    pub max_age: Option<Duration>,
    /// The authentication contexts of which one must be reached; any or none where this is empty.
    pub acr_values: &'a [&'a str],
}

/// An ID token that holds.
#[derive(Debug, Clone)]
pub struct IdToken {
    /// Who signed in, by the provider's own name for them.
    pub subject: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
    /// When the person signed in, where it says so.
    pub auth_time: Option<Timestamp>,
    /// The authentication context that was reached.
    pub acr: Option<String>,
    /// The authentication methods (RFC 8176).
    pub amr: Vec<String>,
    /// The provider's session.
    pub sid: Option<String>,
    /// All that it claims.
    pub claims: Claims,
}

impl IdToken {
    /// Verifies an ID token.
    ///
    /// # Errors
    /// Where it does not hold, or is not the answer to this request.
    pub fn verify(
        token: &str,
        keys: &KeySet,
        rules: &IdTokenRules<'_>,
    ) -> Result<Self, TokenFault> {
        let verified = verify(token, keys, rules.algorithms, TokenType::IdToken)?;
        Ok(rules.check(verified)?)
    }
}

impl IdTokenRules<'_> {
    fn check(&self, verified: Verified) -> Result<IdToken, ClaimFault> {
        let claims = verified.claims;
        claims.without("events")?;
        let dates = self.expectations(&[self.client_id]).check(&claims)?;
        let issued_at = dates.issued()?;
        self.parties(&claims)?;
        self.nonce(&claims)?;
        hash_holds(&claims, "at_hash", verified.algorithm, self.access_token)?;
        hash_holds(&claims, "c_hash", verified.algorithm, self.code)?;
        Ok(IdToken {
            subject: claims.openid_subject()?.to_owned(),
            issued_at,
            expires: dates.expires,
            auth_time: self.auth_time(&claims)?,
            acr: self.acr(&claims)?.map(str::to_owned),
            amr: claims.texts("amr")?,
            sid: claims.text("sid")?.map(str::to_owned),
            claims,
        })
    }

    const fn expectations<'b>(&'b self, audiences: &'b [&'b str]) -> Expectations<'b> {
        Expectations {
            issuer: self.issuer,
            audiences,
            now: self.now,
            age_max: self.age_max,
        }
    }

    /// Steps 3 to 5: nobody is addressed who is not trusted, and of several, `azp` says that it
    /// was issued to us.
    fn parties(&self, claims: &Claims) -> Result<(), ClaimFault> {
        let audience = claims.audience()?;
        let is_trusted = |one: &str| one == self.client_id || self.trusted_audiences.contains(&one);
        if !audience.iter().all(is_trusted) {
            return Err(ClaimProblem::Other.of("aud"));
        }
        match claims.text("azp")? {
            Some(party) if party == self.client_id => Ok(()),
            Some(_) => Err(ClaimProblem::Other.of("azp")),
            None if audience.iter().nth(1).is_some() => Err(ClaimProblem::Missing.of("azp")),
            None => Ok(()),
        }
    }

    /// Step 11.
    fn nonce(&self, claims: &Claims) -> Result<(), ClaimFault> {
        let held = claims.text("nonce")?;
        match (self.nonce, held) {
            (ExpectedNonce::Sent(sent) | ExpectedNonce::Refreshed(sent), Some(held)) => {
                let matches = same(sent, held);
                matches.then_some(()).ok_or(ClaimProblem::Other.of("nonce"))
            }
            (ExpectedNonce::Sent(_), None) => Err(ClaimProblem::Missing.of("nonce")),
            (ExpectedNonce::None, Some(_)) => Err(ClaimProblem::Forbidden.of("nonce")),
            (ExpectedNonce::Refreshed(_) | ExpectedNonce::None, None) => Ok(()),
        }
    }

    /// Step 13.
    fn auth_time(&self, claims: &Claims) -> Result<Option<Timestamp>, ClaimFault> {
        let at = self.now.past(claims, "auth_time")?;
        match (at, self.max_age) {
            (None, Some(_)) => Err(ClaimProblem::Missing.of("auth_time")),
            (Some(at), Some(max_age)) if self.now.is_over(at.after(max_age)) => {
                Err(ClaimProblem::TooOld.of("auth_time"))
            }
            _ => Ok(at),
        }
    }

    /// Step 12.
    fn acr<'c>(&self, claims: &'c Claims) -> Result<Option<&'c str>, ClaimFault> {
        let reached = claims.text("acr")?;
        match reached {
            _ if self.acr_values.is_empty() => Ok(reached),
            None => Err(ClaimProblem::Missing.of("acr")),
            Some(acr) if self.acr_values.contains(&acr) => Ok(reached),
            Some(_) => Err(ClaimProblem::Other.of("acr")),
        }
    }
}

/// Where a hash is there and what it is of is known, it is of that (3.1.3.8, 3.3.2.10).
fn hash_holds(
    claims: &Claims,
    name: &'static str,
    algorithm: Algorithm,
    of: Option<&str>,
) -> Result<(), ClaimFault> {
    match (claims.text(name)?, of) {
        (Some(hash), Some(of)) if !same(hash, &half_hash(algorithm, of)) => {
            Err(ClaimProblem::Other.of(name))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
