//! Who is here, over a WebSocket; what was saved, over an event stream.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, Interval, MissedTickBehavior},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use super::{Answer, Body, Visit, page};
use crate::demo::upstream::{Upgraded, answer, full};

/// Events that a slow reader may be behind before it misses some.
const EVENTS_KEPT: usize = 64;
/// How often a silent stream says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Longest message that a visitor may send; the wiki needs none.
const MESSAGE_BYTES_MAX: usize = 1024;

/// Who is here, and who wants to know what happens.
pub(super) struct Live {
    here: Mutex<BTreeMap<u64, String>>,
    next: AtomicU64,
    names: watch::Sender<Arc<[String]>>,
    saves: broadcast::Sender<Arc<str>>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            here: Mutex::default(),
            next: AtomicU64::new(0),
            names: watch::Sender::new(Arc::from([])),
            saves: broadcast::Sender::new(EVENTS_KEPT),
        }
    }
}

impl Live {
    /// Tells all readers of the event stream that a page was saved.
    pub(super) fn saved(&self, slug: &str, title: &str, by: &str) {
        let event = json!({ "slug": slug, "title": title, "by": by }).to_string();
        // Nobody listening is no fault.
        let _ = self.saves.send(Arc::from(event));
    }

    /// The event stream.
    pub(super) fn event_stream(&self) -> Response<Body> {
        let body = Events::of(self.saves.subscribe()).boxed();
        let mut response = answer(StatusCode::OK, "text/event-stream", "");
        *response.body_mut() = body;
        response
    }

    /// The WebSocket.
    pub(super) fn web_socket(self: Arc<Self>, mut visit: Visit) -> Answer {
        let Some(accept) = accept_key(&visit.request) else {
            return page::missing("wiki").into();
        };
        let upgrade = hyper::upgrade::on(&mut visit.request);
        let name = visit.caller.display_name;
        let then: Upgraded = Box::pin(async move {
            if let Ok(upgraded) = upgrade.await {
                let config = WebSocketConfig::default()
                    .max_message_size(Some(MESSAGE_BYTES_MAX))
                    .max_frame_size(Some(MESSAGE_BYTES_MAX));
                let socket = WebSocketStream::from_raw_socket(
                    TokioIo::new(upgraded),
                    Role::Server,
                    Some(config),
                )
                .await;
                self.visit(socket, name).await;
            }
        });
        let mut response = Response::new(full(Bytes::new()));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        Answer {
            response,
            then: Some(then),
        }
    }

    async fn visit(
        &self,
        socket: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
        name: String,
    ) {
        let _present = self.enter(name);
        let mut names = self.names.subscribe();
        names.mark_changed();
        let mut heartbeat = heartbeat();
        let (mut to_visitor, mut from_visitor) = socket.split();
        loop {
            let message = tokio::select! {
                changed = names.changed() => match changed {
                    Ok(()) => {
                        let here: Vec<String> = names.borrow_and_update().to_vec();
                        Message::text(json!({ "here": here }).to_string())
                    }
                    Err(_) => return,
                },
                _ = heartbeat.tick() => Message::Ping(Bytes::new()),
                said = from_visitor.next() => match said {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => continue,
                },
            };
            if to_visitor.send(message).await.is_err() {
                return;
            }
        }
    }

    fn here(&self) -> MutexGuard<'_, BTreeMap<u64, String>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a visitor as here until the value is dropped.
    fn enter(&self, name: String) -> Present<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.here().insert(number, name);
        self.tell_names();
        Present { live: self, number }
    }

    fn tell_names(&self) {
        let mut names: Vec<String> = self.here().values().cloned().collect();
        names.sort_unstable();
        names.dedup();
        self.names.send_replace(Arc::from(names));
    }
}

/// A visitor who is here.
struct Present<'a> {
    live: &'a Live,
    number: u64,
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.live.here().remove(&self.number);
        self.live.tell_names();
    }
}

fn heartbeat() -> Interval {
    let mut interval = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn accept_key(request: &Request<Incoming>) -> Option<HeaderValue> {
    let headers = request.headers();
    let is = |headers: &HeaderMap, name, value: &str| {
        headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| v.eq_ignore_ascii_case(value))
    };
    if !is(headers, header::UPGRADE, "websocket")
        || !is(headers, header::SEC_WEBSOCKET_VERSION, "13")
    {
        return None;
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()
}

type Next = Pin<Box<dyn Future<Output = Option<(Bytes, Rest)>> + Send + Sync>>;
type Rest = Pin<Box<(broadcast::Receiver<Arc<str>>, Interval)>>;

/// The event stream as a body: what was saved, and a comment now and then.
struct Events(Option<Next>);

impl Events {
    fn of(saves: broadcast::Receiver<Arc<str>>) -> Self {
        let rest: Rest = Box::pin((saves, heartbeat()));
        let hello = Bytes::from_static(b": here\nretry: 3000\n\n");
        Self(Some(Box::pin(async move { Some((hello, rest)) })))
    }
}

async fn next_event(mut rest: Rest) -> Option<(Bytes, Rest)> {
    let (saves, heartbeat) = &mut *rest;
    let line = tokio::select! {
        event = saves.recv() => match event {
            Ok(event) => Bytes::from(format!("event: saved\ndata: {event}\n\n")),
            Err(broadcast::error::RecvError::Lagged(_)) => Bytes::from_static(b": some were missed\n\n"),
            Err(broadcast::error::RecvError::Closed) => return None,
        },
        _ = heartbeat.tick() => Bytes::from_static(b": here\n\n"),
    };
    Some((line, rest))
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(next) = self.0.as_mut() else {
            return Poll::Ready(None);
        };
        match next.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some((line, rest))) => {
                self.0 = Some(Box::pin(next_event(rest)));
                Poll::Ready(Some(Ok(Frame::data(line))))
            }
            Poll::Ready(None) => {
                self.0 = None;
                Poll::Ready(None)
            }
        }
    }
}
