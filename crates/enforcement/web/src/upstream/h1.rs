//! HTTP/1.1 to an upstream: one exchange at a time on a connection.

mod bell;
mod line;

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http1::Builder};
use hyper_util::rt::TokioIo;

pub(super) use line::Line;
use line::Unanswered;

use super::{
    Answered,
    body::AnswerBody,
    checkout::{Checkout, Flight},
    fault::{Failure, UpstreamFault},
    io::Io,
    repeat,
    server::{How, Server},
};
use crate::{body::UpBody, flow::Flow};

/// A connection that rested for less is not one that its server is about to close for that:
/// no copy is kept of what is sent on it, which saves the hot path one.
const RESTED: Duration = Duration::from_millis(250);

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
    Ok(Line::new(sender, connection, abort, server.generation()))
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
    let read_before = line.read();
    line.works_for_stranger(flow.is_strangers());
    let mut checkout = Checkout::line(flight, line, how);
    async move {
        let bounds = checkout.server().shared().bounds;
        let first_byte = bounds.first_byte;
        let head_ends = read_before + bounds.answer_head as u64;
        let Some(line) = checkout.line_mut() else {
            return Err(Failure::NotSent(request, closed(&checkout)));
        };
        let answer = pin!(line.send(*request));
        let answered = answer_of(line, answer, flow, first_byte, head_ends).await;
        let has_read = line.read() != read_before;
        match answered {
            Some(Ok(response)) => {
                if !flow.is_up_done() {
                    line.moves_by_itself(flow.is_strangers());
                }
                Ok(Answered {
                    response: response.map(AnswerBody::H1),
                    checkout,
                })
            }
            Some(Err(mut fault)) => {
                if let Some(unsent) = fault.take_message() {
                    return Err(Failure::NotSent(Box::new(unsent), closed(&checkout)));
                }
                let fault = UpstreamFault::Failed {
                    address: checkout.server().name().clone(),
                    source: fault.into_error().into(),
                };
                Err(match copy {
                    Some(copy) if !has_read => Failure::Repeat(copy, fault),
                    _ => Failure::Fault(fault),
                })
            }
            None if has_read => Err(Failure::Fault(UpstreamFault::Failed {
                address: checkout.server().name().clone(),
                source: "it began an answer and came to no head in its time and length".into(),
            })),
            None => Err(Failure::Fault(UpstreamFault::AnswerTimeout {
                address: checkout.server().name().clone(),
            })),
        }
    }
}

/// Waits for an answer. While the client still sends, the upstream has had no reason to answer yet.
/// Whatever it sends before, interim answers without end among them, is bounded.
async fn answer_of(
    line: &mut Line,
    mut answer: Pin<&mut impl Future<Output = Result<Response<Incoming>, Unanswered>>>,
    flow: &Flow,
    first_byte: Duration,
    head_ends: u64,
) -> Option<Result<Response<Incoming>, Box<Unanswered>>> {
    poll_fn(|cx| {
        // Boxed at once: with it, each answer would be twice as large.
        let ask = |cx: &mut Context<'_>| answer.as_mut().poll(cx).map_err(Box::new);
        match line.poll_with(cx, ask) {
            Poll::Ready(answered) => Poll::Ready(Some(answered)),
            Poll::Pending if line.read() > head_ends => Poll::Ready(None),
            Poll::Pending => {
                let deadline = flow.last_up() + first_byte;
                line.poll_late(deadline, cx).map(|()| None)
            }
        }
    })
    .await
}

fn closed(checkout: &Checkout) -> UpstreamFault {
    UpstreamFault::Unreachable {
        address: checkout.server().name().clone(),
        source: std::io::ErrorKind::ConnectionReset.into(),
    }
}
