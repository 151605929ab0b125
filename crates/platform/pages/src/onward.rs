//! Going on to another page by a step of its own.
//!
//! What a form of a page of ours leads to may lead no further than that page says (CSP
//! `form-action` follows redirects); a page that goes on by itself is bound to nothing of the kind.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::Message;

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
    fn a_place_that_breaks_the_header_is_not_gone_to() {
        let page = onward("/a\r\nset-cookie: x=1");
        assert!(!page.headers().contains_key("refresh"));
        assert!(!page.headers().contains_key("set-cookie"));
    }
}
