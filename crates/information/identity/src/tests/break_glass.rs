use std::time::Duration;

use gw_engine::{Circumstances, Commit, testing::app};
use gw_model::{
    Action, Actor, AuthnMethod, BreakGlass, Change, EndReason, Membership, Resource, SessionKind,
    Upstream, User, UserId,
};
use gw_store::LinkKind;
use http::StatusCode;

use super::{
    authenticator::Authenticator,
    browser::{ANA, BO, Browser, HOST, House, body, location},
};
use crate::{BreakGlassError, LinkError, Sealed, break_glass::CODE_LENGTH};

const ROOT: Actor = Actor::Local(0);

async fn seal(house: &House) -> Sealed {
    let sealed = house.identity.seal_break_glass("the safe", ROOT, None);
    sealed.await.unwrap()
}

async fn break_with(browser: &mut Browser<'_>, code: &str) -> http::Response<bytes::Bytes> {
    browser.post("/break-glass", &format!("code={code}")).await
}

/// Whether policy lets somebody replace the policies now, in the session of a browser.
fn may_apply(house: &House, browser: &Browser<'_>) -> bool {
    let session = browser.session().unwrap();
    let asked = Circumstances {
        principal: gw_model::Principal::User(session.user),
        session: Some(session.id),
        rank: session.rank(),
        action: Action::AdminPolicyApply,
        resource: Resource::System.into(),
        address: [192, 0, 2, 1].into(),
        country: None,
        http: None,
        device: None,
        risk: None,
        proposal: None,
        token: None,
        factor: None,
    };
    house.tested.engine.preview(&asked).outcome.is_allow()
}

#[tokio::test]
async fn a_sealed_way_in_makes_an_owner_once_and_for_half_an_hour() {
    let house = House::open().await;
    let sealed = seal(&house).await;
    let mut stranger = house.browser();
    let page = body(&stranger.get("/break-glass").await);
    assert!(page.contains("Break the glass"), "{page}");
    assert!(
        house
            .tested
            .engine
            .view()
            .facts
            .break_glass()
            .next()
            .unwrap()
            .used
            .is_none()
    );

    let typed = sealed.code.expose().to_uppercase().replace('-', "+");
    let answer = break_with(&mut stranger, &typed).await;
    assert_eq!(
        location(&answer),
        "https://portal.test/",
        "{}",
        body(&answer)
    );
    let session = stranger.session().unwrap();
    assert_eq!(session.kind, SessionKind::BreakGlass);
    assert_eq!(session.authn[0].method, AuthnMethod::BreakGlass);
    assert_eq!(session.expires, session.started.after(BreakGlass::LASTS));
    assert!(may_apply(&house, &stranger));

    let again = break_with(&mut house.browser(), &typed).await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    assert!(body(&again).contains("opens nothing"));
    let told = house.recorded();
    assert!(
        told.contains(&"signed in by breaking the glass".to_owned()),
        "{told:?}"
    );

    let over = session.started.after(BreakGlass::LASTS);
    assert_eq!(session.over(over), Some(EndReason::Expired));
    let facts = house.tested.engine.view().facts.clone();
    let groups = facts.groups_of(facts.user(session.user).unwrap(), over).0;
    assert!(groups.is_empty(), "an owner no longer: {groups:?}");
}

#[tokio::test]
async fn whoever_came_in_so_gets_nothing_that_lasts() {
    let house = House::open().await;
    let code = seal(&house).await.code.expose().clone();
    let mut stranger = house.browser();
    break_with(&mut stranger, &code).await;
    let user = stranger.session().unwrap().user;

    let link = house
        .identity
        .make_link(user, LinkKind::SignIn, ROOT, None, None);
    assert!(matches!(link.await, Err(LinkError::BreakGlass(_))));
    let enrolled = stranger.get("/enrol").await;
    assert_eq!(enrolled.status(), StatusCode::FORBIDDEN);
    let codes = stranger.post("/account/recovery-codes", "").await;
    assert_eq!(codes.status(), StatusCode::FORBIDDEN);

    let id = house
        .tested
        .engine
        .view()
        .facts
        .break_glass()
        .next()
        .unwrap()
        .id;
    let by = Actor::User(user);
    let own = house
        .identity
        .acknowledge_break_glass(id, (by.clone(), None), None);
    assert_eq!(own.await.unwrap_err(), BreakGlassError::OwnUse);
    let another = house.identity.seal_break_glass("mine", by, None);
    assert_eq!(another.await.unwrap_err(), BreakGlassError::OwnUse);
}

