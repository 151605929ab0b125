//! Connections to upstreams: one thread's own, kept open between requests.
//!
//! The only place of the web enforcement point that opens a connection. A request is sent
//! for a [`Flow`], which only a permit makes. A connection that is not given back in order
//! is aborted, and with it whatever the upstream was still to get or give.

use std::{
    cell::RefCell,
    collections::HashMap,
    future::poll_fn,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http1::{Builder, Connection, Parts, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::oneshot, time::timeout};

use crate::{
    body::UpBody,
    cut_io::{Abort, CutIo},
    flow::Flow,
    metrics::spawn,
    options::Limits,
};

/// How long an upstream that said it switches may take to do so.
const SWITCH_MAX: Duration = Duration::from_secs(5);

/// An upstream's socket.
pub(crate) type Io = CutIo<TcpStream>;
type UpstreamConnection = Connection<TokioIo<Io>, UpBody>;
type Parted = Parts<TokioIo<Io>>;

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
    /// It failed before it answered, or answered with what is no HTTP/1.
    #[error("the upstream `{address}` did not answer in order")]
    Failed {
        /// Its address.
        address: Arc<str>,
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// No answer in time.
    #[error("the upstream `{address}` did not answer in time")]
    AnswerTimeout {
        /// Its address.
        address: Arc<str>,
    },
}

impl UpstreamFault {
    /// Whether it is a matter of time.
    pub(crate) const fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::ConnectTimeout { .. } | Self::AnswerTimeout { .. }
        )
    }
}

/// One thread's connections to upstreams.
pub(crate) struct Upstreams {
    limits: Limits,
    idle: RefCell<HashMap<Arc<str>, Vec<Idle>>>,
}

struct Idle {
    line: Line,
    since: Instant,
}

/// One connection.
struct Line {
    sender: SendRequest<UpBody>,
    abort: Abort,
    /// Takes the socket once the connection has switched protocols.
    switched: Rc<RefCell<Option<oneshot::Sender<Parted>>>>,
}

/// A connection in use. Aborted when dropped, unless it is released.
pub(crate) struct Checkout {
    pool: Rc<Upstreams>,
    address: Arc<str>,
    line: Option<Line>,
    switched: Option<oneshot::Receiver<Parted>>,
}

/// An answer's head, with the connection that its body comes from.
pub(crate) struct Answered {
    pub(crate) response: Response<Incoming>,
    pub(crate) checkout: Checkout,
}

enum Failure {
    /// Nothing of it was written.
    NotSent(Box<Request<UpBody>>),
    Fault(UpstreamFault),
}

impl Upstreams {
    pub(crate) fn new(limits: Limits) -> Rc<Self> {
        Rc::new(Self {
            limits,
            idle: RefCell::default(),
        })
    }

    /// Sends a request for what a permit opened, and waits for the answer's head. A kept
    /// connection that turns out closed before anything was written is replaced.
    pub(crate) async fn send(
        self: &Rc<Self>,
        flow: &Flow,
        address: &Arc<str>,
        request: Request<UpBody>,
        may_switch: bool,
    ) -> Result<Answered, UpstreamFault> {
        let mut request = Box::new(request);
        while let Some(line) = self.take_idle(address) {
            let checkout = self.checkout(address, line, may_switch);
            match self.exchange(flow, checkout, request).await {
                Ok(answered) => return Ok(answered),
                Err(Failure::Fault(fault)) => return Err(fault),
                Err(Failure::NotSent(unsent)) => request = unsent,
            }
        }
        let checkout = self.checkout(address, self.connect(address).await?, may_switch);
        match self.exchange(flow, checkout, request).await {
            Ok(answered) => Ok(answered),
            Err(Failure::Fault(fault)) => Err(fault),
            Err(Failure::NotSent(_)) => Err(UpstreamFault::Unreachable {
                address: address.clone(),
                source: std::io::ErrorKind::ConnectionReset.into(),
            }),
        }
    }

    async fn exchange(
        &self,
        flow: &Flow,
        mut checkout: Checkout,
        request: Box<Request<UpBody>>,
    ) -> Result<Answered, Failure> {
        let address = checkout.address.clone();
        let Some(line) = &mut checkout.line else {
            return Err(Failure::NotSent(request));
        };
        let answer = line.sender.try_send_request(*request);
        tokio::pin!(answer);
        loop {
            let deadline = flow.last_up() + self.limits.first_byte;
            match tokio::time::timeout_at(deadline.into(), &mut answer).await {
                Ok(Ok(response)) => return Ok(Answered { response, checkout }),
                Ok(Err(mut fault)) => {
                    return Err(match fault.take_message() {
                        Some(unsent) => Failure::NotSent(Box::new(unsent)),
                        None => Failure::Fault(UpstreamFault::Failed {
                            address,
                            source: fault.into_error(),
                        }),
                    });
                }
                // The client still sends: the upstream has had no reason to answer yet.
                Err(_) if flow.last_up() + self.limits.first_byte > deadline => {}
                Err(_) => return Err(Failure::Fault(UpstreamFault::AnswerTimeout { address })),
            }
        }
    }

