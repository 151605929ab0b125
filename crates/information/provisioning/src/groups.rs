//! Groups as a source has them: what it sees of them, and what changes by what it tells. Pure
//! functions of the facts at their turn.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gw_model::{Change, ExternalIdentity, Group, GroupName, Pushed, User, UserId};
use gw_scim::{
    Folded, GroupChange, Member, Members, ResourceId, ResourceKind, Stamp, StoredGroup,
    StoredMember, WriteFault,
};
use serde::{Deserialize, Serialize};

use crate::{
    fields::group_name,
    people::not_an_owner,
    sight::{Sight, group_id, user_id},
};

/// The longest title of a group, in characters: as for groups that are added here.
const TITLE_CHARS_MAX: usize = 120;
/// The bits of a version that count members.
const COUNT_BITS: u32 = 20;

/// What a source tells of a group, and is not a fact of ours.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Told {
    external_id: Option<Box<str>>,
}

/// What a group is called.
pub(crate) fn display_name(group: &Group) -> Box<str> {
    match group.title.is_empty() {
        true => group.name.as_str().into(),
        false => (*group.title).into(),
    }
}

fn external_id(sight: &Sight<'_>, group: &Group) -> Option<Box<str>> {
    let pushed = group.at(sight.source())?.pushed.as_deref()?;
    serde_json::from_str::<Told>(&pushed.told).ok()?.external_id
}

/// Whether the source knows a group by this id of its own.
pub(crate) fn is_known_as(sight: &Sight<'_>, group: &Group, id: &str) -> bool {
    external_id(sight, group).is_some_and(|known| *known == *id)
}

/// A group as the source sees it.
pub(crate) fn shown(sight: &Sight<'_>, group: &Group, members: Members) -> Option<StoredGroup> {
    let pushed = group.at(sight.source()).and_then(|i| i.pushed.as_deref());
    Some(StoredGroup {
        stamp: Stamp {
            id: group_id(&group.name)?,
            version: version(sight, group),
            created: pushed.map(|pushed| pushed.created).unwrap_or_default(),
            last_modified: pushed.map(|pushed| pushed.modified).unwrap_or_default(),
        },
        display_name: display_name(group),
        external_id: external_id(sight, group),
        members: match members {
            Members::Left => Vec::new(),
            Members::Wanted => shown_members(sight, group),
        },
    })
}

/// It moves with the group and with everybody in it. Who comes has a newer version than all there
/// was, and who goes makes them fewer: no two states have the same.
fn version(sight: &Sight<'_>, group: &Group) -> u64 {
    let people = sight.members(&group.name).map(|user| user.version);
    let groups = sight.children(&group.name).map(|child| child.version);
    let (mut newest, mut count) = (group.version, 0_u64);
    for version in people.chain(groups) {
        newest = newest.max(version);
        count += 1;
    }
    (newest << COUNT_BITS) | (count & ((1 << COUNT_BITS) - 1))
}

fn shown_members(sight: &Sight<'_>, group: &Group) -> Vec<StoredMember> {
    let person = |user: &Arc<User>| {
        Some(StoredMember {
            id: user_id(user.id)?,
            kind: ResourceKind::User,
            display: (*user.display_name).into(),
        })
    };
    let child = |child: &Arc<Group>| {
        Some(StoredMember {
            id: group_id(&child.name)?,
            kind: ResourceKind::Group,
            display: display_name(child),
        })
    };
    let people = sight.members(&group.name).filter_map(person);
    people
        .chain(sight.children(&group.name).filter_map(child))
        .collect()
}

/// What a change of a group comes to: the changes, and the people whom they touch.
#[derive(Default)]
pub(crate) struct Planned {
    pub(crate) changes: Vec<Change>,
    pub(crate) people: BTreeSet<UserId>,
    /// Which group it is.
    pub(crate) group: Option<GroupName>,
}

