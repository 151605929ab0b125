//! JWT access tokens, as a resource server checks them (RFC 9068, 2.2 and 4).

use gw_model::Timestamp;
use serde_json::Value;

use crate::{
    Algorithm, ClaimFault, ClaimProblem, Claims, Confirmation, Expectations, KeySet, Now,
    TokenFault, TokenType, verify,
};

/// What an access token must be.
#[derive(Debug, Clone, Copy)]
pub struct AccessTokenRules<'a> {
    /// From whom, to whom, when.
    pub expectations: Expectations<'a>,
    /// The algorithms that are accepted.
    pub algorithms: &'a [Algorithm],
}

/// An access token that holds. Whoever presents a bound one has still to prove its
/// [`AccessToken::confirmation`].
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// Who is asking: a person, or the client itself.
    pub subject: String,
    /// The session that it was issued in, by the name that tokens tell (`sid`).
    pub session: Option<String>,
    /// The client that it was issued to.
    pub client_id: String,
    /// Its own id.
    pub id: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
    /// What it is good for, each once, in the order in which it is said.
    pub scopes: Vec<String>,
    /// The keys that it is bound to.
    pub confirmation: Option<Confirmation>,
    /// When the person signed in.
    pub auth_time: Option<Timestamp>,
    /// The authentication context that was reached.
    pub acr: Option<String>,
    /// The authentication methods (RFC 8176).
    pub amr: Vec<String>,
    /// All that it claims, `act` (RFC 8693, 4.1) among it.
    pub claims: Claims,
}

impl AccessToken {
    /// Verifies an access token.
    ///
    /// # Errors
    /// Where it does not hold, or is another kind of token.
    pub fn verify(
        token: &str,
        keys: &KeySet,
        rules: &AccessTokenRules<'_>,
    ) -> Result<Self, TokenFault> {
        let claims = verify(token, keys, rules.algorithms, TokenType::AccessToken)?.claims;
        Ok(rules.check(claims)?)
    }

    /// Verifies an access token for who issued it, to whomever it is addressed.
    ///
    /// # Errors
    /// Where it does not hold, is another kind of token, or another's.
    pub fn verify_own(
        token: &str,
        keys: &KeySet,
        issuer: &str,
        algorithms: &[Algorithm],
        now: Now,
    ) -> Result<Self, TokenFault> {
        let claims = verify(token, keys, algorithms, TokenType::AccessToken)?.claims;
        let named: Vec<String> = claims.audience()?.iter().map(str::to_owned).collect();
        let audiences: Vec<&str> = named.iter().map(String::as_str).collect();
        let rules = AccessTokenRules {
            expectations: Expectations {
                issuer,
                audiences: &audiences,
                now,
                age_max: None,
            },
            algorithms,
        };
        Ok(rules.check(claims)?)
    }
}

impl AccessTokenRules<'_> {
    fn check(&self, claims: Claims) -> Result<AccessToken, ClaimFault> {
        let dates = self.expectations.check(&claims)?;
        Ok(AccessToken {
            subject: claims.required_text("sub")?.to_owned(),
            session: claims.text("sid")?.map(str::to_owned),
            client_id: claims.required_text("client_id")?.to_owned(),
            id: claims.required_text("jti")?.to_owned(),
            issued_at: dates.issued()?,
            expires: dates.expires,
            scopes: scopes(&claims)?,
            confirmation: Confirmation::read(&claims)?,
            auth_time: self.expectations.now.past(&claims, "auth_time")?,
            acr: claims.text("acr")?.map(str::to_owned),
            amr: claims.texts("amr")?,
            claims,
        })
    }
}

/// `scope` (RFC 8693, 4.2): words of RFC 6749, 3.3 with one space between them; may be empty.
fn scopes(claims: &Claims) -> Result<Vec<String>, ClaimFault> {
    let text = match claims.get("scope") {
        None => return Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => return Ok(Vec::new()),
        Some(_) => claims.required_text("scope")?,
    };
    let mut scopes: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let is_word = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if word.is_empty() || !word.bytes().all(is_word) {
            return Err(ClaimProblem::Malformed.of("scope"));
        }
        if !scopes.iter().any(|before| before == word) {
            scopes.push(word.to_owned());
        }
    }
    Ok(scopes)
}

#[cfg(test)]
mod tests;
