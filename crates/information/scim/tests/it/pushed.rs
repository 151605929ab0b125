//! What Entra, Okta and Keycloak send, as they send it, and the standard's examples of patches.

use serde_json::{Value, json};

use crate::house::{ENTERPRISE, House, id};

fn ana(house: &House) -> String {
    house.person(&json!({
        "userName": "ana", "active": true,
        "emails": [
            {"value": "a@work.example", "type": "work", "primary": true},
            {"value": "a@home.example", "type": "home"},
        ],
    }))
}

#[test]
fn entra_writes_operations_in_capitals_and_truth_as_text() {
    let house = House::new();
    let path = ana(&house);
    let after = house.patch(&path, &json!([
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": "displayName", "value": "Ana M"},
        {"op": "Add", "path": "name.givenName", "value": "Ana"},
        {"op": "Add", "path": format!("{ENTERPRISE}:department"), "value": "R&D"},
        {"op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": "M-1"},
        {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@work.example"},
    ])).ok();
    assert_eq!(after["active"], false);
    assert_eq!(after["name"], json!({"givenName": "Ana"}));
    assert_eq!(
        after[ENTERPRISE],
        json!({"department": "R&D", "manager": {"value": "M-1"}})
    );
    assert_eq!(
        after["emails"][0],
        json!({"value": "new@work.example", "type": "work", "primary": true})
    );
}

#[test]
fn entra_writes_paths_as_names_where_there_is_no_path() {
    let house = House::new();
    let path = ana(&house);
    let after = house
        .patch(
            &path,
            &json!([{"op": "Add", "value": {
                "name.givenName": "Ana", "name.familyName": "M", "title": "T",
                "emails[type eq \"other\"].value": "o@x.example",
                (format!("{ENTERPRISE}:department")): "R&D",
                "addresses[type eq \"work\"].country": "CH", "preferredLanguage": "de",
            }}]),
        )
        .ok();
    assert_eq!(
        after["name"],
        json!({"givenName": "Ana", "familyName": "M"})
    );
    assert_eq!(
        after["emails"][2],
        json!({"value": "o@x.example", "type": "other"})
    );
    assert_eq!(after[ENTERPRISE]["department"], "R&D");
}

#[test]
fn entra_adds_an_address_of_a_type_that_there_is_not_yet() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    let after = house.patch(&path, &json!([
        {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "a@work.example"},
        {"op": "Add", "path": "emails[type eq \"work\" and primary eq true].value", "value": "b@work.example"},
    ])).ok();
    assert_eq!(
        after["emails"],
        json!([
            {"value": "a@work.example", "type": "work"},
            {"value": "b@work.example", "type": "work", "primary": true},
        ])
    );
}

#[test]
fn attributes_of_the_standard_that_are_not_kept_stop_no_patch() {
    let house = House::new();
    let path = ana(&house);
    let after = house
        .patch(
            &path,
            &json!([
                {"op": "Add", "path": "phoneNumbers[type eq \"work\"].value", "value": "1"},
                {"op": "Replace", "path": "preferredLanguage", "value": "de"},
                {"op": "Add", "path": "name.middleName", "value": "X"},
                {"op": "Replace", "path": "title", "value": "T"},
            ]),
        )
        .ok();
    assert_eq!(after["title"], "T");
    house
        .patch(
            &path,
            &json!([{"op": "add", "path": "shoeSize", "value": 1}]),
        )
        .refused(400, "invalidPath");
    house
        .patch(
            &path,
            &json!([{"op": "add", "path": "urn:x:2.0:Y:z", "value": 1}]),
        )
        .refused(400, "invalidPath");
}

#[test]
fn entra_takes_members_out_by_value_without_a_filter() {
    let house = House::new();
    let (ana, bo) = (ana(&house), house.person(&json!({"userName": "bo"})));
    let group = house.group(&json!({"displayName": "Staff",
        "members": [{"value": id(&ana)}, {"value": id(&bo)}]}));
    let out = json!([{"op": "Remove", "path": "members", "value": [{"value": id(&ana)}]}]);
    assert_eq!(house.patch(&group, &out).status, 204);
    let left = house.get(&group).ok();
    assert_eq!(left["members"].as_array().unwrap().len(), 1);
    assert_eq!(left["members"][0]["value"], id(&bo));
    // A whole group that is patched, as it is when the same request also asks for more.
    let mixed = json!([
        {"op": "Remove", "path": "members", "value": [{"value": id(&bo)}]},
        {"op": "Remove", "path": "members[type eq \"Group\"]"},
    ]);
    assert_eq!(house.patch(&group, &mixed).status, 204);
    assert_eq!(house.get(&group).ok()["members"], Value::Null);
}

#[test]
fn entra_asks_whether_somebody_is_there_before_it_creates_them() {
    let house = House::new();
    let none = house
        .get("/Users?filter=userName+eq+%22non-existent%22")
        .ok();
    assert_eq!(
        (&none["totalResults"], &none["Resources"]),
        (&json!(0), &json!([]))
    );
}

#[test]
fn okta_deactivates_without_a_path_and_sends_the_id_along() {
    let house = House::new();
    let path = ana(&house);
    let operation = json!([{"op": "replace", "value": {"id": id(&path), "active": false}}]);
    let after = house.patch(&path, &operation).ok();
    assert_eq!(after["active"], false);
    assert_eq!(after["userName"], "ana");
    let other = json!([{"op": "replace", "value": {"id": "u2", "active": true}}]);
    house.patch(&path, &other).refused(400, "mutability");
    assert_eq!(house.get(&path).ok()["active"], false);
}

