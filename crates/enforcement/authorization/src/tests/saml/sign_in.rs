//! Signing in to apps.

use std::time::Duration;

use gw_engine::testing::user;
use gw_model::{AuthnMethod, Change, Consent, SamlClientNames, SamlFact};
use gw_saml::{Decryptor, formats};
use http::StatusCode;

use super::{
    super::harness::*,
    peer::{
        OTHERS, Request, SIGN_ON, WIKI, action, declared, encrypted_to, field, saml, start, status,
        taken, with,
    },
};

#[tokio::test]
async fn an_app_is_told_who_somebody_is_by_an_answer_that_it_takes() {
    let server = start().await;
    let request = Request::of(&server, "wiki");
    let answer = server
        .ana()
        .get(SIGN_ON, &request.query(Some("state")))
        .await;
    assert_eq!(answer.status(), StatusCode::OK, "{}", text(&answer));
    assert_eq!(action(&answer), "https://wiki.example/acs");
    assert_eq!(field(&answer, "RelayState").as_deref(), Some("state"));
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("form-action 'self' https: https://wiki.example;"),
        "{policy}"
    );
    let told = taken(&server, &answer, "wiki", Some(&request.id), &[]).await;
    let told = told.unwrap();
    let name = told.name_id.clone().unwrap();
    assert_eq!(name.format.as_deref(), Some(formats::PERSISTENT));
    assert_eq!(told.values("uid").collect::<Vec<_>>(), ["ana"]);
    assert_eq!(told.values("groups").collect::<Vec<_>>(), ["staff"]);
    assert!(told.authentication.session_index.is_some());
    assert_eq!(
        told.authentication.session_not_on_or_after,
        Some(server.ana.expires)
    );
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_and_comes_back() {
    let server = start().await;
    let mut browser = server.stranger();
    let request = Request::of(&server, "wiki");
    let answer = browser.get(SIGN_ON, &request.query(None)).await;
    assert!(location(&answer).starts_with("/sign-in?app=wiki&attempt="));
    let attempt = location(&answer)
        .split_once("attempt=")
        .unwrap()
        .1
        .to_owned();
    browser.session = Some(server.ana.clone());
    let answer = browser.get("/resume", &format!("attempt={attempt}")).await;
    taken(&server, &answer, "wiki", Some(&request.id), &[])
        .await
        .unwrap();
    assert!(browser.cookies.is_empty(), "nothing is left of the way");
}

#[tokio::test]
async fn a_form_of_another_site_is_gone_on_with_by_our_own() {
    let server = start().await;
    let mut browser = server.stranger();
    let request = Request::of(&server, "wiki");
    let form = request.form(Some("by form"));
    let form: Vec<_> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let posted = browser.post(SIGN_ON, &form).await;
    assert_eq!(posted.status(), StatusCode::SEE_OTHER, "{}", text(&posted));
    assert!(location(&posted).starts_with("/resume?attempt="));
    browser.session = Some(server.ana.clone());
    let answer = browser.follow(&location(&posted)).await;
    taken(&server, &answer, "wiki", Some(&request.id), &[])
        .await
        .unwrap();
    assert_eq!(field(&answer, "RelayState").as_deref(), Some("by form"));
}

#[tokio::test]
async fn an_app_is_told_by_the_names_and_of_the_facts_that_are_declared() {
    let mut wiki = saml("wiki");
    wiki.names = SamlClientNames::UserName;
    wiki.tells = vec![SamlFact::DisplayName];
    let server = with(wiki).await;
    let request = Request::of(&server, "wiki");
    let answer = server.ana().get(SIGN_ON, &request.query(None)).await;
    let told = taken(&server, &answer, "wiki", Some(&request.id), &[])
        .await
        .unwrap();
    assert_eq!(told.name_id.unwrap().value, "ana");
    assert_eq!(told.attributes.len(), 1);
    let mut transient = Request::of(&server, "wiki");
    transient.format = Some(formats::TRANSIENT);
    let answer = server.ana().get(SIGN_ON, &transient.query(None)).await;
    let told = taken(&server, &answer, "wiki", Some(&transient.id), &[])
        .await
        .unwrap();
    let name = told.name_id.unwrap();
    assert_eq!(name.format.as_deref(), Some(formats::TRANSIENT));
    assert_ne!(name.value, "ana");
    let mut other = Request::of(&server, "wiki");
    other.format = Some(formats::EMAIL);
    let answer = server.ana().get(SIGN_ON, &other.query(None)).await;
    assert_eq!(status(&answer), "InvalidNameIDPolicy");
}

