//! A patch of a group as a change of its members one by one, so that who joins a group of 50,000
//! is all that anybody reads and writes.

use std::collections::HashMap;

use serde_json::Value;

use super::{Operation, PatchFault, PatchTrouble, Selected, Verb, read::listed};
use crate::{
    filter::{Filter, Literal, Operator, is_value},
    id::ResourceId,
    resource::{Group, GroupChange, Member, ValueFault, members},
};

/// The change that a patch makes to a group whatever members it has; none where that cannot be said
/// without them.
pub(crate) fn delta(operations: &[Operation]) -> Result<Option<GroupChange>, PatchFault> {
    let mut net = Net::default();
    for operation in operations {
        let is_covered = net.take(operation).map_err(|fault| PatchFault {
            at: operation.at,
            trouble: PatchTrouble::Value(fault),
        })?;
        if !is_covered {
            return Ok(None);
        }
    }
    Ok(Some(net.change()))
}

/// What operations come to, one after the other: the last word on each member counts.
#[derive(Default)]
struct Net {
    change: GroupChange,
    members: HashMap<ResourceId, (usize, Option<Member>)>,
}

impl Net {
    fn take(&mut self, operation: &Operation) -> Result<bool, ValueFault> {
        let is_whole = operation.place.part.is_none() && operation.selected.is_none();
        match (operation.place.attribute.name, operation.verb) {
            ("displayName", Verb::Add | Verb::Replace) if is_whole => {
                self.change.display_name = Some(Group::name_of(operation.value.as_ref())?);
                Ok(true)
            }
            ("externalId", Verb::Remove) if is_whole => {
                self.change.external_id = Some(None);
                Ok(true)
            }
            ("externalId", _) if is_whole => {
                self.change.external_id = Some(Group::external_id_of(operation.value.as_ref())?);
                Ok(true)
            }
            ("members", verb) => self.take_members(operation, verb),
            _ => Ok(false),
        }
    }

    fn take_members(&mut self, operation: &Operation, verb: Verb) -> Result<bool, ValueFault> {
        match (verb, &operation.selected, &operation.value) {
            (Verb::Add, None, Some(_)) => {
                for member in members(&listed(operation.value.clone()))? {
                    self.word(member.id.clone(), Some(member));
                }
                Ok(true)
            }
            (Verb::Remove, None, Some(given)) => {
                let Some(out) = named(given) else {
                    return Ok(false);
                };
                out.into_iter().for_each(|id| self.word(id, None));
                Ok(true)
            }
            (Verb::Remove, Some(selected), _) => {
                let Some(out) = selected.members() else {
                    return Ok(false);
                };
                out.into_iter().for_each(|id| self.word(id, None));
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn word(&mut self, id: ResourceId, member: Option<Member>) {
        let order = self.members.len();
        let word = self.members.entry(id).or_insert((order, None));
        // Who is added again stays as who came first: adding who is there changes nothing.
        word.1 = match (word.1.take(), member) {
            (Some(first), Some(_)) => Some(first),
            (_, member) => member,
        };
    }

    fn change(self) -> GroupChange {
        let mut change = self.change;
        let mut members: Vec<_> = self.members.into_iter().collect();
        members.sort_unstable_by_key(|(_, (order, _))| *order);
        for (id, (_, member)) in members {
            match member {
                Some(member) => change.add.push(member),
                None => change.remove.push(id),
            }
        }
        change
    }
}

/// The ids of members that are given to be taken out; what is no id is nobody's.
fn named(given: &Value) -> Option<Vec<ResourceId>> {
    let values = match given {
        Value::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut ids = Vec::with_capacity(values.len());
    for value in values {
        let text = value.get("value").and_then(Value::as_str)?;
        ids.extend(text.parse::<ResourceId>().ok());
    }
    Some(ids)
}

impl Selected {
    /// The ids that the filter names, where it is `value eq "…"` or several of them with `or`.
    fn members(&self) -> Option<Vec<ResourceId>> {
        let all = match &self.filter {
            Filter::Or(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut ids = Vec::with_capacity(all.len());
        for one in all {
            match one {
                Filter::Compare {
                    path,
                    operator: Operator::Equal,
                    with: Literal::Text(text),
                } if is_value(path) => ids.extend(text.parse::<ResourceId>().ok()),
                _ => return None,
            }
        }
        Some(ids)
    }
}

#[cfg(test)]
mod tests;
