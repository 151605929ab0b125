use serde_json::json;

use super::*;
use crate::id::ResourceKind;

fn change(operations: Value) -> Option<GroupChange> {
    let Value::Array(given) = operations else {
        panic!("a list")
    };
    let id = "g".parse().unwrap();
    delta(&Operation::read_all(ResourceKind::Group, &id, given).unwrap()).unwrap()
}

fn ids(change: &GroupChange) -> (Vec<&str>, Vec<&str>) {
    let add = change.add.iter().map(|member| member.id.as_str());
    let remove = change.remove.iter().map(ResourceId::as_str);
    (add.collect(), remove.collect())
}

#[test]
fn the_last_word_on_a_member_counts() {
    let add = |id: &str| json!({"op": "add", "path": "members", "value": [{"value": id}]});
    let remove = |id: &str| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
    let net = change(json!([
        add("a"),
        remove("b"),
        add("b"),
        remove("a"),
        add("c")
    ]))
    .unwrap();
    assert_eq!(ids(&net), (vec!["b", "c"], vec!["a"]));
}

#[test]
fn several_may_be_named_by_one_filter() {
    let path = "members[value eq \"a\" or VALUE EQ \"b\"]";
    let net = change(json!([{"op": "remove", "path": path}])).unwrap();
    assert_eq!(ids(&net), (vec![], vec!["a", "b"]));
}

#[test]
fn who_could_not_be_a_member_is_not_taken_out() {
    let net = change(json!([{"op": "remove", "path": "members[value eq \"../a\"]"}])).unwrap();
    assert_eq!(net, GroupChange::default());
}

#[test]
fn what_needs_the_members_that_there_are_is_no_change_one_by_one() {
    for operation in [
        json!({"op": "remove", "path": "members"}),
        json!({"op": "replace", "path": "members", "value": [{"value": "a"}]}),
        json!({"op": "remove", "path": "members[type eq \"User\"]"}),
        json!({"op": "remove", "path": "members[value eq \"a\" and type eq \"User\"]"}),
        json!({"op": "remove", "path": "members[value ne \"a\"]"}),
    ] {
        assert_eq!(change(json!([operation])), None, "{operation}");
    }
}

#[test]
fn names_are_checked_as_those_of_a_whole_group_are() {
    let given = vec![json!({"op": "replace", "path": "displayName", "value": "a\u{200b}"})];
    let id = "g".parse().unwrap();
    let operations = Operation::read_all(ResourceKind::Group, &id, given).unwrap();
    assert!(matches!(
        delta(&operations).unwrap_err().trouble,
        PatchTrouble::Value(_)
    ));
    let net = change(json!([{"op": "replace", "value": {"externalId": null}}])).unwrap();
    assert_eq!(net.external_id, Some(None));
}
