//! Clients that never come to an end.

use std::{collections::VecDeque, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::sleep,
};

use super::Field;
use crate::{
    frames::{self, SETTINGS, frame},
    gateway::DOMAIN,
    wire,
};

/// Connections that one of the attackers leaves open without a window.
const LEFT_OPEN: usize = 12;

/// Between two bytes.
const DRIP: Duration = Duration::from_millis(100);

async fn http_1(
    field: &Field,
    from: Ipv4Addr,
) -> Option<impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> {
    let config = field.gateway.http_1();
    let host = format!("site.{DOMAIN}");
    wire::connect_tls(from, field.gateway.https, config, &host)
        .await
        .ok()
}

async fn drip(field: Field, number: u32, head: &str) {
    while field.goes_on() {
        let Some(mut io) = http_1(&field, field.own_address(number)).await else {
            sleep(DRIP).await;
            continue;
        };
        let mut sent = io.write_all(head.as_bytes()).await;
        while sent.is_ok() && field.goes_on() {
            field.did(1);
            sent = io.write_all(b"a").await;
            if io.flush().await.is_err() {
                break;
            }
            sleep(DRIP).await;
        }
    }
}

pub(super) async fn heads(field: Field, number: u32) {
    let head = format!("GET / HTTP/1.1\r\nHost: site.{DOMAIN}\r\nX-Slow: ");
    drip(field, number, &head).await;
}

pub(super) async fn bodies(field: Field, number: u32) {
    let port = field.gateway.https.port();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: site.{DOMAIN}:{port}\r\nOrigin: https://site.{DOMAIN}:{port}\r\nContent-Length: 1000000\r\n\r\n"
    );
    drip(field, number, &head).await;
}

pub(super) async fn readers(field: Field, number: u32) {
    let port = field.gateway.https.port();
    let request = format!("GET /large HTTP/1.1\r\nHost: site.{DOMAIN}:{port}\r\n\r\n");
    while field.goes_on() {
        let Some(mut io) = http_1(&field, field.own_address(number)).await else {
            sleep(DRIP).await;
            continue;
        };
        field.did(1);
        if io.write_all(request.as_bytes()).await.is_err() || io.flush().await.is_err() {
            continue;
        }
        let mut read = [0; 100];
        while field.goes_on() && io.read(&mut read).await.is_ok_and(|read| read > 0) {
            sleep(DRIP).await;
        }
    }
}

pub(super) async fn zero_windows(field: Field, number: u32) {
    let config = field.gateway.http_2();
    let host = format!("site.{DOMAIN}");
    let authority = format!("{host}:{}", field.gateway.https.port());
    let mut open = VecDeque::new();
    while field.goes_on() {
        let from = field.own_address(number);
        let opened = wire::connect_tls(from, field.gateway.https, config, &host).await;
        let Ok(mut io) = opened else {
            sleep(DRIP).await;
            continue;
        };
        let mut bytes = frames::PREFACE.to_vec();
        frame(&mut bytes, SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]);
        for stream in (1..200).step_by(2) {
            frames::get(&mut bytes, stream, &authority, "/large", &[]);
        }
        field.did(100);
        if io.write_all(&bytes).await.is_err() || io.flush().await.is_err() {
            continue;
        }
        // Its first answers; whatever comes later stays where it is.
        if io.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
            open.push_back(io);
        }
        if open.len() > LEFT_OPEN {
            open.pop_front();
        }
    }
}
