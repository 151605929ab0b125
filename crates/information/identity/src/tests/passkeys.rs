use std::time::Duration;

use gw_model::{Attestation, AuthnMethod, EndReason, SessionKind, UserId};
use gw_store::LinkKind;
use http::StatusCode;
use serde_json::json;

use super::{
    authenticator::Authenticator,
    browser::{ANA, BO, HOST, House, body, location, options},
};
use crate::{Identity, OpenError};

#[tokio::test]
async fn a_sign_in_link_cannot_enrol_its_way_up() {
    let house = House::open().await;
    let mut bo = house.signed_in(BO, LinkKind::SignIn).await;
    let page = bo.get("/enrol").await;
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    assert!(!body(&page).contains("data-ceremony"));
    assert!(
        !body(&bo.get("/").await).contains("Add a passkey"),
        "no page offers what is refused"
    );
    for path in ["/account/recovery-codes"] {
        assert_eq!(bo.get(path).await.status(), StatusCode::FORBIDDEN);
        assert_eq!(bo.post(path, "").await.status(), StatusCode::FORBIDDEN);
    }
    let start = bo.json("/passkey/enrol/start", &json!({})).await;
    assert_eq!(start.status(), StatusCode::FORBIDDEN);
    assert!(house.factors(BO).is_empty());
}

