//! What of a request's headers an upstream may see, and what of its answer a client may.

use std::{net::IpAddr, sync::Arc};

use gw_model::IdentityHeaders;
use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{self, CONNECTION, LOCATION, SET_COOKIE, TE},
};
use smallvec::SmallVec;

use crate::{
    bearer,
    canonical::{Authority, Scheme},
    cookie,
};

mod present;
mod spelling;
mod told;

pub(crate) use present::Present;
pub use spelling::FoldedName;
pub use told::Told;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// What is stripped for one app beside what is stripped for all.
#[derive(Debug, Clone, Default)]
pub struct AppHeaders {
    /// Its plain identity headers; clients never set them in any spelling.
    pub identity: Vec<FoldedName>,
    /// The same as they are told: those that mean nothing else.
    pub told: ToldHeaders,
}

impl AppHeaders {
    /// Whether a header could tell this app who came: one of its own, or, where it believes in
    /// any, one whose name says that somebody is named. An app that reads `x-proxy-user` may
    /// read `x-proxy-roles` as well.
    fn is_claim(&self, name: &str) -> bool {
        let is_own = |own: &FoldedName| own.spells(name);
        !self.identity.is_empty()
            && (self.identity.iter().any(is_own) || spelling::names_somebody(name))
    }
}

/// Names of the plain headers that tell an app who came.
#[derive(Debug, Clone, Default)]
pub struct ToldHeaders {
    /// Receives the person's name.
    pub user: Option<HeaderName>,
    /// Receives their address.
    pub email: Option<HeaderName>,
    /// Receives their groups, comma-separated.
    pub groups: Option<HeaderName>,
}

impl ToldHeaders {
    /// Those of an app; whatever the facts hold, none that frames or routes a request.
    pub fn of(app: &IdentityHeaders) -> Self {
        let name = |name: &Option<Arc<str>>| {
            let name = name
                .as_deref()
                .filter(|name| IdentityHeaders::may_be(name))?;
            HeaderName::from_bytes(name.as_bytes()).ok()
        };
        Self {
            user: name(&app.user),
            email: name(&app.email),
            groups: name(&app.groups),
        }
    }
}

/// Hop-by-hop headers of RFC 9110, and those that only mean something to the next hop.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
            | "proxy-authentication-info"
    )
}

/// Strips what a client may not tell an upstream: who it is, where it comes from, what the
/// request really was, and what was meant for us.
pub fn strip_request(headers: &mut HeaderMap, app: &AppHeaders, keep_overrides: bool) {
    let meant_for_us =
        |name: &HeaderName| matches!(name.as_str(), "host" | "expect" | "content-length");
    strip(headers, app, keep_overrides, meant_for_us);
    cookie::hide_ours(headers);
}

/// Strips what a client may not tell one of our own apps, which may read our cookies.
pub fn strip_claims(headers: &mut HeaderMap, app: &AppHeaders) {
    strip(headers, app, false, |_| false);
}

fn strip(
    headers: &mut HeaderMap,
    app: &AppHeaders,
    keep_overrides: bool,
    also: impl Fn(&HeaderName) -> bool,
) {
    remove_named_in_connection(headers);
    remove_all(headers, |name| {
        is_hop_by_hop(name)
            || also(name)
            || spelling::is_identity(name.as_str())
            || spelling::is_misspelled_framing(name.as_str())
            || (!keep_overrides && spelling::is_override(name.as_str()))
            || app.is_claim(name.as_str())
    });
}

/// Removes every header whose name is so; one pass over what is there.
fn remove_all(headers: &mut HeaderMap, mut is_so: impl FnMut(&HeaderName) -> bool) {
    let gone: SmallVec<[HeaderName; 8]> = headers.keys().filter(|n| is_so(n)).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
}

/// Whether a request may take whoever asks for the holder of the whole connection (NTLM and Negotiate,
/// RFC 4559, 6): the next request on it would be taken for theirs.
pub fn is_of_connection(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    values.any(|value| {
        let bytes = value.as_bytes().trim_ascii_start();
        let scheme = bytes.split(|byte| !byte.is_ascii_alphanumeric()).next();
        let is = |known: &[u8]| scheme.is_some_and(|one| one.eq_ignore_ascii_case(known));
        is(b"ntlm") || is(b"negotiate") || is(b"kerberos")
    })
}

/// Whether a client says that it takes trailers: to us, as RFC 9110 (10.1.4) wants it said.
pub fn takes_trailers(headers: &HeaderMap, version: Version) -> bool {
    let lists = |name: HeaderName, token: &[u8]| {
        let values = headers.get_all(name);
        let tokens = values
            .iter()
            .flat_map(|v| v.as_bytes().split(|b| *b == b','));
        tokens
            .map(<[u8]>::trim_ascii)
            .any(|t| t.eq_ignore_ascii_case(token))
    };
    headers.contains_key(TE)
        && lists(TE, b"trailers")
        && (version == Version::HTTP_2 || lists(CONNECTION, b"te"))
}