#[tokio::test]
async fn what_cannot_be_is_told_to_the_app() {
    let server = start().await;
    let mut passive = Request::of(&server, "wiki");
    passive.passive = true;
    let answer = server.stranger().get(SIGN_ON, &passive.query(None)).await;
    assert_eq!(status(&answer), "NoPassive");
    let mut refused = Request::of(&server, "payroll");
    refused.passive = true;
    let answer = server.ana().get(SIGN_ON, &refused.query(None)).await;
    assert!(["NoPassive", "RequestDenied"].contains(&&*status(&answer)));
    server.later(Duration::from_secs(5));
    let mut context = Request::of(&server, "wiki");
    context.contexts = vec!["urn:x"];
    context.passive = true;
    let answer = server.ana().get(SIGN_ON, &context.query(None)).await;
    assert_eq!(status(&answer), "NoPassive");
    context.passive = false;
    let mut browser = server.ana();
    let answer = browser.get(SIGN_ON, &context.query(None)).await;
    assert!(
        location(&answer).starts_with("/confirm?"),
        "they may prove more"
    );
    server.later(Duration::from_secs(5));
    let attempt = location(&answer)
        .split_once("attempt=")
        .unwrap()
        .1
        .to_owned();
    let again = gw_engine::testing::session(
        12,
        &gw_engine::testing::user(1, "ana", &["staff"]),
        AuthnMethod::SignInLink,
        server.test.clock.now(),
    );
    let change = Change::SessionStarted(again.clone().into());
    server.test.change(vec![change]).await;
    browser.session = Some(again);
    let answer = browser.get("/resume", &format!("attempt={attempt}")).await;
    assert_eq!(status(&answer), "NoAuthnContext");
}

#[tokio::test]
async fn a_fresh_sign_in_is_one_of_after_the_request() {
    let server = start().await;
    server.later(Duration::from_secs(5));
    let mut request = Request::of(&server, "wiki");
    request.force = true;
    let mut browser = server.ana();
    let answer = browser.get(SIGN_ON, &request.query(None)).await;
    assert!(location(&answer).starts_with("/confirm?"));
    let attempt = location(&answer)
        .split_once("attempt=")
        .unwrap()
        .1
        .to_owned();
    let answer = browser.get("/resume", &format!("attempt={attempt}")).await;
    assert!(
        location(&answer).starts_with("/confirm?"),
        "coming back is no proof"
    );
}

#[tokio::test]
async fn people_are_asked_once_where_that_is_declared() {
    let server = start().await;
    let mut asking = declared(31, "wiki", &saml("wiki"));
    asking.consent = Consent::Ask;
    server
        .test
        .change(vec![Change::ClientPut(asking.into())])
        .await;
    let mut browser = server.ana();
    let request = Request::of(&server, "wiki");
    let page = browser.get(SIGN_ON, &request.query(None)).await;
    assert!(
        text(&page).contains("Let wiki in as you?"),
        "{}",
        text(&page)
    );
    let attempt = field(&page, "attempt").unwrap();
    let form = [("attempt", &*attempt), ("decision", "deny")];
    let denied = browser.post("/oauth/consent", &form).await;
    assert_eq!(status(&denied), "RequestDenied");
    let page = browser.get(SIGN_ON, &request.query(None)).await;
    let attempt = field(&page, "attempt").unwrap();
    let form = [("attempt", &*attempt), ("decision", "allow")];
    let agreed = browser.post("/oauth/consent", &form).await;
    let answer = browser.follow(&onward(&agreed)).await;
    taken(&server, &answer, "wiki", Some(&request.id), &[])
        .await
        .unwrap();
    let again = Request::of(&server, "wiki");
    let answer = browser.get(SIGN_ON, &again.query(None)).await;
    taken(&server, &answer, "wiki", Some(&again.id), &[])
        .await
        .unwrap();
    let seen = browser.get("/account/apps", "").await;
    assert!(
        text(&seen).contains("value=\"wiki-saml\""),
        "{}",
        text(&seen)
    );
}

