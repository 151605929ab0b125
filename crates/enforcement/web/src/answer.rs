//! Answers of our own: a page for people, a problem (RFC 9457) for everything else.

use bytes::Bytes;
use gw_pages::{Message, guard};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value};

use crate::canonical::Ambiguous;

/// An answer of our own.
pub(crate) type Own = Response<Bytes>;

/// A refusal that needs no judgement.
#[derive(Debug, Clone)]
pub(crate) struct Rejection {
    pub(crate) status: StatusCode,
    /// A short word for counters and problem types.
    pub(crate) code: &'static str,
    /// What is the case, for people.
    pub(crate) title: &'static str,
    /// Why, and what to do.
    pub(crate) detail: String,
}

impl Rejection {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            detail: detail.into(),
        }
    }

    /// As a page or as a problem.
    pub(crate) fn answer(&self, as_page: bool) -> Own {
        if as_page {
            Message::new(self.status, self.title, &self.detail).render()
        } else {
            Problem::new(self.status, self.code, self.title, &self.detail).answer()
        }
    }
}

impl From<Ambiguous> for Rejection {
    fn from(why: Ambiguous) -> Self {
        let detail = sentence(&why.to_string());
        Self::new(
            StatusCode::BAD_REQUEST,
            why.code(),
            "This request could not be read one way",
            detail,
        )
    }
}

/// An error's words as a sentence.
pub(crate) fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let first = characters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(characters).chain(['.']).collect()
}

/// Problem details.
pub(crate) struct Problem {
    status: StatusCode,
    members: Map<String, Value>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &str, title: &str, detail: &str) -> Self {
        let mut members = Map::new();
        members.insert(
            "type".into(),
            format!("urn:gatewright:problem:{code}").into(),
        );
        members.insert("title".into(), title.into());
        members.insert("status".into(), status.as_u16().into());
        members.insert("detail".into(), detail.into());
        Self { status, members }
    }

    /// With one more member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.into(), value.into());
        self
    }

    pub(crate) fn answer(self) -> Own {
        let mut response = Response::new(Bytes::from(Value::Object(self.members).to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Gatewright");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        guard(&mut response);
        // Pages of origins that a route lists may read it; all others may not.
        response
            .headers_mut()
            .remove("cross-origin-resource-policy");
        response
    }
}

/// The session is over: what the browser keeps of this app goes with it.
pub(crate) fn clear_site(headers: &mut http::HeaderMap) {
    let name = HeaderName::from_static("clear-site-data");
    headers.insert(name, HeaderValue::from_static("\"cache\", \"storage\""));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_why_and_nothing_is_stored() {
        let rejection = Rejection::from(Ambiguous::DotSegment);
        let answer = rejection.answer(false);
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(body["type"], "urn:gatewright:problem:dot-segment");
        assert_eq!(body["status"], 400);
        assert_eq!(
            body["detail"],
            "The path has a dot segment; resolve it before sending."
        );
        let page = rejection.answer(true);
        assert!(
            page.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html")
        );
    }
}
