//! An upstream's byte stream whose frames have their price.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    bounds::{Meter, Peer},
    metrics::ThreadMetrics,
    upstream::{io::Io, server::Shared},
};

/// A stream under HTTP/2.
pub(super) struct Metered {
    io: Io,
    meter: Meter,
    metrics: Arc<ThreadMetrics>,
    /// The connection gets no further streams.
    is_retired: Rc<Cell<bool>>,
}

impl Metered {
    pub(super) fn new(io: Io, shared: &Shared, is_retired: Rc<Cell<bool>>) -> Self {
        let (at_once, each_second) = (
            shared.bounds.idle_frames_at_once,
            shared.bounds.idle_frames_per_second,
        );
        Self {
            io,
            meter: Meter::new(Peer::Upstream, at_once, each_second),
            metrics: shared.metrics.clone(),
            is_retired,
        }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        let read = buf.filled().get(before..).unwrap_or_default();
        let metered = self.meter.received(read);
        if self.meter.is_worn() {
            self.is_retired.set(true);
        }
        Poll::Ready(metered.map_err(|flood| {
            self.metrics.upstream_floods.add(1);
            self.io.abort().abort();
            io::Error::new(io::ErrorKind::InvalidData, flood)
        }))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.meter.sent(buf.get(..written).unwrap_or_default());
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
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs))?;
        self.meter.sent_of(bufs, written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
