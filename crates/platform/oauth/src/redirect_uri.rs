//! Redirect URIs: what may be registered, and when a request's is the one that was (OAuth 2.1,
//! 2.3 and 8.4; RFC 8252, 7 and 8.4; RFC 9700, 2.1 and 4.1).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::uri::{URI_BYTES_MAX, Uri};

/// The most redirect URIs of one client.
pub const REDIRECT_URIS_MAX: usize = 32;
/// The parameters that an answer adds: one that a registered URI holds already would come twice.
const ANSWERED: [&str; 7] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "session_state",
];

/// What a client is (OpenID Connect Dynamic Client Registration 1.0, 2: `application_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    /// On a server or in a browser: `https` alone.
    #[default]
    Web,
    /// On a person's own device: also `http` on the device itself, and schemes of its own.
    Native,
}

/// Where a redirect URI leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectKind {
    /// `https`.
    Https,
    /// `http` on this very device (RFC 8252, 7.3).
    Loopback,
    /// A scheme of the client's own (RFC 8252, 7.1).
    PrivateUse,
}

/// Why a text is no redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriFault {
    /// It is no absolute URI, names a user, or is written in a way that readers differ on.
    #[error("it is not an absolute URI of at most {URI_BYTES_MAX} bytes in its one spelling")]
    Malformed,
    /// It has a fragment (RFC 6749, 3.1.2).
    #[error("it has a fragment")]
    Fragment,
    /// A segment of its path is `.` or `..`.
    #[error("its path has a dot segment")]
    DotSegment,
    /// Its query holds what an answer adds.
    #[error("its query holds a parameter that answers have")]
    Query,
    /// It leads to `http` elsewhere than on the device itself.
    #[error("it is `http` and not on the device itself")]
    Plain,
    /// Its scheme is none that a client may have: of its own it is a domain turned round, with a
    /// dot (RFC 8252, 7.1), which `javascript` and `data` are not.
    #[error("its scheme is not `https` nor a domain turned round")]
    Scheme,
    /// It is not for this type of application.
    #[error("it is only for native applications")]
    NativeOnly,
}

