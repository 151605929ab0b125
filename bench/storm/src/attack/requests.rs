//! Requests that come to nothing, as many as can be sent.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Field, multiplexed};
use crate::{
    frames::{self, Ends},
    gateway::{DOMAIN, PERSON},
    wire,
};

/// Requests of one connection that wait for an answer.
const WAITING: u32 = 60;
/// Requests that are written at once.
const AT_ONCE: u32 = 20;
/// Requests of a connection before the next is opened.
const REQUESTS: u32 = 20_000;

type Headers = Vec<(&'static str, String)>;

/// Asks over HTTP/2, always with some requests that wait.
async fn ask_on(
    field: &Field,
    number: u32,
    app: &str,
    mut next: impl FnMut(u64) -> (String, Headers),
) {
    let authority = format!("{app}.{DOMAIN}:{}", field.gateway.https.port());
    let mut asked = u64::from(number) << 40;
    while field.goes_on() {
        let Some((mut read, mut write)) = multiplexed::open(field, app, number).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let (mut stream, mut waiting) = (1, 0_u32);
        let mut ends = Ends::default();
        let mut bytes = vec![0; 16 * 1024];
        while field.goes_on() && stream < REQUESTS * 2 {
            let mut block = Vec::new();
            while waiting + AT_ONCE <= WAITING {
                for _ in 0..AT_ONCE {
                    asked += 1;
                    let (path, headers) = next(asked);
                    let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
                    frames::get(&mut block, stream, &authority, &path, &headers);
                    stream += 2;
                }
                waiting += AT_ONCE;
                field.did(u64::from(AT_ONCE));
            }
            if !block.is_empty()
                && (write.write_all(&block).await.is_err() || write.flush().await.is_err())
            {
                break;
            }
            match read.read(&mut bytes).await {
                Ok(read) if read > 0 => {
                    let came = bytes.get(..read).unwrap_or_default();
                    let ended = u32::try_from(ends.count(came)).unwrap_or(0);
                    waiting = waiting.saturating_sub(ended);
                }
                _ => break,
            }
        }
    }
}

pub(super) async fn huge_heads(field: Field, number: u32) {
    let huge = "h".repeat(30_000);
    ask_on(&field, number, "wiki", |_| {
        ("/".into(), vec![("x-huge", huge.clone())])
    })
    .await;
}

pub(super) async fn bad_paths(field: Field, number: u32) {
    ask_on(&field, number, "wiki", |n| {
        (format!("/a/%2e%2e/{n}"), vec![])
    })
    .await;
}

pub(super) async fn wrong_cookies(field: Field, number: u32) {
    let cookie = |n: u64| vec![("cookie", format!("__Host-gw-session=nobodys-{n}"))];
    ask_on(&field, number, "wiki", |n| ("/page".into(), cookie(n))).await;
}

pub(super) async fn hand_over_codes(field: Field, number: u32) {
    let headers = |n: u64| {
        vec![
            ("sec-fetch-mode", "navigate".to_owned()),
            ("accept", "text/html".to_owned()),
            ("cookie", format!("__Host-gw-attempt-{n}=forged")),
        ]
    };
    let path = |n: u64| format!("/.gatewright/callback?code=guess-{n}&attempt={n}");
    ask_on(&field, number, "wiki", |n| (path(n), headers(n))).await;
}

pub(super) async fn links(field: Field, number: u32) {
    let headers = || {
        vec![
            ("sec-fetch-mode", "navigate".to_owned()),
            ("accept", "text/html".to_owned()),
        ]
    };
    ask_on(&field, number, "auth", |n| {
        (format!("/link/guess-{n:030}"), headers())
    })
    .await;
}

/// Requests over HTTP/1.1, each written behind the last.
async fn pipeline_on(
    field: &Field,
    tls_for: Option<&str>,
    number: u32,
    mut next: impl FnMut(u64) -> String,
) {
    let mut asked = u64::from(number) << 40;
    while field.goes_on() {
        let mut block = String::new();
        for _ in 0..AT_ONCE {
            asked += 1;
            block.push_str(&next(asked));
        }
        let sent = match tls_for {
            Some(host) => {
                let config = field.gateway.http_1();
                let from = field.another_address();
                match wire::connect_tls(from, field.gateway.https, config, host).await {
                    Ok(io) => exchange(field, io, &block).await,
                    Err(fault) => Err(fault),
                }
            }
            None => match wire::connect(field.own_address(number), field.gateway.http).await {
                Ok(io) => exchange(field, io, &block).await,
                Err(fault) => Err(fault),
            },
        };
        if sent.is_err() {
            tokio::task::yield_now().await;
        }
    }
}

/// Writes the same number of requests again and again, and reads what comes.
async fn exchange(
    field: &Field,
    mut io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    block: &str,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    io.write_all(block.as_bytes()).await?;
    io.flush().await?;
    field.did(u64::from(AT_ONCE));
    let mut answered = 0;
    while answered < AT_ONCE && field.goes_on() {
        let read = io.read(&mut bytes).await?;
        if read == 0 {
            return Ok(());
        }
        let came = bytes.get(..read).unwrap_or_default();
        let heads = came.windows(9).filter(|w| *w == b"HTTP/1.1 ").count();
        answered += u32::try_from(heads).unwrap_or(0);
    }
    Ok(())
}

pub(super) async fn unknown_hosts(field: Field, number: u32) {
    let next = |n: u64| format!("GET / HTTP/1.1\r\nHost: nobody-{n}.example\r\n\r\n");
    pipeline_on(&field, None, number, next).await;
}

pub(super) async fn websockets(field: Field, number: u32) {
    let host = format!("wiki.{DOMAIN}");
    let authority = format!("{host}:{}", field.gateway.https.port());
    let next = |_| {
        format!(
            "GET /ws HTTP/1.1\r\nHost: {authority}\r\nOrigin: https://{authority}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
    };
    pipeline_on(&field, Some(&host), number, next).await;
}

pub(super) async fn recovery_codes(field: Field, number: u32) {
    let host = format!("auth.{DOMAIN}");
    let authority = format!("{host}:{}", field.gateway.https.port());
    let next = |n: u64| {
        let body = format!("name={PERSON}&code=0{:09}", n % 1_000_000_000);
        format!(
            "POST /recovery HTTP/1.1\r\nHost: {authority}\r\nOrigin: https://{authority}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    pipeline_on(&field, Some(&host), number, next).await;
}
