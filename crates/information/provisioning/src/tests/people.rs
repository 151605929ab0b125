//! People: who comes, who is found, who changes, who goes.

use std::time::Duration;

use gw_engine::testing::session;
use gw_model::{
    AuthnMethod, Change, DISABLED_BY, ExternalIdentity, Factor, FactorId, FactorKind, User, UserId,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{House, ana};

#[tokio::test]
async fn somebody_comes_is_found_changes_and_goes() {
    let house = House::open().await;
    let id = house.ana().await;
    let user = house.user("ana@corp.example");
    assert_eq!(user.id.to_string(), id);
    assert_eq!(&*user.display_name, "Ana Lima");
    assert_eq!(user.email.as_deref(), Some("ana@corp.example"));
    assert_eq!(&*user.attributes["scim.department"], "Tax");
    for filter in [
        "userName%20eq%20%22ANA@corp.example%22",
        "externalId%20eq%20%2200u1%22",
    ] {
        let found = house.get(&format!("/Users?filter={filter}")).await;
        assert_eq!(found.body["totalResults"], 1, "{}", found.body);
        assert_eq!(found.body["Resources"][0]["id"], id);
    }
    let shown = house.get(&format!("/Users/{id}")).await;
    assert_eq!(shown.body["userName"], "Ana@Corp.example");
    let mut other = ana();
    other["displayName"] = "Ana Souza".into();
    other["userName"] = "ana.souza".into();
    let put = house.ask(Method::PUT, &format!("/Users/{id}"), other).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    assert_ne!(put.tag(), shown.tag());
    assert_eq!(&*house.user("ana.souza").display_name, "Ana Souza");
    let gone = house
        .ask(Method::DELETE, &format!("/Users/{id}"), Value::Null)
        .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert!(house.facts().user_named("ana.souza").is_none());
    assert_eq!(house.get(&format!("/Users/{id}")).await.status, 404);
}

#[tokio::test]
async fn nothing_changes_where_the_same_is_told_again() {
    let house = House::open().await;
    let id = house.ana().await;
    let before = house.user("ana@corp.example").version;
    let put = house.ask(Method::PUT, &format!("/Users/{id}"), ana()).await;
    assert_eq!(put.status, StatusCode::OK);
    assert_eq!(house.user("ana@corp.example").version, before);
}

#[tokio::test]
async fn a_change_is_made_to_what_was_read() {
    let house = House::open().await;
    let id = house.ana().await;
    let path = format!("/Users/{id}");
    let old = house.get(&path).await.tag().to_owned();
    let patch = json!([{"op": "replace", "path": "title", "value": "Head"}]);
    assert_eq!(
        house.patch(&path, patch.clone()).await.status,
        StatusCode::OK
    );
    let mut headers = http::HeaderMap::new();
    let bearer = format!("Bearer {}", super::SECRET).parse().unwrap();
    headers.insert(http::header::AUTHORIZATION, bearer);
    headers.insert(
        http::header::CONTENT_TYPE,
        "application/json".parse().unwrap(),
    );
    headers.insert(http::header::IF_MATCH, old.parse().unwrap());
    let body = ana().to_string().into();
    let path = format!("/scim/okta/v2{path}");
    let stale = house.raw(Method::PUT, &path, headers, body).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn who_is_switched_off_has_no_session_and_only_their_source_switches_them_on() {
    let house = House::open().await;
    let id = house.ana().await;
    let user = house.user("ana@corp.example");
    let now = house.tested.clock.now();
    let started = session(9, &user, AuthnMethod::SignInLink, now);
    let change = Change::SessionStarted(started.into());
    house.tested.change(vec![change]).await;
    let off = json!([{"op": "Replace", "path": "active", "value": "False"}]);
    let off = house.patch(&format!("/Users/{id}"), off).await;
    assert_eq!(
        (off.status, &off.body["active"]),
        (StatusCode::OK, &json!(false))
    );
    let facts = house.facts();
    assert!(
        facts
            .sessions_of(user.id)
            .all(|session| session.ended.is_some())
    );
    let disabled = house.user("ana@corp.example");
    assert!(disabled.disabled);
    assert_eq!(&*disabled.attributes[DISABLED_BY], "okta");
    let on = json!([{"op": "replace", "value": {"active": true}}]);
    let on = house.patch(&format!("/Users/{id}"), on).await;
    assert_eq!(on.body["active"], true);
    assert!(
        !house
            .user("ana@corp.example")
            .attributes
            .contains_key(DISABLED_BY)
    );
}

#[tokio::test]
async fn who_is_off_by_two_sources_is_on_again_by_both_and_not_by_one() {
    let house = House::open().await;
    let id = house.ana().await;
    let mut user = User::clone(&house.user("ana@corp.example"));
    let entra = ExternalIdentity::of("entra".parse().unwrap(), "e-1".into());
    user.identities.push(entra);
    house
        .tested
        .change(vec![Change::UserPut(user.into())])
        .await;
    let says = async |source: &str, active: bool| {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": active}],
        });
        let path = format!("/Users/{id}");
        let said = house.ask_as(source, Method::PATCH, &path, body).await;
        assert_eq!(said.status, StatusCode::OK, "{}", said.body);
        house.user("ana@corp.example").disabled
    };
    assert!(says("okta", false).await);
    assert!(says("entra", false).await);
    assert!(says("okta", true).await, "entra says off, and never on");
    assert!(!says("entra", true).await);
    // In the other order, and whoever began.
    assert!(says("entra", false).await);
    assert!(says("okta", false).await);
    assert!(says("okta", true).await);
    assert!(!says("entra", true).await);
}

