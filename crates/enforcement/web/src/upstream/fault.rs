//! Why an upstream did not answer, and what may be done about it.

use std::{error::Error, sync::Arc};

use http::Request;

use crate::body::UpBody;

/// What lies under a fault.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// Why an upstream did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamFault {
    /// No connection.
    #[error("no connection to the upstream `{address}`")]
    Unreachable {
        /// Its address.
        address: Arc<str>,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No connection in time.
    #[error("no connection to the upstream `{address}` in time")]
    ConnectTimeout {
        /// Its address.
        address: Arc<str>,
    },
    /// Another request's connection, which this one waited for, could not be opened.
    #[error("no connection to the upstream `{address}`: {why}")]
    NotOpened {
        /// Its address.
        address: Arc<str>,
        /// Why.
        why: String,
    },
    /// It is not who it should be, or speaks no TLS that is accepted.
    #[error("no TLS with the upstream `{address}`")]
    Tls {
        /// Its address.
        address: Arc<str>,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It does not speak what it is said to.
    #[error("the upstream `{address}` does not speak {wanted}")]
    Protocol {
        /// Its address.
        address: Arc<str>,
        /// What it should speak.
        wanted: &'static str,
    },
    /// It failed before it answered, or answered with what is no HTTP.
    #[error("the upstream `{address}` did not answer in order")]
    Failed {
        /// Its address.
        address: Arc<str>,
        /// Why.
        #[source]
        source: Cause,
    },
    /// No answer in time.
    #[error("the upstream `{address}` did not answer in time")]
    AnswerTimeout {
        /// Its address.
        address: Arc<str>,
    },
    /// There is no server that could be tried.
    #[error("there is no server to ask")]
    NoServer,
}

impl UpstreamFault {
    /// Whether it is a matter of time.
    pub(crate) const fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::ConnectTimeout { .. } | Self::AnswerTimeout { .. }
        )
    }

    /// What is found among its causes.
    pub(crate) fn cause<E: Error + 'static>(&self) -> Option<&E> {
        let mut cause = self.source();
        while let Some(inner) = cause {
            if let Some(found) = inner.downcast_ref() {
                return Some(found);
            }
            cause = inner.source();
        }
        None
    }
}

/// What became of a request that got no answer.
pub(super) enum Failure {
    /// Nothing of it was written: it may go anywhere else.
    NotSent(Box<Request<UpBody>>, UpstreamFault),
    /// It may have been written, no byte of an answer came, and it may be sent once more.
    Repeat(Box<Request<UpBody>>, UpstreamFault),
    /// It is not sent again.
    Fault(UpstreamFault),
}
