//! A patch made to the form of a resource.

use serde_json::{Map, Value};

use super::{
    Operation, PATCH_VALUES_MAX, PatchFault, PatchTrouble, Verb,
    read::{listed, object},
    values,
};

type Parts = Map<String, Value>;

/// The form after all operations.
pub(crate) fn applied(mut form: Parts, operations: &[Operation]) -> Result<Parts, PatchFault> {
    let mut left = PATCH_VALUES_MAX;
    for operation in operations {
        let fault = |trouble| PatchFault {
            at: operation.at,
            trouble,
        };
        let values = operation.place.values(&form).count();
        left = left
            .checked_sub(values)
            .ok_or_else(|| fault(PatchTrouble::Large))?;
        operation.apply(&mut form).map_err(fault)?;
    }
    Ok(form)
}

impl Operation {
    fn apply(&self, form: &mut Parts) -> Result<(), PatchTrouble> {
        let Some(extension) = self.place.extension else {
            return self.apply_within(form);
        };
        let mut parts = object(form.remove(extension.urn));
        self.apply_within(&mut parts)?;
        if !parts.is_empty() {
            form.insert(extension.urn.into(), Value::Object(parts));
        }
        Ok(())
    }

    fn apply_within(&self, parts: &mut Parts) -> Result<(), PatchTrouble> {
        let attribute = self.place.attribute;
        let before = parts.remove(attribute.name);
        let after = match attribute.is_many {
            true => self.to_values(listed(before))?,
            false => self.to_value(before),
        };
        if let Some(after) = after {
            parts.insert(attribute.name.into(), after);
        }
        Ok(())
    }

    fn to_values(&self, before: Vec<Value>) -> Result<Option<Value>, PatchTrouble> {
        let after = match (&self.selected, self.place.part) {
            (None, None) => self.to_list(before),
            _ => values::selected(self, before)?,
        };
        Ok((!after.is_empty()).then_some(Value::Array(after)))
    }

    fn to_list(&self, before: Vec<Value>) -> Vec<Value> {
        let attribute = self.place.attribute;
        match (self.verb, self.value.clone()) {
            (Verb::Remove, None) | (Verb::Replace, None) => Vec::new(),
            (Verb::Remove, given) => values::without(attribute, before, &listed(given)),
            (Verb::Replace, given) => values::with(attribute, Vec::new(), listed(given)),
            (Verb::Add, given) => values::with(attribute, before, listed(given)),
        }
    }

    fn to_value(&self, before: Option<Value>) -> Option<Value> {
        let given = match self.verb {
            Verb::Remove => None,
            Verb::Add | Verb::Replace => self.value.clone(),
        };
        if let Some(part) = self.place.part {
            let mut parts = object(before);
            match given {
                Some(given) => parts.insert(part.name.into(), given),
                None => parts.remove(part.name),
            };
            return (!parts.is_empty()).then_some(Value::Object(parts));
        }
        match (before, given) {
            // Parts that are not named stay (RFC 7644, section 3.5.2.3).
            (Some(Value::Object(mut parts)), Some(Value::Object(given))) => {
                parts.extend(given);
                Some(Value::Object(parts))
            }
            (_, given) => given,
        }
    }
}

#[cfg(test)]
mod tests;
