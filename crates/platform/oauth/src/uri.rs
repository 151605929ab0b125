//! Absolute URIs (RFC 3986) read strictly: one spelling, no user, nothing that two readers could
//! take for two hosts.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::parameters::escapes_are_whole;

/// The longest URI of a client or resource, in bytes.
pub const URI_BYTES_MAX: usize = 2048;
/// The longest host name, in bytes (RFC 1035, 2.3.4).
const HOST_BYTES_MAX: usize = 253;

/// The parts of an absolute URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Uri<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) authority: Option<Authority<'a>>,
    /// Path and query, from the first character after the authority on.
    pub(crate) rest: &'a str,
    pub(crate) has_fragment: bool,
}

/// Host and port; never a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    pub(crate) host: &'a str,
    pub(crate) kind: HostKind,
    pub(crate) port: Option<u16>,
}

/// What a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostKind {
    Name,
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl<'a> Uri<'a> {
    /// Reads one; none where it is not one, names a user, or is written in a way that readers
    /// differ on. Scheme and host are in lower case.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > URI_BYTES_MAX || !text.bytes().all(is_uri_byte) || !escapes_are_whole(text)
        {
            return None;
        }
        let (scheme, after) = text.split_once(':')?;
        if !is_scheme(scheme) {
            return None;
        }
        let (after, fragment) = match after.split_once('#') {
            Some((after, fragment)) => (after, Some(fragment)),
            None => (after, None),
        };
        if fragment.is_some_and(|fragment| fragment.contains('#')) {
            return None;
        }
        let (authority, rest) = match after.strip_prefix("//") {
            Some(after) => {
                let end = after.find(['/', '?']).unwrap_or(after.len());
                let (authority, rest) = after.split_at_checked(end)?;
                (Some(Authority::parse(authority)?), rest)
            }
            None => (None, after),
        };
        Some(Self {
            scheme,
            authority,
            rest,
            has_fragment: fragment.is_some(),
        })
    }

    pub(crate) fn path(&self) -> &'a str {
        self.rest.split('?').next().unwrap_or_default()
    }

    pub(crate) fn query(&self) -> Option<&'a str> {
        self.rest.split_once('?').map(|(_, query)| query)
    }

    /// Whether a segment of the path is `.` or `..`, encoded or not: where it leads depends on
    /// who reads it.
    pub(crate) fn has_dot_segment(&self) -> bool {
        self.path().split(['/', ';']).any(|segment| {
            let plain = segment.to_ascii_lowercase().replace("%2e", ".");
            plain == "." || plain == ".."
        })
    }

    /// Whether it is `https` on a host that may be of the public network: what somebody who
    /// registers may have this server fetch or call. A name that resolves inwards is for who
    /// connects to refuse.
    pub(crate) fn is_public_https(&self) -> bool {
        let is_public = |authority: &Authority<'_>| match authority.kind {
            HostKind::Name => !is_local_name(authority.host) && authority.host.contains('.'),
            HostKind::V4(_) | HostKind::V6(_) => false,
        };
        self.scheme == "https" && self.authority.as_ref().is_some_and(is_public)
    }
}

impl<'a> Authority<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port_of(port)?)),
            _ => (text, None),
        };
        let kind = HostKind::of(host)?;
        Some(Self { host, kind, port })
    }

    /// An address of this machine itself, as RFC 8252, 7.3 has it: `127.0.0.1` or `[::1]`.
    pub(crate) const fn is_loopback_address(&self) -> bool {
        match self.kind {
            HostKind::V4(address) => address.is_loopback(),
            HostKind::V6(address) => address.is_loopback(),
            HostKind::Name => false,
        }
    }

    /// An address or a name of this machine itself (RFC 6761, 6.3).
    pub(crate) fn is_loopback(&self) -> bool {
        self.is_loopback_address() || self.host == "localhost" || self.host.ends_with(".localhost")
    }
}

impl HostKind {
    fn of(host: &str) -> Option<Self> {
        if let Some(inner) = host.strip_prefix('[') {
            let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
            // One spelling: that of RFC 5952.
            return (format!("[{address}]") == host).then_some(Self::V6(address));
        }
        if let Ok(address) = host.parse::<Ipv4Addr>() {
            return Some(Self::V4(address));
        }
        is_name(host).then_some(Self::Name)
    }
}

