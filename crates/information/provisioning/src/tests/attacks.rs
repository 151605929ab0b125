//! Who may ask at all, and what a source may never do.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use gw_model::{Actor, Change, Provider, User};
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};

use super::{House, ROLE, SECRET, ana, source};

fn showing(values: &[&str]) -> HeaderMap {
    let values = values.iter().map(|value| value.parse().unwrap());
    values.map(|value| (header::AUTHORIZATION, value)).collect()
}

/// Every way to ask, with who must not be let.
const ENDPOINTS: [(Method, &str); 14] = [
    (Method::GET, "/Users"),
    (Method::POST, "/Users"),
    (Method::GET, "/Users/u-aaaaaaaaaaaaa"),
    (Method::PUT, "/Users/u-aaaaaaaaaaaaa"),
    (Method::PATCH, "/Users/u-aaaaaaaaaaaaa"),
    (Method::DELETE, "/Users/u-aaaaaaaaaaaaa"),
    (Method::GET, "/Groups"),
    (Method::POST, "/Groups"),
    (Method::PUT, "/Groups/staff"),
    (Method::PATCH, "/Groups/staff"),
    (Method::DELETE, "/Groups/staff"),
    (Method::POST, "/Bulk"),
    (Method::POST, "/.search"),
    (Method::GET, "/ServiceProviderConfig"),
];

#[tokio::test]
async fn nobody_asks_anything_without_a_secret_of_that_source() {
    let house = House::open().await;
    let others = format!("Bearer {}", SECRET.replace("okta", "entra"));
    let ours = format!("Bearer {SECRET}");
    let basic = format!("Basic {SECRET}");
    let almost = ours.get(..ours.len() - 1).unwrap();
    let cases: [(&[&str], StatusCode, &str); 7] = [
        (&[], StatusCode::UNAUTHORIZED, "Bearer realm=\"scim\""),
        (&[&basic], StatusCode::UNAUTHORIZED, "Bearer realm=\"scim\""),
        (&["Bearer x"], StatusCode::UNAUTHORIZED, "invalid_token"),
        (&[almost], StatusCode::UNAUTHORIZED, "invalid_token"),
        (&[&others], StatusCode::UNAUTHORIZED, "invalid_token"),
        (&["Bearer  "], StatusCode::BAD_REQUEST, "invalid_request"),
        (&[&ours, &ours], StatusCode::BAD_REQUEST, "invalid_request"),
    ];
    for (method, path) in ENDPOINTS {
        let path = format!("/scim/okta/v2{path}");
        for (shown, status, challenge) in &cases {
            let body = Bytes::from(ana().to_string());
            let refused = house.raw(method.clone(), &path, showing(shown), body).await;
            assert_eq!(refused.status, *status, "{method} {path} {shown:?}");
            let told = refused.headers[header::WWW_AUTHENTICATE].to_str().unwrap();
            assert!(told.contains(challenge), "{told}");
            assert!(!refused.body.to_string().contains(SECRET));
        }
    }
    assert!(house.facts().user_named("ana@corp.example").is_none());
}

