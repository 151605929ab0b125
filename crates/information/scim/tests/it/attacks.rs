//! Known attacks, each by its name.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::house::{House, id};

#[test]
fn filter_bomb_of_parentheses() {
    let house = House::new();
    let bomb = format!("{}userName pr{}", "(".repeat(4000), ")".repeat(4000));
    let said = house
        .post("/.search", &json!({"filter": bomb}))
        .refused(400, "invalidFilter");
    assert!(said.contains("nested deeper"), "{said}");
}

#[test]
fn filter_bomb_of_a_megabyte() {
    let house = House::new();
    let bomb = vec!["userName eq \"x\""; 60_000].join(" or ");
    let said = house
        .post("/.search", &json!({"filter": bomb}))
        .refused(400, "invalidFilter");
    assert!(said.contains("longer than"), "{said}");
    let path = house.person(&json!({"userName": "ana"}));
    let path_bomb = format!("emails[{}]", vec!["type pr"; 60_000].join(" or "));
    house
        .patch(
            &path,
            &json!([{"op": "add", "path": path_bomb, "value": {}}]),
        )
        .refused(400, "invalidPath");
}

#[test]
fn json_that_is_deeper_than_any_stack() {
    let house = House::new();
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let body = format!(
            "{{\"userName\":{}1{}}}",
            open.repeat(200_000),
            close.repeat(200_000)
        );
        house
            .ask_raw("POST", "/Users", body)
            .refused(400, "invalidSyntax");
    }
}

#[test]
fn one_member_twice_so_that_two_readers_read_two_things() {
    let house = House::new();
    for body in [
        r#"{"userName":"a","active":false,"active":true}"#,
        r#"{"userName":"a","active":false,"ACTIVE":true}"#,
        r#"{"userName":"a","\u0061ctive":false,"active":true}"#,
    ] {
        house
            .ask_raw("POST", "/Users", body)
            .refused(400, "invalidSyntax");
    }
    assert_eq!(house.get("/Users").body["totalResults"], 0);
}

#[test]
fn bytes_that_are_no_json() {
    let house = House::new();
    for body in [
        &b""[..],
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}x",
        b"{\"userName\":\"\xff\"}",
        b"{\"userName\":\"\\ud800\"}",
    ] {
        house
            .ask_raw("POST", "/Users", body.to_vec())
            .refused(400, "invalidSyntax");
    }
}

#[test]
fn a_path_that_climbs_out_of_its_collection() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    for climbing in [
        format!("/Groups/..{path}"),
        format!("/Groups/..%2fUsers%2f{}", id(&path)),
        format!("/Users/%2e%2e/Users/{}", id(&path)),
        format!("/Users/{}%00", id(&path)),
        format!("/Users//{}", id(&path)),
        format!("/Groups/{}", id(&path)),
    ] {
        house
            .ask_raw("DELETE", &climbing, Bytes::new())
            .refused(404, "");
        let answer = house
            .post(
                "/Bulk",
                &json!({"Operations": [{"method": "DELETE", "path": climbing}]}),
            )
            .ok();
        assert_eq!(answer["Operations"][0]["status"], "404", "{climbing}");
    }
    house.get(&path).ok();
}

#[test]
fn writing_what_only_the_directory_writes() {
    let house = House::new();
    let staff = house.group(&json!({"displayName": "Staff"}));
    let given = json!({
        "userName": "ana", "id": "root", "groups": [{"value": id(&staff)}],
        "meta": {"version": "W/\"9\"", "created": "2000-01-01T00:00:00Z", "location": "https://evil.example"},
    });
    let created = house.post("/Users", &given);
    assert_ne!(created.id(), "root");
    assert_eq!(created.body["groups"], Value::Null);
    assert!(!created.body["meta"].to_string().contains("evil"));
    let path = format!("/Users/{}", created.id());
    let replaced = house.ask("PUT", &path, &given).ok();
    assert_eq!(
        (&replaced["id"], &replaced["groups"]),
        (&created.body["id"], &Value::Null)
    );
    for (attribute, value) in [
        ("id", json!("root")),
        ("meta", json!({"version": "x"})),
        ("groups", json!([{"value": id(&staff)}])),
        ("schemas", json!(["urn:x"])),
        ("groups[value pr].value", json!("x")),
    ] {
        let by_path = json!([{"op": "replace", "path": attribute, "value": value}]);
        house.patch(&path, &by_path).refused(400, "mutability");
        if attribute != "schemas" {
            let without = json!([{"op": "add", "value": {attribute: value}}]);
            house.patch(&path, &without).refused(400, "mutability");
        }
    }
    assert_eq!(house.get(&staff).ok()["members"], Value::Null);
}

