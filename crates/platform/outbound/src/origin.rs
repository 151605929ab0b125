//! Where a request goes: a scheme, a host and a port.

use std::fmt;

use http::Uri;

/// A host and port that are spoken to by TLS; or, on this machine alone, without.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    tls: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// Of a URL; none where it is not `https`, or says who asks.
    pub fn of(url: &Uri) -> Option<Self> {
        Self::with_scheme(url, "https")
    }

    /// Of a URL; none where it is neither `https` nor `http` at this machine's own loopback
    /// addresses, or says who asks.
    pub fn of_or_loopback(url: &Uri) -> Option<Self> {
        Self::of(url).or_else(|| Self::with_scheme(url, "http").filter(Self::is_loopback))
    }

    /// A host's plain HTTP.
    pub fn plain(host: &str, port: u16) -> Self {
        Self {
            tls: false,
            host: host.to_ascii_lowercase(),
            port,
        }
    }

    fn with_scheme(url: &Uri, scheme: &str) -> Option<Self> {
        let authority = url.authority()?;
        let is_plain = url.scheme_str() == Some(scheme) && !authority.as_str().contains('@');
        let host = authority.host();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let tls = scheme == "https";
        (is_plain && !host.is_empty()).then(|| Self {
            tls,
            host: bare.unwrap_or(host).to_ascii_lowercase(),
            port: authority.port_u16().unwrap_or(own_port(tls)),
        })
    }

    /// Whether it is spoken to by TLS.
    pub const fn tls(&self) -> bool {
        self.tls
    }

    /// A name, or an address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// As `Host` names it.
    pub fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match self.port == own_port(self.tls) {
            true => host,
            false => format!("{host}:{}", self.port),
        }
    }

    /// Whether it is of this machine itself, by its own word: what another name stands for is not
    /// looked up.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

const fn own_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str, read: impl Fn(&Uri) -> Option<Origin>) -> Option<String> {
        read(&url.parse().unwrap()).map(|origin| origin.to_string())
    }

    #[test]
    fn an_origin_is_https_and_nothing_else() {
        let origin = |url| shown(url, Origin::of);
        assert_eq!(
            origin("https://CA.test/dir").as_deref(),
            Some("https://ca.test")
        );
        assert_eq!(
            origin("https://ca.test:9443/").as_deref(),
            Some("https://ca.test:9443")
        );
        assert_eq!(
            origin("https://[::1]:9443/").as_deref(),
            Some("https://[::1]:9443")
        );
        for elsewhere in ["http://ca.test/", "https://me@ca.test/", "/directory"] {
            assert_eq!(origin(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn plain_http_is_spoken_on_this_machine_alone() {
        let origin = |url| shown(url, Origin::of_or_loopback);
        for here in [
            "http://127.0.0.1:8080/x",
            "http://[::1]:8080/",
            "http://localhost/",
        ] {
            assert!(origin(here).is_some(), "{here}");
        }
        for elsewhere in [
            "http://10.0.0.1/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://me@127.0.0.1/",
            "ftp://127.0.0.1/",
        ] {
            assert_eq!(origin(elsewhere), None, "{elsewhere}");
        }
    }
}
