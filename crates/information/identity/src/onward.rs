//! Where a sign-in leads that was not begun by an app's own host: to whatever the browser is in the
//! middle of here, which it keeps in a cookie for each attempt.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};

use crate::cookies;

/// The name of the cookie, before that of the attempt. What is in it is for whoever set it.
pub const PENDING_COOKIE: &str = "__Host-gw-pending-";
/// Where it goes on, at the authentication origin.
pub const RESUME: &str = "/resume";

/// The way on for an attempt that this browser is in the middle of here.
pub(crate) fn of(headers: &HeaderMap, attempt: &str) -> Option<String> {
    cookies::value(headers, &format!("{PENDING_COOKIE}{attempt}"))?;
    Some(format!("{RESUME}?attempt={attempt}"))
}

/// The value of a cookie, if it is there exactly once.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    cookies::value(headers, name)
}

/// The names of cookies that start so and end as ours do.
pub fn cookie_names(headers: &HeaderMap, start: &str) -> Vec<String> {
    cookies::names(headers, start)
}

/// Has the browser forget a session that ended, with what pages kept.
pub fn forget_session(response: &mut Response<Bytes>) {
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static(r#""cache", "storage""#),
    );
    if let Some(cookie) = cookies::no_session() {
        headers.append(header::SET_COOKIE, cookie);
    }
}
