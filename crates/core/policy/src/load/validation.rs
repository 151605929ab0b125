//! Strict validation against the schema, told once for each thing that is wrong.

use std::collections::{BTreeMap, HashMap};

use cedar_policy::{PolicySet, ValidationMode, Validator};

use super::source::Source;
use crate::{PolicyFault, schema::schema};

/// How Cedar says for which action something is wrong.
const FOR_ACTION: &str = " for Action::\"";

/// Validates all policies as one set; gives the faults, and the warnings.
pub(super) fn validate(sources: &[Source<'_>]) -> (Vec<PolicyFault>, Vec<PolicyFault>) {
    let mut set = PolicySet::new();
    let mut by_id = HashMap::new();
    for source in sources {
        // Of two policies with one id the second has its fault already.
        if set.add(source.policy.clone()).is_ok() {
            by_id.insert(source.policy.id().clone(), source);
        }
    }
    let result = Validator::new(schema().clone()).validate(&set, ValidationMode::Strict);
    let faults = result
        .validation_errors()
        .filter_map(|error| Some(by_id.get(error.policy_id())?.diagnosed(error)));
    let warnings = result
        .validation_warnings()
        .filter_map(|warning| Some(by_id.get(warning.policy_id())?.diagnosed(warning)));
    (once_for_all_actions(faults), warnings.collect())
}

/// Cedar checks a policy for each action that it reaches; what is wrong for several is told once.
fn once_for_all_actions(faults: impl Iterator<Item = PolicyFault>) -> Vec<PolicyFault> {
    let mut actions: BTreeMap<PolicyFault, Vec<String>> = BTreeMap::new();
    for mut fault in faults {
        let action = take_action(&mut fault.what);
        actions.entry(fault).or_default().extend(action);
    }
    let told = |(mut fault, mut actions): (PolicyFault, Vec<String>)| {
        actions.sort_unstable();
        match &*actions {
            [] => {}
            [action] => fault.what.push_str(&format!(" for `{action}`")),
            [action, more @ ..] => fault
                .what
                .push_str(&format!(" for `{action}` and {} more actions", more.len())),
        }
        fault
    };
    actions.into_iter().map(told).collect()
}

/// Cuts the action out of a message.
fn take_action(what: &mut String) -> Option<String> {
    let start = what.find(FOR_ACTION)?;
    let name = start + FOR_ACTION.len();
    let length = what.get(name..)?.find('"')?;
    let action = what.get(name..name + length)?.to_owned();
    what.replace_range(start..=name + length, "");
    Some(action)
}
