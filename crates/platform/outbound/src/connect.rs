//! A connection to one origin.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use gw_tls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{Origin, OutboundFault, Purpose, public::is_public};

/// A connection, by TLS or without.
pub(crate) enum Connection {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects to an origin. Whoever is there is believed as `tls` says; nobody is, without it.
pub(crate) async fn connect(
    purpose: Purpose,
    tls: Option<&Arc<ClientConfig>>,
    origin: &Origin,
) -> Result<Connection, OutboundFault> {
    let stream = match purpose.is_outward() {
        true => reach_outside(origin).await?,
        false => reach(origin.host(), origin.port(), origin).await?,
    };
    if !origin.tls() {
        return Ok(Connection::Plain(stream));
    }
    let nobody = || io::Error::other("nobody is to be believed there");
    let tls = tls.ok_or_else(|| OutboundFault::Tls(origin.to_string(), nobody()))?;
    secure(stream, tls, origin.host(), origin).await
}

/// A connection without TLS; `shown` is what faults call it.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place from which Gatewright connects for itself"
)]
pub(crate) async fn reach(
    host: &str,
    port: u16,
    shown: &impl fmt::Display,
) -> Result<TcpStream, OutboundFault> {
    TcpStream::connect((host, port))
        .await
        .map_err(|fault| OutboundFault::Connect(shown.to_string(), fault))
}

/// The same, to addresses of the public network alone: what was resolved is what is connected to.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place from which Gatewright connects for itself"
)]
async fn reach_outside(origin: &Origin) -> Result<TcpStream, OutboundFault> {
    let unreachable = |fault| OutboundFault::Connect(origin.to_string(), fault);
    let all = lookup_host((origin.host(), origin.port())).await;
    let outside: Vec<_> = all
        .map_err(unreachable)?
        .filter(|address| is_public(address.ip()))
        .collect();
    if outside.is_empty() {
        return Err(OutboundFault::Inward(origin.to_string()));
    }
    TcpStream::connect(&*outside).await.map_err(unreachable)
}

/// TLS over a connection, with whoever proves to be `host`.
pub(crate) async fn secure(
    stream: TcpStream,
    tls: &Arc<ClientConfig>,
    host: &str,
    shown: &impl fmt::Display,
) -> Result<Connection, OutboundFault> {
    let not_believed = |fault| OutboundFault::Tls(shown.to_string(), fault);
    let name = ServerName::try_from(host.to_owned())
        .map_err(|fault| not_believed(io::Error::other(fault)))?;
    let connector = TlsConnector::from(Arc::clone(tls));
    let stream = connector.connect(name, stream).await;
    Ok(Connection::Tls(Box::new(stream.map_err(not_believed)?)))
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
