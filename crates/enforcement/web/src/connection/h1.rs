//! HTTP/1.1: one exchange at a time, and the switch to another protocol.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use hyper::server::conn::http1::{Builder, Connection};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, Sleep, sleep, timeout},
};

use super::{
    ClientIo, Conn, GOODBYE, Gate, LINGER,
    ahead::{Ahead, joined},
    io::Followed,
};
use crate::{bounds::Waits, framing::Framing, relay};

type Io = Ahead<Followed<Framing>>;
type Served = Connection<TokioIo<Io>, Gate>;

enum Ended {
    InOrder,
    Failed,
    /// Not ended: nothing is under way, and nothing may come for long.
    Resting,
}

/// Serves a connection's exchanges.
pub(super) async fn serve(conn: Rc<Conn>, io: ClientIo) {
    let Some(framing) = conn.framing.clone() else {
        return;
    };
    let io = Ahead::new(Followed::new(io, framing));
    let (ended, read) = loop {
        // Boxed, so that at rest not even its place is kept.
        let mut served = Box::new(exchanges(&conn, &io));
        let ended = run(&conn, &mut served, &io).await;
        let read = served.into_parts().read_buf;
        match ended {
            Ended::Resting => io.put_back(read),
            Ended::InOrder | Ended::Failed => break (ended, read),
        }
        rest(&conn, &io).await;
    };
    let upgrade = conn.upgrade.take();
    conn.held.release();
    if conn.abort.is_aborted() {
        return;
    }
    let Some((io, ahead)) = io.into_inner() else {
        return;
    };
    let io = io.into_inner();
    match (ended, upgrade) {
        (Ended::InOrder, Some(upgrade)) => {
            conn.switched.set(true);
            Box::pin(relay::run(&conn, io, joined(read, &ahead), upgrade)).await;
        }
        _ => say_goodbye(&conn, io).await,
    }
}

/// What reads requests and writes answers.
fn exchanges(conn: &Rc<Conn>, io: &Io) -> Served {
    let limits = &conn.thread.shared.options.limits;
    // No pipeline_flush: with it, hyper buffers answers without bound while a client that
    // has sent its next request does not read.
    Builder::new()
        .half_close(true)
        .max_headers(limits.headers_max)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.buffer_bytes)
        .serve_connection(TokioIo::new(io.clone()), Gate(conn.clone()))
}

/// Waits, without anything that reads or writes requests, until there is something to do.
async fn rest(conn: &Conn, io: &Io) {
    conn.resting.set(true);
    conn.thread.metrics.rests.add(1);
    poll_fn(|cx| {
        if conn.abort.poll_aborted(cx).is_ready() || conn.ending.get() {
            return Poll::Ready(());
        }
        if conn.thread.is_draining() {
            return Poll::Ready(());
        }
        io.poll_ahead(cx)
    })
    .await;
    conn.resting.set(false);
}

/// Closes in order. What the client still sends is read for a while: closing on unread bytes
/// would reset the connection before it has read our last answer.
async fn say_goodbye(conn: &Conn, mut io: ClientIo) {
    let goodbye = async {
        // A client that does not take the goodbye loses it.
        if !timeout(GOODBYE, io.shutdown())
            .await
            .is_ok_and(|done| done.is_ok())
        {
            return;
        }
        let mut discarded = vec![0; 4096];
        let reading = async { while io.read(&mut discarded).await.is_ok_and(|read| read > 0) {} };
        // Whether the client closed too or not, it has had its time.
        let _ = timeout(LINGER, reading).await;
    };
    tokio::select! {
        biased;
        () = conn.abort.aborted() => {}
        () = goodbye => {}
    }
}

