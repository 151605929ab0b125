//! Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6).

use std::time::Duration;

use gw_model::Timestamp;

use crate::{
    Algorithm, ClaimFault, ClaimProblem, Claims, Expectations, KeySet, Now, TokenFault, TokenType,
    verify,
};

/// How long ago a logout token may have been issued, so that what is remembered of it has an end.
pub const LOGOUT_TOKEN_AGE_MAX: Duration = Duration::from_secs(3600);
/// The member of `events` that makes it one.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a logout token must be.
#[derive(Debug, Clone, Copy)]
pub struct LogoutTokenRules<'a> {
    /// The provider's issuer, exactly.
    pub issuer: &'a str,
    /// Our client id with that provider.
    pub client_id: &'a str,
    /// The time.
    pub now: Now,
    /// The algorithms that are accepted.
    pub algorithms: &'a [Algorithm],
}

/// A logout token that holds. That it came once only is for [`crate::SeenOnce`] to say; where that
/// has no room, ending the sessions once more harms nobody, and not ending them does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutToken {
    /// Whose sessions end; where only a session is named, none.
    pub subject: Option<String>,
    /// Which session ends; where none is named, all of the subject's.
    pub sid: Option<String>,
    /// Its own id.
    pub id: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Until when its id is to be remembered.
    pub remember_until: Timestamp,
}

impl LogoutToken {
    /// Verifies a logout token.
    ///
    /// # Errors
    /// Where it does not hold, or is another kind of token.
    pub fn verify(
        token: &str,
        keys: &KeySet,
        rules: &LogoutTokenRules<'_>,
    ) -> Result<Self, TokenFault> {
        let claims = verify(token, keys, rules.algorithms, TokenType::LogoutToken)?.claims;
        Ok(rules.check(&claims)?)
    }
}

impl LogoutTokenRules<'_> {
    fn check(&self, claims: &Claims) -> Result<LogoutToken, ClaimFault> {
        event(claims)?;
        claims.without("nonce")?;
        let expectations = Expectations {
            issuer: self.issuer,
            audiences: &[self.client_id],
            now: self.now,
            age_max: Some(LOGOUT_TOKEN_AGE_MAX),
        };
        let dates = expectations.check(claims)?;
        let issued_at = dates.issued()?;
        let named = claims.get("sub");
        let subject = named.map(|_| claims.openid_subject()).transpose()?;
        let sid = claims.text("sid")?;
        if subject.is_none() && sid.is_none() {
            return Err(ClaimProblem::Missing.of("sub"));
        }
        let end = dates.expires.min(issued_at.after(LOGOUT_TOKEN_AGE_MAX));
        Ok(LogoutToken {
            subject: subject.map(str::to_owned),
            sid: sid.map(str::to_owned),
            id: claims.required_text("jti")?.to_owned(),
            issued_at,
            remember_until: self.now.end_of(end),
        })
    }
}

/// `events` holds the one that logs out, as an object.
fn event(claims: &Claims) -> Result<(), ClaimFault> {
    let events = claims
        .get("events")
        .ok_or(ClaimProblem::Missing.of("events"))?;
    match events.as_object().map(|events| events.get(EVENT)) {
        Some(Some(event)) if event.is_object() => Ok(()),
        Some(None) => Err(ClaimProblem::Other.of("events")),
        _ => Err(ClaimProblem::Malformed.of("events")),
    }
}
