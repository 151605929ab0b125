//! Health checks: a question of our own to each server, again and again, for no client.
//!
//! Nothing of a request is in it, no permit stands behind it, and its answer goes nowhere: it
//! is counted, and decides whether a server gets requests.

use std::{
    cell::Cell,
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use gw_model::{HealthCheck, Transport};
use http::{Request, StatusCode, Version, header};
use http_body::{Body, Frame};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::{
    connect::{self, Opened},
    fault::Cause,
    server::Server,
};
use crate::metrics::spawn;

/// The longest that an answer to a check may take.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// When a server was last asked.
#[derive(Debug, Default)]
pub(super) struct Checking {
    last: Cell<Option<Instant>>,
    under_way: Cell<bool>,
}

impl Server {
    /// When it is to be asked next.
    pub(super) fn next_check(&self, now: Instant, health: &HealthCheck) -> Instant {
        let last = self.checking().last.get();
        last.map_or(now, |last| last + health.interval)
    }

    /// Asks it, where it is time.
    pub(super) fn check_if_due(
        self: &Rc<Self>,
        now: Instant,
        health: &HealthCheck,
        host: Option<&Arc<str>>,
    ) {
        let checking = self.checking();
        if self.next_check(now, health) > now || checking.under_way.replace(true) {
            return;
        }
        checking.last.set(Some(now));
        let server = self.clone();
        let host = host.map_or_else(|| server.address().authority().into(), Arc::clone);
        let limit = health.interval.min(ANSWER_MAX);
        let path = health.path.clone();
        spawn(async move {
            let well = match timeout(limit, ask(&server, &host, &path)).await {
                Ok(Ok(status)) => status.as_u16() < 400,
                Ok(Err(fault)) => {
                    tracing::debug!(fault, server = %server.name(), "a health check failed");
                    false
                }
                Err(_) => false,
            };
            server.checking().under_way.set(false);
            server.note_check(well);
        });
    }
}

/// Asks on a connection of its own.
async fn ask(server: &Rc<Server>, host: &str, path: &str) -> Result<StatusCode, Cause> {
    let opened = connect::open(server, server.offer()).await?;
    let speaks_h2 = match server.address().transport() {
        Transport::Http => false,
        Transport::Unix => server.offer() == connect::Offer::H2,
        Transport::Https => opened.chose_h2,
        Transport::H2c => true,
    };
    let request = Request::builder().header(header::USER_AGENT, "gatewright-health-check");
    let Opened { io, .. } = opened;
    let abort = io.abort().clone();
    let status = if speaks_h2 {
        let scheme = match server.address().transport() {
            Transport::Https => "https",
            _ => "http",
        };
        let uri = format!("{scheme}://{host}{path}");
        let head = request.version(Version::HTTP_2).uri(uri).body(())?;
        let (sender, connection) = h2::client::handshake(io).await?;
        spawn(async move {
            // How it ends shows in the answer.
            let _ = connection.await;
        });
        let mut sender = sender.ready().await?;
        let (answer, _) = sender.send_request(head, true)?;
        answer.await?.status()
    } else {
        let head = request.uri(path).header(header::HOST, host).body(Nothing)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(io)).await?;
        spawn(async move {
            let _ = connection.await;
        });
        sender.send_request(head).await?.status()
    };
    abort.abort();
    Ok(status)
}

/// No body.
struct Nothing;

impl Body for Nothing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        true
    }
}
