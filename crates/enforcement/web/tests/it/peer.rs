//! Upstreams made with hyper: over TCP, TLS or a Unix socket, HTTP/1.1 or HTTP/2.

use std::{
    convert::Infallible,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use gw_model::{Servers, Timestamp, Upstream};
use gw_tls::{TrustFiles, TrustStore};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener},
    sync::{mpsc, watch},
};
use tokio_rustls::TlsAcceptor;

/// What reached it.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// An upstream at work.
#[derive(Clone)]
pub(crate) struct Peer {
    /// `host:port` or a path.
    pub(crate) place: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// What became of bodies: what came of each, and whether to the end.
    pub(crate) bodies: Bodies,
    /// Connections opened so far, and open ones.
    pub(crate) connected: watch::Sender<(usize, usize)>,
    /// Changed when it leaves its connections of HTTP/2 (GOAWAY).
    pub(crate) leaves: watch::Sender<()>,
    /// Changed when what waits in an answer goes on.
    pub(crate) goes_on: watch::Sender<()>,
    streams_max: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    InOrder,
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    H1,
    H2,
}

impl Peer {
    fn at(place: String) -> Self {
        Self {
            place,
            heard: Arc::default(),
            bodies: Arc::default(),
            connected: watch::Sender::new((0, 0)),
            leaves: watch::Sender::new(()),
            goes_on: watch::Sender::new(()),
            streams_max: 200,
        }
    }

    /// Without TLS.
    pub(crate) async fn plain(speaks: Speaks) -> Self {
        Self::plain_with(speaks, 200).await
    }

    /// Without TLS, with so many streams on a connection at the most.
    pub(crate) async fn plain_with(speaks: Speaks, streams_max: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = Self::at(listener.local_addr().unwrap().to_string());
        peer.streams_max = streams_max;
        let served = peer.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                served.clone().spawn(socket, speaks);
            }
        });
        peer
    }

    pub(crate) fn unix(path: &Path, speaks: Speaks) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let peer = Self::at(path.to_str().unwrap().to_owned());
        let served = peer.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                served.clone().spawn(socket, speaks);
            }
        });
        peer
    }

    pub(crate) async fn tls(config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Self::at(listener.local_addr().unwrap().to_string());
        let served = peer.clone();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (peer, acceptor) = (served.clone(), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(socket).await else {
                        return;
                    };
                    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    peer.spawn(stream, if h2 { Speaks::H2 } else { Speaks::H1 });
                });
            }
        });
        peer
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Heard {
        self.heard().pop().expect("something reached the upstream")
    }

    fn spawn<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S, speaks: Speaks) {
        tokio::spawn(async move {
            self.connected
                .send_modify(|(all, open)| (*all, *open) = (*all + 1, *open + 1));
            let peer = self.clone();
            let service = service_fn(move |request| peer.clone().answer(request));
            let io = TokioIo::new(stream);
            // However it ends, the connection is over.
            let _ = match speaks {
                Speaks::H1 => {
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(io, service)
                        .with_upgrades()
                        .await
                }
                Speaks::H2 => {
                    let mut leaves = self.leaves.subscribe();
                    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .max_concurrent_streams(self.streams_max)
                        .serve_connection(io, service);
                    let mut connection = std::pin::pin!(connection);
                    tokio::select! {
                        ended = connection.as_mut() => ended,
                        _ = leaves.changed() => {
                            connection.as_mut().graceful_shutdown();
                            connection.await
                        }
                    }
                }
            };
            self.connected.send_modify(|(_, open)| *open -= 1);
        });
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, Reset> {
        let (parts, body) = request.into_parts();
        self.heard.lock().unwrap().push(Heard {
            uri: parts.uri.to_string(),
            headers: parts.headers.clone(),
        });
        let whole = |text: String| {
            let body = Full::new(Bytes::from(text)).map_err(|never| match never {});
            Response::new(Body::new(body))
        };
        let path = parts.uri.path();
        match path.strip_prefix("/api").unwrap_or(path) {
            "/echo" => Ok(Response::new(self.echo(body))),
            "/hold" => {
                // Neither read nor answered: until it is given up.
                let _held = (GivenUp(Some(self.bodies.clone())), body);
                std::future::pending().await
            }
            "/big-head" => {
                let mut answer = whole("hello".into());
                let value = HeaderValue::try_from("x".repeat(20_000)).unwrap();
                answer.headers_mut().insert("x-big", value);
                Ok(answer)
            }
            "/still" => {
                let begun =
                    futures_util::stream::iter([Ok(Frame::data(Bytes::from_static(b"begun")))]);
                let still = futures_util::stream::pending();
                let body = StreamBody::new(futures_util::StreamExt::chain(begun, still));
                Ok(Response::new(Body::new(body)))
            }
            "/endless" => {
                let piece = Bytes::from_static(&[b'e'; 16 * 1024]);
                let pieces =
                    futures_util::stream::repeat_with(move || Ok(Frame::data(piece.clone())));
                Ok(Response::new(Body::new(StreamBody::new(pieces))))
            }
            "/refuse" => Err(Reset(h2::Reason::REFUSED_STREAM.into())),
            "/calm" => Err(Reset(h2::Reason::ENHANCE_YOUR_CALM.into())),
            "/reset" | "/calm-later" => {
                let reason = match path {
                    "/reset" => h2::Reason::PROTOCOL_ERROR,
                    _ => h2::Reason::ENHANCE_YOUR_CALM,
                };
                let begun = Ok(Frame::data(Bytes::from_static(b"begun")));
                let begun = futures_util::stream::iter([begun]);
                let mut goes_on = self.goes_on.subscribe();
                let then = futures_util::stream::once(async move {
                    goes_on.changed().await.expect("the test goes on");
                    Err(Reset(reason.into()))
                });
                let body = StreamBody::new(futures_util::StreamExt::chain(begun, then));
                Ok(Response::new(Body::new(body)))
            }
            "/ill" => {
                let mut answer = whole("ill".into());
                *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                Ok(answer)
            }
            _ => {
                let mut given_up = GivenUp(Some(self.bodies.clone()));
                if let Ok(collected) = body.collect().await {
                    given_up.0 = None;
                    let trailers = collected.trailers().cloned();
                    let bytes = collected.to_bytes().to_vec();
                    let body = (bytes, trailers, Ended::InOrder);
                    self.bodies.lock().unwrap().push(body);
                }
                Ok(whole(format!("hello over {:?}", parts.version)))
            }
        }
    }

    /// Gives back each piece as it comes, and trailers of its own behind them.
    fn echo(&self, mut body: Incoming) -> Body {
        let (pieces, given) = mpsc::channel::<Result<Frame<Bytes>, Reset>>(1);
        let bodies = self.bodies.clone();
        tokio::spawn(async move {
            let (mut all, mut theirs) = (Vec::new(), None);
            while let Some(frame) = body.frame().await {
                let Ok(frame) = frame else {
                    bodies.lock().unwrap().push((all, theirs, Ended::Broken));
                    return;
                };
                match frame.into_data() {
                    Ok(data) => {
                        all.extend_from_slice(&data);
                        if pieces.send(Ok(Frame::data(data))).await.is_err() {
                            bodies.lock().unwrap().push((all, theirs, Ended::Broken));
                            return;
                        }
                    }
                    Err(frame) => theirs = frame.into_trailers().ok(),
                }
            }
            bodies.lock().unwrap().push((all, theirs, Ended::InOrder));
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            trailers.insert("set-cookie", HeaderValue::from_static("evil=1"));
            // Whoever asked may be gone.
            let _ = pieces.send(Ok(Frame::trailers(trailers))).await;
        });
        let stream = futures_util::stream::unfold(given, |mut given| async move {
            given.recv().await.map(|piece| (piece, given))
        });
        Body::new(StreamBody::new(stream))
    }
}

