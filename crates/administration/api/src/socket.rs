//! The socket: who may connect, by the kernel's word.

use std::{
    convert::Infallible,
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use gw_model::Principal;
use gw_pages::{Bodies, Room};
use gw_telemetry::Seldom;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{UnixListener, UnixStream, unix::UCred},
    sync::Semaphore,
    task::JoinSet,
};

use crate::{
    caller::Caller,
    endpoint::longest_body,
    service::{Administration, ApiRequest},
    types::Problem,
};

/// The socket's place below the data folder.
const FOLDER: &str = "run";
const SOCKET: &str = "admin.sock";

/// Connections at a time: who may connect is few.
const CONNECTIONS_MAX: usize = 32;
/// Bytes of bodies over the socket that are held at once.
const BODIES_BYTES_MAX: usize = 48 * 1024 * 1024;
/// When it is worth asking again where there was no room for a body.
const AGAIN_SECS: u16 = 2;
/// How long it rests after the system could not give it a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Longest time that a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest time that a request's head may take to arrive.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// The administration's socket: a service, and who may connect to it.
#[derive(Clone)]
pub struct Socket {
    service: Administration,
    bodies: Bodies,
    own_process: bool,
}

/// A socket that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", path.display())]
pub struct SocketError {
    action: &'static str,
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Socket {
    /// The socket of a service. Its own process may not connect: what it forwards to an app whose
    /// server is this socket comes from whoever asked, not from who runs it.
    pub fn new(service: Administration) -> Self {
        Self {
            service,
            bodies: Bodies::within(longest_body, Room::new(BODIES_BYTES_MAX, BODIES_BYTES_MAX)),
            own_process: false,
        }
    }

    /// Its own process may connect. For tests and measurements that are both ends and forward
    /// nothing.
    #[must_use]
    pub const fn open_to_own_process(mut self) -> Self {
        self.own_process = true;
        self
    }

    /// Where the socket of a data folder is.
    pub fn socket_in(data: &Path) -> PathBuf {
        data.join(FOLDER).join(SOCKET)
    }

    /// Makes the socket: mode 0600 in a folder of mode 0700. The data folder is ours and locked, so
    /// that a socket which is there already is one that a process before us left behind.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn bind(data: &Path) -> Result<UnixListener, SocketError> {
        let folder = data.join(FOLDER);
        let fault = |action, path: &Path| {
            let path = path.to_owned();
            move |source| SocketError {
                action,
                path,
                source,
            }
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(fault("make the folder", &folder))?;
        let only_ours = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
                .map_err(fault("close to others", path))
        };
        only_ours(&folder, 0o700)?;
        let path = folder.join(SOCKET);
        match std::fs::remove_file(&path) {
            Err(gone) if gone.kind() != io::ErrorKind::NotFound => {
                return Err(fault("remove the old socket", &path)(gone));
            }
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(fault("make the socket", &path))?;
        only_ours(&path, 0o600)?;
        Ok(listener)
    }

    /// Answers on the socket until the task is dropped, which closes its connections.
    ///
    /// A connection that cannot be taken, for want of descriptors, is tried again soon.
    ///
    /// # Errors
    /// None so far: it goes on.
    pub async fn serve(self, listener: &UnixListener) -> io::Result<()> {
        let failures = Seldom::default();
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        loop {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
                return Ok(());
            };
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(fault) => {
                    if let Some(kept_back) = failures.due() {
                        tracing::error!(%fault, kept_back, "the administration cannot take a connection; it is tried again");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            while connections.try_join_next().is_some() {}
            let connection = self.clone().connection(stream);
            connections.spawn(async move {
                connection.await;
                drop(slot);
            });
        }
    }

    async fn connection(self, stream: UnixStream) {
        let peer = stream.peer_cred().ok();
        let service = service_fn(move |request| {
            let this = self.clone();
            async move { Ok::<_, Infallible>(this.answer(peer, request).await.map(Full::new)) }
        });
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME_MAX)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(fault) = served {
            tracing::debug!(%fault, "an administration connection ended early");
        }
    }

    async fn answer(&self, peer: Option<UCred>, request: Request<Incoming>) -> Response<Bytes> {
        match self.received(peer, request).await {
            Ok(request) => self.service.answer(request).await,
            Err(problem) => problem.response(),
        }
    }

    async fn received(
        &self,
        peer: Option<UCred>,
        request: Request<Incoming>,
    ) -> Result<ApiRequest, Problem> {
        if !self.own_process && peer.is_some_and(is_own_process) {
            tracing::warn!(
                "an app's server is the administration's own socket; nothing is answered there"
            );
            return Err(forwarded());
        }
        let uid = peer.map(|peer| peer.uid());
        let uid = uid
            .filter(|uid| Self::may_connect(*uid))
            .ok_or_else(|| not_let_in(uid))?;
        let (head, body) = request.into_parts();
        let most = longest_body(&head.method, head.uri.path());
        let told = body.size_hint().upper();
        let told = told.map_or(most, |told| usize::try_from(told).unwrap_or(usize::MAX));
        if told > most {
            return Err(Problem::too_large(most));
        }
        let path = head.uri.path();
        let place = self.bodies.place(Principal::Local(uid), path, told);
        let place = place.map_err(|_| Problem::busy(AGAIN_SECS))?;
        Ok(ApiRequest {
            caller: Caller::local(uid),
            path: head.uri.path().into(),
            query: head.uri.query().unwrap_or_default().into(),
            method: head.method,
            headers: head.headers,
            body: place.filled(collected(body, most).await?),
        })
    }

    pub(crate) fn may_connect(uid: u32) -> bool {
        let own = rustix::process::geteuid().as_raw();
        uid == 0 || uid == own
    }
}

fn is_own_process(peer: UCred) -> bool {
    let own = rustix::process::getpid().as_raw_nonzero().get();
    peer.pid() == Some(own)
}

fn forwarded() -> Problem {
    Problem::denied("this comes through Gatewright itself, and nobody administers it that way")
        .help("the app's server is the administration's own socket: give it another server")
}

fn not_let_in(peer: Option<u32>) -> Problem {
    let who = peer.map_or_else(|| "nobody known".to_owned(), |uid| format!("uid {uid}"));
    Problem::denied(format!(
        "{who} may not administer Gatewright on this machine"
    ))
    .help(
        "run the command as root or as the user that runs Gatewright: `sudo -u USER gatewright …`",
    )
}

async fn collected(body: Incoming, most: usize) -> Result<Bytes, Problem> {
    let collecting = Limited::new(body, most).collect();
    match tokio::time::timeout(BODY_TIME_MAX, collecting).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(fault)) if fault.is::<LengthLimitError>() => Err(Problem::too_large(most)),
        Ok(Err(_)) => Err(Problem::invalid("the request is broken off")),
        Err(_) => Err(Problem::invalid(
            "the request took longer than 30 seconds to arrive",
        )),
    }
}
