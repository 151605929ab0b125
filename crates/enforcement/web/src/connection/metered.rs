//! A client's byte stream whose frames have their price, and that does not keep its thread.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Conn, gathered::Gathered, io::Followed};
use crate::header_blocks::HeaderBlocks;

/// What is read of one connection without giving the others a turn.
const TURN_BYTES: usize = 256 * 1024;
const STRANGERS_TURN_BYTES: usize = 16 * 1024;
/// Requests of a stranger that wait for their turn: while there are so many, no more are read.
pub(super) const UNBEGUN_MAX: usize = 4;
/// So that a single read does not bring in many more than that.
const STRANGERS_READ_BYTES: usize = 512;

/// A stream under HTTP/2.
pub(super) struct Metered {
    io: Gathered<Followed<HeaderBlocks>>,
    conn: Rc<Conn>,
}

impl Metered {
    pub(super) const fn new(io: Gathered<Followed<HeaderBlocks>>, conn: Rc<Conn>) -> Self {
        Self { io, conn }
    }

    /// How many bytes may be read now; none once the turn is over.
    fn most(&self) -> usize {
        let read = self.conn.read_in_turn.get();
        if self.conn.is_known() {
            return TURN_BYTES.saturating_sub(read);
        }
        let meter = self.conn.meter.as_ref();
        let body_left = meter.map_or(0, |meter| meter.borrow().body_left());
        let at_once = STRANGERS_READ_BYTES.max(usize::try_from(body_left).unwrap_or(usize::MAX));
        STRANGERS_TURN_BYTES.saturating_sub(read).min(at_once)
    }

    /// Whether it has to wait until what was read has been begun; the connection's task is woken.
    fn has_enough(&self) -> bool {
        !self.conn.is_known() && self.conn.unbegun.get() >= UNBEGUN_MAX
    }

    fn poll_noted(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let read = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(self.note_read(read))
    }

    fn note_read(&self, bytes: &[u8]) -> io::Result<()> {
        let conn = &self.conn;
        conn.read_in_turn.set(conn.read_in_turn.get() + bytes.len());
        let Some(meter) = &conn.meter else {
            return Ok(());
        };
        meter.borrow_mut().received(bytes).map_err(|flood| {
            conn.thread.metrics.floods.add(1);
            conn.abort.abort();
            io::Error::new(io::ErrorKind::InvalidData, flood)
        })
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.has_enough() {
            return Poll::Pending;
        }
        let most = self.most();
        if most == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if buf.remaining() <= most {
            return self.poll_noted(cx, buf);
        }
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
        std::task::ready!(self.poll_noted(cx, &mut part))?;
        let read = part.filled().len();
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = std::task::ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        if let Some(meter) = &self.conn.meter {
            let mut meter = meter.borrow_mut();
            meter.sent(buf.get(..written).unwrap_or_default());
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = std::task::ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs))?;
        if let Some(meter) = &self.conn.meter {
            meter.borrow_mut().sent_of(bufs, written);
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
