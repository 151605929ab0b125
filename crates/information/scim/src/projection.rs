//! Which attributes an answer holds: RFC 7644, section 3.9.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    id::ResourceKind,
    path::{AttributePath, Place},
    refusal::Refusal,
    schema::{Attribute, Returned},
    text::shown,
};

/// How many attributes a request may name.
pub const ATTRIBUTES_MAX: usize = 100;

type Parts = Map<String, Value>;

/// The attributes that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Projection {
    /// Those that are returned by default.
    #[default]
    Default,
    /// These, and those that are always returned.
    Only(Vec<Named>),
    /// Those that are returned by default, without these.
    Without(Vec<Named>),
}

/// What a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// All attributes of a schema.
    Schema(Box<str>),
    Attribute(AttributePath),
}

impl Projection {
    pub(crate) fn of(
        attributes: Option<Vec<String>>,
        excluded: Option<Vec<String>>,
    ) -> Result<Self, Refusal> {
        match (attributes, excluded) {
            (None, None) => Ok(Self::Default),
            (Some(names), None) => Ok(Self::Only(named(&names)?)),
            (None, Some(names)) => Ok(Self::Without(named(&names)?)),
            (Some(_), Some(_)) => Err(Refusal::value(
                "`attributes` and `excludedAttributes` exclude each other: give one of them",
            )),
        }
    }

    /// Whether an attribute of this name is in the answer, or some part of it.
    pub(crate) fn wants(&self, kind: ResourceKind, attribute: &str) -> bool {
        let is_named = |names: &[Named], is_whole: bool| {
            names.iter().any(|name| match name {
                Named::Schema(urn) => urn.eq_ignore_ascii_case(kind.schema().urn),
                Named::Attribute(path) => Place::of(path, kind).is_some_and(|place| {
                    place.attribute.name == attribute && !(is_whole && place.part.is_some())
                }),
            })
        };
        match self {
            Self::Default => true,
            Self::Only(names) => is_named(names, false),
            Self::Without(names) => !is_named(names, true),
        }
    }

    /// What of a resource is answered.
    pub(crate) fn applied(&self, kind: ResourceKind, form: Parts) -> Parts {
        match self {
            Self::Default => without_requested(kind, form, &[]),
            Self::Only(names) => only(kind, without_requested(kind, form, names), names),
            Self::Without(names) => without(kind, without_requested(kind, form, &[]), names),
        }
    }
}

fn named(names: &[String]) -> Result<Vec<Named>, Refusal> {
    if names.len() > ATTRIBUTES_MAX {
        return Err(Refusal::value(format!(
            "more than {ATTRIBUTES_MAX} attributes are named"
        )));
    }
    names.iter().map(|name| Named::of(name.trim())).collect()
}

impl Named {
    fn of(text: &str) -> Result<Self, Refusal> {
        let schemas = ResourceKind::ALL
            .into_iter()
            .flat_map(|kind| [Some(kind.schema()), kind.extension()]);
        let is_schema = |urn: &str| urn.eq_ignore_ascii_case(text);
        if schemas.flatten().any(|schema| is_schema(schema.urn)) {
            return Ok(Self::Schema(text.into()));
        }
        let fault = |fault| Refusal::value(format!("`{}` is {fault}", shown(text)));
        AttributePath::read(text)
            .map(Self::Attribute)
            .map_err(fault)
    }
}

/// Parts that are answered only where they are asked for by name.
fn without_requested(kind: ResourceKind, mut form: Parts, asked: &[Named]) -> Parts {
    for attribute in kind.schema().attributes {
        let on_request = |part: &&Attribute| part.returned == Returned::Request;
        for part in attribute.parts().iter().filter(on_request) {
            let is_asked = asked.iter().any(|name| match name {
                Named::Schema(_) => false,
                Named::Attribute(path) => Place::of(path, kind)
                    .is_some_and(|place| place.attribute == attribute && place.part == Some(part)),
            });
            if !is_asked && let Some(value) = form.get_mut(attribute.name) {
                remove_part(value, part.name);
            }
        }
    }
    form
}