#[tokio::test]
async fn a_use_is_shown_until_somebody_else_acknowledges_it() {
    let house = House::open().await;
    let (first, second) = (seal(&house).await, seal(&house).await);
    let mut stranger = house.browser();
    break_with(&mut stranger, first.code.expose()).await;
    let user = stranger.session().unwrap().user;
    assert_eq!(&*house.user(user.bits()).name, "break-glass");

    let more = house.identity.seal_break_glass("another", ROOT, None);
    assert_eq!(more.await.unwrap_err(), BreakGlassError::Unacknowledged);
    let revoked = house
        .identity
        .revoke_break_glass(first.id, (ROOT, None), None);
    assert_eq!(revoked.await.unwrap_err(), BreakGlassError::Used);
    let early = house
        .identity
        .acknowledge_break_glass(second.id, (ROOT, None), None);
    assert_eq!(early.await.unwrap_err(), BreakGlassError::Unused);

    // The other envelope opens all the same: nobody is locked out by what nobody looked at.
    let mut other = house.browser();
    break_with(&mut other, second.code.expose()).await;
    let second_user = other.session().unwrap().user;
    assert_eq!(&*house.user(second_user.bits()).name, "break-glass-2");

    let left_behind = house
        .identity
        .make_link(
            UserId::from_bits(BO),
            LinkKind::SignIn,
            Actor::User(user),
            None,
            None,
        )
        .await
        .unwrap();
    let path = left_behind.path.expose();
    assert_eq!(house.browser().get(path).await.status(), StatusCode::OK);
    house
        .identity
        .acknowledge_break_glass(first.id, (ROOT, None), None)
        .await
        .unwrap();
    let again = house
        .identity
        .acknowledge_break_glass(first.id, (ROOT, None), None);
    assert_eq!(again.await.unwrap_err(), BreakGlassError::Acknowledged);
    let facts = house.tested.engine.view().facts.clone();
    assert!(facts.user(user).is_none());
    assert!(
        stranger.session().unwrap().ended.is_some(),
        "what was open is over"
    );
    let waiting = facts.break_glass().filter_map(|entry| entry.waiting());
    let waiting: Vec<_> = waiting.map(|used| used.user).collect();
    assert_eq!(waiting, [second_user]);
    assert_eq!(&*facts.break_glass_of(user).unwrap().name, "break-glass");
    let shown = house.browser().get(path).await;
    assert_eq!(shown.status(), StatusCode::GONE, "nor do links stay behind");
    let mut other = house.browser();
    assert_eq!(other.post(path, "").await.status(), StatusCode::GONE);
}

#[tokio::test]
async fn what_was_called_back_opens_nothing_and_neither_does_anything_else() {
    let house = House::open().await;
    let sealed = seal(&house).await;
    house
        .identity
        .revoke_break_glass(sealed.id, (ROOT, None), None)
        .await
        .unwrap();
    for code in [
        sealed.code.expose().as_str(),
        "",
        "short",
        &"a".repeat(32),
        &"a".repeat(5000),
    ] {
        let answer = break_with(&mut house.browser(), code).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{code}");
    }
    assert_eq!(house.tested.engine.view().facts.sessions().count(), 0);
    for label in ["", "  ", "a\nb", &"x".repeat(65)] {
        let sealed = house.identity.seal_break_glass(label, ROOT, None);
        assert_eq!(sealed.await.unwrap_err(), BreakGlassError::Label);
    }
}

#[tokio::test]
async fn who_was_signed_in_in_that_browser_is_signed_out() {
    let house = House::open().await;
    let code = seal(&house).await.code.expose().clone();
    let mut ana = house.signed_in(ANA, LinkKind::SignIn).await;
    assert!(body(&ana.get("/break-glass").await).contains("will be signed out"));
    break_with(&mut ana, &code).await;
    assert_eq!(house.live(ANA), 0);
    assert_eq!(ana.session().unwrap().kind, SessionKind::BreakGlass);
}