#[test]
fn okta_renames_groups_with_their_id_and_replaces_people_whole() {
    let house = House::new();
    let path = ana(&house);
    let group = house.group(&json!({"displayName": "Staff"}));
    let operation = json!([{"op": "replace", "value": {"id": id(&group), "displayName": "Crew"}}]);
    assert_eq!(house.patch(&group, &operation).status, 204);
    assert_eq!(house.get(&group).ok()["displayName"], "Crew");
    let mut whole = house.get(&path).ok();
    whole["active"] = json!(false);
    whole["groups"] = json!([{"value": id(&group)}]);
    let after = house.ask("PUT", &path, &whole).ok();
    assert_eq!(
        (&after["active"], &after["groups"]),
        (&json!(false), &Value::Null)
    );
}

#[test]
fn a_patch_is_made_whole_or_not_at_all() {
    let house = House::new();
    let path = ana(&house);
    let before = house.get(&path).body;
    for bad in [
        json!({"op": "remove"}),
        json!({"op": "move", "path": "title"}),
        json!({"op": "add", "path": "title"}),
        json!({"op": "replace", "path": "emails[type eq \"fax\"].value", "value": "x@y"}),
        json!({"op": "replace", "path": "id", "value": "x"}),
        json!({"op": "replace", "path": "emails[", "value": "x"}),
        json!({"op": "replace", "path": "userName", "value": ""}),
    ] {
        let answer = house.patch(
            &path,
            &json!([{"op": "replace", "path": "title", "value": "T"}, bad]),
        );
        assert_eq!(answer.status, 400, "{bad}");
        assert!(
            answer.body["detail"]
                .as_str()
                .unwrap()
                .contains(if bad["value"] == "" {
                    "userName"
                } else {
                    "operation 2"
                })
        );
        assert_eq!(house.get(&path).body, before, "{bad}");
    }
}

#[test]
fn what_went_wrong_with_a_patch_has_its_word() {
    let house = House::new();
    let path = ana(&house);
    for (operation, kind) in [
        (json!({"op": "remove"}), "noTarget"),
        (
            json!({"op": "replace", "path": "emails[type eq \"fax\"]", "value": {"value": "x@y"}}),
            "noTarget",
        ),
        (
            json!({"op": "replace", "path": "emails[type", "value": 1}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "path": "title[type eq \"x\"]", "value": "x"}),
            "invalidPath",
        ),
        (
            json!({"op": "replace", "path": "emails[primary gt true]", "value": {}}),
            "invalidFilter",
        ),
        (
            json!({"op": "replace", "path": "meta.created", "value": "x"}),
            "mutability",
        ),
        (
            json!({"op": "add", "path": "groups", "value": [{"value": "g"}]}),
            "mutability",
        ),
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (
            json!({"op": "replace", "path": "userName", "value": null}),
            "mutability",
        ),
        (
            json!({"op": "add", "path": "title", "value": 1}),
            "invalidValue",
        ),
        (json!({"op": "add", "value": "x"}), "invalidValue"),
        (
            json!({"op": "add", "path": 1, "value": "x"}),
            "invalidSyntax",
        ),
        (json!("x"), "invalidSyntax"),
    ] {
        house.patch(&path, &json!([operation])).refused(400, kind);
    }
    house
        .ask("PATCH", &path, &json!({}))
        .refused(400, "invalidSyntax");
    house
        .ask(
            "PATCH",
            &path,
            &json!({"schemas": ["urn:x"], "Operations": [{}]}),
        )
        .refused(400, "invalidValue");
}

#[test]
fn a_new_primary_address_takes_the_place_of_the_old_one() {
    let house = House::new();
    let path = ana(&house);
    let after = house
        .patch(
            &path,
            &json!([{"op": "add", "path": "emails",
        "value": [{"value": "n@x.example", "type": "other", "primary": true}]}]),
        )
        .ok();
    let primaries: Vec<_> = after["emails"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|email| email["primary"] == true)
        .collect();
    assert_eq!(primaries.len(), 1);
    assert_eq!(primaries[0]["value"], "n@x.example");
    let two = json!([{"op": "replace", "path": "emails", "value": [
        {"value": "a@x", "primary": true}, {"value": "b@x", "primary": true}]}]);
    house.patch(&path, &two).refused(400, "invalidValue");
}

#[test]
fn an_address_that_is_there_is_not_added_again() {
    let house = House::new();
    let path = ana(&house);
    let tag = house.get(&path).header("etag").to_owned();
    let same = house.patch(&path, &json!([{"op": "add", "path": "emails",
        "value": [{"value": "A@work.example", "type": "WORK"}, {"value": "a@home.example", "type": "home"}]}]));
    assert_eq!(same.body["emails"].as_array().unwrap().len(), 2);
    let none = house.patch(
        &path,
        &json!([{"op": "replace", "path": "userName", "value": "ana"}]),
    );
    assert_eq!(none.header("etag"), house.get(&path).header("etag"));
    assert_ne!(tag, "");
}

#[test]
fn values_that_a_filter_means_are_taken_out() {
    let house = House::new();
    let path = ana(&house);
    let after = house
        .patch(
            &path,
            &json!([{"op": "remove", "path": "emails[type eq \"home\"]"}]),
        )
        .ok();
    assert_eq!(after["emails"].as_array().unwrap().len(), 1);
    let after = house
        .patch(
            &path,
            &json!([{"op": "remove", "path": "emails[type eq \"work\"].value"}]),
        )
        .ok();
    assert_eq!(after["emails"], Value::Null);
    let again = house.patch(
        &path,
        &json!([{"op": "remove", "path": "emails[type eq \"work\"]"}]),
    );
    assert_eq!(again.status, 200);
}