#[tokio::test]
async fn who_was_switched_off_here_is_not_switched_on_from_there() {
    let house = House::open().await;
    let id = house.ana().await;
    let mut user = User::clone(&house.user("ana@corp.example"));
    user.disabled = true;
    house
        .tested
        .change(vec![Change::UserPut(user.into())])
        .await;
    let put = house.ask(Method::PUT, &format!("/Users/{id}"), ana()).await;
    assert_eq!(
        (put.status, &put.body["active"]),
        (StatusCode::OK, &json!(false))
    );
    assert!(house.user("ana@corp.example").disabled);
}

#[tokio::test]
async fn somebody_here_is_found_by_name_only_where_declared_and_without_ways_of_their_own() {
    let house = House::open().await;
    let bo = |source: &'static str| json!({"userName": "bo", "externalId": source});
    let by_link = house.ask_as("entra", Method::POST, "/Users", bo("e")).await;
    assert_eq!(by_link.status, StatusCode::CONFLICT);
    assert_eq!(by_link.body["scimType"], "uniqueness");
    let found = house.post("/Users", bo("o")).await;
    assert_eq!(found.status, StatusCode::CREATED, "{}", found.body);
    assert_eq!(found.id(), UserId::from_bits(2).to_string());
    // Cy has rights that the source could not give, Olga is an owner, and Di has a passkey.
    let mut di = gw_engine::testing::user(4, "di", &[]);
    di.factors.push(Factor {
        id: FactorId::from_bits(1),
        kind: FactorKind::Passkey,
        name: "key".into(),
        enrolled_at: Default::default(),
        authenticator: None,
    });
    house.tested.change(vec![Change::UserPut(di.into())]).await;
    for name in ["cy", "olga", "di"] {
        let refused = house.post("/Users", json!({"userName": name})).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{name}");
        assert!(house.user(name).identities.is_empty());
    }
}

#[tokio::test]
async fn nobody_is_found_by_their_mail_address() {
    let house = House::open().await;
    let mut bo = User::clone(&house.user("bo"));
    bo.email = Some("bo@corp.example".into());
    house.tested.change(vec![Change::UserPut(bo.into())]).await;
    let told = json!({"userName": "bo@corp.example", "emails": [{"value": "bo@corp.example"}]});
    let made = house.post("/Users", told).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_ne!(made.id(), UserId::from_bits(2).to_string());
}

#[tokio::test]
async fn whom_an_administrator_linked_is_found_by_the_sources_own_id() {
    let house = House::open().await;
    let mut cy = User::clone(&house.user("bo"));
    let link = ExternalIdentity::of("entra".parse().unwrap(), "e-7".into());
    cy.identities.push(link);
    house.tested.change(vec![Change::UserPut(cy.into())]).await;
    let filter = "/Users?filter=externalId%20eq%20%22e-7%22";
    let found = house
        .ask_as("entra", Method::GET, filter, Value::Null)
        .await;
    assert_eq!(found.body["totalResults"], 1, "{}", found.body);
    let told = json!({"userName": "bo", "externalId": "e-7", "displayName": "Bo B."});
    let came = house.ask_as("entra", Method::POST, "/Users", told).await;
    assert_eq!(came.status, StatusCode::CREATED, "{}", came.body);
    assert_eq!(came.id(), UserId::from_bits(2).to_string());
    assert_eq!(&*house.user("bo").display_name, "Bo B.");
}

