//! An authority that is broken or means harm: it costs a failed attempt, and nothing else.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    authority::{Authority, TOKEN, made, problem, told},
    house::{HOST, House, NOW},
};

/// What a house is told when an attempt fails; nothing is served or kept then.
async fn fails(house: &mut House) -> String {
    house.obtain().await;
    assert!(house.served().is_empty());
    assert_eq!(house.file(), None);
    assert_eq!(house.pending.answer(HOST, TOKEN), None);
    house.trouble().what
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let mut house = House::new().await;
    house
        .authority
        .answers_instead(|_| Some(Response::new(Full::from(vec![b' '; 1 << 20]))));
    let told = fails(&mut house).await;
    assert!(told.contains("longer than 256 KiB"), "{told}");
}

#[tokio::test]
async fn nobody_is_asked_but_who_the_directory_names() {
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = trap.local_addr().unwrap().port();
    let mut house = House::new().await;
    let base = house.authority.base.clone();
    let plain = base.replace("https:", "http:");
    for elsewhere in [
        format!("https://localhost:{port}"),
        plain,
        "file:///etc".into(),
    ] {
        let order = json!({
            "status": "pending",
            "authorizations": [format!("{elsewhere}/authorization/1")],
            "finalize": format!("{elsewhere}/finalize/1"),
        });
        let location = format!("{base}/order/1");
        house.authority.answers_instead(move |path| {
            (path == "/order").then(|| made(location.clone(), &order))
        });
        let told = fails(&mut house).await;
        assert!(
            told.contains("cannot be asked") || told.contains("cannot be followed"),
            "{told}"
        );
    }
    house.authority.answers_instead(move |path| {
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::FOUND;
        let there = format!("https://localhost:{port}/directory");
        answer
            .headers_mut()
            .insert("location", there.parse().unwrap());
        (path == "/directory").then_some(answer)
    });
    assert!(fails(&mut house).await.contains("answered with 302"));
    let connected = tokio::time::timeout(Duration::from_millis(1), trap.accept()).await;
    assert!(connected.is_err(), "somebody came");
}

#[tokio::test]
async fn a_certificate_for_another_key_or_another_name_is_not_taken_up() {
    let mut house = House::new().await;
    for names in [
        &[HOST][..],
        &["auth.test"],
        &[HOST, "auth.test"],
        &["*.test"],
    ] {
        let chain = house.authority.issue(names);
        house.authority.answers_instead(move |path| {
            (path == "/certificate/1").then(|| Response::new(Full::from(chain.clone())))
        });
        let told = fails(&mut house).await;
        assert!(told.contains("not taken up"), "{names:?}: {told}");
    }
    house.authority.behaves();
    house.obtain().await;
    let (file, held) = (house.file(), house.schedule().hosts[HOST].held);
    let chain = house.authority.issue(&[HOST]);
    house.authority.answers_instead(move |path| {
        (path == "/certificate/1").then(|| Response::new(Full::from(chain.clone())))
    });
    house.obtain().await;
    assert!(house.trouble().what.contains("does not belong"));
    assert_eq!(
        (house.file(), house.schedule().hosts[HOST].held),
        (file, held)
    );
    assert_eq!(house.served(), [HOST], "what was there is served on");
}

#[tokio::test]
async fn a_key_of_the_authoritys_never_comes_into_the_file() {
    let mut house = House::new().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let (pem, chain) = (key.serialize_pem(), house.authority.issue(&[HOST]));
    house.authority.answers_instead(move |path| {
        let both = format!("{pem}{chain}");
        (path == "/certificate/1").then(|| Response::new(Full::from(both)))
    });
    assert!(fails(&mut house).await.contains("not taken up"));
}

#[tokio::test]
async fn a_wait_without_end_is_no_panic_and_ends_after_a_day() {
    let mut house = House::new().await;
    for status in [429_u16, 503] {
        house.authority.answers_instead(move |path| {
            let mut answer = problem(status, "rateLimited", "too many");
            let for_ever = "18446744073709551615".parse().unwrap();
            answer.headers_mut().insert("retry-after", for_ever);
            (path == "/order").then_some(answer)
        });
        fails(&mut house).await;
        let trouble = house.trouble();
        assert_eq!(trouble.next, NOW.after(Duration::from_secs(86_400)));
        assert!(trouble.told_to_wait);
    }
}

#[tokio::test]
async fn a_wait_without_end_in_an_order_is_given_up() {
    let mut house = House::new().await;
    let order = house.authority.clone();
    house.authority.answers_instead(move |path| {
        let mut waiting = order.order_as_told();
        waiting["status"] = json!("pending");
        let mut answer = told(&waiting);
        let for_ever = "18446744073709551615".parse().unwrap();
        answer.headers_mut().insert("retry-after", for_ever);
        (path == "/order/1").then_some(answer)
    });
    let told = fails(&mut house).await;
    assert!(told.contains("did not come to look"), "{told}");
}

#[tokio::test]
async fn a_proof_for_another_host_is_not_given() {
    let mut house = House::new().await;
    let base = house.authority.base.clone();
    house.authority.answers_instead(move |path| {
        let challenge = json!({
            "type": "http-01", "status": "pending", "token": TOKEN, "url": format!("{base}/challenge/1"),
        });
        let authorization = json!({
            "status": "pending", "identifier": {"type": "dns", "value": "bank.test"},
            "challenges": [challenge],
        });
        (path == "/authorization/1").then(|| told(&authorization))
    });
    let told = fails(&mut house).await;
    assert!(told.contains("another name"), "{told}");
    assert!(!house.authority.asked().contains(&"/challenge/1".to_owned()));
}

#[tokio::test]
async fn what_is_no_answer_of_an_authority_is_told_as_such() {
    let mut house = House::new().await;
    for path in [
        "/directory",
        "/nonce",
        "/account",
        "/order",
        "/authorization/1",
        "/challenge/1",
        "/order/1",
        "/finalize/1",
        "/certificate/1",
    ] {
        for text in ["<html>no</html>", "null", "{}"] {
            for status in [200_u16, 500] {
                let told = Bytes::from(text);
                house.authority.answers_instead(move |asked| {
                    let mut answer = Response::new(Full::from(told.clone()));
                    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
                    (asked == path).then_some(answer)
                });
                let before = house.schedule();
                house.obtain().await;
                if house.served().is_empty() {
                    assert!(house.trouble().failures > 0);
                    assert_ne!(house.schedule(), before);
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_never_answers_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::start(folder.path()).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut house = House::asking(
        folder,
        authority,
        format!("https://localhost:{port}/directory"),
    );
    let told = fails(&mut house).await;
    assert!(told.contains("does not answer within"), "{told}");
}
