//! A person's own claims: which of them a client is told (OpenID Connect Core 1.0, 5.1, 5.4 and
//! 5.5).

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Client, RequestedClaims, Scopes};

/// Which claims each scope asks for (5.4; `groups`, `roles` and `entitlements` as RFC 9068,
/// 2.2.3.1 names them). No other claims of a person are told.
pub const SCOPE_CLAIMS: [(&str, &[&str]); 7] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
    ("groups", &["groups"]),
    ("roles", &["roles"]),
    ("entitlements", &["entitlements"]),
];

/// What is known of a person, by the names of the claims that tell it. Whatever is in it, no more
/// than the claims of [`SCOPE_CLAIMS`] goes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonClaims(pub Map<String, Value>);

impl PersonClaims {
    /// Those that a client is told for these scopes, and those that it asks for one by one, where
    /// it is registered for a scope that covers them. One that is to have another value than it
    /// has is left away.
    pub(super) fn told(
        &self,
        scopes: &Scopes,
        requested: &RequestedClaims,
        client: &Client,
    ) -> Map<String, Value> {
        let mut told = Map::new();
        for (scope, names) in SCOPE_CLAIMS {
            let all = scopes.contains(scope);
            let each = client.scopes.contains(scope);
            for name in names {
                let asked = requested.claim(name);
                let is_told = all || (each && asked.is_some());
                let Some(value) = self
                    .0
                    .get(*name)
                    .filter(|value| is_told && !value.is_null())
                else {
                    continue;
                };
                if asked.is_none_or(|how| how.wants(value)) {
                    told.insert((*name).to_owned(), value.clone());
                }
            }
        }
        told
    }
}

/// What the userinfo endpoint says (5.3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserinfoClaims {
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    #[serde(flatten)]
    person: Map<String, Value>,
}

impl UserinfoClaims {
    /// Of a person by the name that this client is told, for an access token with these scopes
    /// and this request for single claims.
    pub fn new(
        subject: &str,
        person: &PersonClaims,
        scopes: &Scopes,
        requested: &RequestedClaims,
        client: &Client,
    ) -> Self {
        Self {
            sub: subject.to_owned(),
            iss: None,
            aud: None,
            person: person.told(scopes, requested, client),
        }
    }

    /// As it is signed for a client that is registered so: with who says it, to whom.
    #[must_use]
    pub fn signed(self, issuer: &crate::Issuer, client: &Client) -> Self {
        Self {
            iss: Some(issuer.as_str().to_owned()),
            aud: Some(client.id.as_str().to_owned()),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        ClaimsRequest,
        testing::{client, scopes},
    };

    fn person() -> PersonClaims {
        let known = json!({
            "name": "Ana", "email": "ana@example.com", "email_verified": true, "groups": ["staff"],
            "phone_number": "+1", "sub": "other", "iss": "evil", "password": "x", "nickname": null,
        });
        PersonClaims(known.as_object().unwrap().clone())
    }

    fn told(scope: &str, claims: &str) -> Value {
        let mut one = client();
        one.scopes = scopes("openid profile email groups");
        let requested = ClaimsRequest::parse(claims).unwrap();
        let told = UserinfoClaims::new("ana", &person(), &scopes(scope), &requested.userinfo, &one);
        serde_json::to_value(told).unwrap()
    }

    #[test]
    fn scopes_ask_for_their_claims() {
        assert_eq!(told("openid", "{}"), json!({"sub": "ana"}));
        assert_eq!(
            told("openid profile", "{}"),
            json!({"sub": "ana", "name": "Ana"})
        );
        let email = json!({"sub": "ana", "email": "ana@example.com", "email_verified": true});
        assert_eq!(told("openid email", "{}"), email);
        assert_eq!(
            told("openid groups", "{}"),
            json!({"sub": "ana", "groups": ["staff"]})
        );
    }

    #[test]
    fn single_claims_are_told_within_what_the_client_may_ask_for() {
        let one = told(
            "openid",
            r#"{"userinfo":{"email":null,"phone_number":null,"password":null}}"#,
        );
        assert_eq!(one, json!({"sub": "ana", "email": "ana@example.com"}));
        let other = told("openid profile", r#"{"userinfo":{"name":{"value":"Bo"}}}"#);
        assert_eq!(other, json!({"sub": "ana"}));
    }

    #[test]
    fn signed_it_says_from_whom_and_to_whom() {
        let one = client();
        let nothing = ClaimsRequest::default();
        let told =
            UserinfoClaims::new("ana", &person(), &scopes("openid"), &nothing.userinfo, &one);
        let told = serde_json::to_value(told.signed(&crate::testing::issuer(), &one)).unwrap();
        assert_eq!(
            told,
            json!({"sub": "ana", "iss": "https://auth.example", "aud": "app"})
        );
    }
}
