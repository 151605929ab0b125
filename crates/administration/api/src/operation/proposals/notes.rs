//! What an approver should know of a proposed change that its words do not say: the rights that
//! come with a group, by what it is within now.

use std::collections::BTreeSet;

use gw_model::{
    BreakGlass, GroupName, ProposedChange, ProviderName, Resource, Snapshot, Timestamp, User,
    UserId,
};
use serde_json::Value;

use super::super::providers::known_at;

/// Groups that are named; more are counted.
const NAMED_MAX: usize = 12;

/// The sentences about a change that waits.
pub(super) fn of(facts: &Snapshot, proposed: &ProposedChange, now: Timestamp) -> Vec<String> {
    let body: Value = serde_json::from_str(&proposed.body).unwrap_or_default();
    let last = || name_in(proposed.path.rsplit('/').next());
    let whom = |id: UserId| {
        facts
            .user(id)
            .map_or("they".into(), |user| user.name.clone())
    };
    let note = match (&*proposed.operation, &proposed.resource) {
        ("UserGroupAdd", Resource::User(id)) => {
            let brought = last().map(|group| with_above(facts, [group]));
            brought.and_then(|brought| brings(&whom(*id), &brought))
        }
        ("UserEnable", Resource::User(id)) => facts.user(*id).and_then(|user| {
            let groups = user
                .groups
                .iter()
                .map(|membership| membership.group.clone());
            brings(&user.name, &with_above(facts, groups))
        }),
        ("UserIdentitySet", Resource::User(id)) => facts.user(*id).and_then(|user| {
            let (groups, _) = facts.groups_of(user, now);
            brings("whoever that is there", &groups.into_iter().collect())
        }),
        ("ProviderResume", _) => provider_in(&proposed.path).map(|name| {
            let people = known_at(facts, &name).count();
            format!("{people} people who are known there can sign in by it again")
        }),
        ("ProviderForget", _) => provider_in(&proposed.path).map(|name| {
            let people = known_at(facts, &name).count();
            format!(
                "{people} people are not known there any more, and sign in otherwise or not at all"
            )
        }),
        ("UserAdd", _) => brings(
            "the new person",
            &with_above(facts, listed(&body, "groups")),
        ),
        ("GroupPut", _) => last().and_then(|group| {
            let above = with_above(facts, listed(&body, "parents"));
            let people = people_in(facts, &group, now);
            brings(&format!("everybody in `{group}`, {people} by now,"), &above)
        }),
        ("GroupRemove", _) => last().map(|group| {
            let people = people_in(facts, &group, now);
            format!("{people} people are in `{group}` now, directly or through others")
        }),
        _ => None,
    };
    note.into_iter().collect()
}

fn name_in(segment: Option<&str>) -> Option<GroupName> {
    let segment = percent_encoding::percent_decode_str(segment?);
    segment.decode_utf8().ok()?.parse().ok()
}

/// The provider that a path below `/v1/providers/` names.
fn provider_in(path: &str) -> Option<ProviderName> {
    path.split('/').nth(3)?.parse().ok()
}

fn listed(body: &Value, field: &str) -> Vec<GroupName> {
    let names = body.get(field).and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    names.filter_map(|name| name.parse().ok()).collect()
}

/// Groups, and all that they are within.
fn with_above(
    facts: &Snapshot,
    groups: impl IntoIterator<Item = GroupName>,
) -> BTreeSet<GroupName> {
    let mut all = BTreeSet::new();
    let mut open: Vec<_> = groups.into_iter().collect();
    while let Some(name) = open.pop() {
        if let Some(group) = facts.group(&name).filter(|_| !all.contains(&name)) {
            open.extend(group.parents.iter().cloned());
        }
        all.insert(name);
    }
    all
}

fn brings(whom: &str, groups: &BTreeSet<GroupName>) -> Option<String> {
    if groups.is_empty() {
        return None;
    }
    let named: Vec<_> = groups
        .iter()
        .take(NAMED_MAX)
        .map(GroupName::as_str)
        .collect();
    let more = groups.len().saturating_sub(NAMED_MAX);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let owner = match groups
        .iter()
        .any(|group| group.as_str() == BreakGlass::GROUP)
    {
        true => ", and so an owner",
        false => "",
    };
    Some(format!(
        "{whom} is then in {}{more}{owner}",
        named.join(", ")
    ))
}

fn people_in(facts: &Snapshot, group: &GroupName, now: Timestamp) -> usize {
    let is_in = |user: &&std::sync::Arc<User>| facts.groups_of(user, now).0.contains(group);
    facts.users().filter(is_in).count()
}
