//! What is wrong with a body or a file, in the words of its form and not of the program's types.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::types::Problem;

/// How what is read is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Toml,
}

/// Reads the JSON of a body; one that is empty says nothing at all.
pub(crate) fn body<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let text = if text.is_empty() { b"{}" } else { text };
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut reader);
    let read = read.map_err(|fault| refused(&fault.path().to_string(), fault.inner()))?;
    reader.end().map_err(|fault| refused(".", &fault))?;
    Ok(read)
}

fn refused(path: &str, fault: &serde_json::Error) -> Problem {
    let told = fault.to_string();
    if fault.classify() != Category::Data {
        return Problem::invalid(format!("the body is not JSON: {told}")).field("body");
    }
    let message = told
        .rsplit_once(" at line ")
        .map_or(&*told, |(message, _)| message);
    let field = field(path, message);
    let words = words(message, Form::Json);
    let detail = match field == "body" {
        true => format!("the body cannot be read: {words}"),
        false => format!("`{field}` cannot be read: {words}"),
    };
    Problem::invalid(detail).field(&field)
}

/// The whole path of what a fault is about: that of the field which is missing or not known too.
fn field(path: &str, message: &str) -> String {
    let path = if path == "." { "" } else { path };
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split('`').next());
    match named {
        None if path.is_empty() => "body".to_owned(),
        None => path.to_owned(),
        Some(name) if path.is_empty() => name.to_owned(),
        Some(name) if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        Some(name) => format!("{path}.{name}"),
    }
}

/// A fault of reading in the words of the form that is read.
pub(crate) fn words(message: &str, form: Form) -> String {
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        return match rest.split_once(", expected ") {
            Some((given, known)) => format!("{given} is not {}", among(known)),
            None => format!("{rest} is not known"),
        };
    }
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return match rest.split_once(", ") {
            Some((given, known)) if known.starts_with("expected ") => {
                let known = known.trim_start_matches("expected ");
                format!(
                    "there is no field {given}, only {}",
                    known.replace("one of ", "")
                )
            }
            _ => format!("there is no such field as {rest}"),
        };
    }
    if message.starts_with("data did not match any variant") {
        return "it has none of the forms that it may have".to_owned();
    }
    match message.split_once(", expected ") {
        Some((given, expected)) => {
            let (given, expected) = (given_words(given, form), expected_words(expected, form));
            format!("expected {expected}, got {given}")
        }
        None => message.to_owned(),
    }
}

fn among(known: &str) -> String {
    match known.strip_prefix("one of ") {
        Some(several) => format!("one of {several}"),
        None => known.to_owned(),
    }
}

/// What there is: `invalid type: map`, `invalid value: integer `-1``.
fn given_words(given: &str, form: Form) -> String {
    if given.starts_with("invalid length ") {
        return list(form).to_owned();
    }
    let kinds = ["invalid type: ", "invalid value: "];
    let given = kinds
        .iter()
        .find_map(|kind| given.strip_prefix(kind))
        .unwrap_or(given);
    match given {
        "map" => object(form).to_owned(),
        "sequence" => list(form).to_owned(),
        "unit value" | "null" | "Option value" => "null".to_owned(),
        _ => given
            .replace("floating point", "the number")
            .replace("integer", "the number")
            .replace("boolean", "the value")
            .replace("string \"", "the text \""),
    }
}

