//! Going on to another page by a step of its own, or with a form.
//!
//! What a form of a page of ours leads to may lead no further than that page says (CSP
//! `form-action` follows redirects); a page that goes on by itself is bound to nothing of the kind.

use askama::Template;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::{Message, Page, Script};

const SUBMIT: Script = Script::new(include_str!("submit.js"));

/// A page whose form is sent to another place by itself; where a browser does not, there is a
/// button.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "form_on.html")]
pub struct FormOn<'a> {
    /// Where it leads.
    pub title: &'a str,
    /// What goes there.
    pub sentence: &'a str,
    /// What the button says.
    pub button: &'a str,
    /// Where the form is sent.
    pub action: &'a str,
    /// What is in it.
    pub fields: &'a [(&'static str, String)],
}

impl FormOn<'_> {
    /// The page.
    pub fn page(&self) -> Response<Bytes> {
        Page::new(self.title)
            .script(SUBMIT)
            .form_to(origin_of(self.action))
            .render(self)
    }
}

/// Scheme, host and port of an address, as they stand there.
pub fn origin_of(address: &str) -> &str {
    let host = address.find("://").map_or(0, |at| at + 3);
    let rest = address.get(host..).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    address.get(..host + end).unwrap_or_default()
}

/// A page that goes on there by itself; where a browser does not, there is a button.
pub fn onward(place: &str) -> Response<Bytes> {
    let message = Message::new(
        StatusCode::OK,
        "One moment",
        "You are taken on by yourself.",
    );
    let mut response = message.action("Go on", place).render();
    goes_on(response.headers_mut(), place);
    response
}

/// Has a page go on there by itself. A place that is no header value is not gone to.
pub fn goes_on(headers: &mut HeaderMap, place: &str) {
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={place}")) {
        headers.insert(HeaderName::from_static("refresh"), refresh);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_by_itself_and_has_a_button_for_who_is_not_taken() {
        let page = onward("/oauth/resume?attempt=a");
        assert_eq!(page.headers()["refresh"], "0; url=/oauth/resume?attempt=a");
        let html = std::str::from_utf8(page.body()).unwrap();
        assert!(html.contains(r#"href="/oauth/resume?attempt=a""#), "{html}");
    }

    #[test]
    fn a_form_may_go_to_the_origin_of_its_address_and_nowhere_else() {
        for (address, origin) in [
            ("https://idp.test/sso?x=1", "https://idp.test"),
            ("https://idp.test:8443/a://b", "https://idp.test:8443"),
            ("https://idp.test", "https://idp.test"),
            ("https://idp.test?x=/", "https://idp.test"),
        ] {
            assert_eq!(origin_of(address), origin);
        }
        let page = FormOn {
            title: "On to IdP",
            sentence: "Your browser goes on by itself.",
            button: "Go on",
            action: "https://idp.test/sso",
            fields: &[("SAMLRequest", "\"><b>".into())],
        }
        .page();
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("form-action 'self' https://idp.test;")
                || policy.ends_with("form-action 'self' https://idp.test"),
            "{policy}"
        );
        let html = std::str::from_utf8(page.body()).unwrap();
        assert!(html.contains(r#"action="https://idp.test/sso""#), "{html}");
        assert!(!html.contains("<b>"), "{html}");
    }

    #[test]
    fn a_place_that_breaks_the_header_is_not_gone_to() {
        let page = onward("/a\r\nset-cookie: x=1");
        assert!(!page.headers().contains_key("refresh"));
        assert!(!page.headers().contains_key("set-cookie"));
    }
}
