//! The `claims` parameter: single claims that are asked for (OpenID Connect Core 1.0, 5.5).

use std::collections::BTreeMap;

use gw_jose::{JsonFault, json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest `claims` parameter, in bytes.
pub const CLAIMS_BYTES_MAX: usize = 8 * 1024;
/// The most claims that are asked for in one place.
pub const CLAIMS_MAX: usize = 64;
/// The most values that one claim is asked to have one of.
pub const CLAIM_VALUES_MAX: usize = 16;
/// The longest name of a claim, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// Why a `claims` parameter is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsFault {
    /// It is longer than [`CLAIMS_BYTES_MAX`].
    #[error("`claims` is longer than {CLAIMS_BYTES_MAX} bytes")]
    TooLarge,
    /// It is no JSON object with each member once.
    #[error("`claims` cannot be read: {0}")]
    Json(#[from] JsonFault),
    /// A member is not of its form.
    #[error("`claims` has a member that is not of its form")]
    Malformed,
    /// It asks for more than [`CLAIMS_MAX`] claims or [`CLAIM_VALUES_MAX`] values.
    #[error("`claims` asks for more than {CLAIMS_MAX} claims or {CLAIM_VALUES_MAX} values of one")]
    TooMany,
}

/// How a claim is asked for (5.5.1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// Whether it is needed for what the person wants to do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub essential: bool,
    /// The values of which it is to have one, the one that is liked best first; any where there
    /// is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

impl ClaimRequest {
    /// Whether this value is one that is asked for.
    pub fn wants(&self, value: &Value) -> bool {
        self.values.is_empty() || self.values.contains(value)
    }
}

/// The claims that are asked for in one place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestedClaims(BTreeMap<String, ClaimRequest>);

impl RequestedClaims {
    /// How this claim is asked for, where it is.
    pub fn claim(&self, name: &str) -> Option<&ClaimRequest> {
        self.0.get(name)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ClaimRequest)> {
        self.0.iter().map(|(name, how)| (name.as_str(), how))
    }

    /// Whether none is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn read(value: &Value) -> Result<Self, ClaimsFault> {
        let members = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(members) => members,
            _ => return Err(ClaimsFault::Malformed),
        };
        if members.len() > CLAIMS_MAX {
            return Err(ClaimsFault::TooMany);
        }
        let read = |(name, how): (&String, &Value)| {
            // A language (5.2) is no other claim: none is kept in several.
            let name = name.split('#').next().unwrap_or_default();
            match name.is_empty() || name.len() > NAME_BYTES_MAX {
                true => Err(ClaimsFault::Malformed),
                false => Ok((name.to_owned(), ClaimRequest::read(how)?)),
            }
        };
        members.iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl ClaimRequest {
    fn read(value: &Value) -> Result<Self, ClaimsFault> {
        let members = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(members) => members,
            _ => return Err(ClaimsFault::Malformed),
        };
        let essential = match members.get("essential") {
            None => false,
            Some(Value::Bool(essential)) => *essential,
            Some(_) => return Err(ClaimsFault::Malformed),
        };
        let values = match (members.get("value"), members.get("values")) {
            (None, None) => Vec::new(),
            (Some(value), None) => vec![value.clone()],
            (None, Some(Value::Array(values))) if values.len() > CLAIM_VALUES_MAX => {
                return Err(ClaimsFault::TooMany);
            }
            (None, Some(Value::Array(values))) if !values.is_empty() => values.clone(),
            _ => return Err(ClaimsFault::Malformed),
        };
        Ok(Self { essential, values })
    }
}

/// What is asked for beyond scopes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClaimsRequest {
    /// Of the userinfo endpoint.
    #[serde(default, skip_serializing_if = "RequestedClaims::is_empty")]
    pub userinfo: RequestedClaims,
    /// In the ID token.
    #[serde(default, skip_serializing_if = "RequestedClaims::is_empty")]
    pub id_token: RequestedClaims,
}

impl ClaimsRequest {
    /// The scopes that cover what is asked for one by one, each once.
    pub fn scopes(&self) -> impl Iterator<Item = &'static str> {
        let asks = |name: &&str| {
            self.userinfo.claim(name).is_some() || self.id_token.claim(name).is_some()
        };
        let covers = move |(scope, names): &(&'static str, &'static [&'static str])| {
            names.iter().any(asks).then_some(*scope)
        };
        crate::SCOPE_CLAIMS.iter().filter_map(covers)
    }

