//! HTTP/2 to an upstream: many exchanges on a connection, each of which ends alone.

mod awaited;
mod head;
mod metered;
mod pump;

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::{Pin, pin},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::{
    Reason,
    client::{Builder, Connection, SendRequest},
};
use http::{Request, Response, header::AUTHORIZATION};
use http_body::Body as _;

use self::{
    awaited::{Awaited, NoHead},
    metered::Metered,
};
use super::{
    Answered,
    body::{AnswerBody, Streamed},
    checkout::{Checkout, Flight},
    connect::{self, Opened},
    fault::{Cause, Failure, UpstreamFault},
    h1,
    io::Io,
    opening::Opening,
    repeat,
    server::{How, Server},
};
use crate::{
    body::UpBody,
    bounds::{LATE_FRAMES_MAX, PIECES_BYTES_MAX},
    cut_io::Abort,
    flow::Flow,
    metrics::{ThreadMetrics, spawn},
};

/// Connections to one server that one thread has at the most.
const LINES_MAX: usize = 8;

/// This thread's connections to one server.
#[derive(Default)]
pub(super) struct Lines {
    open: RefCell<Vec<Rc<Line>>>,
    opening: Opening,
}

/// One connection.
pub(super) struct Line {
    sender: SendRequest<Bytes>,
    abort: Abort,
    streams: Cell<usize>,
    /// It gets no further streams.
    is_retired: Rc<Cell<bool>>,
    last_used: Cell<Instant>,
    generation: u64,
}

/// A stream of a connection, for as long as it is in use.
pub(super) struct Counted(Rc<Line>);

impl Lines {
    pub(super) fn is_empty(&self) -> bool {
        self.open.borrow().is_empty()
    }

    /// Forgets what can take no more streams, and what has had none for too long. What still
    /// has some ends with the last of them.
    pub(super) fn sweep(&self, server: &Server) {
        let idle = server.shared().bounds.idle;
        self.open.borrow_mut().retain(|line| {
            let unused = line.streams.get() == 0 && line.last_used.get().elapsed() >= idle;
            !unused && line.is_usable(server)
        });
    }

    /// The fullest connection that has room, so that the others fall idle and go.
    fn with_room(&self, server: &Server) -> Option<Rc<Line>> {
        let mut open = self.open.borrow_mut();
        open.retain(|line| line.is_usable(server));
        let roomy = open.iter().filter(|line| line.has_room(server));
        roomy.max_by_key(|line| line.streams.get()).cloned()
    }

    /// Where no further connection may be opened: the one with the fewest streams.
    fn least_full(&self) -> Option<Rc<Line>> {
        let open = self.open.borrow();
        if open.len() < LINES_MAX {
            return None;
        }
        let fewest = open.iter().min_by_key(|line| line.streams.get());
        fewest.cloned()
    }
}

impl Line {
    /// Whether the server still takes streams on it.
    fn is_usable(&self, server: &Server) -> bool {
        let mut sender = self.sender.clone();
        let mut nobody = Context::from_waker(Waker::noop());
        let failed = matches!(sender.poll_ready(&mut nobody), Poll::Ready(Err(_)));
        !failed && !self.is_retired.get() && server.is_trusted(self.generation)
    }

    fn has_room(&self, server: &Server) -> bool {
        let theirs = self.sender.current_max_send_streams();
        self.streams.get() < theirs.min(server.shared().bounds.streams_max)
    }

