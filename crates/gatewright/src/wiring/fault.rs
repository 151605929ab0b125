//! Why Gatewright does not start.

use gw_store::StoreError;

/// Why Gatewright does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartFault {
    /// The store or its folder.
    #[error("{}", with_cause(&**.0))]
    Store(Box<StoreError>),
    /// The store is a demo's.
    #[error("this data folder was made by the demo, whose people and links are for trying only")]
    DemoStore,
    /// The store is not a demo's.
    #[error("this data folder is not the demo's, and the demo would put its people into it")]
    NotDemoStore,
    /// The first settings of the store were refused.
    #[error("the store did not take its first settings: {0}")]
    FirstSettings(String),
    /// The ledger.
    #[error("{}", with_cause(.0))]
    Ledger(#[from] gw_record::LedgerError),
    /// Changes that were not recorded before the last stop.
    #[error("{}", with_cause(.0))]
    Late(#[from] super::late::LateFault),
    /// The ledger's key.
    #[error(transparent)]
    LedgerKey(#[from] super::ledger::KeyFault),
    /// The keys that assertions are signed with.
    #[error("{}", with_cause(.0))]
    Keys(#[from] gw_issue::KeyError),
    /// Sign-in.
    #[error("{}", with_cause(.0))]
    Identity(#[from] gw_identity::OpenError),
    /// The authorisation server cannot be set up.
    #[error(transparent)]
    Authorization(#[from] gw_authorization::OpenError),
    /// The listening sockets and their threads.
    #[error("{}", with_cause(.0))]
    Web(#[from] gw_web::StartError),
    /// Where health and numbers are told.
    #[error("cannot listen on {address}, which `operations.listen` names: {source}")]
    Operations {
        /// The address.
        address: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The administration's socket.
    #[error("{}", with_cause(.0))]
    Socket(#[from] gw_api::SocketError),
    /// Certificates that cannot be used, a line each.
    #[error("{}", .0.join("\n"))]
    Certificates(Vec<String>),
    /// Files by which providers of identities are spoken with, a line each.
    #[error("{}", .0.join("\n"))]
    Providers(Vec<String>),
    /// The folder of certificates that are obtained.
    #[error("{}", with_cause(.0))]
    Kept(#[from] gw_acme::KeptFault),
    /// What the configuration says does not fit the facts.
    #[error("the configuration does not fit what the store holds: {0}")]
    Facts(String),
    /// Anything else that has to be there.
    #[error("{0}")]
    Setup(String),
    /// The system refused.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
}

impl StartFault {
    /// What to do next.
    pub(crate) fn help(&self) -> Option<String> {
        let help = match self {
            Self::DemoStore => {
                "name another data folder in the configuration, or run `gatewright up --demo`"
            }
            Self::NotDemoStore => "gatewright up --demo --data ANOTHER-FOLDER",
            Self::Web(gw_web::StartError::Bind { .. }) => {
                "stop what listens there, or choose other ports: `listen` in the configuration, `--http-port` and `--https-port` for the demo"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }
}

/// An error with what lies beneath it, on one line.
fn with_cause(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(below) = cause {
        text = format!("{text}: {below}");
        cause = below.source();
    }
    text
}
