//! The contract between the door and a built-in app.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use bytes::Bytes;
use gw_model::{DecisionId, EndReason, Epoch, PolicyId, Session, Timestamp, User};

/// One of Gatewright's own apps: answers requests that have passed the same door as everyone's.
pub type PageService =
    tower::util::BoxCloneSyncService<JudgedRequest, http::Response<Bytes>, Infallible>;

/// A request that was judged and let in.
#[derive(Debug, Clone)]
pub struct JudgedRequest {
    /// The method.
    pub method: http::Method,
    /// The canonical path, as policy and ledger saw it.
    pub path: Arc<str>,
    /// The query string, without its question mark.
    pub query: Option<Arc<str>>,
    /// The headers, stripped of what claims an identity.
    pub headers: http::HeaderMap,
    /// The body, whole and bounded.
    pub body: Bytes,
    /// What is known of who asks, and why they were let in.
    pub judged: Judged,
}

/// What the door knows of a request that it let in.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The decision.
    pub decision: DecisionId,
    /// The policies that determined it.
    pub because: Vec<PolicyId>,
    /// When it was judged.
    pub at: Timestamp,
    /// At which facts.
    pub epoch: Epoch,
    /// The client's address.
    pub address: IpAddr,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The host that was asked for, lower case, without port.
    pub host: Arc<str>,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// The person, unless a stranger.
    pub user: Option<Arc<User>>,
    /// The session, unless a stranger.
    pub session: Option<Arc<Session>>,
    /// How many of the session's proofs the request may rest on.
    pub rank: u32,
    /// The session behind the cookie is over: why.
    pub ended: Option<EndReason>,
    /// Whether a browser asks in order to show the answer as a page.
    pub navigation: bool,
    /// The certificates that the client showed when the connection was opened, its own first, whose
    /// key it has proven to hold. Nothing that they say was checked.
    pub certificates: Option<Arc<[Vec<u8>]>>,
}

impl Judged {
    /// The origin that was asked for: `scheme://host[:port]`.
    pub fn origin(&self) -> String {
        self.origin_of(&self.host)
    }

    /// The origin of another host behind the same listener.
    pub fn origin_of(&self, host: &str) -> String {
        match self.port {
            Some(port) => format!("{}://{host}:{port}", self.scheme),
            None => format!("{}://{host}", self.scheme),
        }
    }
}
