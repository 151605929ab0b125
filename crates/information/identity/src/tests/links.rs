use std::time::Duration;

use gw_model::{Actor, AuthnMethod, Change, EndReason, Membership, SessionKind, User, UserId};
use gw_store::{LinkKind, WhyNot};
use http::StatusCode;

use super::browser::{ANA, BO, House, body, location};
use crate::{LinkError, exceeds};

#[tokio::test]
async fn looking_at_a_link_shows_whom_it_signs_in_and_changes_nothing() {
    let house = House::open().await;
    let link = house.link(ANA, LinkKind::Enrolment).await;
    let mut browser = house.browser();
    let before = house.identity.engine().view().facts.epoch;
    for _ in 0..3 {
        let page = browser.get(&link).await;
        assert_eq!(page.status(), StatusCode::OK);
        let text = body(&page);
        assert!(text.contains("<h1>Sign in as ana</h1>"), "{text}");
        assert!(text.contains("made by an administrator on the server itself"));
        assert!(text.contains("<form method=\"post\">"));
    }
    assert_eq!(house.identity.engine().view().facts.epoch, before);
    assert_eq!((browser.cookie(), house.live(ANA)), (None, 0));
    assert_eq!(
        browser.post(&link, "").await.status(),
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_link_begins_one_session_and_leads_to_the_portal() {
    let house = House::open().await;
    let link = house.link(BO, LinkKind::SignIn).await;
    let mut browser = house.browser();
    let answer = browser.post(&link, "").await;
    assert_eq!(location(&answer), "https://portal.test/");
    let session = browser.session().unwrap();
    assert_eq!(session.user, UserId::from_bits(BO));
    assert_eq!(session.kind, SessionKind::Ordinary);
    assert_eq!(session.authn[0].method, AuthnMethod::SignInLink);
    assert_eq!(&*session.client, "Firefox on Linux");
}

#[tokio::test]
async fn a_spent_link_is_refused_a_second_time() {
    let house = House::open().await;
    let link = house.link(BO, LinkKind::SignIn).await;
    house.browser().post(&link, "").await;
    let mut thief = house.browser();
    for answer in [thief.get(&link).await, thief.post(&link, "").await] {
        assert_eq!(answer.status(), StatusCode::GONE);
        let text = body(&answer);
        assert!(text.contains("This link was used") && !text.contains("<form"));
        assert!(
            text.contains("Ask Priya for a link."),
            "it says whom to ask"
        );
    }
    assert_eq!((thief.cookie(), house.live(BO)), (None, 1));
}

#[tokio::test]
async fn of_two_uses_at_once_the_store_lets_one_happen() {
    let house = House::open().await;
    let link = house.link(BO, LinkKind::SignIn).await;
    let token = link.strip_prefix("/link/").unwrap();
    let first = house.identity.use_link(token, None, "one".into());
    let second = house.identity.use_link(token, None, "two".into());
    let (first, second) = tokio::join!(first, second);
    assert_eq!(u8::from(first.is_ok()) + u8::from(second.is_ok()), 1);
    let refused = first.err().or(second.err()).unwrap();
    assert!(
        matches!(refused, LinkError::NotUsable(WhyNot::Spent)),
        "{refused}"
    );
    assert_eq!(house.live(BO), 1);
}

#[tokio::test]
async fn expired_recalled_and_invented_links_are_of_no_use() {
    let house = House::open().await;
    let mut browser = house.browser();
    let old = house.link(BO, LinkKind::SignIn).await;
    let newer = house.link(BO, LinkKind::SignIn).await;
    let recalled = browser.post(&old, "").await;
    assert_eq!(
        recalled.status(),
        StatusCode::GONE,
        "a newer link calls back the older"
    );
    house.tested.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(browser.post(&newer, "").await.status(), StatusCode::GONE);
    for invented in [
        "/link/",
        "/link/x",
        "/link/AAAAAAAAAAAAAAAAAAAAAA",
        "/link/../../etc",
    ] {
        let answer = browser.post(invented, "").await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{invented}");
    }
    assert_eq!((browser.cookie(), house.live(BO)), (None, 0));
}

#[tokio::test]
async fn an_enrolment_link_is_made_only_for_who_has_no_factor_yet() {
    let house = House::open().await;
    let (_browser, _key) = house.with_passkey(ANA).await;
    let user = UserId::from_bits(ANA);
    let made = house
        .identity
        .make_link(user, LinkKind::Enrolment, Actor::Local(0), None, None)
        .await;
    assert!(matches!(made, Err(LinkError::HasFactors(_))), "{made:?}");
}

#[tokio::test]
async fn an_enrolment_link_that_waited_is_of_no_use_once_there_is_a_factor() {
    let house = House::open().await;
    let link = house.link(BO, LinkKind::Enrolment).await;
    let mut user = gw_model::User::clone(&house.user(BO));
    user.factors.push(gw_model::Factor {
        id: gw_model::FactorId::from_bits(9),
        kind: gw_model::FactorKind::RecoveryCodes,
        name: "codes".into(),
        enrolled_at: gw_model::Timestamp::from_secs(1),
        authenticator: None,
    });
    house
        .tested
        .change(vec![gw_model::Change::UserPut(user.into())])
        .await;
    let answer = house.browser().post(&link, "").await;
    assert_eq!(answer.status(), StatusCode::GONE);
    assert!(body(&answer).contains("there to set up a first way to sign in"));
    assert_eq!(house.live(BO), 0);
}

#[tokio::test]
async fn a_disabled_person_gets_no_link_and_can_use_none() {
    let house = House::open().await;
    let link = house.link(BO, LinkKind::SignIn).await;
    let mut user = gw_model::User::clone(&house.user(BO));
    user.disabled = true;
    house
        .tested
        .change(vec![gw_model::Change::UserPut(user.into())])
        .await;
    assert_eq!(
        house.browser().post(&link, "").await.status(),
        StatusCode::NOT_FOUND
    );
    let made = house
        .identity
        .make_link(
            UserId::from_bits(BO),
            LinkKind::SignIn,
            Actor::Local(0),
            None,
            None,
        )
        .await;
    assert!(matches!(made, Err(LinkError::Disabled(_))));
}

#[tokio::test]
async fn a_fresh_link_is_a_further_proof_within_the_session_and_changes_its_cookie() {
    let house = House::open().await;
    let mut bo = house.signed_in(BO, LinkKind::SignIn).await;
    let (before, session) = (bo.cookies.clone(), bo.session().unwrap());
    let link = house.link(BO, LinkKind::SignIn).await;
    bo.post(&link, "").await;
    let after = bo.session().unwrap();
    assert_eq!((after.id, after.rank()), (session.id, 2));
    assert_eq!(
        after.expires, session.expires,
        "no proof makes a session live longer"
    );
    let mut leaked = house.browser();
    leaked.cookies = before;
    assert!(
        leaked.session().is_none(),
        "the old cookie stands for nothing"
    );
}

#[tokio::test]
async fn a_link_of_somebody_else_says_so_and_ends_the_session_that_was_there() {
    let house = House::open().await;
    let mut browser = house.signed_in(BO, LinkKind::SignIn).await;
    let bos = browser.session().unwrap().id;
    let link = house.link(ANA, LinkKind::Enrolment).await;
    let text = body(&browser.get(&link).await);
    assert!(
        text.contains("<b>bo</b> is signed in, and will be signed out"),
        "{text}"
    );
    browser.post(&link, "").await;
    assert_eq!(browser.session().unwrap().user, UserId::from_bits(ANA));
    assert_eq!(
        house.session(bos).ended.unwrap().reason,
        EndReason::SignedOut
    );
}

#[tokio::test]
async fn a_recovery_link_says_what_it_takes_and_takes_it() {
    let house = House::open().await;
    let (ana, _key) = house.with_passkey(ANA).await;
    let weak = house.signed_in(ANA, LinkKind::SignIn).await;
    let link = house.link(ANA, LinkKind::Recovery).await;
    let mut fresh = house.browser();
    let text = body(&fresh.get(&link).await);
    assert!(
        text.contains("<b>1 passkey</b>") && text.contains("<b>2 open sessions</b>"),
        "{text}"
    );
    assert_eq!(house.factors(ANA).len(), 1, "looking takes nothing");
    fresh.post(&link, "").await;
    assert!(house.factors(ANA).is_empty());
    assert!(ana.session().unwrap().ended.is_some() && weak.session().unwrap().ended.is_some());
    let session = fresh.session().unwrap();
    assert_eq!((session.kind, house.live(ANA)), (SessionKind::Enrolment, 1));
}

#[tokio::test]
async fn rights_exceed_those_of_a_maker_who_is_in_fewer_groups() {
    let house = House::open().await;
    let facts = &house.identity.engine().view().facts;
    let (ana, bo, now) = (house.user(ANA), house.user(BO), house.identity.now());
    let groups = |name: &str| vec![name.parse().unwrap()];
    assert!(exceeds(&[], facts, &ana, now));
    assert!(exceeds(&groups("owners"), facts, &ana, now));
    assert!(!exceeds(&groups("staff"), facts, &ana, now));
    assert!(!exceeds(&[], facts, &bo, now));
}

#[tokio::test]
async fn a_token_is_in_no_printed_form_and_a_link_lives_no_longer_than_its_kind() {
    let house = House::open().await;
    let user = UserId::from_bits(BO);
    let made = house
        .identity
        .make_link(user, LinkKind::SignIn, Actor::Local(0), None, None)
        .await;
    let made = made.unwrap();
    let path = made.path.expose();
    assert!(!format!("{made:?}").contains(path.as_str()));
    let too_long = house
        .identity
        .make_link(
            user,
            LinkKind::SignIn,
            Actor::Local(0),
            Some(Duration::from_secs(3600)),
            None,
        )
        .await;
    assert!(matches!(too_long, Err(LinkError::TooLong { .. })));
}

#[tokio::test]
async fn a_link_of_somebody_with_fewer_rights_is_worth_nothing_once_the_person_has_more() {
    let house = House::open().await;
    let user = UserId::from_bits(ANA);
    let staff = || Some(vec!["staff".parse().unwrap()]);
    let by = Actor::User(UserId::from_bits(BO));
    for kind in [LinkKind::SignIn, LinkKind::Enrolment, LinkKind::Recovery] {
        let made = house
            .identity
            .make_link_within(user, kind, (by.clone(), staff()), None, None)
            .await
            .unwrap();
        let plain = house.user(ANA);
        let mut promoted = User::clone(&plain);
        promoted
            .groups
            .push(Membership::of("owners".parse().unwrap()));
        house
            .tested
            .change(vec![Change::UserPut(promoted.into())])
            .await;
        let link = made.path.expose();
        let shown = house.browser().get(link).await;
        assert_eq!(shown.status(), StatusCode::GONE, "{kind}");
        let mut thief = house.browser();
        let used = thief.post(link, "").await;
        assert_eq!(used.status(), StatusCode::GONE, "{kind}");
        assert!(thief.session().is_none());
        let more = house
            .identity
            .make_link_within(user, kind, (by.clone(), staff()), None, None);
        assert!(matches!(more.await, Err(LinkError::Outgrown(_))));
        let by_an_owner = house.link(ANA, kind).await;
        assert_eq!(
            house.browser().get(&by_an_owner).await.status(),
            StatusCode::OK
        );
        house.tested.change(vec![Change::UserPut(plain)]).await;
    }
}
