//! Our own keys towards providers and apps: how one follows the other.

use std::{sync::Arc, time::Duration};

use data_encoding::BASE64;
use gw_engine::Commit;
use gw_model::{Actor, PublishedKey};
use gw_saml::{
    Certificate, Credential, Generated, Recipient,
    idp::Shape,
    metadata::{self, SpRole},
};
use gw_store::{Effect, Secret};
use http::StatusCode;

use super::{
    super::browser::{Browser, House, body, options},
    provider::{Answer, key, saml},
};
use crate::{Identity, SamlKeyBegins, SamlRole, SamlRotateError, saml_certificate_ends};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LEAD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What providers are told of us.
async fn ours(house: &House) -> SpRole {
    let document = body(&house.browser().get("/provider/saml/metadata").await);
    let reading = metadata::Reading {
        now: house.now(),
        entity_id: None,
        signers: &[],
    };
    metadata::read(document.as_bytes(), &reading)
        .unwrap()
        .sp
        .unwrap()
}

/// The certificates of those that may be encrypted to.
fn encryption(ours: &SpRole) -> Vec<Certificate> {
    let keys = ours.encryption.iter();
    keys.map(|key| key.certificate.clone()).collect()
}

async fn rotate(house: &House, begins: SamlKeyBegins) -> Arc<PublishedKey> {
    let rotated = house
        .identity
        .rotate_saml_keys(SamlRole::Providers, begins)
        .await;
    rotated.unwrap()
}

fn keys(house: &House) -> Vec<Arc<PublishedKey>> {
    let view = house.identity.engine().view();
    view.facts.keys().cloned().collect()
}

/// Somebody comes back from corp with an assertion that is encrypted so.
async fn comes_with<'h>(house: &'h House, to: &Recipient) -> (Browser<'h>, StatusCode) {
    let mut browser = house.browser();
    let request = browser.goes_to_corp().await;
    let shape = Shape {
        sign_response: true,
        encrypt_to: Some(to),
    };
    let answer = Answer::to(Some(&request), house.now()).shaped(shape, &key());
    let status = browser.comes_back(&answer).await.status();
    (browser, status)
}

async fn opens(house: &House, to: &Recipient) -> bool {
    let (browser, status) = comes_with(house, to).await;
    let is_in = browser.session().is_some();
    assert_eq!(is_in, status == StatusCode::SEE_OTHER);
    is_in
}

async fn encrypted_alone() -> House {
    let mut wanting = saml();
    wanting.wants_encrypted = true;
    House::with_corp(wanting).await
}