/// Drives the connection. A cut ends it at once, whatever it is in the middle of; an answer
/// that ends early is never mistaken for a whole one.
async fn run(conn: &Conn, served: &mut Served, io: &Io) -> Ended {
    let (mut half_closed, mut quiet) = (HalfClosed::default(), Quiet::default());
    poll_fn(|cx| {
        if conn.abort.poll_aborted(cx).is_ready() {
            return Poll::Ready(Ended::Failed);
        }
        if conn.cut_if_told(cx).is_ready() {
            return Poll::Ready(Ended::Failed);
        }
        if conn.ending.get() && conn.waits() != Waits::Nothing {
            return Poll::Ready(Ended::InOrder);
        }
        if conn.resting.take() && conn.may_rest() {
            return Poll::Ready(Ended::Resting);
        }
        let polled = served.poll_without_shutdown(cx);
        conn.held.release_flushed();
        match polled {
            Poll::Ready(Ok(())) => return Poll::Ready(Ended::InOrder),
            Poll::Ready(Err(fault)) => {
                tracing::debug!(%fault, "a connection ended");
                if !conn.held.is_empty() {
                    conn.abort.abort();
                }
                return Poll::Ready(Ended::Failed);
            }
            Poll::Pending => {}
        }
        if half_closed.poll_gone(conn, io, cx).is_ready() {
            conn.abort.abort();
            return Poll::Ready(Ended::Failed);
        }
        // Just after hyper has read what there is, so that no request is left unread.
        if conn.thread.is_draining() && quiet.poll_over(conn, cx).is_ready() {
            Pin::new(&mut *served).graceful_shutdown();
            cx.waker().wake_by_ref();
        }
        // Asked again: what was opened just now is to wake this task too.
        conn.cut_if_told(cx).map(|()| Ended::Failed)
    })
    .await
}

impl Conn {
    /// Whether its client has had all its answers, and nothing of another request has come.
    fn may_rest(&self) -> bool {
        let framing = self.framing.as_ref();
        let is_between = framing.is_some_and(|framing| framing.borrow().is_between());
        is_between
            && matches!(self.waits(), Waits::Next(_))
            && !self.abort.is_blocked()
            && !self.thread.is_draining()
    }

    /// Aborts the connection once what is open on it is cut, whatever hyper is waiting for.
    fn cut_if_told(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.held.poll_cut(cx).map(|()| {
            self.thread.metrics.cuts.add(1);
            self.abort.abort();
        })
    }
}

/// A client that has ended its side and waits for its answer, or is gone: which of the two
/// cannot be told apart until something is written.
#[derive(Default)]
struct HalfClosed {
    /// Until when, unless more than this has been written by then.
    patience: Option<(Pin<Box<Sleep>>, u64)>,
}

impl HalfClosed {
    /// Ready once the client is taken to be gone.
    fn poll_gone(&mut self, conn: &Conn, io: &Io, cx: &mut Context<'_>) -> Poll<()> {
        if !conn.held.is_answering() {
            self.patience = None;
            return Poll::Pending;
        }
        let ended: io::Result<()> = ready!(io.poll_ended(cx));
        if let Err(fault) = ended {
            tracing::debug!(%fault, "a client reset its connection");
            return Poll::Ready(());
        }
        let limit = conn.thread.shared.options.limits.half_closed;
        let written = conn.abort.written();
        let (until, before) = self
            .patience
            .get_or_insert_with(|| (Box::pin(sleep(limit)), written));
        while until.as_mut().poll(cx).is_ready() {
            if *before == written {
                return Poll::Ready(());
            }
            *before = written;
            until.as_mut().reset(Instant::now() + limit);
        }
        Poll::Pending
    }
}

/// Requests that came and bytes that went so far.
type Moved = (u64, u64);

/// While the thread drains, each answer says that it is the last one of its connection. A
/// connection that nobody has been told of is closed only once it has been quiet for a while,
/// so that a request which is on its way is still answered.
#[derive(Default)]
struct Quiet {
    /// When to look, and how many requests and bytes there were at the last look.
    until: Option<(Pin<Box<Sleep>>, Moved)>,
    over: bool,
}

impl Quiet {
    /// Ready once.
    fn poll_over(&mut self, conn: &Conn, cx: &mut Context<'_>) -> Poll<()> {
        if self.over {
            return Poll::Pending;
        }
        let limit = conn.thread.shared.options.limits.drain_quiet;
        let moved = (conn.requests.get(), conn.abort.written());
        let (until, before) = self
            .until
            .get_or_insert_with(|| (Box::pin(sleep(limit)), moved));
        while !conn.thread.is_hurried() {
            ready!(until.as_mut().poll(cx));
            if *before == moved && conn.held.is_empty() {
                break;
            }
            *before = moved;
            until.as_mut().reset(Instant::now() + limit);
        }
        self.over = true;
        Poll::Ready(())
    }
}