/// A person with a passkey, who is an owner from now on.
async fn owner(house: &House, bits: u64) -> (Browser<'_>, Authenticator) {
    let with = house.with_passkey(bits).await;
    put_into_owners(house, bits).await;
    with
}

async fn put_into_owners(house: &House, bits: u64) {
    let mut user = User::clone(&house.user(bits));
    user.groups.push(Membership::of("owners".parse().unwrap()));
    let commit = Commit::new(ROOT, "an owner").change(Change::UserPut(user.into()));
    house.tested.engine.commit(commit).await.unwrap();
}

#[tokio::test]
async fn only_an_owner_from_before_acknowledges_and_with_a_passkey_from_before() {
    let house = House::open().await;
    let (ana, _) = owner(&house, ANA).await;
    let sealed = seal(&house).await;
    house.tested.clock.advance(Duration::from_secs(60));
    let mut stranger = house.browser();
    break_with(&mut stranger, sealed.code.expose()).await;
    house.tested.clock.advance(Duration::from_secs(60));

    let (bo, _) = owner(&house, BO).await;
    let by_link = house.signed_in(ANA, LinkKind::SignIn).await;
    let acknowledge = async |browser: &Browser<'_>| {
        let session = browser.session().unwrap();
        let by = (Actor::User(session.user), Some(session.id));
        let done = house.identity.acknowledge_break_glass(sealed.id, by, None);
        done.await
    };
    let late = BreakGlassError::NotFromBefore;
    assert_eq!(
        acknowledge(&bo).await.unwrap_err(),
        late,
        "made an owner since"
    );
    assert_eq!(
        acknowledge(&by_link).await.unwrap_err(),
        late,
        "in by a link"
    );
    let (mut adds, mut newer_key) = (ana.clone(), Authenticator::new(HOST));
    adds.enrol(&mut newer_key, "a newer key").await;
    let mut newer = house.browser();
    newer.sign_in(&mut newer_key).await;
    assert_eq!(
        acknowledge(&newer).await.unwrap_err(),
        late,
        "in with a passkey from since"
    );
    acknowledge(&ana).await.unwrap();
}

#[tokio::test]
async fn who_came_in_so_calls_no_other_way_in_back() {
    let house = House::open().await;
    let (first, second) = (seal(&house).await, seal(&house).await);
    let mut stranger = house.browser();
    break_with(&mut stranger, first.code.expose()).await;
    let by = Actor::User(stranger.session().unwrap().user);
    let revoked = house
        .identity
        .revoke_break_glass(second.id, (by, None), None);
    assert_eq!(revoked.await.unwrap_err(), BreakGlassError::OwnUse);
}

#[tokio::test]
async fn the_right_code_does_not_wait_for_those_who_guess_beside_it() {
    let house = House::open().await;
    let code = seal(&house).await.code.expose().clone();
    let mut refused = false;
    for _ in 0..1_000 {
        let answer = break_with(&mut house.browser(), &"a".repeat(CODE_LENGTH)).await;
        refused |= answer.status() == StatusCode::TOO_MANY_REQUESTS;
        if refused {
            break;
        }
    }
    assert!(refused, "guessing is slowed down");
    let answer = break_with(&mut house.browser(), &code).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", body(&answer));
}

#[tokio::test]
async fn few_acknowledged_uses_are_kept() {
    let house = House::open().await;
    for round in 0..=BreakGlass::KEPT {
        let sealed = seal(&house).await;
        break_with(&mut house.browser(), sealed.code.expose()).await;
        house.tested.clock.advance(Duration::from_secs(1));
        house
            .identity
            .acknowledge_break_glass(sealed.id, (ROOT, None), None)
            .await
            .unwrap();
        let kept = house.tested.engine.view().facts.break_glass().count();
        assert_eq!(kept, (round + 1).min(BreakGlass::KEPT));
    }
}

/// Whether a change by somebody in a session is taken.
async fn takes(house: &House, by: &Browser<'_>, change: Change) -> Result<(), String> {
    let session = by.session().unwrap();
    let commit = Commit::new(Actor::User(session.user), "as they like")
        .within(session.id)
        .change(change);
    let taken = house.tested.engine.commit(commit).await;
    taken.map(drop).map_err(|fault| fault.to_string())
}

