//! What can go wrong, and what must not.

/// Why a storm ends with a fault.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("there is no attack `{0}`; --list names them")]
    NoSuchAttack(String),
    #[error("the gateway does not start: {0}")]
    Start(String),
    #[error("`gatewright {0}` failed: {1}")]
    Command(String, String),
    #[error("the person cannot sign in: {0}")]
    SignIn(String),
    #[error("{0} requests of the person failed")]
    Failed(usize),
    #[error("the gateway held {0} MiB")]
    Memory(u64),
    #[error("{0} MiB of disk were written")]
    Disk(u64),
    #[error("the gateway panicked: {0}")]
    Panicked(String),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
