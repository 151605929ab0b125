//! The cookies of the authentication origin.

use std::time::Duration;

use crate::{providers::saml, secrets};
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
        "{SESSION}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Priority=High"
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

/// Sets the cookie of a way to a provider: it comes back with a navigation from there, or with a
/// form that a page from there has posted.
pub(crate) fn flow(name: &str, value: &str, lives: Duration) -> Option<HeaderValue> {
    let (secs, same_site) = (lives.as_secs(), same_site(name));
    secret(&format!(
        "{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age={secs}"
    ))
}

/// Takes the cookie of a way to a provider away.
pub(crate) fn no_flow(name: &str) -> Option<HeaderValue> {
    let same_site = same_site(name);
    secret(&format!(
        "{name}=; Path=/; Secure; HttpOnly; SameSite={same_site}; Max-Age=0"
    ))
}

/// What a provider's page posts comes from another site, with these cookies alone.
fn same_site(name: &str) -> &'static str {
    match name.starts_with(saml::COOKIE) {
        true => "None",
        false => "Lax",
    }
}

/// The names of cookies that start so, as far as they are names of ours.
pub(crate) fn names(headers: &HeaderMap, start: &str) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let is_ours = |name: &&str| name.strip_prefix(start).is_some_and(secrets::is_base64url);
    pairs
        .map(|(name, _)| name)
        .filter(is_ours)
        .map(str::to_owned)
        .collect()
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
