//! The address that a request comes from (rule 13).
//!
//! It is the TCP peer, unless that is a proxy that the configuration names; then it is the
//! last address in the named header that is not such a proxy itself. An empty list trusts
//! nobody. A header that cannot be read counts for nothing.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// Who may say where a request comes from, and in which header.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    /// Their addresses.
    pub peers: Vec<IpNet>,
    /// A list of addresses, the latest last, as `X-Forwarded-For` has it. None where they
    /// speak the PROXY protocol instead.
    pub header: Option<HeaderName>,
    /// They begin each connection with a PROXY protocol header, version 2.
    pub speak_proxy_protocol: bool,
}

impl TrustedProxies {
    /// The client's address.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let Some(header) = self.header.as_ref().filter(|_| self.trusts(client)) else {
            return client;
        };
        let values: Vec<_> = headers.get_all(header).iter().collect();
        let told = values
            .iter()
            .rev()
            .flat_map(|value| value.as_bytes().rsplit(|b| *b == b','));
        for told in told {
            let Some(address) = address(told) else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    /// Whether an address is one of theirs.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.peers.iter().any(|p| p.contains(&address))
    }
}

fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let address: IpAddr = match text.parse() {
        Ok(address) => address,
        Err(_) => match text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            Some(inner) => inner.parse().ok()?,
            None => text.parse::<SocketAddr>().ok()?.ip(),
        },
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peers: &[&str], peer: &str, lines: &[&str]) -> String {
        let trusted = TrustedProxies {
            peers: peers.iter().map(|p| p.parse().unwrap()).collect(),
            header: Some(HeaderName::from_static("x-forwarded-for")),
            speak_proxy_protocol: false,
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        trusted.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_listed() {
        assert_eq!(client(&[], "203.0.113.9", &["198.51.100.7"]), "203.0.113.9");
        assert_eq!(
            client(&["10.0.0.0/8"], "203.0.113.9", &["198.51.100.7"]),
            "203.0.113.9"
        );
        assert_eq!(client(&[], "::ffff:203.0.113.9", &[]), "203.0.113.9");
    }

    #[test]
    fn a_listed_proxy_names_the_last_address_that_is_not_its_like() {
        let peers = &["10.0.0.0/8", "fd00::/8"];
        for (lines, expected) in [
            (&["198.51.100.7"][..], "198.51.100.7"),
            (&["1.2.3.4, 198.51.100.7"], "198.51.100.7"),
            (&["1.2.3.4, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            (&["1.2.3.4", "198.51.100.7", "fd00::1"], "198.51.100.7"),
            (&["[2001:db8::1]:443"], "2001:db8::1"),
            (&["198.51.100.7:1234"], "198.51.100.7"),
            (&["unknown"], "10.0.0.1"),
            (&["1.2.3.4, _hidden, 10.0.0.2"], "10.0.0.2"),
            (&[], "10.0.0.1"),
        ] {
            assert_eq!(client(peers, "10.0.0.1", lines), expected, "{lines:?}");
        }
    }
}
