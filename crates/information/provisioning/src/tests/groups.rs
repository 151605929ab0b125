//! Groups: those that a source makes, and those that it is told to fill.

use gw_model::{Change, Group, GroupName, User};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::House;

fn groups_of(house: &House, name: &str) -> Vec<String> {
    let user = house.user(name);
    user.groups.iter().map(|m| m.group.to_string()).collect()
}

async fn finance(house: &House, members: Value) -> String {
    let told = json!({"displayName": "Finance", "externalId": "g1", "members": members});
    let made = house.post("/Groups", told).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    made.id()
}

#[tokio::test]
async fn a_group_comes_is_filled_renamed_emptied_and_goes() {
    let house = House::open().await;
    let ana = house.ana().await;
    let id = finance(&house, json!([{"value": ana}])).await;
    assert_eq!(id, "okta-finance");
    assert_eq!(groups_of(&house, "ana@corp.example"), ["okta-finance"]);
    let shown = house.get(&format!("/Users/{ana}")).await;
    assert_eq!(shown.body["groups"][0]["display"], "Finance");
    let path = format!("/Groups/{id}");
    let before = house.get(&path).await.tag().to_owned();
    let out = json!([{"op": "remove", "path": format!("members[value eq \"{ana}\"]")}]);
    assert_eq!(house.patch(&path, out).await.status, StatusCode::NO_CONTENT);
    assert!(groups_of(&house, "ana@corp.example").is_empty());
    let emptied = house.get(&path).await.tag().to_owned();
    let back = json!([{"op": "add", "path": "members", "value": [{"value": ana}]}]);
    assert_eq!(
        house.patch(&path, back).await.status,
        StatusCode::NO_CONTENT
    );
    let filled = house.get(&path).await;
    assert!(filled.tag() != before && filled.tag() != emptied && emptied != before);
    let name = json!([{"op": "replace", "path": "displayName", "value": "Tax"}]);
    house.patch(&path, name).await;
    // The name that policies have for it stays.
    assert_eq!(&*house.group("okta-finance").title, "Tax");
    let put = json!({"displayName": "Tax", "members": []});
    let put = house.ask(Method::PUT, &path, put).await;
    assert_eq!(
        (put.status, put.body.get("members")),
        (StatusCode::OK, None)
    );
    let gone = house.ask(Method::DELETE, &path, Value::Null).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let name: GroupName = "okta-finance".parse().unwrap();
    assert!(house.facts().group(&name).is_none());
}

#[tokio::test]
async fn what_others_put_into_a_group_is_not_the_sources_to_take_out() {
    let house = House::open().await;
    let ana = house.ana().await;
    let mut user = User::clone(&house.user("ana@corp.example"));
    let staff = gw_model::Membership::of("staff".parse().unwrap());
    user.groups.push(staff);
    house
        .tested
        .change(vec![Change::UserPut(user.into())])
        .await;
    let put = json!({"displayName": "staff", "members": []});
    let put = house.ask(Method::PUT, "/Groups/staff", put).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    assert_eq!(groups_of(&house, "ana@corp.example"), ["staff"]);
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ana}]}]);
    house.patch("/Groups/staff", add).await;
    assert_eq!(groups_of(&house, "ana@corp.example"), ["staff", "staff"]);
}

#[tokio::test]
async fn a_source_sees_and_touches_only_its_own_groups_and_those_that_it_is_to_fill() {
    let house = House::open().await;
    let ana = house.ana().await;
    let all = house.get("/Groups").await;
    assert_eq!(all.body["totalResults"], 1, "{}", all.body);
    for name in ["owners", "payroll", "okta-taken"] {
        let path = format!("/Groups/{name}");
        assert_eq!(house.get(&path).await.status, 404, "{name}");
        let add = json!([{"op": "add", "path": "members", "value": [{"value": ana}]}]);
        assert_eq!(house.patch(&path, add).await.status, 404, "{name}");
        let gone = house.ask(Method::DELETE, &path, Value::Null).await;
        assert_eq!(gone.status, 404, "{name}");
    }
    for told in [json!("Taken"), json!("owners")] {
        let made = house.post("/Groups", json!({"displayName": told})).await;
        assert_eq!(made.status, StatusCode::CREATED);
        assert!(made.id().starts_with("okta-"), "{}", made.id());
        assert_ne!(made.id(), "okta-taken");
    }
    let others = house
        .ask_as("entra", Method::GET, "/Groups", Value::Null)
        .await;
    assert_eq!(others.body["totalResults"], 0);
}

