//! Whether a host's plain HTTP leads to a Gatewright, as an authority would find it.

use std::{io, time::Duration};

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use crate::client::driven;

/// Where nobody's token is: what is pending is longer.
const NOBODY: &str = "/.well-known/acme-challenge/doctor";
/// The largest head of an answer.
const HEAD_BYTES: usize = 16 * 1024;

/// Why a host's plain HTTP does not lead here.
#[derive(Debug, thiserror::Error)]
pub enum Unseen {
    /// Nobody answers.
    #[error("nobody answers there: {0}")]
    Unreached(io::Error),
    /// Somebody answers, and not as HTTP does.
    #[error("what answers there is not HTTP: {0}")]
    Broken(#[from] hyper::Error),
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

#[expect(
    clippy::disallowed_methods,
    reason = "an operator's question, asked of the hosts of the configuration"
)]
async fn ask(host: &str, port: u16) -> Result<(), Unseen> {
    let stream = TcpStream::connect((host, port))
        .await
        .map_err(Unseen::Unreached)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(stream))
        .await?;
    let request = Request::builder()
        .method(Method::HEAD)
        .uri(NOBODY)
        .header(header::HOST, host)
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|fault| Unseen::Other(fault.to_string()))?;
    let answer = driven(sender.send_request(request), connection).await?;
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
