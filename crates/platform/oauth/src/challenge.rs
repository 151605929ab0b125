//! How a resource server says what is wrong with a token, or that more is needed: the values of
//! `WWW-Authenticate` (RFC 6750, 3; RFC 9449, 7.1; RFC 9470, 3; RFC 9728, 5.1).

use std::{fmt::Write as _, time::Duration};

use gw_jose::Algorithm;
use http::HeaderValue;

use crate::{ErrorCode, Scopes, error::description};

/// Which tokens a resource takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Bearer tokens, and those that are bound to a certificate.
    Bearer,
    /// Tokens that are bound to a DPoP key.
    Dpop,
}

/// What is wrong with a request at a resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceRefusal {
    /// There is no token: nothing is said but how to bring one (RFC 6750, 3.1).
    #[error("a token is needed")]
    NoToken,
    /// There are two, or one where it may not be.
    #[error("the request brings its token in more than one way, or in one that it may not")]
    Request,
    /// It does not hold.
    #[error("the token does not hold")]
    InvalidToken,
    /// It is not good for this.
    #[error("the token is not good for this")]
    InsufficientScope {
        /// What it would have to be good for.
        scopes: Scopes,
    },
    /// The person must sign in more strongly or anew (RFC 9470).
    #[error("a stronger or newer sign-in is needed")]
    InsufficientUserAuthentication {
        /// The authentication contexts of which one is needed.
        acr_values: Vec<String>,
        /// How long ago the sign-in may be.
        max_age: Option<Duration>,
    },
    /// The DPoP proof does not hold.
    #[error("the DPoP proof does not hold")]
    InvalidProof,
    /// The DPoP proof is to hold a nonce; the answer brings one.
    #[error("the DPoP proof is to hold the nonce of this answer")]
    UseNonce,
}

impl ResourceRefusal {
    /// Its code; none where there is no token.
    pub const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::NoToken => None,
            Self::Request => Some(ErrorCode::InvalidRequest),
            Self::InvalidToken => Some(ErrorCode::InvalidToken),
            Self::InsufficientScope { .. } => Some(ErrorCode::InsufficientScope),
            Self::InsufficientUserAuthentication { .. } => {
                Some(ErrorCode::InsufficientUserAuthentication)
            }
            Self::InvalidProof => Some(ErrorCode::InvalidDpopProof),
            Self::UseNonce => Some(ErrorCode::UseDpopNonce),
        }
    }

    /// The status of the answer.
    pub const fn status(&self) -> http::StatusCode {
        match self {
            Self::Request => http::StatusCode::BAD_REQUEST,
            Self::InsufficientScope { .. } => http::StatusCode::FORBIDDEN,
            _ => http::StatusCode::UNAUTHORIZED,
        }
    }
}

/// How a resource asks for a token.
#[derive(Debug, Clone, Copy)]
pub struct Challenge<'a> {
    /// Which tokens it takes.
    pub scheme: Scheme,
    /// The protection space (RFC 9110, 11.5).
    pub realm: &'a str,
    /// Where its metadata is.
    pub resource_metadata: Option<&'a str>,
    /// The algorithms of proofs, for [`Scheme::Dpop`].
    pub algorithms: &'a [Algorithm],
}

impl Challenge<'_> {
    /// The header's value for a refusal; none where a part of it could be in no header, which
    /// none is.
    pub fn header(&self, refusal: &ResourceRefusal) -> Option<HeaderValue> {
        let mut value = String::new();
        value.push_str(match self.scheme {
            Scheme::Bearer => "Bearer",
            Scheme::Dpop => "DPoP",
        });
        let mut parameters = Parameters {
            value: &mut value,
            has_any: false,
        };
        parameters.add("realm", self.realm);
        if let Some(code) = refusal.code() {
            parameters.add("error", code.name());
            parameters.add("error_description", &refusal.to_string());
        }
        refusal.add_to(&mut parameters);
        if let Some(address) = self.resource_metadata {
            parameters.add("resource_metadata", address);
        }
        if self.scheme == Scheme::Dpop {
            let names: Vec<_> = self.algorithms.iter().map(|one| one.name()).collect();
            parameters.add("algs", &names.join(" "));
        }
        HeaderValue::from_str(&value).ok()
    }
}

impl ResourceRefusal {
    fn add_to(&self, parameters: &mut Parameters<'_>) {
        match self {
            Self::InsufficientScope { scopes } => parameters.add("scope", &scopes.to_string()),
            Self::InsufficientUserAuthentication {
                acr_values,
                max_age,
            } => {
                if !acr_values.is_empty() {
                    parameters.add("acr_values", &acr_values.join(" "));
                }
                if let Some(max_age) = max_age {
                    parameters.add("max_age", &max_age.as_secs().to_string());
                }
            }
            _ => {}
        }
    }
}

/// Parameters of a challenge: quoted strings in which nothing needs an escape.
struct Parameters<'a> {
    value: &'a mut String,
    has_any: bool,
}

impl Parameters<'_> {
    fn add(&mut self, name: &str, text: &str) {
        let between = if self.has_any { ", " } else { " " };
        self.has_any = true;
        // Writing to a text does not fail.
        let _ = write!(self.value, "{between}{name}=\"{}\"", description(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scopes;

    fn header(scheme: Scheme, refusal: &ResourceRefusal) -> String {
        let challenge = Challenge {
            scheme,
            realm: "api \"x\"",
            resource_metadata: None,
            algorithms: &[Algorithm::Es256, Algorithm::EdDsa],
        };
        challenge
            .header(refusal)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn without_a_token_nothing_is_said_but_how_to_bring_one() {
        assert_eq!(
            header(Scheme::Bearer, &ResourceRefusal::NoToken),
            "Bearer realm=\"api 'x'\""
        );
        let dpop = header(Scheme::Dpop, &ResourceRefusal::NoToken);
        assert_eq!(dpop, "DPoP realm=\"api 'x'\", algs=\"ES256 EdDSA\"");
    }

    #[test]
    fn a_step_up_says_which_sign_in_is_needed() {
        let refusal = ResourceRefusal::InsufficientUserAuthentication {
            acr_values: vec!["phr".into(), "phrh".into()],
            max_age: Some(Duration::from_secs(60)),
        };
        let value = header(Scheme::Bearer, &refusal);
        assert!(
            value.contains("error=\"insufficient_user_authentication\""),
            "{value}"
        );
        assert!(
            value.ends_with("acr_values=\"phr phrh\", max_age=\"60\""),
            "{value}"
        );
        assert_eq!(refusal.status(), 401);
    }

    #[test]
    fn each_refusal_has_its_code_and_status() {
        let scope = ResourceRefusal::InsufficientScope {
            scopes: scopes("read write"),
        };
        assert!(header(Scheme::Bearer, &scope).ends_with("scope=\"read write\""));
        assert_eq!(
            (
                scope.status().as_u16(),
                ResourceRefusal::InvalidToken.status().as_u16()
            ),
            (403, 401)
        );
        let nonce = header(Scheme::Dpop, &ResourceRefusal::UseNonce);
        assert!(nonce.contains("error=\"use_dpop_nonce\""), "{nonce}");
        assert_eq!(ResourceRefusal::Request.status(), 400);
    }
}
