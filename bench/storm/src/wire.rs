//! Connections: from which address, over TLS or not, and requests over HTTP/1.1.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// One of the addresses that a stranger may have, by its number.
pub(crate) fn source(number: u32) -> Ipv4Addr {
    let [_, a, b, c] = number.to_be_bytes();
    Ipv4Addr::new(127, a | 1, b, c | 1)
}

/// A connection from an address.
pub(crate) async fn connect(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let connecting = socket.connect(to);
    let stream = tokio::time::timeout(Duration::from_secs(5), connecting).await;
    let stream = stream.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The same over TLS.
pub(crate) async fn connect_tls(
    from: Ipv4Addr,
    to: SocketAddr,
    config: &Arc<ClientConfig>,
    host: &str,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|fault| io::Error::new(io::ErrorKind::InvalidInput, fault))?;
    let socket = connect(from, to).await?;
    TlsConnector::from(config.clone())
        .connect(name, socket)
        .await
}

/// An answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// Sends a request over HTTP/1.1 and reads its answer, which has a length.
pub(crate) async fn ask(
    io: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
) -> io::Result<Answer> {
    io.write_all(request).await?;
    io.flush().await?;
    let mut read = Vec::with_capacity(4096);
    let end = loop {
        if let Some(at) = read.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
        if io.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut body = read.split_off(end);
    let head = String::from_utf8_lossy(&read).into_owned();
    let mut answer = Answer {
        status: head
            .get(9..12)
            .and_then(|s| s.parse().ok())
            .unwrap_or_default(),
        head,
        body: Vec::new(),
    };
    let length = answer.all("content-length").next();
    let length: usize = length.and_then(|l| l.parse().ok()).unwrap_or_default();
    while body.len() < length {
        if io.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    answer.body = body;
    Ok(answer)
}
