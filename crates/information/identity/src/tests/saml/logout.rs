use gw_model::{EndReason, SamlBinding};
use gw_saml::{
    Message, NameId, Status, StatusCode as SamlStatus, formats,
    logout::{Expected, LogoutAnswer, check_request},
};
use http::StatusCode;

use super::{
    super::browser::{Browser, House, body, location},
    provider::{IDP, LOGOUT, corp, entity, id, key, logout_request, saml, strangers_key},
};

fn cy() -> NameId {
    NameId::new("a-17", formats::PERSISTENT)
}

fn ended(browser: &Browser<'_>) -> Option<EndReason> {
    browser.session().unwrap().ended.map(|ended| ended.reason)
}

#[tokio::test]
async fn a_provider_that_says_that_somebody_signed_out_ends_their_session_and_is_answered() {
    let house = House::with_corp(saml()).await;
    let (mut ana, mut corps) = (house.browser(), house.browser());
    ana.signs_in_by_corp().await;
    let query = logout_request(&cy(), &["s-1"], house.now(), &key());
    let answer = corps.get(&format!("{LOGOUT}?{query}")).await;
    assert_eq!(ended(&ana), Some(EndReason::SignedOutAtProvider));
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", body(&answer));
    let to = location(&answer);
    assert!(
        to.starts_with(&format!("{IDP}/slo/answers?SAMLResponse=")),
        "{to}"
    );
    assert!(to.contains("&RelayState=state&") && to.contains("&Signature="));
}

#[tokio::test]
async fn it_ends_the_sessions_that_it_names_and_no_others() {
    let house = House::with_corp(saml()).await;
    let mut ana = house.browser();
    ana.signs_in_by_corp().await;
    let others = [
        (NameId::new("b-18", formats::PERSISTENT), vec![]),
        (NameId::new("a-17", formats::EMAIL), vec![]),
        (cy(), vec!["s-2", "s-3"]),
    ];
    for (name, sessions) in others {
        let query = logout_request(&name, &sessions, house.now(), &key());
        house.browser().get(&format!("{LOGOUT}?{query}")).await;
        assert_eq!(ended(&ana), None, "{name:?} {sessions:?}");
    }
    let query = logout_request(&cy(), &[], house.now(), &key());
    house.browser().get(&format!("{LOGOUT}?{query}")).await;
    assert_eq!(ended(&ana), Some(EndReason::SignedOutAtProvider));
}

#[tokio::test]
async fn a_logout_that_comes_again_ends_nothing_that_began_since() {
    let house = House::with_corp(saml()).await;
    let query = logout_request(&cy(), &[], house.now(), &key());
    let target = format!("{LOGOUT}?{query}");
    let mut first = house.browser();
    first.signs_in_by_corp().await;
    house.browser().get(&target).await;
    assert_eq!(ended(&first), Some(EndReason::SignedOutAtProvider));
    let mut second = house.browser();
    second.signs_in_by_corp().await;
    let again = house.browser().get(&target).await;
    assert_eq!(again.status(), StatusCode::BAD_REQUEST);
    assert_eq!(ended(&second), None);
    // Another one that was made long before, and was held back.
    let before = logout_request(&cy(), &[], house.now(), &key());
    house
        .tested
        .clock
        .advance(std::time::Duration::from_secs(70));
    let mut third = house.browser();
    third.signs_in_by_corp().await;
    let answer = house.browser().get(&format!("{LOGOUT}?{before}")).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", body(&answer));
    assert_eq!(ended(&third), None);
    assert_eq!(ended(&second), Some(EndReason::SignedOutAtProvider));
}

#[tokio::test]
async fn a_logout_that_is_forged_changed_or_old_ends_nothing() {
    let house = House::with_corp(saml()).await;
    let mut ana = house.browser();
    ana.signs_in_by_corp().await;
    let now = house.now();
    let good = logout_request(&cy(), &[], now, &key());
    let unsigned = good.split_once("&SigAlg").unwrap().0.to_owned();
    let old = now.before(std::time::Duration::from_secs(3_600));
    for (what, query) in [
        (
            "a stranger's",
            logout_request(&cy(), &[], now, &strangers_key()),
        ),
        ("unsigned", unsigned),
        (
            "changed",
            good.replace("RelayState=state", "RelayState=other"),
        ),
        ("old", logout_request(&cy(), &[], old, &key())),
        ("nothing", String::new()),
    ] {
        let refused = house.browser().get(&format!("{LOGOUT}?{query}")).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{what}");
        assert_eq!(ended(&ana), None, "{what}");
    }
}

