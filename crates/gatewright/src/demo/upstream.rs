//! The apps behind the demo's gateway: small, real, and without a login of their own.
//!
//! Each listens on a loopback port of its own and believes only the signed assertion that
//! comes with a request, checked against the published keys. Who visits one directly is told so.

mod assertion;
mod page;
mod payroll;
mod reports;
mod wiki;

use std::{convert::Infallible, future::Future, net::SocketAddr, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

use assertion::Caller;
pub(super) use assertion::{Checker, Now};
pub(super) use payroll::Payroll;
pub(super) use reports::Reports;
pub(super) use wiki::Wiki;

/// Connections that one demo app holds at a time.
const CONNECTIONS_MAX: usize = 256;

/// What the demo apps answer with.
pub(super) type Body = BoxBody<Bytes, Infallible>;

/// Work that goes on on a connection after it has become something else than HTTP.
pub(super) type Upgraded = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An answer, and what becomes of the connection after it.
pub(super) struct Answer {
    response: Response<Body>,
    then: Option<Upgraded>,
}

impl From<Response<Body>> for Answer {
    fn from(response: Response<Body>) -> Self {
        Self {
            response,
            then: None,
        }
    }
}

/// A request whose sender is known.
pub(super) struct Visit {
    pub(super) caller: Caller,
    pub(super) request: Request<Incoming>,
}

/// One of the demo's apps.
pub(super) trait DemoApp: Send + Sync + 'static {
    /// Its name in policies, which is the audience of its assertions.
    const NAME: &'static str;

    /// Answers a request from somebody whom Gatewright let in.
    fn answer(self: Arc<Self>, visit: Visit) -> impl Future<Output = Answer> + Send;
}

/// Serves an app until the task is dropped, which closes its connections.
pub(super) async fn serve<A: DemoApp>(
    listener: &TcpListener,
    app: Arc<A>,
    checker: Arc<Checker>,
) -> std::io::Result<()> {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return Ok(());
        };
        let (stream, _) = listener.accept().await?;
        while connections.try_join_next().is_some() {}
        let connection = connection(stream, Arc::clone(&app), Arc::clone(&checker));
        connections.spawn(async move {
            connection.await;
            drop(slot);
        });
    }
}

async fn connection<A: DemoApp>(stream: TcpStream, app: Arc<A>, checker: Arc<Checker>) {
    let (then, mut upgraded) = tokio::sync::mpsc::channel::<Upgraded>(1);
    let service = service_fn(move |request| {
        let (app, checker, then) = (Arc::clone(&app), Arc::clone(&checker), then.clone());
        async move {
            let answer = admit(app, &checker, request).await;
            if let Some(work) = answer.then {
                // One connection is upgraded at most once, so there is room.
                let _ = then.try_send(work);
            }
            Ok::<_, Infallible>(answer.response)
        }
    });
    let served = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if served.is_ok()
        && let Some(work) = upgraded.recv().await
    {
        work.await;
    }
}

async fn admit<A: DemoApp>(app: Arc<A>, checker: &Checker, request: Request<Incoming>) -> Answer {
    if let Some(asset) = page::asset(request.method(), request.uri().path()) {
        return asset.into();
    }
    match checker.caller(request.headers(), A::NAME) {
        Ok(caller) => app.answer(Visit { caller, request }).await,
        Err(refused) => page::only_through_the_gate(A::NAME, &refused).into(),
    }
}

/// A loopback port of the system's choosing.
///
/// # Errors
/// Where the system has none.
pub(super) async fn listen() -> std::io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed()
}

fn answer(status: StatusCode, kind: &'static str, bytes: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(page::CONTENT_SECURITY_POLICY),
    );
    response
}

fn see_other(location: &str) -> Response<Body> {
    let mut response = answer(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "");
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

#[cfg(test)]
mod tests;
