//! JSON from outside, read so that everybody who reads it reads the same.
//!
//! A member that is given twice is refused instead of one of the two being taken, also where the
//! two differ in case: names of attributes do not tell case (RFC 7643, section 2.1).

use std::{collections::HashSet, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::text::shown;

/// How deep objects and arrays may be in one another. A bulk of patches of complex values needs 8.
pub const JSON_DEPTH_MAX: usize = 16;
/// How many values, in all, a body may hold: what they take in memory is bounded by it.
pub const JSON_VALUES_MAX: usize = 500_000;

/// A body that is not taken for JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JsonFault {
    /// Not JSON, or not of these rules.
    #[error("the body is not JSON as it is read here: {0}")]
    Malformed(String),
    /// Something else than an object.
    #[error("the body is not a JSON object")]
    NotAnObject,
}

/// Reads an object.
///
/// # Errors
/// What is not JSON, nested deeper than [`JSON_DEPTH_MAX`], larger than [`JSON_VALUES_MAX`]
/// values, or names a member of an object twice.
pub(crate) fn read_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonFault> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let mut left = JSON_VALUES_MAX;
    let seed = Strict {
        depth: JSON_DEPTH_MAX,
        left: &mut left,
    };
    let malformed = |fault: serde_json::Error| JsonFault::Malformed(fault.to_string());
    let value = seed.deserialize(&mut deserializer).map_err(malformed)?;
    deserializer.end().map_err(malformed)?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(JsonFault::NotAnObject),
    }
}

struct Strict<'a> {
    depth: usize,
    left: &'a mut usize,
}

impl Strict<'_> {
    fn inner<E: de::Error>(&mut self) -> Result<Strict<'_>, E> {
        let depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| E::custom(format!("nested deeper than {JSON_DEPTH_MAX}")))?;
        Ok(Strict {
            depth,
            left: self.left,
        })
    }

    fn count<E: de::Error>(&mut self) -> Result<(), E> {
        *self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| E::custom(format!("more than {JSON_VALUES_MAX} values")))?;
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<Value, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner()?)? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !seen.insert(name.to_ascii_lowercase()) {
                let name = shown(&name);
                return Err(de::Error::custom(format!(
                    "the member `{name}` is there twice"
                )));
            }
            let value = members.next_value_seed(self.inner()?)?;
            read.insert(name, value);
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        read_object(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let text = r#"{"a":[1,-2,2.5,"x",null,true,{"b":{}}],"c":"\u00e9"}"#;
        let read = Value::Object(read_object(text.as_bytes()).unwrap());
        assert_eq!(read, serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_member_that_is_there_twice_is_refused_also_in_another_case() {
        assert!(refusal(r#"{"active":true,"active":false}"#).contains("`active` is there twice"));
        assert!(refusal(r#"{"a":[{"active":true,"Active":false}]}"#).contains("`Active`"));
    }

    #[test]
    fn deep_json_is_refused_and_not_followed() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(refusal(&deep).contains("deeper than 16"));
    }

    #[test]
    fn what_follows_the_object_is_refused_and_so_is_anything_but_an_object() {
        assert!(refusal("{} {}").contains("trailing"));
        assert_eq!(read_object(b"[]"), Err(JsonFault::NotAnObject));
        assert!(read_object(b"").is_err() && read_object(b"{\"a\":\xff}").is_err());
    }
}
