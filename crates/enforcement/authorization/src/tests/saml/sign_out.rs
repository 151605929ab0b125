//! Single logout.

use bytes::Bytes;
use gw_engine::testing::{session, user};
use gw_model::{AuthnMethod, Change, EndReason};
use gw_saml::{
    Credential, Message, MessageId, MessageKind, NameId, Status,
    logout::{LogoutAnswer, LogoutRequest},
    sp::SignIn,
};
use http::{Response, StatusCode};

use super::{
    super::harness::*,
    peer::{OTHERS, Request, SIGN_ON, SIGN_OUT, WIKI, at, entity, field, id, key, start, taken},
};

/// Ana signs in to the wiki.
async fn at_the_wiki(server: &Server, browser: &mut Browser<'_>) -> SignIn {
    let request = Request::of(server, "wiki");
    let answer = browser.get(SIGN_ON, &request.query(None)).await;
    let told = taken(server, &answer, "wiki", Some(&request.id), &[]).await;
    told.unwrap()
}

/// The query by which an app says that somebody signed out there.
fn logout(server: &Server, app: &str, name: &NameId, by: &Credential) -> (MessageId, String) {
    logout_of(server, app, (name, &[]), by)
}

/// The same of these sessions alone.
fn logout_of(
    server: &Server,
    app: &str,
    (name, sessions): (&NameId, &[&str]),
    by: &Credential,
) -> (MessageId, String) {
    let (id, now, issuer) = (id(), server.test.clock.now(), entity(app));
    let request = LogoutRequest {
        id: &id,
        now,
        not_on_or_after: now.after(std::time::Duration::from_secs(60)),
        issuer: &issuer,
        destination: &at(SIGN_OUT),
        name_id: name,
        session_indexes: sessions,
    };
    let url = request.redirect(Some("bye"), by).unwrap();
    (id.clone(), url.split_once('?').unwrap().1.to_owned())
}

fn is_over(server: &Server) -> bool {
    let view = server.test.engine.view();
    view.facts
        .session(server.ana.id)
        .is_none_or(|session| session.ended.is_some())
}

fn message_at(place: &str) -> Message {
    Message::from_redirect(place.split_once('?').unwrap().1).unwrap()
}

fn yes_or_no(page: &Response<Bytes>, decision: &'static str) -> [(&'static str, String); 2] {
    [
        ("attempt", field(page, "attempt").unwrap()),
        ("decision", decision.to_owned()),
    ]
}

async fn decide(
    browser: &mut Browser<'_>,
    page: &Response<Bytes>,
    decision: &'static str,
) -> Response<Bytes> {
    let form = yes_or_no(page, decision);
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    browser.post("/oauth/sign-out", &form).await
}

#[tokio::test]
async fn an_app_signs_somebody_out_after_they_were_asked() {
    let server = start().await;
    let mut browser = server.ana();
    let told = at_the_wiki(&server, &mut browser).await;
    let name = told.name_id.unwrap();
    let (request, query) = logout(&server, "wiki", &name, &key(&WIKI));
    let page = browser.get(SIGN_OUT, &query).await;
    assert!(text(&page).contains("Sign out?"), "{}", text(&page));
    assert!(!is_over(&server), "it is shown first");
    let stays = decide(&mut browser, &page, "no").await;
    let answer = message_at(&onward(&stays));
    assert_eq!(answer.kind(), MessageKind::LogoutResponse);
    assert!(!is_over(&server));
    let page = browser.get(SIGN_OUT, &query).await;
    let gone = decide(&mut browser, &page, "yes").await;
    assert!(is_over(&server));
    let last = browser.follow(&onward(&gone)).await;
    assert!(location(&last).starts_with("https://wiki.example/slo/answers?SAMLResponse="));
    let answer = message_at(&location(&last));
    assert_eq!(answer.in_response_to(), Some(request.as_str()));
    assert_eq!(answer.relay_state(), Some("bye"));
}

#[tokio::test]
async fn a_request_that_names_sessions_is_about_those_and_about_no_other() {
    let server = start().await;
    let mut here = server.ana();
    let told = at_the_wiki(&server, &mut here).await;
    let (ana, now) = (user(1, "ana", &["staff"]), server.test.clock.now());
    let second = session(12, &ana, AuthnMethod::SignInLink, now);
    let begun = Change::SessionStarted(second.clone().into());
    server.test.change(vec![begun]).await;
    let mut elsewhere = server.ana();
    elsewhere.session = Some(second.clone());
    let there = at_the_wiki(&server, &mut elsewhere).await;
    let (name, index) = (told.name_id.unwrap(), told.authentication.session_index);
    let index = index.unwrap();
    assert_ne!(Some(&index), there.authentication.session_index.as_ref());
    for (browser, sessions) in [
        (&mut elsewhere, ["another", index.as_str()]),
        (&mut here, ["another", "index"]),
    ] {
        let (_, query) = logout_of(&server, "wiki", (&name, &sessions), &key(&WIKI));
        let answer = browser.get(SIGN_OUT, &query).await;
        let place = location(&answer);
        assert!(place.starts_with("https://wiki.example/slo/answers?SAMLResponse="));
        assert!(!is_over(&server));
    }
    let sessions = ["another", &*index];
    let (_, query) = logout_of(&server, "wiki", (&name, &sessions), &key(&WIKI));
    let page = here.get(SIGN_OUT, &query).await;
    assert!(text(&page).contains("Sign out?"), "{}", text(&page));
    decide(&mut here, &page, "yes").await;
    assert!(is_over(&server));
    let view = server.test.engine.view();
    let other = view.facts.session(second.id).unwrap();
    assert!(other.ended.is_none(), "the other one goes on");
}

