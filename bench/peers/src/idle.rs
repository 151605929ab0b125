//! What a connection costs that lies idle, and what a process costs that does nothing.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    Fault,
    contender::{self, Contender},
    options::Options,
    row::Row,
    site::Site,
};

const QUESTION: &str = "memory, idle TLS connections that each had one request";
const CONNECTIONS: usize = 4_000;
/// How long they lie idle before they are looked at.
const IDLE: Duration = Duration::from_secs(6);
/// Addresses that they come from.
const ADDRESSES: usize = 100;

/// Opens TLS connections that trust the run's own authority.
pub(crate) struct Client(TlsConnector);

impl Client {
    pub(crate) fn new(site: &Site) -> Result<Self, Fault> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(site.file("ca.pem"))?)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// A connection from one of many addresses of this machine.
    pub(crate) async fn connect(
        &self,
        host: &str,
        port: u16,
        from: usize,
    ) -> Result<TlsStream<TcpStream>, Fault> {
        let stream = connect_plainly(port, from).await?;
        let name = ServerName::try_from(host.to_owned())?;
        Ok(self.0.connect(name, stream).await?)
    }
}

/// A connection without TLS from one of many addresses of this machine.
pub(crate) async fn connect_plainly(port: u16, from: usize) -> Result<TcpStream, Fault> {
    let socket = TcpSocket::new_v4()?;
    let last = u8::try_from(from % ADDRESSES + 1)?;
    socket.bind(SocketAddr::from(([127, 0, 1, last], 0)))?;
    let to = SocketAddr::from(([127, 0, 0, 1], port));
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Fresh processes of the plain proxies and of Gatewright, without and with connections.
pub(crate) fn measure(
    runtime: &Runtime,
    options: &Options,
    site: &Site,
) -> Result<Vec<Row>, Fault> {
    let client = Client::new(site)?;
    let setup = contender::gatewright::Setup {
        name: "Gatewright",
        statements: 100,
        accepted: "written",
    };
    let fresh = [
        contender::nginx::plain(site)?,
        contender::haproxy::plain(site)?,
        contender::gatewright::verifying(site, &options.gatewright, setup)?,
    ];
    let mut rows = Vec::new();
    let mut plain = 0.0;
    for contender in &fresh {
        eprintln!("{QUESTION}: {}", contender.name);
        let before = contender.program.anonymous_kib();
        let kept = runtime.block_on(open(&client, contender))?;
        runtime.block_on(async { tokio::time::sleep(IDLE).await });
        let after = contender.program.anonymous_kib();
        let each = after.saturating_sub(before) as f64 / kept.len() as f64;
        drop(kept);
        if plain == 0.0 {
            plain = each;
        }
        let row = |metric, value| Row::new(QUESTION, contender.name, metric, "KiB", value);
        rows.push(row("of each connection", each).beside(plain));
        rows.push(row("of the process before", before as f64));
    }
    Ok(rows)
}

async fn open(client: &Client, contender: &Contender) -> Result<Vec<TlsStream<TcpStream>>, Fault> {
    let request = format!(
        "GET /1k HTTP/1.1\r\nHost: localhost:{}\r\nCookie: {}\r\n\r\n",
        contender.port, contender.cookie
    );
    let mut kept = Vec::new();
    for number in 0..CONNECTIONS {
        let mut stream = client.connect("localhost", contender.port, number).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = vec![0; 4096];
        let mut read = 0;
        while !answer
            .get(..read)
            .is_some_and(|a| a.ends_with(&[b'x'; 1024]))
        {
            let more = stream
                .read(answer.get_mut(read..).unwrap_or_default())
                .await?;
            if more == 0 {
                return Err(format!("{} closed connection {number}", contender.name).into());
            }
            read += more;
        }
        kept.push(stream);
    }
    Ok(kept)
}
