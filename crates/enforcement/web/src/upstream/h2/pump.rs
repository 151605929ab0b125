//! A request's body on its way into a stream, until it is over, broken, or the stream is reset.

use std::{
    cell::RefCell,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body as _;

use crate::{
    body::{BodyFault, UpBody},
    cut_io::Abort,
};

/// Where the cause of a reset of our own is found.
pub(super) type Broken = Rc<RefCell<Option<BodyFault>>>;

struct Pump {
    body: UpBody,
    stream: SendStream<Bytes>,
    abort: Abort,
    broken: Broken,
}

/// Sends a body. Once nobody waits for the exchange any more the stream is reset, however
/// little of it the upstream takes.
pub(super) async fn run(body: UpBody, stream: SendStream<Bytes>, abort: Abort, broken: Broken) {
    let mut pump = Pump {
        body,
        stream,
        abort,
        broken,
    };
    poll_fn(|cx| pump.poll(cx)).await;
}

impl Pump {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.abort.poll_aborted(cx).is_ready() {
                self.stream.send_reset(Reason::CANCEL);
                return Poll::Ready(());
            }
            // The answer's side hears of it too, and says what is to be said.
            if self.stream.poll_reset(cx).is_ready() {
                return Poll::Ready(());
            }
            if ready!(self.poll_room(cx)).is_none() {
                return Poll::Ready(());
            }
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
            if self.pass(frame).is_none() {
                return Poll::Ready(());
            }
        }
    }

    /// Ready once the upstream takes some more; `None` where it never will.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.stream.reserve_capacity(1);
        while self.stream.capacity() == 0 {
            match ready!(self.stream.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(None),
            }
        }
        Poll::Ready(Some(()))
    }

    /// Passes a piece on; `None` once that was the last.
    fn pass(&mut self, piece: Option<Result<http_body::Frame<Bytes>, BodyFault>>) -> Option<()> {
        let sent = match piece {
            None => self.stream.send_data(Bytes::new(), true),
            Some(Err(fault)) => {
                *self.broken.borrow_mut() = Some(fault);
                self.stream.send_reset(Reason::CANCEL);
                return None;
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let ends = self.body.is_end_stream();
                    let sent = self.stream.send_data(data, ends);
                    if sent.is_ok() && !ends {
                        return Some(());
                    }
                    sent
                }
                Err(frame) => match frame.into_trailers() {
                    Ok(trailers) => self.stream.send_trailers(trailers),
                    Err(_) => return Some(()),
                },
            },
        };
        if let Err(fault) = sent {
            tracing::debug!(%fault, "a request's body was not taken to its end");
        }
        None
    }
}