async fn again(house: &House) -> Identity {
    let engine = house.tested.engine.clone();
    Identity::open(engine, options(), Vec::new()).await.unwrap()
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_other_key() {
    let house = encrypted_alone().await;
    let first = ours(&house).await;
    rotate(&house, SamlKeyBegins::AfterLead).await;
    let published = keys(&house);
    house.tested.clock.set(house.now().before(DAY));
    let back = ours(&house).await;
    assert_eq!(back.signing[0], first.signing[0]);
    assert_eq!(back.signing.len(), 2);
    assert!(opens(&house, &first.recipient().unwrap()).await);
    assert_eq!(keys(&house), published);
}

#[tokio::test]
async fn what_is_encrypted_to_the_old_key_opens_while_both_are_kept_and_not_after() {
    let house = encrypted_alone().await;
    let first = ours(&house).await;
    let old = first.recipient().unwrap();
    rotate(&house, SamlKeyBegins::AfterLead).await;
    let both = ours(&house).await;
    assert_eq!(both.signing.len(), 2);
    assert_eq!(both.signing[0], first.signing[0], "the current one first");
    assert_eq!(encryption(&both)[..1], encryption(&first)[..]);
    let next = both.encryption[1].recipient();
    assert!(opens(&house, &old).await && opens(&house, &next).await);
    house.tested.clock.advance(LEAD);
    let after = ours(&house).await;
    assert_eq!(
        after.signing,
        [both.signing[1].clone(), both.signing[0].clone()]
    );
    assert_eq!(encryption(&after), encryption(&both)[1..]);
    assert!(opens(&house, &old).await && opens(&house, &next).await);
    house.tested.clock.advance(LEAD - DAY);
    house.identity.sweep().await.unwrap();
    assert_eq!(ours(&house).await.signing, both.signing[1..]);
    assert!(opens(&house, &old).await, "providers may not know it yet");
    house.tested.clock.advance(DAY);
    assert!(!opens(&house, &old).await, "also before it is swept away");
    assert!(opens(&house, &next).await);
    house.identity.sweep().await.unwrap();
    assert_eq!(keys(&house).len(), 1);
    let sealed = house.tested.engine.reader().sealed_names().unwrap();
    let of_it = sealed.iter().filter(|n| n.starts_with("saml-providers"));
    assert_eq!(of_it.count(), 2, "the private halves went with it");
    assert!(opens(&house, &next).await && !opens(&house, &old).await);
}

#[tokio::test]
async fn a_key_that_is_known_to_others_is_gone_at_once() {
    let house = encrypted_alone().await;
    let first = ours(&house).await;
    rotate(&house, SamlKeyBegins::AfterLead).await;
    let waiting = ours(&house).await;
    let fresh = rotate(&house, SamlKeyBegins::AtOnce).await;
    assert_eq!(fresh.active_from, house.now());
    let now = ours(&house).await;
    assert_eq!((now.signing.len(), now.encryption.len()), (1, 1));
    for before in [&first.encryption[0], &waiting.encryption[1]] {
        assert!(!opens(&house, &before.recipient()).await);
        assert_ne!(before.certificate, now.encryption[0].certificate);
    }
    assert!(!waiting.signing.contains(&now.signing[0]));
    assert!(opens(&house, &now.recipient().unwrap()).await);
    assert_eq!(keys(&house), [fresh]);
}

#[tokio::test]
async fn a_key_follows_once_the_one_before_it_signs() {
    let house = House::with_corp(saml()).await;
    assert!(!house.identity.has_saml_keys(SamlRole::Providers));
    ours(&house).await;
    let next = rotate(&house, SamlKeyBegins::AfterLead).await;
    let role = SamlRole::Providers;
    let again = house
        .identity
        .rotate_saml_keys(role, SamlKeyBegins::AfterLead)
        .await;
    let Err(SamlRotateError::NotYet { active_from, .. }) = again else {
        panic!("{again:?}");
    };
    assert_eq!(active_from, next.active_from);
    assert_eq!(active_from, house.now().after(LEAD));
    house.tested.clock.advance(LEAD);
    rotate(&house, SamlKeyBegins::AfterLead).await;
    assert_eq!(keys(&house).len(), 3, "the first one still decrypts");
}

#[tokio::test]
async fn keys_are_taken_up_once_and_again_when_others_are_published() {
    let house = House::with_corp(saml()).await;
    let identity = &house.identity;
    let (first, second) = (
        identity.saml_app_keys().await,
        identity.saml_app_keys().await,
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(std::ptr::eq(first.signing(), second.signing()));
    let role = SamlRole::Apps;
    let rotated = identity.rotate_saml_keys(role, SamlKeyBegins::AtOnce).await;
    rotated.unwrap();
    let third = identity.saml_app_keys().await.unwrap();
    assert_ne!(first.signing().certificate(), third.signing().certificate());
}

#[tokio::test]
async fn what_is_published_of_a_key_has_its_certificate_and_nothing_private() {
    let house = House::with_corp(saml()).await;
    ours(&house).await;
    let key = keys(&house).remove(0);
    assert_eq!(&*key.purpose, "saml-providers");
    let ends = saml_certificate_ends(&key).unwrap();
    assert!(ends.since(house.now()) > 3_650 * DAY);
    let published: serde_json::Value = serde_json::from_str(&key.jwk).unwrap();
    for (at, used) in [(0, "sig"), (1, "enc")] {
        let jwk = published["keys"][at].as_object().unwrap();
        assert_eq!(jwk["use"], used);
        let mut members: Vec<_> = jwk.keys().map(String::as_str).collect();
        members.retain(|name| *name != "alg");
        members.sort_unstable();
        assert_eq!(members, ["e", "kid", "kty", "n", "use", "x5c"]);
    }
    let recorded = house.recorded();
    assert!(
        recorded.contains(&"published a key for SAML".to_owned()),
        "{recorded:?}"
    );
}

/// A key as it was sealed before there could be others.
fn sealed(name: &str, made: &Generated) -> Effect {
    let kept = serde_json::json!({
        "private_key": BASE64.encode(&made.private_key),
        "certificate": BASE64.encode(&made.certificate),
    });
    Effect::SealedPut {
        name: name.into(),
        bytes: Secret::new(kept.to_string().into_bytes()),
    }
}

#[tokio::test]
async fn a_store_with_one_key_of_each_goes_on_with_the_certificates_that_others_know() {
    let mut house = encrypted_alone().await;
    let (from, until) = (house.now().before(DAY), house.now().after(3_000 * DAY));
    let made = || Credential::generate("before", from, until).unwrap();
    let names = [
        "saml-identity-key/signing",
        "saml-service-key/signing",
        "saml-service-key/decryption",
    ];
    let before = names.map(|name| (name, made()));
    let mut commit = Commit::new(Actor::Gatewright, "as it was");
    for (name, made) in &before {
        commit = commit.effect(sealed(name, made));
    }
    house.tested.engine.commit(commit).await.unwrap();
    house.identity = again(&house).await;
    let [apps, signing, decryption] = before.map(|(_, made)| made.certificate);
    let of = |der: &[u8]| Certificate::from_der(der).unwrap();
    let for_apps = house.identity.saml_app_keys().await.unwrap();
    assert_eq!(for_apps.certificates(), [of(&apps)]);
    let role = ours(&house).await;
    assert_eq!(role.signing, [of(&signing)]);
    assert_eq!(encryption(&role), [of(&decryption)]);
    assert!(opens(&house, &role.recipient().unwrap()).await);
    house.identity = again(&house).await;
    assert_eq!(ours(&house).await, role, "and so after the next start");
    assert_eq!(keys(&house).len(), 2);
    let kept = || {
        let sealed = house.tested.engine.reader().sealed_names().unwrap();
        names.map(|name| sealed.iter().any(|kept| kept == name))
    };
    assert_eq!(kept(), [true; 3], "a version before finds it too");
    rotate(&house, SamlKeyBegins::AtOnce).await;
    assert_eq!(kept(), [true, false, false], "until it is gone");
}

#[tokio::test]
async fn a_key_whose_private_half_is_lost_is_followed_at_once() {
    let mut house = encrypted_alone().await;
    let first = ours(&house).await;
    let lost = keys(&house).remove(0);
    let name = format!("saml-providers-key/{}/decryption", lost.kid);
    let commit = Commit::new(Actor::Gatewright, "a restore without keys");
    let commit = commit.effect(Effect::SealedRemoved { name });
    house.tested.engine.commit(commit).await.unwrap();
    house.identity = again(&house).await;
    let second = ours(&house).await;
    assert_ne!(second, first);
    assert_eq!((second.signing.len(), keys(&house).len()), (1, 1));
    assert!(opens(&house, &second.recipient().unwrap()).await);
    // The same where somebody rotates before anybody needs a key.
    let lost = keys(&house).remove(0);
    let name = format!("saml-providers-key/{}", lost.kid);
    let commit = Commit::new(Actor::Gatewright, "a restore without keys");
    let commit = commit.effect(Effect::SealedRemoved { name });
    house.tested.engine.commit(commit).await.unwrap();
    house.identity = again(&house).await;
    rotate(&house, SamlKeyBegins::AfterLead).await;
    let third = ours(&house).await;
    assert_eq!((third.signing.len(), third.encryption.len()), (2, 2));
    assert!(!third.signing.contains(&second.signing[0]));
    assert!(opens(&house, &third.recipient().unwrap()).await);
}
