//! What strangers and hostile clients can make us hold ends where it says.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use gw_web::{Limits, client_address::TrustedProxies};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use crate::{
    client::{connect, connect_tls, send, text},
    house::{ANA, House, Plan, until},
    raw_frames::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, PING,
        PRIORITY, RST_STREAM, Raw, SETTINGS, WINDOW_UPDATE, frame, get, head, literal,
    },
};

const OWN: [(&str, &str); 2] = [("Host", "wiki.test"), ("Cookie", ANA)];
const MOMENT: Duration = Duration::from_millis(50);

pub(crate) async fn house(limits: Limits) -> House {
    House::of(Plan {
        limits,
        ..Plan::default()
    })
    .await
}

/// A connection from one address of many.
pub(crate) async fn from(last: u8, to: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind((Ipv4Addr::new(127, 0, 0, last), 0).into())
        .unwrap();
    socket.connect(to).await.ok()
}

/// A connection that is refused: some before it is there.
async fn refused(last: u8, to: SocketAddr) {
    if let Some(mut io) = from(last, to).await {
        ends(&mut io).await;
    }
}

/// Waits until a connection has ended, one way or the other.
pub(crate) async fn ends(io: &mut TcpStream) {
    let _ = io.read_to_end(&mut Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_of_one_address_have_so_many_connections() {
    let house = house(Limits {
        connections_per_address: 2,
        ..Limits::default()
    })
    .await;
    let mut first = from(9, house.http).await.unwrap();
    let _second = from(9, house.http).await.unwrap();
    refused(9, house.http).await;
    let refusals = || house.metrics().connections_refused_by_address.value();
    assert_eq!(refusals(), 1);
    let mut other = from(8, house.http).await.unwrap();
    assert_eq!(send(&mut other, "GET /", &OWN).await.status, 200);
    // Who is signed in does not count.
    assert_eq!(send(&mut first, "GET /", &OWN).await.status, 200);
    let mut fourth = from(9, house.http).await.unwrap();
    assert_eq!(send(&mut fourth, "GET /", &OWN).await.status, 200);
    assert_eq!(refusals(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_is_not_counted_and_whom_it_brings_is() {
    let trusted = TrustedProxies {
        peers: vec!["127.0.0.0/8".parse().unwrap()],
        header: None,
        speak_proxy_protocol: true,
    };
    let limits = Limits {
        connections_per_address: 1,
        ..Limits::default()
    };
    let house = House::of(Plan {
        trusted,
        limits,
        ..Plan::default()
    })
    .await;
    let brings = async |last: u8| {
        let mut io = connect(house.http).await;
        let mut told = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".to_vec();
        told.extend([203, 0, 113, last, 127, 0, 0, 1, 0x1f, 0x90, 0, 80]);
        io.write_all(&told).await.unwrap();
        io
    };
    let mut first = brings(1).await;
    let site = [("Host", "site.test")];
    assert_eq!(send(&mut first, "GET /", &site).await.status, 200);
    let mut second = brings(2).await;
    let mut again = brings(1).await;
    ends(&mut again).await;
    assert_eq!(house.metrics().connections_refused_by_address.value(), 1);
    assert_eq!(send(&mut second, "GET /", &OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_strangers_make_way_when_all_seats_are_taken() {
    let house = house(Limits {
        connections_max: 4,
        ..Limits::default()
    })
    .await;
    let mut strangers = Vec::new();
    for _ in 0..4 {
        strangers.push(from(9, house.http).await.unwrap());
    }
    let mut kept = Vec::new();
    for _ in 0..3 {
        let mut io = from(8, house.http).await.unwrap();
        assert_eq!(send(&mut io, "GET /", &OWN).await.status, 200);
        kept.push(io);
    }
    assert_eq!(house.metrics().connections_evicted.value(), 3);
    // Which of them are left is open: whose first turn has not come is weaker than those before.
    until(|| house.metrics().connections_open.value() == 4).await;
    // More of them take it from one another, and nothing from who is signed in.
    for _ in 0..10 {
        strangers.push(from(9, house.http).await.unwrap());
    }
    until(|| house.metrics().connections_evicted.value() == 13).await;
    until(|| house.metrics().connections_open.value() == 4).await;
    assert_eq!(house.metrics().slow_heads.value(), 0);
    for io in &mut kept {
        assert_eq!(send(io, "GET /", &OWN).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_handshake_makes_way_and_an_address_has_so_many() {
    let house = house(Limits {
        handshakes_max: 2,
        handshakes_per_address: 2,
        ..Limits::default()
    })
    .await;
    let mut oldest = from(9, house.https).await.unwrap();
    let _other = from(9, house.https).await.unwrap();
    refused(9, house.https).await;
    assert_eq!(house.metrics().connections_refused_by_address.value(), 1);
    let mut person = connect_tls(&house, "wiki.test", b"http/1.1").await;
    ends(&mut oldest).await;
    assert_eq!(house.metrics().connections_evicted.value(), 1);
    assert_eq!(send(&mut person, "GET /", &OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_has_so_much_time_however_steadily_it_comes() {
    let house = house(Limits {
        head_read: MOMENT,
        ..Limits::default()
    })
    .await;
    let mut io = connect(house.http).await;
    io.write_all(b"GET / HTTP/1.1\r\nHost: wiki.test\r\nX-A: ")
        .await
        .unwrap();
    let (mut read, mut write) = io.split();
    let dripping = async {
        while write.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let mut seen = Vec::new();
    tokio::select! {
        () = dripping => {}
        _ = read.read_to_end(&mut seen) => {}
    }
    assert!(seen.is_empty());
    assert_eq!(house.metrics().slow_heads.value(), 1);
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_byte_that_does_not_come_is_not_waited_for() {
    let house = house(Limits {
        first_byte_read: MOMENT,
        ..Limits::default()
    })
    .await;
    ends(&mut connect(house.http).await).await;
    let mut http_1 = connect_tls(&house, "wiki.test", b"http/1.1").await;
    let mut http_2 = connect_tls(&house, "wiki.test", b"h2").await;
    let _ = http_1.read_to_end(&mut Vec::new()).await;
    let _ = http_2.read_to_end(&mut Vec::new()).await;
    assert_eq!(house.metrics().slow_heads.value(), 3);
    until(|| house.metrics().connections_open.value() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_stranger_goes_before_an_idle_person() {
    let house = house(Limits {
        stranger_idle: MOMENT,
        ..Limits::default()
    })
    .await;
    let mut person = connect(house.http).await;
    assert_eq!(send(&mut person, "GET /", &OWN).await.status, 200);
    let mut stranger = connect(house.http).await;
    let host = [("Host", "site.test")];
    assert_eq!(send(&mut stranger, "GET /", &host).await.status, 200);
    ends(&mut stranger).await;
    assert_eq!(house.metrics().idle_closed.value(), 1);
    assert_eq!(send(&mut person, "GET /", &OWN).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_that_asks_nothing_more_over_http_2_is_told_to_end_and_then_ended() {
    let house = house(Limits {
        stranger_idle: MOMENT,
        ..Limits::default()
    })
    .await;
    let mut raw = Raw::open_for(&house, "site.test", &[]).await;
    let site: Vec<u8> = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "site.test"),
        (":path", "/"),
    ]
    .iter()
    .flat_map(|(name, value)| literal(name, value))
    .collect();
    raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &site))
        .await;
    assert!(raw.read_to(HEADERS).await.is_some());
    assert!(raw.read_to(GOAWAY).await.is_some());
    // It answers nothing that it is asked, and is ended all the same.
    while raw.read().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_without_work_cut_a_connection_off() {
    let house = house(Limits {
        idle_frames_at_once: 100,
        idle_frames_per_second: 1,
        ..Limits::default()
    })
    .await;
    let floods = [
        ("ping", frame(PING, 0, 0, &[7; 8])),
        ("answers to no ping", frame(PING, 1, 0, &[7; 8])),
        ("settings", frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0])),
        ("priority", frame(PRIORITY, 0, 9, &[0, 0, 0, 0, 9])),
        ("window", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("unknown", frame(0xfe, 0, 0, b"what?")),
    ];
    let mut person = Raw::open(&house, &[]).await;
    for (at, (what, one)) in floods.iter().enumerate() {
        let mut raw = Raw::open(&house, &[]).await;
        let block = one.repeat(50);
        for _ in 0..1000 {
            if raw.over {
                break;
            }
            raw.write(&block).await;
        }
        let _ = raw.reason().await;
        assert!(raw.over, "{what}");
        assert_eq!(house.metrics().floods.value(), at as u64 + 1, "{what}");
    }
    person.write(&get(1, "/page")).await;
    assert!(person.read_to(HEADERS).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_acknowledges_what_it_is_sent_is_no_flood() {
    let house = house(Limits {
        idle_frames_at_once: 20,
        idle_frames_per_second: 1,
        ..Limits::default()
    })
    .await;
    let mut raw = Raw::open(&house, &[]).await;
    raw.write(&frame(SETTINGS, 1, 0, &[])).await;
    raw.write(&get(1, "/bytes/3000000")).await;
    let mut left = 3_000_000;
    while left > 0 {
        let data = raw.read_to(DATA).await.expect("it goes on");
        left -= data.payload.len();
        let more = u32::try_from(data.payload.len()).unwrap().to_be_bytes();
        if data.flags & END_STREAM == 0 {
            raw.write(&frame(WINDOW_UPDATE, 0, 0, &more)).await;
            raw.write(&frame(WINDOW_UPDATE, 0, 1, &more)).await;
        }
    }
    assert_eq!(house.metrics().floods.value(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rapid_resets_end_the_connection() {
    let house = House::usual().await;
    let mut raw = Raw::open(&house, &[]).await;
    let mut block = Vec::new();
    for stream in (1..2001).step_by(2) {
        block.extend(get(stream, "/page"));
        block.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
    }
    raw.write(&block).await;
    let reason = raw.reason().await;
    assert!(reason.is_none_or(|reason| reason == ENHANCE_YOUR_CALM));
    assert!(house.upstream.seen().len() < 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn resets_of_what_has_begun_end_the_connection_too() {
    let house = house(Limits {
        idle_frames_at_once: 100,
        idle_frames_per_second: 1,
        ..Limits::default()
    })
    .await;
    let mut raw = Raw::open(&house, &[]).await;
    let mut begun = 0;
    while !raw.over && begun < 1000 {
        let stream = begun * 2 + 1;
        begun += 1;
        raw.write(&get(stream, "/hang")).await;
        let reached = house.upstream.reached(begun as usize);
        let ended = async { while raw.read().await.is_some() {} };
        tokio::select! {
            () = reached => raw.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])).await,
            () = ended => {}
        }
    }
    assert!((20..100).contains(&begun), "{begun}");
    assert_eq!(house.metrics().floods.value(), 1);
    house.upstream.alone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_end_is_ended() {
    let house = House::usual().await;
    let mut raw = Raw::open(&house, &[]).await;
    let begin = head("GET", "/page", &[]);
    raw.write(&frame(HEADERS, END_STREAM, 1, &begin)).await;
    let more: Vec<u8> = (0..50).flat_map(|_| literal("x-a", "b")).collect();
    for _ in 0..10_000 {
        if raw.over {
            break;
        }
        raw.write(&frame(CONTINUATION, 0, 1, &more)).await;
    }
    let reason = raw.reason().await;
    assert!(raw.over);
    assert!(
        reason.is_none_or(|r| r == ENHANCE_YOUR_CALM || r == 1),
        "{reason:?}"
    );
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_end_in_time_is_ended_over_http_2() {
    let house = house(Limits {
        head_read: MOMENT,
        ..Limits::default()
    })
    .await;
    let whole = frame(HEADERS, END_STREAM, 1, &head("GET", "/page", &[]));
    for part in [&whole[..], &whole[..20], &whole[..5]] {
        let before = house.metrics().slow_heads.value();
        let mut raw = Raw::open(&house, &[]).await;
        raw.write(part).await;
        while raw.read().await.is_some() {}
        assert_eq!(house.metrics().slow_heads.value(), before + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_makes_us_reset_its_streams_is_ended() {
    let house = House::usual().await;
    let mut raw = Raw::open(&house, &[]).await;
    raw.write(&frame(SETTINGS, 1, 0, &[])).await;
    let mut block = Vec::new();
    for stream in (1..1001).step_by(2) {
        block.extend(get(stream, "/hang"));
        // RFC 9113, 6.9.1: a window that is too large is an error of its stream.
        block.extend(frame(WINDOW_UPDATE, 0, stream, &[0x7f, 0xff, 0xff, 0xff]));
    }
    raw.write(&block).await;
    let reason = raw.reason().await;
    assert!(reason.is_none_or(|r| r == ENHANCE_YOUR_CALM), "{reason:?}");
    assert!(raw.over);
    house.upstream.alone().await;
    assert!(house.upstream.seen().len() <= 130);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_answer_is_not_taken_is_reset_alone() {
    let house = house(Limits {
        slow_reader: MOMENT,
        ..Limits::default()
    })
    .await;
    // No window for any stream.
    let mut raw = Raw::open(&house, &[0, 4, 0, 0, 0, 0]).await;
    raw.write(&get(1, "/flood")).await;
    raw.write(&get(3, "/stream")).await;
    let mut reset = Vec::new();
    while reset.len() < 2 {
        let frame = raw.read_to(RST_STREAM).await.expect("the connection stays");
        reset.push(frame.stream);
    }
    reset.sort_unstable();
    assert_eq!(reset, [1, 3]);
    house.upstream.alone().await;
    assert_eq!(house.metrics().slow_readers.value(), 2);
    assert!(raw.is_alive().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_pages_wait_for_nobody_either() {
    let house = house(Limits {
        slow_reader: MOMENT,
        ..Limits::default()
    })
    .await;
    let mut raw = Raw::open(&house, &[0, 4, 0, 0, 0, 0]).await;
    // A refusal, to nobody in particular.
    let nobody: Vec<u8> = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "wiki.test"),
        (":path", "/"),
    ]
    .iter()
    .flat_map(|(name, value)| literal(name, value))
    .collect();
    raw.write(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &nobody))
        .await;
    assert_eq!(
        raw.read_to(RST_STREAM).await.map(|frame| frame.stream),
        Some(1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_waits_for_its_app_is_nobodys_fault() {
    let house = house(Limits {
        slow_reader: MOMENT,
        slow_writer: MOMENT,
        ..Limits::default()
    })
    .await;
    let mut events = Raw::open(&house, &[]).await;
    events.write(&get(1, "/stream")).await;
    assert!(events.read_to(DATA).await.is_some());
    let mut slow = Raw::open(&house, &[0, 4, 0, 0, 0, 0]).await;
    slow.write(&get(1, "/stream")).await;
    // The one is ended, and the other, which was first, is not.
    assert!(slow.read_to(RST_STREAM).await.is_some());
    assert_eq!(house.metrics().slow_readers.value(), 1);
    assert!(events.is_alive().await);
    until(|| *house.upstream.open.borrow() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_is_aborted() {
    let house = house(Limits {
        slow_reader: MOMENT,
        ..Limits::default()
    })
    .await;
    let mut io = connect(house.http).await;
    io.write_all(text("GET /flood", &OWN).as_bytes())
        .await
        .unwrap();
    house.upstream.stuck().await;
    house.upstream.alone().await;
    assert_eq!(house.metrics().slow_readers.value(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_known_length_has_to_come_on() {
    let house = house(Limits {
        slow_writer: MOMENT,
        ..Limits::default()
    })
    .await;
    let own = [OWN[0], OWN[1], ("Origin", "http://wiki.test")];
    // A stream of a person who is signed in may be silent.
    let mut silent = connect(house.http).await;
    let streamed = [&own[..], &[("Transfer-Encoding", "chunked")]].concat();
    silent
        .write_all(text("POST /upload", &streamed).as_bytes())
        .await
        .unwrap();
    silent.write_all(b"3\r\none\r\n").await.unwrap();
    house.upstream.reached(1).await;
    let mut slow = connect(house.http).await;
    let sized = [&own[..], &[("Content-Length", "1000000")]].concat();
    slow.write_all(text("POST /upload", &sized).as_bytes())
        .await
        .unwrap();
    let (mut read, mut write) = slow.split();
    let dripping = async {
        while write.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let mut seen = Vec::new();
    tokio::select! {
        () = dripping => {}
        _ = read.read_to_end(&mut seen) => {}
    }
    assert_eq!(house.metrics().slow_writers.value(), 1);
    silent.write_all(b"0\r\n\r\n").await.unwrap();
    let answer = crate::client::read_answer(&mut silent).await.unwrap();
    assert_eq!(answer.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_stream_has_to_come_on_whatever_it_says() {
    let house = house(Limits {
        slow_writer: MOMENT,
        ..Limits::default()
    })
    .await;
    let mut io = connect(house.http).await;
    let headers = [
        ("Host", "site.test"),
        ("Origin", "http://site.test"),
        ("Transfer-Encoding", "chunked"),
    ];
    io.write_all(text("POST /upload", &headers).as_bytes())
        .await
        .unwrap();
    ends(&mut io).await;
    assert_eq!(house.metrics().slow_writers.value(), 1);
    house.upstream.alone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_have_so_much_under_way_at_apps_and_who_is_signed_in_does_not_count() {
    let house = house(Limits {
        stranger_exchanges_per_address: 2,
        ..Limits::default()
    })
    .await;
    let site = [("Host", "site.test")];
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut io = connect(house.http).await;
        io.write_all(text("GET /hang", &site).as_bytes())
            .await
            .unwrap();
        held.push(io);
    }
    house.upstream.reached(2).await;
    assert_eq!(house.get("GET /", &site).await.status, 429);
    assert_eq!(house.metrics().exchanges_refused.value(), 1);
    assert_eq!(house.get("GET /", &OWN).await.status, 200);
    let mut other = from(8, house.http).await.unwrap();
    assert_eq!(send(&mut other, "GET /", &site).await.status, 200);
    drop(held);
    until(|| *house.upstream.open.borrow() <= 1).await;
    assert_eq!(house.get("GET /", &site).await.status, 200);
}

/// A stranger's request to the app that is open to them.
fn asks_site(stream: u32) -> Vec<u8> {
    let head: Vec<u8> = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "site.test"),
        (":path", "/page"),
    ]
    .iter()
    .flat_map(|(name, value)| literal(name, value))
    .collect();
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &head)
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_leave_so_many_answers_untaken_and_who_takes_theirs_gets_all() {
    let house = house(Limits {
        stranger_answers_max: 3,
        ..Limits::default()
    })
    .await;
    let no_window = [0, 4, 0, 0, 0, 0];
    let mut greedy = Raw::open_for(&house, "site.test", &no_window).await;
    for stream in [1, 3, 5, 7, 9] {
        greedy.write(&asks_site(stream)).await;
    }
    for _ in 0..2 {
        let reset = greedy.read_to(RST_STREAM).await.expect("it stays open");
        assert_eq!(reset.payload, ENHANCE_YOUR_CALM.to_be_bytes());
    }
    assert_eq!(house.metrics().answers_refused.value(), 2);
    let mut other = Raw::open_for(&house, "site.test", &[]).await;
    for stream in [1, 3, 5] {
        other.write(&asks_site(stream)).await;
        let mut data = other.read_to(DATA).await.expect("an answer");
        while data.flags & END_STREAM == 0 {
            data = other.read_to(DATA).await.expect("the rest of it");
        }
    }
    let mut known = Raw::open(&house, &no_window).await;
    for stream in (1..20).step_by(2) {
        known.write(&get(stream, "/page")).await;
        assert!(known.read_to(HEADERS).await.is_some());
    }
    assert_eq!(house.metrics().answers_refused.value(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_a_stranger_that_come_all_at_once_are_all_answered() {
    let house = house(Limits::default()).await;
    let mut raw = Raw::open_for(&house, "site.test", &[]).await;
    let asked: Vec<u8> = (1..200).step_by(2).flat_map(asks_site).collect();
    raw.write(&asked).await;
    for _ in 0..100 {
        assert!(raw.read_to(HEADERS).await.is_some());
    }
    assert_eq!(house.upstream.seen().len(), 100);
}
