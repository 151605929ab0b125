//! A connection, and who moves its bytes.
//!
//! Whoever waits for something from a connection moves its bytes meanwhile, so that a request
//! costs no turns but those of its client's task. While it rests nobody does: what happens on it
//! then is found when it is taken again, or swept. Where an answer begins before its request has
//! ended a task of its own moves them, for the client may send on without reading.

use std::{
    cell::Cell,
    future::poll_fn,
    mem,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::{Duration, Instant},
};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{
        TrySendError,
        http1::{Connection, Parts, SendRequest},
    },
};
use hyper_util::rt::TokioIo;
use tokio::{
    task::coop::unconstrained,
    time::{Sleep, sleep_until},
};

use super::bell::Bell;
use crate::{
    body::UpBody,
    bounds,
    cut_io::Abort,
    metrics::{spawn, turn_began},
    upstream::io::Io,
};

type UpstreamConnection = Connection<TokioIo<Io>, UpBody>;
pub(in crate::upstream) type Parted = Parts<TokioIo<Io>>;
pub(super) type Unanswered = TrySendError<Request<UpBody>>;
type Answer = Result<Response<Incoming>, Unanswered>;

/// One connection.
pub(in crate::upstream) struct Line {
    sender: SendRequest<UpBody>,
    mover: Mover,
    /// Wakes whoever waits too long. It stays set from one request to the next, so that hardly
    /// any of them sets a timer: what it was set for may be over.
    alarm: Option<Pin<Box<Sleep>>>,
    abort: Abort,
    may_switch: bool,
    since: Instant,
    /// What was believed when it was opened.
    generation: u64,
}

/// Who moves a connection's bytes.
enum Mover {
    /// Whoever waits for what it brings.
    Waiting(Box<Moved>),
    /// A task of its own, which works for a stranger now or not.
    Task(Rc<Cell<bool>>),
    /// Nobody any more: it has switched protocols.
    Switched(Box<Parted>),
    /// Nobody any more.
    Ended,
}

struct Moved {
    connection: UpstreamConnection,
    bell: Arc<Bell>,
    /// What rings it.
    ring: Waker,
    /// It has brought something in this turn, and brings no more before the next: first what
    /// came leaves, and the others have their turn.
    has_brought: bool,
}

impl Line {
    pub(super) fn new(
        sender: SendRequest<UpBody>,
        connection: UpstreamConnection,
        abort: Abort,
        generation: u64,
    ) -> Self {
        let bell = Arc::<Bell>::default();
        Self {
            sender,
            mover: Mover::Waiting(Box::new(Moved {
                connection,
                ring: bell.clone().into(),
                bell,
                has_brought: false,
            })),
            alarm: None,
            abort,
            may_switch: false,
            since: turn_began(),
            generation,
        }
    }

    /// Whether a request may be sent on it, as far as is known by now.
    pub(in crate::upstream) fn is_ready(&mut self) -> bool {
        if let Mover::Waiting(moved) = &self.mover
            && (moved.bell.has_rung() || !self.sender.is_ready())
        {
            self.move_bytes(Waker::noop());
        }
        self.sender.is_ready()
    }

    pub(in crate::upstream) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    pub(in crate::upstream) fn abort(&self) {
        self.abort.abort();
    }

    /// Begins to rest.
    pub(in crate::upstream) fn rest(mut self) -> Self {
        self.since = turn_began();
        self.works_for_stranger(false);
        if let Mover::Waiting(moved) = &mut self.mover {
            moved.has_brought = false;
            moved.bell.is_left_alone();
        }
        self
    }

    /// How long it has.
    pub(in crate::upstream) fn rested(&self) -> Duration {
        turn_began().saturating_duration_since(self.since)
    }

    pub(in crate::upstream) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether it is to become another protocol's.
    pub(in crate::upstream) const fn expects_switch(&mut self, may_switch: bool) {
        self.may_switch = may_switch;
    }

    /// How many bytes were read of it so far.
    pub(super) fn read(&self) -> u64 {
        self.abort.read()
    }

