use serde_json::json;

use super::*;
use crate::id::ResourceKind;

/// What operations make of a person.
fn after(before: Value, operations: Value) -> Result<Value, PatchTrouble> {
    let (Value::Object(before), Value::Array(given)) = (before, operations) else {
        panic!("an object and a list")
    };
    let id = "u".parse().unwrap();
    let operations = Operation::read_all(ResourceKind::User, &id, given);
    let form = operations.and_then(|operations| applied(before, &operations));
    form.map(Value::Object).map_err(|fault| fault.trouble)
}

fn mails(of: Value) -> Value {
    json!({"emails": of})
}

#[test]
fn parts_that_are_not_named_stay() {
    let before = json!({"name": {"givenName": "Ana", "familyName": "M"}});
    let operations = json!([{"op": "replace", "path": "name", "value": {"givenName": "Bo"}}]);
    let expected = json!({"name": {"givenName": "Bo", "familyName": "M"}});
    assert_eq!(after(before, operations), Ok(expected));
}

#[test]
fn a_text_stands_for_a_value_of_parts() {
    let operations = json!([{"op": "add", "path": "name", "value": "Ana M"},
        {"op": "add", "path": "emails", "value": "a@b"}]);
    let expected = json!({"name": {"formatted": "Ana M"}, "emails": [{"value": "a@b"}]});
    assert_eq!(after(json!({}), operations), Ok(expected));
}

#[test]
fn a_value_that_is_made_up_has_parts_that_there_are_by_their_names() {
    let add = |path: &str| json!([{"op": "add", "path": path, "value": "a@b"}]);
    assert_eq!(
        after(json!({}), add("emails[TYPE eq \"work\"].value")),
        Ok(mails(json!([{"type": "work", "value": "a@b"}])))
    );
    let unknown = after(json!({}), add("emails[kind eq \"work\"].value"));
    assert_eq!(unknown, Err(PatchTrouble::NoTarget("emails")));
}

#[test]
fn what_has_no_parts_left_is_gone() {
    let operations = json!([{"op": "remove", "path": "name.givenName"}]);
    assert_eq!(
        after(json!({"name": {"givenName": "Ana"}}), operations),
        Ok(json!({}))
    );
    let urn = crate::schema::ENTERPRISE;
    let operations = json!([{"op": "remove", "path": urn}]);
    assert_eq!(
        after(json!({urn: {"department": "R"}}), operations),
        Ok(json!({}))
    );
}

#[test]
fn an_extension_is_patched_by_its_urn() {
    let urn = crate::schema::ENTERPRISE;
    let operations = json!([{"op": "add", "path": urn, "value": {"department": "R", "x": 1}},
        {"op": "add", "value": {urn: {"division": "D"}}}]);
    let expected = json!({urn: {"department": "R", "division": "D"}});
    assert_eq!(after(json!({}), operations), Ok(expected));
}

#[test]
fn null_and_an_empty_list_take_away_where_they_replace_and_do_nothing_where_they_are_added() {
    let before = || json!({"title": "T", "emails": [{"value": "a@b"}]});
    let with = |verb: &str| {
        json!([{"op": verb, "path": "title", "value": null},
        {"op": verb, "path": "emails", "value": []}])
    };
    assert_eq!(after(before(), with("replace")), Ok(json!({})));
    assert_eq!(after(before(), with("add")), Ok(before()));
}

#[test]
fn a_part_is_set_of_all_values_or_of_those_that_are_meant() {
    let two = || mails(json!([{"value": "a@b", "type": "work"}, {"value": "c@d", "type": "home"}]));
    let all = json!([{"op": "replace", "path": "emails.type", "value": "other"}]);
    let expected =
        mails(json!([{"value": "a@b", "type": "other"}, {"value": "c@d", "type": "other"}]));
    assert_eq!(after(two(), all), Ok(expected));
    let one = json!([{"op": "replace", "path": "emails[value ew \"d\"].primary", "value": true}]);
    let changed = after(two(), one).unwrap();
    assert_eq!(changed["emails"][1]["primary"], true);
    assert_eq!(
        changed["emails"][0],
        json!({"value": "a@b", "type": "work"})
    );
}

#[test]
fn values_that_become_the_same_are_one() {
    let two = mails(json!([{"value": "a@b", "type": "work"}, {"value": "a@b", "type": "home"}]));
    let operations = json!([{"op": "replace", "path": "emails.type", "value": "work"}]);
    assert_eq!(
        after(two, operations),
        Ok(mails(json!([{"value": "a@b", "type": "work"}])))
    );
}

#[test]
fn nothing_is_made_up_from_a_filter_that_does_not_say_what_to_make() {
    for filter in [
        "type ne \"work\"",
        "type eq \"work\" or type eq \"home\"",
        "not (type pr)",
    ] {
        let path = format!("emails[{filter}].value");
        let operations = json!([{"op": "add", "path": path, "value": "a@b"}]);
        assert_eq!(
            after(json!({}), operations),
            Err(PatchTrouble::NoTarget("emails")),
            "{filter}"
        );
    }
}

#[test]
fn a_value_without_parts_is_none() {
    let before = mails(json!([{"type": "work"}, {"value": "a@b", "type": "work"}]));
    let operations = json!([{"op": "remove", "path": "emails.type"}]);
    assert_eq!(
        after(before, operations),
        Ok(mails(json!([{"value": "a@b"}])))
    );
}

#[test]
fn a_patch_that_goes_through_many_values_many_times_is_refused() {
    let many: Vec<_> = (0..5000)
        .map(|n| json!({"value": format!("a{n}@b")}))
        .collect();
    let one = json!({"op": "remove", "path": "emails[type eq \"work\"]"});
    let mut operations = vec![one; 300];
    let first = json!({"op": "add", "path": "emails", "value": many});
    operations.insert(0, first);
    assert_eq!(
        after(json!({}), json!(operations)),
        Err(PatchTrouble::Large)
    );
}

#[test]
fn operations_follow_one_another() {
    let operations = json!([
        {"op": "add", "path": "emails[type eq \"work\"].value", "value": "a@b"},
        {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "c@d"},
        {"op": "add", "path": "title", "value": "T"},
        {"op": "remove", "path": "title"},
    ]);
    let expected = mails(json!([{"value": "c@d", "type": "work"}]));
    assert_eq!(after(json!({}), operations), Ok(expected));
}