#[tokio::test]
async fn an_assertion_is_for_the_key_that_it_is_encrypted_to() {
    let mut wiki = saml("wiki");
    wiki.encryption = Some(encrypted_to(&OTHERS));
    let server = with(wiki).await;
    let request = Request::of(&server, "wiki");
    let answer = server.ana().get(SIGN_ON, &request.query(None)).await;
    assert!(
        !super::peer::answer_xml(&answer).contains("ana"),
        "nothing is readable"
    );
    let wrong = [Decryptor::new(&WIKI.private_key).unwrap()];
    let right = [Decryptor::new(&OTHERS.private_key).unwrap()];
    assert!(
        taken(&server, &answer, "wiki", Some(&request.id), &wrong)
            .await
            .is_err()
    );
    let told = taken(&server, &answer, "wiki", Some(&request.id), &right).await;
    assert!(told.unwrap().was_encrypted);
}

#[tokio::test]
async fn people_begin_here_where_that_is_declared() {
    let mut wiki = saml("wiki");
    wiki.idp_initiated = true;
    let server = with(wiki).await;
    let answer = server.ana().get("/saml/start", "client=wiki-saml").await;
    assert_eq!(action(&answer), "https://wiki.example/acs");
    taken(&server, &answer, "wiki", None, &[]).await.unwrap();
    let answer = server.ana().get("/saml/start", "client=payroll-saml").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "not at others");
}

/// The wiki knows people by their mail address, and is told it beside that.
async fn by_address(more: Vec<Change>) -> Server {
    let mut wiki = saml("wiki");
    wiki.names = SamlClientNames::Email;
    let mut changes = vec![Change::ClientPut(declared(31, "wiki", &wiki).into())];
    changes.extend(more);
    Server::with(changes).await
}

fn with_address(bits: u64, name: &str, email: &str, verified: Option<&str>) -> Change {
    let mut one = user(bits, name, &["staff"]);
    one.email = Some(email.into());
    one.verified_email = verified.map(Into::into);
    Change::UserPut(one.into())
}

