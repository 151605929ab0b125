//! What a connection, or a stream, has become: bytes in both directions until it ends or is cut.
//!
//! The cut of a WebSocket puts a Close (1008, with the reason) where one frame has ended and the
//! next has not begun. Where that does not happen in time, because a frame does not end or the
//! client does not read, the connection is aborted; over HTTP/2 the stream is reset, and the
//! connection's other streams go on. Any other protocol is aborted at once.

mod pipe;

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use gw_door::CutReason;
use gw_ledger::EndManner;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Sleep, sleep, timeout},
};

use self::pipe::Pipe;
use crate::{
    bounds,
    connection::{ClientIo, Conn, abort_if_unread},
    cut_io::Abort,
    flow::Flow,
    upstream::{Io, Switched},
    websocket::{Frames, close_frame},
};

/// RFC 6455, 7.4.1: something that the policy does not allow.
const POLICY_VIOLATION: u16 = 1008;
/// RFC 6455, 7.4.1: the server stops.
const GOING_AWAY: u16 = 1001;

/// How long one side may go on once the other has ended.
const HALF_OPEN_MAX: Duration = Duration::from_secs(5);

/// How long a client that was told to close is read from: closing on unread bytes would
/// reset the connection before it has read why.
const CLOSE_READ_MAX: Duration = Duration::from_secs(1);

/// An upgrade that is about to begin.
pub(crate) struct Upgrade {
    pub(crate) upstream: Switched,
    pub(crate) flow: Rc<Flow>,
    /// Its frames are followed. Of any other protocol nothing is known.
    pub(crate) is_websocket: bool,
}

enum Ended {
    InOrder,
    Failed,
    Cut(Arc<CutReason>),
}

struct Relay<C> {
    client: C,
    upstream: Io,
    up: Pipe,
    down: Pipe,
    /// Of a WebSocket alone.
    frames: Option<BothWays>,
    flow: Rc<Flow>,
    half_open: Option<Pin<Box<Sleep>>>,
}

#[derive(Default)]
struct BothWays {
    sent: Frames,
    shown: Frames,
}

/// Relays on a whole connection, to its end.
pub(crate) async fn run(conn: &Rc<Conn>, client: ClientIo, early: Bytes, upgrade: Upgrade) {
    let mut relay = Relay::new(client, &early, upgrade);
    let ended = poll_fn(|cx| {
        if conn.abort.poll_aborted(cx).is_ready() {
            return Poll::Ready(Ended::Failed);
        }
        relay.poll(cx)
    })
    .await;
    relay.end(conn, ended, &conn.abort).await;
}

/// Relays on a stream of HTTP/2, beside the connection's others, once it has been answered.
pub(crate) fn begin_on_stream(conn: &Rc<Conn>, stream: OnUpgrade, upgrade: Upgrade) {
    let (conn, reset) = (conn.clone(), Abort::default());
    conn.next_is_tunnel(reset.clone());
    bounds::spawn(conn.pass(), async move {
        let Ok(client) = stream.await else {
            tracing::debug!("a stream ended before it became a WebSocket");
            return;
        };
        let mut relay = Relay::new(TokioIo::new(client), &[], upgrade);
        let ended = poll_fn(|cx| relay.poll(cx)).await;
        let is_cut = matches!(ended, Ended::Cut(_));
        relay.end(&conn, ended, &reset).await;
        if is_cut {
            abort_if_unread(conn).await;
        }
    });
}

impl<C: AsyncRead + AsyncWrite + Unpin> Relay<C> {
    fn new(client: C, early: &[u8], upgrade: Upgrade) -> Self {
        let Upgrade {
            upstream: Switched { io: upstream, read },
            flow,
            is_websocket,
        } = upgrade;
        Self {
            client,
            upstream,
            up: Pipe::new(early),
            down: Pipe::new(&read),
            frames: is_websocket.then(BothWays::default),
            flow,
            half_open: None,
        }
    }

