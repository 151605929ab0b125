//! Laws that hold for whatever is sent.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::house::{House, id};

const SIMPLE: [&str; 4] = ["displayName", "title", "userType", "externalId"];
const PARTS: [&str; 3] = ["formatted", "givenName", "familyName"];

/// A change to one attribute, for the model and for the service.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, String),
    Clear(usize),
    SetPart(usize, String),
    ClearPart(usize),
    Address(usize, String),
    NoAddress(usize),
}

const KINDS: [&str; 3] = ["work", "home", "other"];

fn change() -> impl Strategy<Value = Change> {
    let word = || "[a-z]{1,6}";
    prop_oneof![
        (0..SIMPLE.len(), word()).prop_map(|(at, text)| Change::Set(at, text)),
        (0..SIMPLE.len()).prop_map(Change::Clear),
        (0..PARTS.len(), word()).prop_map(|(at, text)| Change::SetPart(at, text)),
        (0..PARTS.len()).prop_map(Change::ClearPart),
        (0..KINDS.len(), word())
            .prop_map(|(at, text)| Change::Address(at, format!("{text}@x.example"))),
        (0..KINDS.len()).prop_map(Change::NoAddress),
    ]
}

impl Change {
    fn operation(&self, verb: &str) -> Value {
        match self {
            Self::Set(at, text) => json!({"op": verb, "path": SIMPLE[*at], "value": text}),
            Self::Clear(at) => json!({"op": "remove", "path": SIMPLE[*at]}),
            Self::SetPart(at, text) => {
                json!({"op": verb, "value": {(format!("name.{}", PARTS[*at])): text}})
            }
            Self::ClearPart(at) => json!({"op": "Remove", "path": format!("name.{}", PARTS[*at])}),
            Self::Address(at, text) => json!({"op": "Add",
                "path": format!("emails[type eq \"{}\"].value", KINDS[*at]), "value": text}),
            Self::NoAddress(at) => {
                json!({"op": "remove", "path": format!("emails[type eq \"{}\"]", KINDS[*at])})
            }
        }
    }

    fn make(&self, model: &mut BTreeMap<String, String>) {
        let set = |model: &mut BTreeMap<String, String>, key: String, text: Option<&String>| {
            match text {
                Some(text) => model.insert(key, text.clone()),
                None => model.remove(&key),
            };
        };
        match self {
            Self::Set(at, text) => set(model, SIMPLE[*at].into(), Some(text)),
            Self::Clear(at) => set(model, SIMPLE[*at].into(), None),
            Self::SetPart(at, text) => set(model, format!("name.{}", PARTS[*at]), Some(text)),
            Self::ClearPart(at) => set(model, format!("name.{}", PARTS[*at]), None),
            Self::Address(at, text) => set(model, format!("emails.{}", KINDS[*at]), Some(text)),
            Self::NoAddress(at) => set(model, format!("emails.{}", KINDS[*at]), None),
        }
    }
}

