//! What is written in one turn leaves together.
//!
//! h2 asks for a flush behind every frame of data. Each would be a TLS record and a system call
//! of its own, however many streams have something to say in the same turn of their connection.
//! So frames are gathered until the turn is over, or until there are enough of them.

use std::{
    cell::RefCell,
    io::{self, IoSlice},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are gathered at most: what fits into one TLS record.
const GATHERED_BYTES_MAX: usize = 16 * 1024;

/// A stream whose writes are gathered until [`Gathered::poll_turn_over`]; clones are the same stream.
pub(super) struct Gathered<S>(Rc<RefCell<Inner<S>>>);

struct Inner<S> {
    stream: S,
    gathered: Vec<u8>,
    /// How much of it the stream has taken.
    taken: usize,
    /// Something was written that may not have left.
    written: bool,
}

impl<S> Clone for Gathered<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: AsyncWrite + Unpin> Gathered<S> {
    pub(super) fn new(stream: S) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            stream,
            gathered: Vec::new(),
            taken: 0,
            written: false,
        })))
    }

    /// Sends what was written in this turn. To be asked at its end, whatever else is awaited.
    pub(super) fn poll_turn_over(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.borrow_mut().poll_flush(cx)
    }
}

impl<S: AsyncWrite + Unpin> Inner<S> {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.written {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_pass_on(cx))?;
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.written = false;
        Poll::Ready(Ok(()))
    }

    /// Has the stream take all that was gathered; once it has, no memory is kept for it.
    fn poll_pass_on(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.gathered.get(self.taken..).filter(|r| !r.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                taken => self.taken += taken,
            }
        }
        (self.gathered, self.taken) = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }

    fn gather(&mut self, bufs: &[IoSlice<'_>]) {
        if self.gathered.capacity() == 0 {
            self.gathered.reserve_exact(GATHERED_BYTES_MAX);
        }
        for buf in bufs {
            self.gathered.extend_from_slice(buf);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gathered<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gathered<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    /// What comes at the turn's end does.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.0.borrow_mut();
        ready!(inner.poll_flush(cx))?;
        Pin::new(&mut inner.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.0.borrow_mut();
        let bytes: usize = bufs.iter().map(|buf| buf.len()).sum();
        if inner.gathered.len() + bytes > GATHERED_BYTES_MAX {
            ready!(inner.poll_pass_on(cx))?;
        }
        inner.written = true;
        if bytes > GATHERED_BYTES_MAX {
            return Pin::new(&mut inner.stream).poll_write_vectored(cx, bufs);
        }
        inner.gather(bufs);
        Poll::Ready(Ok(bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.0.borrow().stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn what_a_turn_writes_leaves_at_its_end_and_in_order() {
        let (ours, mut theirs) = duplex(64 * 1024);
        let mut gathered = Gathered::new(ours);
        let frames = gathered.clone();
        for piece in ["one ", "two ", "three"] {
            gathered.write_all(piece.as_bytes()).await.unwrap();
            gathered.flush().await.unwrap();
        }
        let mut seen = [0; 13];
        let early = poll_fn(|cx| {
            let mut read = ReadBuf::new(&mut seen);
            Poll::Ready(Pin::new(&mut theirs).poll_read(cx, &mut read).is_ready())
        });
        assert!(!early.await, "nothing leaves before the turn is over");
        poll_fn(|cx| frames.poll_turn_over(cx)).await.unwrap();
        theirs.read_exact(&mut seen).await.unwrap();
        assert_eq!(&seen, b"one two three");
        assert_eq!(frames.0.borrow().gathered.capacity(), 0);
    }

    #[tokio::test]
    async fn no_more_is_gathered_than_may_be_and_large_pieces_keep_their_place() {
        let (ours, mut theirs) = duplex(1024);
        let mut gathered = Gathered::new(ours);
        let held = gathered.clone();
        let writing = async {
            gathered.write_all(&[1; 10_000]).await.unwrap();
            gathered.write_all(&[2; 10_000]).await.unwrap();
            assert!(held.0.borrow().gathered.len() <= GATHERED_BYTES_MAX);
            gathered.write_all(&[3; 40_000]).await.unwrap();
            gathered.write_all(&[4; 10]).await.unwrap();
            gathered.shutdown().await.unwrap();
        };
        let mut all = Vec::new();
        let (read, ()) = tokio::join!(theirs.read_to_end(&mut all), writing);
        assert_eq!(read.unwrap(), 60_010);
        assert!(all.is_sorted());
    }
}
