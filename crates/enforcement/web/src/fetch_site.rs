//! Which page sends a request, and whether a browser will show the answer as a page.
//!
//! Apps are same-site with each other, so a page of one can send another's cookies; and apps
//! without a login of their own have no tokens against it. Browsers say who sends
//! (`Sec-Fetch-Site`, else `Origin`), and that is checked here for them.

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{self, ACCEPT, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
};

use crate::{
    canonical::{Ambiguous, Authority, Scheme},
    options::KnownOrigin,
};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The longest origin that is looked up, in bytes.
const ORIGIN_BYTES_MAX: usize = 512;
/// How long a browser may remember a preflight.
const PREFLIGHT_SECS: &str = "600";

/// The origin that a request is for.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// How the connection was opened.
    pub scheme: Scheme,
    /// Host and port.
    pub authority: &'a Authority<'a>,
}

impl Own<'_> {
    /// Whether a text names this origin, to the letter.
    pub fn is(&self, origin: &[u8]) -> bool {
        self.authority.is_origin(self.scheme, origin)
    }
}

/// Who sends a request, as the browser tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A page of the same origin.
    OwnPage,
    /// No page: an address typed, a bookmark.
    Person,
    /// A page of an origin that the route lists.
    Listed,
    /// A page of another origin.
    Other,
    /// It is not told: no browser, or a very old one.
    Untold,
}

impl Sender {
    /// Reads who sends.
    ///
    /// # Errors
    /// Where one of the headers was sent more than once.
    pub fn read(headers: &HeaderMap, own: Own<'_>, listed: &[Arc<str>]) -> Result<Self, Ambiguous> {
        let origin = once(headers, &ORIGIN)?;
        let site = once(headers, &SITE)?;
        if origin.is_some_and(|o| is_listed(o, listed)) {
            return Ok(Self::Listed);
        }
        Ok(match (site, origin) {
            (Some(b"same-origin"), _) => Self::OwnPage,
            (Some(b"none"), _) => Self::Person,
            (Some(_), _) => Self::Other,
            (None, Some(origin)) if own.is(origin) => Self::OwnPage,
            (None, Some(_)) => Self::Other,
            (None, None) => Self::Untold,
        })
    }

    /// Whether policy hears that the request is of the same origin.
    pub const fn is_same_origin(self) -> bool {
        matches!(self, Self::OwnPage | Self::Person)
    }

    /// Whether a request that changes something may be sent by it with a cookie.
    pub const fn may_change(self) -> bool {
        matches!(self, Self::OwnPage | Self::Person | Self::Listed)
    }
}

/// Whether a WebSocket handshake, or another upgrade, comes from a page of ours, or of an origin
/// that the route lists.
///
/// Browsers always send `Origin` with it; what comes without is refused.
pub fn may_switch(headers: &HeaderMap, own: Own<'_>, sender: Sender) -> bool {
    match sender {
        Sender::Listed => true,
        Sender::OwnPage => headers.get(ORIGIN).is_some_and(|o| own.is(o.as_bytes())),
        Sender::Person | Sender::Other | Sender::Untold => false,
    }
}

/// Whether this method promises to change nothing.
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether a browser asks in order to show the answer as a page.
pub fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    match headers.get(MODE) {
        Some(mode) => mode.as_bytes() == b"navigate",
        None => {
            *method == Method::GET
                && headers
                    .get_all(ACCEPT)
                    .iter()
                    .any(|accept| lists_html(accept.as_bytes()))
        }
    }
}

/// Whether a browser says that it shows the answer in something else than a window of its own.
pub fn is_framed(headers: &HeaderMap) -> bool {
    let shown = headers.get(DESTINATION);
    shown.is_some_and(|shown| shown.as_bytes() != b"document")
}

fn lists_html(accept: &[u8]) -> bool {
    accept.split(|b| *b == b',').any(|range| {
        let kind = range.split(|b| *b == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(b"text/html")
    })
}

/// A preflight: what a browser asks before a page of another origin may send something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// The method of the request that is to follow.
    pub method: Method,
}

impl Preflight {
    /// Recognises one.
    pub fn read(method: &Method, headers: &HeaderMap) -> Option<Self> {
        if *method != Method::OPTIONS || !headers.contains_key(ORIGIN) {
            return None;
        }
        let asked = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let method = Method::from_bytes(asked.as_bytes()).ok()?;
        Some(Self { method })
    }