type Body = UnsyncBoxBody<Bytes, Reset>;

type Bodies = Arc<Mutex<Vec<(Vec<u8>, Option<HeaderMap>, Ended)>>>;

/// Tells of a body that did not come to its end.
struct GivenUp(Option<Bodies>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        if let Some(bodies) = &self.0 {
            let given_up = (Vec::new(), None, Ended::Broken);
            bodies.lock().unwrap().push(given_up);
        }
    }
}

/// An answer that ends with a reset of its stream.
#[derive(Debug, thiserror::Error)]
#[error("reset")]
pub(crate) struct Reset(#[source] h2::Error);

impl From<Infallible> for Reset {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// An authority of a test's own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    root: CertificateDer<'static>,
}

/// A certificate with its key, in PEM form.
pub(crate) struct Issued {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            root: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    pub(crate) fn issue(&self, name: &str) -> Issued {
        self.issue_until(name, 4000)
    }

    /// Until the first day of a year.
    pub(crate) fn issue_until(&self, name: &str, year: i32) -> Issued {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Issued {
            chain: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        roots
    }
}

/// A server's side, with the protocols that it speaks in their order.
pub(crate) fn server(issued: &Issued, alpn: &[&str], clients: Option<&Authority>) -> ServerConfig {
    let provider = gw_tls::provider();
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let roots = Arc::new(authority.roots());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = CertificateDer::pem_slice_iter(issued.chain.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let mut config = builder
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|p| p.as_bytes().to_vec()).collect();
    config
}

/// Files that say whom the wiki's servers are believed by.
pub(crate) fn trust_files(
    folder: &Path,
    ca: Option<&Authority>,
    client: Option<&Issued>,
) -> TrustFiles {
    let write = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    TrustFiles {
        app: "wiki".parse().unwrap(),
        ca: ca.map(|authority| write("ca.pem", &authority.pem)),
        client: client.map(|issued| {
            (
                write("client.pem", &issued.chain),
                write("client.key", &issued.key),
            )
        }),
        dangerous_accept_any_certificate: ca.is_none(),
    }
}

pub(crate) fn trust(files: TrustFiles) -> TrustStore {
    let now = Timestamp::from_secs(1_800_000_000);
    TrustStore::load(vec![files], now).unwrap()
}

/// Servers by their addresses, with nothing special about them.
pub(crate) fn at(addresses: &[&str]) -> Servers {
    let mut servers = Servers::one(addresses[0].parse().unwrap());
    for address in &addresses[1..] {
        let more = Servers::one(address.parse().unwrap());
        servers.servers.extend(more.servers);
    }
    servers
}

pub(crate) fn upstream(servers: Servers) -> Upstream {
    servers.into()
}

/// An address that nobody listens on.
pub(crate) async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

pub(crate) const LONG: Duration = Duration::from_secs(3600);