/// The parts of each attribute that are named; none where the whole is.
type Wanted = BTreeMap<(Option<&'static str>, &'static str), Option<Vec<&'static str>>>;

fn only(kind: ResourceKind, mut form: Parts, names: &[Named]) -> Parts {
    let mut kept = Parts::new();
    for attribute in ["schemas", "id"] {
        if let Some(value) = form.remove(attribute) {
            kept.insert(attribute.into(), value);
        }
    }
    for ((extension, attribute), parts) in wanted(kind, names) {
        let Some(container) = within(&mut form, extension) else {
            continue;
        };
        let Some(value) = container.remove(attribute) else {
            continue;
        };
        let value = match parts {
            None => Some(value),
            Some(parts) => with_parts(value, &parts),
        };
        if let Some(value) = value {
            insert(&mut kept, extension, attribute, value);
        }
    }
    kept
}

fn wanted(kind: ResourceKind, names: &[Named]) -> Wanted {
    let mut wanted = Wanted::new();
    let mut want = |place: Place| {
        let key = (
            place.extension.map(|schema| schema.urn),
            place.attribute.name,
        );
        let parts = wanted.entry(key).or_insert_with(|| Some(Vec::new()));
        match (place.part, parts.as_mut()) {
            (Some(part), Some(parts)) => parts.push(part.name),
            (None, _) => *parts = None,
            (Some(_), None) => {}
        }
    };
    for name in names {
        match name {
            Named::Attribute(path) => Place::of(path, kind).into_iter().for_each(&mut want),
            Named::Schema(urn) => all_of(kind, urn).for_each(&mut want),
        }
    }
    wanted
}

/// All attributes of a schema.
fn all_of(kind: ResourceKind, urn: &str) -> impl Iterator<Item = Place> + use<> {
    let is = |of: &str| of.eq_ignore_ascii_case(urn);
    let own = Some(kind.schema()).filter(|schema| is(schema.urn));
    let extension = kind.extension().filter(|schema| is(schema.urn));
    let schema = own.or(extension);
    let attributes = schema.map(|schema| schema.attributes).unwrap_or_default();
    attributes.iter().map(move |attribute| Place {
        extension,
        attribute,
        part: None,
    })
}

fn without(kind: ResourceKind, mut form: Parts, names: &[Named]) -> Parts {
    for name in names {
        let places: Vec<Place> = match name {
            Named::Attribute(path) => Place::of(path, kind).into_iter().collect(),
            Named::Schema(urn) => all_of(kind, urn).collect(),
        };
        for place in places {
            if place.attribute.returned != Returned::Always {
                remove(&mut form, &place);
            }
        }
    }
    form
}

fn remove(form: &mut Parts, place: &Place) {
    let extension = place.extension.map(|schema| schema.urn);
    let Some(container) = within(form, extension) else {
        return;
    };
    match place.part {
        None => {
            container.remove(place.attribute.name);
        }
        Some(part) => {
            if let Some(value) = container.get_mut(place.attribute.name) {
                remove_part(value, part.name);
            }
        }
    }
    let is_empty = container.is_empty();
    if let (true, Some(urn)) = (is_empty, extension) {
        form.remove(urn);
    }
}

fn within<'f>(form: &'f mut Parts, extension: Option<&str>) -> Option<&'f mut Parts> {
    match extension {
        None => Some(form),
        Some(urn) => form.get_mut(urn).and_then(Value::as_object_mut),
    }
}

fn insert(into: &mut Parts, extension: Option<&str>, attribute: &str, value: Value) {
    let container = match extension {
        None => into,
        Some(urn) => {
            let inner = into
                .entry(urn)
                .or_insert_with(|| Value::Object(Parts::new()));
            match inner.as_object_mut() {
                Some(inner) => inner,
                None => return,
            }
        }
    };
    container.insert(attribute.into(), value);
}