    fn checkout(self: &Rc<Self>, address: &Arc<str>, line: Line, may_switch: bool) -> Checkout {
        let switched = may_switch.then(|| {
            let (taker, taken) = oneshot::channel();
            *line.switched.borrow_mut() = Some(taker);
            taken
        });
        Checkout {
            pool: self.clone(),
            address: address.clone(),
            line: Some(line),
            switched,
        }
    }

    /// The connection used last, so that the others grow old and go.
    fn take_idle(&self, address: &str) -> Option<Line> {
        let mut idle = self.idle.borrow_mut();
        let kept = idle.get_mut(address)?;
        while let Some(Idle { line, since }) = kept.pop() {
            if line.sender.is_ready() && since.elapsed() < self.limits.upstream_idle {
                return Some(line);
            }
            line.abort.abort();
        }
        None
    }

    fn keep(&self, address: &Arc<str>, line: Line) {
        let mut idle = self.idle.borrow_mut();
        let kept = idle.entry(address.clone()).or_default();
        if kept.len() < self.limits.upstream_idle_max {
            kept.push(Idle {
                line,
                since: Instant::now(),
            });
        } else {
            line.abort.abort();
        }
    }

    /// Closes what has lain idle for too long.
    pub(crate) fn sweep(&self) {
        let mut idle = self.idle.borrow_mut();
        for kept in idle.values_mut() {
            kept.retain(|idle| {
                let fresh =
                    idle.line.sender.is_ready() && idle.since.elapsed() < self.limits.upstream_idle;
                if !fresh {
                    idle.line.abort.abort();
                }
                fresh
            });
        }
        idle.retain(|_, kept| !kept.is_empty());
    }

    async fn connect(&self, address: &Arc<str>) -> Result<Line, UpstreamFault> {
        #[expect(clippy::disallowed_methods, reason = "this is the upstream module")]
        let connecting = TcpStream::connect(&**address);
        let unreachable = |source| UpstreamFault::Unreachable {
            address: address.clone(),
            source,
        };
        let socket = timeout(self.limits.connect, connecting)
            .await
            .map_err(|_| UpstreamFault::ConnectTimeout {
                address: address.clone(),
            })?
            .map_err(unreachable)?;
        let io = CutIo::to_server(socket);
        let abort = io.abort().clone();
        let (sender, connection) = Builder::new()
            .max_headers(self.limits.headers_max)
            .max_header_size(self.limits.answer_head_bytes)
            .max_buf_size(self.limits.buffer_bytes.max(self.limits.answer_head_bytes))
            .handshake(TokioIo::new(io))
            .await
            .map_err(|source| UpstreamFault::Failed {
                address: address.clone(),
                source,
            })?;
        let switched = Rc::default();
        spawn(drive(connection, abort.clone(), Rc::clone(&switched)));
        Ok(Line {
            sender,
            abort,
            switched,
        })
    }
}

/// Moves a connection's bytes until it ends, is aborted, or has switched protocols.
async fn drive(
    mut connection: UpstreamConnection,
    abort: Abort,
    switched: Rc<RefCell<Option<oneshot::Sender<Parted>>>>,
) {
    let ended = poll_fn(|cx| {
        if abort.poll_aborted(cx).is_ready() {
            return Poll::Ready(None);
        }
        connection.poll_without_shutdown(cx).map(Some)
    })
    .await;
    match ended {
        Some(Ok(())) => {
            if let Some(taker) = switched.take() {
                // If nobody takes the socket any more, it closes here.
                let _ = taker.send(connection.into_parts());
            }
        }
        Some(Err(fault)) => tracing::debug!(%fault, "a connection to an upstream ended"),
        None => {}
    }
}

impl Checkout {
    /// Gives the connection back: both bodies are over.
    pub(crate) fn release(mut self) {
        if let Some(line) = self.line.take()
            && !line.sender.is_closed()
        {
            *line.switched.borrow_mut() = None;
            self.pool.keep(&self.address, line);
        }
    }

    /// The socket itself, once the upstream has switched protocols.
    pub(crate) async fn switch(mut self) -> Option<Switched> {
        let parts = timeout(SWITCH_MAX, self.switched.take()?)
            .await
            .ok()?
            .ok()?;
        self.line = None;
        Some(Switched {
            io: parts.io.into_inner(),
            read: parts.read_buf,
        })
    }
}

/// A socket that speaks another protocol from here on.
pub(crate) struct Switched {
    pub(crate) io: Io,
    /// What was read of it already.
    pub(crate) read: bytes::Bytes,
}

impl Drop for Checkout {
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            line.abort.abort();
        }
    }
}
