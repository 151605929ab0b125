//! Upstreams over HTTP/2 that send what nobody asked for.

use gw_web::Limits;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    house::{ANA, House, Plan},
    peer::{at, upstream},
    raw_frames::{
        DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, SETTINGS, WINDOW_UPDATE, frame,
        literal,
    },
};

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

/// How often something is sent that is cut off long before.
const MANY: usize = 2_000;

/// What is said to a request: something, so often, and then an answer, where that was none.
#[derive(Clone)]
struct Says {
    again: Vec<u8>,
    times: usize,
    is_answer: bool,
}

impl Says {
    fn before_an_answer(again: Vec<u8>, times: usize) -> Self {
        Self {
            again,
            times,
            is_answer: false,
        }
    }
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
        if kind == HEADERS {
            for _ in 0..says.times {
                socket.write_all(&says.again).await?;
            }
            if says.is_answer {
                continue;
            }
            let flags = END_HEADERS | END_STREAM;
            let status = literal(":status", "204");
            let answer = frame(HEADERS, flags, u32::from_be_bytes(stream), &status);
            socket.write_all(&answer).await?;
        }
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
        let house = house(Says::before_an_answer(again, MANY), few_frames()).await;
        assert_eq!(house.get("POST /page", &OWN).await.status, 502, "{what}");
        assert_eq!(house.metrics().upstream_floods.value(), 1, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interim_answers_are_bounded_by_what_a_head_may_have() {
    let says = Says::before_an_answer(interim(), 20);
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
    let few = Says::before_an_answer(frame(PING, 0, 0, &[7; 8]), 5);
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
    let mut answer = frame(HEADERS, END_HEADERS, 1, &literal(":status", "200"));
    for _ in 0..PIECES {
        answer.extend(frame(DATA, 0, 1, b"a piece of it"));
    }
    answer.extend(frame(DATA, END_STREAM, 1, b""));
    let says = Says {
        again: answer,
        times: 1,
        is_answer: true,
    };
    let house = house(says, Limits::default()).await;
    let answer = house.get("POST /page", &OWN).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.matches('p').count(), PIECES);
}
