//! Bytes from one socket to another, in constant memory.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// Bytes in flight in one direction.
const BUFFER_BYTES: usize = 16 * 1024;

/// Moves made before the thread's other work gets a turn.
const TURN: usize = 16;

/// One direction.
pub(super) struct Pipe {
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    unflushed: bool,
    ended: bool,
    shut: bool,
}

impl Pipe {
    /// Begins with bytes that were read before.
    pub(super) fn new(first: &[u8]) -> Self {
        let mut buffer = first.to_vec();
        buffer.resize(BUFFER_BYTES.max(first.len()), 0);
        Self {
            buffer,
            from: 0,
            to: first.len(),
            unflushed: false,
            ended: false,
            shut: false,
        }
    }

    /// What was read and not written yet.
    pub(super) fn waiting(&self) -> &[u8] {
        self.buffer.get(self.from..self.to).unwrap_or_default()
    }

    /// Takes off what was written.
    pub(super) const fn consume(&mut self, bytes: usize) {
        self.from += bytes;
        if self.from >= self.to {
            self.from = 0;
            self.to = 0;
        }
    }

    /// Reads more, once nothing waits.
    pub(super) async fn read_from(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
    ) -> io::Result<usize> {
        let read = from.read(&mut self.buffer).await?;
        (self.from, self.to) = (0, read);
        Ok(read)
    }

    /// Moves what can be moved; ready once the source has ended and the sink knows.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        mut passed: impl FnMut(&[u8]),
    ) -> Poll<io::Result<()>> {
        for _ in 0..TURN {
            if self.shut {
                return Poll::Ready(Ok(()));
            }
            if !self.waiting().is_empty() {
                let written = ready!(Pin::new(&mut *to).poll_write(cx, self.waiting()))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                passed(self.waiting().get(..written).unwrap_or_default());
                self.consume(written);
                self.unflushed = true;
            } else if self.ended {
                ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                self.shut = true;
            } else if ready!(self.poll_read(cx, from, to))? == 0 {
                self.ended = true;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads more. What was written is flushed once there is nothing more to read yet.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<usize>> {
        let mut read = ReadBuf::new(&mut self.buffer);
        match Pin::new(from).poll_read(cx, &mut read) {
            Poll::Pending => {
                if self.unflushed {
                    ready!(Pin::new(to).poll_flush(cx))?;
                    self.unflushed = false;
                }
                Poll::Pending
            }
            Poll::Ready(Err(fault)) => Poll::Ready(Err(fault)),
            Poll::Ready(Ok(())) => {
                (self.from, self.to) = (0, read.filled().len());
                Poll::Ready(Ok(self.to))
            }
        }
    }
}
