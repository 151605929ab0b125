//! HTTP/1.1 to an upstream: one exchange at a time on a connection.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
    time::{Duration, Instant},
};

use http::Request;
use hyper::client::conn::http1::{Builder, Connection, Parts, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use super::{
    Answered,
    body::AnswerBody,
    checkout::{Checkout, Flight},
    fault::{Failure, UpstreamFault},
    io::Io,
    repeat,
    server::{How, Server},
};
use crate::{
    body::UpBody,
    bounds,
    cut_io::Abort,
    flow::Flow,
    metrics::{spawn, turn_began},
};

/// A connection that rested for less is not one that its server is about to close for that:
/// no copy is kept of what is sent on it, which saves the hot path one.
const RESTED: Duration = Duration::from_millis(250);

type UpstreamConnection = Connection<TokioIo<Io>, UpBody>;
pub(super) type Parted = Parts<TokioIo<Io>>;

/// One connection.
pub(super) struct Line {
    sender: SendRequest<UpBody>,
    abort: Abort,
    /// Takes the socket once the connection has switched protocols.
    switched: Rc<RefCell<Option<oneshot::Sender<Parted>>>>,
    /// It works for a stranger now.
    for_stranger: Rc<Cell<bool>>,
    since: Instant,
    /// What was believed when it was opened.
    generation: u64,
}

impl Line {
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    pub(super) fn abort(&self) {
        self.abort.abort();
    }

    /// Begins to rest.
    pub(super) fn rest(mut self) -> Self {
        self.since = turn_began();
        self.for_stranger.set(false);
        self
    }

    /// How long it has.
    pub(super) fn rested(&self) -> Duration {
        turn_began().saturating_duration_since(self.since)
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn expect_switch(&self) -> oneshot::Receiver<Parted> {
        let (taker, taken) = oneshot::channel();
        *self.switched.borrow_mut() = Some(taker);
        taken
    }

    pub(super) fn expect_no_switch(&self) {
        *self.switched.borrow_mut() = None;
    }
}

/// Begins to speak on a connection just opened.
pub(super) async fn begin(server: &Rc<Server>, io: Io) -> Result<Line, UpstreamFault> {
    let limits = &server.shared().bounds;
    let abort = io.abort().clone();
    let (sender, connection) = Builder::new()
        .max_headers(limits.headers_max)
        .max_header_size(limits.answer_head)
        .max_buf_size(limits.buffer_bytes.max(limits.answer_head))
        .handshake(TokioIo::new(io))
        .await
        .map_err(|source| UpstreamFault::Failed {
            address: server.name().clone(),
            source: source.into(),
        })?;
    let switched = Rc::default();
    let for_stranger = Rc::<Cell<bool>>::default();
    // Boxed by itself: what takes turns would hold it twice.
    let driven = Box::pin(drive(connection, abort.clone(), Rc::clone(&switched)));
    spawn(bounds::in_turns(
        for_stranger.clone(),
        abort.clone(),
        driven,
    ));
    Ok(Line {
        sender,
        abort,
        switched,
        for_stranger,
        since: turn_began(),
        generation: server.generation(),
    })
}

/// Sends a request and waits for the answer's head.
///
/// What can be done at once is done before there is a future: an argument of an `async fn` has
/// its place in it twice, and every request has room for this. Inlined, so that the future is
/// made where it is kept.
#[inline(always)]
pub(super) fn exchange(
    line: Line,
    flight: Flight,
    flow: &Flow,
    request: Box<Request<UpBody>>,
    how: How,
) -> impl Future<Output = Result<Answered, Failure>> {
    let keeps_copy = how.may_repeat && (how.has_others || line.rested() >= RESTED);
    let copy = keeps_copy.then(|| repeat::copy(&request));
    let read_before = line.abort.read();
    line.for_stranger.set(flow.is_strangers());
    let abort = line.abort.clone();
    let mut checkout = Checkout::line(flight, line, how.may_switch);
    async move {
        let first_byte = checkout.server().shared().bounds.first_byte;
        let Some(line) = checkout.line_mut() else {
            return Err(Failure::NotSent(request, closed(&checkout)));
        };
        let answer = pin!(line.sender.try_send_request(*request));
        match answer_within(flow, first_byte, answer).await {
            Some(Ok(response)) => Ok(Answered {
                response: response.map(AnswerBody::H1),
                checkout,
            }),
            Some(Err(mut fault)) => {
                if let Some(unsent) = fault.take_message() {
                    return Err(Failure::NotSent(Box::new(unsent), closed(&checkout)));
                }
                let fault = UpstreamFault::Failed {
                    address: checkout.server().name().clone(),
                    source: fault.into_error().into(),
                };
                Err(match copy {
                    Some(copy) if abort.read() == read_before => Failure::Repeat(copy, fault),
                    _ => Failure::Fault(fault),
                })
            }
            None => Err(Failure::Fault(UpstreamFault::AnswerTimeout {
                address: checkout.server().name().clone(),
            })),
        }
    }
}

fn closed(checkout: &Checkout) -> UpstreamFault {
    UpstreamFault::Unreachable {
        address: checkout.server().name().clone(),
        source: std::io::ErrorKind::ConnectionReset.into(),
    }
}

/// Waits for an answer. While the client still sends, the upstream has had no reason to answer yet.
pub(super) async fn answer_within<F: Future>(
    flow: &Flow,
    first_byte: Duration,
    mut answer: Pin<&mut F>,
) -> Option<F::Output> {
    loop {
        let deadline = flow.last_up() + first_byte;
        match tokio::time::timeout_at(deadline.into(), answer.as_mut()).await {
            Ok(answered) => return Some(answered),
            Err(_) if flow.last_up() + first_byte > deadline => {}
            Err(_) => return None,
        }
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
