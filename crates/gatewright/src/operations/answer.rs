//! What is answered to whom: three paths, for reading.

use std::time::{Duration, Instant};

use bytes::Bytes;
use gw_telemetry::Exposition;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;
use tokio::sync::Mutex;

use super::{
    Watched,
    disk::Disk,
    figures,
    health::{self, Fault},
};

/// A page of numbers is told again for so long: asking more often costs nothing more.
const FRESH: Duration = Duration::from_secs(1);

/// What answers need.
pub(super) struct Desk {
    watched: Watched,
    disk: Disk,
    page: Mutex<Option<(Instant, Bytes)>>,
}

impl Desk {
    pub(super) fn new(watched: Watched, disk: Disk) -> Self {
        Self {
            watched,
            disk,
            page: Mutex::default(),
        }
    }

    pub(super) async fn answer(&self, method: &Method, path: &str) -> Response<Bytes> {
        if ![Method::GET, Method::HEAD].contains(method) {
            let mut refused = said(
                StatusCode::METHOD_NOT_ALLOWED,
                "this is for reading: GET or HEAD\n",
            );
            let allow = HeaderValue::from_static("GET, HEAD");
            refused.headers_mut().insert(header::ALLOW, allow);
            return refused;
        }
        match path {
            "/healthz" => state("healthy", &health::unwell(&self.watched)),
            "/readyz" => state("ready", &health::unready(&self.watched)),
            "/metrics" => answered(StatusCode::OK, Exposition::CONTENT_TYPE, self.page().await),
            _ => said(
                StatusCode::NOT_FOUND,
                "there are /healthz, /readyz and /metrics\n",
            ),
        }
    }

    async fn page(&self) -> Bytes {
        let mut page = self.page.lock().await;
        if let Some((made, bytes)) = page.as_ref()
            && made.elapsed() < FRESH
        {
            return bytes.clone();
        }
        let bytes = Bytes::from(figures::page(&self.watched, &self.disk.seen()));
        *page = Some((Instant::now(), bytes.clone()));
        bytes
    }
}

/// Well, or with all that is not.
fn state(word: &str, faults: &[Fault]) -> Response<Bytes> {
    let status = match faults.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = json!({ word: faults.is_empty(), "faults": faults });
    answered(status, "application/json", format!("{body}\n").into())
}

fn said(status: StatusCode, words: &'static str) -> Response<Bytes> {
    answered(status, "text/plain; charset=utf-8", words.into())
}

fn answered(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        answer
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    answer
}
