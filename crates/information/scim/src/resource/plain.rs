//! JSON of a resource brought into the one form that everything else here works on: attributes by
//! the names that the schema has, of the types that it has, and without those that have no value
//! (RFC 7643, section 2.5) or are not known (RFC 7644, section 3.3).

use serde_json::{Map, Value};

use crate::{
    filter::instant,
    id::ResourceKind,
    schema::{Attribute, Mutability, Type},
};

/// A value that an attribute cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{attribute}` {trouble}")]
pub(crate) struct ValueFault {
    /// The attribute, as `emails.value`.
    pub(crate) attribute: String,
    pub(crate) trouble: ValueTrouble,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueTrouble {
    #[error("is not {0}")]
    Type(&'static str),
    #[error("is required")]
    Required,
    #[error("is longer than {0} bytes")]
    Long(usize),
    #[error("has control characters, characters that nobody sees, or spaces around it")]
    Characters,
    #[error("is not an address for mail")]
    Address,
    #[error("has more than {0} values")]
    Many(usize),
    #[error("has more than one value that is primary")]
    Primaries,
    #[error("is not the id of a user or group: use the `id` that was answered when it was created")]
    Id,
    #[error("does not list `{0}`")]
    Schema(&'static str),
}

impl ValueFault {
    pub(crate) fn new(attribute: impl Into<String>, trouble: ValueTrouble) -> Self {
        Self {
            attribute: attribute.into(),
            trouble,
        }
    }
}

/// How much is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A whole resource.
    Whole,
    /// A value of a patch, where a plain text may stand for a complex value with it, as Entra has
    /// it for `manager` and `members`.
    Patch,
}

/// A resource as a client gives it, without what only the directory gives.
pub(crate) fn canonical(
    kind: ResourceKind,
    given: Map<String, Value>,
) -> Result<Map<String, Value>, ValueFault> {
    let mut read = Map::new();
    for (name, value) in given {
        if name.eq_ignore_ascii_case("schemas") {
            listed(&value, kind.schema().urn)?;
        } else if let Some(attribute) = kind.attribute(&name) {
            insert(&mut read, attribute, value, Reading::Whole)?;
        } else if let Some(extension) = kind.extension()
            && extension.urn.eq_ignore_ascii_case(&name)
            && !value.is_null()
        {
            let parts = parts_of(extension.attributes, extension.urn, value, Reading::Whole)?;
            if !parts.is_empty() {
                read.insert(extension.urn.into(), Value::Object(parts));
            }
        }
    }
    Ok(read)
}

/// Whether `schemas` lists what it must.
pub(crate) fn listed(schemas: &Value, urn: &'static str) -> Result<(), ValueFault> {
    let listed = schemas.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_urn = |one: &Value| {
        one.as_str()
            .is_some_and(|one| one.eq_ignore_ascii_case(urn))
    };
    match listed.iter().any(is_urn) {
        true => Ok(()),
        false => Err(ValueFault::new("schemas", ValueTrouble::Schema(urn))),
    }
}

/// An attribute's value; none where that is what `null` or an empty list says.
pub(crate) fn canonical_value(
    attribute: &Attribute,
    value: Value,
    reading: Reading,
) -> Result<Option<Value>, ValueFault> {
    value_at(attribute, attribute.name.to_owned(), value, reading)
}

fn insert(
    into: &mut Map<String, Value>,
    attribute: &Attribute,
    value: Value,
    reading: Reading,
) -> Result<(), ValueFault> {
    if attribute.mutability == Mutability::ReadOnly {
        return Ok(());
    }
    if let Some(value) = canonical_value(attribute, value, reading)? {
        into.insert(attribute.name.into(), value);
    }
    Ok(())
}

// `value_at`, `single` and `parts_of` call one another as deep as schemas are: two levels.
fn value_at(
    attribute: &Attribute,
    path: String,
    value: Value,
    reading: Reading,
) -> Result<Option<Value>, ValueFault> {
    if !attribute.is_many {
        return single(attribute, path, value, reading);
    }
    let values = match (value, reading) {
        (Value::Array(values), _) => values,
        (Value::Null, _) => Vec::new(),
        (one, Reading::Patch) => vec![one],
        (_, Reading::Whole) => return Err(ValueFault::new(path, ValueTrouble::Type("a list"))),
    };
    let mut read = Vec::with_capacity(values.len());
    for value in values {
        read.extend(single(attribute, path.clone(), value, reading)?);
    }
    Ok((!read.is_empty()).then_some(Value::Array(read)))
}

fn single(
    attribute: &Attribute,
    path: String,
    value: Value,
    reading: Reading,
) -> Result<Option<Value>, ValueFault> {
    // Clients clear an attribute with an empty text as well.
    if value.is_null() || value == "" {
        return Ok(None);
    }
    let Type::Complex(parts) = attribute.value else {
        return simple(attribute.value, path, value).map(Some);
    };
    let value = match (value, attribute.stand_in(), reading) {
        (Value::String(text), Some(part), Reading::Patch) => {
            Value::Object(Map::from_iter([(part.name.to_owned(), text.into())]))
        }
        (Value::String(text), None, Reading::Patch) if attribute.part("formatted").is_some() => {
            Value::Object(Map::from_iter([("formatted".to_owned(), text.into())]))
        }
        (value, ..) => value,
    };
    let read = parts_of(parts, &path, value, reading)?;
    Ok((!read.is_empty()).then_some(Value::Object(read)))
}

fn parts_of(
    parts: &'static [Attribute],
    path: &str,
    value: Value,
    reading: Reading,
) -> Result<Map<String, Value>, ValueFault> {
    let Value::Object(given) = value else {
        return Err(ValueFault::new(path, ValueTrouble::Type("an object")));
    };
    let mut read = Map::new();
    for (name, value) in given {
        let named = |part: &&Attribute| part.name.eq_ignore_ascii_case(&name);
        let Some(part) = parts.iter().find(named) else {
            continue;
        };
        if part.mutability == Mutability::ReadOnly {
            continue;
        }
        let path = format!("{path}.{}", part.name);
        if let Some(value) = value_at(part, path, value, reading)? {
            read.insert(part.name.into(), value);
        }
    }
    Ok(read)
}

fn simple(expected: Type, path: String, value: Value) -> Result<Value, ValueFault> {
    let fault = |what| Err(ValueFault::new(path, ValueTrouble::Type(what)));
    match (expected, value) {
        (Type::Boolean, Value::Bool(value)) => Ok(Value::Bool(value)),
        // Entra sends `"False"` unless it is told to keep to the standard.
        (Type::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => {
            Ok(true.into())
        }
        (Type::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => {
            Ok(false.into())
        }
        (Type::Boolean, _) => fault("true or false"),
        (Type::Instant, Value::String(text)) if instant(&text).is_some() => Ok(text.into()),
        (Type::Instant, _) => fault("a time, as 2011-05-13T04:42:34Z"),
        (Type::Text | Type::Reference(_), Value::String(text)) => Ok(text.into()),
        (Type::Text | Type::Reference(_) | Type::Complex(_), _) => fault("a text"),
    }
}

/// The message of a request (`urn:ietf:params:scim:api:messages:2.0:…`), whose members do not tell
/// case either.
pub(crate) fn present(message: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = match message.contains_key(name) {
        true => name.to_owned(),
        false => {
            let is_meant = |key: &&String| key.eq_ignore_ascii_case(name);
            message.keys().find(is_meant)?.clone()
        }
    };
    message.remove(&key).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<Value, String> {
        let Value::Object(given) = value else {
            panic!("an object")
        };
        canonical(ResourceKind::User, given)
            .map(Value::Object)
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn names_become_those_of_the_schema_and_what_is_not_known_falls_away() {
        let given = json!({
            "USERNAME": "ana", "Name": {"GIVENNAME": "Ana", "shoe": 1}, "shoeSize": {"a": [1]},
            "emails": [{"VALUE": "a@b.c", "primary": "True"}],
            "URN:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"Department": "R"},
        });
        let expected = json!({
            "userName": "ana", "name": {"givenName": "Ana"},
            "emails": [{"value": "a@b.c", "primary": true}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R"},
        });
        assert_eq!(read(given), Ok(expected));
    }

    #[test]
    fn null_and_nothing_are_no_value() {
        let given = json!({"title": null, "emails": [{"value": ""}], "groups": [], "name": {"givenName": null},
            "userName": "a", "displayName": ""});
        assert_eq!(read(given), Ok(json!({"userName": "a"})));
    }

    #[test]
    fn what_only_the_directory_gives_falls_away() {
        let given = json!({
            "id": "x", "meta": {"created": "no"}, "groups": [{"value": "g"}], "userName": "a",
        });
        assert_eq!(read(given), Ok(json!({"userName": "a"})));
    }

    #[test]
    fn a_wrong_type_is_named() {
        for (given, said) in [
            (json!({"userName": 1}), "`userName` is not a text"),
            (json!({"active": "yes"}), "`active` is not true or false"),
            (json!({"name": "Ana"}), "`name` is not an object"),
            (
                json!({"emails": {"value": "a@b.c"}}),
                "`emails` is not a list",
            ),
            (json!({"emails": ["a@b.c"]}), "`emails` is not an object"),
            (
                json!({"emails": [{"value": {}}]}),
                "`emails.value` is not a text",
            ),
            (
                json!({"schemas": []}),
                "`schemas` does not list `urn:ietf:params:scim:schemas:core:2.0:User`",
            ),
        ] {
            assert_eq!(read(given), Err(said.to_owned()));
        }
    }
}
