//! One canonical form of a request, read once: policy, ledger and upstream all get it.
//!
//! What two readers could take differently is refused here, before anything is looked up.
//! Percent-encoded unreserved characters are decoded and hex digits upper-cased once;
//! everything else keeps its meaning. Framing (lengths, chunks) is [`crate::framing`]'s part.

mod authority;
mod path;

pub use authority::{Authority, Scheme};
pub use path::{Target, canonical_path};

use http::{HeaderMap, Method, Uri, Version, header::HOST};

/// Why a request has no single meaning, or none that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Ambiguous {
    /// A method that is refused everywhere, or no upper-case token.
    #[error("this method is not served; use an upper-case method other than CONNECT and TRACE")]
    Method,
    /// No `Host` and no `:authority`.
    #[error("the request names no host; send exactly one `Host`")]
    HostMissing,
    /// More than one `Host`.
    #[error("the request names its host more than once; send exactly one `Host`")]
    HostRepeated,
    /// `Host` differs from `:authority` or from the absolute target.
    #[error("`Host` and the request's target name different hosts; send one")]
    HostMismatch,
    /// A host that is no plain name or address.
    #[error("the host is not a plain name or address; write it in lower-case ASCII (A-labels)")]
    HostMalformed,
    /// A port that is no number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// A user name or password before the host.
    #[error("the target carries a user name; send credentials in headers")]
    UserInfo,
    /// A target of another scheme than the connection's.
    #[error("the target's scheme is not that of this connection")]
    Scheme,
    /// `*`, an authority, or nothing where a path belongs.
    #[error("the target is not a path; start it with `/`")]
    NotAPath,
    /// A fragment.
    #[error("the target has a fragment; leave out everything from `#` on")]
    Fragment,
    /// `%` without two hex digits.
    #[error("the path has a `%` without two hex digits; encode it as `%25`")]
    PercentEncoding,
    /// A control character, encoded or not.
    #[error("the path has a control character")]
    Control,
    /// A backslash, encoded or not.
    #[error("the path has a backslash; use `/`")]
    Backslash,
    /// `.` or `..` as a segment, in any encoding.
    #[error("the path has a dot segment; resolve it before sending")]
    DotSegment,
    /// Bytes that are not UTF-8 once decoded, or not ASCII as sent.
    #[error("the target is not UTF-8 in percent-encoding")]
    Text,
    /// `%2F`.
    #[error("the path has an encoded slash")]
    EncodedSlash,
    /// `//`.
    #[error("the path has an empty segment (`//`)")]
    EmptySegment,
    /// `;`, encoded or not.
    #[error("the path has a `;`")]
    Parameter,
    /// `%25` before two hex digits: encoded twice.
    #[error("the path is percent-encoded twice")]
    EncodedTwice,
    /// The path belongs to one route as written and to another as an upstream may read it.
    #[error("the path belongs to different routes as written and as decoded")]
    Route,
    /// A line that ends in LF alone.
    #[error("a line ends without carriage return")]
    BareLineFeed,
    /// More than one `Content-Length`, or one that is no number.
    #[error("`Content-Length` is repeated or not a number")]
    ContentLength,
    /// `Transfer-Encoding` other than exactly `chunked`, or beside `Content-Length`.
    #[error("`Transfer-Encoding` is not exactly `chunked`, or stands beside `Content-Length`")]
    TransferEncoding,
    /// The bytes before this request could not be followed.
    #[error("what came before on this connection was not well-formed")]
    Framing,
    /// An upgrade that is not well-formed, or to what its route does not list.
    #[error(
        "this upgrade is not served here; most routes serve a well-formed WebSocket (RFC 6455, version 13) alone"
    )]
    Upgrade,
    /// A header that only makes sense once was sent several times.
    #[error("a header that belongs once was sent several times")]
    HeaderRepeated,
    /// Two credentials of ours, or one of them twice.
    #[error("the request carries more than one Gatewright credential; send one")]
    Credentials,
}

impl Ambiguous {
    /// A short word for problem details and counters.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::HostMissing => "host-missing",
            Self::HostRepeated => "host-repeated",
            Self::HostMismatch => "host-mismatch",
            Self::HostMalformed => "host-malformed",
            Self::Port => "port",
            Self::UserInfo => "user-info",
            Self::Scheme => "scheme",
            Self::NotAPath => "not-a-path",
            Self::Fragment => "fragment",
            Self::PercentEncoding => "percent-encoding",
            Self::Control => "control",
            Self::Backslash => "backslash",
            Self::DotSegment => "dot-segment",
            Self::Text => "text",
            Self::EncodedSlash => "encoded-slash",
            Self::EmptySegment => "empty-segment",
            Self::Parameter => "parameter",
            Self::EncodedTwice => "encoded-twice",
            Self::Route => "route",
            Self::BareLineFeed => "bare-line-feed",
            Self::ContentLength => "content-length",
            Self::TransferEncoding => "transfer-encoding",
            Self::Framing => "framing",
            Self::Upgrade => "upgrade",
            Self::HeaderRepeated => "header-repeated",
            Self::Credentials => "credentials",
        }
    }
}

/// A request's head in its one form.
#[derive(Debug, Clone)]
pub struct Canonical<'a> {
    /// Host and port that it is for.
    pub authority: Authority<'a>,
    /// Path and query as policy sees them and the upstream gets them.
    pub target: Target,
}

impl<'a> Canonical<'a> {
    /// Reads a head as hyper parsed it.
    ///
    /// # Errors
    /// Where it could be read in two ways, or is not served.
    pub fn read(
        method: &Method,
        uri: &Uri,
        version: Version,
        headers: &'a HeaderMap,
        scheme: Scheme,
    ) -> Result<Self, Ambiguous> {
        served_method(method)?;
        if uri.scheme().is_some_and(|s| s.as_str() != scheme.as_str()) {
            return Err(Ambiguous::Scheme);
        }
        let target = Target::read(uri)?;
        let authority = authority(uri, version, headers, scheme)?;
        Ok(Self { authority, target })
    }
}

/// Methods are case-sensitive tokens; an upstream that folds case must not see one that policy does not.
fn served_method(method: &Method) -> Result<(), Ambiguous> {
    let name = method.as_str().as_bytes();
    let plain =
        (1..=32).contains(&name.len()) && name.iter().all(|b| b.is_ascii_uppercase() || *b == b'-');
    if plain && *method != Method::CONNECT && *method != Method::TRACE {
        Ok(())
    } else {
        Err(Ambiguous::Method)
    }
}

fn authority<'a>(
    uri: &Uri,
    version: Version,
    headers: &'a HeaderMap,
    scheme: Scheme,
) -> Result<Authority<'a>, Ambiguous> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts
        .next()
        .map(|value| Authority::parse(value.as_bytes(), scheme))
        .transpose()?;
    if hosts.next().is_some() {
        return Err(Ambiguous::HostRepeated);
    }
    let named = uri
        .authority()
        .map(|a| Authority::parse(a.as_str().as_bytes(), scheme).map(Authority::into_owned))
        .transpose()?;
    match (host, named) {
        (Some(host), None) => Ok(host),
        (Some(host), Some(named)) if host == named => Ok(host),
        (Some(_), Some(_)) => Err(Ambiguous::HostMismatch),
        (None, Some(named)) if version == Version::HTTP_2 => Ok(named),
        (None, _) => Err(Ambiguous::HostMissing),
    }
}

#[cfg(test)]
mod tests;
