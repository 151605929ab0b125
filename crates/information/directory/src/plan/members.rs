//! Who is in which group here, by what groups and people say there.
//!
//! Groups within groups are followed level by level, as far as the settings say, and no group
//! twice: a circle ends where it closes. Only what a mapped group leads to is looked at.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use gw_model::GroupName;

use super::conflict::{Conflict, Why};
use crate::{
    dn::DnKey,
    present::Present,
    reading::{DirectoryGroup, Member, Reading},
    settings::{GroupMatch, MappedGroup, Settings},
    text::folded,
};

/// Who is in which group here; people by their place in the reading.
#[derive(Debug, Default)]
pub(super) struct Members {
    found: BTreeMap<usize, BTreeSet<GroupName>>,
    /// Groups that others may be in as well, by what was not read.
    open: BTreeSet<GroupName>,
}

impl Members {
    pub(super) fn of(
        present: &Present<'_>,
        reading: &Reading,
        settings: &Settings,
        conflicts: &mut Vec<Conflict>,
    ) -> Self {
        let directory = Directory::of(reading, conflicts);
        let is_partial = settings.referrals.heeded(reading.elsewhere).groups > 0;
        let mut members = Self::default();
        for mapped in &settings.groups.mapped {
            if present.facts().group(&mapped.here).is_none() {
                let why = Why::NoGroupHere(mapped.here.clone());
                conflicts.push(Conflict::new(mapped.here.as_str(), why));
                continue;
            }
            match directory.mapped(mapped) {
                Ok(group) => {
                    let within = directory.within(&group, settings.groups.nesting, conflicts);
                    members.put(within, &mapped.here, is_partial);
                }
                Err(conflict) if is_partial && matches!(conflict.why, Why::NoSuchGroup(_)) => {
                    members.open.insert(mapped.here.clone());
                    let why = Why::GroupElsewhere(mapped.here.clone());
                    conflicts.push(Conflict::new(conflict.about, why));
                }
                Err(conflict) => conflicts.push(conflict),
            }
        }
        members
    }

    fn put(&mut self, within: Within, here: &GroupName, is_partial: bool) {
        for person in within.people {
            let groups = self.found.entry(person).or_default();
            groups.insert(here.clone());
        }
        if is_partial && within.leads_on {
            self.open.insert(here.clone());
        }
    }

    /// Whether somebody whom nothing that was read puts into a group may be in it all the same.
    pub(super) fn is_open(&self, group: &GroupName) -> bool {
        self.open.contains(group)
    }

    /// The groups of the person at this place, sorted.
    pub(super) fn groups(&self, person: usize) -> Vec<GroupName> {
        let groups = self.found.get(&person).into_iter().flatten();
        groups.cloned().collect()
    }
}

/// What is in a group.
#[derive(Debug, Default)]
struct Within {
    people: BTreeSet<usize>,
    /// Whether it has members that are neither people nor groups of the reading: any of them may be
    /// a group that was not read.
    leads_on: bool,
}

/// A reading with its people and groups found by what others call them.
struct Directory<'r> {
    groups: HashMap<&'r DnKey, &'r DirectoryGroup>,
    groups_named: HashMap<&'r str, Vec<&'r DirectoryGroup>>,
    people: HashMap<&'r DnKey, usize>,
    people_named: HashMap<String, Vec<usize>>,
    /// Who says that they are in a group.
    said: HashMap<&'r DnKey, Vec<usize>>,
}

