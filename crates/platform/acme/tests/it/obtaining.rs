//! What is obtained, kept and served.

use std::{collections::BTreeSet, time::Duration};

use gw_acme::Due;

use crate::{
    authority::{TOKEN, problem},
    house::{HOST, House, NOW},
};

#[tokio::test]
async fn a_certificate_is_proven_obtained_kept_and_served_and_nothing_stays_pending() {
    let mut house = House::new().await;
    assert_eq!(house.due(), Due::Now(HOST.to_owned()));
    assert!(house.served().is_empty());
    house.obtain().await;
    assert_eq!(house.served(), [HOST]);
    assert_eq!(house.pending.answer(HOST, TOKEN), None);
    let schedule = house.schedule();
    let state = &schedule.hosts[HOST];
    assert_eq!((&state.trouble, &schedule.authority), (&None, &None));
    let day = Duration::from_secs(86_400);
    assert_eq!(state.held.unwrap().not_after, NOW.after(day));
    let renew = state.held.unwrap().renew_at;
    assert_eq!(house.due(), Due::At(renew));
    let kept = house.kept.certificate(HOST, NOW).unwrap().unwrap();
    assert_eq!(kept.host(), HOST);
    assert_eq!(house.kept.schedule(), schedule);
}

#[tokio::test]
async fn each_certificate_has_a_key_of_its_own_and_the_account_is_made_once() {
    let mut house = House::new().await;
    house.obtain().await;
    let first = house.file().unwrap();
    house.obtain().await;
    let second = house.file().unwrap();
    let key = |file: &[u8]| file[..file.len().min(200)].to_vec();
    assert_ne!(key(&first), key(&second));
    let accounts = house.authority.asked();
    assert_eq!(
        accounts.iter().filter(|path| *path == "/account").count(),
        1
    );
}

#[tokio::test]
async fn a_host_that_is_not_wanted_any_more_is_not_served_and_one_that_is_again_is() {
    let mut house = House::new().await;
    house.obtain().await;
    house.keeper.want(BTreeSet::new());
    assert!(house.served().is_empty());
    assert_eq!(house.due(), Due::Never);
    house.keeper.want(BTreeSet::from([HOST.to_owned()]));
    assert_eq!(house.served(), [HOST]);
}

#[tokio::test]
async fn a_restart_serves_what_is_kept_and_another_authority_is_asked_at_once() {
    let mut house = House::new().await;
    house.obtain().await;
    let same = house.reopened(house.authority.directory());
    assert_eq!(house.served(), [HOST]);
    assert!(matches!(same.due(), Due::At(_)));
    let another = house.reopened("https://another.test/directory".into());
    assert_eq!(house.served(), [HOST], "until there is one from it");
    assert_eq!(another.due(), Due::Now(HOST.to_owned()));
}

#[tokio::test]
async fn what_is_over_and_wanted_by_nobody_is_removed() {
    let mut house = House::new().await;
    house.obtain().await;
    house.keeper.want(BTreeSet::new());
    assert!(house.file().is_some(), "it may be wanted again");
    house.later(Duration::from_secs(86_401));
    house.keeper.want(BTreeSet::from(["other.test".to_owned()]));
    assert_eq!(house.file(), None);
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_not_taken_up_at_a_start() {
    let mut house = House::new().await;
    house.obtain().await;
    house.later(Duration::from_secs(86_401));
    let again = house.reopened(house.authority.directory());
    assert!(house.served().is_empty());
    assert_eq!(again.due(), Due::Now(HOST.to_owned()));
}

#[tokio::test]
async fn a_proof_that_is_not_seen_is_told_in_the_authoritys_words_and_on_one_line() {
    let mut house = House::new().await;
    house.authority.looks_at(gw_acme::Pending::default());
    house.obtain().await;
    let trouble = house.trouble();
    assert_eq!(
        trouble.what,
        "the authority could not see that this host is ours: not there (unauthorized)"
    );
    assert!(trouble.help.contains("port 80"));
    assert_eq!(house.pending.answer(HOST, TOKEN), None);
}

#[tokio::test]
async fn an_account_that_the_authority_has_forgotten_is_made_anew() {
    let mut house = House::new().await;
    house.obtain().await;
    house.authority.answers_instead(|path| {
        (path == "/order").then(|| problem(400, "accountDoesNotExist", "who are you?"))
    });
    house.obtain().await;
    assert!(house.trouble().what.contains("does not know our account"));
    assert!(!house.has_account());
    house.authority.behaves();
    house.obtain().await;
    assert!(house.has_account());
    assert_eq!(house.schedule().hosts[HOST].trouble, None);
    assert_eq!(house.schedule().authority, None);
}
