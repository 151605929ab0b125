//! A client's byte stream, plain or under TLS, with the second reader of what it sends.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use crate::{cut_io::CutIo, framing::Framing, header_blocks::HeaderBlocks};

/// A client's byte stream.
pub(crate) enum ClientIo {
    Plain(CutIo<TcpStream>),
    Tls(Box<TlsStream<CutIo<TcpStream>>>),
}

macro_rules! either {
    ($io:expr, $inner:ident => $call:expr) => {
        match $io.get_mut() {
            ClientIo::Plain($inner) => $call,
            ClientIo::Tls($inner) => $call,
        }
    };
}

impl AsyncRead for ClientIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_read(cx, buf))
    }
}

impl AsyncWrite for ClientIo {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, io => Pin::new(io).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, io => Pin::new(io).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(io) => io.is_write_vectored(),
            Self::Tls(io) => io.is_write_vectored(),
        }
    }
}

/// Reads the same bytes as the parser, just before it.
pub(crate) trait SecondReader {
    /// How many of them the parser may read too.
    fn read(&mut self, bytes: &[u8]) -> usize;

    /// Whether nothing more is to be read.
    fn is_broken(&self) -> bool {
        false
    }
}

impl SecondReader for Framing {
    fn read(&mut self, bytes: &[u8]) -> usize {
        Self::read(self, bytes)
    }

    fn is_broken(&self) -> bool {
        Self::is_broken(self)
    }
}

impl SecondReader for HeaderBlocks {
    fn read(&mut self, bytes: &[u8]) -> usize {
        Self::read(self, bytes);
        bytes.len()
    }
}

/// A stream whose reads are followed.
pub(crate) struct Followed<R> {
    io: ClientIo,
    reader: Rc<RefCell<R>>,
}

impl<R> Followed<R> {
    pub(crate) const fn new(io: ClientIo, reader: Rc<RefCell<R>>) -> Self {
        Self { io, reader }
    }

    pub(crate) fn into_inner(self) -> ClientIo {
        self.io
    }
}

impl<R: SecondReader> AsyncRead for Followed<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.reader.borrow().is_broken() {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let new = buf.filled().get(before..).unwrap_or_default();
        let mut reader = self.reader.borrow_mut();
        let good = reader.read(new);
        if good == 0 && reader.is_broken() {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        buf.set_filled(before + good);
        Poll::Ready(Ok(()))
    }
}

impl<R> AsyncWrite for Followed<R> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
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
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