#[tokio::test]
async fn one_person_of_two_sources_is_one_and_the_first_describes_them() {
    let house = House::open().await;
    let id = house.ana().await;
    let mut both = User::clone(&house.user("ana@corp.example"));
    let link = ExternalIdentity::of("entra".parse().unwrap(), "e-1".into());
    both.identities.push(link);
    house
        .tested
        .change(vec![Change::UserPut(both.into())])
        .await;
    let told =
        json!({"userName": "ana-e", "externalId": "e-1", "displayName": "A. L.", "title": "Boss"});
    let came = house.ask_as("entra", Method::POST, "/Users", told).await;
    assert_eq!((came.status, came.id()), (StatusCode::CREATED, id.clone()));
    let user = house.user("ana@corp.example");
    assert_eq!(&*user.display_name, "Ana Lima");
    assert!(!user.attributes.contains_key("scim.title"));
    // Either switches them off, and only that one on again.
    let off = json!({"userName": "ana-e", "externalId": "e-1", "active": false});
    let path = format!("/Users/{id}");
    house.ask_as("entra", Method::PUT, &path, off).await;
    assert!(house.user("ana@corp.example").disabled);
    house.ask(Method::PUT, &path, ana()).await;
    assert!(house.user("ana@corp.example").disabled);
    // Who came by another source stays.
    house
        .ask_as("entra", Method::DELETE, &path, Value::Null)
        .await;
    let left = house.user("ana@corp.example");
    assert_eq!(left.identities.len(), 1);
}

#[tokio::test]
async fn who_has_more_rights_is_only_ever_switched_off() {
    let house = House::open().await;
    let id = house.ana().await;
    let path = format!("/Users/{id}");
    let mut user = User::clone(&house.user("ana@corp.example"));
    let payroll = gw_model::Membership::of("payroll".parse().unwrap());
    user.groups.push(payroll);
    house
        .tested
        .change(vec![Change::UserPut(user.into())])
        .await;
    let title = json!([{"op": "replace", "path": "title", "value": "Boss"}]);
    let refused = house.patch(&path, title).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.detail().contains("payroll"), "{}", refused.detail());
    let off = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(house.patch(&path, off).await.status, StatusCode::OK);
    assert!(house.user("ana@corp.example").disabled);
    let gone = house.ask(Method::DELETE, &path, Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let left = house.user("ana@corp.example");
    assert!(left.disabled && left.identities.is_empty());
}

#[tokio::test]
async fn a_source_put_over_a_group_changes_its_people() {
    let house = House::open().await;
    let over = super::source("okta", |provider| {
        provider.protocol = gw_model::ProviderProtocol::Scim(gw_model::ScimSource {
            fills: Vec::new(),
            over: vec!["payroll".parse().unwrap()],
        });
    });
    house.tested.change(over.into()).await;
    let found = house
        .post("/Users", json!({"userName": "cy", "title": "Clerk"}))
        .await;
    assert_eq!(found.status, StatusCode::CREATED, "{}", found.body);
    assert_eq!(&*house.user("cy").attributes["scim.title"], "Clerk");
}

#[tokio::test]
async fn people_and_their_links_are_there_after_a_restart() {
    let house = House::open().await;
    let id = house.ana().await;
    house.tested.clock.advance(Duration::from_secs(1));
    let before = house.get(&format!("/Users/{id}")).await;
    let text = serde_json::to_string(&*house.user("ana@corp.example")).unwrap();
    let read: User = serde_json::from_str(&text).unwrap();
    house
        .tested
        .change(vec![Change::UserPut(read.into())])
        .await;
    let after = house.get(&format!("/Users/{id}")).await;
    assert_eq!(before.body["externalId"], after.body["externalId"]);
    assert_eq!(
        before.body["meta"]["created"],
        after.body["meta"]["created"]
    );
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_says_why() {
    let house = House::open().await;
    let long = "x".repeat(121);
    for (told, word) in [
        (json!({"userName": "ana lima"}), "sign-in name"),
        (json!({"userName": "ana", "displayName": long}), "120"),
        (json!({"userName": "ana", "title": long}), "120"),
    ] {
        let refused = house.post("/Users", told).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(refused.body["scimType"], "invalidValue");
        assert!(refused.detail().contains(word), "{}", refused.detail());
    }
}
