use std::time::Duration;

use gw_engine::testing::proposed;
use gw_model::{Actor, Change, EndReason, ProposedChange, UserId};
use gw_store::LinkKind;
use http::StatusCode;

use super::browser::{ANA, BO, House, body, location};

#[tokio::test]
async fn signing_out_asks_first_and_then_ends_this_session_only() {
    let house = House::open().await;
    let (mut here, mut key) = house.with_passkey(ANA).await;
    let mut there = house.browser();
    there.sign_in(&mut key).await;
    let session = here.session().unwrap().id;
    let page = here.get("/sign-out").await;
    assert!(body(&page).contains("Sign out everywhere"));
    assert!(here.session().unwrap().ended.is_none(), "GET ends nothing");
    let answer = here.post("/sign-out", "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["clear-site-data"], r#""cache", "storage""#);
    assert!(here.cookie().is_none());
    assert_eq!(
        house.session(session).ended.unwrap().reason,
        EndReason::SignedOut
    );
    assert_eq!(house.live(ANA), 1);
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_of_ones_own_and_the_next_page_says_why() {
    let house = House::open().await;
    let (mut here, mut key) = house.with_passkey(ANA).await;
    let bo = house.signed_in(BO, LinkKind::SignIn).await;
    let mut there = house.browser();
    there.sign_in(&mut key).await;
    let page = body(&here.post("/sign-out", "everywhere=yes").await);
    assert!(page.contains("All 2 of your sessions have ended"), "{page}");
    let page = body(&there.get("/sign-in").await);
    assert!(page.contains("You signed out everywhere."), "{page}");
    assert!(bo.session().unwrap().ended.is_none());
}

#[tokio::test]
async fn one_ends_ones_own_sessions_and_nobody_elses() {
    let house = House::open().await;
    let (mut here, mut key) = house.with_passkey(ANA).await;
    let mut there = house.browser();
    there.sign_in(&mut key).await;
    let bo = house.signed_in(BO, LinkKind::SignIn).await;
    let page = body(&here.get("/").await);
    assert!(page.contains("this one") && page.contains("End the session of Firefox on Linux"));
    for session in [bo.session().unwrap().id, there.session().unwrap().id] {
        here.post("/account/sessions/end", &format!("session={session}"))
            .await;
    }
    assert!(bo.session().unwrap().ended.is_none());
    assert_eq!(
        there.session().unwrap().ended.unwrap().reason,
        EndReason::SignedOut
    );
    let own = here.session().unwrap().id;
    let answer = here
        .post("/account/sessions/end", &format!("session={own}"))
        .await;
    assert_eq!((location(&answer), here.cookie()), ("/sign-in", None));
}

#[tokio::test]
async fn what_lay_idle_or_expired_is_ended_with_its_reason_and_later_forgotten() {
    let house = House::open().await;
    let idle = house.signed_in(BO, LinkKind::SignIn).await;
    let enrolling = house.signed_in(ANA, LinkKind::Enrolment).await;
    house.tested.clock.advance(Duration::from_secs(30 * 60));
    house.identity.sweep().await.unwrap();
    let reason = |session: std::sync::Arc<gw_model::Session>| session.ended.map(|e| e.reason);
    assert_eq!(
        reason(enrolling.session().unwrap()),
        Some(EndReason::Expired)
    );
    assert_eq!(reason(idle.session().unwrap()), None);
    house.tested.clock.advance(Duration::from_secs(30 * 60));
    house.identity.sweep().await.unwrap();
    assert_eq!(reason(idle.session().unwrap()), Some(EndReason::Idle));
    house.tested.clock.advance(Duration::from_secs(12 * 3600));
    house.identity.sweep().await.unwrap();
    assert!(idle.session().is_none() && enrolling.session().is_none());
    assert_eq!(house.identity.engine().view().facts.sessions().count(), 0);
}

#[tokio::test]
async fn use_keeps_a_session_from_lying_idle() {
    let house = House::open().await;
    let bo = house.signed_in(BO, LinkKind::SignIn).await;
    house.tested.clock.advance(Duration::from_secs(50 * 60));
    bo.session().unwrap().seen.note(house.identity.now());
    house.identity.sweep().await.unwrap();
    house.tested.clock.advance(Duration::from_secs(50 * 60));
    house.identity.sweep().await.unwrap();
    assert!(bo.session().unwrap().ended.is_none());
    let listed = house.identity.sessions(Some(UserId::from_bits(BO)));
    assert_eq!(
        listed[0].last_used,
        house.identity.now().before(Duration::from_secs(50 * 60))
    );
}

#[tokio::test]
async fn proposals_are_forgotten_a_month_after_they_ended() {
    let house = House::open().await;
    let now = house.identity.now();
    let proposed = proposed(Actor::Local(0), now);
    let kept = Change::ProposalPut(proposed.into());
    house.tested.change(vec![kept]).await;
    let count = || house.identity.engine().view().facts.proposals().count();
    let month = ProposedChange::LASTS + ProposedChange::KEPT;
    house.tested.clock.advance(month - Duration::from_secs(1));
    house.identity.sweep().await.unwrap();
    assert_eq!(count(), 1);
    house.tested.clock.advance(Duration::from_secs(1));
    house.identity.sweep().await.unwrap();
    assert_eq!(count(), 0);
}
