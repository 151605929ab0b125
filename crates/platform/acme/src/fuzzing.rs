//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use std::time::Duration;

use bytes::Bytes;
use gw_model::Timestamp;
use http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};

use crate::{client, order};

/// The origins that a directory lists; none where it cannot be used.
pub fn directory(body: &[u8]) -> Option<Vec<String>> {
    let listed = client::of_directory(StatusCode::OK, &Bytes::copy_from_slice(body)).ok()?;
    Some(listed.iter().map(ToString::to_string).collect())
}

/// What is kept of a chain; none where it is refused.
pub fn chain(text: &str) -> Option<String> {
    order::only_certificates(text).ok()
}

/// How long is waited for this `Retry-After`, and what is left of it for the next reader.
pub fn wait(value: HeaderValue, now: Timestamp) -> (Option<Duration>, Option<HeaderValue>) {
    let mut headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
    let wait = client::bound_wait(&mut headers, now);
    (wait, headers.remove(RETRY_AFTER))
}