#[tokio::test]
async fn nobody_is_signed_out_by_what_an_app_did_not_say_of_them() {
    let server = start().await;
    let mut browser = server.ana();
    let told = at_the_wiki(&server, &mut browser).await;
    let name = told.name_id.unwrap();
    let (_, strangers) = logout(&server, "wiki", &name, &key(&OTHERS));
    let answer = browser.get(SIGN_OUT, &strangers).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "by another key");
    let (_, query) = logout(&server, "wiki", &name, &key(&WIKI));
    let unsigned = query.split_once("&SigAlg=").unwrap().0;
    let answer = browser.get(SIGN_OUT, unsigned).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "not signed");
    let (_, payrolls) = logout(&server, "payroll", &name, &key(&WIKI));
    let answer = browser.get(SIGN_OUT, &payrolls).await;
    assert!(location(&answer).starts_with("https://payroll.example/slo/answers?"));
    let mut other = name.clone();
    other.value = "somebody-else".into();
    let (_, others) = logout(&server, "wiki", &other, &key(&WIKI));
    let answer = browser.get(SIGN_OUT, &others).await;
    assert!(location(&answer).starts_with("https://wiki.example/slo/answers?"));
    server.later(std::time::Duration::from_secs(10 * 60));
    let answer = browser.get(SIGN_OUT, &query).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "too old");
    assert!(!is_over(&server));
}

#[tokio::test]
async fn apps_are_told_by_way_of_the_browser_that_signs_out() {
    let server = start().await;
    let mut browser = server.ana();
    let told = at_the_wiki(&server, &mut browser).await;
    let way = crate::saml::farewell(&server.server, &server.ana)
        .await
        .unwrap();
    let cookie = way
        .cookie
        .to_str()
        .unwrap()
        .split_once(';')
        .unwrap()
        .0
        .to_owned();
    let (name, value) = cookie.split_once('=').unwrap();
    browser.cookies.push((name.to_owned(), value.to_owned()));
    server.sign_out().await;
    let led = browser.follow(&way.path).await;
    assert!(location(&led).starts_with("https://wiki.example/slo?SAMLRequest="));
    let request = message_at(&location(&led));
    assert_eq!(request.kind(), MessageKind::LogoutRequest);
    let query = location(&led).split_once('?').unwrap().1.to_owned();
    assert!(query.contains("Signature="));
    let asked = asked_of(&server, &query).await;
    assert!(asked.name_id.is_same_as(&told.name_id.unwrap()));
    assert_eq!(
        Some(&asked.session_indexes[0]),
        told.authentication.session_index.as_ref()
    );
    let (id, now, destination) = (id(), server.test.clock.now(), at(SIGN_OUT));
    let answer = LogoutAnswer {
        id: &id,
        now,
        issuer: &entity("wiki"),
        destination: &destination,
        in_response_to: &asked.id,
        status: &Status::SUCCESS,
    };
    let strangers = answer.redirect(None, &key(&OTHERS)).unwrap();
    let page = browser
        .get(SIGN_OUT, strangers.split_once('?').unwrap().1)
        .await;
    assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    let form = answer.post(None, &key(&WIKI)).unwrap();
    let form: Vec<_> = form
        .fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let heard = server.stranger().post(SIGN_OUT, &form).await;
    let page = browser.follow(&location(&heard)).await;
    assert!(text(&page).contains("were told"), "{}", text(&page));
    let again = browser.follow(&location(&heard)).await;
    assert_eq!(again.status(), StatusCode::BAD_REQUEST, "once");
}

async fn asked_of(server: &Server, query: &str) -> gw_saml::logout::AskedLogout {
    let certificate = super::peer::our_certificate(server).await;
    let message = Message::from_redirect(query).unwrap();
    let expected = gw_saml::logout::Expected {
        now: server.test.clock.now(),
        leeway: std::time::Duration::from_secs(5),
        age_max: std::time::Duration::from_secs(60),
        peer: &at("/saml/metadata"),
        certificates: std::slice::from_ref(&certificate),
        url: "https://wiki.example/slo",
        decryption: &[],
    };
    gw_saml::logout::check_request(&message, &expected).unwrap()
}

#[tokio::test]
async fn whoever_is_gone_already_is_signed_out() {
    let server = start().await;
    let mut browser = server.ana();
    let told = at_the_wiki(&server, &mut browser).await;
    server.sign_out().await;
    let (_, query) = logout(&server, "wiki", &told.name_id.unwrap(), &key(&WIKI));
    let answer = browser.get(SIGN_OUT, &query).await;
    assert!(location(&answer).starts_with("https://wiki.example/slo/answers?SAMLResponse="));
    let view = server.test.engine.view();
    let session = view.facts.session(server.ana.id).unwrap();
    assert_eq!(
        session.ended.as_ref().map(|ended| ended.reason),
        Some(EndReason::SignedOut)
    );
}
