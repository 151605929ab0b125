//! Every word of the policy language's schema is on the page about policies.

use std::{collections::BTreeMap, fs};

use crate::house::root;

const SCHEMA: &str = "policies/gatewright.cedarschema";
const PAGE: &str = "docs/policies.md";

#[derive(Default)]
struct Schema {
    entities: Vec<String>,
    actions: Vec<String>,
    /// The attributes of each named type, with the types that those have.
    types: BTreeMap<String, Vec<(String, String)>>,
}

impl Schema {
    fn read() -> Self {
        let text = fs::read_to_string(root().join(SCHEMA)).unwrap();
        let mut schema = Self::default();
        let mut within = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("entity ") {
                schema.entities.push(word(rest));
            } else if let Some(rest) = line.strip_prefix("action \"") {
                schema.actions.push(rest.split('"').next().unwrap().into());
            } else if let Some(rest) = line.strip_prefix("type ") {
                within = Some(word(rest));
            } else if line == "};" {
                within = None;
            } else if let Some(name) = &within
                && let Some((attribute, its)) = line.trim().split_once(": ")
                && !line.trim().starts_with("//")
            {
                let attributes = schema.types.entry(name.clone()).or_default();
                attributes.push((word(attribute), word(its)));
            }
        }
        schema
    }

    /// What is in a request's context, and within each of it.
    fn circumstances(&self) -> Vec<(&str, &str)> {
        let contexts = self.types.iter();
        let contexts = contexts.filter(|(name, _)| name.ends_with("Circumstances"));
        let each = contexts.flat_map(|(_, attributes)| attributes);
        each.flat_map(|(name, its)| {
            let within = self.types.get(its);
            let within = within.unwrap_or_else(|| panic!("`{name}` has no type of a name"));
            within.iter().map(|(part, _)| (&**name, &**part))
        })
        .collect()
    }
}

/// The letters that a text begins with.
fn word(text: &str) -> String {
    let letters = text.chars();
    letters
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}

fn tells(row: &str, name: &str, part: &str) -> bool {
    let is_of_it = ["", "?"].map(|mark| format!("| `{name}{mark}"));
    is_of_it.iter().any(|begin| {
        row.strip_prefix(&**begin).is_some_and(|rest| {
            rest.starts_with(['.', '`', '?']) && {
                let ends = [".", "?."]
                    .into_iter()
                    .flat_map(|dot| ["`", "?`"].map(|end| format!("{dot}{part}{end}")));
                ends.into_iter().any(|end| row.contains(&end))
            }
        })
    })
}

#[test]
fn every_word_of_the_schema_is_on_the_page_about_policies() {
    let schema = Schema::read();
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let mut missing = Vec::new();
    for entity in &schema.entities {
        if !page
            .lines()
            .any(|row| row.starts_with(&format!("| `{entity}` |")))
        {
            missing.push(entity.clone());
        }
    }
    for action in &schema.actions {
        let is_told = [format!("`{action}`"), format!("`Action::\"{action}\"`")];
        if !is_told.iter().any(|told| page.contains(&**told)) {
            missing.push(action.clone());
        }
    }
    let circumstances = schema.circumstances();
    assert!(circumstances.len() > 30, "{circumstances:?}");
    for (name, part) in circumstances {
        if !page.lines().any(|row| tells(row, name, part)) {
            missing.push(format!("context.{name}.{part}"));
        }
    }
    assert!(missing.is_empty(), "{PAGE} has not: {missing:?}");
}
