//! Plain HTTP where TLS is served: the way there, and nothing else.

use gw_pages::redirect;
use http::{StatusCode, request::Parts};

use crate::{
    answer::{Own, Rejection},
    canonical::{Authority, Canonical, Scheme},
    connection::Conn,
    fetch_site::is_safe,
};

/// Sends a GET or HEAD for a known host to HTTPS; refuses all else.
pub(crate) fn answer(conn: &Conn, parts: &Parts, https_port: u16) -> Result<Own, Rejection> {
    conn.read_twice()?;
    let read = Canonical::read(
        &parts.method,
        &parts.uri,
        parts.version,
        &parts.headers,
        Scheme::Http,
    )?;
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
