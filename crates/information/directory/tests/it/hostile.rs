//! What a broken or hostile server can do to whoever reads it: be refused, and no more.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gw_directory::{DirectoryFault, PEOPLE_MAX, Reading, Referrals, Settings, check, read_once};

use crate::{
    fake::{Asked, Fake, Reply, message, outcome, tlv},
    house::{House, is_on, settings, until},
};

const PEOPLE: &str = "ou=people,dc=lab,dc=test";

fn of(fake: &Fake) -> Settings {
    settings(&[&fake.url()], false)
}

async fn read(fake: &Fake) -> Result<Reading, DirectoryFault> {
    read_once(&of(fake), &BTreeSet::new()).await
}

fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn person(asked: &Asked, number: usize) -> Vec<u8> {
    let name = format!("p{number}");
    let dn = format!("uid={name},{PEOPLE}");
    asked.entry(
        &dn,
        &[("entryUUID", &id(number)), ("uid", &name), ("cn", &name)],
    )
}

/// A server that is ordinary but for what it says of people.
async fn with_people(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Fake {
    Fake::serve(move |asked| match asked.ordinary() {
        Some(ordinary) => ordinary,
        None if asked.searches(PEOPLE) => reply(asked),
        None => Reply::Bytes(asked.done(0, "")),
    })
    .await
}

#[tokio::test]
async fn what_is_no_ber_is_refused() {
    let nonsense: Vec<Vec<u8>> = vec![
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        vec![0x30, 0x80, 0, 0],
        vec![0x30, 0x85, 1, 0, 0, 0, 0],
        tlv(0x30, b""),
        tlv(0x30, &tlv(2, b"")),
        tlv(0x30, &tlv(2, &[0; 9])),
        tlv(0x30, &[tlv(2, &[3]), vec![0x64, 0x05, 0x04]].concat()),
        tlv(
            0x30,
            &[tlv(2, &[3]), tlv(0x64, &tlv(4, b"cn=\xff\xfe"))].concat(),
        ),
        tlv(0x30, &[tlv(2, &[3]), tlv(0x1f, b"")].concat()),
        tlv(0x30, &[tlv(2, &[0xff]), tlv(0x65, b"")].concat()),
        message(
            3,
            &tlv(
                0x64,
                &[tlv(4, b""), tlv(0x30, &tlv(0x30, &tlv(4, b"a")))].concat(),
            ),
            b"",
        ),
        message(3, &outcome(0x65, 0, ""), &tlv(0x30, b"")),
        message(3, &outcome(0x61, 0, ""), b""),
        message(1_000_000, &outcome(0x65, 0, ""), b""),
    ];
    for bytes in nonsense {
        let shown = format!("{bytes:02x?}");
        let fake = with_people(move |_| Reply::Bytes(bytes.clone())).await;
        let fault = read(&fake).await.unwrap_err();
        assert!(
            matches!(fault, DirectoryFault::Misbehaves(_)),
            "{shown}: {fault}"
        );
    }
}

#[tokio::test]
async fn elements_within_elements_overflow_no_stack() {
    let mut bytes = Vec::new();
    for level in 0..200_000_u32 {
        bytes.extend_from_slice(&[0x30, 0x84]);
        bytes.extend_from_slice(&((199_999 - level) * 6).to_be_bytes());
    }
    let fake = Fake::serve(move |_| Reply::Bytes(bytes.clone())).await;
    assert!(matches!(
        read(&fake).await,
        Err(DirectoryFault::Misbehaves(_))
    ));
}

#[tokio::test]
async fn a_message_that_claims_to_be_huge_is_refused_before_it_comes() {
    let fake = with_people(|_| Reply::Bytes(vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff])).await;
    let fault = read(&fake).await.unwrap_err();
    assert!(fault.to_string().contains("too large"), "{fault}");
}