/// A person as the model has them.
fn modelled(shown: &Value) -> BTreeMap<String, String> {
    let mut model = BTreeMap::new();
    let mut put = |key: String, value: &Value| {
        model.extend(value.as_str().map(|text| (key, text.to_owned())));
    };
    for name in SIMPLE {
        put(name.into(), &shown[name]);
    }
    for part in PARTS {
        put(format!("name.{part}"), &shown["name"][part]);
    }
    for email in shown["emails"].as_array().into_iter().flatten() {
        put(
            format!("emails.{}", email["type"].as_str().unwrap()),
            &email["value"],
        );
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_read_after_patches_is_what_they_say(
        patches in proptest::collection::vec(
            (proptest::collection::vec(change(), 1..6), any::<bool>()), 1..5),
    ) {
        let house = House::new();
        let path = house.person(&json!({"userName": "ana"}));
        let mut model = BTreeMap::new();
        for (changes, is_added) in patches {
            let verb = if is_added { "add" } else { "replace" };
            let operations: Vec<_> = changes.iter().map(|one| one.operation(verb)).collect();
            let answer = house.patch(&path, &json!(operations));
            prop_assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
            changes.iter().for_each(|one| one.make(&mut model));
            prop_assert_eq!(modelled(&answer.body), model.clone());
            prop_assert_eq!(house.get(&path).body, answer.body);
        }
    }

    #[test]
    fn members_patched_one_by_one_are_those_of_the_group_patched_whole(
        at_first in proptest::collection::vec(0..6usize, 0..6),
        words in proptest::collection::vec((0..4usize, proptest::collection::vec(0..6usize, 1..4)), 1..6),
    ) {
        let house = House::new();
        let people: Vec<_> = (0..6).map(|n| house.person(&json!({"userName": format!("p{n}")}))).collect();
        let value = |n: &usize| json!({"value": id(&people[*n])});
        let members: Vec<_> = at_first.iter().map(value).collect();
        let one_by_one = house.group(&json!({"displayName": "a", "members": members}));
        let whole = house.group(&json!({"displayName": "b", "members": members}));
        let mut operations: Vec<_> = words.iter().map(|(kind, who)| {
            let values: Vec<_> = who.iter().map(value).collect();
            let filter: Vec<_> = who.iter().map(|n| format!("value eq \"{}\"", id(&people[*n]))).collect();
            match kind {
                0 => json!({"op": "add", "path": "members", "value": values}),
                1 => json!({"op": "remove", "path": "members", "value": values}),
                2 => json!({"op": "add", "value": {"members": values}}),
                _ => json!({"op": "remove", "path": format!("members[{}]", filter.join(" or "))}),
            }
        }).collect();
        prop_assert_eq!(house.patch(&one_by_one, &json!(operations)).status.as_u16(), 204);
        // This takes nobody out, but cannot be said without reading who is in.
        operations.push(json!({"op": "remove", "path": "members[type eq \"Group\"]"}));
        house.directory.looked();
        prop_assert_eq!(house.patch(&whole, &json!(operations)).status.as_u16(), 204);
        prop_assert_eq!(house.get(&one_by_one).body["members"].clone(), house.get(&whole).body["members"].clone());
    }

    #[test]
    fn pages_hold_everything_once(
        count in 0..40usize, size in 1..9usize,
        filter in prop::sample::select(vec!["", "&filter=title+pr", "&sortBy=title", "&filter=title+pr&sortBy=userName&sortOrder=descending"]),
        path in prop::sample::select(vec!["/Users", "/"]),
    ) {
        let house = House::with(|settings| settings.page_max = 7);
        let mut all: Vec<_> = (0..count)
            .map(|n| house.person(&json!({"userName": format!("p{n}"), "title": format!("t{}", n % 3)})))
            .map(|path| id(&path).to_owned())
            .collect();
        let (mut seen, mut start) = (Vec::new(), 1);
        loop {
            let page = house.get(&format!("{path}?startIndex={start}&count={size}{filter}"));
            prop_assert_eq!(page.body["totalResults"].as_u64(), Some(count as u64));
            let ids = page.ids();
            prop_assert!(ids.len() <= size.min(7));
            if ids.is_empty() {
                break;
            }
            start += ids.len();
            seen.extend(ids.into_iter().map(str::to_owned));
        }
        seen.sort();
        all.sort();
        prop_assert_eq!(seen, all);
    }

    #[test]
    fn an_index_answers_as_looking_at_everybody_does(
        names in proptest::collection::btree_set("[a-c]{1,2}", 1..8),
        wanted in "[a-cA-C]{1,2}", is_active in any::<bool>(),
    ) {
        let house = House::new();
        for (n, name) in names.iter().enumerate() {
            house.person(&json!({"userName": name, "active": n.is_multiple_of(2), "externalId": name}));
        }
        for attribute in ["userName", "externalId"] {
            let indexed = format!("{attribute} eq \"{wanted}\" and active eq {is_active}");
            // Under `or`, nothing is looked up.
            let scanned = format!("({indexed}) or userType pr");
            let by_index = house.found("/Users", &indexed);
            let by_scan = house.found("/Users", &scanned);
            prop_assert_eq!(by_index.body["Resources"].clone(), by_scan.body["Resources"].clone());
        }
    }

    #[test]
    fn whatever_is_sent_is_answered(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE"]),
        path in "/(Users|Groups|Bulk|\\.search|Schemas|Me)?(/[a-z%.0-9]{0,4})?(\\?[a-zA-Z=&%0-9]{0,12})?",
        body in prop_oneof!["\\PC{0,20}", any_json().prop_map(|value| value.to_string())],
    ) {
        let house = House::new();
        house.person(&json!({"userName": "ana"}));
        let answer = house.ask_raw(method, &path, body);
        prop_assert!(!answer.status.is_server_error() || answer.status == 501, "{}", answer.body);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "Operations",
        "op",
        "path",
        "value",
        "userName",
        "emails",
        "members",
        "schemas",
        "data",
        "method",
        "bulkId",
        "filter",
        "active",
        "name",
        "displayName",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "add",
            "remove",
            "POST",
            "/Users",
            "emails[type eq \"x\"].value",
            "a@b",
            "bulkId:a",
            "",
            "userName",
            "True",
            "a",
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..5).prop_map(|map| map
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v))
                .collect::<Value>()),
        ]
    })
}