impl<'r> Directory<'r> {
    fn of(reading: &'r Reading, conflicts: &mut Vec<Conflict>) -> Self {
        let mut directory = Self {
            groups: reading
                .groups
                .iter()
                .map(|group| (&group.dn, group))
                .collect(),
            groups_named: HashMap::new(),
            people: HashMap::new(),
            people_named: HashMap::new(),
            said: HashMap::new(),
        };
        for group in &reading.groups {
            for name in &group.names {
                directory.groups_named.entry(name).or_default().push(group);
            }
        }
        let mut twice = HashSet::new();
        for (place, person) in reading.people.iter().enumerate() {
            if directory.people.insert(&person.dn, place).is_some() {
                twice.insert(&person.dn);
            }
            if let Ok(name) = &person.name {
                directory
                    .people_named
                    .entry(folded(name))
                    .or_default()
                    .push(place);
            }
            for group in &person.member_of {
                directory.said.entry(group).or_default().push(place);
            }
        }
        directory.people.retain(|dn, _| !twice.contains(*dn));
        let unclear = reading.people.iter().filter(|one| twice.contains(&one.dn));
        conflicts.extend(unclear.map(|one| Conflict::new(&*one.shown, Why::DnTwice)));
        directory
    }

    /// The group that is mapped. One that only people speak of is one as well.
    fn mapped(&self, mapped: &MappedGroup) -> Result<DnKey, Conflict> {
        match &mapped.there {
            GroupMatch::Dn(dn) => {
                let is_there =
                    self.groups.contains_key(dn.key()) || self.said.contains_key(dn.key());
                let absent =
                    || Conflict::new(dn.to_string(), Why::NoSuchGroup(mapped.here.clone()));
                is_there.then(|| dn.key().clone()).ok_or_else(absent)
            }
            GroupMatch::Name(name) => {
                let why = match self.groups_named.get(&*folded(name)).map(Vec::as_slice) {
                    Some([one]) => return Ok(one.dn.clone()),
                    Some([_, _, ..]) => Why::GroupTwice(mapped.here.clone()),
                    _ => Why::NoSuchGroup(mapped.here.clone()),
                };
                Err(Conflict::new(&**name, why))
            }
        }
    }

    /// Everybody in a group, and in groups so many levels within it.
    fn within(&self, top: &DnKey, nesting: usize, conflicts: &mut Vec<Conflict>) -> Within {
        let mut within = Within::default();
        let mut seen: HashSet<&DnKey> = HashSet::from([top]);
        let mut level: Vec<&DnKey> = vec![top];
        for depth in 0..=nesting {
            let mut next = Vec::new();
            for group in level {
                let said = self.said.get(group).into_iter().flatten();
                within.people.extend(said);
                let Some(group) = self.groups.get(group) else {
                    continue;
                };
                if group.unreadable > 0 {
                    let why = Why::UnreadableMembers(group.unreadable);
                    conflicts.push(Conflict::new(&*group.shown, why));
                }
                let is_known = self.direct(group, &mut within.people, &mut next);
                within.leads_on |= !is_known && depth < nesting;
            }
            next.retain(|group| !seen.contains(group));
            // What is deeper is not followed; where nothing was to be, it is none of it a fault.
            if depth == nesting {
                if nesting > 0 && !next.is_empty() {
                    let shown = self.groups.get(top).map(|group| group.shown.to_string());
                    conflicts.push(Conflict::new(
                        shown.unwrap_or_default(),
                        Why::TooDeep(nesting),
                    ));
                }
                break;
            }
            seen.extend(next.iter().copied());
            next.sort_unstable();
            next.dedup();
            level = next;
        }
        within
    }

    /// Adds who and what is in a group; whether each of its members is somebody or something.
    fn direct(
        &self,
        group: &'r DirectoryGroup,
        people: &mut BTreeSet<usize>,
        groups: &mut Vec<&'r DnKey>,
    ) -> bool {
        let mut are_known = true;
        for member in &group.members {
            match member {
                Member::Dn(dn) => {
                    let person = self.people.get(dn);
                    let is_group = self.groups.contains_key(dn);
                    are_known &= person.is_some() || is_group;
                    people.extend(person);
                    if is_group {
                        groups.push(dn);
                    }
                }
                Member::SignInName(name) => {
                    // Two of one name: neither is meant for sure.
                    if let Some([one]) = self.people_named.get(&**name).map(Vec::as_slice) {
                        people.insert(*one);
                    }
                }
            }
        }
        are_known
    }
}