/// What there should be: Rust's names of its types are nobody else's.
fn expected_words(expected: &str, form: Form) -> String {
    let is_number = |kind: &str| {
        let width = kind.strip_prefix(['u', 'i']);
        width.is_some_and(|width| width == "size" || width.parse::<u8>().is_ok())
    };
    let begins = |starts: &[&str]| starts.iter().any(|start| expected.starts_with(start));
    if begins(&[
        "struct ",
        "a map",
        "map",
        "struct variant ",
        "internally tagged enum ",
        "adjacently tagged enum ",
    ]) {
        object(form).to_owned()
    } else if begins(&["a sequence", "sequence", "tuple", "an array"]) {
        list(form).to_owned()
    } else if begins(&[
        "enum ",
        "string",
        "a string",
        "a borrowed string",
        "variant identifier",
        "externally tagged enum ",
    ]) {
        "a text".to_owned()
    } else if is_number(expected) {
        whole_number(expected)
    } else if begins(&["f32", "f64"]) {
        "a number".to_owned()
    } else if begins(&["a boolean", "boolean", "bool"]) {
        "true or false".to_owned()
    } else if begins(&["unit", "null"]) {
        "null".to_owned()
    } else {
        expected.to_owned()
    }
}

fn whole_number(kind: &str) -> String {
    let most = match kind {
        "u8" => u64::from(u8::MAX),
        "u16" => u64::from(u16::MAX),
        "u32" => u64::from(u32::MAX),
        _ => return "a whole number".to_owned(),
    };
    format!("a whole number from 0 to {most}")
}

const fn object(form: Form) -> &'static str {
    match form {
        Form::Json => "an object",
        Form::Toml => "a table",
    }
}

const fn list(form: Form) -> &'static str {
    match form {
        Form::Json => "a list",
        Form::Toml => "an array",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{AddUser, AppDocument, ApplyPolicies, Join, MakeLink};

    fn told<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> (String, String) {
        let problem = match body::<T>(text.as_bytes()) {
            Err(problem) => problem,
            Ok(read) => panic!("it is read: {read:?}"),
        };
        let field = problem.field.unwrap_or_default();
        (field.into(), problem.detail.into())
    }

    #[track_caller]
    fn check<T: DeserializeOwned + std::fmt::Debug>(text: &str, field: &str, words: &str) {
        let (found, detail) = told::<T>(text);
        assert_eq!(found, field, "{detail}");
        assert!(detail.contains(words), "{detail}");
        for rust in [
            "struct", "enum", "u64", "sequence", "map", "variant", "Document",
        ] {
            assert!(!detail.contains(rust), "{detail}");
        }
    }

    #[test]
    fn a_fault_names_its_field_by_its_whole_path_and_speaks_of_json() {
        let app = |upstream: &str| {
            format!(r#"{{"name":"a","host":"a.example.org","upstream":{upstream}}}"#)
        };
        check::<AppDocument>(
            &app("\"x\""),
            "upstream",
            "expected an object, got the text \"x\"",
        );
        check::<AppDocument>(
            &app(r#"{"servers":1}"#),
            "upstream.servers",
            "expected a list",
        );
        check::<AppDocument>(
            &app(r#"{"servers":[[]]}"#),
            "upstream.servers[0]",
            "it is neither an address such as",
        );
        check::<AppDocument>(
            &app(r#"{"servers":[],"moon":1}"#),
            "upstream.moon",
            "there is no field `moon`, only ",
        );
        check::<AddUser>(
            r#"{"name":1}"#,
            "name",
            "expected a text, got the number `1`",
        );
        check::<AddUser>("{}", "name", "missing field `name`");
        check::<AddUser>("[]", "body", "the body cannot be read");
        check::<Join>(r#"{"until":-1}"#, "until", "expected a whole number");
        check::<MakeLink>(
            r#"{"kind":"moon"}"#,
            "kind",
            "`moon` is not one of `sign-in`, ",
        );
        check::<ApplyPolicies>(
            r#"{"files":[{"name":"a.cedar"}]}"#,
            "files[0].text",
            "missing field `text`",
        );
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none() {
        for text in ["{", "{\"until\":}", "{} {}", "nothing", "\u{feff}{}"] {
            let (field, detail) = told::<Join>(text);
            assert_eq!(field, "body");
            assert!(detail.starts_with("the body is not JSON: "), "{detail}");
        }
        assert!(body::<Join>(b"").is_ok());
    }
}
