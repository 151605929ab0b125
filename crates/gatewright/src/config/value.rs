//! Values with a form of their own: spans of time, sizes, the hosts of certificates.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use gw_api::forms::{FormFault, is_host};
pub(crate) use gw_api::forms::{
    HeaderName, HealthPath, Host, IdentityHeaderName, MethodName as Method, Origin, ScopeName,
    StartAddress, Zone,
};
use gw_model::{
    AppName, GroupName, PathPattern, ProviderName, ServerAddress, TagName, UpgradeToken,
};
use ipnet::IpNet;

use gw_directory::{Dn, Filter};

use super::reader::{Found, Readable, readable_from_text};

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
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let expected = "a span of time such as \"90s\", \"15m\", \"12h\" or \"30d\"";
        let fault = || FormFault::new(text, expected);
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
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let fault = || FormFault::new(text, "a size such as \"512KiB\", \"64MiB\" or \"2GiB\"");
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
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        if is_host(text.strip_prefix("*.").unwrap_or(text)) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(FormFault::new(
                text,
                "a host name, or one with `*` as its first label: \"*.example.com\"",
            ))
        }
    }
}

/// The address of an authority's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory(pub(crate) Arc<str>);

impl FromStr for Directory {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let url: Option<http::Uri> = text.parse().ok();
        let is_fine = url.is_some_and(|url| {
            let host = url.host().unwrap_or_default();
            let plain = url.authority().is_some_and(|a| !a.as_str().contains('@'));
            url.scheme_str() == Some("https") && !host.is_empty() && plain
        });
        match is_fine {
            true => Ok(Self(Arc::from(text))),
            false => Err(FormFault::new(
                text,
                "the https:// address of an authority's ACME directory",
            )),
        }
    }
}

/// Who a provider of identities says that it is: where its document lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer(pub(crate) Arc<str>);

impl FromStr for Issuer {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let url: Option<http::Uri> = text.parse().ok();
        let is_fine = url.is_some_and(|url| {
            gw_outbound::Origin::of_or_loopback(&url).is_some() && url.query().is_none()
        });
        match is_fine && !text.contains('#') {
            true => Ok(Self(Arc::from(text))),
            false => Err(FormFault::new(
                text,
                "the provider's issuer, an https:// address without a query, to the letter",
            )),
        }
    }
}

/// A mail address, without `mailto:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailAddress(pub(crate) Arc<str>);

impl FromStr for MailAddress {
    type Err = FormFault;
    fn from_str(text: &str) -> Result<Self, FormFault> {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | '?' | ':' | '<' | '>');
        let is_fine = text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && is_host(host));
        match is_fine && text.len() <= 254 && text.chars().all(plain) {
            true => Ok(Self(Arc::from(text))),
            false => Err(FormFault::new(
                text,
                "one mail address, such as \"ops@example.com\"",
            )),
        }
    }
}

/// A host that a certificate can be obtained for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObtainableHost(pub(crate) Arc<str>);

impl FromStr for ObtainableHost {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match gw_acme::obtainable(text) {
            Ok(()) => Ok(Self(Arc::from(text))),
            Err(why) => Err(format!("is `{text}`: {why}")),
        }
    }
}

readable_from_text!(
    AppName = "name";
    CertificateHost = "host, or host with `*` as its first label";
    Directory = "`https://` address", as |directory| directory.0.to_string();
    Dn = "distinguished name";
    Filter = "filter", as ToString::to_string;
    GroupName = "name";
    HeaderName = "header's name";
    HealthPath = "path";
    ScopeName = "scope", as |scope| scope.0.to_string();
    StartAddress = "`https://` address";
    Host = "host";
    IdentityHeaderName = "header's name";
    IpNet = "network";
    Issuer = "`https://` address";
    MailAddress = "mail address";
    Method = "method";
    ObtainableHost = "host";
    Origin = "origin";
    PathPattern = "path";
    ProviderName = "name";
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
    fn a_wildcard_certificate_covers_one_label() {
        let wildcard: CertificateHost = "*.example.com".parse().unwrap();
        assert!(wildcard.covers("wiki.example.com"));
        assert!(!wildcard.covers("a.wiki.example.com") && !wildcard.covers("example.com"));
    }
}
