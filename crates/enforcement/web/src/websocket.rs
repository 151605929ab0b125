//! WebSocket (RFC 6455): the handshake, and where its frames end.
//!
//! Frames pass untouched. Their headers alone are followed, so that a Close can be put in
//! where one frame has ended and the next has not begun.

mod frames;

pub use frames::{CLOSE_REASON_BYTES_MAX, Frames, close_frame};

use aws_lc_rs::{digest, rand};
use data_encoding::BASE64;
use http::{
    HeaderMap, HeaderValue,
    header::{SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION},
};

use crate::switch::only;

/// The protocol's name.
pub(crate) const WEBSOCKET: &[u8] = b"websocket";

/// A well-formed handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    key: HeaderValue,
}

impl Handshake {
    /// The handshake of a client that upgrades a connection over HTTP/1.1; `None` where it is
    /// not a well-formed one of version 13.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let key = only(headers, &SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()))?;
        is_version_13(headers).then(|| Self { key: key.clone() })
    }

    /// The handshake of a client on a stream of HTTP/2 (RFC 8441), where keys are not used: the
    /// upstream gets a fresh one. `None` where it is of another version, or the system has no
    /// randomness to give.
    pub fn on_a_stream(headers: &HeaderMap) -> Option<Self> {
        let mut key = [0; 16];
        rand::fill(&mut key).ok()?;
        let key = HeaderValue::try_from(BASE64.encode(&key)).ok()?;
        is_version_13(headers).then_some(Self { key })
    }

    /// Writes the headers that ask the upstream for the same, beside those of every upgrade.
    pub fn write(&self, headers: &mut HeaderMap) {
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, self.key.clone());
    }

    /// Whether an answer accepts this very handshake.
    pub fn is_accepted(&self, headers: &HeaderMap) -> bool {
        only(headers, &SEC_WEBSOCKET_ACCEPT)
            .is_some_and(|a| a.as_bytes() == self.accept().as_bytes())
    }

    fn accept(&self) -> String {
        let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        hash.update(self.key.as_bytes());
        hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        BASE64.encode(hash.finish().as_ref())
    }
}

fn is_key(key: &[u8]) -> bool {
    BASE64.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

fn is_version_13(headers: &HeaderMap) -> bool {
    only(headers, &SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_handshake_of_the_standard_is_accepted() {
        let mut headers = HeaderMap::new();
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        headers.insert(SEC_WEBSOCKET_KEY, key);
        let handshake = Handshake::read(&headers).unwrap();
        assert_eq!(handshake.accept(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let mut answer = HeaderMap::new();
        assert!(!handshake.is_accepted(&answer));
        let accept = HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        answer.insert(SEC_WEBSOCKET_ACCEPT, accept.clone());
        assert!(handshake.is_accepted(&answer));
        answer.append(SEC_WEBSOCKET_ACCEPT, accept);
        assert!(!handshake.is_accepted(&answer));
    }

    #[test]
    fn on_a_stream_every_handshake_has_a_fresh_key_whatever_the_client_sends() {
        let mut headers = HeaderMap::new();
        assert_eq!(Handshake::on_a_stream(&headers), None);
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        headers.insert(SEC_WEBSOCKET_KEY, key.clone());
        let one = Handshake::on_a_stream(&headers).unwrap();
        let other = Handshake::on_a_stream(&headers).unwrap();
        assert!(is_key(one.key.as_bytes()) && one.key != key && one.key != other.key);
    }
}
