//! What is tried with a provider's answers.

use gw_model::Provider;
use gw_store::LinkKind;
use http::{Method, StatusCode};

use super::{
    super::browser::{ANA, House, body, location},
    provider::{ACS, Answer, asked, corp, saml, strangers_key},
};

#[tokio::test]
async fn an_answer_that_was_used_is_refused_in_the_same_browser_and_in_any_other() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    let request = browser.goes_to_corp().await;
    let way = browser.cookies.clone();
    let form = Answer::to(Some(&request), house.now()).form();
    browser.comes_back(&form).await;
    assert!(browser.session().is_some());
    let mut again = house.browser();
    again.cookies = way;
    let refused = again.comes_back(&form).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT, "{}", body(&refused));
    assert!(body(&refused).contains("used before"));
    let refused = browser.comes_back(&form).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(house.identity.sessions(None).len(), 1);
}

#[tokio::test]
async fn an_assertion_is_used_once_whichever_response_it_comes_in() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    let request = browser.goes_to_corp().await;
    let way = browser.cookies.clone();
    let answer = Answer::to(Some(&request), house.now());
    browser.comes_back(&answer.form()).await;
    browser.cookies.extend(way);
    let refused = browser.comes_back(&answer.form()).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_answer_for_another_browser_signs_nobody_in() {
    let house = House::with_corp(saml()).await;
    let (mut eve, mut ana) = (house.browser(), house.browser());
    let eves = eve.goes_to_corp().await;
    ana.goes_to_corp().await;
    let form = Answer::to(Some(&eves), house.now()).form();
    let refused = ana.comes_back(&form).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(body(&refused).contains("another browser"));
    assert!(ana.cookie().is_none());
}

#[tokio::test]
async fn what_was_kept_for_a_browser_is_nothing_in_another_and_taken_once() {
    let house = House::with_corp(saml()).await;
    let mut ana = house.browser();
    let request = ana.goes_to_corp().await;
    let form = Answer::to(Some(&request), house.now()).form();
    let posted = ana.posted_from_elsewhere(ACS, &form).await;
    let next = location(&posted).to_owned();
    let mut eve = house.browser();
    let refused = eve.get(&next).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let kept = ana.cookies.clone();
    assert_eq!(ana.get(&next).await.status(), StatusCode::SEE_OTHER);
    let mut copy = house.browser();
    copy.cookies = kept;
    let refused = copy.get(&next).await;
    assert_eq!(
        refused.status(),
        StatusCode::BAD_REQUEST,
        "{}",
        body(&refused)
    );
    assert!(copy.cookie().is_none());
}

#[tokio::test]
async fn nothing_in_an_address_is_worth_anything() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    let request = browser.goes_to_corp().await;
    let form = Answer::to(Some(&request), house.now()).form();
    let posted = browser.posted_from_elsewhere(ACS, &form).await;
    let way = location(&posted).split_once("way=").unwrap().1.to_owned();
    assert_eq!(way.len(), 8);
    let secret = browser
        .cookies
        .iter()
        .find(|(name, _)| name.starts_with("__Host-gw-arrival-"))
        .unwrap();
    assert!(!location(&posted).contains(secret.1));
    let set = posted.headers().get_all("set-cookie").iter();
    let text: Vec<_> = set.map(|cookie| cookie.to_str().unwrap()).collect();
    assert!(
        text.iter()
            .any(|one| one.starts_with("__Host-gw-arrival-") && one.contains("SameSite=Lax"))
    );
    assert!(
        text.iter()
            .any(|one| one.starts_with("__Host-gw-saml-")
                && one.contains("SameSite=None; Max-Age=0"))
    );
    assert!(
        !text.iter().any(|one| one.starts_with("__Host-gw-sso")),
        "no session is set by a post"
    );
}

#[tokio::test]
async fn an_unsolicited_answer_is_refused_unless_it_is_declared() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    let refused = browser
        .comes_back(&Answer::to(None, house.now()).form())
        .await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(browser.cookie().is_none());
    let mut open = saml();
    open.unsolicited = true;
    house.declare(corp(open)).await;
    let done = browser
        .comes_back(&Answer::to(None, house.now()).form())
        .await;
    assert!(browser.session().is_some(), "{}", body(&done));
    let stray = Answer::to(Some("_00000000000000000000"), house.now());
    let mut other = house.browser();
    let refused = other.comes_back(&stray.form()).await;
    assert_eq!(
        refused.status(),
        StatusCode::BAD_REQUEST,
        "one that answers is no unsolicited one"
    );
}

#[tokio::test]
async fn an_unsolicited_answer_never_takes_a_browser_from_who_is_signed_in() {
    let mut open = saml();
    open.unsolicited = true;
    let house = House::with_corp(open).await;
    let mut ana = house.signed_in(ANA, LinkKind::SignIn).await;
    let before = ana.session().unwrap();
    let stray = Answer::to(None, house.now()).form();
    let refused = ana.comes_back(&stray).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let after = ana.session().unwrap();
    assert_eq!((after.id, after.authn.len()), (before.id, 1));
    assert!(after.ended.is_none());
}