/// Whether a text is a host as a URI has it, alone: a name in lower case, or an address.
pub fn is_host(text: &str) -> bool {
    HostKind::of(text).is_some()
}

/// Labels of small letters, digits and hyphens; the last one no number, which some readers take
/// for an address (`2130706433`, `0x7f.1`).
fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_part = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
        };
        (1..=63).contains(&label.len()) && label.bytes().all(is_part)
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    host.len() <= HOST_BYTES_MAX && host.split('.').all(is_label) && !is_number
}

fn is_local_name(host: &str) -> bool {
    const LOCAL: [&str; 5] = [
        ".localhost",
        ".local",
        ".internal",
        ".home.arpa",
        ".localdomain",
    ];
    host == "localhost" || LOCAL.iter().any(|suffix| host.ends_with(suffix))
}

/// A port in its one spelling.
fn port_of(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    (port != 0 && port.to_string() == text).then_some(port)
}

fn is_scheme(scheme: &str) -> bool {
    let begins = scheme
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase());
    let is_part = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')
    };
    begins && scheme.bytes().all(is_part)
}

/// The characters of RFC 3986, 2; no backslash, no quote, no bracket but of a host.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_uri_are_read() {
        let uri = Uri::parse("https://app.example:8443/cb?x=1").unwrap();
        assert_eq!(
            (uri.scheme, uri.rest, uri.has_fragment),
            ("https", "/cb?x=1", false)
        );
        assert_eq!((uri.path(), uri.query()), ("/cb", Some("x=1")));
        let authority = uri.authority.unwrap();
        assert_eq!(
            (authority.host, authority.port),
            ("app.example", Some(8443))
        );
        let private = Uri::parse("com.example.app:/cb").unwrap();
        assert_eq!(
            (private.scheme, private.authority, private.rest),
            ("com.example.app", None, "/cb")
        );
        assert!(
            Uri::parse("http://[::1]:80/")
                .unwrap()
                .authority
                .unwrap()
                .is_loopback_address()
        );
    }

    #[test]
    fn a_host_stands_alone_and_has_one_spelling() {
        for host in ["app.example", "app", "127.0.0.1", "[::1]"] {
            assert!(is_host(host), "{host}");
        }
        for other in [
            "",
            "App.example",
            "app.example:443",
            "https://app.example",
            "app.example/cb",
            "*.example",
            "a b",
            "::1",
            "127.1",
        ] {
            assert!(!is_host(other), "{other:?}");
        }
    }

    #[test]
    fn what_readers_differ_on_is_none() {
        for text in [
            "",
            "app",
            "//app.example/",
            "HTTPS://app.example/",
            "https://App.example/",
            "https://user@app.example/",
            "https://app.example@evil.example/",
            "https://app.example\\@evil.example/",
            "https://app.example:0443/",
            "https://app.example:/",
            "https://app.example:99999/",
            "https://app%2eexample/",
            "https://app..example/",
            "https://app.example./",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://[0:0:0:0:0:0:0:1]/",
            "https://[::1/",
            "https:///cb",
            "https://*.example/",
            "https://app.example/%",
            "https://app.example/ cb",
            "https://app.example/\n",
            "https://äpp.example/",
            "https://app.example/a#b#c",
            "1https://app.example/",
        ] {
            assert_eq!(Uri::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_dot_segment_is_seen_in_every_spelling() {
        for path in ["/a/../b", "/a/%2e%2E/b", "/.", "/a/.%2e", "/..;x/"] {
            let text = format!("https://app.example{path}");
            assert!(Uri::parse(&text).unwrap().has_dot_segment(), "{path}");
        }
        assert!(
            !Uri::parse("https://app.example/.well-known/a..b")
                .unwrap()
                .has_dot_segment()
        );
    }

    #[test]
    fn what_leads_inwards_is_not_public() {
        for text in [
            "http://keys.example/",
            "https://localhost/",
            "https://a.localhost/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/",
            "https://10.0.0.1/",
            "https://printer.local/",
            "https://vault.internal/",
            "https://vault/",
            "ftp://keys.example/",
        ] {
            assert!(!Uri::parse(text).unwrap().is_public_https(), "{text}");
        }
        assert!(
            Uri::parse("https://keys.example/jwks")
                .unwrap()
                .is_public_https()
        );
    }
}
