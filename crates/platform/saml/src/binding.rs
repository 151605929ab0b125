//! How messages travel through a browser: HTTP-Redirect (Bindings 3.4) and HTTP-POST (3.5).

mod post;
mod redirect;

pub use post::PostForm;
pub(crate) use post::read as read_post;
pub(crate) use redirect::{read as read_redirect, url as redirect_url};

use crate::limits::{RELAY_STATE_MAX_BYTES, RELAY_STATE_RECEIVED_MAX_BYTES};

/// By which binding a message came or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binding {
    /// In the query of a GET.
    Redirect,
    /// In a form.
    Post,
}

impl Binding {
    /// The identifier in metadata.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Redirect => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
            Self::Post => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        }
    }

    pub(crate) fn from_uri(uri: &str) -> Option<Self> {
        let all = [Self::Redirect, Self::Post];
        all.into_iter().find(|binding| binding.uri() == uri)
    }
}

/// Under which parameter a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Request,
    Response,
}

impl Slot {
    pub(crate) const fn parameter(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// What a query string or form held.
pub(crate) struct Carried {
    pub(crate) slot: Slot,
    pub(crate) xml: Vec<u8>,
    pub(crate) relay_state: Option<String>,
    pub(crate) binding: Binding,
    pub(crate) detached: Option<Detached>,
}

/// A signature over a query string.
pub(crate) struct Detached {
    pub(crate) method: String,
    /// The very bytes that stood in the query.
    pub(crate) signed: String,
    pub(crate) signature: Vec<u8>,
}

/// A query string or form that carries no message, or more than one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingFault {
    /// Longer than is read.
    #[error("the request is longer than {max} bytes or has too many parameters")]
    TooLong {
        /// The bound of [`crate::limits`].
        max: usize,
    },
    /// Neither `SAMLRequest` nor `SAMLResponse`.
    #[error("neither `SAMLRequest` nor `SAMLResponse` is there")]
    Missing,
    /// A parameter that decides is there twice, or a request beside a response.
    #[error("`{0}` is there more than once, or beside its counterpart")]
    Twice(&'static str),
    /// Percent-encoding or UTF-8 that is not in order.
    #[error("`{0}` cannot be decoded")]
    Encoding(&'static str),
    /// Not base64.
    #[error("`{0}` is not base64")]
    Base64(&'static str),
    /// It does not inflate, or to more than is read.
    #[error("`{0}` does not inflate, or to more than {max} bytes", max = crate::limits::MESSAGE_MAX_BYTES)]
    Deflate(&'static str),
    /// Longer than is taken.
    #[error("`RelayState` is longer than {RELAY_STATE_RECEIVED_MAX_BYTES} bytes")]
    RelayState,
    /// One of `SigAlg` and `Signature` without the other.
    #[error("`SigAlg` and `Signature` are not both there")]
    HalfSigned,
}

/// Bindings 3.4.3 and 3.5.3: what we send.
pub(crate) fn is_sendable(relay_state: Option<&str>, is_answer: bool) -> bool {
    // What a peer sent is given back as it came (3.4.3), within what is taken.
    let max = if is_answer {
        RELAY_STATE_RECEIVED_MAX_BYTES
    } else {
        RELAY_STATE_MAX_BYTES
    };
    relay_state.is_none_or(|state| state.len() <= max)
}
