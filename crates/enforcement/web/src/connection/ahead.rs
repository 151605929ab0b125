//! Looks ahead while an answer is awaited.
//!
//! A client may end its side once its request is over and still wait for the answer, so the end
//! of what it sends is not the end of the exchange. Then nobody reads from the connection any
//! more, and nobody would notice that the client has reset it. So a little is read ahead: what
//! came is kept for whoever reads next, and an end or a fault is known at once.

use std::{
    cell::RefCell,
    io,
    mem::MaybeUninit,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are read ahead at most.
const AHEAD_BYTES_MAX: usize = 1024;

/// A stream that can be read ahead; clones are the same stream.
pub(super) struct Ahead<S>(Rc<RefCell<Inner<S>>>);

struct Inner<S> {
    stream: S,
    ahead: Bytes,
    ended: bool,
    /// What looking ahead met, for whoever reads next.
    fault: Option<io::Error>,
}

impl<S> Clone for Ahead<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Ahead<S> {
    pub(super) fn new(stream: S) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            stream,
            ahead: Bytes::new(),
            ended: false,
            fault: None,
        })))
    }

    /// Ready once the peer has ended its side; a fault where it has reset the connection.
    /// What it has sent meanwhile hides either.
    pub(super) fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.0.borrow_mut();
        if !inner.ahead.is_empty() {
            return Poll::Pending;
        }
        if !inner.ended {
            let mut space = [MaybeUninit::uninit(); AHEAD_BYTES_MAX];
            let mut read = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut inner.stream).poll_read(cx, &mut read))?;
            if !read.filled().is_empty() {
                inner.ahead = Bytes::copy_from_slice(read.filled());
                // Whoever waits to read has not been told.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            inner.ended = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Ready once there is something to read: bytes, an end or a fault.
    pub(super) fn poll_ahead(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.0.borrow_mut();
        if inner.ahead.is_empty() && !inner.ended {
            let mut space = [MaybeUninit::uninit(); AHEAD_BYTES_MAX];
            let mut read = ReadBuf::uninit(&mut space);
            match ready!(Pin::new(&mut inner.stream).poll_read(cx, &mut read)) {
                Ok(()) => {
                    inner.ahead = Bytes::copy_from_slice(read.filled());
                    inner.ended = read.filled().is_empty();
                }
                Err(fault) => inner.fault = Some(fault),
            }
        }
        Poll::Ready(())
    }

    /// Has it read once more what was read already, before all else.
    pub(super) fn put_back(&self, read: Bytes) {
        if read.is_empty() {
            return;
        }
        let mut inner = self.0.borrow_mut();
        let behind = std::mem::take(&mut inner.ahead);
        inner.ahead = joined(read, &behind);
    }

    /// The stream and what was read ahead of it; `None` while clones of it are about.
    pub(super) fn into_inner(self) -> Option<(S, Bytes)> {
        let inner = Rc::into_inner(self.0)?.into_inner();
        Some((inner.stream, inner.ahead))
    }
}

/// One after the other.
pub(super) fn joined(first: Bytes, second: &[u8]) -> Bytes {
    if second.is_empty() {
        return first;
    }
    let mut both = BytesMut::from(first);
    both.extend_from_slice(second);
    both.freeze()
}

impl<S: AsyncRead + Unpin> AsyncRead for Ahead<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut inner = self.0.borrow_mut();
        if inner.ahead.is_empty() {
            if let Some(fault) = inner.fault.take() {
                return Poll::Ready(Err(fault));
            }
            if inner.ended {
                return Poll::Ready(Ok(()));
            }
            return Pin::new(&mut inner.stream).poll_read(cx, buf);
        }
        let here = inner.ahead.len().min(buf.remaining());
        buf.put_slice(inner.ahead.get(..here).unwrap_or_default());
        inner.ahead.advance(here);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Ahead<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0.borrow_mut().stream).poll_write_vectored(cx, bufs)
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
    async fn what_is_read_ahead_is_read_once_and_in_order() {
        let (ours, mut theirs) = duplex(4096);
        let mut ahead = Ahead::new(ours);
        theirs.write_all(&[7; 1500]).await.unwrap();
        let looking = ahead.clone();
        let look = poll_fn(|cx| Poll::Ready(looking.poll_ended(cx).is_ready()));
        assert!(!look.await, "there is more to read first");
        drop(looking);
        theirs.write_all(b"end").await.unwrap();
        drop(theirs);
        let mut all = Vec::new();
        ahead.read_to_end(&mut all).await.unwrap();
        assert_eq!((all.len(), &all[1500..]), (1503, &b"end"[..]));
        poll_fn(|cx| ahead.poll_ended(cx)).await.unwrap();
        assert_eq!(ahead.read(&mut [0; 1]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_was_read_ahead_goes_along_with_the_stream() {
        let (ours, mut theirs) = duplex(64);
        let ahead = Ahead::new(ours);
        theirs.write_all(b"early").await.unwrap();
        poll_fn(|cx| Poll::Ready(ahead.poll_ended(cx).is_pending())).await;
        let other = ahead.clone();
        assert!(other.into_inner().is_none());
        assert_eq!(ahead.into_inner().unwrap().1, "early");
    }
}
