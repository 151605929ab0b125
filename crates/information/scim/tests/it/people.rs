//! People, created, read, replaced and removed one by one.

use gw_scim::{Directory, Email, User};
use serde_json::{Value, json};

use crate::house::{BASE, ENTERPRISE, House, id, now};

fn ana() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "userName": "ana@example.org",
        "externalId": "E-1",
        "name": {"formatted": "Ana Müller", "givenName": "Ana", "familyName": "Müller"},
        "displayName": "Ana",
        "title": "Engineer",
        "userType": "Employee",
        "active": true,
        "emails": [
            {"value": "ana@example.org", "type": "work", "primary": true},
            {"value": "ana@home.example", "type": "home"},
        ],
        ENTERPRISE: {"department": "R&D", "employeeNumber": "7", "manager": {"value": "M-1"}},
    })
}

#[test]
fn a_person_is_answered_as_they_were_created() {
    let house = House::new();
    let created = house.post("/Users", &ana());
    assert_eq!(created.status, 201);
    let location = format!("{BASE}/Users/{}", created.id());
    assert_eq!(created.header("location"), location);
    assert_eq!(created.body["meta"]["location"], location);
    assert_eq!(created.body["meta"]["version"], created.header("etag"));
    assert_eq!(created.body["meta"]["resourceType"], "User");
    let read = house.get(&format!("/Users/{}", created.id()));
    assert_eq!(read.body, created.body);
    for (name, value) in ana().as_object().unwrap() {
        assert_eq!(read.body[name], *value, "{name}");
    }
}

#[test]
fn who_says_nothing_about_it_is_active() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    assert_eq!(house.get(&path).ok()["active"], true);
    let path = house.person(&json!({"userName": "bo", "active": false}));
    assert_eq!(house.get(&path).ok()["active"], false);
}

#[test]
fn nobody_becomes_active_by_being_replaced_without_a_word_about_it() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana", "active": false}));
    let replaced = house
        .ask("PUT", &path, &json!({"userName": "ana", "title": "x"}))
        .ok();
    assert_eq!(replaced["active"], false);
    let refused = house.patch(&path, &json!([{"op": "remove", "path": "active"}]));
    assert!(
        refused
            .refused(400, "mutability")
            .contains("`active` is required")
    );
    assert_eq!(house.get(&path).ok()["active"], false);
}

#[test]
fn what_a_replacement_does_not_have_is_gone() {
    let house = House::new();
    let path = house.person(&ana());
    let before = house.get(&path);
    let after = house.ask("PUT", &path, &json!({"userName": "ana2", "active": true}));
    assert_ne!(after.header("etag"), before.header("etag"));
    let after = after.ok();
    for gone in ["externalId", "name", "emails", "title", ENTERPRISE] {
        assert_eq!(after[gone], Value::Null, "{gone}");
    }
    assert_eq!(after["schemas"].as_array().unwrap().len(), 1);
    assert_eq!(after["meta"]["created"], before.body["meta"]["created"]);
}

#[test]
fn what_is_removed_is_gone_and_its_name_is_free() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    let removed = house.ask("DELETE", &path, &Value::Null);
    assert_eq!(
        (removed.status.as_u16(), &removed.body),
        (204, &Value::Null)
    );
    house.get(&path).refused(404, "");
    house.ask("DELETE", &path, &Value::Null).refused(404, "");
    house
        .ask("PUT", &path, &json!({"userName": "ana"}))
        .refused(404, "");
    house
        .patch(
            &path,
            &json!([{"op": "add", "path": "title", "value": "x"}]),
        )
        .refused(404, "");
    let again = house.person(&json!({"userName": "ana"}));
    assert_ne!(again, path);
}

#[test]
fn two_people_do_not_have_one_name_in_any_case_or_unicode_form() {
    let house = House::new();
    house.person(&json!({"userName": "Ren\u{e9}"}));
    let other = house.person(&json!({"userName": "other"}));
    for name in ["REN\u{c9}", "rene\u{301}", "ＲＥＮ\u{e9}"] {
        let taken = house.post("/Users", &json!({"userName": name}));
        assert!(
            taken.refused(409, "uniqueness").contains("userName"),
            "{name}"
        );
        let replaced = house.ask("PUT", &other, &json!({"userName": name}));
        replaced.refused(409, "uniqueness");
        let operation = json!([{"op": "replace", "path": "userName", "value": name}]);
        house.patch(&other, &operation).refused(409, "uniqueness");
    }
}

#[test]
fn ones_own_name_may_be_written_otherwise() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    let after = house.ask("PUT", &path, &json!({"userName": "ANA"})).ok();
    assert_eq!(after["userName"], "ANA");
}

#[test]
fn what_is_unknown_is_ignored_and_what_is_wrong_is_named() {
    let house = House::new();
    let path = house.person(&json!({
        "userName": "ana", "shoeSize": 44, "nickName": "A", "password": "x",
        "urn:example:2.0:Shoe": {"size": 44}, "phoneNumbers": [{"value": "1"}],
    }));
    let kept = house.get(&path).ok();
    for name in [
        "shoeSize",
        "nickName",
        "password",
        "urn:example:2.0:Shoe",
        "phoneNumbers",
    ] {
        assert_eq!(kept[name], Value::Null, "{name}");
    }
    for (wrong, said) in [
        (json!({}), "`userName` is required"),
        (json!({"userName": 7}), "`userName` is not a text"),
        (
            json!({"userName": "x", "active": 1}),
            "`active` is not true or false",
        ),
        (
            json!({"userName": "x", "emails": "a@b"}),
            "`emails` is not a list",
        ),
        (
            json!({"userName": "x", "schemas": ["urn:y"]}),
            "`schemas` does not list",
        ),
    ] {
        let words = house.post("/Users", &wrong).refused(400, "invalidValue");
        assert!(words.contains(said), "{words}");
    }
}

