//! A connection for what is not asked by HTTP.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use gw_tls::ClientConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};

use crate::{
    OutboundFault, Purpose,
    connect::{Connection, reach, secure},
};

/// A connection to a host, without TLS until it is secured. Within which bounds it is read is its
/// caller's to keep, by what its [`Purpose`] says.
pub struct Stream {
    connection: Connection,
    shown: String,
}

impl Stream {
    /// Connects to a host, within the purpose's time.
    ///
    /// # Errors
    /// Where nobody answers there.
    pub async fn open(purpose: Purpose, host: &str, port: u16) -> Result<Self, OutboundFault> {
        let shown = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let stream = within(purpose, &shown, reach(host, port, &shown)).await?;
        Ok(Self {
            connection: Connection::Plain(stream),
            shown,
        })
    }

    /// The same connection by TLS, with whoever proves to be `host`, as `tls` believes. What was
    /// read of it before must be used up.
    ///
    /// # Errors
    /// Where whoever is there is not believed, does not speak TLS, or where it has begun already.
    pub async fn secured(
        self,
        purpose: Purpose,
        tls: &Arc<ClientConfig>,
        host: &str,
    ) -> Result<Self, OutboundFault> {
        let shown = self.shown;
        let Connection::Plain(stream) = self.connection else {
            let twice = io::Error::other("it is spoken to by TLS already");
            return Err(OutboundFault::Tls(shown, twice));
        };
        let connection = within(purpose, &shown, secure(stream, tls, host, &shown)).await?;
        Ok(Self { connection, shown })
    }

    /// Whether it is secured.
    pub const fn is_tls(&self) -> bool {
        matches!(self.connection, Connection::Tls(_))
    }
}

async fn within<T>(
    purpose: Purpose,
    shown: &str,
    what: impl Future<Output = Result<T, OutboundFault>>,
) -> Result<T, OutboundFault> {
    let late = |_| OutboundFault::Slow {
        origin: shown.to_owned(),
        within: purpose.connect(),
    };
    timeout(purpose.connect(), what).await.map_err(late)?
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("to", &self.shown)
            .field("tls", &self.is_tls())
            .finish()
    }
}
