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

/// A stream under HTTP/2.
pub(super) struct Metered {
    io: Gathered<Followed<HeaderBlocks>>,
    conn: Rc<Conn>,
}

impl Metered {
    pub(super) const fn new(io: Gathered<Followed<HeaderBlocks>>, conn: Rc<Conn>) -> Self {
        Self { io, conn }
    }

    fn turn_is_over(&self) -> bool {
        let most = match self.conn.is_known() {
            true => TURN_BYTES,
            false => STRANGERS_TURN_BYTES,
        };
        self.conn.read_in_turn.get() >= most
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

    fn note_written(&self, bytes: &[u8]) {
        if let Some(meter) = &self.conn.meter {
            meter.borrow_mut().sent(bytes);
        }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.turn_is_over() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let read = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(self.note_read(read))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = std::task::ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.note_written(buf.get(..written).unwrap_or_default());
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
        let mut left = written;
        for buf in bufs {
            let here = buf.get(..left.min(buf.len())).unwrap_or_default();
            self.note_written(here);
            left -= here.len();
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
