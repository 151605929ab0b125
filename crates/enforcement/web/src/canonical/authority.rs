//! Host and port in one spelling.

use std::{borrow::Cow, fmt, net::Ipv6Addr};

use super::Ambiguous;

/// How the connection was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// As it stands in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that is left out of URLs.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Host and port: lower case, no trailing dot, no port where it is the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority<'a> {
    /// The host.
    pub host: Cow<'a, str>,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads `host`, `host:port`, `[address]` or `[address]:port`.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn parse(bytes: &'a [u8], scheme: Scheme) -> Result<Self, Ambiguous> {
        if bytes.contains(&b'@') {
            return Err(Ambiguous::UserInfo);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Ambiguous::HostMalformed)?;
        let (host, port) = split(text)?;
        let port = port.map(port_number).transpose()?;
        Ok(Self {
            host: canonical_host(host)?,
            port: port.filter(|p| *p != scheme.default_port()),
        })
    }

    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Authority<'static> {
        Authority {
            host: Cow::Owned(self.host.into_owned()),
            port: self.port,
        }
    }

    /// Whether an `Origin` header names this origin, to the letter.
    pub fn is_origin(&self, scheme: Scheme, origin: &[u8]) -> bool {
        let rest = origin
            .strip_prefix(scheme.as_str().as_bytes())
            .and_then(|rest| rest.strip_prefix(b"://"))
            .and_then(|rest| rest.strip_prefix(self.host.as_bytes()));
        match (rest, self.port) {
            (Some(rest), None) => rest.is_empty(),
            (Some(rest), Some(port)) => rest
                .strip_prefix(b":")
                .is_some_and(|text| text == port.to_string().as_bytes()),
            (None, _) => false,
        }
    }

    /// `scheme://host[:port]`, as browsers write origins.
    pub fn origin(&self, scheme: Scheme) -> String {
        format!("{scheme}://{self}")
    }
}

impl fmt::Display for Authority<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

fn split(text: &str) -> Result<(&str, Option<&str>), Ambiguous> {
    if text.starts_with('[') {
        let end = text.find(']').ok_or(Ambiguous::HostMalformed)?;
        let (host, rest) = text.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(Ambiguous::HostMalformed),
        };
    }
    Ok(match memchr::memchr(b':', text.as_bytes()) {
        Some(end) => (text.get(..end).unwrap_or_default(), text.get(end + 1..)),
        None => (text, None),
    })
}

fn port_number(text: &str) -> Result<u16, Ambiguous> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    match text.parse::<u16>() {
        Ok(port) if digits => Ok(port),
        _ => Err(Ambiguous::Port),
    }
}

fn canonical_host(host: &str) -> Result<Cow<'_, str>, Ambiguous> {
    if let Some(address) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let address: Ipv6Addr = address.parse().map_err(|_| Ambiguous::HostMalformed)?;
        return Ok(Cow::Owned(format!("[{address}]")));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let fine =
        (1..=253).contains(&host.len()) && host.as_bytes().split(|b| *b == b'.').all(is_label);
    if !fine {
        return Err(Ambiguous::HostMalformed);
    }
    Ok(if host.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    })
}

fn is_label(label: &[u8]) -> bool {
    (1..=63).contains(&label.len())
        && label
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && !label.starts_with(b"-")
        && !label.ends_with(b"-")
}
