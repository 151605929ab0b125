//! Groups, and who is in them.

use serde_json::{Value, json};

use crate::house::{BASE, House, id};

fn members(of: &Value) -> Vec<&str> {
    let members = of["members"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    members
        .iter()
        .map(|one| one["value"].as_str().unwrap())
        .collect()
}

#[test]
fn a_group_has_people_and_groups_and_they_say_so() {
    let house = House::new();
    let ana = house.person(&json!({"userName": "ana", "displayName": "Ana"}));
    let inner = house.group(&json!({"displayName": "Inner", "members": [{"value": id(&ana)}]}));
    let outer = house.group(&json!({
        "displayName": "Outer", "externalId": "G-1",
        "members": [{"value": id(&inner), "type": "Group"}],
    }));
    let shown = house.get(&outer).ok();
    assert_eq!(
        shown["members"],
        json!([
            {"value": id(&inner), "type": "Group", "$ref": format!("{BASE}{inner}")},
        ])
    );
    let named = house
        .get(&format!("{inner}?attributes=members.display"))
        .ok();
    assert_eq!(named["members"], json!([{"display": "Ana"}]));
    let ana = house.get(&ana).ok();
    let groups: Vec<_> = ana["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            (
                group["display"].as_str().unwrap(),
                group["type"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(groups, [("Inner", "direct"), ("Outer", "indirect")]);
}

#[test]
fn two_groups_do_not_have_one_name() {
    let house = House::new();
    house.group(&json!({"displayName": "Staff"}));
    let taken = house.post("/Groups", &json!({"displayName": "STAFF"}));
    assert!(taken.refused(409, "uniqueness").contains("displayName"));
    let other = house.group(&json!({"displayName": "Other"}));
    let operation = json!([{"op": "Replace", "path": "displayName", "value": "staff"}]);
    house.patch(&other, &operation).refused(409, "uniqueness");
}

#[test]
fn a_member_that_there_is_not_is_refused_and_nothing_is_changed() {
    let house = House::new();
    let ana = house.person(&json!({"userName": "ana"}));
    let group = house.group(&json!({"displayName": "Staff"}));
    let operation = json!([{"op": "add", "path": "members",
        "value": [{"value": id(&ana)}, {"value": "nobody"}]}]);
    assert!(
        house
            .patch(&group, &operation)
            .refused(400, "invalidValue")
            .contains("`nobody`")
    );
    assert_eq!(members(&house.get(&group).ok()), Vec::<&str>::new());
    let wrong = json!([{"op": "add", "path": "members",
        "value": [{"value": id(&ana), "type": "Group"}]}]);
    house.patch(&group, &wrong).refused(400, "invalidValue");
    house
        .post(
            "/Groups",
            &json!({"displayName": "X", "members": [{"value": "nobody"}]}),
        )
        .refused(400, "invalidValue");
}

#[test]
fn groups_do_not_go_in_a_circle() {
    let house = House::new();
    let inner = house.group(&json!({"displayName": "Inner"}));
    let outer = house.group(&json!({"displayName": "Outer", "members": [{"value": id(&inner)}]}));
    for (group, member) in [(&inner, &outer), (&inner, &inner)] {
        let operation = json!([{"op": "add", "path": "members", "value": [{"value": id(member)}]}]);
        house.patch(group, &operation).refused(400, "invalidValue");
    }
}

#[test]
fn who_joins_a_big_group_is_all_that_is_read_and_written() {
    let house = House::new();
    let all: Vec<_> = (0..2000)
        .map(|n| house.person(&json!({"userName": format!("p{n}")})))
        .collect();
    let listed: Vec<_> = all.iter().map(|path| json!({"value": id(path)})).collect();
    let group = house.group(&json!({"displayName": "All", "members": listed}));
    let new = house.person(&json!({"userName": "new"}));
    house.directory.looked();
    for operation in [
        json!([{"op": "Add", "path": "members", "value": [{"value": id(&new)}]}]),
        json!([{"op": "add", "value": {"members": [{"value": id(&new)}]}}]),
        json!([{"op": "Remove", "path": "members", "value": [{"value": id(&new)}]}]),
        json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", id(&new))}]),
        json!([{"op": "replace", "path": "displayName", "value": "Everybody"},
               {"op": "replace", "value": {"externalId": "G"}}]),
    ] {
        let answer = house.patch(&group, &operation);
        assert_eq!(answer.status, 204, "{operation} {}", answer.body);
        assert!(answer.header("etag").starts_with("W/\""));
        assert_eq!(house.directory.looked().members, 0, "{operation}");
    }
    let path = format!("{group}?excludedAttributes=members");
    let shown = house.get(&path).ok();
    assert_eq!(
        (&shown["displayName"], &shown["externalId"]),
        (&json!("Everybody"), &json!("G"))
    );
    let asked = house.found(
        "/Groups",
        &format!(
            "id eq \"{}\" and members eq \"{}\"",
            id(&group),
            id(&all[0])
        ),
    );
    assert_eq!(asked.ids(), [id(&group)]);
    house.directory.looked();
    let query = format!(
        "/Groups?excludedAttributes=members&filter=members.value+eq+%22{}%22",
        id(&all[7])
    );
    assert_eq!(house.get(&query).ids(), [id(&group)]);
    assert_eq!(house.directory.looked().members, 0);
}

#[test]
fn a_patch_answers_with_what_is_asked_for() {
    let house = House::new();
    let ana = house.person(&json!({"userName": "ana"}));
    let group = house.group(&json!({"displayName": "Staff"}));
    let operation = json!([{"op": "add", "path": "members", "value": [{"value": id(&ana)}]}]);
    let shown = house
        .patch(&format!("{group}?attributes=members"), &operation)
        .ok();
    assert_eq!(members(&shown), [id(&ana)]);
}

#[test]
fn members_are_replaced_and_taken_out_all_at_once() {
    let house = House::new();
    let (ana, bo) = (
        house.person(&json!({"userName": "ana"})),
        house.person(&json!({"userName": "bo"})),
    );
    let group = house.group(&json!({"displayName": "Staff", "members": [{"value": id(&ana)}]}));
    let operation = json!([{"op": "replace", "path": "members", "value": [{"value": id(&bo)}]}]);
    assert_eq!(house.patch(&group, &operation).status, 204);
    assert_eq!(members(&house.get(&group).ok()), [id(&bo)]);
    let operation = json!([{"op": "add", "path": "members", "value": [{"value": id(&ana)}]}]);
    assert_eq!(house.patch(&group, &operation).status, 204);
    let operation =
        json!([{"op": "remove", "path": "members[type eq \"User\" and value ne \"x\"]"}]);
    assert_eq!(house.patch(&group, &operation).status, 204);
    assert_eq!(members(&house.get(&group).ok()), Vec::<&str>::new());
    house.patch(
        &group,
        &json!([{"op": "add", "path": "members", "value": [{"value": id(&ana)}]}]),
    );
    assert_eq!(
        house
            .patch(&group, &json!([{"op": "remove", "path": "members"}]))
            .status,
        204
    );
    assert_eq!(members(&house.get(&group).ok()), Vec::<&str>::new());
    house
        .ask(
            "PUT",
            &group,
            &json!({"displayName": "Staff", "members": [{"value": id(&bo)}]}),
        )
        .ok();
    assert_eq!(members(&house.get(&group).ok()), [id(&bo)]);
}

#[test]
fn a_member_is_not_turned_into_another() {
    let house = House::new();
    let (ana, bo) = (
        house.person(&json!({"userName": "ana"})),
        house.person(&json!({"userName": "bo"})),
    );
    let group = house.group(&json!({"displayName": "Staff", "members": [{"value": id(&ana)}]}));
    let values = format!("members[value eq \"{}\"]", id(&ana));
    for operation in [
        json!([{"op": "replace", "path": format!("{values}.value"), "value": id(&bo)}]),
        json!([{"op": "replace", "path": values, "value": {"value": id(&bo)}}]),
        json!([{"op": "remove", "path": format!("{values}.type")}]),
        json!([{"op": "add", "path": "members.type", "value": "Group"}]),
        json!([{"op": "remove", "path": "displayName"}]),
    ] {
        house.patch(&group, &operation).refused(400, "mutability");
    }
}

#[test]
fn who_is_removed_is_in_no_group_any_more() {
    let house = House::new();
    let ana = house.person(&json!({"userName": "ana"}));
    let group = house.group(&json!({"displayName": "Staff", "members": [{"value": id(&ana)}]}));
    house.ask("DELETE", &ana, &Value::Null);
    assert_eq!(members(&house.get(&group).ok()), Vec::<&str>::new());
    assert_eq!(house.ask("DELETE", &group, &Value::Null).status, 204);
    house.get(&group).refused(404, "");
}

#[test]
fn a_change_of_members_is_made_to_the_version_that_is_named() {
    let house = House::new();
    let ana = house.person(&json!({"userName": "ana"}));
    let group = house.group(&json!({"displayName": "Staff"}));
    let tag = house.get(&group).header("etag").to_owned();
    let body =
        json!({"Operations": [{"op": "add", "path": "members", "value": [{"value": id(&ana)}]}]});
    assert_eq!(
        house
            .ask_if("PATCH", &group, &[("if-match", &tag)], &body)
            .status,
        204
    );
    house
        .ask_if("PATCH", &group, &[("if-match", &tag)], &body)
        .refused(412, "");
}
