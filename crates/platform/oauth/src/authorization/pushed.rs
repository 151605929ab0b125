//! Requests that a client pushes before it sends the person (RFC 9126).

use std::time::Duration;

use gw_jose::Thumbprint;
use gw_model::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{AuthorizationFault, AuthorizationRequest, Refusal, ShownFault};
use crate::{
    Client, ClientId, ErrorCode, Issuer, Parameters, Purpose, Secret, SecretHash,
    answer::{self, Answer},
};

/// What a `request_uri` of a pushed request begins with (2.2).
pub const PUSHED_URN: &str = "urn:ietf:params:oauth:request_uri:";
/// How long a pushed request is good: until the person's browser has come, not longer.
pub const PUSHED_LIFETIME: Duration = Duration::from_secs(90);

/// A request that was pushed, as it is kept until it is used, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedRequest {
    /// By what it is found ([`super::Asked::Pushed`]).
    pub hash: SecretHash,
    /// The request, which held when it was pushed.
    pub request: AuthorizationRequest,
    /// The first instant at which it is good no more.
    pub expires: Timestamp,
}

/// Why a request is not taken; the client hears of all of it, since it is who asks (2.3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushFault {
    /// Its redirect URI or client is not certain.
    #[error("`redirect_uri` or `client_id` is not the client's own")]
    RedirectUri,
    /// It refers to another request (2.1).
    #[error("`request_uri` may not be pushed")]
    RequestUri,
    /// It would be refused.
    #[error(transparent)]
    Request(#[from] AuthorizationFault),
}

impl PushFault {
    /// What the client is told.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::RedirectUri | Self::RequestUri => ErrorCode::InvalidRequest,
            Self::Request(fault) => fault.code(),
        }
    }

    /// The answer.
    pub fn answer(&self) -> Answer {
        answer::refusal(self.code(), self, None)
    }
}

