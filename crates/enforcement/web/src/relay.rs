//! A WebSocket's bytes in both directions, until it ends or is cut.
//!
//! A cut puts a Close (1008, with the reason) where one frame has ended and the next has not
//! begun. Where that does not happen in time, because a frame does not end or the client
//! does not read, the connection is aborted.

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
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Sleep, sleep, timeout},
};

use self::pipe::Pipe;
use crate::{
    connection::{ClientIo, Conn},
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

/// A WebSocket that is about to begin.
pub(crate) struct Upgrade {
    pub(crate) upstream: Switched,
    pub(crate) flow: Rc<Flow>,
}

enum Ended {
    InOrder,
    Failed,
    Cut(Arc<CutReason>),
}

struct Relay {
    client: ClientIo,
    upstream: Io,
    up: Pipe,
    down: Pipe,
    sent: Frames,
    shown: Frames,
    flow: Rc<Flow>,
    half_open: Option<Pin<Box<Sleep>>>,
}

/// Relays a WebSocket to its end.
pub(crate) async fn run(conn: &Rc<Conn>, client: ClientIo, early: Bytes, upgrade: Upgrade) {
    let Upgrade {
        upstream: Switched { io: upstream, read },
        flow,
    } = upgrade;
    let mut relay = Relay {
        client,
        upstream,
        up: Pipe::new(&early),
        down: Pipe::new(&read),
        sent: Frames::default(),
        shown: Frames::default(),
        flow,
        half_open: None,
    };
    let ended = poll_fn(|cx| {
        if conn.abort.poll_aborted(cx).is_ready() {
            return Poll::Ready(Ended::Failed);
        }
        relay.poll(cx)
    })
    .await;
    match ended {
        Ended::InOrder => relay.flow.ends_as(EndManner::Done),
        Ended::Failed => conn.abort.abort(),
        Ended::Cut(reason) => {
            conn.thread.metrics.cuts.add(1);
            let limit = conn.thread.shared.options.limits.cut;
            if relay.close(&reason, limit).await.is_none() {
                conn.thread.metrics.cuts_forced.add(1);
                conn.abort.abort();
            }
        }
    }
}

impl Relay {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if let Poll::Ready(reason) = self.flow.cut().poll_cut(cx) {
            return Poll::Ready(Ended::Cut(reason));
        }
        let up = self
            .up
            .poll(cx, &mut self.client, &mut self.upstream, |bytes| {
                self.flow.note_up(bytes.len());
                self.sent.pass(bytes);
            });
        if self.sent.take_data_seen() {
            // A pong that a browser sends by itself does not show that somebody is there.
            self.flow.touch();
        }
        let down = self
            .down
            .poll(cx, &mut self.upstream, &mut self.client, |bytes| {
                self.flow.note_down(bytes.len());
                self.shown.pass(bytes);
            });
        match (up, down) {
            (Poll::Ready(Err(_)), _) | (_, Poll::Ready(Err(_))) => Poll::Ready(Ended::Failed),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(Ended::InOrder),
            (Poll::Pending, Poll::Pending) => Poll::Pending,
            _ => self.poll_half_open(cx),
        }
    }

    fn poll_half_open(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let limit = self
            .half_open
            .get_or_insert_with(|| Box::pin(sleep(HALF_OPEN_MAX)));
        limit.as_mut().poll(cx).map(|()| Ended::InOrder)
    }

    /// Says why and closes; `None` where that was not possible in time.
    async fn close(&mut self, reason: &CutReason, limit: Duration) -> Option<()> {
        timeout(limit, self.say(reason)).await.ok()?.ok()?;
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

    async fn say(&mut self, reason: &CutReason) -> io::Result<()> {
        self.finish_frame().await?;
        self.upstream.abort().abort();
        if !self.shown.close_seen() {
            let code = if reason.judgement.is_some() {
                POLICY_VIOLATION
            } else {
                GOING_AWAY
            };
            self.client
                .write_all(&close_frame(code, &reason.sentence))
                .await?;
        }
        self.client.shutdown().await
    }

    /// Passes the rest of the frame that is under way, and nothing behind it.
    async fn finish_frame(&mut self) -> io::Result<()> {
        while !self.shown.at_boundary() {
            if self.down.waiting().is_empty() && self.down.read_from(&mut self.upstream).await? == 0
            {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let waiting = self.down.waiting();
            let end = self
                .shown
                .bytes_to_boundary(waiting)
                .unwrap_or(waiting.len());
            let rest = waiting.get(..end).unwrap_or_default();
            self.client.write_all(rest).await?;
            self.flow.note_down(rest.len());
            self.shown.pass(rest);
            self.down.consume(end);
        }
        Ok(())
    }
}
