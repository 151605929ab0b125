//! Extended CONNECT (RFC 8441): a WebSocket on one stream of HTTP/2.
//!
//! It is read into the same request as a WebSocket over HTTP/1.1, a GET with a handshake, so
//! that routes, policies and records see no difference. CONNECT itself and every other
//! protocol are refused.

use http::{Method, Request, StatusCode};
use hyper::{
    ext::Protocol,
    upgrade::{self, OnUpgrade},
};

use crate::{
    answer::Rejection,
    canonical::Ambiguous,
    websocket::{Handshake, WEBSOCKET},
};

/// A WebSocket that is asked for on a stream.
pub(crate) struct Extended {
    pub(crate) handshake: Handshake,
    /// The stream, once it was answered with 200.
    pub(crate) stream: OnUpgrade,
}

/// Marks the one answer to an extended CONNECT that opens it. Any other that says 2xx would
/// make a client believe that the other side speaks WebSocket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened;

impl Extended {
    /// Reads one, and makes a GET of its request.
    pub(crate) fn read<B>(request: &mut Request<B>) -> Result<Option<Self>, Rejection> {
        let Some(protocol) = request.extensions_mut().remove::<Protocol>() else {
            return Ok(None);
        };
        if *request.method() != Method::CONNECT || protocol.as_ref() != WEBSOCKET {
            return Err(other_protocol());
        }
        let handshake = Handshake::on_a_stream(request.headers()).ok_or(Ambiguous::Upgrade)?;
        *request.method_mut() = Method::GET;
        Ok(Some(Self {
            handshake,
            stream: upgrade::on(request),
        }))
    }
}

fn other_protocol() -> Rejection {
    Rejection::new(
        StatusCode::NOT_IMPLEMENTED,
        "upgrade",
        "This is not spoken here",
        "Of the protocols that a stream can carry, WebSocket alone is served.",
    )
}

/// The answer of whoever did not open a WebSocket and still said yes.
pub(crate) fn not_a_websocket() -> Rejection {
    Rejection::new(
        StatusCode::BAD_GATEWAY,
        "not-a-websocket",
        "There is no WebSocket here",
        "What answers at this address speaks no WebSocket.",
    )
}
