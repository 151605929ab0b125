//! HTTP/1.1: one exchange at a time, and the switch to a WebSocket.

use std::{
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use hyper::server::conn::http1::{Builder, Connection};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt as _, time::timeout};

use super::{ClientIo, Conn, GOODBYE, Gate, io::Followed};
use crate::{bounds::Waits, framing::Framing, relay};

type Served = Connection<TokioIo<Followed<Framing>>, Gate>;

enum Ended {
    InOrder,
    Failed,
}

/// Serves a connection's exchanges.
pub(super) async fn serve(conn: Rc<Conn>, io: ClientIo) {
    let Some(framing) = conn.framing.clone() else {
        return;
    };
    let limits = conn.thread.shared.options.limits;
    // No pipeline_flush: with it, hyper buffers answers without bound while a client that
    // has sent its next request does not read.
    let mut served = Builder::new()
        .max_headers(limits.headers_max)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.buffer_bytes)
        .serve_connection(TokioIo::new(Followed::new(io, framing)), Gate(conn.clone()));
    let ended = run(&conn, &mut served).await;
    let upgrade = conn.upgrade.take();
    conn.held.release();
    let Ended::InOrder = ended else { return };
    let parts = served.into_parts();
    let mut io = parts.io.into_inner().into_inner();
    match upgrade {
        Some(upgrade) => {
            conn.switched.set(true);
            relay::run(&conn, io, parts.read_buf, upgrade).await;
        }
        None => {
            // A client that does not take the goodbye loses it.
            let _ = timeout(GOODBYE, io.shutdown()).await;
        }
    }
}

/// Drives the connection. A cut ends it at once, whatever it is in the middle of; an answer
/// that ends early is never mistaken for a whole one.
async fn run(conn: &Conn, served: &mut Served) -> Ended {
    let mut told = false;
    poll_fn(|cx| {
        if conn.abort.poll_aborted(cx).is_ready() {
            return Poll::Ready(Ended::Failed);
        }
        if conn.thread.is_draining() && !told {
            told = true;
            Pin::new(&mut *served).graceful_shutdown();
        }
        if conn.cut_if_told(cx).is_ready() {
            return Poll::Ready(Ended::Failed);
        }
        if conn.ending.get() && conn.waits() != Waits::Nothing {
            return Poll::Ready(Ended::InOrder);
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
        // Asked again: what was opened just now is to wake this task too.
        conn.cut_if_told(cx).map(|()| Ended::Failed)
    })
    .await
}

impl Conn {
    /// Aborts the connection once what is open on it is cut, whatever hyper is waiting for.
    fn cut_if_told(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.held.poll_cut(cx).map(|()| {
            self.thread.metrics.cuts.add(1);
            self.abort.abort();
        })
    }
}
