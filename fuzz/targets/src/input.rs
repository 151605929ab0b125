//! Taking an input apart: lines, words and headers, as seeds are written by hand.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The lines of some bytes, without their line feeds.
pub(crate) fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == b'\n')
}

/// The first line, and what follows it.
pub(crate) fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[]),
    }
}

/// The first line as text; nothing where it is none.
pub(crate) fn first_text(data: &[u8]) -> (&str, &[u8]) {
    let (line, rest) = first_line(data);
    (std::str::from_utf8(line).unwrap_or_default(), rest)
}

/// Lines of `name: value`. What the HTTP library takes for no header is left out, as a
/// request with it never gets as far.
pub(crate) fn headers(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines(data) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            // The map holds 32768 at most; a request has far fewer.
            let _ = headers.try_append(name, value);
        }
    }
    headers
}

/// Each line as a value of one header.
pub(crate) fn values(name: &HeaderName, data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines(data) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    headers
}
