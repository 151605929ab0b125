//! The load: over each connection one request after the other, each answer looked at.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use jsonwebtoken::Algorithm;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    runtime::Runtime,
    task::LocalSet,
};

use super::{Entrant, Server, requests::Requests};
use crate::{
    Fault,
    idle::{Client, connect_plainly},
};

const CONNECTIONS: usize = 64;

/// What one round got.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Got {
    /// How many tokens.
    pub(crate) tokens: f64,
    /// In how many seconds.
    pub(crate) secs: f64,
    /// How long an answer took, in microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Asks for one token.
pub(crate) async fn one(
    client: &Client,
    server: &Server,
    request: Vec<u8>,
) -> Result<String, Fault> {
    let mut stream = connect(client, server).await?;
    let mut answer = Vec::new();
    ask(&mut *stream, &request, &mut answer).await?;
    let body = body(&answer).ok_or_else(|| refused(&answer))?;
    let body: Value = serde_json::from_slice(body)?;
    let token = body.get("access_token").and_then(Value::as_str);
    Ok(token.ok_or_else(|| refused(&answer))?.to_owned())
}

/// As many tokens as go in that time.
pub(crate) fn all(
    runtime: &Runtime,
    client: &Client,
    entrant: &Entrant<'_>,
    requests: Requests,
    span: Duration,
) -> Result<Got, Fault> {
    LocalSet::new().block_on(runtime, async {
        let mut open = Vec::new();
        for _ in 0..CONNECTIONS {
            open.push(connect(client, entrant.server).await?);
        }
        let queue = Rc::new(Queue {
            requests,
            asked: Cell::new(0),
        });
        let (began, algorithm) = (Instant::now(), entrant.algorithm);
        let talks = open.into_iter().map(|stream| {
            let queue = queue.clone();
            tokio::task::spawn_local(async move {
                let talk = talk(stream, &queue, began + span, algorithm).await;
                talk.map_err(|fault| fault.to_string())
            })
        });
        let mut took = Vec::new();
        for talk in talks.collect::<Vec<_>>() {
            took.extend(talk.await??);
        }
        let secs = began.elapsed().as_secs_f64();
        took.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let index = (took.len() as f64 * share) as usize;
            took.get(index).copied().unwrap_or_default()
        };
        Ok(Got {
            tokens: took.len() as f64,
            secs,
            p50: at(0.5),
            p99: at(0.99),
        })
    })
}

/// What all connections take their requests from.
struct Queue {
    requests: Requests,
    asked: Cell<usize>,
}

impl Queue {
    fn next(&self) -> Option<&[u8]> {
        let number = self.asked.replace(self.asked.get() + 1);
        match &self.requests {
            Requests::Same(one) => Some(one),
            Requests::Once(all) => all.get(number).map(Vec::as_slice),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

async fn connect(client: &Client, server: &Server) -> Result<Box<dyn Stream>, Fault> {
    /// All come from one address.
    const FROM: usize = 1;
    let port = server.contender.port;
    Ok(match server.is_tls {
        true => Box::new(client.connect(server.host, port, FROM).await?),
        false => Box::new(connect_plainly(port, FROM).await?),
    })
}

/// One request after the other, until time or requests are over; how long each answer took, in
/// microseconds.
async fn talk(
    mut stream: Box<dyn Stream>,
    queue: &Queue,
    until: Instant,
    algorithm: Algorithm,
) -> Result<Vec<f64>, Fault> {
    let (mut took, mut answer) = (Vec::new(), Vec::new());
    while Instant::now() < until {
        let Some(request) = queue.next() else {
            break;
        };
        let asked = Instant::now();
        ask(&mut *stream, request, &mut answer).await?;
        took.push(asked.elapsed().as_secs_f64() * 1e6);
        if token(&answer).and_then(algorithm_of) != Some(algorithm) {
            return Err(refused(&answer));
        }
    }
    Ok(took)
}

/// Sends a request and reads the whole answer.
async fn ask(stream: &mut dyn Stream, request: &[u8], answer: &mut Vec<u8>) -> Result<(), Fault> {
    stream.write_all(request).await?;
    stream.flush().await?;
    answer.clear();
    while !is_whole(answer)? {
        if stream.read_buf(answer).await? == 0 {
            return Err(format!("closed after {}", String::from_utf8_lossy(answer)).into());
        }
    }
    Ok(())
}

fn is_whole(answer: &[u8]) -> Result<bool, Fault> {
    let Some((head, body)) = parts(answer) else {
        return Ok(false);
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>())
    });
    let length = length.ok_or_else(|| format!("an answer without a length: {head}"))??;
    Ok(body.len() >= length)
}

/// Head and body, as far as it is there.
fn parts(answer: &[u8]) -> Option<(&str, &[u8])> {
    const END: &[u8] = b"\r\n\r\n";
    let end = answer.windows(END.len()).position(|at| at == END)?;
    let (head, rest) = answer.split_at(end);
    Some((str::from_utf8(head).ok()?, rest.get(END.len()..)?))
}

/// What an answer holds that says that all went well.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let (head, body) = parts(answer)?;
    head.starts_with("HTTP/1.1 200 ").then_some(body)
}

/// The access token of an answer, read no further than it takes to see that it is one.
fn token(answer: &[u8]) -> Option<&str> {
    let body = str::from_utf8(body(answer)?).ok()?;
    let (_, rest) = body.split_once("\"access_token\":\"")?;
    rest.split_once('"').map(|(token, _)| token)
}

fn algorithm_of(token: &str) -> Option<Algorithm> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    Some(header.alg)
}

fn refused(answer: &[u8]) -> Fault {
    let said = String::from_utf8_lossy(answer);
    format!("an answer without the token that was asked for: {said}").into()
}
