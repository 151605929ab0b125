//! Attributes with many values: which of them a patch means, and what becomes of them.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{Operation, PatchTrouble, Selected, Verb, read::object};
use crate::{
    filter::{Filter, Literal, Operator as Compared},
    schema::{Attribute, Mutability},
    text::Folded,
};

/// What makes two values of an attribute the same one: its `value` and, where values of a type are
/// told apart, its `type` (RFC 7643, section 2.4).
#[derive(PartialEq, Eq, Hash)]
struct Key(Option<Box<str>>, Option<Folded>);

fn key(attribute: &Attribute, value: &Value) -> Key {
    let text = |name| value.get(name).and_then(Value::as_str);
    let is_exact = attribute.stand_in().is_some_and(|part| part.is_case_exact);
    let has_types = attribute
        .part("type")
        .is_some_and(|part| part.mutability == Mutability::ReadWrite);
    let whole = text("value").map(|text| match is_exact {
        true => text.into(),
        false => Folded::of(text).as_str().into(),
    });
    Key(whole, text("type").filter(|_| has_types).map(Folded::of))
}

/// The values with others added: one that is there already takes over what is given of it.
pub(super) fn with(attribute: &Attribute, before: Vec<Value>, given: Vec<Value>) -> Vec<Value> {
    let mut all = before;
    let mut places: HashMap<Key, usize> = HashMap::with_capacity(all.len() + given.len());
    for (at, value) in all.iter().enumerate() {
        places.entry(key(attribute, value)).or_insert(at);
    }
    let mut touched = HashSet::new();
    for value in given {
        let at = *places.entry(key(attribute, &value)).or_insert(all.len());
        touched.insert(at);
        match all.get_mut(at) {
            Some(there) => merge(there, value),
            None => all.push(value),
        }
    }
    settle_primary(&mut all, &touched);
    all
}

/// The values without those given, as Entra takes members out.
pub(super) fn without(attribute: &Attribute, before: Vec<Value>, given: &[Value]) -> Vec<Value> {
    let out: HashSet<Option<Box<str>>> =
        given.iter().map(|value| key(attribute, value).0).collect();
    let stays = |value: &Value| !out.contains(&key(attribute, value).0);
    before.into_iter().filter(stays).collect()
}

/// The values after an operation on some of them, or on a part of them.
pub(super) fn selected(
    operation: &Operation,
    mut values: Vec<Value>,
) -> Result<Vec<Value>, PatchTrouble> {
    let attribute = operation.place.attribute;
    let is_meant = |value: &Value| match (&operation.selected, value.as_object()) {
        (Some(selected), Some(value)) => selected.compiled.holds(value),
        (selected, _) => selected.is_none(),
    };
    let Some(given) = operation.given() else {
        return Ok(taken_away(operation, values, is_meant));
    };
    let mut meant: HashSet<usize> = HashSet::new();
    for (at, value) in values.iter_mut().enumerate() {
        if is_meant(value) {
            merge(value, Value::Object(given.clone()));
            meant.insert(at);
        }
    }
    if meant.is_empty() {
        let value = operation.made_up(given)?;
        meant.insert(values.len());
        values.push(Value::Object(value));
    }
    settle_primary(&mut values, &meant);
    // Several values that were made the same are one.
    Ok(match meant.len() {
        0 | 1 => values,
        _ => with(attribute, Vec::new(), values),
    })
}

fn taken_away(
    operation: &Operation,
    values: Vec<Value>,
    is_meant: impl Fn(&Value) -> bool,
) -> Vec<Value> {
    let stand_in = operation.place.attribute.stand_in();
    let part = operation.place.part.filter(|part| Some(*part) != stand_in);
    let Some(part) = part else {
        // Without its `value` there is nothing left of it.
        return values
            .into_iter()
            .filter(|value| !is_meant(value))
            .collect();
    };
    let mut values = values;
    for value in values.iter_mut().filter(|value| is_meant(value)) {
        if let Value::Object(parts) = value {
            parts.remove(part.name);
        }
    }
    values.retain(|value| !value.as_object().is_some_and(Map::is_empty));
    values
}

impl Operation {
    /// What is set of each value that is meant; nothing where something is taken away.
    fn given(&self) -> Option<Map<String, Value>> {
        let value = match self.verb {
            Verb::Remove => return None,
            Verb::Add | Verb::Replace => self.value.clone()?,
        };
        Some(match self.place.part {
            Some(part) => Map::from_iter([(part.name.to_owned(), value)]),
            None => object(Some(value)),
        })
    }

    /// A new value for what none was meant by: Entra adds `emails[type eq "work"].value` to who has
    /// no such address, and wants one with that type.
    fn made_up(&self, given: Map<String, Value>) -> Result<Map<String, Value>, PatchTrouble> {
        let none = PatchTrouble::NoTarget(self.place.attribute.name);
        let mut value = match (&self.selected, self.verb) {
            (None, _) => Map::new(),
            (Some(selected), Verb::Add) => selected.described(self.place.attribute).ok_or(none)?,
            (Some(_), _) => return Err(none),
        };
        value.extend(given);
        Ok(value)
    }
}

impl Selected {
    /// The value that the filter describes, where it says only what parts that there are are equal
    /// to.
    fn described(&self, attribute: &Attribute) -> Option<Map<String, Value>> {
        let all = match &self.filter {
            Filter::And(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        all.iter().map(|one| described(one, attribute)).collect()
    }
}

fn described(filter: &Filter, attribute: &Attribute) -> Option<(String, Value)> {
    let Filter::Compare {
        path,
        operator: Compared::Equal,
        with,
    } = filter
    else {
        return None;
    };
    let value = match with {
        Literal::Text(text) => Value::from(&**text),
        Literal::Boolean(value) => Value::from(*value),
        Literal::Null | Literal::Number(_) => return None,
    };
    let part = attribute.part(&path.name)?;
    Some((part.name.to_owned(), value))
}

fn merge(into: &mut Value, given: Value) {
    match (into, given) {
        (Value::Object(into), Value::Object(given)) => into.extend(given),
        (into, given) => *into = given,
    }
}

/// Where a patch makes a value primary, the one that was is not any more (RFC 7644, section
/// 3.5.2). Where it makes two, it is left to the check of the whole.
fn settle_primary(values: &mut [Value], touched: &HashSet<usize>) {
    let is_primary = |value: &Value| value.get("primary") == Some(&Value::Bool(true));
    let is_made = |at: usize, value: &Value| touched.contains(&at) && is_primary(value);
    if !values
        .iter()
        .enumerate()
        .any(|(at, value)| is_made(at, value))
    {
        return;
    }
    for (at, value) in values.iter_mut().enumerate() {
        if !touched.contains(&at)
            && is_primary(value)
            && let Value::Object(parts) = value
        {
            parts.insert("primary".into(), Value::Bool(false));
        }
    }
}