#[tokio::test]
async fn the_first_passkey_counts_as_a_proof_and_makes_the_session_an_ordinary_one() {
    let house = House::open().await;
    let mut ana = house.signed_in(ANA, LinkKind::Enrolment).await;
    let before = ana.clone();
    let weak = ana.session().unwrap();
    assert_eq!(weak.kind, SessionKind::Enrolment);
    assert!(body(&ana.get("/enrol").await).contains("Firefox on Linux"));
    let mut key = Authenticator::new(HOST);
    let answer = ana.enrol(&mut key, " blue key ").await;
    assert_eq!(body(&answer), r#"{"location":"/"}"#);
    let factors = house.factors(ANA);
    assert_eq!((factors.len(), &*factors[0].name), (1, "blue key"));
    let strong = ana.session().unwrap();
    assert_eq!((strong.id, strong.kind), (weak.id, SessionKind::Ordinary));
    assert_eq!(strong.authn[1].method, AuthnMethod::Passkey);
    assert_eq!(strong.authn[1].factor, Some(factors[0].id));
    assert!(strong.expires > weak.expires);
    assert!(
        before.session().is_none(),
        "the weak cookie is not promoted with it"
    );
}

#[tokio::test]
async fn a_further_passkey_needs_a_fresh_proof() {
    let house = House::open().await;
    let (mut ana, mut key) = house.with_passkey(ANA).await;
    assert!(body(&ana.get("/").await).contains("Add a passkey"));
    house.tested.clock.advance(Duration::from_secs(900));
    let page = body(&ana.get("/").await);
    assert!(!page.contains("Add a passkey") && page.contains("Confirm with your passkey"));
    assert_eq!(ana.get("/enrol").await.status(), StatusCode::FORBIDDEN);
    let begun = ana.json("/passkey/enrol/start", &json!({})).await;
    assert_eq!(begun.status(), StatusCode::FORBIDDEN);
    assert_eq!(ana.confirm(&mut key).await.status(), StatusCode::OK);
    let mut spare = Authenticator::new(HOST);
    assert_eq!(
        ana.enrol(&mut spare, "spare").await.status(),
        StatusCode::OK
    );
    assert_eq!(house.factors(ANA).len(), 2);
}

#[tokio::test]
async fn a_ceremony_that_began_in_time_is_judged_when_it_ends() {
    let house = House::open().await;
    let (mut ana, _key) = house.with_passkey(ANA).await;
    house.tested.clock.advance(Duration::from_secs(890));
    let (ceremony, options) = ana.begin("enrol").await;
    house.tested.clock.advance(Duration::from_secs(20));
    let credential = Authenticator::new(HOST).create(&options);
    let content = json!({ "ceremony": ceremony, "credential": credential, "name": "late" });
    let answer = ana.json("/passkey/enrol/finish", &content).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(house.factors(ANA).len(), 1);
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_name() {
    let house = House::open().await;
    let (_first, mut key) = house.with_passkey(ANA).await;
    let mut elsewhere = house.browser();
    let answer = elsewhere.sign_in(&mut key).await;
    assert_eq!(body(&answer), r#"{"location":"https://portal.test/"}"#);
    let session = elsewhere.session().unwrap();
    assert_eq!(session.user, UserId::from_bits(ANA));
    assert_eq!(session.authn[0].method, AuthnMethod::Passkey);
    assert_eq!(house.live(ANA), 2);
}

#[tokio::test]
async fn confirming_adds_a_proof_and_changes_the_cookie() {
    let house = House::open().await;
    let (mut ana, mut key) = house.with_passkey(ANA).await;
    let before = ana.clone();
    house.tested.clock.advance(Duration::from_secs(60));
    assert_eq!(ana.confirm(&mut key).await.status(), StatusCode::OK);
    let session = ana.session().unwrap();
    assert_eq!(session.rank(), 3);
    assert_eq!(session.authn[2].at, house.identity.now());
    assert!(before.session().is_none());
    let back = json!({ "app": "payroll", "attempt": "a".repeat(43) });
    let (ceremony, options) = ana.begin("confirm").await;
    let content = json!({
        "ceremony": ceremony, "credential": key.get(&options), "leading": back,
    });
    let answer = ana.json("/passkey/confirm/finish", &content).await;
    let attempt = "a".repeat(43);
    assert!(body(&answer).contains(&format!("/hand-over?app=payroll&attempt={attempt}")));
}

#[tokio::test]
async fn confirming_with_another_persons_passkey_is_refused_and_recorded() {
    let house = House::open().await;
    let (_ana, mut anas) = house.with_passkey(ANA).await;
    let (mut bo, mut bos) = house.with_passkey(BO).await;
    let before = bo.session().unwrap();
    let answer = bo.confirm(&mut anas).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(body(&answer).contains("another person's"));
    assert_eq!(bo.session().unwrap().rank(), before.rank());
    assert!(
        house
            .recorded()
            .contains(&"refused: another person's passkey".to_owned())
    );
    assert_eq!(bo.confirm(&mut bos).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_sign_in_that_ends_in_another_persons_session_is_refused() {
    let house = House::open().await;
    let (_ana, mut anas) = house.with_passkey(ANA).await;
    let mut browser = house.browser();
    let (ceremony, options) = browser.begin("sign-in").await;
    let link = house.link(BO, LinkKind::SignIn).await;
    browser.post(&link, "").await;
    let answer = browser
        .finish("sign-in", ceremony, anas.get(&options))
        .await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(browser.session().unwrap().user, UserId::from_bits(BO));
}

#[tokio::test]
async fn origin_and_port_are_compared_exactly() {
    let house = House::open().await;
    let (_ana, mut key) = house.with_passkey(ANA).await;
    for origin in [
        "http://sign-in.test",
        "https://sign-in.test:8443",
        "https://evil.sign-in.test",
        "https://payroll.test",
    ] {
        key.origin = origin.into();
        let mut browser = house.browser();
        let answer = browser.sign_in(&mut key).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{origin}");
        assert!(browser.cookie().is_none());
    }
}

#[tokio::test]
async fn a_passkey_that_did_not_verify_its_user_is_refused() {
    let house = House::open().await;
    let (mut ana, mut key) = house.with_passkey(ANA).await;
    key.verifies = false;
    assert_eq!(
        house.browser().sign_in(&mut key).await.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(ana.confirm(&mut key).await.status(), StatusCode::FORBIDDEN);
    let mut lax = Authenticator::new(HOST);
    lax.verifies = false;
    assert_eq!(
        ana.enrol(&mut lax, "lax").await.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(house.factors(ANA).len(), 1);
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused() {
    let house = House::open().await;
    let (_ana, mut key) = house.with_passkey(ANA).await;
    key.counter = 40;
    assert_eq!(
        house.browser().sign_in(&mut key).await.status(),
        StatusCode::OK
    );
    key.counter = 39;
    assert_eq!(
        house.browser().sign_in(&mut key).await.status(),
        StatusCode::FORBIDDEN,
        "a copy"
    );
    key.counter = 41;
    assert_eq!(
        house.browser().sign_in(&mut key).await.status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_ceremony_is_finished_once_by_the_browser_that_began_it_and_in_time() {
    let house = House::open().await;
    let (_ana, mut key) = house.with_passkey(ANA).await;
    let mut browser = house.browser();
    let (ceremony, options) = browser.begin("sign-in").await;
    let credential = key.get(&options);
    let mut other = house.browser();
    other.begin("sign-in").await;
    let stolen = other
        .finish("sign-in", ceremony.clone(), credential.clone())
        .await;
    assert_eq!(stolen.status(), StatusCode::CONFLICT);
    let fine = browser
        .finish("sign-in", ceremony.clone(), credential.clone())
        .await;
    assert_eq!(fine.status(), StatusCode::OK);
    let replayed = browser.finish("sign-in", ceremony, credential).await;
    assert_eq!(replayed.status(), StatusCode::CONFLICT);
    let mut slow = house.browser();
    let (ceremony, options) = slow.begin("sign-in").await;
    let credential = key.get(&options);
    house.tested.clock.advance(Duration::from_secs(300));
    let late = slow.finish("sign-in", ceremony, credential).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_ceremony_for_one_thing_finishes_no_other() {
    let house = House::open().await;
    let (mut ana, mut key) = house.with_passkey(ANA).await;
    let (ceremony, options) = ana.begin("enrol").await;
    let credential = key.get(&json!({
        "challenge": options["challenge"], "rpId": HOST, "userVerification": "required",
    }));
    let answer = ana.finish("confirm", ceremony, credential).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn the_same_passkey_is_not_enrolled_for_two_people() {
    let house = House::open().await;
    let (_ana, key) = house.with_passkey(ANA).await;
    let mut bo = house.signed_in(BO, LinkKind::Enrolment).await;
    let mut copy = Authenticator::new(HOST);
    copy.id = key.id.clone();
    let answer = bo.enrol(&mut copy, "stolen id").await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert!(house.factors(BO).is_empty());
}

#[tokio::test]
async fn removing_a_passkey_says_what_ends_needs_a_fresh_proof_and_ends_it() {
    let house = House::open().await;
    let (mut ana, mut key) = house.with_passkey(ANA).await;
    let factor = house.factors(ANA)[0].id;
    let mut elsewhere = house.browser();
    elsewhere.sign_in(&mut key).await;
    house.tested.clock.advance(Duration::from_secs(301));
    let remove = format!("/account/factors/remove?factor={factor}");
    assert_eq!(ana.get(&remove).await.status(), StatusCode::FORBIDDEN);
    let posted = ana
        .post("/account/factors/remove", &format!("factor={factor}"))
        .await;
    assert_eq!(posted.status(), StatusCode::FORBIDDEN);
    ana.confirm(&mut key).await;
    let page = body(&ana.get(&remove).await);
    assert!(
        page.contains("<b>2 sessions</b>") && page.contains("your last passkey"),
        "{page}"
    );
    let posted = ana
        .post("/account/factors/remove", &format!("factor={factor}"))
        .await;
    assert_eq!(location(&posted), "/");
    for session in [ana.session().unwrap(), elsewhere.session().unwrap()] {
        assert_eq!(session.ended.unwrap().reason, EndReason::FactorRemoved);
    }
    assert_eq!(
        house.browser().sign_in(&mut key).await.status(),
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_passkey_is_renamed_by_its_owner_only() {
    let house = House::open().await;
    let (mut ana, _key) = house.with_passkey(ANA).await;
    let (mut bo, _other) = house.with_passkey(BO).await;
    let factor = house.factors(ANA)[0].id;
    let form = format!("factor={factor}&name=Laptop");
    assert_eq!(
        bo.post("/account/passkeys/rename", &form).await.status(),
        StatusCode::NOT_FOUND
    );
    ana.post("/account/passkeys/rename", &form).await;
    assert_eq!(&*house.factors(ANA)[0].name, "Laptop");
    for bad in ["", "%00", &"x".repeat(65)] {
        let form = format!("factor={factor}&name={bad}");
        let answer = ana.post("/account/passkeys/rename", &form).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{bad:?}");
    }
}

#[tokio::test]
async fn the_sign_in_host_is_fixed_while_passkeys_depend_on_it() {
    let house = House::open().await;
    let mut moved = options();
    moved.rp_id = "login.test".into();
    moved.origins = vec!["https://login.test".into()];
    let engine = house.tested.engine.clone();
    let opened = Identity::open(engine.clone(), moved.clone(), Vec::new()).await;
    assert!(opened.is_ok(), "nothing is stranded yet");
    Identity::open(engine.clone(), options(), Vec::new())
        .await
        .map(drop)
        .unwrap();
    house.with_passkey(ANA).await;
    let refused = Identity::open(engine.clone(), moved, Vec::new())
        .await
        .map(drop)
        .unwrap_err();
    assert!(
        matches!(refused, OpenError::RelyingParty { passkeys: 1, .. }),
        "{refused}"
    );
    for bad in [
        "https://other.test",
        "https://sign-in.test/path",
        "ftp://sign-in.test",
        "sign-in",
    ] {
        let mut options = options();
        options.origins = vec![bad.into()];
        let refused = Identity::open(engine.clone(), options, Vec::new())
            .await
            .map(drop)
            .unwrap_err();
        assert!(matches!(refused, OpenError::Origin { .. }), "{bad}");
    }
}

#[tokio::test]
async fn with_a_passkey_stands_what_keeps_it_and_that_nothing_vouches_for_it() {
    let house = House::open().await;
    let mut ana = house.signed_in(ANA, LinkKind::Enrolment).await;
    let (_, options) = ana.begin("enrol").await;
    assert_eq!(options["attestation"], "none");
    let mut key = Authenticator::new(HOST);
    key.model = *b"0123456789abcdef";
    ana.enrol(&mut key, "blue key").await;
    let factors = house.factors(ANA);
    let told = factors[0].authenticator.as_ref().unwrap();
    let text = "30313233-3435-3637-3839-616263646566";
    assert_eq!(told.aaguid.as_deref(), Some(text));
    assert_eq!(told.attestation, Attestation::None);
    assert!(body(&ana.get("/").await).contains(&format!("model {text}")));
}
