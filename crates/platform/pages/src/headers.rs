//! The headers that guard a page: what it may load, where it may send, who may frame it.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

/// The one stylesheet, inlined into every page and allowed by its hash.
pub(crate) const STYLE: &str = include_str!("style.css");

static STYLE_SOURCE: LazyLock<String> = LazyLock::new(|| hash_source(STYLE));

fn hash_source(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    format!("'sha256-{}'", BASE64.encode(digest.as_ref()))
}

/// A script that a page carries inline, allowed by the hash of exactly this text.
///
/// Its text is fixed when Gatewright is built; what varies reaches it by `data-` attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Script(&'static str);

impl Script {
    /// A script. Its text must not contain `</script`.
    pub const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// The text.
    pub const fn text(self) -> &'static str {
        self.0
    }
}

/// A content security policy that starts from nothing.
#[derive(Debug, Clone, Default)]
pub struct Csp {
    script: Option<Script>,
    form_origins: Vec<String>,
}

impl Csp {
    /// Our stylesheet, the mark as an icon, forms to our own origin, and nothing else.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also allows this script, and for it requests to our own origin.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.script = Some(script);
        self
    }

    /// Also lets a form's answer lead on to this origin; browsers check each redirect.
    #[must_use]
    pub fn form_to(mut self, origin: &str) -> Self {
        if is_origin(origin) {
            self.form_origins.push(origin.to_owned());
        }
        self
    }

    /// The header's value.
    pub fn value(&self) -> String {
        let mut value = format!(
            "default-src 'none'; style-src {}; img-src data:",
            *STYLE_SOURCE
        );
        if let Some(script) = self.script {
            value.push_str("; script-src ");
            value.push_str(&hash_source(script.text()));
            value.push_str("; connect-src 'self'");
        }
        value.push_str("; form-action 'self'");
        for origin in &self.form_origins {
            value.push(' ');
            value.push_str(origin);
        }
        value.push_str("; base-uri 'none'; frame-ancestors 'none'");
        value
    }
}

/// Whether a text is plainly `scheme://host[:port]`, so that it cannot add words to a policy.
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https")
            && !host.is_empty()
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
    })
}

/// Sets the headers that every answer of our own has, where it has not set them itself.
pub fn guard(response: &mut Response<Bytes>) {
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 5] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ));
}

/// Sends the browser elsewhere with a GET: 303, not stored, without a referrer.
///
/// A location that is no header value leads nowhere: the answer is then a bare 500.
pub fn redirect(location: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    match HeaderValue::from_str(location) {
        Ok(location) => {
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(header::LOCATION, location);
        }
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    guard(&mut response);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_starts_from_nothing_and_names_what_it_allows() {
        let plain = Csp::new().value();
        assert!(plain.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!plain.contains("script-src") && !plain.contains("connect-src"));
        assert!(plain.contains("; img-src data:; form-action 'self';"));
        assert!(plain.ends_with("base-uri 'none'; frame-ancestors 'none'"));
        let with = Csp::new()
            .script(Script::new("1"))
            .form_to("http://wiki.localhost:8080")
            .value();
        assert!(with.contains("script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"));
        assert!(with.contains("form-action 'self' http://wiki.localhost:8080;"));
    }

    #[test]
    fn an_origin_cannot_smuggle_words_into_the_policy() {
        for bad in [
            "https://a b",
            "https://a; script-src *",
            "javascript://x",
            "*",
            "https://",
        ] {
            assert_eq!(
                Csp::new().form_to(bad).value(),
                Csp::new().value(),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_redirect_is_neither_stored_nor_a_referrer_and_refuses_line_breaks() {
        let response = redirect("/there?x=1");
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["referrer-policy"], "no-referrer");
        assert!(redirect("/a\r\nset-cookie: x").status().is_server_error());
    }
}