pub(crate) fn created(sight: &Sight<'_>, told: &gw_scim::Group) -> Result<Planned, WriteFault> {
    let name = group_name(sight.facts, sight.source(), &told.display_name)?;
    free(
        sight,
        &name,
        &told.display_name,
        told.external_id.as_deref(),
    )?;
    let group = Group {
        title: title(&told.display_name)?,
        name,
        parents: Vec::new(),
        identities: Vec::new(),
        version: 0,
    };
    let identity = identity(sight, &group, true, told.external_id.clone())?;
    let group = Group {
        identities: vec![identity],
        ..group
    };
    let mut planned = Planned {
        group: Some(group.name.clone()),
        ..Planned::default()
    };
    planned
        .changes
        .push(Change::GroupPut(Arc::new(group.clone())));
    Comings::of(sight, &group).add(&told.members, &mut planned)?;
    Ok(planned)
}

pub(crate) fn replaced(
    sight: &Sight<'_>,
    group: &Group,
    told: &gw_scim::Group,
) -> Result<Planned, WriteFault> {
    let wanted: BTreeSet<&ResourceId> = told.members.iter().map(|member| &member.id).collect();
    let present = shown_members(sight, group).into_iter();
    let gone = present
        .map(|member| member.id)
        .filter(|id| !wanted.contains(id));
    let change = GroupChange {
        display_name: Some(told.display_name.clone()),
        external_id: Some(told.external_id.clone()),
        remove: gone.collect(),
        add: told.members.clone(),
    };
    changed(sight, group, &change)
}

pub(crate) fn changed(
    sight: &Sight<'_>,
    group: &Group,
    change: &GroupChange,
) -> Result<Planned, WriteFault> {
    let mut planned = Planned {
        group: Some(group.name.clone()),
        ..Planned::default()
    };
    let after = described(sight, group, change)?;
    if after != *group {
        planned.changes.push(Change::GroupPut(Arc::new(after)));
    }
    let members = Comings::of(sight, group);
    members.remove(&change.remove, &mut planned)?;
    members.add(&change.add, &mut planned)?;
    Ok(planned)
}

/// The group with another name or id of the source's.
fn described(sight: &Sight<'_>, group: &Group, change: &GroupChange) -> Result<Group, WriteFault> {
    let mut after = group.clone();
    let known = external_id(sight, group);
    let external_id = change.external_id.clone().unwrap_or_else(|| known.clone());
    let name = change.display_name.as_deref();
    let is_other = |name: &&str| **name != *display_name(group);
    if let Some(name) = name.filter(is_other) {
        if !sight.makes(group) {
            return Err(denied(format!(
                "the group `{}` is called so in Gatewright: send its name as it is, and rename it there",
                group.name
            )));
        }
        after.title = title(name)?;
    }
    let shown = name.map_or_else(|| display_name(group), Into::into);
    free(sight, &group.name, &shown, external_id.as_deref())?;
    if known != external_id {
        let identity = identity(sight, group, sight.makes(group), external_id)?;
        after.identities.retain(|i| i.provider != *sight.source());
        after.identities.push(identity);
    }
    Ok(after)
}

pub(crate) fn removed(sight: &Sight<'_>, group: &Group) -> Result<Planned, WriteFault> {
    if !sight.makes(group) {
        return Err(denied(format!(
            "the group `{}` was not made by `{}`: take its members out, or remove it in Gatewright",
            group.name,
            sight.source()
        )));
    }
    let people = sight.members(&group.name);
    Ok(Planned {
        people: people.map(|user| user.id).collect(),
        changes: vec![Change::GroupRemoved(group.name.clone())],
        group: Some(group.name.clone()),
    })
}

/// Names and ids of the source's are each one group's of those that it sees.
fn free(
    sight: &Sight<'_>,
    own: &GroupName,
    name: &str,
    external_id: Option<&str>,
) -> Result<(), WriteFault> {
    let folded = Folded::of(name);
    for other in sight.groups().filter(|other| other.name != *own) {
        if Folded::of(&display_name(other)) == folded {
            return Err(WriteFault::Taken {
                attribute: "displayName",
            });
        }
        if external_id.is_some_and(|id| is_known_as(sight, other, id)) {
            return Err(WriteFault::Taken {
                attribute: "externalId",
            });
        }
    }
    Ok(())
}

