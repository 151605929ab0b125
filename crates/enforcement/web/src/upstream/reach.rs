//! Whether a server can be reached and is believed, for whoever asks before anything is sent there.

use std::{io, sync::Arc, time::Duration};

use gw_model::{ServerAddress, Transport};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// A server that cannot be spoken with.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// No connection.
    #[error("it cannot be reached: {0}")]
    Connect(io::Error),
    /// It is not who it should be, or speaks no TLS that is accepted.
    #[error("it is reached, but not believed: {0}")]
    Tls(io::Error),
    /// Neither in time.
    #[error("it does not answer within {} s", .0.as_secs())]
    Time(Duration),
}

/// Opens a connection to a server as one that carries requests is opened, and closes it again.
/// `tls` says how a server over TLS is believed, `server_name` for which name where it is not
/// the address's own.
///
/// # Errors
/// When it cannot be opened within the time.
pub async fn reach(
    address: &ServerAddress,
    server_name: Option<&str>,
    tls: Option<Arc<ClientConfig>>,
    limit: Duration,
) -> Result<(), Unreached> {
    let reached = timeout(limit, open(address, server_name, tls)).await;
    reached.unwrap_or(Err(Unreached::Time(limit)))
}

async fn open(
    address: &ServerAddress,
    server_name: Option<&str>,
    tls: Option<Arc<ClientConfig>>,
) -> Result<(), Unreached> {
    let place = &**address.place();
    if address.transport() == Transport::Unix {
        let connected = UnixStream::connect(place).await;
        return connected.map(drop).map_err(Unreached::Connect);
    }
    #[expect(clippy::disallowed_methods, reason = "this is the upstream module")]
    let connecting = TcpStream::connect(place);
    let socket = connecting.await.map_err(Unreached::Connect)?;
    if address.transport() != Transport::Https {
        return Ok(());
    }
    let refused = |why: &str| Unreached::Tls(io::Error::other(why.to_owned()));
    let tls = tls.ok_or_else(|| refused("the configuration does not say whom to believe"))?;
    let name = server_name.or_else(|| address.host()).unwrap_or_default();
    let name = ServerName::try_from(name.to_owned());
    let name = name.map_err(|_| refused("its name is no server's name"))?;
    let stream = TlsConnector::from(tls).connect(name, socket).await;
    stream.map(drop).map_err(Unreached::Tls)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    async fn reached(address: &str) -> Result<(), Unreached> {
        reach(&address.parse().unwrap(), None, None, SOON).await
    }

    #[tokio::test]
    async fn a_server_is_reached_where_somebody_listens_and_else_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        reached(&address).await.unwrap();
        drop(listener);
        let fault = reached(&address).await.unwrap_err();
        assert!(matches!(fault, Unreached::Connect(_)), "{fault}");
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("app.sock");
        let address = format!("unix://{}", socket.display());
        assert!(reached(&address).await.is_err());
        let _listener = tokio::net::UnixListener::bind(&socket).unwrap();
        reached(&address).await.unwrap();
    }

    #[tokio::test]
    async fn a_server_over_tls_is_believed_only_as_somebody_says() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let fault = reached(&address).await.unwrap_err();
        assert!(fault.to_string().contains("whom to believe"), "{fault}");
    }

    #[tokio::test]
    async fn one_that_does_not_answer_is_not_waited_for_long() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}", listener.local_addr().unwrap());
        let roots = rustls::RootCertStore::empty();
        let config = ClientConfig::builder_with_provider(gw_tls::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let address = address.parse().unwrap();
        let limit = Duration::from_millis(50);
        let fault = reach(&address, None, Some(Arc::new(config)), limit).await;
        assert!(matches!(fault, Err(Unreached::Time(_))), "{fault:?}");
    }
}
