//! A service over a directory in memory, on loopback, behind a bearer token: for clients to be
//! tried on. `cargo run -p gw-scim --example serve -- <port> <token>`; port 0 takes a free one.
#![expect(clippy::print_stdout, reason = "an example says where it listens")]

#[path = "support/memory.rs"]
mod memory;

use std::{convert::Infallible, error::Error, sync::Arc};

use bytes::Bytes;
use gw_scim::{Service, Settings};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use memory::Memory;
use tokio::net::TcpListener;

struct Server {
    service: Service,
    directory: Memory,
    token: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().ok_or("which port?")?.parse()?;
    let token = arguments.next().ok_or("which token?")?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let base = format!("http://{}/scim/v2", listener.local_addr()?);
    println!("{base}");
    let server = Arc::new(Server {
        service: Service::new(Settings::at(&base)?),
        directory: Memory::default(),
        token: format!("Bearer {token}"),
    });
    loop {
        let (stream, _) = listener.accept().await?;
        let server = server.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request| answer(&server, request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
            // Who hangs up in the middle of a request is nobody's concern here.
            let _ = connection.await;
        });
    }
}

async fn answer(
    server: &Server,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let given = request.headers().get(header::AUTHORIZATION);
    if given.is_none_or(|given| given.as_bytes() != server.token.as_bytes()) {
        let mut refused = bare(StatusCode::UNAUTHORIZED);
        let scheme = HeaderValue::from_static("Bearer");
        refused
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
        return Ok(refused);
    }
    let (head, body) = request.into_parts();
    let most = server.service.settings().payload_max;
    let Ok(body) = Limited::new(body, most).collect().await else {
        return Ok(bare(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let request = Request::from_parts(head, body.to_bytes());
    let response = server.service.serve(&server.directory, request).await;
    Ok(response.map(Full::new))
}

fn bare(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
