//! WebSocket (RFC 6455): the handshake, and where its frames end.
//!
//! Frames pass untouched. Their headers alone are followed, so that a Close can be put in
//! where one frame has ended and the next has not begun.

mod frames;

pub use frames::{CLOSE_REASON_BYTES_MAX, Frames, close_frame};

use aws_lc_rs::digest;
use data_encoding::BASE64;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Version,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
};

use crate::canonical::Ambiguous;

/// A well-formed handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    key: HeaderValue,
}

impl Handshake {
    /// Whether a request asks for an upgrade, and if so whether to a WebSocket.
    ///
    /// # Errors
    /// Where it asks for anything but a well-formed WebSocket of version 13 over HTTP/1.1.
    pub fn read(
        method: &Method,
        version: Version,
        headers: &HeaderMap,
    ) -> Result<Option<Self>, Ambiguous> {
        if !headers.contains_key(UPGRADE) && !lists(headers, b"upgrade") {
            return Ok(None);
        }
        let key = only(headers.get_all(SEC_WEBSOCKET_KEY).iter());
        let fine = version == Version::HTTP_11
            && *method == Method::GET
            && lists(headers, b"upgrade")
            && only(headers.get_all(UPGRADE).iter())
                .is_some_and(|u| u.as_bytes().eq_ignore_ascii_case(b"websocket"))
            && only(headers.get_all(SEC_WEBSOCKET_VERSION).iter()).is_some_and(|v| v == "13");
        match key {
            Some(key) if fine && is_key(key.as_bytes()) => Ok(Some(Self { key: key.clone() })),
            _ => Err(Ambiguous::Upgrade),
        }
    }

    /// Writes the headers that ask the upstream for the same.
    pub fn write(&self, headers: &mut HeaderMap) {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, self.key.clone());
    }

    /// Whether an answer switches to the WebSocket that was asked for, and to nothing else.
    pub fn is_accepted(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        status == StatusCode::SWITCHING_PROTOCOLS
            && lists(headers, b"upgrade")
            && only(headers.get_all(UPGRADE).iter())
                .is_some_and(|u| u.as_bytes().eq_ignore_ascii_case(b"websocket"))
            && only(headers.get_all(SEC_WEBSOCKET_ACCEPT).iter())
                .is_some_and(|a| a.as_bytes() == self.accept().as_bytes())
    }

    /// Writes the headers that tell the client of the switch.
    pub fn write_accepted(headers: &mut HeaderMap) {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
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

fn only<'v>(mut values: impl Iterator<Item = &'v HeaderValue>) -> Option<&'v HeaderValue> {
    let first = values.next();
    if values.next().is_some() { None } else { first }
}

fn lists(headers: &HeaderMap, token: &[u8]) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .any(|t| t.trim_ascii().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    fn read(headers: &HeaderMap) -> Result<Option<Handshake>, Ambiguous> {
        Handshake::read(&Method::GET, Version::HTTP_11, headers)
    }

    #[test]
    fn the_sample_handshake_of_the_standard_is_accepted() {
        let handshake = read(&asking()).unwrap().unwrap();
        assert_eq!(handshake.accept(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let mut answer = HeaderMap::new();
        Handshake::write_accepted(&mut answer);
        let accept = HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        answer.insert(SEC_WEBSOCKET_ACCEPT, accept);
        assert!(handshake.is_accepted(StatusCode::SWITCHING_PROTOCOLS, &answer));
        assert!(!handshake.is_accepted(StatusCode::OK, &answer));
        answer.insert(UPGRADE, HeaderValue::from_static("h2c"));
        assert!(!handshake.is_accepted(StatusCode::SWITCHING_PROTOCOLS, &answer));
    }

    #[test]
    fn every_other_upgrade_is_refused() {
        for (name, value) in [
            ("upgrade", "h2c"),
            ("upgrade", "websocket, h2c"),
            ("connection", "close"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", "short"),
        ] {
            let mut headers = asking();
            headers.insert(name, HeaderValue::from_static(value));
            assert_eq!(read(&headers), Err(Ambiguous::Upgrade), "{name}: {value}");
        }
        let mut twice = asking();
        twice.append(UPGRADE, HeaderValue::from_static("websocket"));
        assert_eq!(read(&twice), Err(Ambiguous::Upgrade));
        let post = Handshake::read(&Method::POST, Version::HTTP_11, &asking());
        assert_eq!(post, Err(Ambiguous::Upgrade));
        let mut alone = HeaderMap::new();
        alone.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        assert_eq!(read(&alone), Err(Ambiguous::Upgrade));
        assert_eq!(read(&HeaderMap::new()), Ok(None));
    }
}