#[tokio::test]
async fn an_address_that_nobody_made_sure_of_says_nobodys_name() {
    let own = "ana@corp.test";
    for (email, verified) in [(own, None), ("ceo@corp.test", Some(own))] {
        let server = by_address(vec![with_address(1, "ana", email, verified)]).await;
        let request = Request::of(&server, "wiki");
        let answer = server.ana().get(SIGN_ON, &request.query(None)).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        let page = text(&answer);
        assert!(page.contains("nobody has made sure"), "{page}");
    }
    let verified = with_address(1, "ana", own, Some("Ana@corp.test"));
    let server = by_address(vec![verified.clone()]).await;
    let request = Request::of(&server, "wiki");
    let answer = server.ana().get(SIGN_ON, &request.query(None)).await;
    let told = taken(&server, &answer, "wiki", Some(&request.id), &[]).await;
    let told = told.unwrap();
    assert_eq!(told.name_id.as_ref().unwrap().value, own);
    assert_eq!(told.values("mail").collect::<Vec<_>>(), [own]);
    // Somebody else has it too, by whichever word.
    let other = with_address(2, "mallory", "ANA@corp.test", None);
    let server = by_address(vec![verified, other]).await;
    let request = Request::of(&server, "wiki");
    let answer = server.ana().get(SIGN_ON, &request.query(None)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(text(&answer).contains("somebody else here has yours too"));
}

#[tokio::test]
async fn an_address_that_nobody_made_sure_of_is_no_attribute() {
    let changes = |verified| {
        vec![
            Change::ClientPut(declared(31, "wiki", &saml("wiki")).into()),
            with_address(1, "ana", "ana@corp.test", verified),
        ]
    };
    let vouched = Change::SettingsPut(std::sync::Arc::new(gw_model::Settings {
        addresses_verified: true,
        ..Default::default()
    }));
    let mut by_the_operator = changes(None);
    by_the_operator.push(vouched);
    for (changes, told_as) in [
        (changes(None), None),
        (changes(Some("ana@corp.test")), Some("ana@corp.test")),
        (by_the_operator, Some("ana@corp.test")),
    ] {
        let server = Server::with(changes).await;
        let request = Request::of(&server, "wiki");
        let answer = server.ana().get(SIGN_ON, &request.query(None)).await;
        let told = taken(&server, &answer, "wiki", Some(&request.id), &[]).await;
        assert_eq!(told.unwrap().values("mail").next(), told_as);
    }
}

#[tokio::test]
async fn a_fresh_weak_proof_makes_no_old_strong_one_fresh() {
    const MFA: &str = "https://refeds.org/profile/mfa";
    let server = start().await;
    server.proves(AuthnMethod::Passkey, None).await;
    let strong = server.test.clock.now();
    server.later(Duration::from_secs(600));
    for contexts in [vec![MFA], vec![]] {
        server.later(Duration::from_secs(5));
        let mut request = Request::of(&server, "wiki");
        request.force = true;
        request.contexts = contexts.clone();
        let mut browser = server.ana();
        let there = location(&browser.get(SIGN_ON, &request.query(None)).await);
        assert!(there.starts_with("/confirm?"), "{there}");
        let (_, attempt) = there.split_once("attempt=").unwrap();
        server.later(Duration::from_secs(5));
        server.proves(AuthnMethod::SignInLink, None).await;
        let now = server.test.clock.now();
        let answer = browser.get("/resume", &format!("attempt={attempt}")).await;
        if contexts == [MFA] {
            assert_eq!(status(&answer), "NoAuthnContext");
            continue;
        }
        let told = taken(&server, &answer, "wiki", Some(&request.id), &[]).await;
        let how = told.unwrap().authentication;
        assert!(how.context.unwrap().ends_with(":unspecified"));
        assert_eq!(how.instant.as_secs(), now.as_secs());
    }
    let mut request = Request::of(&server, "wiki");
    request.contexts = vec![MFA];
    let answer = server.ana().get(SIGN_ON, &request.query(None)).await;
    let told = taken(&server, &answer, "wiki", Some(&request.id), &[]).await;
    let how = told.unwrap().authentication;
    assert_eq!(how.context.as_deref(), Some(MFA));
    assert_eq!(how.instant.as_secs(), strong.as_secs());
}

/// Corp's word for more than one factor, proven there at this time.
fn by_corp(at: gw_model::Timestamp) -> gw_model::ProviderProof {
    gw_model::ProviderProof {
        provider: "corp".parse().unwrap(),
        subject: "a-1".into(),
        session: None,
        acr: None,
        amr: Vec::new(),
        authenticated_at: Some(at),
        multi_factor: true,
        phishing_resistant: false,
    }
}

#[tokio::test]
async fn the_time_that_an_assertion_tells_is_that_of_the_proofs_that_it_tells() {
    let server = start().await;
    server.later(Duration::from_secs(600));
    let proven = server.test.clock.now().before(Duration::from_secs(300));
    let word = by_corp(proven);
    server.proves(AuthnMethod::Provider, Some(word)).await;
    server.later(Duration::from_secs(60));
    server.proves(AuthnMethod::SignInLink, None).await;
    let request = Request::of(&server, "wiki");
    let mut browser = server.ana();
    let answer = browser.get(SIGN_ON, &request.query(None)).await;
    let told = taken(&server, &answer, "wiki", Some(&request.id), &[]).await;
    let how = told.unwrap().authentication;
    assert_eq!(
        how.context.as_deref(),
        Some("https://refeds.org/profile/mfa")
    );
    assert_eq!(how.instant.as_secs(), proven.as_secs(), "not when she came");
    // Where only what is fresh counts, it is less, and its own time.
    server.later(Duration::from_secs(5));
    let mut fresh = Request::of(&server, "wiki");
    fresh.force = true;
    let there = location(&browser.get(SIGN_ON, &fresh.query(None)).await);
    let (_, attempt) = there.split_once("attempt=").unwrap();
    server.later(Duration::from_secs(5));
    server.proves(AuthnMethod::SignInLink, None).await;
    let now = server.test.clock.now();
    let answer = browser.get("/resume", &format!("attempt={attempt}")).await;
    let told = taken(&server, &answer, "wiki", Some(&fresh.id), &[]).await;
    let how = told.unwrap().authentication;
    assert!(how.context.unwrap().ends_with(":unspecified"));
    assert_eq!(how.instant.as_secs(), now.as_secs());
}

#[tokio::test]
async fn a_silent_way_by_a_provider_that_tells_no_time_is_no_fresh_sign_in() {
    let server = start().await;
    server.later(Duration::from_secs(5));
    let mut request = Request::of(&server, "wiki");
    request.force = true;
    let mut browser = server.ana();
    let there = location(&browser.get(SIGN_ON, &request.query(None)).await);
    let (_, attempt) = there.split_once("attempt=").unwrap();
    server.later(Duration::from_secs(5));
    let silent = gw_model::ProviderProof {
        provider: "corp".parse().unwrap(),
        subject: "a-1".into(),
        session: None,
        acr: None,
        amr: Vec::new(),
        authenticated_at: None,
        multi_factor: true,
        phishing_resistant: false,
    };
    server.proves(AuthnMethod::Provider, Some(silent)).await;
    let again = browser.get("/resume", &format!("attempt={attempt}")).await;
    assert!(location(&again).starts_with("/confirm?"));
}
