//! Many changes in one request.

use serde_json::{Value, json};

use crate::house::{BASE, House, id};

fn bulk(house: &House, operations: &Value) -> Vec<Value> {
    send(house, &json!({"Operations": operations}))
}

fn send(house: &House, body: &Value) -> Vec<Value> {
    let answer = house.post("/Bulk", body).ok();
    assert_eq!(
        answer["schemas"][0],
        "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
    );
    answer["Operations"].as_array().unwrap().clone()
}

fn statuses(answers: &[Value]) -> Vec<&str> {
    answers
        .iter()
        .map(|one| one["status"].as_str().unwrap())
        .collect()
}

#[test]
fn each_operation_is_answered_with_what_came_of_it() {
    let house = House::new();
    let bo = house.person(&json!({"userName": "bo"}));
    let cy = house.person(&json!({"userName": "cy"}));
    let tag = house.get(&cy).header("etag").to_owned();
    let answers = bulk(
        &house,
        &json!([
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "ana"}},
            {"method": "PUT", "path": bo, "data": {"userName": "bob"}},
            {"method": "PATCH", "path": cy, "version": tag,
             "data": {"Operations": [{"op": "add", "path": "title", "value": "T"}]}},
            {"method": "PATCH", "path": cy, "version": tag,
             "data": {"Operations": [{"op": "add", "path": "title", "value": "U"}]}},
            {"method": "DELETE", "path": bo},
            {"method": "DELETE", "path": "/Users/none"},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {"userName": "ANA"}},
            {"method": "POST", "path": "/Schemas", "bulkId": "c", "data": {}},
            {"method": "DELETE", "path": "/Users"},
        ]),
    );
    assert_eq!(
        statuses(&answers),
        [
            "201", "200", "200", "412", "204", "404", "409", "404", "405"
        ]
    );
    assert_eq!(answers[0]["bulkId"], "a");
    assert!(
        answers[0]["location"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{BASE}/Users/"))
    );
    assert!(answers[0]["version"].as_str().unwrap().starts_with("W/\""));
    assert_eq!(answers[4]["location"], format!("{BASE}{bo}"));
    assert_eq!(answers[6]["response"]["scimType"], "uniqueness");
    assert_eq!(house.get(&cy).ok()["title"], "T");
}

#[test]
fn what_refers_to_others_waits_for_them_in_whatever_order_they_come() {
    let house = House::new();
    let answers = bulk(
        &house,
        &json!([
            {"method": "POST", "path": "/Groups", "bulkId": "outer", "data":
                {"displayName": "Outer", "members": [{"value": "bulkId:inner", "type": "Group"}]}},
            {"method": "POST", "path": "/Groups", "bulkId": "inner", "data":
                {"displayName": "Inner", "members": [{"value": "bulkId:ana"}, {"value": "bulkId:bo"}]}},
            {"method": "POST", "path": "/Users", "bulkId": "ana", "data": {"userName": "ana"}},
            {"method": "POST", "path": "/Users", "bulkId": "bo", "data": {"userName": "bo"}},
            {"method": "PATCH", "path": "/Groups/bulkId:inner", "data":
                {"Operations": [{"op": "replace", "path": "displayName", "value": "Core"}]}},
        ]),
    );
    assert_eq!(statuses(&answers), ["201", "201", "201", "201", "204"]);
    assert_eq!(answers[0]["bulkId"], "outer");
    let inner = house.found("/Groups", "displayName eq \"Core\"");
    assert_eq!(
        inner.body["Resources"][0]["members"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn operations_that_wait_for_one_another_are_refused_and_the_others_are_done() {
    let house = House::new();
    let group = |name: &str, member: &str| {
        json!({"method": "POST", "path": "/Groups", "bulkId": name,
        "data": {"displayName": name, "members": [{"value": format!("bulkId:{member}")}]}})
    };
    let answers = bulk(
        &house,
        &json!([
            group("a", "b"), group("b", "c"), group("c", "a"), group("self", "self"), group("d", "nobody"),
            {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"userName": "ana"}},
            group("e", "bad"),
            {"method": "POST", "path": "/Users", "bulkId": "bad", "data": {}},
            group("f", "u"),
        ]),
    );
    assert_eq!(
        statuses(&answers),
        [
            "409", "409", "409", "409", "409", "201", "409", "400", "201"
        ]
    );
    let said = |at: usize| {
        answers[at]["response"]["detail"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(said(4).contains("which no operation has") && said(6).contains("nothing was created"));
    assert_eq!(house.get("/Groups").body["totalResults"], 1);
}

#[test]
fn after_enough_errors_nothing_more_is_done() {
    let house = House::new();
    let bad = |n: usize| json!({"method": "DELETE", "path": format!("/Users/none{n}")});
    let good =
        json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "ana"}});
    let operations = json!([bad(1), bad(2), good, bad(3)]);
    let stopped = send(
        &house,
        &json!({"failOnErrors": 2, "Operations": operations}),
    );
    assert_eq!(statuses(&stopped), ["404", "404"]);
    let all = send(&house, &json!({"Operations": operations}));
    assert_eq!(statuses(&all), ["404", "404", "201", "404"]);
}

#[test]
fn a_bulk_has_its_bounds() {
    let house = House::with(|settings| {
        settings.bulk_operations_max = 3;
        settings.payload_max = 2000;
    });
    let delete = json!({"method": "DELETE", "path": "/Users/x"});
    let four = json!({"Operations": [delete, delete, delete, delete]});
    assert!(
        house
            .post("/Bulk", &four)
            .refused(413, "")
            .contains("more than 3 operations")
    );
    let big = json!({"Operations": [{"method": "POST", "path": "/Users", "bulkId": "a",
        "data": {"userName": "a", "title": "x".repeat(2000)}}]});
    assert!(
        house
            .post("/Bulk", &big)
            .refused(413, "")
            .contains("2000 bytes")
    );
}

#[test]
fn a_bulk_that_is_not_understood_changes_nothing() {
    let house = House::new();
    let good =
        json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "ana"}});
    for bad in [
        json!("x"),
        json!({"method": "GET", "path": "/Users"}),
        json!({"method": "POST", "path": "/Users", "data": {}}),
        json!({"method": "POST", "bulkId": "b"}),
        json!({"method": "DELETE", "path": 7}),
        json!({"method": "POST", "path": "/Users", "bulkId": "x".repeat(200), "data": {}}),
    ] {
        house
            .post("/Bulk", &json!({"Operations": [good, bad]}))
            .refused(400, "invalidSyntax");
    }
    house
        .post("/Bulk", &json!({"Operations": [good, good]}))
        .refused(400, "invalidValue");
    house
        .post("/Bulk", &json!({}))
        .refused(400, "invalidSyntax");
    house
        .post("/Bulk", &json!({"Operations": [], "failOnErrors": "x"}))
        .refused(400, "invalidValue");
    assert_eq!(house.get("/Users").body["totalResults"], 0);
}

#[test]
fn a_text_that_only_looks_like_a_reference_stays_what_it_is() {
    let house = House::new();
    let answers = bulk(
        &house,
        &json!([
            {"method": "POST", "path": "/Users", "bulkId": "a",
             "data": {"userName": "ana", "title": "bulkId:a"}},
        ]),
    );
    assert_eq!(statuses(&answers), ["201"]);
    let path = answers[0]["location"].as_str().unwrap();
    assert_eq!(
        house.get(&format!("/Users/{}", id(path))).ok()["title"],
        "bulkId:a"
    );
}
