//! What a request asks its connection to become: a WebSocket, over HTTP/1.1 (RFC 6455) or on
//! a stream of HTTP/2 (RFC 8441), or another protocol that the route lists.
//!
//! A WebSocket's frames are followed, so that it can be closed with a reason. What is inside
//! any other protocol is not known: its bytes are relayed as they are, and a cut resets it.

use std::sync::Arc;

use gw_model::UpgradeToken;
use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Version,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE},
};

use crate::{
    canonical::Ambiguous,
    websocket::{Handshake, WEBSOCKET},
};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switch {
    /// A WebSocket, with its handshake.
    WebSocket(Handshake),
    /// Another protocol, as the client spells it.
    Other(HeaderValue),
}

impl Switch {
    /// Whether a request over HTTP/1 asks for an upgrade, and if so to what.
    ///
    /// # Errors
    /// Where it does not say so in one way: more than one protocol, half of the two headers,
    /// another version than HTTP/1.1, or a WebSocket that is not well-formed.
    pub fn read(
        method: &Method,
        version: Version,
        headers: &HeaderMap,
    ) -> Result<Option<Self>, Ambiguous> {
        let told = lists_upgrade(headers);
        if !told && !headers.contains_key(UPGRADE) {
            return Ok(None);
        }
        let protocol = only(headers, &UPGRADE).ok_or(Ambiguous::Upgrade)?;
        if !told || version != Version::HTTP_11 {
            return Err(Ambiguous::Upgrade);
        }
        if !protocol.as_bytes().eq_ignore_ascii_case(WEBSOCKET) {
            return Ok(Some(Self::Other(protocol.clone())));
        }
        if *method != Method::GET || has_body(headers) {
            return Err(Ambiguous::Upgrade);
        }
        let handshake = Handshake::read(headers).ok_or(Ambiguous::Upgrade)?;
        Ok(Some(Self::WebSocket(handshake)))
    }

    /// Whether it is a WebSocket.
    pub const fn is_websocket(&self) -> bool {
        matches!(self, Self::WebSocket(_))
    }

    /// Whether a route lists it. Its tokens are never HTTP's own.
    pub fn is_listed(&self, listed: &[UpgradeToken]) -> bool {
        listed.iter().any(|token| token.is(self.protocol()))
    }

    /// Writes the headers that ask the upstream for the same.
    pub fn write(&self, headers: &mut HeaderMap) {
        self.write_accepted(headers);
        if let Self::WebSocket(handshake) = self {
            handshake.write(headers);
        }
    }

    /// Whether an answer switches to what was asked for, and to nothing else.
    pub fn is_accepted(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        status == StatusCode::SWITCHING_PROTOCOLS
            && lists_upgrade(headers)
            && only(headers, &UPGRADE)
                .is_some_and(|u| u.as_bytes().eq_ignore_ascii_case(self.protocol()))
            && match self {
                Self::WebSocket(handshake) => handshake.is_accepted(headers),
                Self::Other(_) => true,
            }
    }

    /// Writes the headers that tell the client of the switch.
    pub fn write_accepted(&self, headers: &mut HeaderMap) {
        let protocol = match self {
            Self::WebSocket(_) => HeaderValue::from_static("websocket"),
            Self::Other(protocol) => protocol.clone(),
        };
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, protocol);
    }

    /// What it is, in lower case.
    pub fn name(&self) -> Arc<str> {
        let name = String::from_utf8_lossy(self.protocol());
        name.to_ascii_lowercase().into()
    }

    fn protocol(&self) -> &[u8] {
        match self {
            Self::WebSocket(_) => WEBSOCKET,
            Self::Other(protocol) => protocol.as_bytes(),
        }
    }
}

/// The one value of a header that was sent exactly once.
pub(crate) fn only<'h>(headers: &'h HeaderMap, name: &http::HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() { None } else { first }
}

/// Whether a request asks for any upgrade, well or badly.
pub(crate) fn asks(headers: &HeaderMap) -> bool {
    headers.contains_key(UPGRADE) || lists_upgrade(headers)
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        || headers
            .get(CONTENT_LENGTH)
            .is_some_and(|length| length != "0")
}

fn lists_upgrade(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
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

    fn changed(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = asking();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    fn read(headers: &HeaderMap) -> Result<Option<Switch>, Ambiguous> {
        Switch::read(&Method::GET, Version::HTTP_11, headers)
    }

    fn listed(tokens: &[&str]) -> Vec<UpgradeToken> {
        tokens.iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn a_websocket_is_asked_for_in_one_way_only() {
        assert!(read(&asking()).unwrap().unwrap().is_websocket());
        for (name, value) in [
            ("connection", "close"),
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", "short"),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
        ] {
            assert_eq!(
                read(&changed(name, value)),
                Err(Ambiguous::Upgrade),
                "{name}: {value}"
            );
        }
        let mut twice = asking();
        twice.append(UPGRADE, HeaderValue::from_static("websocket"));
        assert_eq!(read(&twice), Err(Ambiguous::Upgrade));
        let post = Switch::read(&Method::POST, Version::HTTP_11, &asking());
        assert_eq!(post, Err(Ambiguous::Upgrade));
        let old = Switch::read(&Method::GET, Version::HTTP_10, &asking());
        assert_eq!(old, Err(Ambiguous::Upgrade));
        let mut alone = HeaderMap::new();
        alone.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        assert_eq!(read(&alone), Err(Ambiguous::Upgrade));
        assert_eq!(read(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn only_what_a_route_lists_is_switched_to() {
        let both = listed(&["websocket", "tcp-x"]);
        let asked = |value| read(&changed("upgrade", value)).unwrap().unwrap();
        assert!(asked("websocket").is_listed(&both) && asked("TCP-X").is_listed(&both));
        assert!(!asked("websocket").is_listed(&[]));
        for never in ["h2c", "websocket, h2c", "tcp-x, h2c", "tcp-y", ""] {
            assert!(!asked(never).is_listed(&both), "{never:?}");
        }
    }

    #[test]
    fn an_answer_switches_to_what_was_asked_for_and_nothing_else() {
        let asked = read(&changed("upgrade", "tcp-x")).unwrap().unwrap();
        let mut answer = HeaderMap::new();
        asked.write_accepted(&mut answer);
        assert!(asked.is_accepted(StatusCode::SWITCHING_PROTOCOLS, &answer));
        assert!(!asked.is_accepted(StatusCode::OK, &answer));
        answer.insert(UPGRADE, HeaderValue::from_static("h2c"));
        assert!(!asked.is_accepted(StatusCode::SWITCHING_PROTOCOLS, &answer));
        answer.remove(UPGRADE);
        assert!(!asked.is_accepted(StatusCode::SWITCHING_PROTOCOLS, &answer));
    }
}
