//! Encrypted assertions (XML Encryption 1.1): RSA-OAEP for the key, AES-GCM for the content.

mod algorithms;
mod decrypt;
mod encrypt;

pub use algorithms::{ContentCipher, KeyTransport};
pub(crate) use decrypt::{Opening, open};
pub use encrypt::Recipient;
pub(crate) use encrypt::seal;
#[cfg(test)]
pub(crate) use encrypt::wrap;

/// An encrypted assertion that is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncryptionFault {
    /// There is no key to decrypt with.
    #[error("the assertion is encrypted, and no key for it is configured")]
    NoKey,
    /// Not put together as it should be.
    #[error("the encrypted assertion is not in order: {0}")]
    Shape(&'static str),
    /// An algorithm that is not taken: RSA 1.5, 3DES, and OAEP with two digests among them.
    #[error("the encryption's {what} `{uri}` is not allowed")]
    Algorithm {
        /// What it is for.
        what: &'static str,
        /// As the message names it, shortened.
        uri: String,
    },
    /// AES-CBC, which anybody can change on the way and use to ask whether a change was noticed.
    #[error(
        "AES-CBC is not allowed here: have the provider encrypt by AES-GCM, or sign the whole response and allow it"
    )]
    Cbc,
    /// It does not come out. Nothing says at which step: that would help to decrypt it.
    #[error("the assertion cannot be decrypted with the configured keys")]
    Undecryptable,
}
