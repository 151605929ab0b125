//! The key that answers are signed with: how one follows the other.

use std::time::Duration;

use gw_engine::testing::{session, user};
use gw_identity::{SamlKeyBegins, SamlRole};
use gw_model::{AuthnMethod, Change, Timestamp};
use gw_saml::Certificate;

use super::{
    super::harness::*,
    peer::{Request, SIGN_ON, start, taken},
};

const LEAD: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// The certificates in our metadata.
async fn certificates(server: &Server) -> Vec<Certificate> {
    let page = text(&server.stranger().get("/saml/metadata", "").await);
    let parts = page.split("<ds:X509Certificate>").skip(1);
    let texts = parts.map(|rest| rest.split('<').next().unwrap());
    texts
        .map(|text| Certificate::from_text(text).unwrap())
        .collect()
}

/// Ana signs in anew, since days pass, and an app takes what it is told of her by the certificate
/// that comes first.
async fn signs_by_the_first(server: &mut Server) {
    let now = server.test.clock.now();
    let (ana, bits) = (user(1, "ana", &["staff"]), gw_engine::random::bits());
    let fresh = session(bits, &ana, AuthnMethod::SignInLink, now);
    let begun = Change::SessionStarted(fresh.clone().into());
    server.test.change(vec![begun]).await;
    server.ana = fresh;
    let request = Request::of(server, "wiki");
    let answer = server.ana().get(SIGN_ON, &request.query(None)).await;
    let told = taken(server, &answer, "wiki", Some(&request.id), &[]).await;
    told.unwrap();
}

async fn rotate(server: &Server, begins: SamlKeyBegins) -> Timestamp {
    let identity = &server.server.shared.identity;
    let rotated = identity.rotate_saml_keys(SamlRole::Apps, begins).await;
    rotated.unwrap().active_from
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs_and_the_last_one_stays_a_while() {
    let mut server = start().await;
    let first = certificates(&server).await;
    assert_eq!(first.len(), 1);
    let begins = rotate(&server, SamlKeyBegins::AfterLead).await;
    assert_eq!(begins, server.test.clock.now().after(LEAD));
    let both = certificates(&server).await;
    assert_eq!(
        (both.len(), &both[0]),
        (2, &first[0]),
        "the current one first"
    );
    signs_by_the_first(&mut server).await;
    server.later(LEAD - MINUTE);
    server.restart().await;
    assert_eq!(certificates(&server).await, both, "also over a restart");
    signs_by_the_first(&mut server).await;
    server.later(MINUTE);
    let turned = [both[1].clone(), both[0].clone()];
    assert_eq!(certificates(&server).await, turned);
    signs_by_the_first(&mut server).await;
    server.restart().await;
    assert_eq!(certificates(&server).await, turned);
    server.later(20 * MINUTE);
    assert_eq!(certificates(&server).await, both[1..]);
    signs_by_the_first(&mut server).await;
    server.server.shared.identity.sweep().await.unwrap();
    server.restart().await;
    assert_eq!(certificates(&server).await, both[1..]);
    signs_by_the_first(&mut server).await;
    let view = server.test.engine.view();
    let of_apps = view.facts.keys().filter(|key| &*key.purpose == "saml-apps");
    assert_eq!(of_apps.count(), 1);
}

#[tokio::test]
async fn a_key_that_is_known_to_others_signs_nothing_from_then_on_and_is_not_published() {
    let mut server = start().await;
    let first = certificates(&server).await;
    rotate(&server, SamlKeyBegins::AfterLead).await;
    let waiting = certificates(&server).await;
    let begins = rotate(&server, SamlKeyBegins::AtOnce).await;
    assert_eq!(begins, server.test.clock.now());
    let fresh = certificates(&server).await;
    assert_eq!(fresh.len(), 1);
    assert!(!waiting.contains(&fresh[0]) && waiting[0] == first[0]);
    signs_by_the_first(&mut server).await;
    server.restart().await;
    assert_eq!(certificates(&server).await, fresh);
}
