//! WebSocket: the handshake, and where frames end.

use gw_web::{
    fuzzing,
    switch::Switch,
    websocket::{CLOSE_REASON_BYTES_MAX, Frames, Handshake, close_frame},
};
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode, Version,
    header::{SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use hyper::ext::Protocol;

use crate::input;

/// The first line is the method, the others are headers.
pub(crate) fn handshake(data: &[u8]) {
    let (method, rest) = input::first_line(data);
    let Ok(method) = Method::from_bytes(method) else {
        return;
    };
    let headers = input::headers(rest);
    let asks = headers.contains_key(UPGRADE);
    for version in [Version::HTTP_10, Version::HTTP_2] {
        let read = Switch::read(&method, version, &headers);
        assert!(!matches!(read, Ok(Some(_))) && (!asks || read.is_err()));
    }
    match Switch::read(&method, Version::HTTP_11, &headers) {
        Ok(Some(switch)) => accepted(&switch, &method, &headers),
        Ok(None) => assert!(!asks),
        Err(_) => {}
    }
    if let Ok(Some(sample)) = Switch::read(&Method::GET, Version::HTTP_11, &sample()) {
        let said = headers.get(SEC_WEBSOCKET_ACCEPT);
        let switched = sample.is_accepted(StatusCode::SWITCHING_PROTOCOLS, &headers);
        assert!(!switched || said.is_some_and(|said| said == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }
}

fn accepted(switch: &Switch, method: &Method, headers: &HeaderMap) {
    if switch.is_websocket() {
        assert!(*method == Method::GET);
        let key = headers.get(SEC_WEBSOCKET_KEY).unwrap();
        assert_eq!(key.len(), 24);
    }
    let mut written = HeaderMap::new();
    switch.write(&mut written);
    let again = Switch::read(&Method::GET, Version::HTTP_11, &written);
    assert_eq!(again, Ok(Some(switch.clone())));
}

/// The first line is the method, the second the `:protocol`, where there is one; the others are
/// headers.
pub(crate) fn extended(data: &[u8]) {
    let (method, rest) = input::first_line(data);
    let (protocol, rest) = input::first_text(rest);
    let Ok(method) = Method::from_bytes(method) else {
        return;
    };
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = input::headers(rest);
    if !protocol.is_empty() {
        request.extensions_mut().insert(Protocol::from(protocol));
    }
    let read = fuzzing::extended(&mut request);
    let is_one = method == Method::CONNECT && protocol == "websocket";
    let mut versions = request.headers().get_all(SEC_WEBSOCKET_VERSION).iter();
    let is_13 = versions.next().is_some_and(|version| version == "13") && versions.next().is_none();
    match read {
        Ok(None) => assert!(protocol.is_empty() && *request.method() == method),
        Ok(Some(handshake)) => {
            assert!(is_one && is_13 && *request.method() == Method::GET);
            opens_upstream(handshake, request.headers());
        }
        Err(StatusCode::NOT_IMPLEMENTED) => assert!(!protocol.is_empty() && !is_one),
        Err(status) => assert!(status == StatusCode::BAD_REQUEST && is_one && !is_13),
    }
}

/// The upstream is asked with a key of its own, in the one form of HTTP/1.1.
fn opens_upstream(handshake: Handshake, sent: &HeaderMap) {
    let switch = Switch::WebSocket(handshake);
    let mut written = HeaderMap::new();
    switch.write(&mut written);
    let key = written.get(SEC_WEBSOCKET_KEY).unwrap();
    assert!(
        sent.get_all(SEC_WEBSOCKET_KEY)
            .iter()
            .all(|sent| sent != key)
    );
    let again = Switch::read(&Method::GET, Version::HTTP_11, &written);
    assert_eq!(again, Ok(Some(switch)));
}

fn sample() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

/// The first byte says in how large pieces the rest passes.
pub(crate) fn frames(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else {
        return;
    };
    let mut frames = Frames::default();
    let mut at = 0;
    for piece in bytes.chunks(usize::from(*piece).max(1)) {
        let boundary = boundary_after(bytes, at);
        assert_eq!(frames.at_boundary(), boundary == Some(at));
        let left = frames.bytes_to_boundary(&bytes[at..]);
        assert_eq!(left.map(|left| at + left), boundary);
        frames.pass(piece);
        at += piece.len();
    }
    assert_eq!(frames.close_seen(), closes(bytes));
    let mut after = Frames::default();
    let reason = String::from_utf8_lossy(bytes);
    let close = close_frame(1008, &reason);
    assert!(close.len() <= 4 + CLOSE_REASON_BYTES_MAX);
    after.pass(&close);
    assert!(after.at_boundary() && after.close_seen());
    assert!(reason.starts_with(std::str::from_utf8(&close[4..]).unwrap()));
}

/// Beginnings of frames with their opcodes, and whether a whole header follows.
fn headers_of(bytes: &[u8]) -> Vec<(usize, u8)> {
    let (mut at, mut found) = (0_usize, Vec::new());
    while let Some((opcode, end)) = bytes.get(at..).and_then(one_frame) {
        found.push((at, opcode));
        let Some(next) = at.checked_add(end) else {
            break;
        };
        at = next;
    }
    found
}

/// The opcode of a frame and how long it is, once its header is whole.
fn one_frame(bytes: &[u8]) -> Option<(u8, usize)> {
    let [first, second, rest @ ..] = bytes else {
        return None;
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (size, payload) = match second & 0x7f {
        126 => (2, u64::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (8, u64::from_be_bytes(*rest.first_chunk()?)),
        short => (0, u64::from(short)),
    };
    let header = 2 + size + mask;
    if bytes.len() < header {
        return None;
    }
    let payload = usize::try_from(payload).unwrap_or(usize::MAX);
    Some((first & 0xf, header.saturating_add(payload)))
}

/// The first boundary at or after a place, if the bytes reach that far.
fn boundary_after(bytes: &[u8], place: usize) -> Option<usize> {
    let starts = headers_of(bytes);
    let last = starts.last().map_or(Some(0), |(at, _)| {
        let (_, length) = one_frame(&bytes[*at..]).unwrap();
        at.checked_add(length)
    });
    let ends = starts.iter().map(|(at, _)| *at).chain(last);
    ends.filter(|end| (place..=bytes.len()).contains(end)).min()
}

fn closes(bytes: &[u8]) -> bool {
    headers_of(bytes).iter().any(|(_, opcode)| *opcode == 8)
}
