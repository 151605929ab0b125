//! How far groups are within groups: so far, and no further, since whoever is judged is in all
//! that are above theirs.

use std::{collections::HashMap, sync::Arc};

use imbl::OrdMap;

use super::ApplyError;
use crate::{Group, GroupName};

/// Levels of groups at most, the lowest and the highest included.
pub const GROUP_LEVELS_MAX: usize = 32;

/// Groups at most that one is within, directly and through others.
pub const GROUPS_ABOVE_MAX: usize = 256;

/// Groups as numbers, with the numbers of those that each is part of.
struct Graph<'g> {
    names: Vec<&'g GroupName>,
    parents: Vec<Vec<usize>>,
}

/// Whether all groups are within as few others as they may be. Linear in what there is.
pub(super) fn check(groups: &OrdMap<GroupName, Arc<Group>>) -> Result<(), ApplyError> {
    let graph = Graph::of(groups);
    graph.few_levels()?;
    graph.few_above()
}

impl<'g> Graph<'g> {
    fn of(groups: &'g OrdMap<GroupName, Arc<Group>>) -> Self {
        let names: Vec<&GroupName> = groups.keys().collect();
        let numbers: HashMap<&GroupName, usize> = names.iter().copied().zip(0..).collect();
        let of = |group: &Arc<Group>| {
            let numbered = group.parents.iter().filter_map(|name| numbers.get(name));
            numbered.copied().collect()
        };
        let parents = groups.values().map(of).collect();
        Self { names, parents }
    }

    fn parents(&self, group: usize) -> &[usize] {
        self.parents.get(group).map_or(&[], Vec::as_slice)
    }

    fn few_levels(&self) -> Result<(), ApplyError> {
        let mut known = vec![0; self.names.len()];
        for (group, name) in self.names.iter().enumerate() {
            if self.levels(group, GROUP_LEVELS_MAX, &mut known).is_none() {
                return Err(ApplyError::GroupsTooDeep((*name).clone()));
            }
        }
        Ok(())
    }

    /// The levels from a group upwards, itself included; none beyond `left`. It goes down no
    /// further than that either, so that its own depth is bounded.
    fn levels(&self, group: usize, left: usize, known: &mut [usize]) -> Option<usize> {
        let left = left.checked_sub(1)?;
        let found = known.get(group).copied().unwrap_or_default();
        if found > 0 {
            return (found <= left + 1).then_some(found);
        }
        let mut above = 0;
        for parent in self.parents(group) {
            above = above.max(self.levels(*parent, left, known)?);
        }
        if let Some(known) = known.get_mut(group) {
            *known = above + 1;
        }
        Some(above + 1)
    }

    fn few_above(&self) -> Result<(), ApplyError> {
        // Which group it was last met from: nothing has to be wiped between two of them.
        let mut met_from = vec![usize::MAX; self.names.len()];
        let mut open = Vec::new();
        for (group, name) in self.names.iter().enumerate() {
            let mut above = 0;
            open.extend_from_slice(self.parents(group));
            while let Some(next) = open.pop() {
                let Some(met) = met_from.get_mut(next).filter(|met| **met != group) else {
                    continue;
                };
                *met = group;
                above += 1;
                if above > GROUPS_ABOVE_MAX {
                    return Err(ApplyError::GroupsTooMany((*name).clone()));
                }
                open.extend_from_slice(self.parents(next));
            }
        }
        Ok(())
    }
}
