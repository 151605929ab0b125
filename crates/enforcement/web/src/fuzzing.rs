//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use http::{Request, StatusCode};

use crate::{extended::Extended, own_paths, recorded, websocket::Handshake};

/// A parameter of a hand-over's callback.
pub fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    own_paths::parameter(query, name)
}

/// A path of one of our own apps as it is recorded.
pub fn without_secrets(path: &str) -> std::borrow::Cow<'_, str> {
    recorded::without_secrets(path)
}

/// The handshake of an extended CONNECT, of whose request a GET is made; none where it is
/// another request.
///
/// # Errors
/// With the status of the refusal.
pub fn extended<B>(request: &mut Request<B>) -> Result<Option<Handshake>, StatusCode> {
    match Extended::read(request) {
        Ok(extended) => Ok(extended.map(|extended| extended.handshake)),
        Err(rejection) => Err(rejection.status),
    }
}
