//! Plain HTTP where TLS is served: the way there, what an authority that is about to certify a host
//! looks for, and nothing else.

use bytes::Bytes;
use gw_pages::redirect;
use http::{HeaderValue, Response, StatusCode, header, request::Parts};

use crate::{
    answer::{Own, Rejection},
    canonical::{Authority, Canonical, Scheme},
    connection::Conn,
    fetch_site::is_safe,
    options::Challenges,
};

/// Where an authority looks (RFC 8555, 8.3).
const CHALLENGE: &str = "/.well-known/acme-challenge/";

/// Answers what is pending, sends a GET or HEAD for a known host to HTTPS; refuses all else.
pub(crate) fn answer(
    conn: &Conn,
    parts: &Parts,
    https_port: u16,
    challenges: Option<&Challenges>,
) -> Result<Own, Rejection> {
    conn.read_twice()?;
    let read = Canonical::read(
        &parts.method,
        &parts.uri,
        parts.version,
        &parts.headers,
        Scheme::Http,
    )?;
    if let Some(pending) = challenges.and_then(|asked| pending(asked, parts, &read)) {
        return Ok(pending);
    }
    let view = conn.thread.view();
    let host = &read.authority.host;
    if conn.thread.router(&view).app(host).is_none() {
        return Err(Rejection::new(
            StatusCode::NOT_FOUND,
            "unknown-host",
            "There is nothing at this address",
            "Check the address, or ask whoever gave it to you.",
        ));
    }
    if !is_safe(&parts.method) {
        return Err(Rejection::new(
            StatusCode::FORBIDDEN,
            "plain-http",
            "This must be sent over HTTPS",
            "Nothing was passed on. What was sent over plain HTTP may have been read on the way: change passwords that were in it.",
        ));
    }
    let authority = Authority {
        host: host.clone(),
        port: Some(https_port).filter(|port| *port != Scheme::Https.default_port()),
    };
    let target = read.target.path_and_query();
    let mut answer = redirect(&format!("{}{target}", authority.origin(Scheme::Https)));
    *answer.status_mut() = StatusCode::PERMANENT_REDIRECT;
    Ok(answer)
}

/// What is pending for this very host and path.
fn pending(challenges: &Challenges, parts: &Parts, read: &Canonical<'_>) -> Option<Own> {
    let is_plain = is_safe(&parts.method) && read.target.query().is_none();
    let path = Some(read.target.path()).filter(|_| is_plain);
    let token = path?.strip_prefix(CHALLENGE)?;
    let found = challenges(&read.authority.host, token)?;
    let mut answer = Response::new(Bytes::copy_from_slice(found.as_bytes()));
    let headers = answer.headers_mut();
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(answer)
}
