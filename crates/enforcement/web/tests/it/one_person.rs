//! What one person who is signed in can take from others ends where it says.

use std::{path::Path, time::Duration};

use gw_ledger::{PersonalState, Record};
use gw_record::read_logs;
use gw_web::Limits;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    bounds::{ends, from, house},
    client::{Answer, connect, read_answer, send, text},
    house::{ANA, House, until},
};

const MOMENT: Duration = Duration::from_millis(50);
const STRANGER: [(&str, &str); 1] = [("Host", "wiki.test")];

/// A request at the wiki; nothing where the connection is lost.
async fn ask(io: &mut TcpStream, cookie: &str) -> u16 {
    send(io, "GET /", &[STRANGER[0], ("Cookie", cookie)])
        .await
        .status
}

/// A connection over which somebody has asked.
async fn asked(house: &House, cookie: &str) -> TcpStream {
    let mut io = connect(house.http).await;
    assert_eq!(ask(&mut io, cookie).await, 200);
    io
}

/// Bounds with which connections are looked at often.
fn often() -> Limits {
    Limits {
        first_byte_read: Duration::from_secs(1),
        ..Limits::default()
    }
}

fn fallen(house: &House) -> u64 {
    house.metrics().connections_fallen.value()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_takes_all_seats_leaves_one_to_whoever_else_signs_in() {
    let house = house(Limits {
        connections_max: 16,
        connections_per_person: 4,
        ..Limits::default()
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..16 {
        held.push(asked(&house, ANA).await);
    }
    assert_eq!(fallen(&house), 12);
    let newcomer = house.signs_in(2).await;
    let mut own = Vec::new();
    for _ in 0..4 {
        own.push(asked(&house, &newcomer).await);
    }
    // They lose nothing while she goes on.
    for _ in 0..16 {
        held.push(asked(&house, ANA).await);
    }
    for io in &mut own {
        assert_eq!(ask(io, &newcomer).await, 200);
    }
    assert_eq!(house.metrics().connections_refused.value(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_seats_are_peoples_whoever_has_most_makes_way() {
    let house = house(Limits {
        connections_max: 8,
        ..Limits::default()
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(asked(&house, ANA).await);
    }
    let mut others = Vec::new();
    for number in 2..8 {
        let cookie = house.signs_in(number).await;
        others.push((asked(&house, &cookie).await, cookie));
    }
    for (io, cookie) in &mut others {
        assert_eq!(ask(io, cookie).await, 200);
    }
    assert_eq!(ask(held.last_mut().unwrap(), ANA).await, 200, "her newest");
    for mut io in held.drain(..6) {
        ends(&mut io).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_has_too_much_of_is_served_and_closed_as_a_strangers_is() {
    let house = house(Limits {
        connections_per_person: 1,
        stranger_idle: MOMENT,
        ..Limits::default()
    })
    .await;
    let mut first = asked(&house, ANA).await;
    let mut second = asked(&house, ANA).await;
    ends(&mut first).await;
    assert_eq!(ask(&mut second, ANA).await, 200);
    assert_eq!(
        (fallen(&house), house.metrics().idle_closed.value()),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_gives_its_seats_back() {
    let house = house(Limits {
        connections_max: 4,
        ..often()
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(asked(&house, ANA).await);
    }
    let newcomer = house.signs_in(2).await;
    house.end_session().await;
    until(|| fallen(&house) == 3).await;
    // Whoever held them is a stranger like any other, whatever they ask for.
    for io in &mut held {
        assert_eq!(ask(io, "").await, 401);
    }
    let mut own = Vec::new();
    for _ in 0..3 {
        own.push(asked(&house, &newcomer).await);
    }
    for io in &mut own {
        assert_eq!(ask(io, &newcomer).await, 200);
    }
    assert_eq!(fallen(&house), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_a_session_that_is_over_count_against_their_address() {
    let house = house(Limits {
        connections_per_address: 2,
        ..often()
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut io = from(9, house.http).await.unwrap();
        assert_eq!(ask(&mut io, ANA).await, 200);
        held.push(io);
    }
    house.end_session().await;
    until(|| house.metrics().connections_open.value() <= 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_gain_nothing_for_long_by_a_persons_request() {
    let house = house(Limits::default()).await;
    let mut io = asked(&house, ANA).await;
    for _ in 0..15 {
        assert_eq!(send(&mut io, "GET /", &STRANGER).await.status, 401);
    }
    assert_eq!(ask(&mut io, ANA).await, 200);
    assert_eq!(fallen(&house), 0);
    for _ in 0..16 {
        assert_eq!(send(&mut io, "GET /", &STRANGER).await.status, 401);
    }
    until(|| fallen(&house) == 1).await;
    assert_eq!(ask(&mut io, ANA).await, 200);
}

/// Many requests at once on one connection, and their answers.
async fn flood(house: &House, cookie: &str, number: usize) -> Vec<Answer> {
    flood_with(house, &[STRANGER[0], ("Cookie", cookie)], number).await
}

async fn flood_with(house: &House, headers: &[(&str, &str)], number: usize) -> Vec<Answer> {
    let mut io = connect(house.http).await;
    let (mut read, mut write) = io.split();
    let all = text("GET /", headers).repeat(number);
    let asking = write.write_all(all.as_bytes());
    let answering = async {
        let mut answers = Vec::new();
        while answers.len() < number {
            answers.push(read_answer(&mut read).await.unwrap());
        }
        answers
    };
    let (sent, answers) = tokio::join!(asking, answering);
    sent.unwrap();
    answers
}

/// How many accesses are recorded one by one.
fn exchanges(house: &House) -> usize {
    let folder = house.tested.folder.path().join("ledger");
    let all = read_logs(&folder).unwrap().filter_map(Result::ok);
    all.filter(|entry| matches!(entry.record, Record::Exchange(_)))
        .count()
}

/// How many of a person's requests are told to have come too fast.
fn summed_up(folder: &Path, name: &str) -> u64 {
    let all = read_logs(folder).unwrap().filter_map(Result::ok);
    all.filter_map(|entry| match (&entry.record, &entry.personal) {
        (Record::Refused(refused), PersonalState::Present(fields))
            if &*refused.reason == "person-too-fast" && fields.user == name =>
        {
            Some(refused.count)
        }
        _ => None,
    })
    .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_asks_so_much_and_others_go_on() {
    let house = house(Limits {
        requests_per_person: 10,
        ..Limits::default()
    })
    .await;
    let other = house.signs_in(2).await;
    let mut calm = asked(&house, &other).await;
    let answers = flood(&house, ANA, 1_000).await;
    let (let_in, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 200);
    assert!((100..500).contains(&let_in.len()), "{}", let_in.len());
    for answer in &refused {
        assert_eq!((answer.status, answer.one("retry-after")), (429, "1"));
        assert_eq!(
            answer.problem()["type"],
            "urn:gatewright:problem:person-too-fast"
        );
    }
    assert_eq!(
        house.metrics().requests_too_fast.value(),
        refused.len() as u64
    );
    assert_eq!(ask(&mut calm, &other).await, 200);
    // Those are told by their number, and not one by one.
    assert_eq!(exchanges(&house), let_in.len() + 2);
    let folder = house.tested.folder.path().join("ledger");
    house.tested.clock.advance(Duration::from_secs(1));
    until(|| summed_up(&folder, "ana") == refused.len() as u64).await;
    // A new connection is no way around it.
    let again = flood(&house, ANA, 500).await;
    assert!(again.iter().any(|answer| answer.status == 429));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_app_keeps_nobody_from_what_they_ask_themselves() {
    let house = house(Limits {
        requests_per_person: 1,
        ..Limits::default()
    })
    .await;
    let sent_by = |site| [STRANGER[0], ("Cookie", ANA), ("Sec-Fetch-Site", site)];
    for site in ["same-site", "cross-site"] {
        let answers = flood_with(&house, &sent_by(site), 200).await;
        assert!(answers.iter().any(|answer| answer.status == 429), "{site}");
    }
    for site in ["same-origin", "none"] {
        let answer = house.get("GET /", &sent_by(site)).await;
        assert_eq!(answer.status, 200, "{site}");
    }
    let answer = house.get("GET /", &[STRANGER[0], ("Cookie", ANA)]).await;
    assert_eq!(answer.status, 200, "no browser");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_in_a_browser_reads_that_it_was_too_much() {
    let house = house(Limits {
        requests_per_person: 1,
        ..Limits::default()
    })
    .await;
    flood(&house, ANA, 200).await;
    let page = [
        STRANGER[0],
        ("Cookie", ANA),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
        ("Accept", "text/html"),
    ];
    let answer = loop {
        let answer = house.get("GET /", &page).await;
        if answer.status == 429 {
            break answer;
        }
    };
    assert!(answer.body.contains("Too much at once"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_has_so_much_under_way_and_others_go_on() {
    let house = house(Limits {
        exchanges_per_person: 3,
        ..Limits::default()
    })
    .await;
    let other = house.signs_in(2).await;
    let stream = async |cookie: &str| {
        let mut io = connect(house.http).await;
        let head = text("GET /stream", &[STRANGER[0], ("Cookie", cookie)]);
        io.write_all(head.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        io.read_exact(&mut start).await.unwrap();
        (io, String::from_utf8_lossy(&start[9..]).into_owned())
    };
    let mut held = Vec::new();
    for _ in 0..3 {
        let (io, status) = stream(ANA).await;
        assert_eq!(status, "200");
        held.push(io);
    }
    let refused = house.get("GET /", &[STRANGER[0], ("Cookie", ANA)]).await;
    assert_eq!(refused.status, 429);
    let problem = &refused.problem()["type"];
    assert_eq!(problem, "urn:gatewright:problem:person-too-much");
    assert_eq!(stream(&other).await.1, "200");
    // Gatewright's own pages are there all the while.
    let own = [
        ("Host", "own.test"),
        ("Cookie", "__Host-gw-session=ana-at-own"),
    ];
    assert_eq!(house.get("GET /page", &own).await.status, 200);
    held.pop();
    let is_room = async || {
        house
            .get("GET /", &[STRANGER[0], ("Cookie", ANA)])
            .await
            .status
            == 200
    };
    while !is_room().await {
        tokio::task::yield_now().await;
    }
}