/// A redirect URI that may be registered, compared byte by byte; but for the port of an address
/// of the device itself, which a native application is given by its system (RFC 8252, 7.3).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Reads one.
    ///
    /// # Errors
    /// Where it may be registered for no type of application.
    pub fn parse(text: &str) -> Result<Self, RedirectUriFault> {
        let uri = Uri::parse(text).ok_or(RedirectUriFault::Malformed)?;
        if uri.has_fragment {
            return Err(RedirectUriFault::Fragment);
        }
        if uri.has_dot_segment() {
            return Err(RedirectUriFault::DotSegment);
        }
        if uri.query().is_some_and(holds_an_answer) {
            return Err(RedirectUriFault::Query);
        }
        kind(&uri)?;
        Ok(Self(text.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it leads.
    pub fn kind(&self) -> RedirectKind {
        match self.0.split_once(':').map(|(scheme, _)| scheme) {
            Some("https") => RedirectKind::Https,
            Some("http") => RedirectKind::Loopback,
            _ => RedirectKind::PrivateUse,
        }
    }

    /// That this type of application may have it.
    ///
    /// # Errors
    /// Where it may not.
    pub fn suits(&self, application: ApplicationType) -> Result<(), RedirectUriFault> {
        match (application, self.kind()) {
            (ApplicationType::Native, _) | (ApplicationType::Web, RedirectKind::Https) => Ok(()),
            _ => Err(RedirectUriFault::NativeOnly),
        }
    }

    /// Whether a request that names `asked` means this one.
    pub fn matches(&self, asked: &str) -> bool {
        self.0 == asked || self.matches_but_for_port(asked).unwrap_or(false)
    }

    fn matches_but_for_port(&self, asked: &str) -> Option<bool> {
        let (own, asked) = (Uri::parse(&self.0)?, Uri::parse(asked)?);
        let (own_authority, asked_authority) = (own.authority?, asked.authority?);
        Some(
            own.scheme == "http"
                && asked.scheme == "http"
                && own_authority.is_loopback_address()
                && own_authority.host == asked_authority.host
                && own.rest == asked.rest
                && !asked.has_fragment,
        )
    }

    /// The host of an `https` URI, which pairwise subjects are made for (OpenID Connect Core 1.0,
    /// 8.1).
    pub(crate) fn host(&self) -> Option<&str> {
        Uri::parse(&self.0)?
            .authority
            .map(|authority| authority.host)
    }
}

fn kind(uri: &Uri<'_>) -> Result<RedirectKind, RedirectUriFault> {
    match (uri.scheme, uri.authority) {
        ("https", Some(_)) => Ok(RedirectKind::Https),
        ("http", Some(authority)) if authority.is_loopback() => Ok(RedirectKind::Loopback),
        ("http", Some(_)) => Err(RedirectUriFault::Plain),
        ("http" | "https", None) => Err(RedirectUriFault::Malformed),
        (scheme, authority)
            if is_private_use(scheme) && (authority.is_some() || !uri.path().is_empty()) =>
        {
            Ok(RedirectKind::PrivateUse)
        }
        _ => Err(RedirectUriFault::Scheme),
    }
}

/// A domain turned round: two labels at least.
fn is_private_use(scheme: &str) -> bool {
    scheme.contains('.') && scheme.split('.').all(|label| !label.is_empty())
}

fn holds_an_answer(query: &str) -> bool {
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    names.any(|name| ANSWERED.contains(&name.as_ref()))
}

impl TryFrom<String> for RedirectUri {
    type Error = RedirectUriFault;

    fn try_from(text: String) -> Result<Self, RedirectUriFault> {
        Self::parse(&text)
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.0
    }
}

impl fmt::Debug for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::parse(text).unwrap()
    }

    #[test]
    fn only_https_is_for_the_web() {
        for (text, native_only) in [
            ("https://app.example/cb", false),
            ("https://app.example/cb?tenant=1", false),
            ("http://127.0.0.1/cb", true),
            ("http://[::1]:9/cb", true),
            ("http://localhost:8080/cb", true),
            ("com.example.app:/cb", true),
        ] {
            let suits = uri(text).suits(ApplicationType::Web);
            assert_eq!(suits.is_err(), native_only, "{text}");
            assert_eq!(uri(text).suits(ApplicationType::Native), Ok(()), "{text}");
        }
    }

    #[test]
    fn javascript_data_and_their_kin_are_no_redirect_uris() {
        for text in [
            "javascript:alert(1)",
            "javascript://app.example/%0aalert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://app.example/1",
            "about:blank",
            "urn:ietf:wg:oauth:2.0:oob",
            "myapp:/cb",
            "app.:/cb",
            "intent://x",
        ] {
            assert_eq!(
                RedirectUri::parse(text),
                Err(RedirectUriFault::Scheme),
                "{text}"
            );
        }
    }

    #[test]
    fn what_an_answer_could_not_be_added_to_is_refused() {
        for (text, fault) in [
            ("https://app.example/cb#f", RedirectUriFault::Fragment),
            ("https://app.example/cb#", RedirectUriFault::Fragment),
            ("https://app.example/a/../cb", RedirectUriFault::DotSegment),
            ("https://app.example/cb?code=1", RedirectUriFault::Query),
            ("https://app.example/cb?%73tate=1", RedirectUriFault::Query),
            ("http://app.example/cb", RedirectUriFault::Plain),
            ("https://user@app.example/cb", RedirectUriFault::Malformed),
            ("https:/app.example/cb", RedirectUriFault::Malformed),
            ("file:///etc/passwd", RedirectUriFault::Malformed),
        ] {
            assert_eq!(RedirectUri::parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn no_trick_makes_another_uri_the_registered_one() {
        let registered = uri("https://app.example/cb");
        assert!(registered.matches("https://app.example/cb"));
        for trick in [
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://App.example/cb",
            "HTTPS://app.example/cb",
            "http://app.example/cb",
            "https://app.example:443/cb",
            "https://app.example:8443/cb",
            "https://app.example/cb?",
            "https://app.example/cb?x=1",
            "https://app.example/cb#",
            "https://app.example/cb#f",
            "https://app.example/cb/../evil",
            "https://app.example/x/../cb",
            "https://app.example/%63b",
            "https://app.example//cb",
            "https://app.example/cb%00",
            "https://app.example/cb ",
            "https://sub.app.example/cb",
            "https://app.example.evil.example/cb",
            "https://evil.example/cb?https://app.example/cb",
            "https://app.example@evil.example/cb",
            "https://app.example\\@evil.example/cb",
            "https://user:pw@app.example/cb",
            "https://app.example;evil.example/cb",
            "//app.example/cb",
            "/cb",
            "",
        ] {
            assert!(!registered.matches(trick), "{trick}");
        }
    }

    #[test]
    fn only_an_address_of_the_device_itself_has_any_port() {
        let registered = uri("http://127.0.0.1/cb");
        assert!(registered.matches("http://127.0.0.1:49152/cb"));
        for other in [
            "http://127.0.0.1:49152/other",
            "http://127.0.0.2:49152/cb",
            "http://[::1]:49152/cb",
            "http://localhost:49152/cb",
            "https://127.0.0.1:49152/cb",
            "http://127.0.0.1:49152/cb?x",
            "http://127.0.0.1:49152/cb#f",
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1.evil.example:49152/cb",
            "http://127.0.0.1:049152/cb",
        ] {
            assert!(!registered.matches(other), "{other}");
        }
        let by_name = uri("http://localhost:8080/cb");
        assert!(!by_name.matches("http://localhost:8081/cb"));
        let secure = uri("https://127.0.0.1/cb");
        assert!(!secure.matches("https://127.0.0.1:8443/cb"));
    }
}
