//! The operations of a patch, each one's target and value found and checked.

use serde_json::{Map, Value};

use super::{Operation, PATCH_OPERATIONS_MAX, PatchFault, PatchTrouble, Selected, Verb};
use crate::{
    filter::{Compiled, ValuePath},
    id::{ResourceId, ResourceKind},
    path::{AttributePath, Place},
    resource::{Reading, canonical_value, present},
    schema::{Attribute, Mutability, Schema},
    text::shown,
};

impl Operation {
    /// The operations of a patch to this resource.
    pub(crate) fn read_all(
        kind: ResourceKind,
        id: &ResourceId,
        given: Vec<Value>,
    ) -> Result<Vec<Self>, PatchFault> {
        let mut read = Vec::with_capacity(given.len().min(PATCH_OPERATIONS_MAX));
        for (before, operation) in given.into_iter().enumerate() {
            let at = before + 1;
            let mut reader = Reader {
                kind,
                id,
                at,
                read: &mut read,
            };
            reader
                .operation(operation)
                .map_err(|trouble| PatchFault { at, trouble })?;
        }
        Ok(read)
    }
}

struct Reader<'a> {
    kind: ResourceKind,
    id: &'a ResourceId,
    at: usize,
    read: &'a mut Vec<Operation>,
}

impl Reader<'_> {
    fn operation(&mut self, given: Value) -> Result<(), PatchTrouble> {
        let Value::Object(mut given) = given else {
            return Err(PatchTrouble::Verb);
        };
        let verb = match present(&mut given, "op") {
            Some(Value::String(word)) => Verb::read(&word)?,
            _ => return Err(PatchTrouble::Verb),
        };
        let path = match present(&mut given, "path") {
            None => String::new(),
            Some(Value::String(path)) => path,
            Some(_) => return Err(PatchTrouble::PathType),
        };
        let is_given = given.keys().any(|key| key.eq_ignore_ascii_case("value"));
        let value = present(&mut given, "value");
        if verb != Verb::Remove && !is_given {
            return Err(PatchTrouble::NoValue);
        }
        let is = |urn: &str| path.eq_ignore_ascii_case(urn);
        match self.kind.extension() {
            _ if path.is_empty() || is(self.kind.schema().urn) => self.without_path(verb, value),
            Some(extension) if is(extension.urn) => self.extension(verb, extension, value),
            _ => self.with_path(verb, &path, value),
        }
    }

    fn without_path(&mut self, verb: Verb, value: Option<Value>) -> Result<(), PatchTrouble> {
        if verb == Verb::Remove {
            return Err(PatchTrouble::NoPath);
        }
        let Some(Value::Object(attributes)) = value else {
            return Err(PatchTrouble::NotAttributes);
        };
        for (key, value) in attributes {
            self.member(verb, &key, value)?;
        }
        Ok(())
    }

    /// An attribute of an operation without a path: its name, or with Entra its path.
    fn member(&mut self, verb: Verb, key: &str, value: Value) -> Result<(), PatchTrouble> {
        if key.eq_ignore_ascii_case("schemas") {
            return Ok(());
        }
        // Okta sends the id along.
        if key.eq_ignore_ascii_case("id") && value.as_str() == Some(self.id.as_str()) {
            return Ok(());
        }
        if let Some(extension) = self.kind.extension()
            && key.eq_ignore_ascii_case(extension.urn)
        {
            return self.extension(verb, extension, Some(value));
        }
        let Ok(path) = ValuePath::read(key) else {
            return Ok(());
        };
        match self.place(&path) {
            Some(place) => self.change(verb, place, path, Some(value)),
            None => Ok(()),
        }
    }

    fn extension(
        &mut self,
        verb: Verb,
        extension: &'static Schema,
        value: Option<Value>,
    ) -> Result<(), PatchTrouble> {
        let attributes = match value {
            None => return self.without_extension(extension),
            Some(_) if verb == Verb::Remove => return self.without_extension(extension),
            Some(Value::Object(attributes)) => attributes,
            Some(_) => return Err(PatchTrouble::NotAttributes),
        };
        for (key, value) in attributes {
            let key = format!("{}:{key}", extension.urn);
            if let Ok(path) = ValuePath::read(&key)
                && let Some(place) = self.place(&path)
            {
                self.change(verb, place, path, Some(value))?;
            }
        }
        Ok(())
    }

    fn without_extension(&mut self, extension: &'static Schema) -> Result<(), PatchTrouble> {
        for attribute in extension.attributes {
            self.push(Operation {
                at: self.at,
                verb: Verb::Remove,
                place: Place {
                    extension: Some(extension),
                    attribute,
                    part: None,
                },
                selected: None,
                value: None,
            })?;
        }
        Ok(())
    }

    fn with_path(
        &mut self,
        verb: Verb,
        text: &str,
        value: Option<Value>,
    ) -> Result<(), PatchTrouble> {
        let path = ValuePath::read(text).map_err(PatchTrouble::Path)?;
        if let Some(place) = self.place(&path) {
            return self.change(verb, place, path, value);
        }
        let part = path.part.as_deref().or(path.path.part.as_deref());
        let is_ours = path.path.urn.as_deref().is_none_or(|urn| {
            let extension = self.kind.extension().map(|extension| extension.urn);
            [Some(self.kind.schema().urn), extension]
                .into_iter()
                .flatten()
                .any(|known| known.eq_ignore_ascii_case(urn))
        });
        match is_ours && self.kind.is_not_kept(&path.path.name, part) {
            true => Ok(()),
            false => Err(PatchTrouble::Unknown(
                shown(&path.path.to_string()).into_owned(),
            )),
        }
    }

    fn place(&self, path: &ValuePath) -> Option<Place> {
        let part = path.path.part.as_ref().or(path.part.as_ref());
        Place::of(
            &AttributePath {
                part: part.cloned(),
                ..path.path.clone()
            },
            self.kind,
        )
    }

    fn change(
        &mut self,
        verb: Verb,
        place: Place,
        path: ValuePath,
        value: Option<Value>,
    ) -> Result<(), PatchTrouble> {
        if let Some(fixed) = read_only(&place) {
            return Err(PatchTrouble::ReadOnly(fixed.name));
        }
        let selected = match path.filter {
            None => None,
            Some(_) if !place.attribute.is_many || path.path.part.is_some() => {
                return Err(PatchTrouble::Single(place.attribute.name));
            }
            Some(filter) => {
                let compiled = Compiled::of_values(&filter, place.attribute);
                let compiled = compiled.map_err(PatchTrouble::Misfit)?;
                Some(Selected { filter, compiled })
            }
        };
        let read = match value {
            None => None,
            Some(value) => canonical_value(target(&place), value, Reading::Patch)
                .map_err(PatchTrouble::Value)?,
        };
        let operation = Operation {
            at: self.at,
            verb,
            place,
            value: one_of_many(read, &place, selected.is_some()),
            selected,
        };
        operation.check_mutability()?;
        match operation.verb == Verb::Add && operation.value.is_none() {
            true => Ok(()),
            false => self.push(operation),
        }
    }

    fn push(&mut self, operation: Operation) -> Result<(), PatchTrouble> {
        if self.read.len() == PATCH_OPERATIONS_MAX {
            return Err(PatchTrouble::Many);
        }
        self.read.push(operation);
        Ok(())
    }
}

