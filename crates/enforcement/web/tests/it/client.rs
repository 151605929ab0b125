//! Clients of raw bytes.

use std::net::SocketAddr;

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::house::House;

/// An answer as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        lines
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
            .collect()
    }

    pub(crate) fn one(&self, name: &str) -> &str {
        match self.all(name)[..] {
            [value] => value,
            ref values => panic!("{name} is there {} times in {}", values.len(), self.head),
        }
    }

    pub(crate) fn problem(&self) -> serde_json::Value {
        assert_eq!(
            self.one("content-type"),
            "application/problem+json",
            "{}",
            self.head
        );
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    TcpSocket::new_v4().unwrap().connect(address).await.unwrap()
}

pub(crate) async fn connect_tls(house: &House, name: &str, alpn: &[u8]) -> TlsStream<TcpStream> {
    let mut config = (*house.trust).clone();
    config.alpn_protocols = vec![alpn.to_vec()];
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let socket = connect(house.https).await;
    TlsConnector::from(std::sync::Arc::new(config))
        .connect(name, socket)
        .await
        .unwrap()
}

/// Reads one answer, as its `Content-Length` or chunks tell.
pub(crate) async fn read_answer(io: &mut (impl AsyncRead + Unpin)) -> Option<Answer> {
    read(io, true).await
}

/// Reads the head of an answer that has no body.
pub(crate) async fn read_head(io: &mut (impl AsyncRead + Unpin)) -> Option<Answer> {
    read(io, false).await
}

async fn read(io: &mut (impl AsyncRead + Unpin), has_body: bool) -> Option<Answer> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match io.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return None,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut answer = Answer {
        status,
        head,
        body: String::new(),
    };
    if !has_body {
        return Some(answer);
    }
    if let [length] = answer.all("content-length")[..] {
        let mut body = vec![0; length.parse().unwrap()];
        io.read_exact(&mut body).await.ok()?;
        answer.body = String::from_utf8_lossy(&body).into_owned();
    } else if answer.all("transfer-encoding") == ["chunked"] {
        let mut rest = Vec::new();
        while !rest.ends_with(b"\r\n0\r\n\r\n") && !rest.starts_with(b"0\r\n\r\n") {
            rest.push(io.read_u8().await.ok()?);
            if rest.windows(5).any(|w| w == b"\r\n0\r\n") && rest.ends_with(b"\r\n\r\n") {
                break;
            }
        }
        answer.body = String::from_utf8_lossy(&rest).into_owned();
    }
    Some(answer)
}

/// Sends some bytes and reads one answer.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    let mut io = connect(address).await;
    io.write_all(bytes).await.unwrap();
    read(&mut io, !bytes.starts_with(b"HEAD")).await
}

/// A request over a stream that is open.
pub(crate) async fn send(
    io: &mut (impl AsyncRead + AsyncWrite + Unpin),
    line: &str,
    headers: &[(&str, &str)],
) -> Answer {
    io.write_all(text(line, headers).as_bytes()).await.unwrap();
    read_answer(io).await.unwrap_or_default()
}

/// A request's head: `METHOD TARGET` and headers.
pub(crate) fn text(line: &str, headers: &[(&str, &str)]) -> String {
    let mut text = format!("{line} HTTP/1.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text
}

impl House {
    /// One request over plain HTTP on a connection of its own.
    pub(crate) async fn get(&self, line: &str, headers: &[(&str, &str)]) -> Answer {
        raw(self.http, text(line, headers).as_bytes())
            .await
            .unwrap_or_default()
    }
}
