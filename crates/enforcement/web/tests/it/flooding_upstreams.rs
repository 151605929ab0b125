//! Upstreams over HTTP/2 that send what nobody asked for.

use std::sync::Arc;

use gw_web::Limits;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    client::{connect, text},
    house::{ANA, House, Plan},
    peer::{at, upstream},
    raw_frames::{
        DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS,
        WINDOW_UPDATE, frame, literal,
    },
};

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

/// How often something is sent that is cut off long before.
const MANY: usize = 2_000;

/// What an upstream says to a frame of some kind, on a stream.
type Says = Arc<dyn Fn(u8, u32) -> Vec<u8> + Send + Sync>;

/// Something so often, and then an answer.
fn before_an_answer(again: Vec<u8>, times: usize) -> Says {
    Arc::new(move |kind, stream| {
        if kind != HEADERS {
            return Vec::new();
        }
        let mut said = again.repeat(times);
        let status = literal(":status", "204");
        said.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &status));
        said
    })
}

fn begin_answer(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &literal(":status", "200"))
}

async fn house(says: Says, limits: Limits) -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let servers = at(&[&format!("h2c://{}", listener.local_addr().unwrap())]);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket, says.clone()));
        }
    });
    House::of(Plan {
        limits,
        wiki: Box::new(move |app| app.upstream = upstream(servers.clone())),
        ..Plan::default()
    })
    .await
}

fn few_frames() -> Limits {
    Limits {
        idle_frames_at_once: 100,
        idle_frames_per_second: 1,
        ..Limits::default()
    }
}

/// Ends where the other side takes no more.
async fn serve(mut socket: TcpStream, says: Says) -> std::io::Result<()> {
    socket.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    socket.read_exact(&mut [0; 24]).await?;
    loop {
        let mut head = [0; 9];
        socket.read_exact(&mut head).await?;
        let [a, b, c, kind, _, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        socket.read_exact(&mut payload).await?;
        let said = says(kind, u32::from_be_bytes(stream));
        socket.write_all(&said).await?;
    }
}

fn interim() -> Vec<u8> {
    let head = [
        literal(":status", "103"),
        literal("link", &format!("<{}>", "x".repeat(100))),
    ];
    frame(HEADERS, END_HEADERS, 1, &head.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstreams_frames_without_work_cut_its_connection_off() {
    let floods = [
        ("ping", frame(PING, 0, 0, &[7; 8])),
        ("answers to no ping", frame(PING, 1, 0, &[7; 8])),
        ("settings", frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0])),
        ("priority", frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 9])),
        ("window", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("unknown", frame(0xfe, 0, 0, b"what?")),
        ("interim answers", interim()),
    ];
    for (what, again) in floods {
        let house = house(before_an_answer(again, MANY), few_frames()).await;
        assert_eq!(house.get("POST /page", &OWN).await.status, 502, "{what}");
        assert_eq!(house.metrics().upstream_floods.value(), 1, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interim_answers_are_bounded_by_what_a_head_may_have() {
    let says = before_an_answer(interim(), 20);
    let house_of = async |answer_head_bytes| {
        let limits = Limits {
            answer_head_bytes,
            ..Limits::default()
        };
        house(says.clone(), limits).await
    };
    let (long, short) = (house_of(10_000).await, house_of(2_000).await);
    assert_eq!(long.get("POST /page", &OWN).await.status, 204);
    assert_eq!(short.get("POST /page", &OWN).await.status, 502);
    assert_eq!(short.metrics().upstream_floods.value(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_answers_what_it_is_asked_is_no_flood() {
    let few = before_an_answer(frame(PING, 0, 0, &[7; 8]), 5);
    let house = house(few, few_frames()).await;
    for _ in 0..200 {
        assert_eq!(house.get("POST /page", &OWN).await.status, 204);
    }
    assert_eq!(house.metrics().upstream_floods.value(), 0);
    assert_eq!(house.metrics().upstream_connections.value(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_many_small_pieces_at_once_is_passed_on_whole() {
    const PIECES: usize = 5_000;
    let says: Says = Arc::new(|kind, stream| {
        if kind != HEADERS {
            return Vec::new();
        }
        let pieces = frame(DATA, 0, stream, b"a piece of it").repeat(PIECES);
        let end = frame(DATA, END_STREAM, stream, b"");
        [begin_answer(stream), pieces, end].concat()
    });
    let house = house(says, Limits::default()).await;
    let answer = house.get("POST /page", &OWN).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.matches('p').count(), PIECES);
}

async fn read_until(io: &mut TcpStream, end: &str) {
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains(end) {
        let more = io.read_buf(&mut read).await.unwrap();
        assert_ne!(more, 0, "{}", String::from_utf8_lossy(&read));
    }
}

/// An answer begins on a first stream and goes on for longer than all others. Those are left at
/// once, and what `late` says comes when it is known that they are.
async fn an_answer_outlives_what(late: impl Fn(u32) -> Vec<u8> + Send + Sync + 'static) {
    const OTHERS: usize = 40;
    let says: Says = Arc::new(move |kind, stream| match kind {
        HEADERS => [begin_answer(stream), frame(DATA, 0, stream, b"begun")].concat(),
        RST_STREAM => late(stream),
        // The first request's body.
        DATA => frame(DATA, END_STREAM, stream, b" and at its end"),
        _ => Vec::new(),
    });
    let house = house(says, Limits::default()).await;
    let ask = async |length| {
        let headers = [&OWN[..], &[("Content-Length", length)]].concat();
        let mut io = connect(house.http).await;
        let request = text("POST /page", &headers);
        io.write_all(request.as_bytes()).await.unwrap();
        read_until(&mut io, "begun").await;
        io
    };
    let mut first = ask("1").await;
    for _ in 0..OTHERS {
        drop(ask("1").await);
    }
    assert!(house.metrics().upstream_connections.value() > 1);
    first.write_all(b"x").await.unwrap();
    read_until(&mut first, "at its end").await;
    assert_eq!(house.metrics().upstream_floods.value(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn small_pieces_of_answers_that_were_left_end_no_other() {
    an_answer_outlives_what(|stream| frame(DATA, 0, stream, b"a late piece").repeat(4_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_pieces_of_answers_end_no_other() {
    an_answer_outlives_what(|stream| frame(DATA, 0, stream, b"").repeat(10)).await;
}
