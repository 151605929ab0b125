//! What the server tells of itself (RFC 8414; OpenID Connect Discovery 1.0), and its public keys.

use bytes::Bytes;
use gw_oauth::{Scopes, ServerMetadata, answer};
use http::{HeaderValue, Response, StatusCode, header};

use crate::{
    keys, pages,
    visit::{Answer, Visit, of_json},
};

/// The server's document, the same for both of its addresses.
pub(crate) fn document(visit: &Visit) -> Response<Bytes> {
    let mut server = visit.server.shared.server.clone();
    server.scopes = scopes(visit);
    public(answer::json(StatusCode::OK, &ServerMetadata::of(&server)))
}

/// The scopes that any client may ask for.
fn scopes(visit: &Visit) -> Scopes {
    let view = visit.server.engine().view();
    let clients = &visit.server.shared.clients;
    clients.retain(&view.facts);
    let known = view.facts.clients().filter(|client| !client.is_off());
    let known = known.filter_map(|client| clients.of(client));
    let words: Vec<_> = visit
        .server
        .shared
        .server
        .scopes
        .iter()
        .map(str::to_owned)
        .chain(known.flat_map(|known| {
            let words: Vec<_> = known.client.scopes.iter().map(str::to_owned).collect();
            words
        }))
        .collect();
    Scopes::parse(&words.join(" ")).unwrap_or_else(|_| visit.server.shared.server.scopes.clone())
}

/// The public keys of tokens.
pub(crate) async fn keys(visit: &Visit) -> Answer {
    let server = &visit.server;
    let made = server.shared.keys.publish(server.engine()).await;
    made.map_err(|fault| pages::failed("keys of tokens could not be made", &fault))?;
    let keys = keys::published(&server.engine().view().facts);
    let mut response = public(answer::json(StatusCode::OK, &keys));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jwk-set+json"),
    );
    Ok(response)
}

/// For everybody, pages of other origins among them, and kept for a minute, which is less than keys
/// are announced ahead.
fn public(answer: answer::Answer) -> Response<Bytes> {
    let mut response = of_json(answer);
    let headers = response.headers_mut();
    headers.remove(header::PRAGMA);
    let fixed = [
        (header::CACHE_CONTROL, "public, max-age=60"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        header::HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    response
}