#[tokio::test]
async fn while_it_waits_nobody_takes_their_means_from_those_who_were_owners_before() {
    let house = House::open().await;
    let (ana, _) = owner(&house, ANA).await;
    let (first, second) = (seal(&house).await, seal(&house).await);
    house.tested.clock.advance(Duration::from_secs(60));
    let mut stranger = house.browser();
    break_with(&mut stranger, first.code.expose()).await;
    house.tested.clock.advance(Duration::from_secs(60));
    let (bo, _) = owner(&house, BO).await;

    let without = |change: fn(&mut User)| {
        let mut user = User::clone(&house.user(ANA));
        change(&mut user);
        Change::UserPut(user.into())
    };
    let takings = [
        Change::UserRemoved(UserId::from_bits(ANA)),
        without(|user| user.disabled = true),
        without(|user| user.factors.clear()),
        without(|user| user.groups.clear()),
        Change::BreakGlassRemoved(second.id),
    ];
    for taking in &takings {
        for by in [
            &stranger,
            &bo,
            &house.signed_in(ANA, LinkKind::SignIn).await,
        ] {
            let refused = takes(&house, by, taking.clone()).await.unwrap_err();
            assert!(refused.contains("while the glass is broken"), "{refused}");
        }
    }
    let called_back = |browser: &Browser<'_>| {
        let session = browser.session().unwrap();
        let by = (Actor::User(session.user), Some(session.id));
        house.identity.revoke_break_glass(second.id, by, None)
    };
    let late = called_back(&bo).await.unwrap_err();
    assert_eq!(late, BreakGlassError::NotFromBefore);
    called_back(&ana).await.unwrap();
    takes(&house, &ana, takings[3].clone()).await.unwrap();
}

fn policies(text: &str) -> Change {
    let file = gw_model::PolicyFile {
        name: "all.cedar".into(),
        text: text.into(),
    };
    Change::PoliciesApplied([file].into())
}

async fn administration(house: &House) {
    let mut administration = app("administration");
    administration.upstream = Upstream::BuiltIn("administration".into());
    let put = Change::AppPut(administration.into());
    let commit = Commit::new(ROOT, "an administration").change(put);
    house.tested.engine.commit(commit).await.unwrap();
}

/// Where an organisation has administrators of its own instead of owners, and root is none.
const BY_STAFF: &str = r#"
@id("no-root") forbid (principal is Local, action, resource);
@id("staff-administer") permit (principal in Group::"staff", action in Action::"admin", resource);
@id("staff-enter") permit (principal in Group::"staff", action == Action::"http.request", resource in App::"administration");
"#;

#[tokio::test]
async fn an_emergency_begins_where_nobody_is_an_owner_and_locks_nobody_out_either() {
    const CLOSED: &str =
        r#"@id("closed") forbid (principal, action in Action::"admin", resource);"#;
    let house = House::open().await;
    administration(&house).await;
    let (ana, _) = house.with_passkey(ANA).await;
    let code = seal(&house).await.code.expose().clone();
    house.tested.clock.advance(Duration::from_secs(60));
    takes(&house, &ana, policies(BY_STAFF)).await.unwrap();
    let mut stranger = house.browser();
    let answer = break_with(&mut stranger, &code).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", body(&answer));
    let closed = policies(&format!("{BY_STAFF}{CLOSED}"));
    let refused = takes(&house, &stranger, closed).await.unwrap_err();
    assert!(refused.contains("no one able to administer"), "{refused}");
}

#[tokio::test]
async fn while_it_waits_root_keeps_its_rights_and_whoever_was_made_since_counts_for_nothing() {
    const WITHOUT_ROOT: &str = "@id(\"no-root\")\nforbid (principal is Local, action, resource);\n";
    let house = House::open().await;
    administration(&house).await;
    let (ana, _) = owner(&house, ANA).await;
    let code = seal(&house).await.code.expose().clone();
    house.tested.clock.advance(Duration::from_secs(60));
    let mut stranger = house.browser();
    break_with(&mut stranger, &code).await;
    for by in [&stranger, &ana] {
        let refused = takes(&house, by, policies(WITHOUT_ROOT)).await.unwrap_err();
        assert!(refused.contains("root on the machine keeps"), "{refused}");
    }
    takes(&house, &stranger, policies("")).await.unwrap();
}