fn identity(
    sight: &Sight<'_>,
    group: &Group,
    made: bool,
    external_id: Option<Box<str>>,
) -> Result<ExternalIdentity, WriteFault> {
    let before = group.at(sight.source()).and_then(|i| i.pushed.as_deref());
    let subject = external_id.as_deref().unwrap_or(group.name.as_str());
    let subject = Arc::from(subject);
    let told = Told { external_id };
    let told = serde_json::to_string(&told).map_err(|_| WriteFault::Invalid {
        attribute: "externalId",
        reason: "cannot be kept".into(),
    })?;
    let pushed = Pushed {
        made,
        created: before.map_or(sight.now, |before| before.created),
        modified: sight.now,
        told: told.into(),
    };
    Ok(ExternalIdentity {
        pushed: Some(Arc::new(pushed)),
        ..ExternalIdentity::of(sight.source().clone(), subject)
    })
}

fn title(name: &str) -> Result<Arc<str>, WriteFault> {
    match name.chars().count() <= TITLE_CHARS_MAX {
        true => Ok(name.into()),
        false => Err(WriteFault::Invalid {
            attribute: "displayName",
            reason: format!("is longer than {TITLE_CHARS_MAX} characters").into(),
        }),
    }
}

fn denied(reason: String) -> WriteFault {
    WriteFault::Denied {
        reason: reason.into(),
    }
}

/// Who comes into a group, and who goes out.
struct Comings<'s, 'f> {
    sight: &'s Sight<'f>,
    group: &'s Group,
}

impl<'s, 'f> Comings<'s, 'f> {
    const fn of(sight: &'s Sight<'f>, group: &'s Group) -> Self {
        Self { sight, group }
    }

    fn add(&self, members: &[Member], planned: &mut Planned) -> Result<(), WriteFault> {
        let mut people = BTreeMap::new();
        for member in members {
            let wants = |kind| member.kind.is_none_or(|said| said == kind);
            let person = self.sight.person(&member.id);
            if let Some(user) = person.filter(|_| wants(ResourceKind::User)) {
                people.insert(user.id, user);
                continue;
            }
            let child = self.sight.group(&member.id);
            let child = child.filter(|_| wants(ResourceKind::Group));
            let child = child.ok_or_else(|| WriteFault::NoSuchMember(member.id.clone()))?;
            self.nest(child, &member.id, planned)?;
        }
        for user in people.into_values().filter(|user| !self.is_in(user)) {
            not_an_owner(self.sight, user)?;
            let mut user = User::clone(user);
            let group = self.group.name.clone();
            user.groups.push(self.sight.membership(group));
            planned.touch(user);
        }
        Ok(())
    }

    fn remove(&self, members: &[ResourceId], planned: &mut Planned) -> Result<(), WriteFault> {
        for id in members {
            if let Some(user) = self.sight.person(id).filter(|user| self.is_in(user)) {
                not_an_owner(self.sight, user)?;
                let mut user = User::clone(user);
                let group = &self.group.name;
                user.groups
                    .retain(|m| m.group != *group || !self.sight.is_ours(m));
                planned.touch(user);
            } else if let Some(child) = self.sight.group(id)
                && self.sight.makes(child)
                && child.parents.contains(&self.group.name)
            {
                let mut child = Group::clone(child);
                child.parents.retain(|parent| *parent != self.group.name);
                planned.changes.push(Change::GroupPut(Arc::new(child)));
            }
        }
        Ok(())
    }

    fn is_in(&self, user: &User) -> bool {
        let is_it = |m: &gw_model::Membership| m.group == self.group.name && self.sight.is_ours(m);
        user.groups.iter().any(is_it)
    }

    /// Puts a group of its own into this one.
    fn nest(
        &self,
        child: &Arc<Group>,
        id: &ResourceId,
        planned: &mut Planned,
    ) -> Result<(), WriteFault> {
        if child.parents.contains(&self.group.name) {
            return Ok(());
        }
        if !self.sight.makes(child) {
            return Err(denied(format!(
                "the group `{}` was not made by `{}`: which groups it is part of is said in Gatewright",
                child.name,
                self.sight.source()
            )));
        }
        let above = self.sight.facts.groups_above(&self.group.name);
        if child.name == self.group.name || above.contains(&child.name) {
            return Err(WriteFault::Nesting(id.clone()));
        }
        let mut child = Group::clone(child);
        child.parents.push(self.group.name.clone());
        planned.changes.push(Change::GroupPut(Arc::new(child)));
        Ok(())
    }
}

impl Planned {
    fn touch(&mut self, user: User) {
        self.people.insert(user.id);
        self.changes.push(Change::UserPut(Arc::new(user)));
    }
}
