//! Why a request has no answer.

use std::{io, time::Duration};

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundFault {
    /// It is no address that requests go to.
    #[error("`{0}` is not an address at `https://`")]
    Address(String),
    /// No connection.
    #[error("`{0}` cannot be connected to: {1}")]
    Connect(String, io::Error),
    /// The server is not believed, or does not speak TLS.
    #[error("`{0}` is not believed: {1}")]
    Tls(String, io::Error),
    /// The answer broke off, or is none.
    #[error("`{0}` does not answer in order: {1}")]
    Broken(String, hyper::Error),
    /// The answer could not be read to its end.
    #[error("the answer of `{0}` cannot be read: {1}")]
    Answer(String, String),
    /// Too slow.
    #[error("`{origin}` does not answer within {} s", within.as_secs())]
    Slow {
        /// Who.
        origin: String,
        /// The time that it had.
        within: Duration,
    },
    /// The name stands for addresses inside alone, and it was somebody else's to choose.
    #[error("`{0}` is not on the public network")]
    Inward(String),
}