    pub(super) fn works_for_stranger(&self, is_so: bool) {
        if let Mover::Task(for_stranger) = &self.mover {
            for_stranger.set(is_so);
        }
    }

    /// Sends a request.
    // Its answer comes by nothing but this connection, which has its own share of the turn.
    pub(super) fn send(
        &mut self,
        request: Request<UpBody>,
    ) -> impl Future<Output = Answer> + use<> {
        unconstrained(self.sender.try_send_request(request))
    }

    /// Asks for what this connection brings, and moves its bytes where it is not there yet.
    /// Whoever asks is woken by the connection alone: nothing else may bring it.
    pub(in crate::upstream) fn poll_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut ask: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Mover::Waiting(moved) = &mut self.mover else {
            return ask(cx);
        };
        let mut nobody = Context::from_waker(Waker::noop());
        let asked = moved.bell.unrung(|| ask(&mut nobody));
        if asked.is_ready() {
            return asked;
        }
        if mem::take(&mut moved.has_brought) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.move_bytes(cx.waker());
        let Mover::Waiting(moved) = &mut self.mover else {
            return ask(cx);
        };
        let asked = moved.bell.unrung(|| ask(&mut nobody));
        moved.has_brought = asked.is_ready();
        asked
    }

    /// Ready once it is that late.
    pub(super) fn poll_late(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = deadline.into();
        let mut ring = match &self.mover {
            Mover::Waiting(moved) => Context::from_waker(&moved.ring),
            _ => Context::from_waker(cx.waker()),
        };
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        loop {
            ready!(alarm.as_mut().poll(&mut ring));
            if alarm.deadline() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
    }

    /// The socket and what was read of it already, once it has switched protocols; `None` where
    /// it does not.
    pub(in crate::upstream) fn poll_switched(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Parted>> {
        self.move_bytes(cx.waker());
        match mem::replace(&mut self.mover, Mover::Ended) {
            Mover::Switched(parted) => Poll::Ready(Some(*parted)),
            Mover::Waiting(moved) => {
                self.mover = Mover::Waiting(moved);
                Poll::Pending
            }
            Mover::Task(_) | Mover::Ended => Poll::Ready(None),
        }
    }

    /// Moves bytes, as far as that goes now, for somebody who is woken when it goes on.
    fn move_bytes(&mut self, who: &Waker) {
        let Mover::Waiting(moved) = &mut self.mover else {
            return;
        };
        moved.bell.is_heard_by(who);
        let mut cx = Context::from_waker(&moved.ring);
        let Poll::Ready(ended) = moved.connection.poll_without_shutdown(&mut cx) else {
            return;
        };
        let before = mem::replace(&mut self.mover, Mover::Ended);
        note_end(&ended);
        if let Mover::Waiting(moved) = before
            && ended.is_ok()
            && self.may_switch
        {
            self.mover = Mover::Switched(Box::new(moved.connection.into_parts()));
        }
    }

    /// Has a task of its own move its bytes from here on.
    pub(super) fn moves_by_itself(&mut self, for_stranger: bool) {
        match mem::replace(&mut self.mover, Mover::Ended) {
            Mover::Waiting(moved) => {
                let for_stranger = Rc::new(Cell::new(for_stranger));
                let abort = self.abort.clone();
                // Boxed by itself: what takes turns would hold it twice.
                let moving = Box::pin(move_all(moved, abort.clone()));
                spawn(bounds::in_turns(for_stranger.clone(), abort, moving));
                self.mover = Mover::Task(for_stranger);
            }
            other => self.mover = other,
        }
    }
}

/// Moves a connection's bytes until it ends or is aborted.
async fn move_all(mut moved: Box<Moved>, abort: Abort) {
    poll_fn(|cx| {
        if abort.poll_aborted(cx).is_ready() {
            return Poll::Ready(());
        }
        let polled = moved.connection.poll_without_shutdown(cx);
        polled.map(|ended| note_end(&ended))
    })
    .await;
}

fn note_end(ended: &hyper::Result<()>) {
    if let Err(fault) = ended {
        tracing::debug!(%fault, "a connection to an upstream ended");
    }
}