fn remove_part(value: &mut Value, part: &str) {
    let values = match value {
        Value::Array(values) => values.as_mut_slice(),
        one => std::slice::from_mut(one),
    };
    for value in values.iter_mut().filter_map(Value::as_object_mut) {
        value.remove(part);
    }
}

fn with_parts(value: Value, parts: &[&str]) -> Option<Value> {
    let keep = |value: Value| match value {
        Value::Object(all) => {
            let kept: Parts = all
                .into_iter()
                .filter(|(name, _)| parts.contains(&name.as_str()))
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        _ => None,
    };
    match value {
        Value::Array(values) => {
            let kept: Vec<_> = values.into_iter().filter_map(keep).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        one => keep(one),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn ana() -> Parts {
        let ana = json!({
            "schemas": ["s"], "id": "u1", "userName": "ana",
            "name": {"givenName": "Ana", "familyName": "M"},
            "emails": [{"value": "a@b", "type": "work", "primary": true}],
            "meta": {"version": "W/\"1\"", "location": "x"},
            ENTERPRISE: {"department": "R", "division": "D"},
        });
        ana.as_object().unwrap().clone()
    }

    fn only(names: &[&str]) -> Value {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let projection = Projection::of(Some(names), None).unwrap();
        Value::Object(projection.applied(ResourceKind::User, ana()))
    }

    fn without(names: &[&str]) -> Parts {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let projection = Projection::of(None, Some(names)).unwrap();
        projection.applied(ResourceKind::User, ana())
    }

    #[test]
    fn only_what_is_named_is_answered_and_what_always_is() {
        assert_eq!(
            only(&["USERNAME"]),
            json!({"schemas": ["s"], "id": "u1", "userName": "ana"})
        );
        assert_eq!(
            only(&["name.givenName", "emails.value", "emails.type", "nothing"]),
            json!({"schemas": ["s"], "id": "u1", "name": {"givenName": "Ana"},
                "emails": [{"value": "a@b", "type": "work"}]})
        );
        assert_eq!(
            only(&["name.givenName", "name"])["name"],
            json!({"givenName": "Ana", "familyName": "M"})
        );
        assert_eq!(
            only(&[ENTERPRISE])[ENTERPRISE],
            json!({"department": "R", "division": "D"})
        );
        let department = format!("{ENTERPRISE}:department");
        assert_eq!(only(&[&department])[ENTERPRISE], json!({"department": "R"}));
    }

    #[test]
    fn what_is_excluded_is_not_answered_except_where_it_always_is() {
        let left = without(&["id", "schemas", "emails", "name.givenName", "meta.version"]);
        assert!(left.contains_key("id") && left.contains_key("schemas"));
        assert!(!left.contains_key("emails"));
        assert_eq!(left["name"], json!({"familyName": "M"}));
        assert_eq!(left["meta"], json!({"location": "x"}));
        assert!(!without(&[ENTERPRISE]).contains_key(ENTERPRISE));
    }

    #[test]
    fn names_of_members_are_answered_where_they_are_asked_for() {
        let group = || {
            let group = json!({"id": "g", "members": [{"value": "u", "display": "Ana"}]});
            group.as_object().unwrap().clone()
        };
        let asked = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let projection = Projection::of(Some(names), None).unwrap();
            projection.applied(ResourceKind::Group, group())["members"][0].clone()
        };
        assert_eq!(asked(&["members"]), json!({"value": "u"}));
        assert_eq!(
            asked(&["members.value", "members.display"]),
            json!({"value": "u", "display": "Ana"})
        );
        let default = Projection::Default.applied(ResourceKind::Group, group());
        assert_eq!(default["members"][0], json!({"value": "u"}));
    }

    #[test]
    fn both_at_once_are_refused() {
        let names = || Some(vec!["id".to_owned()]);
        assert!(Projection::of(names(), names()).is_err());
        assert!(Projection::of(Some(vec!["a b".into()]), None).is_err());
        assert!(Projection::of(Some(vec!["a".into(); 101]), None).is_err());
    }
}
