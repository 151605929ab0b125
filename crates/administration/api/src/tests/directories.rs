//! Directories that people are read of: seen, read at once, and let take away what waits.

use gw_model::DirectorySource;

use super::{
    providers::{House, house},
    *,
};

/// The house, with a directory that the file does not let be followed.
async fn with_directory() -> House {
    let house = house().await;
    let lab = Provider {
        issuer: "ldaps://lab.test:636/dc=lab".into(),
        protocol: ProviderProtocol::Ldap(DirectorySource {
            fills: vec!["staff".parse().unwrap()],
            over: Vec::new(),
        }),
        ..provider("lab")
    };
    let changes = vec![Change::ProviderPut(Arc::new(lab))];
    house.running.test.change(changes).await;
    house
}

#[tokio::test]
async fn a_directory_is_shown_with_how_it_stands_and_other_providers_are_none() {
    let house = with_directory().await;
    let all = house.get("hella", "/v1/directories").await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "{all}");
    let lab = house.get("hella", "/v1/directories/lab").await;
    assert_eq!(lab["fills"], serde_json::json!(["staff"]));
    assert_eq!(lab["followed"], false);
    let provider = house.get("hella", "/v1/providers/lab").await;
    assert_eq!(provider["protocol"], "ldap");
    for none in ["corp", "none", "%2e"] {
        let path = format!("/v1/directories/{none}");
        let (status, told) = house.ask("olga", Method::GET, &path, &()).await;
        assert_eq!(status, 404, "{told}");
    }
}

#[tokio::test]
async fn who_may_not_switch_a_provider_off_lets_no_directory_take_anything_away() {
    let house = with_directory().await;
    let loss = serde_json::json!({ "people": 1, "memberships": 0, "digest": "00" });
    let nothing = serde_json::json!({});
    for (method, path, body, may) in [
        (
            Method::GET,
            "/v1/directories",
            &nothing,
            &["otto", "aude", "hella", "olga"][..],
        ),
        (
            Method::GET,
            "/v1/directories/lab",
            &nothing,
            &["otto", "aude", "hella", "olga"],
        ),
        (
            Method::POST,
            "/v1/directories/lab/read",
            &nothing,
            &["otto", "olga"],
        ),
        (
            Method::POST,
            "/v1/directories/lab/allow",
            &loss,
            &["otto", "olga"],
        ),
    ] {
        for who in ["ana", "aude", "hella", "otto", "olga"] {
            let (status, told) = house.ask(who, method.clone(), path, body).await;
            let expected = match (may.contains(&who), method == Method::GET) {
                (false, _) => 403,
                (true, true) => 200,
                // It is not followed.
                (true, false) => 409,
            };
            assert_eq!(status, expected, "{who} {path}: {told}");
        }
    }
}

#[tokio::test]
async fn who_is_removed_does_not_come_back_by_the_directories_that_have_them() {
    let house = with_directory().await;
    let test = &house.running.test;
    let known = test.engine.view().facts.user_named("ana").cloned().unwrap();
    let mut ana = User::clone(&known);
    let lab: gw_model::ProviderName = "lab".parse().unwrap();
    ana.identities
        .push(ExternalIdentity::of(lab.clone(), "id-ana".into()));
    test.change(vec![Change::UserPut(ana.into())]).await;
    let path = format!("/v1/users/{}", known.id);
    let (status, told) = house.ask("olga", Method::DELETE, &path, &()).await;
    assert_eq!(status, 200, "{told}");
    let view = test.engine.view();
    let record = view.facts.directory_record(&lab).unwrap();
    assert!(record.removed.contains("id-ana"));
}

#[tokio::test]
async fn what_is_allowed_is_said_exactly() {
    let house = with_directory().await;
    for body in [
        serde_json::json!({}),
        serde_json::json!({ "people": 1 }),
        serde_json::json!({ "people": -1, "memberships": 0, "digest": "00" }),
        // How many says not who.
        serde_json::json!({ "people": 1, "memberships": 0 }),
        serde_json::json!({ "people": 1, "memberships": 0, "digest": "00", "all": true }),
        serde_json::json!([]),
    ] {
        let path = "/v1/directories/lab/allow";
        let (status, told) = house.ask("olga", Method::POST, path, &body).await;
        assert!(matches!(status, 400 | 422), "{status} {told}");
    }
}
