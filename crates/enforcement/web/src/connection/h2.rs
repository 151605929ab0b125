//! HTTP/2: many exchanges on one connection, each of which can be cut alone.

use std::{
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::server::conn::http2::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::sleep;

use super::{
    ClientIo, Conn, Gate, Held, NextTask, gathered::Gathered, io::Followed, metered::Metered,
};
use crate::{bounds, cut_io::Abort, metrics::spawn};

/// How long a client may leave us unable to write a byte after a stream was cut.
const LOOK: Duration = Duration::from_millis(100);

/// After so many looks a client has read too slowly.
const LOOKS: u32 = 10;

/// More than can lie before the reset of a stream when it is cut: frames, TLS records.
const AHEAD_BYTES_MAX: u64 = 256 * 1024;

/// Serves a connection's streams.
pub(super) async fn serve(conn: Rc<Conn>, io: ClientIo) {
    let Some(blocks) = conn.blocks.clone() else {
        return;
    };
    let limits = conn.thread.shared.options.limits;
    let head_bytes = u32::try_from(limits.head_bytes).unwrap_or(u32::MAX);
    let io = Gathered::new(Followed::new(io, blocks.clone()));
    let mut served = Builder::new(Streams(conn.clone()))
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams_max)
        .max_pending_accept_reset_streams(limits.pending_resets_max)
        .max_local_error_reset_streams(limits.error_resets_max)
        .max_header_list_size(head_bytes)
        .initial_stream_window_size(limits.stream_window_bytes)
        .initial_connection_window_size(limits.connection_window_bytes)
        .max_send_buf_size(limits.buffer_bytes)
        .enable_connect_protocol()
        .keep_alive_interval(limits.ping_after)
        .keep_alive_timeout(limits.ping_answer)
        .serve_connection(
            TokioIo::new(Metered::new(io.clone(), conn.clone())),
            Gate(conn.clone()),
        );
    let mut ending = false;
    poll_fn(|cx| {
        if conn.abort.poll_aborted(cx).is_ready() {
            return Poll::Ready(());
        }
        conn.read_in_turn.set(0);
        if !ending && (conn.thread.is_draining() || conn.ending.get()) {
            ending = true;
            Pin::new(&mut served).graceful_shutdown();
        }
        let mut polled = Pin::new(&mut served).poll(cx);
        if !ending && polled.is_pending() && blocks.borrow().fault().is_some() {
            ending = true;
            Pin::new(&mut served).graceful_shutdown();
            polled = Pin::new(&mut served).poll(cx);
        }
        if let Poll::Ready(ended) = polled {
            if let Err(fault) = ended {
                tracing::debug!(%fault, "a connection ended");
            }
            return Poll::Ready(());
        }
        if let Poll::Ready(Err(fault)) = io.poll_turn_over(cx) {
            tracing::debug!(%fault, "a connection ended");
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

/// Spawns each stream with what it holds.
#[derive(Clone)]
struct Streams(Rc<Conn>);

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let conn = &self.0;
        let next = conn.next_task.take();
        let held = match &next {
            Some(NextTask::Stream(held)) => held.clone(),
            _ => Held::default(),
        };
        let listed = Listed::new(conn, held.clone());
        let id = listed.id;
        let stream = Some(Box::pin(stream));
        let task = match next {
            Some(NextTask::Tunnel(abort)) => {
                let tunnel = Tunnel {
                    stream,
                    abort,
                    _listed: listed,
                };
                bounds::spawn_unpinned(conn.pass(), tunnel)
            }
            _ => {
                let stream = Stream {
                    stream,
                    held,
                    listed,
                };
                bounds::spawn_unpinned(conn.pass(), stream)
            }
        };
        if let Some((_, known)) = conn.streams.borrow_mut().get_mut(id) {
            *known = Some(task);
        }
    }
}

/// One of the connection's streams; no longer once dropped.
struct Listed {
    conn: Rc<Conn>,
    id: usize,
}

impl Listed {
    fn new(conn: &Rc<Conn>, held: Held) -> Self {
        Self {
            conn: conn.clone(),
            id: conn.streams.borrow_mut().insert((held, None)),
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let gone = self.conn.streams.borrow_mut().try_remove(self.id);
        drop(gone);
    }
}

/// The sending half of a WebSocket's stream. Dropped before its end it resets the stream:
/// left to itself it would end it in order.
struct Tunnel<F> {
    stream: Option<Pin<Box<F>>>,
    abort: Abort,
    _listed: Listed,
}

impl<F: Future<Output = ()>> Future for Tunnel<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.abort.poll_aborted(cx).is_ready() {
            self.stream = None;
        }
        match &mut self.stream {
            Some(stream) => stream.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

/// One stream. Dropping what hyper makes of it resets it, however full the buffers are.
struct Stream<F> {
    stream: Option<Pin<Box<F>>>,
    held: Held,
    listed: Listed,
}

impl<F: Future<Output = ()>> Future for Stream<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.cut_if_told(cx).is_ready() {
            return Poll::Ready(());
        }
        if let Some(stream) = &mut self.stream
            && stream.as_mut().poll(cx).is_pending()
        {
            // Asked again: what was opened just now is to wake this task too.
            return self.cut_if_told(cx);
        }
        Poll::Ready(())
    }
}

impl<F> Stream<F> {
    /// Resets the stream once what it holds is cut, whatever hyper is waiting for.
    fn cut_if_told(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        std::task::ready!(self.held.poll_cut(cx));
        self.stream = None;
        self.held.release();
        let conn = &self.listed.conn;
        conn.thread.metrics.cuts.add(1);
        spawn(abort_if_unread(conn.clone()));
        Poll::Ready(())
    }
}

/// A client that does not read would never see the stream reset, and could still read what
/// lies before it: then the whole connection goes. One that reads, however many streams it
/// has, keeps its others.
pub(crate) async fn abort_if_unread(conn: Rc<Conn>) {
    let (flushes, written) = (conn.abort.flushes(), conn.abort.written());
    let mut before = written;
    for _ in 0..LOOKS {
        sleep(LOOK).await;
        let now = conn.abort.written();
        let told = conn.abort.flushes() != flushes || now.wrapping_sub(written) > AHEAD_BYTES_MAX;
        if told || !conn.abort.is_blocked() {
            return;
        }
        if now == before {
            break;
        }
        before = now;
    }
    conn.thread.metrics.cuts_forced.add(1);
    conn.abort.abort();
}
