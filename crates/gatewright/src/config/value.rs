//! Values with a form of their own: spans of time, sizes, hosts, origins, zones, upstreams.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use gw_model::{AppName, GroupName, PathPattern, ServerAddress, TagName, UpgradeToken};
use ipnet::IpNet;

use super::reader::{Found, Readable, readable_from_text};

/// Text that is not a value of its kind, with what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is `{text}`, expected {expected}")]
pub(crate) struct ValueFault {
    text: String,
    expected: &'static str,
}

fn fault(text: &str, expected: &'static str) -> ValueFault {
    let text = text.chars().take(80).collect();
    ValueFault { text, expected }
}

/// A span of time as people write it: `90s`, `15m`, `12h`, `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    pub(crate) const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }
    pub(crate) const fn minutes(minutes: u64) -> Self {
        Self::secs(minutes * 60)
    }
    pub(crate) const fn hours(hours: u64) -> Self {
        Self::minutes(hours * 60)
    }
}

impl FromStr for Span {
    type Err = ValueFault;
    fn from_str(text: &str) -> Result<Self, ValueFault> {
        let expected = "a span of time such as \"90s\", \"15m\", \"12h\" or \"30d\"";
        let fault = || fault(text, expected);
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
        let (number, unit) = text.split_at(unit_at);
        let number: u64 = number.parse().map_err(|_| fault())?;
        let secs_each = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err(fault()),
        };
        let secs = number.checked_mul(secs_each).ok_or_else(fault)?;
        if secs == 0 || secs > 10 * 366 * 86_400 {
            return Err(fault());
        }
        Ok(Self::secs(secs))
    }
}

/// A number of bytes as people write it: `512KiB`, `64MiB`, `2GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = ValueFault;
    fn from_str(text: &str) -> Result<Self, ValueFault> {
        let fault = || fault(text, "a size such as \"512KiB\", \"64MiB\" or \"2GiB\"");
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
        let (number, unit) = text.split_at(unit_at);
        let number: u64 = number.parse().map_err(|_| fault())?;
        let shift = match unit {
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            _ => return Err(fault()),
        };
        let bytes = number.checked_mul(1 << shift).ok_or_else(fault)?;
        Ok(Self(bytes))
    }
}

/// A host name as requests carry it: lower case, without port or trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Host(pub(crate) Arc<str>);

impl Host {
    /// Whether this host is the other, or a name below it.
    pub(crate) fn is_at_or_below(&self, other: &Self) -> bool {
        self == other
            || self
                .0
                .strip_suffix(&*other.0)
                .is_some_and(|rest| rest.ends_with('.'))
    }
}

fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.len() <= 253 && text.split('.').all(label) && !all_digits(text)
}

impl FromStr for Host {
    type Err = ValueFault;
    fn from_str(text: &str) -> Result<Self, ValueFault> {
        if is_host(text) {
            Ok(Self(Arc::from(text)))
        } else {
            let expected = "a host name in lower case, without scheme, port or trailing dot: \"wiki.example.com\"";
            Err(fault(text, expected))
        }
    }
}

/// A host that a certificate is for: exact, or with `*` for its first label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateHost(pub(crate) Arc<str>);

impl CertificateHost {
    /// Whether a certificate for this name is one for that host (RFC 6125: `*` is one label).
    pub(crate) fn covers(&self, host: &str) -> bool {
        match self.0.strip_prefix("*.") {
            Some(parent) => host
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
            None => &*self.0 == host,
        }
    }
}

impl FromStr for CertificateHost {
    type Err = ValueFault;
    fn from_str(text: &str) -> Result<Self, ValueFault> {
        if is_host(text.strip_prefix("*.").unwrap_or(text)) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(fault(
                text,
                "a host name, or one with `*` as its first label: \"*.example.com\"",
            ))
        }
    }
}

/// A web origin in its one spelling: `https://wiki.example.com`, with a port only if it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(pub(crate) Arc<str>);

impl FromStr for Origin {
    type Err = ValueFault;
    fn from_str(text: &str) -> Result<Self, ValueFault> {
        let fault = || fault(text, "an origin such as \"https://wiki.example.com\"");
        let (scheme, rest) = text.split_once("://").ok_or_else(fault)?;
        let own_port = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return Err(fault()),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, text)) => (host, Some(port(text).ok_or_else(fault)?)),
            None => (rest, None),
        };
        if !is_host(host) || port == Some(own_port) {
            return Err(fault());
        }
        Ok(Self(Arc::from(text)))
    }
}

/// A port in its one spelling: without sign or leading zeros, and not 0.
fn port(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    (port != 0 && port.to_string() == text).then_some(port)
}

/// A time zone that is in the built-in data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zone(pub(crate) Arc<str>);

impl FromStr for Zone {
    type Err = ValueFault;
    fn from_str(text: &str) -> Result<Self, ValueFault> {
        match jiff::tz::TimeZone::get(text) {
            Ok(zone) => Ok(Self(Arc::from(zone.iana_name().unwrap_or(text)))),
            Err(_) => Err(fault(
                text,
                "a time zone by its IANA name: \"Europe/Berlin\"",
            )),
        }
    }
}

/// The name of a header, lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeaderName(pub(crate) Arc<str>);