    /// The answer where pages of known origins may ask, without what a browser keeps.
    pub async fn of_known(&self, headers: &HeaderMap, known: KnownOrigin) -> Response<()> {
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        let is_known = match origin {
            Some(origin) if origin.len() <= ORIGIN_BYTES_MAX => known(origin.into()).await,
            _ => false,
        };
        self.without_credentials(headers, is_known)
    }

    fn without_credentials(&self, headers: &HeaderMap, is_known: bool) -> Response<()> {
        let mut answer = Response::new(());
        let vary = HeaderValue::from_static("Origin");
        answer.headers_mut().append(header::VARY, vary);
        let asks = matches!(self.method, Method::GET | Method::POST);
        let Some(origin) = headers.get(ORIGIN).filter(|_| is_known && asks) else {
            *answer.status_mut() = StatusCode::FORBIDDEN;
            return answer;
        };
        *answer.status_mut() = StatusCode::NO_CONTENT;
        let allowed = answer.headers_mut();
        allowed.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let fixed = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "Authorization, Content-Type, DPoP",
            ),
            (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECS),
        ];
        for (name, value) in fixed {
            allowed.insert(name, HeaderValue::from_static(value));
        }
        answer
    }

    /// The answer, from the origins that the route lists. It never reaches the upstream.
    pub fn answer(&self, headers: &HeaderMap, listed: &[Arc<str>]) -> Response<()> {
        let mut answer = Response::new(());
        if !allow_origin(headers.get(ORIGIN), listed, answer.headers_mut()) {
            *answer.status_mut() = StatusCode::FORBIDDEN;
            return answer;
        }
        *answer.status_mut() = StatusCode::NO_CONTENT;
        let allowed = answer.headers_mut();
        if let Ok(method) = HeaderValue::from_str(self.method.as_str()) {
            allowed.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method);
        }
        if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            allowed.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        let lifetime = HeaderValue::from_static(PREFLIGHT_SECS);
        allowed.insert(header::ACCESS_CONTROL_MAX_AGE, lifetime);
        answer
    }
}

/// Lets a page of a listed origin read an answer; whether the request comes from one.
pub fn allow_origin(
    origin: Option<&HeaderValue>,
    listed: &[Arc<str>],
    answer: &mut HeaderMap,
) -> bool {
    if listed.is_empty() {
        return false;
    }
    answer.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin.filter(|o| is_listed(o.as_bytes(), listed)) else {
        return false;
    };
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    let yes = HeaderValue::from_static("true");
    answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    true
}

/// Lets no page of another origin read an answer, whatever the app says: a route that is to be read
/// so lists the origin.
pub fn allow_nobody(answer: &mut HeaderMap) {
    answer.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    answer.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
}

fn is_listed(origin: &[u8], listed: &[Arc<str>]) -> bool {
    listed.iter().any(|l| l.as_bytes() == origin)
}

