//! Keys: whose signatures are believed, with what we sign, and with what we decrypt.
//!
//! A certificate is but a holder of a public key here, as SAML's metadata profile has it: it is
//! believed because an administrator or trusted metadata named it. Its dates, issuer and
//! extensions decide nothing; what stands in a message's `KeyInfo` is not even read.

mod certificate;
mod own;

pub use certificate::Certificate;
pub use own::{Credential, Decryptor, Generated};

/// A key or certificate that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Not an X.509 certificate in DER, base64 or PEM.
    #[error("the certificate cannot be read")]
    Certificate,
    /// A kind of key that signatures are not checked with.
    #[error(
        "the certificate's key is neither RSA of 2048 to 8192 bits nor ECDSA on P-256 or P-384"
    )]
    Kind,
    /// Not an RSA key in PKCS #8.
    #[error("the private key is not RSA of 2048 bits or more in PKCS #8")]
    Private,
    /// Key and certificate are not a pair.
    #[error("the certificate is for another key")]
    Pair,
    /// A key or certificate could not be made.
    #[error("a key or certificate cannot be made")]
    Making,
}
