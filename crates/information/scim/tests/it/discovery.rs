//! What clients find out first, and what HTTP asks of every answer.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::house::{BASE, House};

#[test]
fn the_service_says_what_it_can_do() {
    let house = House::new();
    let answer = house.get("/ServiceProviderConfig");
    assert_eq!(answer.header("content-type"), "application/scim+json");
    let config = answer.ok();
    for ability in ["patch", "bulk", "filter", "sort", "etag"] {
        assert_eq!(config[ability]["supported"], true, "{ability}");
    }
    assert_eq!(config["changePassword"]["supported"], false);
    assert_eq!(config["bulk"]["maxOperations"], 1000);
    assert_eq!(
        config["meta"]["location"],
        format!("{BASE}/ServiceProviderConfig")
    );
}

#[test]
fn every_type_and_schema_that_is_listed_is_where_it_says() {
    let house = House::new();
    for list in ["/ResourceTypes", "/Schemas"] {
        let all = house.get(list).ok();
        let all = all["Resources"].as_array().unwrap();
        assert!(!all.is_empty());
        for one in all {
            let location = one["meta"]["location"].as_str().unwrap();
            assert_eq!(house.get(location.strip_prefix(BASE).unwrap()).ok(), *one);
        }
    }
    house.get("/Schemas/urn:x").refused(404, "");
    house.get("/ResourceTypes/Door").refused(404, "");
}

#[test]
fn what_the_service_can_do_is_not_filtered() {
    let house = House::new();
    for path in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"] {
        house.found(path, "name pr").refused(403, "");
    }
}

#[test]
fn other_methods_are_refused_with_those_that_there_are() {
    let house = House::new();
    for (method, path, allow) in [
        ("POST", "/ServiceProviderConfig", "GET, HEAD"),
        ("DELETE", "/Schemas", "GET, HEAD"),
        ("DELETE", "/Users", "GET, HEAD, POST"),
        ("POST", "/Users/x", "GET, HEAD, PUT, PATCH, DELETE"),
        ("GET", "/Bulk", "POST"),
        ("GET", "/Users/.search", "POST"),
        ("OPTIONS", "/Users", "GET, HEAD, POST"),
    ] {
        let answer = house.ask(method, path, &json!({}));
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
        answer.refused(405, "");
    }
}

#[test]
fn who_asks_for_the_head_gets_the_head() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    let whole = house.get(&path);
    let head = house.ask("HEAD", &path, &Value::Null);
    assert_eq!((head.status.as_u16(), &head.body), (200, &Value::Null));
    assert_eq!(head.header("etag"), whole.header("etag"));
    assert_eq!(
        head.header("content-length"),
        whole.body.to_string().len().to_string()
    );
}

#[test]
fn me_is_nobody_here() {
    House::new().get("/Me").refused(501, "");
}

#[test]
fn a_body_that_is_not_said_to_be_json_is_not_read() {
    let house = House::new();
    for (content_type, status) in [
        ("application/scim+json", 201),
        ("application/json; charset=utf-8", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ] {
        let body = json!({"userName": content_type.replace('/', "-")});
        let request = Request::post("/scim/v2/Users")
            .header("content-type", content_type)
            .body(Bytes::from(body.to_string()));
        assert_eq!(
            house.send(request.unwrap()).status,
            status,
            "{content_type}"
        );
    }
    let bare = Request::post("/scim/v2/Users")
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    assert_eq!(house.send(bare).status, 415);
}

#[test]
fn who_takes_plain_json_gets_plain_json() {
    let house = House::new();
    let accept = [("accept", "application/json")];
    let answer = house.ask_if("GET", "/Users", &accept, &Value::Null);
    assert_eq!(answer.header("content-type"), "application/json");
    let answer = house.ask_if("GET", "/nowhere", &accept, &Value::Null);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[test]
fn a_path_of_another_service_leads_nowhere() {
    let house = House::new();
    for path in ["/", "/scim", "/scim/v2x/Users", "/scim/v1/Users"] {
        let request = Request::get(path).body(Bytes::new()).unwrap();
        assert_eq!(house.send(request).status, 404, "{path}");
    }
}

#[test]
fn no_answer_is_kept_by_caches() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    for path in [path.as_str(), "/Users", "/nowhere"] {
        assert_eq!(
            house.get(path).header("cache-control"),
            "no-store",
            "{path}"
        );
    }
}
