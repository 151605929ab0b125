//! What is tried with requests of apps.

use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use gw_model::{Change, SamlClient};
use gw_saml::sp::ResponseFault;
use http::{Response, StatusCode};

use super::{
    super::harness::*,
    peer::{
        OTHERS, Request, SIGN_ON, acs, answer_xml, declared, entity, field, key, saml, start,
        taken, with,
    },
};

/// A page of ours that says so, and nothing for anybody else.
fn refused(answer: &Response<Bytes>, why: &str) {
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{}", text(answer));
    assert!(text(answer).contains(why), "{why}: {}", text(answer));
    assert!(answer.headers().get("location").is_none());
    assert!(field(answer, "SAMLResponse").is_none());
}

async fn asks(server: &Server, request: &Request) -> Response<Bytes> {
    server.ana().get(SIGN_ON, &request.query(None)).await
}

#[tokio::test]
async fn an_answer_goes_to_an_address_of_the_app_and_to_no_other() {
    let server = start().await;
    let places = [
        "https://evil.example/acs".to_owned(),
        acs("payroll"),
        "https://wiki.example/acs/".to_owned(),
        "https://wiki.example/acs?x=1".to_owned(),
        "https://wiki.example.evil.example/acs".to_owned(),
        "HTTPS://wiki.example/acs".to_owned(),
    ];
    for place in places {
        let mut request = Request::of(&server, "wiki");
        request.acs_url = place;
        refused(
            &asks(&server, &request).await,
            "is not in the service provider",
        );
    }
    let mut request = Request::of(&server, "wiki");
    request.acs_url = "https://wiki.example/second".into();
    assert_eq!(asks(&server, &request).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_address_that_is_taken_away_meanwhile_gets_no_answer() {
    let server = start().await;
    let mut browser = server.stranger();
    let request = Request::of(&server, "wiki");
    let answer = browser.get(SIGN_ON, &request.query(None)).await;
    let attempt = location(&answer)
        .split_once("attempt=")
        .unwrap()
        .1
        .to_owned();
    let mut less = saml("wiki");
    less.consumers.remove(0);
    let less = Change::ClientPut(declared(31, "wiki", &less).into());
    server.test.change(vec![less]).await;
    browser.session = Some(server.ana.clone());
    let answer = browser.get("/resume", &format!("attempt={attempt}")).await;
    refused(&answer, "This is over");
}

#[tokio::test]
async fn a_request_is_signed_by_the_app_and_whole() {
    let server = start().await;
    let ask = async |query: &str| server.ana().get(SIGN_ON, query).await;
    let request = Request::of(&server, "wiki");
    refused(&ask(&request.signed(None, None)).await, "is not signed");
    let others = request.signed(None, Some(&key(&OTHERS)));
    refused(&ask(&others).await, "signature");
    let query = request.query(Some("here"));
    refused(
        &ask(&query.replace("RelayState=here", "RelayState=there")).await,
        "signature",
    );
    refused(
        &ask(&query.replace("&RelayState=here", "")).await,
        "signature",
    );
    let sha1 = query.replace(
        "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256",
        "http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1",
    );
    assert_ne!(sha1, query);
    refused(&ask(&sha1).await, "rsa-sha1");
    let other = Request::of(&server, "wiki").query(Some("here"));
    let (_, signature) = other.split_once("&SigAlg=").unwrap();
    let (message, _) = query.split_once("&SigAlg=").unwrap();
    refused(
        &ask(&format!("{message}&SigAlg={signature}")).await,
        "signature",
    );
    refused(
        &ask(&format!("{query}&SAMLRequest=x")).await,
        "more than once",
    );
    assert_eq!(ask(&query).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn one_app_cannot_ask_as_another() {
    let mut wiki = saml("wiki");
    wiki.certificates = vec![super::peer::text_of(&OTHERS)];
    let server = with(wiki).await;
    // By payroll's key.
    refused(
        &asks(&server, &Request::of(&server, "wiki")).await,
        "signature",
    );
    let mut unknown = Request::of(&server, "wiki");
    unknown.issuer = "https://nobody.example/<script>".into();
    let answer = asks(&server, &unknown).await;
    refused(&answer, "no app here is");
    assert!(!text(&answer).contains("<script>"));
}

#[tokio::test]
async fn a_request_is_answered_once_and_while_it_is_young_and_where_it_was_meant_for() {
    let server = start().await;
    let request = Request::of(&server, "wiki");
    let query = request.query(None);
    let answer = server.ana().get(SIGN_ON, &query).await;
    taken(&server, &answer, "wiki", Some(&request.id), &[])
        .await
        .unwrap();
    refused(&server.ana().get(SIGN_ON, &query).await, "This is over");
    let young = Request::of(&server, "wiki");
    server.later(Duration::from_secs(7 * 60));
    refused(&asks(&server, &young).await, "too old");
    let mut early = Request::of(&server, "wiki");
    early.now = early.now.after(Duration::from_secs(120));
    refused(&asks(&server, &early).await, "ahead of ours");
    for place in [
        "https://auth.example.org/saml/sign-out",
        "https://evil.example/saml/sign-on",
    ] {
        let mut elsewhere = Request::of(&server, "wiki");
        elsewhere.destination = place.into();
        refused(&asks(&server, &elsewhere).await, "not for this address");
    }
}

/// What a form with this XML comes to.
async fn posted(server: &Server, xml: &str) -> Response<Bytes> {
    let message = BASE64.encode(xml.as_bytes());
    let form = [("SAMLRequest", &*message)];
    server.stranger().post(SIGN_ON, &form).await
}

#[tokio::test]
async fn xml_that_is_more_than_a_message_is_not_read() {
    let server = start().await;
    let inner = "<a>".repeat(2000) + &"</a>".repeat(2000);
    let bombs = [
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>".to_owned(),
        "<!DOCTYPE a SYSTEM \"http://evil.example/a.dtd\"><a/>".to_owned(),
        "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><a>&b;</a>".to_owned(),
        "<a>&undeclared;</a>".to_owned(),
        inner,
        format!("<a x=\"{}\"/>", "x".repeat(10_000)),
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>".to_owned(),
        "\u{0}".to_owned(),
    ];
    for bomb in bombs {
        let answer = posted(&server, &bomb).await;
        refused(&answer, "cannot be answered");
        assert!(!text(&answer).contains("root:"));
    }
    let answer = posted(&server, &"x".repeat(300 * 1024)).await;
    refused(&answer, "longer than");
    let answer = server.stranger().get(SIGN_ON, &"a=b&".repeat(100)).await;
    refused(&answer, "too many parameters");
}

#[tokio::test]
async fn what_goes_back_is_text_in_the_page_and_bounded() {
    let server = start().await;
    let request = Request::of(&server, "wiki");
    let state = "\"><script>alert(1)</script><input x='";
    let answer = server.ana().get(SIGN_ON, &request.query(Some(state))).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(
        !text(&answer).contains("<script>alert"),
        "{}",
        text(&answer)
    );
    assert!(
        field(&answer, "RelayState")
            .unwrap()
            .contains("&#60;script&#62;")
    );
    let (long, message) = ("x".repeat(1025), Request::of(&server, "wiki").query(None));
    let answer = server
        .ana()
        .get(SIGN_ON, &format!("{message}&RelayState={long}"))
        .await;
    refused(&answer, "RelayState");
}

#[tokio::test]
async fn whom_policy_refuses_is_shown_why_and_the_app_is_told_nothing() {
    let server = start().await;
    let answer = asks(&server, &Request::of(&server, "payroll")).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(field(&answer, "SAMLResponse").is_none());
    let off = gw_model::Client {
        disabled: true,
        ..declared(31, "wiki", &saml("wiki"))
    };
    server
        .test
        .change(vec![Change::ClientPut(off.into())])
        .await;
    refused(
        &asks(&server, &Request::of(&server, "wiki")).await,
        "no app here is",
    );
    let answer = server.ana().get("/saml/start", "client=wiki-saml").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_app_whose_metadata_is_out_of_date_is_told_nothing() {
    let mut wiki = saml("wiki");
    wiki.valid_until = Some(gw_engine::testing::START.after(Duration::from_secs(60)));
    let server = with(wiki).await;
    assert_eq!(
        asks(&server, &Request::of(&server, "wiki")).await.status(),
        StatusCode::OK
    );
    server.later(Duration::from_secs(60));
    refused(
        &asks(&server, &Request::of(&server, "wiki")).await,
        "out of date",
    );
}

#[tokio::test]
async fn nobody_is_known_by_one_name_at_two_apps_and_no_answer_is_good_at_another() {
    let payroll = SamlClient {
        entity_id: entity("second").into(),
        ..saml("second")
    };
    let server = start().await;
    let second = gw_model::Client {
        name: "second-saml".parse().unwrap(),
        ..declared(33, "wiki", &payroll)
    };
    server
        .test
        .change(vec![Change::ClientPut(second.into())])
        .await;
    let (one, other) = (Request::of(&server, "wiki"), Request::of(&server, "second"));
    let answers = [asks(&server, &one).await, asks(&server, &other).await];
    let first = taken(&server, &answers[0], "wiki", Some(&one.id), &[])
        .await
        .unwrap();
    let second = taken(&server, &answers[1], "second", Some(&other.id), &[])
        .await
        .unwrap();
    assert_ne!(first.name_id.unwrap().value, second.name_id.unwrap().value);
    assert_ne!(
        first.authentication.session_index,
        second.authentication.session_index
    );
    let confused = taken(&server, &answers[0], "second", Some(&one.id), &[]).await;
    assert!(confused.is_err());
    let replayed = taken(&server, &answers[0], "wiki", Some(&other.id), &[]).await;
    assert!(
        matches!(replayed, Err(ResponseFault::InResponseTo)),
        "{replayed:?}"
    );
    server.later(Duration::from_secs(4 * 60));
    let late = taken(&server, &answers[0], "wiki", Some(&one.id), &[]).await;
    assert!(late.is_err(), "it is good for a short while");
    assert!(!answer_xml(&answers[0]).contains(&server.ana.id.to_string()));
}

#[tokio::test]
async fn a_client_that_speaks_saml_is_nobody_to_openid_connect_and_the_other_way_round() {
    let server = start().await;
    let answer = server
        .ana()
        .get("/oauth/authorize", &asked("wiki-saml", &[]))
        .await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let mut request = Request::of(&server, "wiki");
    request.issuer = "wiki".into();
    refused(&asks(&server, &request).await, "no app here is");
}

#[tokio::test]
async fn a_request_is_answered_once_whatever_is_restarted_meanwhile() {
    let mut server = start().await;
    let query = Request::of(&server, "wiki").query(None);
    let answer = server.ana().get(SIGN_ON, &query).await;
    assert!(field(&answer, "SAMLResponse").is_some());
    server.restart().await;
    let again = server.ana().get(SIGN_ON, &query).await;
    assert!(field(&again, "SAMLResponse").is_none(), "{}", text(&again));
    let other = Request::of(&server, "wiki").query(None);
    let answer = server.ana().get(SIGN_ON, &other).await;
    assert!(field(&answer, "SAMLResponse").is_some());
}
