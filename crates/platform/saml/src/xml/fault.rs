//! Why a text is not taken as XML.

/// A text that is not the XML that is read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// More bytes than are read.
    #[error("the document is longer than {max} bytes")]
    TooLong {
        /// The bound.
        max: usize,
    },
    /// Elements, attributes, names or depth beyond the bounds of [`crate::limits`].
    #[error("the document has {what} beyond the bound at byte {at}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// Not UTF-8, or it says that it is in another encoding.
    #[error("the document is not in UTF-8")]
    Encoding,
    /// A part of XML that has no business in a SAML message.
    #[error("{what} is not allowed, at byte {at}")]
    Forbidden {
        /// Which.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// Not well formed.
    #[error("not well formed at byte {at}: {what}")]
    Malformed {
        /// How.
        what: &'static str,
        /// Where.
        at: usize,
    },
    /// Names or prefixes that do not fit Namespaces in XML.
    #[error("namespaces are not in order at byte {at}: {what}")]
    Namespaces {
        /// How.
        what: &'static str,
        /// Where.
        at: usize,
    },
}
