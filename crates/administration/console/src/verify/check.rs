//! The checks that any app should make of an assertion, one by one.

use data_encoding::BASE64URL_NOPAD;
use gw_model::{Snapshot, Timestamp};
use gw_pages::span_words;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::Jwk};
use serde_json::Value;

/// The purpose of the keys that may sign assertions: one for another purpose does not count.
const PURPOSE: &str = "assertion";

/// An assertion as it was received; none of it is believed yet.
pub(super) struct Assertion {
    pub(super) raw: String,
    header: Value,
    claims: Value,
}

/// What the assertion must say here.
pub(super) struct Expected {
    pub(super) audience: Option<String>,
    pub(super) issuer_host: Option<String>,
    pub(super) subject: Option<String>,
}

/// One check and what came of it.
pub(super) struct Check {
    pub(super) what: String,
    pub(super) holds: bool,
    pub(super) detail: String,
}

impl Assertion {
    /// Takes the three parts apart.
    pub(super) fn read(raw: &str) -> Option<Self> {
        let mut parts = raw.split('.');
        let (header, claims) = (parts.next()?, parts.next()?);
        let (Some(_), None) = (parts.next(), parts.next()) else {
            return None;
        };
        let decode = |part: &str| -> Option<Value> {
            serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok()
        };
        Some(Self {
            raw: raw.into(),
            header: decode(header)?,
            claims: decode(claims)?,
        })
    }

    pub(super) fn header_text(&self) -> String {
        format!("{:#}", self.header)
    }

    pub(super) fn claims_text(&self) -> String {
        format!("{:#}", self.claims)
    }

    fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    fn seconds(&self, name: &str) -> Option<Timestamp> {
        self.claims.get(name)?.as_u64().map(Timestamp::from_secs)
    }
}

/// All checks, in the order in which an app makes them.
pub(super) fn all(
    assertion: Option<&Assertion>,
    expected: &Expected,
    facts: &Snapshot,
    now: Timestamp,
) -> Vec<Check> {
    let Some(assertion) = assertion else {
        return vec![Check {
            what: "An assertion came with the request".into(),
            holds: false,
            detail: "There is none, or it has another form.".into(),
        }];
    };
    vec![
        signature(assertion, facts),
        equals(
            "It is for this app",
            assertion.claim("aud"),
            expected.audience.as_deref(),
        ),
        issuer(assertion, expected),
        equals(
            "It is about you",
            assertion.claim("sub"),
            expected.subject.as_deref(),
        ),
        expiry(assertion, now),
    ]
}

fn signature(assertion: &Assertion, facts: &Snapshot) -> Check {
    let what = "It is signed by a published key".into();
    match verified(assertion, facts) {
        Ok(kid) => Check {
            what,
            holds: true,
            detail: format!("ES256, key {kid}"),
        },
        Err(why) => Check {
            what,
            holds: false,
            detail: why.into(),
        },
    }
}

fn verified<'a>(assertion: &'a Assertion, facts: &Snapshot) -> Result<&'a str, &'static str> {
    let named = assertion.header.get("kid").and_then(Value::as_str);
    let kid = named.ok_or("It names no key.")?;
    let key = facts
        .keys()
        .find(|key| *key.purpose == *PURPOSE && *key.kid == *kid)
        .ok_or("The key that it names is not published for assertions.")?;
    let jwk: Jwk = serde_json::from_str(&key.jwk).map_err(|_| "The key cannot be read.")?;
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| "The key cannot be used.")?;
    let mut only_the_signature = Validation::new(Algorithm::ES256);
    only_the_signature.validate_exp = false;
    only_the_signature.validate_aud = false;
    only_the_signature.required_spec_claims.clear();
    jsonwebtoken::decode::<Value>(&assertion.raw, &key, &only_the_signature)
        .map(|_| kid)
        .map_err(|_| "The signature is not that of the key.")
}

fn equals(what: &str, said: Option<&str>, expected: Option<&str>) -> Check {
    let holds = said.is_some() && said == expected;
    let said = said.unwrap_or("nothing");
    let detail = match expected {
        _ if holds => said.to_owned(),
        Some(expected) => format!("It says {said}, and should say {expected}."),
        None => format!("It says {said}, and nothing is known to compare it with."),
    };
    Check {
        what: what.into(),
        holds,
        detail,
    }
}

/// The issuer is the authentication origin, by whichever listener.
fn issuer(assertion: &Assertion, expected: &Expected) -> Check {
    let said = assertion.claim("iss");
    let host = said.map(|said| {
        let rest = said.split_once("://").map_or(said, |(_, rest)| rest);
        rest.rsplit_once(':').map_or(rest, |(host, _)| host)
    });
    let mut check = equals(
        "It comes from where you signed in",
        host,
        expected.issuer_host.as_deref(),
    );
    if check.holds {
        check.detail = said.unwrap_or_default().into();
    }
    check
}

fn expiry(assertion: &Assertion, now: Timestamp) -> Check {
    let what = "It is still valid, and for a minute at most".into();
    let (Some(issued), Some(expires)) = (assertion.seconds("iat"), assertion.seconds("exp")) else {
        return Check {
            what,
            holds: false,
            detail: "It does not say how long it is valid.".into(),
        };
    };
    let life = expires.since(issued);
    let holds = expires > now && life.as_secs() <= 60;
    let detail = if expires > now {
        format!(
            "{} of {} left",
            span_words(expires.since(now)),
            span_words(life)
        )
    } else {
        format!("It ended {} ago.", span_words(now.since(expires)))
    };
    Check {
        what,
        holds,
        detail,
    }
}
