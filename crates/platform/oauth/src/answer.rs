//! Answers of the endpoints that speak JSON: never kept by anybody on the way (RFC 6749, 5.1).

use http::{
    HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE},
};
use serde::Serialize;

use crate::{ErrorBody, ErrorCode};

/// An answer with its whole body.
pub type Answer = Response<Vec<u8>>;

/// A JSON document. What cannot be written becomes a `server_error`, which no value of this crate
/// does.
pub fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    match serde_json::to_vec(body) {
        Ok(body) => with(status, "application/json", body),
        Err(_) => with(
            StatusCode::INTERNAL_SERVER_ERROR,
            "application/json",
            br#"{"error":"server_error"}"#.to_vec(),
        ),
    }
}

/// A signed document: of the userinfo endpoint (OpenID Connect Core 1.0, 5.3.2).
pub fn jwt(token: String) -> Answer {
    with(StatusCode::OK, "application/jwt", token.into_bytes())
}

/// A refusal in JSON, with a challenge where there is one to give.
pub fn refusal(
    code: ErrorCode,
    fault: &impl std::fmt::Display,
    challenges: impl IntoIterator<Item = HeaderValue>,
) -> Answer {
    let mut answer = json(code.status(), &ErrorBody::new(code, fault));
    for challenge in challenges {
        answer.headers_mut().append(WWW_AUTHENTICATE, challenge);
    }
    answer
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Vec::new());
    *answer.status_mut() = status;
    never_kept(&mut answer);
    answer
}

/// Adds the nonce that the next proof is to hold (RFC 9449, 8.2); a text that is no header's
/// value is left away.
pub fn add_dpop_nonce(answer: &mut Answer, nonce: &str) {
    if let Ok(value) = HeaderValue::from_str(nonce) {
        answer
            .headers_mut()
            .insert(HeaderName::from_static("dpop-nonce"), value);
    }
}

fn with(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    never_kept(&mut answer);
    answer
}

fn never_kept(answer: &mut Answer) {
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
}
