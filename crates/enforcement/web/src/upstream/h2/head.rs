//! A request's head as HTTP/2 has it.

use gw_model::Transport;
use http::{
    HeaderValue, Request, Uri, Version,
    header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};
use http_body::Body as _;

use crate::body::UpBody;

/// The same request with its authority in the target, and without what frames HTTP/1.1.
pub(super) fn of(request: Request<UpBody>, transport: Transport) -> Option<(Request<()>, UpBody)> {
    let (mut parts, body) = request.into_parts();
    let host = parts.headers.remove(HOST)?;
    let scheme = match transport {
        Transport::Https => "https",
        Transport::Http | Transport::H2c | Transport::Unix => "http",
    };
    let target = parts.uri.path_and_query()?.clone();
    parts.uri = Uri::builder()
        .scheme(scheme)
        .authority(host.as_bytes())
        .path_and_query(target)
        .build()
        .ok()?;
    parts.version = Version::HTTP_2;
    parts.headers.remove(CONNECTION);
    parts.headers.remove(TRANSFER_ENCODING);
    if !body.is_end_stream()
        && let Some(length) = body.size_hint().exact()
    {
        parts
            .headers
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Some((Request::from_parts(parts, ()), body))
}
