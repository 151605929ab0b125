//! When something that is not the person's fault does not work.

use gw_engine::CommitError;
use gw_store::StoreError;

/// The store, the ledger or a worker failed: nothing was let in, and trying again may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sign-in is out of order for the moment: try again, and look at the log if it stays so")]
pub struct Unavailable;

impl Unavailable {
    /// Tells the operator what the person need not know.
    pub(crate) fn because(doing: &'static str, cause: &dyn std::error::Error) -> Self {
        tracing::error!(doing, cause = %chain(cause), "sign-in is out of order");
        Self
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        Self::because("reading the store", &error)
    }
}

impl From<tokio::task::JoinError> for Unavailable {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::because("working on a control thread", &error)
    }
}

impl From<CommitError> for Unavailable {
    fn from(error: CommitError) -> Self {
        Self::because("changing facts", &error)
    }
}
