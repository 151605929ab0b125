//! Words with a form of their own, wherever they are written: hosts, origins, zones, headers.

use std::{str::FromStr, sync::Arc};

use gw_model::IdentityHeaders;

/// Text that is not a value of its kind, with what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is `{text}`, expected {expected}")]
pub struct FormFault {
    text: String,
    expected: &'static str,
}

impl FormFault {
    /// What was written, and what is expected in its place.
    pub fn new(text: &str, expected: &'static str) -> Self {
        let text = text.chars().take(80).collect();
        Self { text, expected }
    }
}

/// A host name as requests carry it: lower case, without port or trailing dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Host(pub Arc<str>);

impl Host {
    /// Whether this host is the other, or a name below it.
    pub fn is_at_or_below(&self, other: &Self) -> bool {
        self == other
            || self
                .0
                .strip_suffix(&*other.0)
                .is_some_and(|rest| rest.ends_with('.'))
    }
}

/// Whether text is a host name in the one form that requests are compared in.
pub fn is_host(text: &str) -> bool {
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
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        if is_host(text) {
            Ok(Self(Arc::from(text)))
        } else {
            let expected = "a host name in lower case, without scheme, port or trailing dot: \"wiki.example.com\"";
            Err(FormFault::new(text, expected))
        }
    }
}

/// A web origin in its one spelling: `https://wiki.example.com`, with a port only if it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub Arc<str>);

impl FromStr for Origin {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let fault = || FormFault::new(text, "an origin such as \"https://wiki.example.com\"");
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

/// What an access token is good for, as one word (RFC 6749, 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeName(pub Arc<str>);

impl FromStr for ScopeName {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let is_of_a_word = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        match (1..=128).contains(&text.len()) && text.bytes().all(is_of_a_word) {
            true => Ok(Self(Arc::from(text))),
            false => Err(FormFault::new(
                text,
                "a scope such as \"invoices:read\", without spaces",
            )),
        }
    }
}

/// Where people begin at an app that is not behind Gatewright's door: an origin and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartAddress {
    /// The address.
    pub address: Arc<str>,
    /// Its host.
    pub host: Arc<str>,
}

impl FromStr for StartAddress {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let fault = || {
            FormFault::new(
                text,
                "where people begin, an https:// address such as \"https://git.example.com/\"",
            )
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(fault)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let Origin(origin) = format!("{scheme}://{authority}")
            .parse()
            .map_err(|_| fault())?;
        let host = authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host);
        let is_here = host == "localhost" || host.ends_with(".localhost") || host == "127.0.0.1";
        let is_plain = path
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte));
        match is_plain && (scheme == "https" || is_here) {
            true => Ok(Self {
                address: format!("{origin}/{path}").into(),
                host: host.into(),
            }),
            false => Err(fault()),
        }
    }
}

/// A port in its one spelling: without sign or leading zeros, and not 0.
fn port(text: &str) -> Option<u16> {
    let port: u16 = text.parse().ok()?;
    (port != 0 && port.to_string() == text).then_some(port)
}

/// A time zone that is in the built-in data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(pub Arc<str>);

impl FromStr for Zone {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        match jiff::tz::TimeZone::get(text) {
            Ok(zone) => Ok(Self(Arc::from(zone.iana_name().unwrap_or(text)))),
            Err(_) => Err(FormFault::new(
                text,
                "a time zone by its IANA name: \"Europe/Berlin\"",
            )),
        }
    }
}

/// The name of a header, lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderName(pub Arc<str>);

impl FromStr for HeaderName {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let fine = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if fine {
            Ok(Self(Arc::from(text.to_ascii_lowercase())))
        } else {
            Err(FormFault::new(
                text,
                "the name of a header, such as \"x-forwarded-user\"",
            ))
        }
    }
}

/// The name of a header that tells an app who came, lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityHeaderName(pub Arc<str>);

impl FromStr for IdentityHeaderName {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        match IdentityHeaders::may_be(text) {
            true => Ok(Self(Arc::from(text.to_ascii_lowercase()))),
            false => Err(FormFault::new(
                text,
                "the name of a header that says who somebody is, such as \"x-forwarded-user\", \"remote-groups\" or \"x-auth-email\"",
            )),
        }
    }
}

/// An HTTP method in upper case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodName(pub Arc<str>);

impl FromStr for MethodName {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let fine = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase());
        if fine {
            Ok(Self(Arc::from(text)))
        } else {
            Err(FormFault::new(
                text,
                "a method in upper case, such as \"GET\"",
            ))
        }
    }
}

/// One line of plain text, as titles and attributes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line(pub Arc<str>);

impl FromStr for Line {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        if text.chars().any(char::is_control) {
            return Err(FormFault::new(
                &text.escape_default().to_string(),
                "one line of plain text",
            ));
        }
        Ok(Self(Arc::from(text)))
    }
}

/// The path of a health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthPath(pub Arc<str>);

impl FromStr for HealthPath {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let fine = text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
        match fine {
            true => Ok(Self(Arc::from(text))),
            false => Err(FormFault::new(text, "a path such as \"/healthz\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_origin_has_one_spelling() {
        assert!("https://a.example:8443".parse::<Origin>().is_ok());
        let start: StartAddress = "https://git.example:8443/a?b=c".parse().unwrap();
        assert_eq!(&*start.host, "git.example");
        assert_eq!(&*start.address, "https://git.example:8443/a?b=c");
        let bare: StartAddress = "https://git.example".parse().unwrap();
        assert_eq!(&*bare.address, "https://git.example/");
        for bad in [
            "http://git.example/",
            "https://a.example/\"x",
            "javascript:x",
            "https://u@a.example/",
        ] {
            assert!(bad.parse::<StartAddress>().is_err(), "{bad:?}");
        }
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
