//! Three readers of HTTP/1 framing: the one beside the parser, the parser itself, and a plain
//! reference. What the first lets through, all three read the same.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use gw_web::framing::Framing;
use http::{Method, Request, Response, header::UPGRADE};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most heads that are looked at.
const HEADS_MAX: usize = 64;

/// The first byte says in how large pieces the rest arrives.
pub(crate) fn framing(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else {
        return;
    };
    let piece = match piece {
        b'0'..=b'9' => usize::from(piece - b'0'),
        _ => usize::from(*piece),
    };
    let piece = if piece == 0 { bytes.len() } else { piece };
    let whole = verdicts(bytes, bytes.len());
    assert_eq!(whole, verdicts(bytes, piece), "however the bytes arrive");
    let served = served(bytes, piece);
    let expected = reference(bytes);
    for (place, exchange) in served.iter().enumerate() {
        let same = expected.get(place).is_some_and(|plain| exchange.is(plain));
        assert!(
            same,
            "exchange {place}: the parser read {exchange:?}, a plain reader {:?}",
            expected.get(place)
        );
    }
}

fn verdicts(bytes: &[u8], piece: usize) -> Vec<bool> {
    let mut framing = Framing::default();
    for piece in bytes.chunks(piece.max(1)) {
        framing.read(piece);
    }
    (0..HEADS_MAX)
        .map(|_| framing.next_head().is_ok())
        .collect()
}

/// A request with its body; `None` where the body did not end.
#[derive(Debug, PartialEq, Eq)]
struct Exchange {
    method: Vec<u8>,
    target: Vec<u8>,
    body: Option<Vec<u8>>,
}

impl Exchange {
    fn is(&self, plain: &Self) -> bool {
        let target = self.target == plain.target || self.target.is_empty();
        self.method == plain.method && target && (self.body.is_none() || self.body == plain.body)
    }
}

/// What the parser makes of those requests whose framing was let through.
fn served(bytes: &[u8], piece: usize) -> Vec<Exchange> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let framing = Rc::new(RefCell::new(Framing::default()));
    let io = Script {
        bytes: bytes.to_vec(),
        at: 0,
        piece: piece.max(1),
        framing: Rc::clone(&framing),
    };
    let service = service_fn(|request: Request<Incoming>| {
        let (seen, framing) = (Rc::clone(&seen), Rc::clone(&framing));
        async move {
            framing.borrow_mut().next_head().map_err(io::Error::other)?;
            let ends_here = *request.method() == Method::CONNECT
                || request.headers().contains_key(UPGRADE)
                || seen.borrow().len() >= HEADS_MAX;
            if ends_here {
                return Err(io::Error::other("not followed further"));
            }
            let method = request.method().as_str().as_bytes().to_vec();
            let target = target_of(&request);
            let body = request.into_body().collect().await.ok();
            let body = body.map(|body| body.to_bytes().to_vec());
            let whole = body.is_some();
            seen.borrow_mut().push(Exchange {
                method,
                target,
                body,
            });
            match whole {
                true => Ok(Response::new(Empty::<Bytes>::new())),
                false => Err(io::Error::other("the body did not end")),
            }
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
    // A connection that ends early is what most inputs are.
    let _ = runtime().block_on(connection);
    drop(framing);
    seen.take()
}

/// The target where it is written as it is parsed: a path.
fn target_of(request: &Request<Incoming>) -> Vec<u8> {
    let uri = request.uri();
    match (uri.scheme(), uri.path_and_query()) {
        (None, Some(path)) => path.as_str().as_bytes().to_vec(),
        _ => Vec::new(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

/// A client that sends its bytes in pieces, hangs up, and takes no notice of answers.
struct Script {
    bytes: Vec<u8>,
    at: usize,
    piece: usize,
    framing: Rc<RefCell<Framing>>,
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let length = self.piece.min(buffer.remaining());
        let end = (self.at + length).min(self.bytes.len());
        let piece = &self.bytes[self.at..end];
        buffer.put_slice(piece);
        self.framing.borrow_mut().read(piece);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The requests in some bytes as RFC 9112 has them, read without any leniency; it ends at the
/// first thing that is not to the letter.
fn reference(bytes: &[u8]) -> Vec<Exchange> {
    let mut rest = bytes;
    let mut read = Vec::new();
    while read.len() < HEADS_MAX {
        while let Some(after) = rest.strip_prefix(b"\r\n") {
            rest = after;
        }
        let Some((head, after)) = split_at(rest, b"\r\n\r\n") else {
            break;
        };
        let mut lines = head.split(|byte| *byte == b'\n').map(|line| {
            // Every line but the last has its carriage return yet.
            line.strip_suffix(b"\r").unwrap_or(line)
        });
        let mut words = lines.next().unwrap_or_default().split(|byte| *byte == b' ');
        let method = words.next().unwrap_or_default().to_vec();
        let target = words.next().unwrap_or_default().to_vec();
        let (mut length, mut chunked) = (0, false);
        for line in lines {
            let Some((name, value)) = split_at(line, b":") else {
                continue;
            };
            let value = String::from_utf8_lossy(value.trim_ascii()).into_owned();
            if name.eq_ignore_ascii_case(b"content-length") {
                length = value.parse().unwrap_or(usize::MAX);
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                chunked = true;
            }
        }
        let body = match chunked {
            true => chunks(after),
            false => after
                .split_at_checked(length)
                .map(|(body, after)| (body.to_vec(), after)),
        };
        let Some((body, after)) = body else {
            read.push(Exchange {
                method,
                target,
                body: None,
            });
            break;
        };
        read.push(Exchange {
            method,
            target,
            body: Some(body),
        });
        rest = after;
    }
    read
}

fn chunks(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut body = Vec::new();
    loop {
        let (line, after) = split_at(rest, b"\r\n")?;
        let digits = line
            .split(|byte| matches!(byte, b';' | b' ' | b'\t'))
            .next()?;
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if size == 0 {
            return Some((body, after_trailers(after)?));
        }
        let (chunk, after) = after.split_at_checked(size)?;
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n")?;
    }
}

fn after_trailers(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (line, after) = split_at(rest, b"\r\n")?;
        if line.is_empty() {
            return Some(after);
        }
        rest = after;
    }
}

fn split_at<'b>(bytes: &'b [u8], separator: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let at = bytes
        .windows(separator.len())
        .position(|window| window == separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}
