//! Whether a host's plain HTTP leads to a Gatewright, as an authority would find it.

use std::time::Duration;

use bytes::Bytes;
use gw_outbound::{Origin, OutboundFault, Purpose, exchange};
use http::{Method, Request, header};
use http_body_util::Empty;
use tokio::time::timeout;

/// Where nobody's token is: what is pending is longer.
const NOBODY: &str = "/.well-known/acme-challenge/doctor";

/// Why a host's plain HTTP does not lead here.
#[derive(Debug, thiserror::Error)]
pub enum Unseen {
    /// Nobody answers, or not as HTTP does.
    #[error("nobody answers there: {0}")]
    Unreached(#[from] OutboundFault),
    /// Something else answers.
    #[error("something else answers there ({0})")]
    Other(String),
    /// Too slow.
    #[error("nothing answers there within {} s", .0.as_secs())]
    Slow(Duration),
}

/// Asks a host as an authority would, for a token that nobody has: a Gatewright shows the way to
/// HTTPS.
///
/// # Errors
/// Where nobody, or something else, answers.
pub async fn leads_here(host: &str, port: u16, patience: Duration) -> Result<(), Unseen> {
    match timeout(patience, ask(host, port)).await {
        Ok(seen) => seen,
        Err(_) => Err(Unseen::Slow(patience)),
    }
}

async fn ask(host: &str, port: u16) -> Result<(), Unseen> {
    let request = Request::builder()
        .method(Method::HEAD)
        .uri(NOBODY)
        .body(Empty::<Bytes>::new())
        .map_err(|fault| Unseen::Other(fault.to_string()))?;
    let origin = Origin::plain(host, port);
    let answer = exchange(Purpose::OwnHost, None, &origin, request).await?;
    let there = answer.headers().get(header::LOCATION);
    let there = there
        .and_then(|place| place.to_str().ok())
        .unwrap_or_default();
    let shows_the_way = there.starts_with(&format!("https://{host}"));
    match answer.status().as_u16() == 308 && shows_the_way {
        true => Ok(()),
        false => Err(Unseen::Other(answer.status().to_string())),
    }
}