impl PushedRequest {
    /// Takes a request of a client that has shown who it is; `proof` is the key of the DPoP proof
    /// that came with it, which the code is then bound to (RFC 9449, 10.1).
    ///
    /// # Errors
    /// Where it would be refused at the authorization endpoint.
    pub fn take(
        parameters: &Parameters,
        client: &Client,
        issuer: &Issuer,
        proof: Option<&Thumbprint>,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<Self, PushFault> {
        if parameters.value("request_uri").is_some() {
            return Err(PushFault::RequestUri);
        }
        // How the client showed who it is came along, and is no part of the request.
        let parameters =
            parameters.without(&["client_secret", "client_assertion", "client_assertion_type"]);
        let read = AuthorizationRequest::read_pushed(&parameters, client, issuer, now);
        let mut request = read.map_err(|refusal| match refusal {
            Refusal::Shown(_) => PushFault::RedirectUri,
            Refusal::Told { fault, .. } => PushFault::Request(fault),
        })?;
        request.dpop_key = match (request.dpop_key, proof) {
            (Some(named), Some(proven)) if !named.matches(proven) => {
                return Err(AuthorizationFault::DpopKey.into());
            }
            (named, proven) => named.or(proven.copied()),
        };
        Ok(Self {
            hash: secret.hash(Purpose::PushedRequest),
            request,
            expires: now.after(PUSHED_LIFETIME),
        })
    }

    /// The request, where it is this client's and still good. The store has taken it out.
    ///
    /// # Errors
    /// Where it is another's, or over.
    pub fn open(
        self,
        client_id: &ClientId,
        now: Timestamp,
    ) -> Result<AuthorizationRequest, ShownFault> {
        match self.request.client_id == *client_id && now < self.expires {
            true => Ok(self.request),
            false => Err(ShownFault::PushedRequest),
        }
    }
}

/// What the client is answered (2.2).
#[derive(Serialize)]
struct PushedResponse {
    request_uri: String,
    expires_in: u64,
}

/// The answer to a request that was taken.
pub fn pushed_response(secret: &Secret) -> Answer {
    let body = PushedResponse {
        request_uri: format!("{PUSHED_URN}{}", secret.expose()),
        expires_in: PUSHED_LIFETIME.as_secs(),
    };
    answer::json(StatusCode::CREATED, &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authorization::Asked,
        testing::{NOW, client, issuer, parameters, request_text},
    };

    fn take(
        text: &str,
        client: &Client,
        proof: Option<&Thumbprint>,
    ) -> Result<(Secret, PushedRequest), PushFault> {
        let secret = Secret::generate().unwrap();
        let pushed =
            PushedRequest::take(&parameters(text), client, &issuer(), proof, &secret, NOW)?;
        Ok((secret, pushed))
    }

    #[test]
    fn a_pushed_request_is_found_by_its_uri_and_opened_by_its_client_alone() {
        let one = client();
        let (secret, pushed) = take(&request_text(&[("client_secret", "s")]), &one, None).unwrap();
        let uri = format!(
            "client_id=app&request_uri={PUSHED_URN}{}&scope=admin",
            secret.expose()
        );
        let asked = Asked::read(&parameters(&uri)).unwrap();
        assert_eq!(
            asked,
            Asked::Pushed {
                client_id: one.id.clone(),
                kept: pushed.hash
            }
        );
        let opened = pushed.clone().open(&one.id, NOW).unwrap();
        assert_eq!(
            opened.scopes.to_string(),
            "openid profile",
            "what comes along does not count"
        );
        let other = ClientId::parse("other").unwrap();
        assert_eq!(
            pushed.clone().open(&other, NOW),
            Err(ShownFault::PushedRequest)
        );
        let late = NOW.after(PUSHED_LIFETIME);
        assert_eq!(pushed.open(&one.id, late), Err(ShownFault::PushedRequest));
    }

    #[test]
    fn what_would_be_refused_is_refused_when_it_is_pushed() {
        let one = client();
        for (name, value, code) in [
            (
                "redirect_uri",
                "https://evil.example/cb",
                ErrorCode::InvalidRequest,
            ),
            ("client_id", "other", ErrorCode::InvalidRequest),
            (
                "request_uri",
                "urn:ietf:params:oauth:request_uri:x",
                ErrorCode::InvalidRequest,
            ),
            ("response_type", "token", ErrorCode::UnsupportedResponseType),
            ("request", "x.y.z", ErrorCode::RequestNotSupported),
        ] {
            let fault = take(&request_text(&[(name, value)]), &one, None).unwrap_err();
            assert_eq!(fault.code(), code, "{name}");
        }
    }

    #[test]
    fn a_code_is_bound_to_the_key_that_was_proven_when_its_request_was_pushed() {
        let (one, other) = (
            Thumbprint::of_certificate(b"1"),
            Thumbprint::of_certificate(b"2"),
        );
        let (_, pushed) = take(&request_text(&[]), &client(), Some(&one)).unwrap();
        assert_eq!(pushed.request.dpop_key, Some(one));
        let named = request_text(&[("dpop_jkt", &other.to_string())]);
        let fault = take(&named, &client(), Some(&one)).unwrap_err();
        assert_eq!(fault, PushFault::Request(AuthorizationFault::DpopKey));
    }

    #[test]
    fn a_client_that_must_push_may_do_nothing_else() {
        let mut one = client();
        one.require_pushed = true;
        assert!(take(&request_text(&[]), &one, None).is_ok());
        let direct =
            AuthorizationRequest::read(&parameters(&request_text(&[])), &one, &issuer(), NOW);
        let Err(Refusal::Told { fault, .. }) = direct else {
            panic!("it is told")
        };
        assert_eq!(fault, AuthorizationFault::NotPushed);
    }

    #[test]
    fn an_answer_names_the_request_and_its_end() {
        let secret = Secret::generate().unwrap();
        let answer = pushed_response(&secret);
        assert_eq!(answer.status(), StatusCode::CREATED);
        let body = String::from_utf8(answer.into_body()).unwrap();
        assert!(
            body.contains(secret.expose()) && body.contains("\"expires_in\":90"),
            "{body}"
        );
    }
}
