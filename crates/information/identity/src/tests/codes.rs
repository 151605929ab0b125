use gw_model::{AuthnMethod, SessionKind};
use gw_store::LinkKind;
use http::StatusCode;

use super::{
    authenticator::Authenticator,
    browser::{ANA, BO, Browser, HOST, House, body, location},
};

async fn make(browser: &mut Browser<'_>) -> Vec<String> {
    let page = body(&browser.post("/account/recovery-codes", "").await);
    page.split("<code class=\"whole\">")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_recovery_code_works_once_and_lets_a_passkey_be_added() {
    let house = House::open().await;
    let (mut ana, _lost) = house.with_passkey(ANA).await;
    let codes = make(&mut ana).await;
    assert_eq!(codes.len(), 10);
    assert!(body(&ana.get("/").await).contains("10 of 10 left"));
    let mut fresh = house.browser();
    let typed = codes[4].to_uppercase().replace('-', "+");
    let answer = fresh
        .post("/recovery", &format!("name=Ana&code={typed}"))
        .await;
    assert_eq!(
        location(&answer),
        "https://portal.test/",
        "{}",
        body(&answer)
    );
    let session = fresh.session().unwrap();
    assert_eq!(session.kind, SessionKind::Enrolment);
    assert_eq!(session.authn[0].method, AuthnMethod::RecoveryCode);
    let again = house
        .browser()
        .post("/recovery", &format!("name=ana&code={typed}"))
        .await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    let answer = fresh
        .enrol(&mut Authenticator::new(HOST), "new phone")
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(fresh.session().unwrap().kind, SessionKind::Ordinary);
    assert!(body(&fresh.get("/").await).contains("9 of 10 left"));
}

#[tokio::test]
async fn new_codes_replace_the_old_and_end_other_sessions_that_began_with_one() {
    let house = House::open().await;
    let (mut ana, _key) = house.with_passkey(ANA).await;
    let old = make(&mut ana).await;
    let mut thief = house.browser();
    thief
        .post("/recovery", &format!("name=ana&code={}", old[0]))
        .await;
    assert!(thief.session().unwrap().ended.is_none());
    assert!(body(&ana.get("/account/recovery-codes").await).contains("9 unused codes"));
    let new = make(&mut ana).await;
    assert!(thief.session().unwrap().ended.is_some());
    assert!(ana.session().unwrap().ended.is_none());
    let mut browser = house.browser();
    let stale = browser
        .post("/recovery", &format!("name=ana&code={}", old[1]))
        .await;
    assert_eq!(stale.status(), StatusCode::FORBIDDEN);
    let fine = browser
        .post("/recovery", &format!("name=ana&code={}", new[1]))
        .await;
    assert_eq!(fine.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn whether_a_name_exists_cannot_be_told_from_the_answer() {
    let house = House::open().await;
    let (mut ana, _key) = house.with_passkey(ANA).await;
    make(&mut ana).await;
    let mut pages = Vec::new();
    for name in ["ana", "bo", "zoe"] {
        let form = format!("name={name}&code=3-aaaa-bbbb-cccc-dddd");
        let answer = house.browser().post("/recovery", &form).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        pages.push(body(&answer).replace(&format!(r#"value="{name}""#), ""));
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(pages[0], pages[2]);
}

#[tokio::test]
async fn tries_are_bounded_by_name_and_by_address_for_known_and_unknown_alike() {
    let house = House::open().await;
    for (block, name) in [(0_u8, "ana"), (1, "zoe")] {
        let mut refused = 0;
        for _ in 0..12 {
            let mut browser = house.browser();
            browser.address = [198, 51, 100, block].into();
            let answer = browser
                .post("/recovery", &format!("name={name}&code=1"))
                .await;
            refused += u32::from(answer.status() == StatusCode::TOO_MANY_REQUESTS);
        }
        assert_eq!(refused, 2, "{name}");
    }
    let mut elsewhere = house.browser();
    elsewhere.address = [198, 51, 100, 77].into();
    let answer = elsewhere.post("/recovery", "name=ana&code=1").await;
    assert_eq!(
        answer.status(),
        StatusCode::FORBIDDEN,
        "nobody can use up the tries of a name for everybody"
    );
    let mut browser = house.browser();
    let mut refused = 0;
    for n in 0..22 {
        let answer = browser
            .post("/recovery", &format!("name=name{n}&code=1"))
            .await;
        refused += u32::from(answer.status() == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 2);
}

#[tokio::test]
async fn a_sign_in_leads_on_to_the_app_that_it_was_for() {
    let house = House::open().await;
    let (mut bo, _key) = house.with_passkey(BO).await;
    let codes = make(&mut bo).await;
    let attempt = "x".repeat(43);
    let mut fresh = house.browser();
    let page = fresh
        .get(&format!("/recovery?app=wiki&attempt={attempt}"))
        .await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("form-action 'self' https://wiki.test;"),
        "{policy}"
    );
    let form = format!("name=bo&code={}&app=wiki&attempt={attempt}", codes[0]);
    let answer = fresh.post("/recovery", &form).await;
    assert_eq!(
        location(&answer),
        format!("/hand-over?app=wiki&attempt={attempt}")
    );
}

#[tokio::test]
async fn a_form_with_a_field_twice_is_refused() {
    let house = House::open().await;
    let _link = house.link(BO, LinkKind::SignIn).await;
    let answer = house
        .browser()
        .post("/recovery", "name=ana&name=bo&code=1")
        .await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}