#[tokio::test]
async fn a_group_that_it_only_fills_is_neither_renamed_nor_removed() {
    let house = House::open().await;
    let name = json!([{"op": "replace", "path": "displayName", "value": "Everybody"}]);
    assert_eq!(house.patch("/Groups/staff", name).await.status, 403);
    let gone = house
        .ask(Method::DELETE, "/Groups/staff", Value::Null)
        .await;
    assert_eq!(gone.status, StatusCode::FORBIDDEN);
    assert_eq!(&*house.group("staff").title, "");
}

#[tokio::test]
async fn nobody_is_made_an_owner_through_a_group_in_a_group() {
    let house = House::open().await;
    let within = Group {
        parents: vec!["owners".parse().unwrap()],
        ..Group::clone(&house.group("staff"))
    };
    house
        .tested
        .change(vec![Change::GroupPut(within.into())])
        .await;
    let ana = house.ana().await;
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ana}]}]);
    assert_eq!(house.patch("/Groups/staff", add).await.status, 404);
    assert!(groups_of(&house, "ana@corp.example").is_empty());
}

#[tokio::test]
async fn groups_of_its_own_are_in_one_another_and_never_in_a_circle() {
    let house = House::open().await;
    let inner = finance(&house, json!([])).await;
    let told = json!({"displayName": "Company", "members": [{"value": inner, "type": "Group"}]});
    let outer = house.post("/Groups", told).await;
    assert_eq!(outer.status, StatusCode::CREATED, "{}", outer.body);
    assert_eq!(outer.body["members"][0]["value"], inner);
    let around = json!([{"op": "add", "path": "members", "value": [{"value": outer.id()}]}]);
    let refused = house.patch(&format!("/Groups/{inner}"), around).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
    let itself = json!([{"op": "add", "path": "members", "value": [{"value": inner}]}]);
    let refused = house.patch(&format!("/Groups/{inner}"), itself).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let out = json!([{"op": "remove", "path": format!("members[value eq \"{inner}\"]")}]);
    house.patch(&format!("/Groups/{}", outer.id()), out).await;
    assert!(house.group("okta-finance").parents.is_empty());
}

#[tokio::test]
async fn whom_the_source_did_not_push_is_no_member() {
    let house = House::open().await;
    let id = finance(&house, json!([])).await;
    let olga = house.user("olga").id.to_string();
    for stranger in [olga.as_str(), "payroll", "u-aaaaaaaaaaaaa"] {
        let add = json!([{"op": "add", "path": "members", "value": [{"value": stranger}]}]);
        let refused = house.patch(&format!("/Groups/{id}"), add).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{stranger}");
        assert_eq!(refused.body["scimType"], "invalidValue");
    }
}

#[tokio::test]
async fn a_group_that_somebody_else_declares_is_not_the_sources_any_more() {
    let house = House::open().await;
    let id = finance(&house, json!([])).await;
    let present = house.group(&id);
    let declared = Group {
        identities: present.taken_over(),
        ..Group::clone(&present)
    };
    house
        .tested
        .change(vec![Change::GroupPut(declared.into())])
        .await;
    assert_eq!(house.get(&format!("/Groups/{id}")).await.status, 404);
}

#[tokio::test]
async fn two_groups_of_a_source_are_not_called_the_same() {
    let house = House::open().await;
    finance(&house, json!([])).await;
    for told in [
        json!({"displayName": "FINANCE"}),
        json!({"displayName": "staff"}),
        json!({"displayName": "Other", "externalId": "g1"}),
    ] {
        let refused = house.post("/Groups", told).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    }
    let other = json!({"displayName": "Finance"});
    let other = house.ask_as("entra", Method::POST, "/Groups", other).await;
    assert_eq!(other.id(), "entra-finance");
}
