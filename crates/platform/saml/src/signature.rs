//! XML signatures of the one shape that SAML knows (Core 5.4): enveloped, over the element that
//! holds them, named by its `ID`, canonicalised exclusively.
//!
//! What is checked is an element of the tree, and the proof that comes out, [`Verified`], holds
//! this very element: whoever reads what was signed reads it from there. Nothing is looked up by
//! id, so there is nothing to wrap.

mod algorithms;
mod detached;
mod sign;
mod verify;

pub use algorithms::SignatureMethod;
pub(crate) use algorithms::{Digest, sha256};
pub(crate) use detached::{check_detached, sign_detached};
pub(crate) use sign::{key_info, sign_enveloped};
pub(crate) use verify::{Verified, signature_of, verify_enveloped};

/// A signature that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// There is none.
    #[error("`{0}` is not signed")]
    Missing(&'static str),
    /// An element has more than one of its own.
    #[error("`{0}` has several signatures")]
    Several(String),
    /// A signature where none belongs: within it something else than a message or an assertion
    /// at its place would be signed.
    #[error("a signature stands where none belongs, in `{0}`")]
    Misplaced(String),
    /// Not of the one shape.
    #[error("the signature is not of SAML's shape: {0}")]
    Shape(&'static str),
    /// An algorithm that is not taken: SHA-1, MD5, HMAC and DSA among them.
    #[error("the signature's {what} `{uri}` is not allowed")]
    Algorithm {
        /// What it is for.
        what: &'static str,
        /// As the message names it, shortened.
        uri: String,
    },
    /// The signature is about something else than the element that holds it.
    #[error("the signature is about another element than the one that holds it")]
    Reference,
    /// What is signed was changed.
    #[error("the signed element was changed after it was signed")]
    Digest,
    /// None of the keys that are believed made it.
    #[error("no configured certificate's key made the signature")]
    Key,
}
