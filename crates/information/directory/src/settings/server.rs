//! Where a directory server is, and how it is spoken to.

use std::{fmt, net::IpAddr};

/// A server: `ldaps://`, or `ldap://` with StartTLS; without TLS on this machine alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    host: String,
    port: u16,
    security: Security,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Security {
    /// From the first byte.
    Tls,
    /// Begun before anything else is said (RFC 4513, section 3).
    StartTls,
    /// None, since nothing leaves this machine.
    Loopback,
}

/// A text that is no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerFault {
    /// Another scheme, or none.
    #[error("`{0}` begins with neither `ldaps://` nor `ldap://`")]
    Scheme(String),
    /// No host, or no port, or more than these.
    #[error("`{0}` is not of the form `ldaps://HOST` or `ldaps://HOST:PORT`")]
    Place(String),
    /// Passwords and people would go through the network in the open.
    #[error(
        "`{0}` would be spoken to without TLS, which is for this machine alone: use `ldaps://`, or StartTLS"
    )]
    Open(String),
}

impl Server {
    /// From a URL without a path (RFC 4516), and whether `ldap://` begins TLS by itself.
    ///
    /// # Errors
    /// Where it is none, or would be spoken to in the open.
    pub fn read(url: &str, start_tls: bool) -> Result<Self, ServerFault> {
        let shown = || crate::text::shown(url);
        let (scheme, place) = url
            .split_once("://")
            .ok_or_else(|| ServerFault::Scheme(shown()))?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "ldaps" => true,
            "ldap" => false,
            _ => return Err(ServerFault::Scheme(shown())),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        let place = host_and_port(place).ok_or_else(|| ServerFault::Place(shown()))?;
        let (host, port) = (place.0, place.1.unwrap_or(if is_tls { 636 } else { 389 }));
        let security = match (is_tls, start_tls) {
            (true, _) => Security::Tls,
            (false, true) => Security::StartTls,
            (false, false) if is_loopback(&host) => Security::Loopback,
            (false, false) => return Err(ServerFault::Open(shown())),
        };
        Ok(Self {
            host,
            port,
            security,
        })
    }

    /// Its name, or an address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) const fn security(&self) -> Security {
        self.security
    }
}

fn host_and_port(place: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, port)
        }
        None => {
            let end = place.find(':').unwrap_or(place.len());
            place.split_at(end)
        }
    };
    let is_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(is_host) {
        return None;
    }
    let port = match port.strip_prefix(':') {
        Some(port) => Some(port.parse().ok().filter(|port| *port != 0)?),
        None if port.is_empty() => None,
        None => return None,
    };
    Some((host.to_ascii_lowercase(), port))
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.security {
            Security::Tls => "ldaps",
            Security::StartTls | Security::Loopback => "ldap",
        };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str, start_tls: bool) -> Option<String> {
        Server::read(url, start_tls).ok().map(|s| s.to_string())
    }

    #[test]
    fn a_server_is_spoken_to_by_tls_unless_it_is_this_machine() {
        assert_eq!(
            shown("ldaps://DC.lab.test", false).as_deref(),
            Some("ldaps://dc.lab.test:636")
        );
        assert_eq!(
            shown("ldap://dc.lab.test:3389/", true).as_deref(),
            Some("ldap://dc.lab.test:3389")
        );
        assert_eq!(
            shown("ldaps://[::1]:1636", false).as_deref(),
            Some("ldaps://[::1]:1636")
        );
        assert!(shown("ldap://127.0.0.1:389", false).is_some());
        assert!(shown("ldap://[::1]", false).is_some());
        for open in [
            "ldap://dc.lab.test",
            "ldap://10.0.0.1",
            "ldap://127.0.0.1.lab.test",
        ] {
            assert!(
                matches!(Server::read(open, false), Err(ServerFault::Open(_))),
                "{open}"
            );
        }
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for url in [
            "",
            "dc.lab.test",
            "https://dc",
            "ldapi:///run/slapd",
            "ldaps://",
            "ldaps://:636",
            "ldaps://dc:0",
            "ldaps://dc:x",
            "ldaps://dc:65536",
            "ldaps://me@dc",
            "ldaps://dc/dc=lab",
            "ldaps://[::1",
            "ldaps://[dc]",
            "ldaps://::1",
            "ldaps://dc\0",
            "ldaps://d c",
        ] {
            assert!(Server::read(url, true).is_err(), "{url:?}");
        }
    }
}
