//! The tables as `/Schemas` shows them: RFC 7643, section 7.

use serde_json::{Value, json};

use super::{Attribute, Mutability, Returned, Schema, Type};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// A schema as a resource of its own.
pub(crate) fn announced(schema: &Schema, location: &str) -> Value {
    json!({
        "schemas": [SCHEMA],
        "id": schema.urn,
        "name": schema.name,
        "description": schema.description,
        "attributes": attributes(schema.attributes),
        "meta": {"resourceType": "Schema", "location": location},
    })
}

fn attributes(attributes: &[Attribute]) -> Value {
    attributes.iter().map(attribute).collect()
}

// It calls itself once at most: parts of complex attributes are not complex.
fn attribute(of: &Attribute) -> Value {
    let mut shown = json!({
        "name": of.name,
        "description": of.description,
        "type": word(of.value),
        "multiValued": of.is_many,
        "required": of.is_required,
        "mutability": match of.mutability {
            Mutability::ReadWrite => "readWrite",
            Mutability::ReadOnly => "readOnly",
            Mutability::Immutable => "immutable",
        },
        "returned": match of.returned {
            Returned::Always => "always",
            Returned::Default => "default",
            Returned::Request => "request",
        },
        "uniqueness": if of.is_unique { "server" } else { "none" },
    });
    if let Some(members) = shown.as_object_mut() {
        match of.value {
            Type::Text => {
                members.insert("caseExact".into(), of.is_case_exact.into());
            }
            Type::Reference(types) => {
                members.insert("caseExact".into(), of.is_case_exact.into());
                members.insert("referenceTypes".into(), json!(types));
            }
            Type::Complex(parts) => {
                members.insert("subAttributes".into(), attributes(parts));
            }
            Type::Boolean | Type::Instant => {}
        }
        if !of.canonical.is_empty() {
            members.insert("canonicalValues".into(), json!(of.canonical));
        }
    }
    shown
}

const fn word(value: Type) -> &'static str {
    match value {
        Type::Text => "string",
        Type::Boolean => "boolean",
        Type::Instant => "dateTime",
        Type::Reference(_) => "reference",
        Type::Complex(_) => "complex",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_complex_attributes_are_not_complex() {
        for schema in Schema::ALL {
            for part in schema.attributes.iter().flat_map(Attribute::parts) {
                assert!(!part.is_complex() && !part.is_many, "{}", part.name);
            }
        }
    }

    #[test]
    fn what_is_announced_of_a_unique_name_is_what_is_kept() {
        let shown = announced(Schema::ALL[0], "https://a.example/Schemas/x");
        let user_name = &shown["attributes"][0];
        assert_eq!(user_name["name"], "userName");
        assert_eq!(user_name["caseExact"], false);
        assert_eq!(user_name["uniqueness"], "server");
        assert_eq!(user_name["required"], true);
    }
}