#[tokio::test]
async fn who_signs_out_is_offered_to_do_so_at_corp_and_is_told_how_it_went() {
    let house = House::with_corp(saml()).await;
    for (status, told) in [
        (Status::SUCCESS, "You are signed out of Corp too"),
        (
            Status::refused(SamlStatus::Responder, SamlStatus::PartialLogout),
            "could not sign you out there",
        ),
    ] {
        let mut ana = house.browser();
        ana.signs_in_by_corp().await;
        let page = body(&ana.post("/sign-out", "").await);
        assert_eq!(ended_or_gone(&ana), None);
        let start = page.find("https://idp.test/slo?").unwrap();
        let href = page[start..]
            .split('"')
            .next()
            .unwrap()
            .replace("&#38;", "&");
        let href = href.replace("&amp;", "&");
        let asked = asked_out(&href, house.now());
        let url = format!("{}{LOGOUT}", entity());
        let answer = LogoutAnswer {
            id: &id(),
            now: house.now(),
            issuer: IDP,
            destination: &url,
            in_response_to: &asked,
            status: &status,
        };
        let back = answer.redirect(None, &key()).unwrap();
        let query = back.split_once('?').unwrap().1;
        let stranger = house.browser().get(&format!("{LOGOUT}?{query}")).await;
        assert_eq!(stranger.status(), StatusCode::BAD_REQUEST);
        let said = body(&ana.get(&format!("{LOGOUT}?{query}")).await);
        assert!(said.contains(told), "{said}");
    }
}

fn ended_or_gone(browser: &Browser<'_>) -> Option<String> {
    browser.cookie().map(str::to_owned)
}

/// Checks our request as corp does; its id.
fn asked_out(href: &str, now: gw_model::Timestamp) -> String {
    let message = Message::from_redirect(href.split_once('?').unwrap().1).unwrap();
    let url = format!("{IDP}/slo");
    let expected = Expected {
        now,
        leeway: std::time::Duration::from_secs(60),
        age_max: std::time::Duration::from_secs(300),
        peer: &entity(),
        // Whose key it is, the test of the metadata says.
        certificates: &[],
        url: &url,
        decryption: &[],
    };
    assert!(
        check_request(&message, &expected).is_err(),
        "a key is asked for"
    );
    let packed = form_urlencoded::parse(href.split_once('?').unwrap().1.as_bytes())
        .find(|(name, _)| name == "SAMLRequest")
        .unwrap()
        .1
        .into_owned();
    let packed = data_encoding::BASE64.decode(packed.as_bytes()).unwrap();
    let xml = String::from_utf8(miniz_oxide::inflate::decompress_to_vec(&packed).unwrap()).unwrap();
    assert!(xml.contains(">a-17<") && xml.contains(">s-1<"), "{xml}");
    let after = xml.split_once(" ID=\"").unwrap().1;
    after.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn who_came_by_a_provider_without_single_logout_is_offered_none() {
    let mut without = saml();
    without.sign_out = None;
    let house = House::with_corp(without).await;
    let mut ana = house.browser();
    ana.signs_in_by_corp().await;
    let page = body(&ana.post("/sign-out", "").await);
    assert!(!page.contains("idp.test"), "{page}");
    let mut by_form = saml();
    by_form.sign_out.as_mut().unwrap().request.binding = SamlBinding::Post;
    house.declare(corp(by_form)).await;
    let query = logout_request(&cy(), &[], house.now(), &key());
    let page = house.browser().get(&format!("{LOGOUT}?{query}")).await;
    assert!(
        body(&page).contains("action=\"https://idp.test/slo/answers\""),
        "{}",
        body(&page)
    );
}