impl Verb {
    fn read(word: &str) -> Result<Self, PatchTrouble> {
        // Entra sends `Add`, `Replace`, `Remove`.
        match word {
            _ if word.eq_ignore_ascii_case("add") => Ok(Self::Add),
            _ if word.eq_ignore_ascii_case("replace") => Ok(Self::Replace),
            _ if word.eq_ignore_ascii_case("remove") => Ok(Self::Remove),
            _ => Err(PatchTrouble::Verb),
        }
    }
}

/// What of a place only the directory writes.
fn read_only(place: &Place) -> Option<&'static Attribute> {
    let both = [Some(place.attribute), place.part];
    let is_fixed = |one: &&Attribute| one.mutability == Mutability::ReadOnly;
    both.into_iter().flatten().find(is_fixed)
}

const fn target(place: &Place) -> &'static Attribute {
    match place.part {
        Some(part) => part,
        None => place.attribute,
    }
}

/// What selected values become is one value, not a list of them.
fn one_of_many(value: Option<Value>, place: &Place, is_selected: bool) -> Option<Value> {
    match value {
        Some(Value::Array(mut values)) if is_selected && place.part.is_none() => {
            values.truncate(1);
            values.pop()
        }
        value => value,
    }
}

impl Operation {
    fn check_mutability(&self) -> Result<(), PatchTrouble> {
        let (attribute, target) = (self.place.attribute, target(&self.place));
        let takes_away = self.verb == Verb::Remove || self.value.is_none();
        if takes_away && target.is_required && self.place.part.is_none() && self.verb != Verb::Add {
            return Err(PatchTrouble::Required(target.name));
        }
        let has_fixed_parts = attribute
            .parts()
            .iter()
            .any(|part| part.mutability == Mutability::Immutable);
        let changes_values = self.place.part.is_some() || (self.selected.is_some() && !takes_away);
        match has_fixed_parts && changes_values {
            true => Err(PatchTrouble::Immutable(attribute.name)),
            false => Ok(()),
        }
    }
}

/// A list, or the one value that it is.
pub(super) fn listed(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(values)) => values,
        value => value.into_iter().collect(),
    }
}

/// An object, or an empty one.
pub(super) fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}