#[test]
fn a_change_to_another_version_than_the_one_read_is_refused() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    let old = house.get(&path).header("etag").to_owned();
    let operation = json!({"Operations": [{"op": "add", "path": "title", "value": "x"}]});
    let first = house.ask_if("PATCH", &path, &[("if-match", &old)], &operation);
    let new = first.header("etag").to_owned();
    assert_eq!(first.ok()["title"], "x");
    let other = json!({"Operations": [{"op": "add", "path": "title", "value": "y"}]});
    let put = json!({"userName": "ana"});
    let stale = [("if-match", old.as_str())];
    house
        .ask_if("PATCH", &path, &stale, &other)
        .refused(412, "");
    house.ask_if("PUT", &path, &stale, &put).refused(412, "");
    house
        .ask_if("DELETE", &path, &stale, &Value::Null)
        .refused(412, "");
    assert_eq!(house.get(&path).ok()["title"], "x");
    let any = [("if-match", "*")];
    house.ask_if("PUT", &path, &any, &put).ok();
    house
        .ask_if("DELETE", &path, &[("if-match", &new)], &Value::Null)
        .refused(412, "");
    let now = house.get(&path).header("etag").to_owned();
    let removed = house.ask_if("DELETE", &path, &[("if-match", &now)], &Value::Null);
    assert_eq!(removed.status, 204);
}

#[test]
fn a_change_that_comes_between_reading_and_writing_is_not_written_over() {
    let house = House::new();
    let person = house.person(&json!({"userName": "ana"}));
    let group = house.group(&json!({"displayName": "Staff"}));
    let operations = json!({"Operations": [{"op": "replace", "path": "externalId", "value": "x"}]});
    for (method, path, body) in [
        ("PATCH", &group, &operations),
        ("DELETE", &group, &Value::Null),
        ("PATCH", &person, &operations),
        ("DELETE", &person, &Value::Null),
    ] {
        let tag = house.get(path).header("etag").to_owned();
        house.directory.contend(1);
        let answer = house.ask_if(method, path, &[("if-match", &tag)], body);
        answer.refused(412, "");
        assert!(
            house.ask(method, path, body).status.is_success(),
            "{method} {path}"
        );
    }
}

#[test]
fn what_is_known_already_is_not_sent_again() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    let tag = house.get(&path).header("etag").to_owned();
    let same = house.ask_if("GET", &path, &[("if-none-match", &tag)], &Value::Null);
    assert_eq!(
        (same.status.as_u16(), same.header("etag"), &same.body),
        (304, &*tag, &Value::Null)
    );
    let other = house.ask_if("GET", &path, &[("if-none-match", "W/\"0\"")], &Value::Null);
    assert_eq!(other.status, 200);
}

#[test]
fn a_change_that_others_came_before_is_made_to_what_they_left() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana"}));
    let operation = json!([{"op": "add", "path": "title", "value": "x"}]);
    house.directory.contend(4);
    assert_eq!(house.patch(&path, &operation).ok()["title"], "x");
    house.directory.contend(100);
    let operation = json!([{"op": "add", "path": "title", "value": "y"}]);
    assert!(
        house
            .patch(&path, &operation)
            .refused(409, "")
            .contains("send it again")
    );
    let tag = house.get(&path).header("etag").to_owned();
    let body = json!({"Operations": operation});
    house
        .ask_if("PATCH", &path, &[("if-match", &tag)], &body)
        .refused(412, "");
}

#[test]
fn nobody_stays_active_because_of_what_else_is_wrong_with_them() {
    let house = House::new();
    let odd = User {
        user_name: " odd\u{200b}".into(),
        active: true,
        emails: vec![Email {
            value: "no address".into(),
            ..Email::default()
        }],
        ..User::default()
    };
    let stored = now(house.directory.create_user(odd)).unwrap();
    let path = format!("/Users/{}", stored.stamp.id);
    let operation = json!([{"op": "replace", "value": {"active": false}}]);
    let after = house.patch(&path, &operation).ok();
    assert_eq!(
        (&after["active"], &after["userName"]),
        (&json!(false), &json!(" odd\u{200b}"))
    );
    let other = json!([{"op": "replace", "path": "title", "value": "x"}]);
    house.patch(&path, &other).refused(400, "invalidValue");
}

#[test]
fn an_address_that_is_not_given_is_none() {
    let house = House::new();
    let path = house.person(&json!({"userName": "ana", "emails": [
        {"value": null, "type": "home", "primary": false}, {"value": "a@b", "type": "work"}]}));
    let emails = house.get(&path).ok()["emails"].clone();
    assert_eq!(emails, json!([{"value": "a@b", "type": "work"}]));
}

#[test]
fn a_part_of_a_person_is_answered_where_a_part_is_asked_for() {
    let house = House::new();
    let path = house.person(&ana());
    let some = house
        .get(&format!("{path}?attributes=userName,name.givenName"))
        .ok();
    assert_eq!(some["name"], json!({"givenName": "Ana"}));
    assert_eq!(some["emails"], Value::Null);
    assert_eq!(some["id"], id(&path));
    let rest = house
        .get(&format!("{path}?excludedAttributes=emails,name"))
        .ok();
    assert_eq!(
        (&rest["emails"], &rest["name"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(rest["title"], "Engineer");
    let created = house.post("/Users?attributes=id", &json!({"userName": "bo"}));
    assert_eq!(created.body["userName"], Value::Null);
    house
        .get(&format!("{path}?attributes=a&excludedAttributes=b"))
        .refused(400, "invalidValue");
}