/// Says the same to the upstream.
pub fn take_trailers(headers: &mut HeaderMap) {
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONNECTION, HeaderValue::from_static("TE"));
}

/// Strips trailers of a request: they never say who somebody is, nor frame anything.
pub fn strip_trailers(trailers: &mut HeaderMap, app: &AppHeaders) {
    strip_request(trailers, app, false);
    for name in [
        header::COOKIE,
        header::AUTHORIZATION,
        header::TRAILER,
        header::SET_COOKIE,
        bearer::DPOP,
    ] {
        trailers.remove(name);
    }
}

/// Where a request came from, as the upstream is told.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The client.
    pub address: IpAddr,
    /// How it reached us.
    pub scheme: Scheme,
    /// As what it reached us.
    pub authority: &'a Authority<'a>,
}

/// Strips what an upstream may not tell a client: cookies wider than its host or with our
/// names, the clearing of others' cookies, other ways to reach it, headers of ours.
pub fn strip_response(headers: &mut HeaderMap, host: &str) {
    remove_named_in_connection(headers);
    let (mut clears, mut sets_cookies) = (false, false);
    remove_all(headers, |name| {
        clears |= *name == CLEAR_SITE_DATA;
        sets_cookies |= *name == SET_COOKIE;
        is_hop_by_hop(name)
            || matches!(name.as_str(), "alt-svc" | "set-cookie2")
            || name.as_str().starts_with("gatewright-")
    });
    if clears {
        keep_cookies_of_others(headers);
    }
    if sets_cookies {
        cookie::narrow_set_cookies(headers, host);
    }
}

/// Whether an answer's body is coded for the way (RFC 9112, 7) otherwise than in chunks: nobody takes
/// that off here, and the client would not know of it.
pub fn is_coded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
}

/// A length that is said several times over in one line, always the same (RFC 9110, 8.6), is said once.
pub fn tell_length_once(headers: &mut HeaderMap) {
    let Some(length) = headers.get(header::CONTENT_LENGTH) else {
        return;
    };
    let bytes = length.as_bytes();
    let Some(end) = memchr::memchr(b',', bytes) else {
        return;
    };
    let first = bytes.get(..end).unwrap_or_default().trim_ascii();
    if let Ok(once) = HeaderValue::from_bytes(first) {
        headers.insert(header::CONTENT_LENGTH, once);
    }
}

/// Strips trailers of an answer.
pub fn strip_response_trailers(trailers: &mut HeaderMap, host: &str) {
    strip_response(trailers, host);
    for name in [
        header::SET_COOKIE,
        header::CONTENT_LENGTH,
        header::TRAILER,
        header::LOCATION,
        CLEAR_SITE_DATA,
    ] {
        trailers.remove(name);
    }
}

fn keep_cookies_of_others(headers: &mut HeaderMap) {
    let reaches_others = headers.get_all(CLEAR_SITE_DATA).iter().any(|value| {
        let value = value.as_bytes().to_ascii_lowercase();
        value.contains(&b'*') || memchr::memmem::find(&value, b"cookies").is_some()
    });
    if reaches_others {
        headers.remove(CLEAR_SITE_DATA);
    }
}

/// A `Location` that names the upstream names us instead.
pub fn rewrite_location(headers: &mut HeaderMap, upstream: &str, origin: Origin<'_>) {
    let Some(location) = headers.get(LOCATION).and_then(|l| l.to_str().ok()) else {
        return;
    };
    let Some(rest) = after_authority(location, upstream) else {
        return;
    };
    let slash = if rest.starts_with('/') { "" } else { "/" };
    let own = origin.authority.origin(origin.scheme);
    if let Ok(value) = HeaderValue::try_from(format!("{own}{slash}{rest}")) {
        headers.insert(LOCATION, value);
    }
}

/// What follows `http://upstream`, `https://upstream` or `//upstream`.
fn after_authority<'l>(location: &'l str, upstream: &str) -> Option<&'l str> {
    let after = |scheme: &str| {
        let start = location.get(..scheme.len())?;
        let rest = location.get(scheme.len()..)?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let schemes = ["http://", "https://", "//"];
    let rest = schemes.into_iter().find_map(after)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let known = [
        Some(upstream),
        upstream.strip_suffix(":80"),
        upstream.strip_suffix(":443"),
    ];
    known
        .into_iter()
        .flatten()
        .any(|u| u.eq_ignore_ascii_case(authority))
        .then_some(rest)
}

fn remove_named_in_connection(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        for name in named_in_connection(headers) {
            headers.remove(name);
        }
    }
}

/// `Keep-Alive`, which nearly all of them name, is taken out whether it is named or not.
fn named_in_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.eq_ignore_ascii_case(b"keep-alive"))
        .filter_map(|name| HeaderName::from_bytes(name).ok())
        .collect()
}

#[cfg(test)]
mod tests;
