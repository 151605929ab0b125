//! Answers as HTTP has them: RFC 7644, section 3.1 and 3.8.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use crate::{conditional::entity_tag, refusal::Refusal};

pub(crate) const SCIM_JSON: &str = "application/scim+json";
pub(crate) const PLAIN_JSON: &str = "application/json";

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Option<Value>,
    /// Where the resource is that it is about.
    pub(crate) location: Option<String>,
    /// The version that the resource has.
    pub(crate) version: Option<u64>,
}

impl Answer {
    pub(crate) const fn of(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body: Some(body),
            location: None,
            version: None,
        }
    }

    pub(crate) const fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            location: None,
            version: None,
        }
    }

    pub(crate) fn into_response(self, media_type: &'static str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        set(headers, header::CACHE_CONTROL, Some("no-store".to_owned()));
        set(headers, header::ETAG, self.version.map(entity_tag));
        // A location with 200 says where it is; with 201 also that it is new.
        set(headers, header::LOCATION, self.location);
        with_body(response, self.body.as_ref(), media_type)
    }
}

impl Refusal {
    pub(crate) fn into_response(self, media_type: &'static str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        set(headers, header::CACHE_CONTROL, Some("no-store".to_owned()));
        set(headers, header::ALLOW, self.allow.map(str::to_owned));
        let again_after = self.again_after.map(|secs| secs.to_string());
        set(headers, header::RETRY_AFTER, again_after);
        with_body(response, Some(&self.body()), media_type)
    }
}

/// The head alone, saying how long the body would be.
pub(crate) fn without_body(mut response: Response<Bytes>) -> Response<Bytes> {
    let length = std::mem::take(response.body_mut()).len();
    let length = (length > 0).then(|| length.to_string());
    set(response.headers_mut(), header::CONTENT_LENGTH, length);
    response
}

fn with_body(
    mut response: Response<Bytes>,
    body: Option<&Value>,
    media_type: &'static str,
) -> Response<Bytes> {
    if let Some(body) = body {
        let media_type = HeaderValue::from_static(media_type);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, media_type);
        *response.body_mut() = body.to_string().into();
    }
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(name, value);
    }
}

/// The media type of the answer: plain JSON only for who takes nothing else.
pub(crate) fn media_type(headers: &HeaderMap) -> &'static str {
    let accepted: Vec<_> = headers.get_all(header::ACCEPT).iter().collect();
    let named = |wanted: &str| {
        accepted.iter().any(|value| {
            let value = value.to_str().unwrap_or_default();
            value
                .split(',')
                .any(|one| essence(one).eq_ignore_ascii_case(wanted))
        })
    };
    match named(PLAIN_JSON) && !named(SCIM_JSON) {
        true => PLAIN_JSON,
        false => SCIM_JSON,
    }
}

/// Whether the body is said to be JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    let one = given
        .next()
        .and_then(|value| value.to_str().ok())
        .map(essence);
    let is_ours =
        |one: &str| one.eq_ignore_ascii_case(SCIM_JSON) || one.eq_ignore_ascii_case(PLAIN_JSON);
    one.is_some_and(is_ours) && given.next().is_none()
}

fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_body_is_json_where_it_is_said_to_be() {
        for value in ["application/scim+json", "Application/JSON; charset=utf-8"] {
            assert!(is_json(&with(header::CONTENT_TYPE, value)), "{value}");
        }
        for value in [
            "text/plain",
            "",
            "application/x-www-form-urlencoded",
            "text/json",
        ] {
            assert!(!is_json(&with(header::CONTENT_TYPE, value)), "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn answers_are_scim_unless_only_plain_json_is_taken() {
        let answered = |value| media_type(&with(header::ACCEPT, value));
        assert_eq!(answered("application/json"), PLAIN_JSON);
        assert_eq!(
            answered("application/scim+json, application/json"),
            SCIM_JSON
        );
        assert_eq!(answered("*/*"), SCIM_JSON);
        assert_eq!(media_type(&HeaderMap::new()), SCIM_JSON);
    }
}
