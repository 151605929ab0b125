//! Connections to upstreams: one thread's own, kept open between requests.
//!
//! The only place of the web enforcement point that opens a connection. A request is sent
//! for a [`Flow`], which only a permit makes. What is not given back in order is aborted, a
//! connection of HTTP/1 or a stream of HTTP/2, and with it whatever the upstream was still to
//! get or give. [`AppUpstream`] chooses among an app's servers and says what may be sent once
//! more; a [`server`] holds the connections to one; [`h1`] and [`h2`] speak on them.

mod balance;
mod body;
mod bounds;
mod check;
mod checkout;
mod connect;
mod fault;
mod h1;
mod h2;
mod health;
mod io;
mod opening;
mod reach;
mod repeat;
mod server;

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Instant};

use gw_model::{App, AppName};
use gw_tls::TrustStore;
use http::{Request, Response, header::HOST};

pub use self::reach::{Unreached, reach};
use self::{
    balance::Balance,
    bounds::Bounds,
    fault::Failure,
    server::{How, Server, Shared},
};
pub(crate) use self::{
    body::{AnswerBody, AnswerFault, passed_on},
    checkout::{Checkout, Switched},
    fault::UpstreamFault,
    io::Io,
};
use crate::{body::UpBody, flow::Flow, metrics::ThreadMetrics, options::Limits};

/// One thread's connections to the upstreams of all apps.
pub(crate) struct Upstreams {
    limits: Limits,
    trust: TrustStore,
    metrics: Arc<ThreadMetrics>,
    apps: RefCell<HashMap<AppName, Rc<AppUpstream>>>,
}

/// What one thread knows of one app's servers.
pub(crate) struct AppUpstream {
    declared: gw_model::Servers,
    /// What a health check's `Host` says, unless it is the server's own name.
    host: Option<Arc<str>>,
    bounds: Bounds,
    servers: Box<[Rc<Server>]>,
    balance: Balance,
    metrics: Arc<ThreadMetrics>,
}

/// An answer's head, with what its body comes from.
pub(crate) struct Answered {
    pub(crate) response: Response<AnswerBody>,
    pub(crate) checkout: Checkout,
}

/// How a request is to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sending {
    /// The connection may become a WebSocket.
    pub(crate) may_switch: bool,
    /// The server is asked for by its own name.
    pub(crate) by_own_name: bool,
    /// It may take whoever asks for who has the connection (NTLM, Negotiate): nobody else uses it
    /// afterwards.
    pub(crate) alone: bool,
}

impl Upstreams {
    pub(crate) fn new(limits: Limits, trust: TrustStore, metrics: Arc<ThreadMetrics>) -> Rc<Self> {
        Rc::new(Self {
            limits,
            trust,
            metrics,
            apps: RefCell::default(),
        })
    }

    /// An app's servers as they are known so far; none of one of our own apps. What a change
    /// of the app leaves as it was keeps its connections.
    pub(crate) fn of(&self, app: &App) -> Option<Rc<AppUpstream>> {
        let declared = app.upstream.servers()?;
        let host = app.preserve_host.then(|| app.host.clone());
        let mut apps = self.apps.borrow_mut();
        let before = apps.get(&app.name);
        if let Some(before) = before
            && before.declared == declared
            && before.host == host
        {
            return Some(before.clone());
        }
        let bounds = Bounds::of(&self.limits, &declared.limits);
        let shared = Shared {
            app: app.name.clone(),
            protocol: declared.protocol,
            server_name: declared.server_name.clone(),
            bounds,
            trust: self.trust.clone(),
            metrics: self.metrics.clone(),
        };
        let kept = before.filter(|b| b.is_spoken_to_alike(&declared));
        let server = |new: &gw_model::Server| {
            kept.and_then(|before| before.server(new))
                .unwrap_or_else(|| Server::new(new, &shared))
        };
        let upstream = Rc::new(AppUpstream {
            servers: declared.servers.iter().map(server).collect(),
            declared,
            host,
            bounds,
            balance: Balance::new(),
            metrics: self.metrics.clone(),
        });
        apps.insert(app.name.clone(), upstream.clone());
        Some(upstream)
    }

    /// Closes what has lain idle for too long, and forgets what no app needs any more.
    pub(crate) fn sweep(&self) {
        self.apps.borrow_mut().retain(|_, upstream| {
            for server in &upstream.servers {
                server.sweep();
            }
            Rc::strong_count(upstream) > 1 || upstream.is_in_use()
        });
    }
}

impl AppUpstream {
    /// Bounds of this app's exchanges.
    pub(crate) const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Sends a request for what a permit opened, and waits for the answer's head.
    ///
    /// What was not written goes to another connection or server. What was written is sent
    /// once more only where [`repeat`] allows it. It stays the same request, of the same lease.
    pub(crate) async fn send(
        &self,
        flow: &Flow,
        mut request: Box<Request<UpBody>>,
        sending: Sending,
    ) -> Result<Answered, UpstreamFault> {
        let mut how = How {
            may_switch: sending.may_switch,
            alone: sending.alone,
            may_repeat: repeat::may_repeat(&request),
            has_others: self.servers.len() > 1,
            fresh: false,
        };
        let mut tried = 0_u64;
        loop {
            let (index, server) = self.balance.pick(&self.servers, tried)?;
            if sending.by_own_name {
                request.headers_mut().insert(HOST, server.authority());
            }
            let fault = match server.send(flow, request, how).await {
                Ok(answered) => return Ok(answered),
                Err(Failure::Fault(fault)) => return Err(fault),
                Err(Failure::NotSent(unsent, fault)) => {
                    request = unsent;
                    tried |= 1 << index;
                    fault
                }
                Err(Failure::Repeat(again, fault)) => {
                    request = again;
                    (how.may_repeat, how.fresh) = (false, true);
                    if how.has_others {
                        tried |= 1 << index;
                    }
                    fault
                }
            };
            if self.balance.is_over(&self.servers, tried) {
                return Err(fault);
            }
            self.metrics.upstream_retries.add(1);
            tracing::debug!(%fault, "an upstream's connection failed; another is tried");
        }
    }

    /// Whether the same servers would be spoken to in the same way.
    fn is_spoken_to_alike(&self, other: &gw_model::Servers) -> bool {
        let Self { declared, .. } = self;
        declared.protocol == other.protocol
            && declared.server_name == other.server_name
            && declared.limits == other.limits
    }

    fn server(&self, declared: &gw_model::Server) -> Option<Rc<Server>> {
        let known = self.servers.iter();
        known.into_iter().find(|s| s.is_of(declared)).cloned()
    }

    fn is_in_use(&self) -> bool {
        self.servers.iter().any(|server| server.is_in_use())
    }

    /// Asks the servers that are due whether they are well; tells when to look again.
    pub(crate) fn check_due(self: &Rc<Self>, now: Instant) -> Option<Instant> {
        let health = self.declared.health.as_ref()?;
        let due = self.servers.iter().map(|server| {
            server.check_if_due(now, health, self.host.as_ref());
            server.next_check(now, health)
        });
        due.min()
    }
}

impl std::fmt::Debug for AppUpstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AppUpstream").field(&self.declared).finish()
    }
}
