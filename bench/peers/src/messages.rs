//! WebSocket messages through a proxy and back, and the app that echoes them.

use std::{
    net::TcpListener,
    rc::Rc,
    time::{Duration, Instant},
};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{runtime::Runtime, task::LocalSet, time::timeout};
use tokio_tungstenite::{
    accept_async, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::{
    Fault,
    contender::Contender,
    idle::Client,
    options::Options,
    rounds::{self, interleaved},
    row::{Row, median},
    site::Site,
};

const QUESTION: &str = "messages: 64 WebSockets, 128 bytes there and back";
const SOCKETS: usize = 64;
const MESSAGE: [u8; 128] = [b'x'; 128];

/// An app that sends every message back.
pub(crate) struct Echo(u16);

impl Echo {
    /// Starts it on a thread of its own.
    pub(crate) fn start() -> Result<Self, Fault> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::spawn(move || {
            LocalSet::new().block_on(&runtime, async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                    return;
                };
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::task::spawn_local(async move {
                        let Ok(mut socket) = accept_async(stream).await else {
                            return;
                        };
                        while let Some(Ok(message)) = socket.next().await {
                            if message.is_binary() && socket.send(message).await.is_err() {
                                return;
                            }
                        }
                    });
                }
            });
        });
        Ok(Self(port))
    }

    pub(crate) const fn port(&self) -> u16 {
        self.0
    }
}

/// The plain nginx and Gatewright, in interleaved rounds.
pub(crate) fn measure(
    runtime: &Runtime,
    options: &Options,
    site: &Site,
    contenders: [&Contender; 2],
) -> Result<Vec<Row>, Fault> {
    let client = Rc::new(Client::new(site)?);
    let span = Duration::from_secs(options.secs.into());
    let rounds = interleaved(QUESTION, options.rounds, &contenders, |contender| {
        let (told, spent) = rounds::under(&contender.program, || {
            LocalSet::new().block_on(runtime, all(client.clone(), contender, span))
        })?;
        let micros = spent.program_secs * 1e6 / (told as f64).max(1.0);
        Ok(Some((told as f64 / span.as_secs_f64(), micros)))
    })?;
    let plain = rounds.first().map(Vec::as_slice).unwrap_or_default();
    let plain = (
        median(plain.iter().map(|r| r.0)),
        median(plain.iter().map(|r| r.1)),
    );
    let mut rows = Vec::new();
    for (contender, rounds) in contenders.iter().zip(&rounds) {
        let row = |metric, unit, value| Row::new(QUESTION, contender.name, metric, unit, value);
        let (rate, micros) = (
            median(rounds.iter().map(|r| r.0)),
            median(rounds.iter().map(|r| r.1)),
        );
        rows.push(row("messages per second", "/s", rate).beside(plain.0));
        rows.push(row("proxy's CPU per message", "us", micros).beside(plain.1));
    }
    Ok(rows)
}

/// Messages through one proxy, for so long.
pub(crate) fn some(
    runtime: &Runtime,
    options: &Options,
    site: &Site,
    contender: &Contender,
) -> Result<(), Fault> {
    let client = Rc::new(Client::new(site)?);
    let span = Duration::from_secs(options.secs.into());
    LocalSet::new().block_on(runtime, all(client, contender, span))?;
    Ok(())
}

async fn all(client: Rc<Client>, contender: &Contender, span: Duration) -> Result<u64, Fault> {
    let (host, path) = contender.echo;
    let url = format!("wss://{host}:{}{path}", contender.port);
    let origin = format!("https://{host}:{}", contender.port);
    let mut told = Vec::new();
    for _ in 0..SOCKETS {
        let mut request = url.as_str().into_client_request()?;
        request.headers_mut().insert("origin", origin.parse()?);
        request
            .headers_mut()
            .insert("cookie", contender.echo_cookie.parse()?);
        let stream = client.connect(host, contender.port, 1).await?;
        let (mut socket, _) = client_async(request, stream).await?;
        told.push(tokio::task::spawn_local(async move {
            let until = Instant::now() + span;
            let mut told = 0_u64;
            let talk = async {
                while Instant::now() < until {
                    if socket
                        .send(Message::binary(MESSAGE.to_vec()))
                        .await
                        .is_err()
                    {
                        return;
                    }
                    match socket.next().await {
                        Some(Ok(message)) if message.is_binary() => told += 1,
                        _ => return,
                    }
                }
            };
            // What is under way when time is up does not count.
            let _ = timeout(span, talk).await;
            told
        }));
    }
    let mut sum = 0;
    for one in told {
        sum += one.await?;
    }
    Ok(sum)
}
