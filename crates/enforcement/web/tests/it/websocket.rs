//! WebSockets: handshakes, bytes, and the Close that says why.

use data_encoding::BASE64;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::{
    client::{Answer, connect, read_answer, text},
    house::{ANA, House, until},
    upstream::{Recorder, Seen},
};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ASKING: [(&str, &str); 7] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", KEY),
];

/// The upstream's side: switches, says hello, then echoes; or floods; or sends a long frame.
pub(crate) async fn serve(
    recorder: &Recorder,
    io: &mut BufReader<TcpStream>,
    path: &str,
    seen: &Seen,
) -> std::io::Result<()> {
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(seen.all("sec-websocket-key")[0].as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = BASE64.encode(hash.finish().as_ref());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSet-Cookie: own=1\r\nX-Own: 1\r\n\
         Set-Cookie: __Host-gw-session=evil; Path=/; Secure\r\nSet-Cookie: wide=1; Domain=test\r\n\
         Clear-Site-Data: \"*\"\r\nAlt-Svc: h3=\":443\"\r\nGatewright-Decision: d-forged\r\n\r\n"
    );
    io.write_all(head.as_bytes()).await?;
    io.write_all(&frame(1, b"hello")).await?;
    match path {
        "/ws-flood" => loop {
            recorder.flood(io, &frame(2, &[b'x'; 60_000])).await?;
        },
        "/ws-long" => {
            // A frame of a gigabyte, of which only the start comes.
            io.write_all(&[0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0])
                .await?;
            io.write_all(&[b'x'; 1000]).await?;
            while io.read_u8().await.is_ok() {}
        }
        "/ws-reset" => {
            io.read_u8().await?;
            socket2::SockRef::from(io.get_ref()).set_linger(Some(std::time::Duration::ZERO))?;
        }
        _ => loop {
            let mut some = [0; 4096];
            let read = io.read(&mut some).await?;
            if read == 0 {
                break;
            }
            io.write_all(&frame(2, &some[..read])).await?;
        },
    }
    Ok(())
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match u8::try_from(payload.len()) {
        Ok(short @ ..=125) => frame.push(short),
        _ => {
            frame.push(126);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// One frame of the gateway's: opcode and payload.
pub(crate) async fn read_frame(
    io: &mut (impl AsyncRead + Unpin),
) -> std::io::Result<(u8, Vec<u8>)> {
    let opcode = io.read_u8().await? & 0xf;
    let length = match io.read_u8().await? {
        126 => usize::from(io.read_u16().await?),
        short => usize::from(short),
    };
    let mut payload = vec![0; length];
    io.read_exact(&mut payload).await?;
    Ok((opcode, payload))
}

pub(crate) async fn open(house: &House, path: &str) -> (TcpStream, Answer) {
    let mut io = connect(house.http).await;
    io.write_all(text(&format!("GET {path}"), &ASKING).as_bytes())
        .await
        .unwrap();
    let answer = read_answer(&mut io).await.unwrap();
    (io, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_pass_both_ways_untouched() {
    let house = House::usual().await;
    let (mut io, answer) = open(&house, "/ws").await;
    assert_eq!(answer.status, 101);
    assert_eq!(
        answer.one("sec-websocket-accept"),
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    );
    assert_eq!(answer.one("upgrade"), "websocket");
    assert_eq!(answer.all("set-cookie"), ["own=1"]);
    for name in ["clear-site-data", "alt-svc", "gatewright-decision"] {
        assert!(answer.all(name).is_empty(), "{name}");
    }
    assert_eq!(read_frame(&mut io).await.unwrap(), (1, b"hello".to_vec()));
    let masked = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
    io.write_all(&masked).await.unwrap();
    assert_eq!(read_frame(&mut io).await.unwrap(), (2, masked.to_vec()));
    let seen = house.upstream.last();
    assert_eq!(seen.all("upgrade"), ["websocket"]);
    assert_eq!(seen.all("gatewright-assertion").len(), 1);
    assert!(seen.all("cookie").is_empty());
    drop(io);
    house.upstream.alone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_says_why_at_the_end_of_a_frame() {
    let house = House::usual().await;
    let (mut io, _) = open(&house, "/ws").await;
    assert_eq!(read_frame(&mut io).await.unwrap().0, 1);
    house.end_session().await;
    let (opcode, payload) = read_frame(&mut io).await.unwrap();
    assert_eq!((opcode, &payload[..2]), (8, &1008_u16.to_be_bytes()[..]));
    assert_eq!(&payload[2..], b"An administrator ended this session.");
    assert_eq!(
        io.read(&mut [0; 1]).await.unwrap(),
        0,
        "nothing follows a Close"
    );
    house.upstream.alone().await;
    assert_eq!(house.metrics().cuts_forced.value(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_in_a_flood_comes_between_two_frames() {
    let house = House::usual().await;
    let (mut io, _) = open(&house, "/ws-flood").await;
    let reading = tokio::spawn(async move {
        loop {
            let (opcode, payload) = read_frame(&mut io).await.unwrap();
            match opcode {
                8 => return payload,
                2 => assert!(payload.iter().all(|b| *b == b'x')),
                _ => assert_eq!(payload, b"hello"),
            }
        }
    });
    house.upstream.reached(1).await;
    house.forbid_wiki().await;
    let payload = reading.await.unwrap();
    assert_eq!(&payload[..2], &1008_u16.to_be_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_does_not_end_ends_the_connection() {
    let house = House::usual().await;
    let (mut io, _) = open(&house, "/ws-long").await;
    assert_eq!(read_frame(&mut io).await.unwrap().0, 1);
    let mut start = [0; 500];
    io.read_exact(&mut start).await.unwrap();
    house.end_session().await;
    assert!(io.read_to_end(&mut Vec::new()).await.is_err());
    house.upstream.alone().await;
    assert_eq!(house.metrics().cuts_forced.value(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_stopped_reading_gets_little_more_after_a_cut() {
    let house = House::usual().await;
    let (mut io, _) = open(&house, "/ws-flood").await;
    house.upstream.stuck().await;
    house.end_session().await;
    house.upstream.alone().await;
    until(|| house.metrics().cuts.value() == 1).await;
    // What lay in the kernels' buffers, and no more.
    let (mut seen, mut got) = (vec![0; 1 << 16], 0);
    while let Ok(read @ 1..) = io.read(&mut seen).await {
        got += read;
    }
    assert!(got < 16 << 20, "{got} bytes came after the cut");
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_from_elsewhere_and_by_strangers_are_refused_and_never_redirected() {
    let house = House::usual().await;
    let page = ("Sec-Fetch-Mode", "navigate");
    for (changed, status) in [
        (("Origin", "http://payroll.test"), 403),
        (("Origin", "null"), 403),
        (("Cookie", "a=1"), 401),
        (("Sec-WebSocket-Version", "8"), 400),
        (("Upgrade", "h2c"), 400),
    ] {
        let mut headers: Vec<_> = ASKING
            .iter()
            .map(|h| if h.0 == changed.0 { changed } else { *h })
            .collect();
        assert_eq!(
            house.get("GET /ws", &headers).await.status,
            status,
            "{changed:?}"
        );
        headers.push(page);
        let answer = house.get("GET /ws", &headers).await;
        assert_eq!(answer.status, status, "{changed:?} as a page");
    }
    let without: Vec<_> = ASKING.into_iter().filter(|h| h.0 != "Origin").collect();
    assert_eq!(house.get("GET /ws", &without).await.status, 403);
    assert!(house.upstream.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_does_not_switch_in_order_gets_no_socket() {
    let house = House::usual().await;
    let (_, wrong) = open(&house, "/ws-wrong").await;
    assert_eq!(wrong.status, 502);
    let (_, ordinary) = open(&house, "/page").await;
    assert_eq!(ordinary.status, 200, "an upstream may decline");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_websockets_stand_side_by_side_and_one_is_cut() {
    let house = House::usual().await;
    let (mut hers, _) = open(&house, "/ws").await;
    let mut asking = ASKING;
    asking[0] = ("Host", "site.test");
    asking[1] = ("Cookie", "a=1");
    asking[2] = ("Origin", "http://site.test");
    let mut other = connect(house.http).await;
    other
        .write_all(text("GET /ws", &asking).as_bytes())
        .await
        .unwrap();
    assert_eq!(read_answer(&mut other).await.unwrap().status, 101);
    house.forbid_wiki().await;
    assert_eq!(read_frame(&mut hers).await.unwrap().0, 1);
    assert_eq!(read_frame(&mut hers).await.unwrap().0, 8);
    assert_eq!(read_frame(&mut other).await.unwrap().0, 1);
    other.write_all(&[0x81, 0x80, 0, 0, 0, 0]).await.unwrap();
    assert_eq!(read_frame(&mut other).await.unwrap().0, 2);
}
