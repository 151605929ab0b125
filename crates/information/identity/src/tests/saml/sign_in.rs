use gw_model::{ProviderProtocol, SamlBinding, SamlNames};
use gw_saml::{NameId, formats, idp::Shape, metadata};
use http::StatusCode;

use super::{
    super::browser::{House, body, location},
    provider::{Answer, asked, corp, key, saml},
};

const FAR: std::time::Duration = std::time::Duration::from_secs(1_000_000);

#[tokio::test]
async fn somebody_signs_in_by_corp_and_is_in_the_groups_that_it_tells() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    let session = browser.signs_in_by_corp().await;
    let user = house
        .identity
        .engine()
        .view()
        .facts
        .user(session.user)
        .unwrap()
        .clone();
    assert_eq!((&*user.name, &*user.display_name), ("cy", "Cy of Corp"));
    assert_eq!(user.groups.len(), 1);
    let proof = session.authn[0].provider.clone().unwrap();
    assert_eq!(&*proof.subject, "persistent!a-17");
    assert_eq!(proof.session.as_deref(), Some("s-1"));
    assert!(proof.authenticated_at.is_some() && !proof.multi_factor);
    assert_eq!(
        browser.cookies.len(),
        1,
        "no way is left: {:?}",
        browser.cookies.keys()
    );
    let recorded = house.recorded();
    assert!(
        recorded.contains(&"signed in by the provider corp".to_owned()),
        "{recorded:?}"
    );
}

#[tokio::test]
async fn a_class_that_is_declared_counts_as_more_than_one_factor() {
    let house = House::open().await;
    let mut provider = corp(saml());
    provider.assurance.multi_factor.acr = vec!["urn:two".into()];
    house.declare(provider).await;
    let mut browser = house.browser();
    let request = browser.goes_to_corp().await;
    let mut answer = Answer::to(Some(&request), house.now());
    answer.how.context = Some("urn:two".into());
    browser.comes_back(&answer.form()).await;
    let proof = browser.session().unwrap().authn[0]
        .provider
        .clone()
        .unwrap();
    assert!(proof.multi_factor && !proof.phishing_resistant);
}

#[tokio::test]
async fn a_sign_in_leads_on_to_where_it_was_begun_for() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    let attempt = "a".repeat(43);
    let start = format!("/provider/start?provider=corp&app=wiki&attempt={attempt}");
    let request = asked(&browser.get(&start).await);
    let answer = Answer::to(Some(&request), house.now()).form();
    let done = browser.comes_back(&answer).await;
    assert_eq!(
        location(&done),
        format!("/hand-over?app=wiki&attempt={attempt}")
    );
}

#[tokio::test]
async fn a_session_ends_when_the_provider_says_that_it_has_to() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    let request = browser.goes_to_corp().await;
    let mut answer = Answer::to(Some(&request), house.now());
    let end = gw_model::Timestamp::from_secs(house.now().as_secs() + 600);
    answer.how.session_not_on_or_after = Some(end);
    browser.comes_back(&answer.form()).await;
    assert_eq!(browser.session().unwrap().expires, end);
}

#[tokio::test]
async fn who_confirms_does_so_in_their_own_session_and_afresh() {
    let house = House::open().await;
    let mut provider = corp(saml());
    provider.assurance.multi_factor.acr = vec!["urn:two".into()];
    house.declare(provider).await;
    let mut browser = house.browser();
    let before = browser.signs_in_by_corp().await;
    let confirm = "/provider/start?provider=corp&for=confirm";
    let request = asked(&browser.get(confirm).await);
    let mut stale = Answer::to(Some(&request), house.now());
    stale.how.instant = house.now().before(std::time::Duration::from_secs(3_600));
    let refused = browser.comes_back(&stale.form()).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let request = asked(&browser.get(confirm).await);
    let mut fresh = Answer::to(Some(&request), house.now());
    fresh.how.context = Some("urn:two".into());
    browser.comes_back(&fresh.form()).await;
    let after = browser.session().unwrap();
    assert_eq!((after.id, after.authn.len()), (before.id, 2));
    assert_ne!(after.credential, before.credential);
}

#[tokio::test]
async fn who_signed_out_meanwhile_confirms_nothing() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    browser.signs_in_by_corp().await;
    let request = asked(
        &browser
            .get("/provider/start?provider=corp&for=confirm")
            .await,
    );
    browser.post("/sign-out", "").await;
    let answer = Answer::to(Some(&request), house.now()).form();
    let refused = browser.comes_back(&answer).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT, "{}", body(&refused));
    assert!(browser.cookie().is_none());
}

#[tokio::test]
async fn a_provider_that_takes_forms_is_sent_one() {
    let mut by_form = saml();
    by_form.sign_on.binding = SamlBinding::Post;
    let house = House::with_corp(by_form).await;
    let mut browser = house.browser();
    let page = browser.get("/provider/start?provider=corp").await;
    let csp = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        csp.contains("form-action 'self' https://idp.test;"),
        "{csp}"
    );
    assert!(body(&page).contains("action=\"https://idp.test/sso\""));
    assert!(
        browser
            .cookies
            .keys()
            .any(|name| name.starts_with("__Host-gw-saml-"))
    );
}

