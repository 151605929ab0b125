//! Opening a connection to a server: the one place that does.

use std::{cell::RefCell, io, rc::Rc, sync::Arc};

use gw_model::Transport;
use rustls::{ClientConfig, client::Resumption, pki_types::ServerName};
use tokio::{
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{fault::UpstreamFault, io::Io, server::Server};
use crate::cut_io::CutIo;

/// TLS sessions with one server that are resumed.
const SESSIONS_MAX: usize = 8;

/// What is offered to a server over TLS (ALPN).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    H1,
    H2,
    Both,
}

impl Offer {
    fn alpn(self) -> Vec<Vec<u8>> {
        let (h1, h2) = (b"http/1.1".to_vec(), b"h2".to_vec());
        match self {
            Self::H1 => vec![h1],
            Self::H2 => vec![h2],
            Self::Both => vec![h2, h1],
        }
    }
}

/// A connection on which nothing has been said yet.
pub(super) struct Opened {
    pub(super) io: Io,
    /// The server chose HTTP/2.
    pub(super) chose_h2: bool,
}

/// How handshakes with a server are made, by what is offered: a thread's own, so that sessions
/// to be resumed are shared with nobody, and made anew when the app's trust has changed.
#[derive(Default)]
pub(super) struct Handshakes(RefCell<Vec<(u64, Offer, Arc<ClientConfig>)>>);

impl Handshakes {
    fn with(&self, server: &Server, offer: Offer) -> Option<Arc<ClientConfig>> {
        let generation = server.shared().trust.generation();
        let mut made = self.0.borrow_mut();
        made.retain(|(of, ..)| *of == generation);
        if let Some((.., config)) = made.iter().find(|(_, of, _)| *of == offer) {
            return Some(config.clone());
        }
        let shared = server.shared();
        let mut config = (*shared.trust.of(&shared.app)?).clone();
        config.alpn_protocols = offer.alpn();
        config.resumption = Resumption::in_memory_sessions(SESSIONS_MAX);
        let config = Arc::new(config);
        made.push((generation, offer, config.clone()));
        Some(config)
    }
}

/// Opens a connection, within the time that there is for it.
pub(super) async fn open(server: &Rc<Server>, offer: Offer) -> Result<Opened, UpstreamFault> {
    server.shared().metrics.upstream_connections.add(1);
    let opening = async {
        match server.address().transport() {
            Transport::Unix => unix(server).await,
            Transport::Https => tls(server, offer).await,
            Transport::Http | Transport::H2c => Ok(Opened {
                io: Io::tcp(tcp(server).await?),
                chose_h2: false,
            }),
        }
    };
    let limit = server.shared().bounds.connect;
    timeout(limit, opening).await.unwrap_or_else(|_| {
        Err(UpstreamFault::ConnectTimeout {
            address: server.name().clone(),
        })
    })
}

fn unreachable(server: &Server, source: io::Error) -> UpstreamFault {
    UpstreamFault::Unreachable {
        address: server.name().clone(),
        source,
    }
}

async fn tcp(server: &Server) -> Result<CutIo<TcpStream>, UpstreamFault> {
    #[expect(clippy::disallowed_methods, reason = "this is the upstream module")]
    let connecting = TcpStream::connect(&**server.address().place());
    let socket = connecting.await.map_err(|why| unreachable(server, why))?;
    Ok(CutIo::to_server(socket))
}

async fn unix(server: &Server) -> Result<Opened, UpstreamFault> {
    let connecting = UnixStream::connect(&**server.address().place());
    let socket = connecting.await.map_err(|why| unreachable(server, why))?;
    Ok(Opened {
        io: Io::unix(CutIo::untuned(socket)),
        chose_h2: false,
    })
}

async fn tls(server: &Server, offer: Offer) -> Result<Opened, UpstreamFault> {
    let fault = |source| UpstreamFault::Tls {
        address: server.name().clone(),
        source,
    };
    let config = server.handshakes().with(server, offer).ok_or_else(|| {
        fault(io::Error::other(
            "this gateway's configuration does not say whom to believe",
        ))
    })?;
    let name =
        name(server).ok_or_else(|| fault(io::Error::other("its name is no server's name")))?;
    let io = tcp(server).await?;
    let stream = TlsConnector::from(config)
        .connect(name, io)
        .await
        .map_err(fault)?;
    let chosen = stream.get_ref().1.alpn_protocol();
    let chose_h2 = chosen == Some(b"h2");
    if offer == Offer::H2 && !chose_h2 {
        return Err(UpstreamFault::Protocol {
            address: server.name().clone(),
            wanted: "HTTP/2",
        });
    }
    Ok(Opened {
        io: Io::tls(stream),
        chose_h2,
    })
}

/// The name that the server's certificate must be for.
fn name(server: &Server) -> Option<ServerName<'static>> {
    let given = server.shared().server_name.as_deref();
    let name = given.or_else(|| server.address().host())?;
    ServerName::try_from(name.to_owned()).ok()
}
