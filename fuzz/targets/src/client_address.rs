//! Where a request comes from, as trusted proxies tell it.

use std::net::{IpAddr, SocketAddr};

use gw_web::{
    client_address::TrustedProxies,
    proxy_protocol::{ProxyFault, length, source},
};
use http::HeaderName;

use crate::input;

/// The first line is the peer's address, each further one a line of the trusted header.
pub(crate) fn client_address(data: &[u8]) {
    let (peer, rest) = input::first_text(data);
    let Ok(peer) = peer.parse::<IpAddr>() else {
        return;
    };
    let name = HeaderName::from_static("x-forwarded-for");
    let trusted = TrustedProxies {
        peers: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
        header: Some(name.clone()),
        speak_proxy_protocol: false,
    };
    let headers = input::values(&name, rest);
    let client = trusted.client(peer, &headers);
    assert_eq!(client, client.to_canonical());
    assert_eq!(client, told(&trusted, peer.to_canonical(), &headers));
    let nobody = TrustedProxies {
        header: Some(name),
        ..TrustedProxies::default()
    };
    assert_eq!(nobody.client(peer, &headers), peer.to_canonical());
}

/// The last address of the whole list before which all later ones are trusted.
fn told(trusted: &TrustedProxies, peer: IpAddr, headers: &http::HeaderMap) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter();
    let all: Vec<Vec<u8>> = lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::to_vec)
        .collect();
    let mut client = peer;
    for word in all.iter().rev() {
        if !trusted.trusts(client) {
            break;
        }
        match plain_address(word) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

fn plain_address(word: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(word).ok()?.trim();
    let bracketed = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = match (text.parse::<SocketAddr>(), bracketed) {
        (Ok(address), _) => address.ip(),
        (Err(_), Some(inner)) => inner.parse().ok()?,
        (Err(_), None) => text.parse().ok()?,
    };
    Some(address.to_canonical())
}

/// Sixteen bytes of a header and what follows; an address comes from its own place only.
pub(crate) fn proxy_protocol(data: &[u8]) {
    let Some((start, rest)) = data.split_first_chunk::<16>() else {
        return;
    };
    let wanted = match length(start) {
        Ok(wanted) => wanted,
        Err(fault) => {
            let begins = start.starts_with(b"\r\n\r\n\0\r\nQUIT\n") && start[12] >> 4 == 2;
            assert_eq!(fault == ProxyFault::NotAHeader, !begins);
            return;
        }
    };
    assert!(wanted <= 4096);
    assert_eq!(
        wanted,
        usize::from(u16::from_be_bytes([start[14], start[15]]))
    );
    let Some(rest) = rest.get(..wanted) else {
        return;
    };
    match source(start, rest) {
        Ok(None) => assert_eq!(start[12] & 0xf, 0),
        Ok(Some(IpAddr::V4(address))) => {
            assert_eq!((start[12] & 0xf, start[13]), (1, 0x11));
            assert_eq!(address.octets(), rest[..4]);
        }
        Ok(Some(IpAddr::V6(address))) => {
            assert_eq!((start[12] & 0xf, start[13]), (1, 0x21));
            assert_eq!(address.octets(), rest[..16]);
        }
        Err(fault) => assert_eq!(fault, ProxyFault::Malformed),
    }
}
