//! Where an app's requests go: its servers, and how they are spoken to.

use std::{fmt, net::SocketAddr, str::FromStr, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

/// Where an app's requests go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Upstream {
    /// One HTTP/1.1 server with nothing special about it: `host:port`.
    Http(Arc<str>),
    /// One or more servers, and how they are spoken to.
    Servers(Arc<Servers>),
    /// One of Gatewright's own pages, by name (`sign-in`, `portal`, `verify`).
    BuiltIn(Arc<str>),
    /// None of this door's: people sign in to it through Gatewright and speak with it directly.
    /// The address where they begin.
    Elsewhere(Arc<str>),
}

impl Upstream {
    /// The servers as a list; none behind one of Gatewright's own pages, or where it is elsewhere.
    pub fn servers(&self) -> Option<Servers> {
        match self {
            Self::Http(authority) => Some(Servers::one(ServerAddress::http(authority))),
            Self::Servers(servers) => Some((**servers).clone()),
            Self::BuiltIn(_) | Self::Elsewhere(_) => None,
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(authority) => write!(f, "http://{authority}"),
            Self::Servers(servers) => {
                for (index, server) in servers.servers.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{}", server.address)?;
                }
                Ok(())
            }
            Self::BuiltIn(_) => f.write_str("built in"),
            Self::Elsewhere(start) => f.write_str(start),
        }
    }
}

/// An app's servers. Each request goes to one of them. What proves who they are (authorities,
/// a client certificate) stays with each gateway's configuration: keys are no facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Servers {
    /// The servers, at least one and at most [`Servers::MAX`].
    pub servers: Vec<Server>,
    /// What is spoken with those over TLS and over Unix sockets.
    #[serde(default)]
    pub protocol: Protocol,
    /// The name that a server's certificate is for, where it is not the address's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<Arc<str>>,
    /// Asked of each server again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthCheck>,
    /// Bounds that differ from the gateway's own.
    #[serde(default)]
    pub limits: UpstreamLimits,
}

impl Servers {
    /// The most servers that one app has.
    pub const MAX: usize = 64;

    /// One server with nothing special about it.
    pub fn one(address: ServerAddress) -> Self {
        Self {
            servers: vec![Server { address, weight: 1 }],
            protocol: Protocol::default(),
            server_name: None,
            health: None,
            limits: UpstreamLimits::default(),
        }
    }
}

impl From<Servers> for Upstream {
    /// In the shortest form.
    fn from(servers: Servers) -> Self {
        let plain = match &*servers.servers {
            [Server { address, .. }] if servers == Servers::one(address.clone()) => {
                address.plain_http().cloned()
            }
            _ => None,
        };
        plain.map_or_else(|| Self::Servers(Arc::new(servers)), Self::Http)
    }
}

/// One of an app's servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Where it is.
    pub address: ServerAddress,
    /// How much of the app's requests it takes, beside the others'.
    #[serde(default = "one")]
    pub weight: u32,
}

const fn one() -> u32 {
    1
}

/// What is spoken with a server that leaves the choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Over TLS what the server prefers (ALPN), HTTP/1.1 over a Unix socket.
    #[default]
    Auto,
    /// HTTP/1.1.
    H1,
    /// HTTP/2.
    H2,
}

/// A question that a healthy server answers with a status below 400.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// The path that is asked for.
    pub path: Arc<str>,
    /// The time from one question to the next.
    pub interval: Duration,
}

/// Bounds of one app's exchanges; the gateway's own where absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpstreamLimits {
    /// The time to connect, TLS included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<Duration>,
    /// The time to an answer's head, once the client has sent its body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<Duration>,
    /// How long an answer's body may stand still while the client waits for more of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_idle: Option<Duration>,
    /// Bytes of a request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_body: Option<u64>,
    /// Bytes of an answer's head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_head: Option<u32>,
}

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// HTTP/1.1 over TCP.
    Http,
    /// HTTP over TLS.
    Https,
    /// HTTP/2 over TCP, known to be spoken.
    H2c,
    /// HTTP over a Unix socket.
    Unix,
}

/// A server's address: `http://host:port`, `https://host:port`, `h2c://host:port` or `unix:///path`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerAddress {
    transport: Transport,
    /// `host:port`, or the path of a socket.
    place: Arc<str>,
}

/// Text that is no server's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is `{0}`, expected a server without a path, such as \"http://127.0.0.1:3000\", \
     \"https://wiki.internal\", \"h2c://127.0.0.1:50051\" or \"unix:///run/wiki.sock\""
)]
pub struct ServerAddressFault(String);

impl ServerAddress {
    fn http(authority: &Arc<str>) -> Self {
        Self {
            transport: Transport::Http,
            place: authority.clone(),
        }
    }

    fn plain_http(&self) -> Option<&Arc<str>> {
        (self.transport == Transport::Http).then_some(&self.place)
    }

    /// How it is reached.
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// `host:port`, or the path of a socket.
    pub const fn place(&self) -> &Arc<str> {
        &self.place
    }

    /// Its host alone, without the brackets of an IPv6 address; none behind a socket.
    pub fn host(&self) -> Option<&str> {
        if self.transport == Transport::Unix {
            return None;
        }
        let (host, _) = self.place.rsplit_once(':')?;
        Some(
            host.strip_prefix('[')
                .and_then(|h| h.strip_suffix(']'))
                .unwrap_or(host),
        )
    }