    /// Ends what has ended, been cut or failed. What fails is aborted before it is dropped.
    async fn end(mut self, conn: &Conn, ended: Ended, abort: &Abort) {
        match ended {
            Ended::InOrder => self.flow.ends_as(EndManner::Done),
            Ended::Failed => abort.abort(),
            Ended::Cut(reason) => {
                conn.thread.metrics.cuts.add(1);
                let limit = conn.thread.shared.options.limits.cut;
                if self.close(&reason, limit).await.is_none() {
                    if self.frames.is_some() {
                        conn.thread.metrics.cuts_forced.add(1);
                    }
                    abort.abort();
                }
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if let Poll::Ready(reason) = self.flow.cut().poll_cut(cx) {
            return Poll::Ready(Ended::Cut(reason));
        }
        let (up, down) = (self.poll_up(cx), self.poll_down(cx));
        match (up, down) {
            (Poll::Ready(Err(_)), _) | (_, Poll::Ready(Err(_))) => Poll::Ready(Ended::Failed),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(Ended::InOrder),
            (Poll::Pending, Poll::Pending) => Poll::Pending,
            _ => self.poll_half_open(cx),
        }
    }

    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (flow, frames) = (&self.flow, &mut self.frames);
        self.up
            .poll(cx, &mut self.client, &mut self.upstream, |bytes| {
                flow.note_up(bytes.len());
                // A pong that a browser sends by itself does not show that somebody is there.
                let somebody = frames.as_mut().is_none_or(|frames| {
                    frames.sent.pass(bytes);
                    frames.sent.take_data_seen()
                });
                if somebody {
                    flow.touch();
                }
            })
    }

    fn poll_down(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (flow, frames) = (&self.flow, &mut self.frames);
        self.down
            .poll(cx, &mut self.upstream, &mut self.client, |bytes| {
                flow.note_down(bytes.len());
                if let Some(frames) = frames {
                    frames.shown.pass(bytes);
                }
            })
    }

    fn poll_half_open(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let limit = self
            .half_open
            .get_or_insert_with(|| Box::pin(sleep(HALF_OPEN_MAX)));
        limit.as_mut().poll(cx).map(|()| Ended::InOrder)
    }

    /// Says why and closes; `None` where there is no way to say it, or not in time.
    async fn close(&mut self, reason: &CutReason, limit: Duration) -> Option<()> {
        let mut frames = self.frames.take()?;
        let said = timeout(limit, self.say(&mut frames.shown, reason)).await;
        self.frames = Some(frames);
        said.ok()?.ok()?;
        let reading = async {
            let mut discarded = [0; 1024];
            while self
                .client
                .read(&mut discarded)
                .await
                .is_ok_and(|read| read > 0)
            {}
        };
        // Whether the client closed too or not, it has had its time.
        let _ = timeout(CLOSE_READ_MAX, reading).await;
        Some(())
    }

    async fn say(&mut self, shown: &mut Frames, reason: &CutReason) -> io::Result<()> {
        self.finish_frame(shown).await?;
        self.upstream.abort().abort();
        if !shown.close_seen() {
            let code = if reason.goes_away {
                GOING_AWAY
            } else {
                POLICY_VIOLATION
            };
            self.client
                .write_all(&close_frame(code, &reason.sentence))
                .await?;
        }
        self.client.shutdown().await
    }

    /// Passes the rest of the frame that is under way, and nothing behind it.
    async fn finish_frame(&mut self, shown: &mut Frames) -> io::Result<()> {
        while !shown.at_boundary() {
            if self.down.waiting().is_empty() && self.down.read_from(&mut self.upstream).await? == 0
            {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let waiting = self.down.waiting();
            let end = shown.bytes_to_boundary(waiting).unwrap_or(waiting.len());
            let rest = waiting.get(..end).unwrap_or_default();
            self.client.write_all(rest).await?;
            self.flow.note_down(rest.len());
            shown.pass(rest);
            self.down.consume(end);
        }
        Ok(())
    }
}
