//! Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.5), and the request that
//! carries one.

use std::time::Duration;

use gw_model::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{BackchannelLogout, Client, Issuer};

/// How long a logout token is good: two minutes at most (2.4).
pub const LOGOUT_TOKEN_LIFETIME: Duration = Duration::from_secs(120);
/// The event.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What a logout token is made of.
#[derive(Clone, Copy)]
pub struct LogoutTokenTerms<'a> {
    /// Who issues it.
    pub issuer: &'a Issuer,
    /// To whom.
    pub client: &'a Client,
    /// The person's name as this client is told it.
    pub subject: &'a str,
    /// The session that ended; where none is named, all of the person's.
    pub sid: Option<&'a str>,
    /// Its own id.
    pub id: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// What a logout token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogoutTokenClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: u64,
    exp: u64,
    jti: String,
    events: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

impl LogoutTokenClaims {
    /// Of these terms.
    pub fn new(terms: &LogoutTokenTerms<'_>) -> Self {
        let event = (EVENT.to_owned(), Value::Object(Map::new()));
        Self {
            iss: terms.issuer.as_str().to_owned(),
            sub: terms.subject.to_owned(),
            aud: terms.client.id.as_str().to_owned(),
            iat: terms.now.as_secs(),
            exp: terms.now.after(LOGOUT_TOKEN_LIFETIME).as_secs(),
            jti: terms.id.to_owned(),
            events: Map::from_iter([event]),
            sid: terms.sid.map(str::to_owned),
        }
    }
}

impl BackchannelLogout {
    /// The form that is posted to the client (2.5), as `application/x-www-form-urlencoded`. It
    /// answers 200 or 204 where it ended the session, 400 where it did not (2.8).
    pub fn body(token: &str) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("logout_token", token).finish()
    }
}
