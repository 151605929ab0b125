//! What fuzzing reaches of the readers that are this crate's own. Not for any other use.

use serde_json::Value;

use crate::{
    filter::{Compiled, Filter},
    id::{ResourceId, ResourceKind},
    json::read_object,
    patch::{Operation, applied},
    query::Query,
    resource::{Group, User, canonical},
};

/// A filter as it is printed, read again and printed again: the two are the same.
pub fn filter_twice(text: &str) -> Option<(String, Option<String>)> {
    let once = Filter::read(text).ok()?;
    for kind in ResourceKind::ALL {
        if let Ok(compiled) = Compiled::of(&once, kind) {
            compiled.holds(&serde_json::Map::new());
        }
    }
    let printed = once.to_string();
    let twice = Filter::read(&printed).ok().map(|again| again.to_string());
    Some((printed, twice))
}

/// A body read as a resource of either kind, and a query: whether any of them would be taken.
pub fn read_body(body: &[u8], query: &str) -> bool {
    let is_query = Query::of_address(query).is_ok();
    let Ok(object) = read_object(body) else {
        return is_query;
    };
    let user = canonical(ResourceKind::User, object.clone()).map(|form| User::of(&form, false));
    let group = canonical(ResourceKind::Group, object.clone()).map(|form| Group::of(&form));
    let search = Query::of_message(object);
    is_query || matches!(user, Ok(Ok(_))) || matches!(group, Ok(Ok(_))) || search.is_ok()
}

/// Operations of a patch made to a resource; what comes of it is read as a resource again, and read
/// the same a second time.
pub fn patch(resource: &[u8], operations: &[u8]) -> Option<bool> {
    let id: ResourceId = "u".parse().ok()?;
    let form = canonical(ResourceKind::User, read_object(resource).ok()?).ok()?;
    let Value::Array(given) = read_object(operations).ok()?.remove("Operations")? else {
        return None;
    };
    let operations = Operation::read_all(ResourceKind::User, &id, given).ok()?;
    let after = applied(form, &operations).ok()?;
    let again = canonical(ResourceKind::User, after.clone()).ok()?;
    Some(again == after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let mail = || {
            let kind = prop::sample::select(vec!["work", "home", ""]);
            ("[ab]@x", kind, proptest::option::of(any::<bool>())).prop_map(
                |(value, kind, primary)| json!({"value": value, "type": kind, "primary": primary}),
            )
        };
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            "[a-c]?".prop_map(Value::from),
            mail(),
            proptest::collection::vec(mail(), 0..4).prop_map(Value::from),
            "[a-c]?".prop_map(|text| json!({"givenName": text, "value": text})),
        ]
    }

    fn operation() -> impl Strategy<Value = Value> {
        let path = prop::sample::select(vec![
            "emails",
            "emails.type",
            "emails.value",
            "emails.primary",
            "emails[type eq \"work\"]",
            "emails[type eq \"work\"].value",
            "emails[value sw \"a\"].type",
            "name",
            "name.givenName",
            "title",
            "active",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ]);
        let verb = prop::sample::select(vec!["add", "replace", "remove"]);
        (verb, path, value())
            .prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}))
    }

    proptest! {
        #[test]
        fn what_a_patch_leaves_is_read_again_as_it_is(
            mails in value(), operations in proptest::collection::vec(operation(), 1..6),
        ) {
            let resource = json!({"userName": "ana", "emails": mails}).to_string();
            let operations = json!({"Operations": operations}).to_string();
            let law = patch(resource.as_bytes(), operations.as_bytes());
            prop_assert_ne!(law, Some(false));
        }
    }
}
