//! Connections and handshakes, as many as can be had.

use std::{collections::VecDeque, io, net::Ipv4Addr, time::Duration};

use rustls::{ClientConnection, pki_types::ServerName};
use socket2::SockRef;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

use super::Field;
use crate::{gateway::DOMAIN, wire};

/// Connections that one of the attackers leaves open: together more than a gateway keeps, and
/// not so many that an attack takes descriptors from whom it is measured by.
const LEFT_OPEN: usize = 400;

pub(super) async fn of_one(field: Field, _: u32) {
    leave_open(&field, |_| Ipv4Addr::new(127, 99, 99, 99), &[]).await;
}

pub(super) async fn of_many(field: Field, _: u32) {
    leave_open(&field, Field::another_address, &[]).await;
}

pub(super) async fn half_handshakes(field: Field, _: u32) {
    let Ok(hello) = client_hello(&field) else {
        return eprintln!("storm: there is no client hello");
    };
    leave_open(&field, Field::another_address, &hello).await;
}

async fn leave_open(field: &Field, from: fn(&Field) -> Ipv4Addr, begin: &[u8]) {
    let mut open: VecDeque<TcpStream> = VecDeque::new();
    while field.goes_on() {
        field.did(1);
        if let Ok(mut stream) = wire::connect(from(field), field.gateway.https).await {
            // It may be refused already.
            let _ = stream.write_all(begin).await;
            open.push_back(stream);
        }
        if open.len() > LEFT_OPEN {
            open.pop_front();
        }
    }
}

pub(super) async fn reset(field: Field, _: u32) {
    while field.goes_on() {
        field.did(1);
        if let Ok(stream) = wire::connect(field.another_address(), field.gateway.https).await
            && let Err(fault) = SockRef::from(&stream).set_linger(Some(Duration::ZERO))
        {
            eprintln!("storm: {fault}");
        }
    }
}

pub(super) async fn handshakes(field: Field, _: u32) {
    let config = field.gateway.http_2();
    let host = format!("wiki.{DOMAIN}");
    while field.goes_on() {
        field.did(1);
        let (from, to) = (field.another_address(), field.gateway.https);
        let shaking = wire::connect_tls(from, to, config, &host);
        // Whether it is let in or not, the next one comes.
        let _ = timeout(Duration::from_secs(2), shaking).await;
    }
}

pub(super) async fn unknown_names(field: Field, number: u32) {
    let config = field.gateway.http_2();
    let mut tried = 0_u64;
    while field.goes_on() {
        field.did(1);
        tried += 1;
        let host = format!("nobody-{number}-{tried}.example");
        let (from, to) = (field.another_address(), field.gateway.https);
        let shaking = wire::connect_tls(from, to, config, &host);
        let _ = timeout(Duration::from_secs(2), shaking).await;
    }
}

fn client_hello(field: &Field) -> io::Result<Vec<u8>> {
    let name = ServerName::try_from(format!("wiki.{DOMAIN}"))
        .map_err(|fault| io::Error::new(io::ErrorKind::InvalidInput, fault))?;
    let mut hello = Vec::new();
    let mut client =
        ClientConnection::new(field.gateway.http_2().clone(), name).map_err(io::Error::other)?;
    client.write_tls(&mut hello)?;
    Ok(hello)
}