impl FromStr for HeaderName {
    type Err = ValueFault;
    fn from_str(text: &str) -> Result<Self, ValueFault> {
        let fine = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if fine {
            Ok(Self(Arc::from(text.to_ascii_lowercase())))
        } else {
            Err(fault(
                text,
                "the name of a header, such as \"x-forwarded-user\"",
            ))
        }
    }
}

/// An HTTP method in upper case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Method(pub(crate) Arc<str>);

impl FromStr for Method {
    type Err = ValueFault;
    fn from_str(text: &str) -> Result<Self, ValueFault> {
        let fine = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
        if fine {
            Ok(Self(Arc::from(text)))
        } else {
            Err(fault(text, "a method in upper case, such as \"GET\""))
        }
    }
}

readable_from_text!(
    AppName = "name";
    CertificateHost = "host, or host with `*` as its first label";
    GroupName = "name";
    HeaderName = "header's name";
    Host = "host";
    IpNet = "network";
    Method = "method";
    Origin = "origin";
    PathPattern = "path";
    ServerAddress = "server";
    Size = "size", as |size| size_words(size.0);
    Span = "span", as |span| span_words(span.0);
    TagName = "name";
    UpgradeToken = "protocol", as ToString::to_string;
    Zone = "time zone", as |zone| zone.0.to_string();
);

/// A size in the largest unit that it is a whole number of.
fn size_words(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fits = units
        .iter()
        .find(|(shift, _)| bytes.is_multiple_of(1 << shift));
    let (shift, unit) = fits.copied().unwrap_or((10, "KiB"));
    format!("{}{unit}", bytes >> shift)
}

/// A span in the unit that people would write it in.
fn span_words(span: Duration) -> String {
    let secs = span.as_secs();
    let units = [(3600, "h"), (60, "m"), (1, "s")];
    let fits = units.iter().find(|(each, _)| secs.is_multiple_of(*each));
    let (each, unit) = fits.copied().unwrap_or((1, "s"));
    format!("{}{unit}", secs / each)
}

impl Readable for Arc<str> {
    fn kind() -> String {
        "text".into()
    }

    fn written(&self) -> String {
        format!("\"{self}\"")
    }

    fn read(found: &Found<'_>) -> Option<Self> {
        let text = found.text()?;
        if text.chars().any(char::is_control) {
            found.fault("has control characters; write one line of plain text");
            return None;
        }
        Some(Self::from(text))
    }
}

impl Readable for PathBuf {
    fn kind() -> String {
        "file or folder".into()
    }

    fn written(&self) -> String {
        format!("\"{}\"", self.display())
    }

    fn read(found: &Found<'_>) -> Option<Self> {
        let text = found.text()?;
        if text.is_empty() {
            found.fault("is empty, expected a path");
            return None;
        }
        Some(Self::from(text))
    }
}

impl Readable for SocketAddr {
    fn kind() -> String {
        "address with port".into()
    }

    fn written(&self) -> String {
        format!("\"{self}\"")
    }

    fn read(found: &Found<'_>) -> Option<Self> {
        let text = found.text()?;
        let address = text.parse().ok();
        if address.is_none() {
            found.fault(format!(
                "is `{text}`, expected an address with a port, such as \"0.0.0.0:443\" or \"[::]:443\""
            ));
        }
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit_and_are_never_nothing() {
        assert_eq!("15m".parse(), Ok(Span::minutes(15)));
        assert_eq!("2d".parse(), Ok(Span::hours(48)));
        for bad in [
            "",
            "15",
            "m",
            "0s",
            "-1s",
            "1.5h",
            "1w",
            "999999999999999999d",
        ] {
            assert!(bad.parse::<Span>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn sizes_are_in_binary_units() {
        assert_eq!("64MiB".parse(), Ok(Size(64 << 20)));
        assert!("64MB".parse::<Size>().is_err());
        assert!("99999999999999999GiB".parse::<Size>().is_err());
    }

    #[test]
    fn hosts_are_in_the_one_form_that_requests_are_compared_in() {
        assert!("wiki.example.com".parse::<Host>().is_ok());
        for bad in [
            "Wiki.example.com",
            "wiki.",
            "a..b",
            "wiki:80",
            "-a",
            "192.0.2.1",
            "*.a",
        ] {
            assert!(bad.parse::<Host>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_host_is_below_another_at_a_label_only() {
        let host = |text: &str| text.parse::<Host>().unwrap();
        assert!(host("a.auth.example").is_at_or_below(&host("auth.example")));
        assert!(host("auth.example").is_at_or_below(&host("auth.example")));
        assert!(!host("myauth.example").is_at_or_below(&host("auth.example")));
    }

    #[test]
    fn a_wildcard_certificate_covers_one_label() {
        let wildcard: CertificateHost = "*.example.com".parse().unwrap();
        assert!(wildcard.covers("wiki.example.com"));
        assert!(!wildcard.covers("a.wiki.example.com") && !wildcard.covers("example.com"));
    }

    #[test]
    fn an_origin_has_one_spelling() {
        assert!("https://a.example:8443".parse::<Origin>().is_ok());
        for bad in [
            "https://a.example:443",
            "https://a.example/",
            "a.example",
            "ftp://a.example",
            "https://a.example:+8443",
            "https://a.example:08443",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad:?}");
        }
    }
}