    fn count(self: &Rc<Self>) -> Counted {
        self.streams.set(self.streams.get() + 1);
        Counted(self.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Self(line) = self;
        line.streams.set(line.streams.get().saturating_sub(1));
        line.last_used.set(Instant::now());
    }
}

/// Sends a request on a stream of a connection that has room, or of a new one.
pub(super) async fn send(
    flight: Flight,
    flow: &Flow,
    request: Box<Request<UpBody>>,
    how: How,
) -> Result<Answered, Failure> {
    let server = flight.server().clone();
    let lines = server.lines();
    // A connection that was just opened is as good as a fresh one.
    loop {
        if let Some(line) = lines.with_room(&server).or_else(|| lines.least_full()) {
            return exchange(&line, flight, flow, request, how).await;
        }
        let Some(attempt) = lines.opening.begin() else {
            if let Err(why) = lines.opening.wait().await {
                let address = server.name().clone();
                let fault = UpstreamFault::NotOpened { address, why };
                return Err(Failure::NotSent(request, fault));
            }
            continue;
        };
        match connect::open(&server, server.offer()).await {
            Ok(opened) if server.speaks_h2(&opened) => match begin(&server, opened.io).await {
                Ok(line) => lines.open.borrow_mut().push(line),
                Err(fault) => {
                    attempt.failed(&fault);
                    return Err(Failure::NotSent(request, fault));
                }
            },
            // It chose HTTP/1.1; those that waited find out for themselves.
            Ok(Opened { io, .. }) => {
                drop(attempt);
                return match h1::begin(&server, io).await {
                    Ok(line) => h1::exchange(line, flight, flow, request, how).await,
                    Err(fault) => Err(Failure::NotSent(request, fault)),
                };
            }
            Err(fault) => {
                attempt.failed(&fault);
                return Err(Failure::NotSent(request, fault));
            }
        }
    }
}

/// Begins to speak on a connection just opened.
async fn begin(server: &Rc<Server>, io: Io) -> Result<Rc<Line>, UpstreamFault> {
    let bounds = &server.shared().bounds;
    let abort = io.abort().clone();
    let is_retired = Rc::new(Cell::new(false));
    let (sender, connection) = Builder::new()
        .enable_push(false)
        .initial_window_size(bounds.stream_window_bytes)
        .initial_connection_window_size(bounds.connection_window_bytes)
        .max_header_list_size(u32::try_from(bounds.answer_head).unwrap_or(u32::MAX))
        .max_send_buffer_size(bounds.buffer_bytes)
        .data_frame_budget(PIECES_BYTES_MAX)
        .max_local_error_reset_streams(Some(LATE_FRAMES_MAX))
        .initial_max_send_streams(bounds.streams_max)
        .handshake(Metered::new(io, server.shared(), is_retired.clone()))
        .await
        .map_err(|source| UpstreamFault::Failed {
            address: server.name().clone(),
            source: source.into(),
        })?;
    let metrics = server.shared().metrics.clone();
    spawn(drive(connection, abort.clone(), metrics));
    Ok(Rc::new(Line {
        sender,
        abort,
        streams: Cell::new(0),
        is_retired,
        last_used: Cell::new(Instant::now()),
        generation: server.generation(),
    }))
}

/// Moves a connection's bytes until it ends or is aborted.
async fn drive(
    mut connection: Connection<Metered, Bytes>,
    abort: Abort,
    metrics: Arc<ThreadMetrics>,
) {
    poll_fn(|cx| {
        if abort.poll_aborted(cx).is_ready() {
            return Poll::Ready(());
        }
        Pin::new(&mut connection).poll(cx).map(|ended| {
            if let Err(fault) = ended {
                let calm = fault.reason() == Some(Reason::ENHANCE_YOUR_CALM);
                if calm && fault.is_library() {
                    metrics.upstream_floods.add(1);
                }
                tracing::debug!(%fault, "a connection to an upstream ended");
            }
        })
    })
    .await;
}

/// Sends a request on a stream of its own and waits for the answer's head.
async fn exchange(
    line: &Rc<Line>,
    flight: Flight,
    flow: &Flow,
    mut request: Box<Request<UpBody>>,
    how: How,
) -> Result<Answered, Failure> {
    if how.alone {
        // Others are asking over the same connection.
        request.headers_mut().remove(AUTHORIZATION);
    }
    let server = flight.server().clone();
    let address = server.name().clone();
    let failed = |source: Cause| UpstreamFault::Failed {
        address: server.name().clone(),
        source,
    };
    let first_byte = server.shared().bounds.first_byte;
    let counted = line.count();
    let mut sender = line.sender.clone();
    let ready = pin!(poll_fn(|cx| sender.poll_ready(cx)));
    match answer_within(flow, first_byte, ready).await {
        Some(Ok(())) => {}
        Some(Err(fault)) => return Err(Failure::NotSent(request, failed(fault.into()))),
        None => return Err(Failure::Fault(UpstreamFault::AnswerTimeout { address })),
    }
    let copy = how.may_repeat.then(|| repeat::copy(&request));
    let Some((head, body)) = head::of(*request, server.address().transport()) else {
        return Err(Failure::Fault(failed(
            "its head cannot be put together".into(),
        )));
    };
    let ends = body.is_end_stream();
    let (answer, stream) = match sender.send_request(head, ends) {
        Ok(sent) => sent,
        Err(fault) => return Err(Failure::Fault(failed(fault.into()))),
    };
    let abort = Abort::default();
    let broken = Rc::default();
    if !ends {
        spawn(pump::run(body, stream, abort.clone(), Rc::clone(&broken)));
    }
    let checkout = Checkout::stream(flight, abort, counted);
    let read_before = line.abort.read();
    let answer = Awaited::new(answer, server.shared().bounds.answer_head);
    match answer_within(flow, first_byte, pin!(answer)).await {
        Some(Ok(response)) => {
            if response.headers().len() > server.shared().bounds.headers_max {
                return Err(Failure::Fault(failed(
                    "its answer has too many headers".into(),
                )));
            }
            Ok(answered(response, checkout))
        }
        Some(Err(NoHead::TooLong)) => Err(Failure::Fault(failed(NoHead::TooLong.into()))),
        Some(Err(NoHead::Ended(fault))) => {
            if let Some(broken) = broken.take() {
                return Err(Failure::Fault(failed(Box::new(broken))));
            }
            let unanswered = is_unanswered(&fault);
            let fault = failed(fault.into());
            Err(match copy {
                Some(copy) if unanswered => Failure::Repeat(copy, fault),
                _ => Failure::Fault(fault),
            })
        }
        None => {
            if line.abort.read() == read_before {
                // Nothing at all came: whoever is at the other end may be gone.
                line.is_retired.set(true);
            }
            Err(Failure::Fault(UpstreamFault::AnswerTimeout { address }))
        }
    }
}

fn answered(response: Response<h2::RecvStream>, checkout: Checkout) -> Answered {
    let (parts, stream) = response.into_parts();
    let body = AnswerBody::H2(Streamed::new(stream, &parts.headers));
    Answered {
        response: Response::from_parts(parts, body),
        checkout,
    }
}

/// Whether a stream ended with its connection, or was refused, and not by an answer of its own.
fn is_unanswered(fault: &h2::Error) -> bool {
    let refused = fault.is_remote() && fault.reason() == Some(Reason::REFUSED_STREAM);
    fault.is_io() || fault.is_go_away() || refused
}

/// Waits for an answer. While the client still sends, the upstream has had no reason to answer yet.
async fn answer_within<F: Future>(
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