fn once<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h [u8]>, Ambiguous> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(HeaderValue::as_bytes);
    match values.next() {
        Some(_) => Err(Ambiguous::HeaderRepeated),
        None => Ok(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "https://wiki.example:8443";

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn with_own<R>(then: impl FnOnce(Own<'_>) -> R) -> R {
        let authority = Authority::parse(b"wiki.example:8443", Scheme::Https).unwrap();
        let own = Own {
            scheme: Scheme::Https,
            authority: &authority,
        };
        assert_eq!(authority.origin(Scheme::Https), OWN);
        then(own)
    }

    fn listed() -> Vec<Arc<str>> {
        vec!["https://partner.example".into()]
    }

    fn sender(lines: &[(&'static str, &str)]) -> Result<Sender, Ambiguous> {
        with_own(|own| Sender::read(&headers(lines), own, &listed()))
    }

    #[test]
    fn the_browser_says_who_sends() {
        for (lines, who) in [
            (&[("sec-fetch-site", "same-origin")][..], Sender::OwnPage),
            (
                &[("sec-fetch-site", "same-origin"), ("origin", "null")],
                Sender::OwnPage,
            ),
            (&[("sec-fetch-site", "none")], Sender::Person),
            (
                &[("sec-fetch-site", "same-site"), ("origin", OWN)],
                Sender::Other,
            ),
            (&[("sec-fetch-site", "cross-site")], Sender::Other),
            (&[("sec-fetch-site", "Same-Origin")], Sender::Other),
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://partner.example"),
                ],
                Sender::Listed,
            ),
            (&[("origin", OWN)], Sender::OwnPage),
            (&[("origin", "https://wiki.example")], Sender::Other),
            (&[("origin", "http://wiki.example:8443")], Sender::Other),
            (&[("origin", "https://wiki.example:84433")], Sender::Other),
            (&[("origin", "null")], Sender::Other),
            (&[], Sender::Untold),
        ] {
            assert_eq!(sender(lines), Ok(who), "{lines:?}");
        }
        let twice = [("origin", OWN), ("origin", OWN)];
        assert_eq!(sender(&twice), Err(Ambiguous::HeaderRepeated));
    }

    #[test]
    fn a_websocket_is_opened_by_its_own_origin_only() {
        for (lines, may) in [
            (&[("origin", OWN)][..], true),
            (&[("origin", OWN), ("sec-fetch-site", "same-origin")], true),
            (&[("origin", OWN), ("sec-fetch-site", "same-site")], false),
            (&[("origin", "https://payroll.example:8443")], false),
            (&[("origin", "https://partner.example")], true),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "none"), ("origin", OWN)], false),
            (&[], false),
        ] {
            let who = sender(lines).unwrap();
            let opened = with_own(|own| may_switch(&headers(lines), own, who));
            assert_eq!(opened, may, "{lines:?}");
        }
    }

    #[test]
    fn only_what_a_browser_shows_as_a_page_is_a_navigation() {
        let html = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");
        for (method, lines, is) in [
            (Method::GET, &[("sec-fetch-mode", "navigate")][..], true),
            (Method::POST, &[("sec-fetch-mode", "navigate")], true),
            (Method::GET, &[("sec-fetch-mode", "cors"), html], false),
            (Method::GET, &[html], true),
            (Method::POST, &[html], false),
            (Method::GET, &[("accept", "*/*")], false),
            (
                Method::GET,
                &[("accept", "application/json, text/htmlx")],
                false,
            ),
            (Method::GET, &[], false),
        ] {
            assert_eq!(
                is_navigation(&method, &headers(lines)),
                is,
                "{method} {lines:?}"
            );
        }
    }

    #[test]
    fn a_page_of_a_known_origin_asks_without_what_a_browser_keeps() {
        let given = headers(&[("origin", OWN)]);
        let asked = |method, is_known| Preflight { method }.without_credentials(&given, is_known);
        let yes = asked(Method::POST, true);
        assert_eq!(yes.status(), StatusCode::NO_CONTENT);
        assert_eq!(yes.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], OWN);
        let credentials = header::ACCESS_CONTROL_ALLOW_CREDENTIALS;
        assert!(!yes.headers().contains_key(credentials));
        for (method, is_known) in [
            (Method::POST, false),
            (Method::PUT, true),
            (Method::DELETE, true),
        ] {
            let no = asked(method, is_known);
            assert_eq!(no.status(), StatusCode::FORBIDDEN);
            assert!(
                !no.headers()
                    .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
            );
        }
    }

    #[test]
    fn a_preflight_is_answered_from_the_routes_origins() {
        let asked = |origin| {
            headers(&[
                ("origin", origin),
                ("access-control-request-method", "PUT"),
                ("access-control-request-headers", "content-type"),
            ])
        };
        let given = asked("https://partner.example");
        let preflight = Preflight::read(&Method::OPTIONS, &given).unwrap();
        let yes = preflight.answer(&given, &listed());
        assert_eq!(yes.status(), StatusCode::NO_CONTENT);
        assert_eq!(
            yes.headers()["access-control-allow-origin"],
            "https://partner.example"
        );
        assert_eq!(yes.headers()["access-control-allow-methods"], "PUT");
        for (origin, listed) in [
            ("https://evil.example", listed()),
            ("https://partner.example", vec![]),
        ] {
            let no = preflight.answer(&asked(origin), &listed);
            assert_eq!(no.status(), StatusCode::FORBIDDEN);
            assert!(!no.headers().contains_key("access-control-allow-origin"));
        }
        assert_eq!(
            Preflight::read(&Method::OPTIONS, &headers(&[("origin", OWN)])),
            None
        );
        assert_eq!(Preflight::read(&Method::GET, &given), None);
    }
}
