//! JSON objects read strictly: every member once, nested no deeper than a bound.
//!
//! RFC 7515, 4 and RFC 7519, 4 let a reader take the last of two members of one name; two readers
//! of one token that take different ones are how a check is passed by. Here it is a fault, at
//! every level.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep objects and arrays may nest, the outermost one counted.
pub const JSON_DEPTH_MAX: usize = 16;

/// An object, its members each once.
pub type Object = Map<String, Value>;

/// Why bytes are not a JSON object as it is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// Not JSON, or a number that no double holds.
    #[error("it is not JSON")]
    Syntax,
    /// JSON, but not an object.
    #[error("it is not an object")]
    NotAnObject,
    /// Two members of one name.
    #[error("a member is there twice")]
    Duplicate,
    /// Deeper than [`JSON_DEPTH_MAX`].
    #[error("it nests deeper than {JSON_DEPTH_MAX} levels")]
    TooDeep,
}

/// Reads an object.
///
/// # Errors
/// Where the bytes are no JSON object, or one beyond these bounds.
pub fn object(bytes: &[u8]) -> Result<Object, JsonFault> {
    let found = Cell::new(JsonFault::Syntax);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict {
        levels: JSON_DEPTH_MAX,
        found: &found,
    };
    let read = strict.deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(JsonFault::NotAnObject),
        Err(_) => Err(found.get()),
    }
}

/// Reads one value with so many levels left.
#[derive(Clone, Copy)]
struct Strict<'a> {
    levels: usize,
    found: &'a Cell<JsonFault>,
}

impl Strict<'_> {
    fn fails<E: serde::de::Error>(self, fault: JsonFault) -> E {
        self.found.set(fault);
        E::custom(fault)
    }

    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Self { levels, ..self }),
            None => Err(self.fails(JsonFault::TooDeep)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom(JsonFault::Syntax))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(below)? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut read = Object::new();
        while let Some(name) = members.next_key::<String>()? {
            if read.contains_key(&name) {
                return Err(A::Error::custom(
                    self.fails::<A::Error>(JsonFault::Duplicate),
                ));
            }
            let value = members.next_value_seed(below)?;
            read.insert(name, value);
        }
        Ok(Value::Object(read))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_member_that_is_there_twice_is_refused_at_every_level_and_in_every_spelling() {
        for twice in [
            r#"{"iss":"a","iss":"b"}"#,
            r#"{"iss":"a","\u0069ss":"a"}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"{"a":[{"b":1,"b":1}]}"#,
        ] {
            assert_eq!(
                object(twice.as_bytes()),
                Err(JsonFault::Duplicate),
                "{twice}"
            );
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |levels: usize| {
            let inner = levels - 1;
            format!(r#"{{"a":{}{}}}"#, "[".repeat(inner), "]".repeat(inner))
        };
        assert!(object(nested(JSON_DEPTH_MAX).as_bytes()).is_ok());
        let deeper = object(nested(JSON_DEPTH_MAX + 1).as_bytes());
        assert_eq!(deeper, Err(JsonFault::TooDeep));
        let endless = "[".repeat(1_000_000);
        assert_eq!(object(endless.as_bytes()), Err(JsonFault::TooDeep));
    }

    #[test]
    fn what_no_double_holds_and_what_follows_the_object_is_refused() {
        for other in [
            "",
            r#"{"exp":1e999}"#,
            r#"{"exp":NaN}"#,
            r#"{"exp":Infinity}"#,
            r#"{"exp":-Infinity}"#,
            "{} {}",
            "{}x",
            "{'a':1}",
            "\u{feff}{}",
        ] {
            assert_eq!(object(other.as_bytes()), Err(JsonFault::Syntax), "{other}");
        }
        for other in ["[]", "null", "\"a\"", "1"] {
            assert_eq!(
                object(other.as_bytes()),
                Err(JsonFault::NotAnObject),
                "{other}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_another_reader_reads(text in r#"\{("[ab]":[0-9]{1,3},?){0,3}\}"#) {
            if let Ok(read) = object(text.as_bytes()) {
                let other: Object = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(read, other);
            }
        }
    }
}