    /// What a request's `Host` says where the server is to be named by its own name.
    pub fn authority(&self) -> &str {
        match self.transport {
            Transport::Unix => "localhost",
            Transport::Https => self.place.strip_suffix(":443").unwrap_or(&self.place),
            Transport::Http | Transport::H2c => &self.place,
        }
    }
}

impl FromStr for ServerAddress {
    type Err = ServerAddressFault;

    fn from_str(text: &str) -> Result<Self, ServerAddressFault> {
        let fault = || ServerAddressFault(text.chars().take(80).collect());
        let (scheme, rest) = text.split_once("://").ok_or_else(fault)?;
        let (transport, own_port) = match scheme {
            "http" => (Transport::Http, "80"),
            "https" => (Transport::Https, "443"),
            "h2c" => (Transport::H2c, "80"),
            "unix" => (Transport::Unix, ""),
            _ => return Err(fault()),
        };
        let place = match transport {
            Transport::Unix => socket_path(rest),
            _ => authority(rest.strip_suffix('/').unwrap_or(rest), own_port),
        };
        Ok(Self {
            transport,
            place: place.ok_or_else(fault)?.into(),
        })
    }
}

/// The longest path that the kernel takes.
const SOCKET_PATH_BYTES_MAX: usize = 107;

fn socket_path(text: &str) -> Option<String> {
    let fine = text.starts_with('/')
        && text.len() > 1
        && text.len() <= SOCKET_PATH_BYTES_MAX
        && !text.chars().any(char::is_control);
    fine.then(|| text.to_owned())
}

fn authority(text: &str, own_port: &str) -> Option<String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        let fine = address.port() != 0 && !text.contains('%');
        return fine.then(|| address.to_string());
    }
    if let Some(v6) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        let address = v6.parse::<std::net::Ipv6Addr>().ok();
        return address.map(|address| format!("[{address}]:{own_port}"));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((text, own_port));
    let is_address = host.parse::<std::net::Ipv4Addr>().is_ok();
    let fine = is_port(port) && (is_address || is_host(host));
    fine.then(|| format!("{host}:{port}"))
}

/// In its one spelling: without sign or leading zeros, and not 0.
fn is_port(text: &str) -> bool {
    let port = text.parse::<u16>();
    port.is_ok_and(|port| port != 0 && port.to_string() == text)
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.len() <= 253 && text.split('.').all(label) && !all_digits(text)
}

impl TryFrom<String> for ServerAddress {
    type Error = ServerAddressFault;
    fn try_from(text: String) -> Result<Self, ServerAddressFault> {
        text.parse()
    }
}

impl From<ServerAddress> for String {
    fn from(address: ServerAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.transport {
            Transport::Http => "http",
            Transport::Https => "https",
            Transport::H2c => "h2c",
            Transport::Unix => "unix",
        };
        write!(f, "{scheme}://{}", self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, String)> {
        let address: ServerAddress = text.parse().ok()?;
        Some((address.to_string(), address.authority().to_owned()))
    }

    #[test]
    fn a_server_is_an_address_without_a_path() {
        for (text, shown, authority) in [
            (
                "http://127.0.0.1:3000",
                "http://127.0.0.1:3000",
                "127.0.0.1:3000",
            ),
            ("http://[::1]:3000/", "http://[::1]:3000", "[::1]:3000"),
            (
                "http://wiki.internal",
                "http://wiki.internal:80",
                "wiki.internal:80",
            ),
            (
                "https://wiki.internal",
                "https://wiki.internal:443",
                "wiki.internal",
            ),
            ("https://[::1]", "https://[::1]:443", "[::1]"),
            ("https://[E:0::]", "https://[e::]:443", "[e::]"),
            ("https://a_b:8443", "https://a_b:8443", "a_b:8443"),
            (
                "h2c://127.0.0.1:50051",
                "h2c://127.0.0.1:50051",
                "127.0.0.1:50051",
            ),
            (
                "unix:///run/wiki.sock",
                "unix:///run/wiki.sock",
                "localhost",
            ),
        ] {
            assert_eq!(read(text), Some((shown.into(), authority.into())), "{text}");
        }
        for bad in [
            "http://a/b",
            "127.0.0.1:1",
            "http://a:0",
            "http://u@a:1",
            "http://a:+80",
            "https://a:0443",
            "https://a.example?x",
            "https://",
            "ftp://a",
            "unix://run/wiki.sock",
            "unix:///",
            "unix:///a\nb",
        ] {
            assert!(read(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn the_host_alone_has_no_brackets() {
        let host = |text: &str| {
            let address: ServerAddress = text.parse().unwrap();
            address.host().map(str::to_owned)
        };
        assert_eq!(host("https://[::1]:1").as_deref(), Some("::1"));
        assert_eq!(
            host("https://wiki.internal").as_deref(),
            Some("wiki.internal")
        );
        assert_eq!(host("unix:///run/x"), None);
    }

    #[test]
    fn one_plain_server_keeps_the_form_that_stores_have_held_from_the_start() {
        let plain = Servers::one("http://127.0.0.1:8080".parse().unwrap());
        let stored = serde_json::to_string(&Upstream::from(plain.clone())).unwrap();
        assert_eq!(stored, r#"{"http":"127.0.0.1:8080"}"#);
        let read: Upstream = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.servers(), Some(plain));
        let secure = Upstream::from(Servers::one("https://wiki.internal".parse().unwrap()));
        let stored = serde_json::to_string(&secure).unwrap();
        assert_eq!(serde_json::from_str::<Upstream>(&stored).unwrap(), secure);
    }
}