#[tokio::test]
async fn who_says_nothing_or_drips_is_not_waited_for_without_an_end() {
    let fake = Fake::serve(|_| Reply::Silence).await;
    let mut settings = of(&fake);
    settings.timing.answer = Duration::from_millis(50);
    let fault = read_once(&settings, &BTreeSet::new()).await.unwrap_err();
    assert!(matches!(fault, DirectoryFault::Slow(_)), "{fault}");

    // Intermediate answers that mean nothing keep a search open.
    let fake = with_people(|asked| {
        let nothing = asked.answer(&tlv(0x79, b""));
        Reply::Endless(Box::new(move |_| nothing.clone()))
    })
    .await;
    let mut settings = of(&fake);
    settings.timing.reading = Duration::from_millis(200);
    let fault = read_once(&settings, &BTreeSet::new()).await.unwrap_err();
    assert!(matches!(fault, DirectoryFault::Slow(_)), "{fault}");
}

/// A server that says of itself what this says, and never anything else.
async fn with_root(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Fake {
    Fake::serve(move |asked| match asked.searches("") {
        true => reply(asked),
        false => asked.ordinary().unwrap_or(Reply::Silence),
    })
    .await
}

/// Servers that let the account in and never come to the end of what they are.
async fn never_open() -> [Fake; 2] {
    let entries = with_root(|asked| {
        let entry = asked.entry("", &[("supportedControl", "1.2.3")]);
        Reply::Endless(Box::new(move |_| entry.clone()))
    });
    let places = with_root(|asked| {
        let elsewhere = asked.answer(&tlv(0x73, &tlv(4, b"ldap://127.0.0.1:1/dc=lab")));
        Reply::Endless(Box::new(move |_| elsewhere.clone()))
    });
    [entries.await, places.await]
}

#[tokio::test]
async fn a_server_that_never_says_all_of_what_it_is_is_not_waited_for_without_an_end() {
    for fake in never_open().await {
        let mut settings = of(&fake);
        settings.timing.answer = Duration::from_millis(100);
        let house = House::of(&settings);
        let (handle, _running) = house.follow();
        until(&handle, "it is told", |status| status.trouble.is_some()).await;
        let trouble = handle.status().trouble.clone().unwrap();
        assert!(
            trouble.what.contains("more than one entry")
                || trouble.what.contains("no answer within"),
            "{}",
            trouble.what
        );
    }
}

#[tokio::test]
async fn the_next_server_is_read_where_one_never_says_what_it_is_or_breaks_off() {
    let fine =
        || with_people(|asked| Reply::Bytes([person(asked, 1), asked.page_done(b"")].concat()));
    for never in never_open().await {
        let fine = fine().await;
        let mut settings = settings(&[&never.url(), &fine.url()], false);
        settings.timing.answer = Duration::from_millis(100);
        let reading = read_once(&settings, &BTreeSet::new()).await.unwrap();
        assert_eq!(reading.people.len(), 1);
    }
    // It lets the account in, and cannot be read.
    let broken = with_people(|asked| Reply::Last(person(asked, 2))).await;
    let fine = fine().await;
    let house = House::of(&settings(&[&broken.url(), &fine.url()], false));
    let (_handle, _running) = house.follow();
    house
        .until("the other one is read", |facts| is_on(facts, "p1"))
        .await;
}

#[tokio::test]
async fn people_without_an_end_are_not_read_without_an_end() {
    let fake = with_people(|asked| {
        let number = asked.number;
        Reply::Endless(Box::new(move |n| {
            let dn = format!("uid=p{n},{PEOPLE}");
            message(
                number,
                &tlv(0x64, &[tlv(4, dn.as_bytes()), tlv(0x30, b"")].concat()),
                b"",
            )
        }))
    })
    .await;
    let fault = read(&fake).await.unwrap_err();
    assert!(
        matches!(
            fault,
            DirectoryFault::TooMuch {
                most: PEOPLE_MAX,
                ..
            }
        ),
        "{fault}"
    );
}

#[tokio::test]
async fn pages_that_go_round_or_hold_nothing_come_to_an_end() {
    let round = with_people(|asked| {
        Reply::Bytes([person(asked, 1), person(asked, 2), asked.page_done(b"next")].concat())
    })
    .await;
    let empty = with_people(|asked| Reply::Bytes(asked.page_done(b"next"))).await;
    for fake in [round, empty] {
        let fault = read(&fake).await.unwrap_err();
        assert!(
            fault.to_string().contains("pages without an end"),
            "{fault}"
        );
    }
    let huge = with_people(|asked| Reply::Bytes(asked.page_done(&[7; 100_000]))).await;
    assert!(matches!(
        read(&huge).await,
        Err(DirectoryFault::Misbehaves(_))
    ));
}

#[tokio::test]
async fn huge_values_are_not_taken_for_names() {
    let fake = with_people(|asked| {
        let huge = "x".repeat(5_000_000);
        let one = asked.entry(
            &format!("uid=p1,{PEOPLE}"),
            &[
                ("entryUUID", &id(1)),
                ("uid", "p1"),
                ("cn", &huge),
                ("mail", &huge),
            ],
        );
        let other = asked.entry(&format!("uid={huge},{PEOPLE}"), &[("entryUUID", &id(2))]);
        Reply::Bytes([one, other, asked.page_done(b"")].concat())
    })
    .await;
    let reading = read(&fake).await.unwrap();
    assert_eq!((reading.people.len(), reading.unusable.len()), (1, 1));
    let one = &reading.people[0];
    assert_eq!(
        (one.display_name.as_deref(), one.email.as_deref()),
        (None, None)
    );
    assert!(reading.unusable[0].shown.len() < 200);
}

#[tokio::test]
async fn referrals_are_followed_nowhere() {
    let fake = with_people(|asked| Reply::Bytes(asked.done(10, "elsewhere"))).await;
    let fault = read(&fake).await.unwrap_err();
    assert!(
        fault.help().contains("referrals are not followed"),
        "{fault}"
    );

    let fake = with_people(|asked| {
        let elsewhere = asked.answer(&tlv(0x73, &tlv(4, b"ldap://127.0.0.1:1/dc=lab")));
        Reply::Bytes([person(asked, 1), elsewhere, asked.page_done(b"")].concat())
    })
    .await;
    assert_eq!(read(&fake).await.unwrap().people.len(), 1);
}

#[tokio::test]
async fn who_may_be_elsewhere_is_not_taken_for_gone_and_nobody_goes_there() {
    let was_asked = Arc::new(AtomicBool::new(false));
    let asked_there = was_asked.clone();
    let elsewhere = Fake::serve(move |_| {
        asked_there.store(true, Ordering::SeqCst);
        Reply::Silence
    })
    .await;
    let place = format!("{}/ou=people,dc=lab,dc=test", elsewhere.url());
    let is_split = Arc::new(AtomicBool::new(false));
    let split = is_split.clone();
    let fake = with_people(move |asked| {
        let named = asked.answer(&tlv(0x73, &tlv(4, place.as_bytes())));
        let of_page = match (split.load(Ordering::SeqCst), asked.cookie()) {
            (false, _) => vec![person(asked, 1), person(asked, 2)],
            (true, Some(_)) => vec![person(asked, 1), named],
            // Who is missing is asked for.
            (true, None) => vec![named],
        };
        Reply::Bytes([of_page.concat(), asked.page_done(b"")].concat())
    })
    .await;
    for referrals in [Referrals::Keep, Referrals::Ignore] {
        is_split.store(false, Ordering::SeqCst);
        let mut settings = of(&fake);
        settings.referrals = referrals;
        let house = House::of(&settings);
        let (handle, _running) = house.follow();
        house
            .until("both came", |facts| facts.users().count() == 2)
            .await;
        is_split.store(true, Ordering::SeqCst);
        handle.read_now();
        until(&handle, "it is told", |status| status.references == 1).await;
        let status = handle.status();
        let is_kept = referrals == Referrals::Keep;
        assert_eq!(status.is_partial, is_kept);
        assert_eq!(is_on(&house.facts(), "p2"), is_kept, "{referrals:?}");
        assert!(is_on(&house.facts(), "p1"));
        let told = status.conflicts.iter().any(|one| {
            let why = one.to_string();
            why.contains("1 places elsewhere are named") && why.contains("1 of them stay")
        });
        assert_eq!(told, is_kept, "{:?}", status.conflicts);
        let report = check(&settings).await;
        let said: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
        let word = match referrals {
            Referrals::Keep => "what is missing is not taken for gone",
            Referrals::Ignore => "are named, and ignored",
        };
        assert!(said.iter().any(|one| one.contains(word)), "{said:?}");
    }
    assert!(!was_asked.load(Ordering::SeqCst), "nobody goes there");
}

#[tokio::test]
async fn what_comes_before_tls_is_not_taken_for_what_comes_by_it() {
    let fake = Fake::serve(|asked| {
        let injected = message(2, &outcome(0x61, 0, ""), b"");
        Reply::Bytes([asked.done(0, ""), injected].concat())
    })
    .await;
    let settings = settings(&[&fake.url()], true);
    let fault = read_once(&settings, &BTreeSet::new()).await.unwrap_err();
    assert!(
        fault
            .to_string()
            .contains("more than the answer that begins TLS"),
        "{fault}"
    );
}

#[tokio::test]
async fn a_server_that_does_not_begin_tls_gets_no_secret() {
    let fake = Fake::serve(|asked| {
        assert!(!asked.is_bind(), "the secret was sent in the open");
        Reply::Bytes(asked.done(53, "no TLS here"))
    })
    .await;
    let settings = settings(&[&fake.url()], true);
    let fault = read_once(&settings, &BTreeSet::new()).await.unwrap_err();
    assert!(matches!(fault, DirectoryFault::NoStartTls(_)), "{fault}");
}

#[tokio::test]
async fn who_moved_between_two_pages_is_asked_for_and_not_taken_for_gone() {
    let fake = with_people(|asked| match asked.cookie().as_deref() {
        Some(b"") => Reply::Bytes([person(asked, 1), asked.page_done(b"2")].concat()),
        Some(_) => Reply::Bytes([person(asked, 2), asked.page_done(b"")].concat()),
        // Not a page: who is missing is asked for.
        None => {
            assert!(asked.mentions(&id(3)) && asked.mentions(&id(4)) && !asked.mentions(&id(1)));
            Reply::Bytes([person(asked, 3), asked.done(0, "")].concat())
        }
    })
    .await;
    let expected = [1, 2, 3, 4].map(|number| Arc::from(id(number)));
    let reading = read_once(&of(&fake), &expected.into()).await.unwrap();
    let ids: BTreeSet<_> = reading
        .people
        .iter()
        .map(|one| one.id.to_string())
        .collect();
    assert_eq!(ids, [1, 2, 3].map(id).into());
}

#[tokio::test]
async fn who_was_not_asked_for_is_not_listed_without_an_end() {
    let fake = with_people(|asked| match asked.cookie() {
        Some(_) => Reply::Bytes([person(asked, 1), asked.page_done(b"")].concat()),
        None => {
            let all: Vec<u8> = (0..500).flat_map(|number| person(asked, number)).collect();
            Reply::Bytes([all, asked.done(0, "")].concat())
        }
    })
    .await;
    let expected = BTreeSet::from([Arc::from(id(9))]);
    assert!(read_once(&of(&fake), &expected).await.is_err());
}

#[tokio::test]
async fn a_connection_that_breaks_off_leaves_no_half_reading() {
    let is_broken = Arc::new(AtomicBool::new(false));
    let broken = is_broken.clone();
    let fake = with_people(move |asked| {
        let people: Vec<u8> = (0..10).flat_map(|number| person(asked, number)).collect();
        match broken.load(Ordering::SeqCst) {
            true => Reply::Last(people[..people.len() / 2].to_vec()),
            false => Reply::Bytes([people, asked.page_done(b"")].concat()),
        }
    })
    .await;
    let house = House::of(&of(&fake));
    let (handle, _running) = house.follow();
    house
        .until("everybody came", |facts| facts.users().count() == 10)
        .await;
    is_broken.store(true, Ordering::SeqCst);
    handle.read_now();
    until(&handle, "it is told", |status| status.trouble.is_some()).await;
    let trouble = handle.status().trouble.clone().unwrap();
    assert!(
        trouble.what.contains("closed the connection"),
        "{}",
        trouble.what
    );
    assert!(!trouble.help.is_empty());
    assert!(is_on(&house.facts(), "p7"));
    is_broken.store(false, Ordering::SeqCst);
    until(&handle, "and it goes on", |status| status.trouble.is_none()).await;
}