#[tokio::test]
async fn an_answer_that_was_changed_or_signed_by_another_or_for_another_signs_nobody_in() {
    let house = House::with_corp(saml()).await;
    type Change = fn(&mut Answer) -> String;
    let tries: [(&str, Change); 6] = [
        ("another key", |answer| answer.signed_by(&strangers_key())),
        ("another audience", |answer| {
            answer.audience = "https://other.test".into();
            answer.form()
        }),
        ("another address", |answer| {
            answer.acs = "https://sign-in.test/provider/saml/acs/partner".into();
            answer.form()
        }),
        ("too old", |answer| {
            answer.now = answer.now.before(std::time::Duration::from_secs(600));
            answer.form()
        }),
        ("from the future", |answer| {
            answer.now = answer.now.after(std::time::Duration::from_secs(600));
            answer.form()
        }),
        ("changed", |answer| changed(&answer.form())),
    ];
    for (what, change) in tries {
        let mut browser = house.browser();
        let request = browser.goes_to_corp().await;
        let mut answer = Answer::to(Some(&request), house.now());
        let form = change(&mut answer);
        let refused = browser.comes_back(&form).await;
        assert_eq!(
            refused.status(),
            StatusCode::BAD_REQUEST,
            "{what}: {}",
            body(&refused)
        );
        assert!(browser.cookie().is_none(), "{what}");
    }
}

/// With another name in it.
fn changed(form: &str) -> String {
    let fields: Vec<_> = form_urlencoded::parse(form.as_bytes()).collect();
    let packed = data_encoding::BASE64
        .decode(fields[0].1.as_bytes())
        .unwrap();
    let xml = String::from_utf8(packed).unwrap();
    assert!(xml.contains(">a-17<"));
    let xml = xml.replace(">a-17<", ">b-18<");
    let packed = data_encoding::BASE64.encode(xml.as_bytes());
    form_urlencoded::Serializer::new(String::new())
        .append_pair("SAMLResponse", &packed)
        .finish()
}

#[tokio::test]
async fn an_answer_to_one_provider_is_none_at_anothers_place() {
    let house = House::with_corp(saml()).await;
    house
        .declare(Provider {
            name: "partner".parse().unwrap(),
            issuer: "https://partner.test".into(),
            ..corp(saml())
        })
        .await;
    let mut browser = house.browser();
    let request = asked(&browser.get("/provider/start?provider=partner").await);
    let form = Answer::to(Some(&request), house.now()).form();
    let refused = browser.posted_from_elsewhere(ACS, &form).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let request = asked(&browser.get("/provider/start?provider=partner").await);
    let form = Answer::to(Some(&request), house.now()).form();
    let at_partner = browser
        .posted_from_elsewhere("/provider/saml/acs/partner", &form)
        .await;
    assert_eq!(
        at_partner.status(),
        StatusCode::BAD_REQUEST,
        "corp signed it, and it is for corp's place"
    );
}

#[tokio::test]
async fn a_provider_that_is_switched_off_signs_nobody_in_at_any_step() {
    let house = House::with_corp(saml()).await;
    let off = || Provider {
        suspended: true,
        ..corp(saml())
    };
    let mut early = house.browser();
    let request = early.goes_to_corp().await;
    let early_form = Answer::to(Some(&request), house.now()).form();
    let mut late = house.browser();
    let request = late.goes_to_corp().await;
    let form = Answer::to(Some(&request), house.now()).form();
    let posted = late.posted_from_elsewhere(ACS, &form).await;
    house.declare(off()).await;
    assert_eq!(
        early.comes_back(&early_form).await.status(),
        StatusCode::FORBIDDEN
    );
    let next = location(&posted).to_owned();
    assert_eq!(late.get(&next).await.status(), StatusCode::FORBIDDEN);
    assert!(late.cookie().is_none());
}

#[tokio::test]
async fn what_is_no_answer_is_refused_and_changes_nothing() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    for form in [
        "",
        "SAMLResponse=%3Cx%3E",
        "SAMLResponse=PHg-&SAMLRequest=x",
        "x=y",
    ] {
        let refused = browser.posted_from_elsewhere(ACS, form).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{form}");
    }
    let json = [("content-type", "application/json")];
    let refused = browser.send(Method::POST, ACS, &json, "{}", true).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        browser.get(ACS).await.status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
    let nobody = browser
        .posted_from_elsewhere("/provider/saml/acs/nobody", "x=y")
        .await;
    assert_ne!(nobody.status(), StatusCode::SEE_OTHER);
    let finish = browser.get("/provider/saml/finish?way=aaaaaaaa").await;
    assert_eq!(finish.status(), StatusCode::BAD_REQUEST);
}