#[tokio::test]
async fn what_is_declared_encrypted_is_taken_encrypted_alone() {
    let mut wanting = saml();
    wanting.wants_encrypted = true;
    let house = House::with_corp(wanting).await;
    let mut browser = house.browser();
    let document = body(&browser.get("/provider/saml/metadata").await);
    let reading = metadata::Reading {
        now: house.now(),
        entity_id: None,
        signers: &[],
    };
    let ours = metadata::read(document.as_bytes(), &reading).unwrap();
    let recipient = ours.sp.unwrap().recipient().unwrap();
    let request = browser.goes_to_corp().await;
    let plain = Answer::to(Some(&request), house.now());
    assert_eq!(
        browser.comes_back(&plain.form()).await.status(),
        StatusCode::BAD_REQUEST
    );
    let request = browser.goes_to_corp().await;
    let shape = Shape {
        sign_response: true,
        encrypt_to: Some(&recipient),
    };
    let answer = Answer::to(Some(&request), house.now()).shaped(shape, &key());
    browser.comes_back(&answer).await;
    assert!(browser.session().is_some());
}

#[tokio::test]
async fn our_metadata_names_an_address_for_each_provider_and_the_same_keys_each_time() {
    let house = House::open().await;
    let mut browser = house.browser();
    let nothing = browser.get("/provider/saml/metadata").await;
    assert_eq!(nothing.status(), StatusCode::NOT_FOUND);
    house.declare(corp(saml())).await;
    let first = browser.get("/provider/saml/metadata").await;
    assert_eq!(
        first.headers()["content-type"],
        "application/samlmetadata+xml"
    );
    let text = body(&first);
    assert!(text.contains("entityID=\"https://sign-in.test\""), "{text}");
    assert!(text.contains("Location=\"https://sign-in.test/provider/saml/acs/corp\""));
    assert!(text.contains("use=\"signing\"") && text.contains("use=\"encryption\""));
    let again = gw_identity_again(&house).await;
    assert_eq!(again, text, "the keys are kept in the store");
}

/// The metadata of another process over the same store.
async fn gw_identity_again(house: &House) -> String {
    let engine = house.tested.engine.clone();
    let options = super::super::browser::options();
    let identity = crate::Identity::open(engine, options, Vec::new())
        .await
        .unwrap();
    identity.saml_metadata().await.unwrap().unwrap()
}

#[tokio::test]
async fn past_its_metadatas_end_nobody_is_sent_there_and_nobody_comes_back() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    let request = browser.goes_to_corp().await;
    let mut over = saml();
    over.valid_until = Some(house.now());
    house.declare(corp(over)).await;
    let answer = Answer::to(Some(&request), house.now()).form();
    let refused = browser.comes_back(&answer).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let refused = browser.get("/provider/start?provider=corp").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(!body(&browser.get("/sign-in").await).contains("Corp"));
}

#[tokio::test]
async fn names_of_another_kind_than_declared_are_nobodys() {
    let house = House::with_corp(saml()).await;
    for format in [formats::TRANSIENT, formats::EMAIL, formats::UNSPECIFIED] {
        let mut browser = house.browser();
        let request = browser.goes_to_corp().await;
        let mut answer = Answer::to(Some(&request), house.now());
        answer.name = NameId::new("a-17", format);
        let refused = browser.comes_back(&answer.form()).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{format}");
    }
    let mut any = saml();
    any.names = SamlNames::Any;
    house.declare(corp(any)).await;
    let mut browser = house.browser();
    let request = browser.goes_to_corp().await;
    let mut answer = Answer::to(Some(&request), house.now());
    answer.name = NameId::new("a-17", formats::EMAIL);
    browser.comes_back(&answer.form()).await;
    assert!(browser.session().is_some());
}

#[tokio::test]
async fn a_certificate_that_comes_for_a_rollover_cuts_nobody_and_one_that_goes_does() {
    let house = House::with_corp(saml()).await;
    let mut browser = house.browser();
    browser.signs_in_by_corp().await;
    let rolled = |change: fn(&mut Vec<std::sync::Arc<str>>)| {
        let mut provider = corp(saml());
        if let ProviderProtocol::Saml(saml) = &mut provider.protocol {
            change(&mut saml.certificates);
        }
        provider
    };
    house.declare(rolled(|all| all.push("bmV3".into()))).await;
    assert!(browser.session().unwrap().ended.is_none());
    house
        .declare(rolled(|all| *all = vec!["bmV3".into()]))
        .await;
    assert!(
        browser
            .session()
            .unwrap()
            .over(house.now().after(FAR))
            .is_some()
    );
    assert!(browser.session().unwrap().ended.is_some());
}
