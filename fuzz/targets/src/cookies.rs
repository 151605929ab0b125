//! Cookies both ways: ours are found and hidden, an upstream's stay with their host.

use gw_web::cookie::{self, Ours};
use http::{
    HeaderMap,
    header::{COOKIE, SET_COOKIE},
};

use crate::input;

const OURS: &str = "__host-gw-";

/// Each line is a `Cookie` header.
pub(crate) fn request(data: &[u8]) {
    let mut headers = input::values(&COOKIE, data);
    let given = pairs(&headers);
    let named = |name: &str| {
        let same = |pair: &&Vec<u8>| name_of(pair).eq_ignore_ascii_case(name.as_bytes());
        given.iter().filter(same).count()
    };
    if let Ok(ours) = Ours::read(&headers) {
        assert!(named(cookie::SESSION) <= 1 && named(cookie::SIGN_ON) <= 1);
        assert!(
            ours.session
                .is_none_or(|value| is_sent(&given, cookie::SESSION, value))
        );
        assert!(
            ours.sign_on
                .is_none_or(|value| is_sent(&given, cookie::SIGN_ON, value))
        );
        for (name, value) in &ours.attempts {
            assert!(name.starts_with(cookie::ATTEMPT) && is_sent(&given, name, value));
        }
    }
    let ceremony = "__Host-gw-ceremony";
    if let Some(value) = gw_identity::fuzzing::cookie(&headers, ceremony) {
        assert!(is_sent(&given, ceremony, value.trim_ascii()));
    }
    cookie::hide_ours(&mut headers);
    let seen = pairs(&headers);
    assert!(seen.iter().all(|pair| !is_ours(pair)));
    let others = |pairs: &[Vec<u8>]| -> Vec<Vec<u8>> {
        let kept = |pair: &&Vec<u8>| !pair.is_empty() && !is_ours(pair);
        pairs.iter().filter(kept).cloned().collect()
    };
    assert_eq!(others(&seen), others(&given), "the app's own are all there");
    let once = headers.clone();
    cookie::hide_ours(&mut headers);
    assert_eq!(headers, once);
    assert_eq!(Ours::read(&headers), Ok(Ours::default()));
}

/// So many cookies are set by one answer.
const SET_AT_ONCE: usize = 50;

/// The first line is the host, each further one a `Set-Cookie` of its upstream.
pub(crate) fn answer(data: &[u8]) {
    let (host, rest) = input::first_text(data);
    let mut headers = input::values(&SET_COOKIE, rest);
    let given = headers.clone();
    cookie::narrow_set_cookies(&mut headers, host);
    let is_narrowed = |part: &[u8]| {
        let name = name_of(part);
        name.eq_ignore_ascii_case(b"domain") || name.eq_ignore_ascii_case(b"priority")
    };
    for value in headers.get_all(SET_COOKIE) {
        let mut parts = value.as_bytes().split(|byte| *byte == b';');
        assert!(!is_ours(parts.next().unwrap_or_default().trim_ascii()));
        assert!(parts.all(|part| !is_narrowed(part)));
    }
    assert!(headers.get_all(SET_COOKIE).iter().count() <= SET_AT_ONCE);
    for value in given.get_all(SET_COOKIE).iter().take(SET_AT_ONCE) {
        let mut parts = value.as_bytes().split(|byte| *byte == b';');
        let plain = !is_ours(parts.next().unwrap_or_default().trim_ascii())
            && parts.all(|part| !is_narrowed(part));
        let kept = headers.get_all(SET_COOKIE).iter().any(|kept| kept == value);
        assert!(!plain || kept, "what is the host's alone is kept");
    }
    let once = headers.clone();
    cookie::narrow_set_cookies(&mut headers, host);
    assert_eq!(headers, once);
}

fn pairs(headers: &HeaderMap) -> Vec<Vec<u8>> {
    let lines = headers.get_all(COOKIE).into_iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .map(|pair| pair.trim_ascii().to_vec())
        .collect()
}

fn name_of(pair: &[u8]) -> &[u8] {
    let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
    name.trim_ascii()
}

/// Whether a name, or a nameless cookie's value, begins as ours do.
fn is_ours(pair: &[u8]) -> bool {
    let pair = pair.strip_prefix(b"=").unwrap_or(pair).trim_ascii();
    let start = pair.get(..OURS.len()).unwrap_or_default();
    start.eq_ignore_ascii_case(OURS.as_bytes())
}

fn is_sent(given: &[Vec<u8>], name: &str, value: &str) -> bool {
    given.iter().any(|pair| {
        let text = String::from_utf8_lossy(pair);
        text.split_once('=')
            .is_some_and(|(n, v)| n.trim_ascii() == name && v.trim_ascii() == value)
    })
}
