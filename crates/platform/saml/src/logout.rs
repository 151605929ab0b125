//! Single logout (Core 3.7, Profiles 4.4), the same for both sides. Every message is signed: an
//! unsigned one would let anybody sign people out.

mod answer;
mod request;

pub use answer::{LogoutAnswer, check_response};
pub use request::{AskedLogout, LogoutRequest, check_request};

use std::time::Duration;

use gw_model::Timestamp;

use crate::{
    Certificate, EncryptionFault, Message, MessageKind, ShapeFault, SignatureFault, text::plain,
};

/// What a logout message has to be.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The time now.
    pub now: Timestamp,
    /// How far the clocks may be apart.
    pub leeway: Duration,
    /// How old a message may be.
    pub age_max: Duration,
    /// The peer's entity id.
    pub peer: &'a str,
    /// The peer's certificates for signing.
    pub certificates: &'a [Certificate],
    /// The URL of ours that it came to.
    pub url: &'a str,
    /// Our keys for decryption, where the peer encrypts names.
    pub decryption: &'a [crate::Decryptor],
}

/// A logout message that is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoutFault {
    /// Another message.
    #[error("this is no {0}")]
    Kind(&'static str),
    /// It is from somebody else, or does not say from whom.
    #[error("the logout message is from `{0}`, not from this peer")]
    Issuer(String),
    /// It was meant for another address, or does not say for which.
    #[error("the logout message is for `{0}`, not for this address")]
    Destination(String),
    /// Too old, over, or from the future.
    #[error("the logout message is too old, or its clock is ahead of ours")]
    Time,
    /// It answers another request.
    #[error("the logout response does not answer our request")]
    InResponseTo,
    /// It is not signed, or the signature does not hold.
    #[error(transparent)]
    Signature(#[from] SignatureFault),
    /// A name that is encrypted in a way that is not read.
    #[error(transparent)]
    Encryption(#[from] EncryptionFault),
    /// Not built as the schema says.
    #[error(transparent)]
    Shape(#[from] ShapeFault),
    /// More sessions than are read.
    #[error("the logout request names too many sessions")]
    TooMany,
}

/// What is the same for both messages.
fn check(message: &Message, kind: MessageKind, expected: &Expected<'_>) -> Result<(), LogoutFault> {
    if message.kind() != kind {
        return Err(LogoutFault::Kind(kind.local()));
    }
    let header = message.header();
    if header.issuer.as_deref() != Some(expected.peer) {
        let other = header.issuer.as_deref().unwrap_or_default();
        return Err(LogoutFault::Issuer(plain(other)));
    }
    if !message.is_signed_by(message.root()?, expected.certificates)? {
        return Err(SignatureFault::Missing(kind.local()).into());
    }
    if header.destination.as_deref() != Some(expected.url) {
        let other = header.destination.as_deref().unwrap_or_default();
        return Err(LogoutFault::Destination(plain(other)));
    }
    let (issued, now) = (header.issue_instant, expected.now);
    let ends = issued.after(expected.age_max).after(expected.leeway);
    if issued > now.after(expected.leeway) || ends <= now {
        return Err(LogoutFault::Time);
    }
    Ok(())
}
