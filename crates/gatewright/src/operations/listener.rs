//! The listener: few connections, one short request on each.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use gw_telemetry::Seldom;
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

use super::answer::Desk;

/// Connections at a time. The oldest makes way for another: nobody keeps others from health by
/// asking nothing.
const CONNECTIONS_MAX: usize = 16;
/// The time for a request's head.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// The time for a whole connection.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(15);
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// How long it rests after the system could not give it a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers until the task is dropped, which closes its connections.
pub(super) async fn serve(listener: &TcpListener, desk: &Arc<Desk>) {
    let failures = Seldom::default();
    let mut connections = JoinSet::new();
    let mut oldest_first = VecDeque::<AbortHandle>::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(fault) => {
                if let Some(kept_back) = failures.due() {
                    tracing::error!(%fault, kept_back, "health and numbers cannot take a connection; it is tried again");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        oldest_first.retain(|connection| !connection.is_finished());
        if oldest_first.len() >= CONNECTIONS_MAX
            && let Some(oldest) = oldest_first.pop_front()
        {
            oldest.abort();
        }
        let desk = Arc::clone(desk);
        let handle = connections.spawn(async move {
            let served = tokio::time::timeout(CONNECTION_TIME_MAX, connection(stream, desk)).await;
            if served.is_err() {
                tracing::debug!("a connection for health or numbers took too long");
            }
        });
        oldest_first.push_back(handle);
    }
}

async fn connection(stream: TcpStream, desk: Arc<Desk>) {
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let desk = Arc::clone(&desk);
        async move {
            let answer = desk.answer(request.method(), request.uri().path()).await;
            Ok::<_, Infallible>(answer.map(Full::new))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(fault) = served {
        tracing::debug!(%fault, "a connection for health or numbers ended early");
    }
}