    /// Reads a `claims` parameter. Members that are not known are left away (5.5).
    ///
    /// # Errors
    /// Where it is no such parameter, or beyond a bound.
    pub fn parse(text: &str) -> Result<Self, ClaimsFault> {
        if text.len() > CLAIMS_BYTES_MAX {
            return Err(ClaimsFault::TooLarge);
        }
        let members = json::object(text.as_bytes())?;
        let place = |name: &str| {
            members
                .get(name)
                .map_or(Ok(RequestedClaims::default()), RequestedClaims::read)
        };
        Ok(Self {
            userinfo: place("userinfo")?,
            id_token: place("id_token")?,
        })
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// How the authentication context is asked for (5.5.1.1).
    pub fn acr(&self) -> Option<&ClaimRequest> {
        self.id_token.claim("acr")
    }

    /// Of whom a sign-in is asked for (5.5.1: `sub` with a value).
    pub fn subject(&self) -> Option<&ClaimRequest> {
        let of =
            |place: &RequestedClaims| place.claim("sub").is_some_and(|sub| !sub.values.is_empty());
        match of(&self.id_token) {
            true => self.id_token.claim("sub"),
            false if of(&self.userinfo) => self.userinfo.claim("sub"),
            false => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_standard_s_example_is_read() {
        // OpenID Connect Core 1.0, 5.5.
        let text = r#"{"userinfo":{"given_name":{"essential":true},"nickname":null,
            "email":{"essential":true},"http://example.info/claims/groups":null},
            "id_token":{"auth_time":{"essential":true},"acr":{"values":["urn:mace:incommon:iap:silver"]}}}"#;
        let read = ClaimsRequest::parse(text).unwrap();
        assert!(read.userinfo.claim("given_name").unwrap().essential);
        assert_eq!(
            read.userinfo.claim("nickname"),
            Some(&ClaimRequest::default())
        );
        assert_eq!(
            read.acr().unwrap().values,
            [json!("urn:mace:incommon:iap:silver")]
        );
        let kept = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<ClaimsRequest>(&kept).unwrap(), read);
    }

    #[test]
    fn a_claims_bomb_is_refused() {
        let deep = format!(
            r#"{{"userinfo":{{"a":{{"value":{}{}}}}}}}"#,
            "[".repeat(2000),
            "]".repeat(2000)
        );
        assert_eq!(
            ClaimsRequest::parse(&deep),
            Err(ClaimsFault::Json(JsonFault::TooDeep))
        );
        let many: Vec<String> = (0..=CLAIMS_MAX)
            .map(|n| format!(r#""c{n}":null"#))
            .collect();
        let many = format!(r#"{{"userinfo":{{{}}}}}"#, many.join(","));
        assert_eq!(ClaimsRequest::parse(&many), Err(ClaimsFault::TooMany));
        let values = format!(
            r#"{{"id_token":{{"acr":{{"values":[{}0]}}}}}}"#,
            "0,".repeat(16)
        );
        assert_eq!(ClaimsRequest::parse(&values), Err(ClaimsFault::TooMany));
        let long = format!(r#"{{"x":"{}"}}"#, "x".repeat(CLAIMS_BYTES_MAX));
        assert_eq!(ClaimsRequest::parse(&long), Err(ClaimsFault::TooLarge));
        let twice = r#"{"id_token":{"sub":{"value":"a"},"sub":{"value":"b"}}}"#;
        assert_eq!(
            ClaimsRequest::parse(twice),
            Err(ClaimsFault::Json(JsonFault::Duplicate))
        );
    }

    #[test]
    fn what_is_not_of_its_form_is_refused() {
        for text in [
            r#"{"userinfo":[]}"#,
            r#"{"userinfo":{"a":1}}"#,
            r#"{"userinfo":{"a":{"essential":"yes"}}}"#,
            r#"{"userinfo":{"a":{"values":"x"}}}"#,
            r#"{"userinfo":{"a":{"values":[]}}}"#,
            r#"{"userinfo":{"a":{"value":1,"values":[1]}}}"#,
            r#"{"userinfo":{"":null}}"#,
        ] {
            assert_eq!(
                ClaimsRequest::parse(text),
                Err(ClaimsFault::Malformed),
                "{text}"
            );
        }
        assert!(
            ClaimsRequest::parse(r#"{"other":1,"userinfo":null}"#)
                .unwrap()
                .is_empty()
        );
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(text in r#"\{"(userinfo|id_token)":\{("[a-z#]{0,3}":(null|1|\{("essential":(true|1))?\}),?){0,3}\}\}"#) {
            if let Ok(read) = ClaimsRequest::parse(&text) {
                let kept = serde_json::to_string(&read).unwrap();
                prop_assert_eq!(serde_json::from_str::<ClaimsRequest>(&kept).unwrap(), read);
            }
        }
    }
}
