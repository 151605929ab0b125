//! An upstream's byte stream: over TCP, under TLS, or over a Unix socket.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::client::TlsStream;

use crate::cut_io::{Abort, CutIo};

/// An upstream's byte stream.
pub(crate) struct Io {
    stream: Stream,
    abort: Abort,
}

enum Stream {
    Tcp(CutIo<TcpStream>),
    Tls(Box<TlsStream<CutIo<TcpStream>>>),
    Unix(CutIo<UnixStream>),
}

impl Io {
    pub(super) fn tcp(io: CutIo<TcpStream>) -> Self {
        Self {
            abort: io.abort().clone(),
            stream: Stream::Tcp(io),
        }
    }

    pub(super) fn tls(stream: TlsStream<CutIo<TcpStream>>) -> Self {
        Self {
            abort: stream.get_ref().0.abort().clone(),
            stream: Stream::Tls(Box::new(stream)),
        }
    }

    pub(super) fn unix(io: CutIo<UnixStream>) -> Self {
        Self {
            abort: io.abort().clone(),
            stream: Stream::Unix(io),
        }
    }

    /// What cuts it, and counts what was read.
    pub(crate) const fn abort(&self) -> &Abort {
        &self.abort
    }
}

macro_rules! either {
    ($io:expr, $inner:ident => $call:expr) => {
        match &mut $io.get_mut().stream {
            Stream::Tcp($inner) => $call,
            Stream::Tls($inner) => $call,
            Stream::Unix($inner) => $call,
        }
    };
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = either!(self.as_mut(), io => Pin::new(io).poll_read(cx, buf));
        self.abort
            .note_read(buf.filled().len().saturating_sub(before));
        read
    }
}

impl AsyncWrite for Io {
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
        match &self.stream {
            Stream::Tcp(io) => io.is_write_vectored(),
            Stream::Tls(io) => io.is_write_vectored(),
            Stream::Unix(io) => io.is_write_vectored(),
        }
    }
}
