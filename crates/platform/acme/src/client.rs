//! What is sent to the authority, and how much of its answers is read.

mod origins;
mod wait;

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use gw_tls::ClientConfig;
use http::{HeaderValue, Request, Response, header, uri::PathAndQuery};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use self::origins::{Origin, Origins};
pub(crate) use self::{origins::of_directory, wait::bound as bound_wait};
use crate::{keeper::Clock, settings::Settings};

/// The time to connect, with TLS.
const CONNECT: Duration = Duration::from_secs(10);
/// The time for a request and its whole answer.
const EXCHANGE: Duration = Duration::from_secs(30);
/// The largest answer; certificates with their chain are some kilobytes.
const ANSWER_BYTES: usize = 256 * 1024;
/// The largest head of an answer.
const HEAD_BYTES: usize = 64 * 1024;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientFault {
    /// It does not lead where the authority said that it is.
    #[error("`{0}` is not `https` at an address that its directory names")]
    Elsewhere(String),
    /// The directory is none.
    #[error("its directory cannot be used: {0}")]
    Directory(String),
    /// No connection.
    #[error("`{0}` cannot be connected to: {1}")]
    Connect(String, io::Error),
    /// The server is not believed, or does not speak TLS.
    #[error("`{0}` is not believed: {1}")]
    Tls(String, io::Error),
    /// The answer broke off, or is none.
    #[error("`{0}` does not answer in order: {1}")]
    Broken(String, hyper::Error),
    /// The answer could not be read to its end.
    #[error("the answer of `{0}` cannot be read: {1}")]
    Answer(String, String),
    /// Too slow.
    #[error("`{origin}` does not answer within {} s", within.as_secs())]
    Slow {
        /// Who.
        origin: String,
        /// The time that it had.
        within: Duration,
    },
}

/// Speaks to one authority.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    tls: Arc<ClientConfig>,
    directory: String,
    origins: Mutex<Origins>,
    wait: Mutex<Option<Duration>>,
    now: Clock,
}

impl Client {
    pub(crate) fn new(settings: &Settings, tls: ClientConfig, now: Clock) -> Self {
        Self(Arc::new(Shared {
            tls: Arc::new(tls),
            directory: settings.directory.clone(),
            origins: Mutex::new(Origins::of(&settings.directory)),
            wait: Mutex::default(),
            now,
        }))
    }

    /// How long the authority asked to wait with its last refusal.
    pub(crate) fn asked_to_wait(&self) -> Option<Duration> {
        *self.0.wait.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let answer = shared.exchange(request).await;
            answer
                .map(BytesResponse::from)
                .map_err(|fault| Error::Other(Box::new(fault)))
        })
    }
}

impl Shared {
    async fn exchange(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Result<Response<Full<Bytes>>, ClientFault> {
        let url = request.uri().to_string();
        let origin = Origin::of(request.uri())
            .filter(|origin| self.origins().allow(origin))
            .ok_or_else(|| ClientFault::Elsewhere(crate::fault::plain(&url)))?;
        let is_directory = url == self.directory;
        let asked = ask(&self.tls, &origin, request);
        let mut answer = match timeout(EXCHANGE, asked).await {
            Ok(answer) => answer?,
            Err(_) => return Err(slow(&origin, EXCHANGE)),
        };
        let wait = bound_wait(answer.headers_mut(), (self.now)());
        if !answer.status().is_success() {
            *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = wait;
        }
        if is_directory {
            let listed = of_directory(answer.status(), answer.body())?;
            self.origins().extend(listed);
        }
        Ok(answer.map(Full::new))
    }

    fn origins(&self) -> std::sync::MutexGuard<'_, Origins> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slow(origin: &Origin, within: Duration) -> ClientFault {
    ClientFault::Slow {
        origin: origin.to_string(),
        within,
    }
}

/// One request on a connection of its own.
async fn ask(
    tls: &Arc<ClientConfig>,
    origin: &Origin,
    request: Request<BodyWrapper<Bytes>>,
) -> Result<Response<Bytes>, ClientFault> {
    let connecting = connect(tls, origin);
    let io = match timeout(CONNECT, connecting).await {
        Ok(io) => io?,
        Err(_) => return Err(slow(origin, CONNECT)),
    };
    let broken = |fault| ClientFault::Broken(origin.to_string(), fault);
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(io))
        .await
        .map_err(broken)?;
    let request = as_sent(origin, request);
    let asking = async {
        let (head, body) = sender
            .send_request(request)
            .await
            .map_err(broken)?
            .into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await;
        let body = body.map_err(|fault| {
            let why = match fault.is::<LengthLimitError>() {
                true => format!("it is longer than {} KiB", ANSWER_BYTES / 1024),
                false => fault.to_string(),
            };
            ClientFault::Answer(origin.to_string(), why)
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    driven(asking, connection).await
}

/// Waits for an answer while its connection is looked after, here and in no task of its own.
pub(crate) async fn driven<T>(asking: impl Future<Output = T>, connection: impl Future) -> T {
    tokio::pin!(asking, connection);
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            answer = &mut asking => return answer,
            _ = &mut connection, if open => open = false,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that connects to the authority, and to nobody else: see `Origins`"
)]
async fn connect(
    tls: &Arc<ClientConfig>,
    origin: &Origin,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, ClientFault> {
    let stream = TcpStream::connect((origin.host(), origin.port()))
        .await
        .map_err(|fault| ClientFault::Connect(origin.to_string(), fault))?;
    let not_believed = |fault| ClientFault::Tls(origin.to_string(), fault);
    let name = ServerName::try_from(origin.host().to_owned())
        .map_err(|fault| not_believed(io::Error::other(fault)))?;
    let connector = TlsConnector::from(Arc::clone(tls));
    connector.connect(name, stream).await.map_err(not_believed)
}

/// In the form that HTTP/1.1 wants: a path, and the host beside it.
fn as_sent(
    origin: &Origin,
    mut request: Request<BodyWrapper<Bytes>>,
) -> Request<BodyWrapper<Bytes>> {
    let path = request.uri().path_and_query().cloned();
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = path.into();
    let headers = request.headers_mut();
    if let Ok(host) = HeaderValue::from_str(&origin.authority()) {
        headers.insert(header::HOST, host);
    }
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static(concat!("gatewright/", env!("CARGO_PKG_VERSION"))),
    );
    request
}
