//! The two cookies of the authentication origin.

use http::{HeaderMap, HeaderValue, header};

/// Stands for a session at the authentication origin.
pub(crate) const SESSION: &str = "__Host-gw-sso";
/// Binds a stranger's passkey ceremony to the browser that began it.
pub(crate) const CEREMONY: &str = "__Host-gw-ceremony";

/// The value of a cookie, if it is there exactly once.
pub(crate) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let value = found.next()?;
    found.next().is_none().then_some(value)
}

/// Sets the session's cookie; it lives as long as the browser's own session.
pub(crate) fn session(value: &str) -> Option<HeaderValue> {
    secret(&format!(
        "{SESSION}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"
    ))
}

/// Takes the session's cookie away.
pub(crate) fn no_session() -> Option<HeaderValue> {
    secret(&format!(
        "{SESSION}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
    ))
}

/// Sets the ceremony's cookie.
pub(crate) fn ceremony(value: &str, lives_secs: u64) -> Option<HeaderValue> {
    secret(&format!(
        "{CEREMONY}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={lives_secs}"
    ))
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&'static str]) -> HeaderMap {
        lines
            .iter()
            .map(|line| (header::COOKIE, HeaderValue::from_static(line)))
            .collect()
    }

    #[test]
    fn a_cookie_counts_only_when_it_is_there_once() {
        let once = headers(&["a=1; __Host-gw-ceremony=x", "b=2"]);
        assert_eq!(value(&once, CEREMONY), Some("x"));
        let twice = headers(&["__Host-gw-ceremony=x", "__Host-gw-ceremony=y"]);
        assert_eq!(value(&twice, CEREMONY), None);
        assert_eq!(value(&headers(&["__Host-gw-ceremonyx=1"]), CEREMONY), None);
    }
}
