//! Forms and queries, and the bearer secrets that come in them.

use gw_pages::form::{Fields, FormFault, has_content_type};
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};

/// A query string: each field once, decoded once.
pub(crate) fn form(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
    headers.insert(CONTENT_TYPE, form);
    let posted = Fields::from_body(&headers, data);
    if let Ok(value) = HeaderValue::from_bytes(data) {
        headers.append(CONTENT_TYPE, value.clone());
        assert!(!has_content_type(&headers, "application/json"));
        headers.insert(CONTENT_TYPE, value);
        let json = has_content_type(&headers, "application/json");
        assert!(
            !json
                || data
                    .to_ascii_lowercase()
                    .trim_ascii()
                    .starts_with(b"application/json")
        );
    }
    let Ok(text) = std::str::from_utf8(data) else {
        assert_eq!(posted, Err(FormFault::NotText));
        return;
    };
    assert_eq!(posted, Fields::from_query(Some(text)));
    let Some(plain) = plain(text) else {
        assert!(posted.is_err(), "one of the fields is no text");
        return;
    };
    let mut names: Vec<_> = plain.iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    match posted {
        Ok(fields) => {
            assert_eq!(names.len(), plain.len());
            for (name, value) in &plain {
                assert_eq!(fields.value(name), Some(value.as_str()));
            }
        }
        Err(FormFault::Duplicate) => assert!(names.len() < plain.len()),
        Err(FormFault::TooMany) => assert!(plain.len() > 32),
        Err(other) => panic!("{other} in {text:?}"),
    }
}

/// The fields as the standard for forms has them; nothing where one is no text.
fn plain(text: &str) -> Option<Vec<(String, String)>> {
    let decoded = |text: &str| {
        let bytes: Vec<u8> =
            percent_encoding::percent_decode_str(&text.replace('+', " ")).collect();
        String::from_utf8(bytes).ok()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        })
        .collect()
}

/// Links, codes and hand-over attempts as they come in a path or query.
pub(crate) fn credentials(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let plausible = gw_identity::fuzzing::is_plausible_secret(text);
    let bytes = data_encoding::BASE64URL_NOPAD.decode(data);
    if bytes.is_ok_and(|bytes| bytes.len() == 16) {
        assert!(plausible, "every secret that is drawn has this form");
    }
    assert!(!plausible || text.len() == 22);
    for name in ["code", "attempt"] {
        if let Some(value) = gw_web::fuzzing::parameter(text, name) {
            assert!((1..=128).contains(&value.len()) && !value.contains('&'));
            let once = text.matches(&format!("{name}={value}")).count();
            assert!(once >= 1);
        }
    }
    let shown = gw_web::fuzzing::without_secrets(text);
    let long = |segment: &str| segment.len() > 20;
    assert!(!shown.split('/').any(long));
    assert_eq!(shown.split('/').count(), text.split('/').count());
}