#[tokio::test]
async fn a_source_of_another_name_does_not_exist() {
    let house = House::open().await;
    let ours = format!("Bearer {SECRET}");
    for path in ["/scim/none/v2/Users", "/scim/Okta/v2/Users"] {
        let refused = house
            .raw(Method::GET, path, showing(&[&ours]), Bytes::new())
            .await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in [
        "/scim/",
        "/scim/okta",
        "/scim/okta/",
        "/scim/okta/v1/Users",
        "/scim/okta/v20",
    ] {
        let refused = house
            .raw(Method::GET, path, showing(&[&ours]), Bytes::new())
            .await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn too_many_wrong_secrets_are_told_to_wait_and_the_right_one_is_not() {
    let house = House::open().await;
    house.admits.store(false, Ordering::Relaxed);
    let path = "/scim/okta/v2/Users";
    let wrong = house
        .raw(Method::GET, path, showing(&["Bearer x"]), Bytes::new())
        .await;
    assert_eq!(wrong.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(wrong.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(house.get("/Users").await.status, StatusCode::OK);
}

#[tokio::test]
async fn secrets_are_exchanged_without_a_restart() {
    let house = House::open().await;
    let name = "okta".parse().unwrap();
    let next = crate::SourceSecrets::of(name, ["the-next-secret-of-thirty-two-bytes-or-more"]);
    house.provisioning.replace_secrets(vec![next]);
    assert_eq!(house.get("/Users").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_source_that_is_switched_off_does_nothing() {
    let house = House::open().await;
    let [Change::ProviderPut(provider), _] = source("okta", |_| {}) else {
        panic!("a provider");
    };
    let off = Provider {
        suspended: true,
        ..Provider::clone(&provider)
    };
    house
        .tested
        .change(vec![Change::ProviderPut(off.into())])
        .await;
    let refused = house.post("/Users", ana()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.detail().contains("switched off"));
}

#[tokio::test]
async fn each_thing_that_is_done_takes_its_own_permit() {
    let house = House::open().await;
    let ana_id = house.ana().await;
    let user = format!("/Users/{ana_id}");
    let tries = [
        ("provisioning-reads", Method::GET, "/Users", Value::Null),
        (
            "provisioning-adds-people",
            Method::POST,
            "/Users",
            json!({"userName": "eve"}),
        ),
        (
            "provisioning-changes-people",
            Method::PUT,
            &user,
            json!({"userName": "x"}),
        ),
        (
            "provisioning-changes-people",
            Method::DELETE,
            &user,
            Value::Null,
        ),
        (
            "provisioning-fills-groups",
            Method::POST,
            "/Groups",
            json!({"displayName": "G"}),
        ),
    ];
    for (id, method, path, body) in tries {
        let without = ROLE.replace(
            &format!("@id(\"{id}\")"),
            &format!("@id(\"{id}\")\n@mode(\"report\")"),
        );
        house
            .tested
            .change(vec![gw_engine::testing::policies(&without)])
            .await;
        house
            .tested
            .clock
            .advance(std::time::Duration::from_secs(120));
        let refused = house.ask(method, path, body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{id}");
        assert!(
            refused.detail().contains("no policy permits it"),
            "{}",
            refused.detail()
        );
    }
}

#[tokio::test]
async fn nobody_is_put_into_a_group_whom_policy_keeps_from_the_source() {
    let forbids = format!(
        "{ROLE}\n@id(\"not-staff\") forbid (principal is Client, action == Action::\"admin.user.change\", resource is User) when {{ resource.name == \"ana@corp.example\" }};"
    );
    let house = House::with(&forbids).await;
    let ana = house.ana().await;
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ana}]}]);
    let refused = house.patch("/Groups/staff", add).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(house.user("ana@corp.example").groups.is_empty());
}

#[tokio::test]
async fn owners_are_left_alone_whatever_policy_says() {
    let all = "@id(\"all\") permit (principal is Client, action in Action::\"admin\", resource);";
    let house = House::with(all).await;
    let id = house.ana().await;
    let mut user = User::clone(&house.user("ana@corp.example"));
    user.groups
        .push(gw_model::Membership::of("owners".parse().unwrap()));
    house
        .tested
        .change(vec![Change::UserPut(user.into())])
        .await;
    let path = format!("/Users/{id}");
    let off = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(house.patch(&path, off).await.status, StatusCode::FORBIDDEN);
    let gone = house.ask(Method::DELETE, &path, Value::Null).await;
    assert_eq!(gone.status, StatusCode::FORBIDDEN);
    let add = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    assert_eq!(
        house.patch("/Groups/staff", add).await.status,
        StatusCode::FORBIDDEN
    );
    assert!(!house.user("ana@corp.example").disabled);
}

#[tokio::test]
async fn one_source_sees_nobody_of_another() {
    let house = House::open().await;
    let id = house.ana().await;
    let path = format!("/Users/{id}");
    for (method, body) in [
        (Method::GET, Value::Null),
        (Method::PUT, ana()),
        (Method::DELETE, Value::Null),
    ] {
        let refused = house.ask_as("entra", method, &path, body).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
    }
    let all = house
        .ask_as("entra", Method::GET, "/Users", Value::Null)
        .await;
    assert_eq!(all.body["totalResults"], 0);
    let filter = "/Users?filter=userName%20eq%20%22ana@corp.example%22";
    let found = house
        .ask_as("entra", Method::GET, filter, Value::Null)
        .await;
    assert_eq!(found.body["totalResults"], 0);
}

#[tokio::test]
async fn what_a_source_changes_is_recorded_in_its_name() {
    let house = House::open().await;
    house.ana().await;
    let client = house
        .facts()
        .client_named(&"okta".parse().unwrap())
        .cloned();
    let actor = Actor::Client(client.unwrap().id);
    let ledger = gw_provisioning_log(&house);
    assert!(ledger.contains(&actor.to_string()), "{ledger}");
    assert!(ledger.contains("user pushed in"));
    assert!(!ledger.contains(SECRET));
}

/// The log of the control plane, as far as its bytes are text.
fn gw_provisioning_log(house: &House) -> String {
    fn files(folder: &std::path::Path, found: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files(&path, found),
                false => found.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap())),
            }
        }
    }
    let mut found = String::new();
    files(&house.tested.folder.path().join("ledger"), &mut found);
    found
}
