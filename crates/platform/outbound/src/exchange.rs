//! One request and its whole answer.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use gw_tls::ClientConfig;
use http::{HeaderValue, Request, Response, header, uri::PathAndQuery};
use http_body::Body;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::{Origin, OutboundFault, Purpose, connect::connect};

/// Sends a request to an origin, on a connection of its own, and reads the answer whole. The
/// request's own scheme and host do not count; its path does. `tls` says whom to believe; where
/// it is absent, only what is spoken to without TLS can be asked.
///
/// # Errors
/// Where there is no answer within the purpose's bounds.
pub async fn exchange<B>(
    purpose: Purpose,
    tls: Option<&Arc<ClientConfig>>,
    origin: &Origin,
    request: Request<B>,
) -> Result<Response<Bytes>, OutboundFault>
where
    B: Body + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let asked = ask(purpose, tls, origin, request);
    match timeout(purpose.exchange(), asked).await {
        Ok(answer) => answer,
        Err(_) => Err(slow(origin, purpose.exchange())),
    }
}

fn slow(origin: &Origin, within: std::time::Duration) -> OutboundFault {
    OutboundFault::Slow {
        origin: origin.to_string(),
        within,
    }
}

async fn ask<B>(
    purpose: Purpose,
    tls: Option<&Arc<ClientConfig>>,
    origin: &Origin,
    request: Request<B>,
) -> Result<Response<Bytes>, OutboundFault>
where
    B: Body + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let io = match timeout(purpose.connect(), connect(purpose, tls, origin)).await {
        Ok(io) => io?,
        Err(_) => return Err(slow(origin, purpose.connect())),
    };
    let broken = |fault| OutboundFault::Broken(origin.to_string(), fault);
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(purpose.head_bytes())
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
        let largest = purpose.answer_bytes();
        let body = Limited::new(body, largest).collect().await;
        let body = body.map_err(|fault| {
            let why = match fault.is::<LengthLimitError>() {
                true => format!("it is longer than {} KiB", largest / 1024),
                false => fault.to_string(),
            };
            OutboundFault::Answer(origin.to_string(), why)
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    driven(asking, connection).await
}

/// Waits for an answer while its connection is looked after, here and in no task of its own.
async fn driven<T>(asking: impl Future<Output = T>, connection: impl Future) -> T {
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

/// In the form that HTTP/1.1 wants: a path, and the host beside it.
fn as_sent<B>(origin: &Origin, mut request: Request<B>) -> Request<B> {
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

#[cfg(test)]
mod tests {
    use http_body_util::Empty;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// Answers one request with these bytes, and tells what was asked.
    async fn answered(answer: Vec<u8>) -> (Result<Response<Bytes>, OutboundFault>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/keys?a=b");
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let read = stream.read(&mut asked).await.unwrap();
            drop(stream.write_all(&answer).await);
            drop(stream.shutdown().await);
            String::from_utf8_lossy(&asked[..read]).into_owned()
        };
        let origin = Origin::of_or_loopback(&url.parse().unwrap()).unwrap();
        let request = Request::get(url).body(Empty::<Bytes>::new()).unwrap();
        tokio::join!(
            exchange(Purpose::ProviderTokens, None, &origin, request),
            serving
        )
    }

    #[tokio::test]
    async fn an_answer_comes_whole_with_the_host_that_was_asked() {
        let (answer, asked) =
            answered(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi".to_vec()).await;
        assert_eq!(answer.unwrap().body(), "hi");
        assert!(asked.starts_with("GET /keys?a=b HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("host: 127.0.0.1:"), "{asked}");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_followed() {
        let moved =
            b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
        let (answer, _) = answered(moved.to_vec()).await;
        assert_eq!(answer.unwrap().status(), 302);
    }

    #[tokio::test]
    async fn an_answer_beyond_the_bound_is_not_read() {
        let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
        endless.resize(
            endless.len() + Purpose::ProviderTokens.answer_bytes() + 1,
            b'x',
        );
        let (answer, _) = answered(endless).await;
        let fault = answer.unwrap_err().to_string();
        assert!(fault.contains("longer than 64 KiB"), "{fault}");
    }

    #[tokio::test]
    async fn what_is_not_http_is_said() {
        let (answer, _) = answered(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()).await;
        assert!(matches!(answer, Err(OutboundFault::Broken(..))));
    }

    #[tokio::test]
    async fn what_a_stranger_names_is_not_looked_for_inside() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["localhost", "127.0.0.1"] {
            let origin = Origin::plain(host, port);
            let request = || Request::get("/").body(Empty::<Bytes>::new()).unwrap();
            let answer = exchange(Purpose::RegisteredClient, None, &origin, request()).await;
            assert!(matches!(answer, Err(OutboundFault::Inward(_))), "{host}");
        }
        let nobody = std::time::Duration::from_millis(50);
        assert!(timeout(nobody, listener.accept()).await.is_err());
    }

    #[tokio::test]
    async fn nobody_there_is_said() {
        let origin = Origin::plain("127.0.0.1", 1);
        let request = Request::get("/").body(Empty::<Bytes>::new()).unwrap();
        let answer = exchange(Purpose::OwnHost, None, &origin, request).await;
        assert!(matches!(answer, Err(OutboundFault::Connect(..))));
    }
}
