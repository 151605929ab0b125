//! What is recorded, and what becomes of requests when nothing can be.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use gw_ledger::{EndManner, Entry, PersonalState, Record};
use gw_record::read_logs;
use tokio::io::AsyncWriteExt as _;

use crate::{
    client::{connect, read_answer, text},
    house::{ANA, House, Plan, until},
};

const OWN: [(&str, &str); 3] = [
    ("Host", "wiki.test"),
    ("Cookie", ANA),
    ("Origin", "http://wiki.test"),
];

fn entries(house: &House) -> Vec<Entry> {
    let folder = house.tested.folder.path().join("ledger");
    let all = read_logs(&folder).unwrap().filter_map(Result::ok);
    all.filter(|entry| &*entry.log == "core-0").collect()
}

fn told(entry: &Entry) -> serde_json::Value {
    let PersonalState::Present(personal) = &entry.personal else {
        panic!("{entry:?}")
    };
    serde_json::to_value(personal).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_is_recorded_with_what_passed() {
    let house = House::usual().await;
    let headers = [&OWN[..], &[("Content-Length", "5")]].concat();
    let mut io = connect(house.http).await;
    let request = text("POST /api/x?page=7&token=secret", &headers) + "hello";
    io.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
    let ends = || {
        entries(&house).into_iter().find_map(|e| match e.record {
            Record::End(end) => Some(end),
            _ => None,
        })
    };
    until(|| ends().is_some()).await;
    let end = ends().unwrap();
    assert_eq!((end.status, end.bytes_up, end.bytes_down), (200, 5, 23));
    assert_eq!(end.manner, EndManner::Done);
    let all = entries(&house);
    let exchange = all.iter().find(|e| e.is_of_decision(end.decision)).unwrap();
    let text = told(exchange).to_string();
    for part in ["127.0.0.1", "wiki.test", "/api/x", "ana", "page", "7"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(
        !text.contains("secret"),
        "only what the route names as safe: {text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_not_recorded() {
    let house = House::usual().await;
    let known = [
        ("Host", "sign-in.test"),
        ("Cookie", "__Host-gw-sso=ana-signed-on"),
    ];
    let answer = house.get("GET /link/AAAAAAAAAAAAAAAAAAAAAA", &known).await;
    assert!(
        answer.body.contains("/link/AAAAAAAAAAAAAAAAAAAAAA"),
        "the page itself sees it"
    );
    let all = entries(&house);
    let exchange = all
        .iter()
        .find(|e| matches!(e.record, Record::Exchange(_)))
        .unwrap();
    let text = told(exchange).to_string();
    assert!(text.contains("/link/") && !text.contains("AAAA"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_fill_no_log() {
    let house = House::usual().await;
    for _ in 0..20 {
        assert_eq!(house.get("GET /", &OWN[..1]).await.status, 401);
        assert_eq!(house.get("GET /a;b", &OWN[..1]).await.status, 400);
        assert_eq!(
            house.get("GET /", &[("Host", "nowhere.test")]).await.status,
            404
        );
    }
    let recorded = |e: &Entry| matches!(e.record, Record::Exchange(_) | Record::Judgement(_));
    assert!(!entries(&house).iter().any(recorded));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_happens_unrecorded() {
    let full = Arc::new(AtomicBool::new(false));
    let house = House::of(Plan {
        full: Some(full.clone()),
        ..Plan::default()
    })
    .await;
    assert_eq!(house.get("GET /", &OWN).await.status, 200);
    full.store(true, Ordering::Relaxed);
    let refused = loop {
        let answer = house.get("GET /", &OWN).await;
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!(refused.status, 503);
    assert_eq!(
        refused.problem()["type"],
        "urn:gatewright:problem:unwritable"
    );
    let reached = house.upstream.seen().len();
    let page = [&OWN[..], &[("Sec-Fetch-Mode", "navigate")]].concat();
    let answer = house.get("GET /", &page).await;
    assert_eq!(answer.status, 503);
    assert!(
        answer.body.contains("records every access"),
        "{}",
        answer.body
    );
    assert_eq!(
        house.upstream.seen().len(),
        reached,
        "nothing more got through"
    );
}

/// What strangers do at an app that is open to them is recorded one by one while that is not
/// too much, and then counted.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_at_an_app_that_is_open_to_them_fill_no_log_either() {
    let house = House::usual().await;
    let mut io = connect(house.http).await;
    let ask = text("GET /page", &[("Host", "site.test")]);
    for _ in 0..400 {
        io.write_all(ask.as_bytes()).await.unwrap();
        assert_eq!(read_answer(&mut io).await.unwrap().status, 200);
    }
    let exchanges = entries(&house).into_iter();
    let recorded = exchanges.filter(|e| matches!(e.record, Record::Exchange(_)));
    assert_eq!(recorded.count(), 300);
    let mut known = connect(house.http).await;
    let own = text("GET /page", &OWN);
    known.write_all(own.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut known).await.unwrap().status, 200);
    let exchanges = entries(&house).into_iter();
    let recorded = exchanges.filter(|e| matches!(e.record, Record::Exchange(_)));
    assert_eq!(recorded.count(), 301, "who is signed in is always recorded");
}

/// However much of it is only counted.
#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_recorded_is_not_let_through_for_being_counted() {
    let full = Arc::new(AtomicBool::new(false));
    let house = House::of(Plan {
        full: Some(full.clone()),
        ..Plan::default()
    })
    .await;
    full.store(true, Ordering::Relaxed);
    while house.get("GET /", &OWN).await.status == 200 {}
    let mut io = connect(house.http).await;
    let ask = text("GET /page", &[("Host", "site.test")]);
    let mut ask = async || {
        io.write_all(ask.as_bytes()).await.unwrap();
        read_answer(&mut io).await.unwrap().status
    };
    // A stranger's records are smaller: some may still have room.
    while ask().await == 200 {}
    let reached = house.upstream.seen().len();
    for _ in 0..400 {
        assert_eq!(ask().await, 503);
    }
    assert_eq!(house.upstream.seen().len(), reached);
}
