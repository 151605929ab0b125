//! What of a step is within a directory's reach.

use std::{collections::HashSet, sync::Arc};

use gw_directory::{ChangedPerson, Conflict, Step, What, Why};
use gw_model::{GroupName, Snapshot, User};

use crate::sight::Sight;

/// A step as far as the directory may make it, and why it is less than what the directory says.
pub(super) fn within(sight: &Sight<'_>, step: Step) -> (Option<Step>, Option<Why>) {
    let Step::Change(changed) = step else {
        return (Some(step), None);
    };
    let before = &changed.before;
    let leaves = |what: &What| matches!(what, What::Left(_));
    if sight.is_owner(before) {
        // What it gave it takes back, and nothing else.
        return less(sight, changed, leaves, Why::IsOwner);
    }
    let Some(group) = more_rights(sight, before) else {
        return (Some(Step::Change(changed)), None);
    };
    let off = |what: &What| matches!(what, What::Disabled(_) | What::Said { off: true });
    let takes = |what: &What| leaves(what) || off(what);
    less(sight, changed, takes, Why::HasMoreRights(group))
}

/// Of a change, what may be made, and why it is not all.
fn less(
    sight: &Sight<'_>,
    changed: ChangedPerson,
    may: impl Fn(&What) -> bool,
    why: Why,
) -> (Option<Step>, Option<Why>) {
    let all = changed.what.len();
    let less = only(sight, changed, may);
    let is_less = less.as_ref().is_none_or(|less| less.what.len() < all);
    (less.map(Step::Change), is_less.then_some(why))
}

/// A group of somebody that gives them rights which the directory, or who linked them with it, could
/// not give.
fn more_rights(sight: &Sight<'_>, user: &User) -> Option<GroupName> {
    sight.beyond(user).or_else(|| {
        let is_linked = user
            .identities
            .iter()
            .any(|i| i.provider == *sight.source());
        let counts = !is_linked || sight.link(user).is_some();
        let mut groups = sight.facts.groups_of(user, sight.now).0.into_iter();
        groups.find(|_| !counts)
    })
}

/// Of a change that takes something away, what may be made; nothing where that is nothing.
fn only(
    sight: &Sight<'_>,
    changed: ChangedPerson,
    may: impl Fn(&What) -> bool,
) -> Option<ChangedPerson> {
    let what: Vec<_> = changed.what.into_iter().filter(may).collect();
    let mut after = User::clone(&changed.before);
    for what in &what {
        match what {
            What::Left(group) => after
                .groups
                .retain(|one| one.group != *group || !sight.is_ours(one)),
            _ => after.heed(sight.source(), true),
        }
    }
    (!what.is_empty()).then(|| ChangedPerson {
        before: changed.before,
        after: Arc::new(after),
        what,
    })
}

/// A step without coming into certain groups; nothing where nothing is left of it.
pub(super) fn without_groups(
    sight: &Sight<'_>,
    step: Step,
    is_barred: impl Fn(&GroupName) -> bool,
) -> Option<Step> {
    match step {
        Step::Add(mut new) => {
            new.groups.retain(|group| !is_barred(group));
            Some(Step::Add(new))
        }
        Step::Change(mut changed) => {
            let joins = |what: &What| matches!(what, What::Joined(group) if is_barred(group));
            let barred: Vec<_> = changed.what.extract_if(.., |what| joins(what)).collect();
            if barred.is_empty() {
                return Some(Step::Change(changed));
            }
            let mut after = User::clone(&changed.after);
            after.groups.retain(|one| {
                !sight.is_ours(one) || !barred.contains(&What::Joined(one.group.clone()))
            });
            changed.after = Arc::new(after);
            (!changed.what.is_empty()).then_some(Step::Change(changed))
        }
    }
}

/// The steps whose names are free when their turn comes: who was to give one up may be out of reach.
pub(super) fn named(
    facts: &Snapshot,
    steps: Vec<Step>,
    conflicts: &mut Vec<Conflict>,
) -> Vec<Step> {
    let (mut freed, mut taken) = (HashSet::new(), HashSet::new());
    let mut kept = Vec::new();
    for step in steps {
        let name = step.name().clone();
        let from = match &step {
            Step::Change(changed) => Some(changed.before.name.clone()),
            Step::Add(_) => None,
        };
        if from.as_ref() == Some(&name) {
            kept.push(step);
            continue;
        }
        let holder = facts.user_named(&name);
        let is_free = (holder.is_none() || freed.contains(&name)) && !taken.contains(&name);
        if !is_free {
            let is_disabled = holder.is_some_and(|user| user.disabled);
            let why = Why::NameTaken {
                name: name.clone(),
                is_disabled,
            };
            conflicts.push(Conflict::new(&*name, why));
            kept.extend(without_name(step));
            continue;
        }
        freed.extend(from);
        taken.insert(name);
        kept.push(step);
    }
    kept
}

/// A change that leaves the name as it is; nothing where nothing is left of it.
fn without_name(step: Step) -> Option<Step> {
    let Step::Change(mut changed) = step else {
        return None;
    };
    changed
        .what
        .retain(|what| !matches!(what, What::Renamed { .. }));
    let mut after = User::clone(&changed.after);
    after.name = changed.before.name.clone();
    changed.after = Arc::new(after);
    (!changed.what.is_empty()).then_some(Step::Change(changed))
}