#[test]
fn assigning_in_mass_what_nobody_announced() {
    let house = House::new();
    let path = house.person(&json!({
        "userName": "ana", "isAdmin": true, "role": "owner", "factors": [], "disabled": false,
        "urn:ietf:params:scim:schemas:core:2.0:User": {"userName": "root"},
        "__proto__": {"active": false},
    }));
    let mut shown = house.get(&path).ok();
    let members: Vec<_> = shown.as_object_mut().unwrap().keys().cloned().collect();
    for member in members {
        assert!(
            ["schemas", "id", "meta", "userName", "active"].contains(&&*member),
            "{member}"
        );
    }
    assert_eq!(shown["userName"], "ana");
}

#[test]
fn a_name_that_looks_like_anothers() {
    let house = House::new();
    house.person(&json!({"userName": "admin"}));
    for name in [
        "ADMIN",
        "ａｄｍｉｎ",
        "ad\u{200b}min",
        "admin\u{200d}",
        " admin",
        "admin\u{a0}",
        "\u{202e}nimda",
        "adm\u{ad}in",
    ] {
        let answer = house.post("/Users", &json!({"userName": name}));
        assert!(matches!(answer.status.as_u16(), 400 | 409), "{name:?}");
    }
}

#[test]
fn huge_bulk() {
    let house = House::new();
    let one = json!({"method": "DELETE", "path": "/Users/x"});
    let body = json!({"Operations": vec![one; 1001]});
    house.post("/Bulk", &body).refused(413, "");
}

#[test]
fn bulk_whose_references_all_wait_for_the_last() {
    let house = House::new();
    let operations: Vec<_> = (0..1000)
        .map(|n| {
            let members: Vec<_> = (n + 1..1000.min(n + 40))
                .map(|m| json!({"value": format!("bulkId:{m}")}))
                .collect();
            json!({"method": "POST", "path": "/Groups", "bulkId": n.to_string(),
            "data": {"displayName": format!("g{n}"), "members": if n == 999 {
                json!([{"value": "bulkId:0"}])
            } else {
                json!(members)
            }}})
        })
        .collect();
    let answer = house.post("/Bulk", &json!({"Operations": operations})).ok();
    let all = answer["Operations"].as_array().unwrap();
    assert_eq!(all.len(), 1000);
    assert!(all.iter().all(|one| one["status"] == "409"));
}

#[test]
fn patch_of_more_operations_than_anybody_needs() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    let one = json!({"op": "add", "path": "title", "value": "x"});
    house.patch(&path, &json!(vec![one; 1001])).refused(413, "");
}

#[test]
fn refusals_do_not_repeat_what_was_sent() {
    let house = House::new();
    let secret = "s3cret-value";
    house.person(&json!({"userName": secret}));
    for answer in [
        house.post("/Users", &json!({"userName": secret})),
        house.post("/Users", &json!({"userName": "x", "active": secret})),
        house.post(
            "/Users",
            &json!({"userName": "x", "emails": [{"value": secret}]}),
        ),
        house.found("/Users", &format!("userName eq \"{secret}\" xx")),
        house.found("/Users", &format!("active gt \"{secret}\"")),
    ] {
        assert!(!answer.body.to_string().contains(secret), "{}", answer.body);
        assert!(answer.status.is_client_error());
    }
}

#[test]
fn counts_and_places_beyond_all_numbers() {
    let house = House::new();
    house.person(&json!({"userName": "ana"}));
    for query in [
        "startIndex=9223372036854775807&count=9223372036854775807",
        "count=-9223372036854775808",
    ] {
        house.get(&format!("/Users?{query}")).ok();
        house.get(&format!("/Users?sortBy=userName&{query}")).ok();
        house
            .get(&format!("/Users?filter=userName+pr&{query}"))
            .ok();
        house.get(&format!("/?{query}")).ok();
    }
}

#[test]
fn attributes_named_without_end() {
    let house = House::new();
    let names = vec!["userName"; 5000].join(",");
    house
        .get(&format!("/Users?attributes={names}"))
        .refused(400, "invalidValue");
}
