//! Where tokens for an app come from and how they are brought: the document of RFC 9728.

use gw_oauth::{Issuer, ProtectedResource, ResourceMetadata};
use http::{HeaderValue, Method, Response, StatusCode, header};

use super::{named, proofs::ALGORITHMS};
use crate::{
    answer::{Own, Rejection},
    inbound::Inbound,
};

/// Where it is on an app's host (RFC 9728, 3).
pub(crate) const PATH: &str = "/.well-known/oauth-protected-resource";

/// Where it is, for a challenge.
pub(super) fn address(inbound: &Inbound) -> String {
    format!("{}{PATH}", inbound.own_origin())
}

/// The document. It is the same for everybody, and pages of any origin may read it.
pub(crate) fn answer(inbound: &Inbound) -> Result<Own, Rejection> {
    let tokens = inbound.app.tokens.as_ref().ok_or_else(missing)?;
    if !matches!(inbound.method, Method::GET | Method::HEAD) {
        return Err(Rejection::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "This can be read and nothing else",
            "Ask for it by GET.",
        ));
    }
    let issuer = inbound.sign_in_origin();
    let issuer = issuer.and_then(|origin| Issuer::parse(&origin).ok());
    let has_certificates = inbound.conn.asks_certificate;
    let resource = ProtectedResource {
        issuer: issuer.ok_or_else(missing)?,
        resource: &inbound.own_origin(),
        name: Some(&inbound.app.app.title),
        scopes: &named(&tokens.scopes),
        proof_algorithms: &ALGORITHMS,
        has_client_certificates: has_certificates,
        requires_dpop: tokens.sender_constrained && !has_certificates,
    };
    let body = serde_json::to_vec(&ResourceMetadata::of(resource)).map_err(|_| missing())?;
    let mut answer = Response::new(body.into());
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "max-age=300"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(answer)
}

fn missing() -> Rejection {
    Rejection::new(
        StatusCode::NOT_FOUND,
        "missing",
        "There is nothing here",
        "No route of this app takes access tokens that are issued here.",
    )
}
