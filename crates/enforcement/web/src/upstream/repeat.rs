//! What may be sent a second time, and nothing else.

use http::{Method, Request};
use http_body::Body as _;

use crate::body::UpBody;

/// Whether a request may be sent once more where its connection closed before any byte of an
/// answer: only reading, and without a body (RFC 9110, 9.2.2; the upstream may have acted on
/// the first one).
pub(super) fn may_repeat(request: &Request<UpBody>) -> bool {
    matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) && request.body().is_end_stream()
}

/// The same request. Only for one without a body.
pub(super) fn copy(request: &Request<UpBody>) -> Box<Request<UpBody>> {
    let mut copy = Request::new(request.body().without_body());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Box::new(copy)
}
