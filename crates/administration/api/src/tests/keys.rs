//! Rotating keys.

use super::{providers::house, *};

const LEAD: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const APPS: &str = "/v1/keys/saml-apps/rotate";

/// An app that speaks SAML was told who somebody is.
async fn speaking_saml(running: &Running) {
    let engine = running.test.engine.clone();
    let identity = Identity::open(engine, options(), Vec::new()).await;
    identity.unwrap().saml_app_keys().await.unwrap();
}

async fn for_apps(running: &Running) -> Vec<KeyView> {
    let keys: Listing<KeyView> = running.client.call(Method::GET, "/v1/keys").await.unwrap();
    let mut keys = keys.items;
    keys.retain(|key| &*key.purpose == "saml-apps");
    keys
}

#[tokio::test]
async fn keys_for_saml_are_listed_and_rotated_like_others_and_sign_after_their_lead_time() {
    let running = running(WIKI).await;
    let rotate = |path: &'static str| running.client.call::<Rotated>(Method::POST, path);
    let none = refusal(rotate(APPS).await);
    assert_eq!(none.status, 404);
    assert_eq!(none.help.as_deref(), Some("purposes are assertion"));
    speaking_saml(&running).await;
    let unknown = refusal(rotate("/v1/keys/saml-providers/rotate").await);
    assert_eq!(
        unknown.help.as_deref(),
        Some("purposes are assertion, saml-apps")
    );
    let now = running.test.clock.now();
    let first = for_apps(&running).await.remove(0);
    let next = rotate(APPS).await.unwrap();
    assert_eq!(next.active_from, now.after(LEAD));
    let both = for_apps(&running).await;
    assert_eq!(both.len(), 2);
    let replaced = both.iter().find(|key| key.kid == first.kid).unwrap();
    assert_eq!(replaced.replaced_at, Some(next.active_from));
    let early = refusal(rotate(APPS).await);
    assert_eq!(early.status, 409);
    assert!(early.help.unwrap().contains("rotate saml-apps --at-once"));
    let fresh = rotate("/v1/keys/saml-apps/rotate?begins=at-once").await;
    let fresh = fresh.unwrap();
    assert_eq!(fresh.active_from, now);
    let left: Vec<_> = for_apps(&running).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].kid, fresh.kid);
    let others = refusal(rotate("/v1/keys/assertion/rotate?begins=at-once").await);
    assert_eq!(&*others.kind, "invalid");
    assert_eq!(
        rotate("/v1/keys/assertion/rotate")
            .await
            .unwrap()
            .active_from,
        now.after(Duration::from_secs(300))
    );
}

#[tokio::test]
async fn who_is_not_on_the_machine_has_no_key_for_saml_begin_at_once() {
    let house = house().await;
    speaking_saml(&house.running).await;
    let before = for_apps(&house.running).await.remove(0);
    let (status, told) = house.ask("aude", Method::POST, APPS, &()).await;
    assert_eq!((status, &told["type"]), (403, &"denied".into()));
    let at_once = format!("{APPS}?begins=at-once");
    let (status, told) = house.ask("otto", Method::POST, &at_once, &()).await;
    assert_eq!((status, &told["field"]), (403, &"begins".into()));
    let only = for_apps(&house.running).await;
    assert_eq!((only.len(), &only[0].kid), (1, &before.kid));
    let (status, _) = house.ask("otto", Method::POST, APPS, &()).await;
    assert_eq!(status, 200);
    let (status, told) = house.ask("otto", Method::POST, APPS, &()).await;
    assert_eq!(status, 409, "{told}");
    assert_eq!(for_apps(&house.running).await.len(), 2);
}
