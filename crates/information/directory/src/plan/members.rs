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
pub(super) struct Members(BTreeMap<usize, BTreeSet<GroupName>>);

impl Members {
    pub(super) fn of(
        present: &Present<'_>,
        reading: &Reading,
        settings: &Settings,
        conflicts: &mut Vec<Conflict>,
    ) -> Self {
        let directory = Directory::of(reading, conflicts);
        let mut found = Self::default();
        for mapped in &settings.groups.mapped {
            if present.facts().group(&mapped.here).is_none() {
                let why = Why::NoGroupHere(mapped.here.clone());
                conflicts.push(Conflict::new(mapped.here.as_str(), why));
                continue;
            }
            match directory.mapped(mapped) {
                Ok(group) => {
                    let people = directory.within(&group, settings.groups.nesting, conflicts);
                    for person in people {
                        found
                            .0
                            .entry(person)
                            .or_default()
                            .insert(mapped.here.clone());
                    }
                }
                Err(conflict) => conflicts.push(conflict),
            }
        }
        found
    }

    /// The groups of the person at this place, sorted.
    pub(super) fn groups(&self, person: usize) -> Vec<GroupName> {
        let groups = self.0.get(&person).into_iter().flatten();
        groups.cloned().collect()
    }
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
    fn within(
        &self,
        top: &DnKey,
        nesting: usize,
        conflicts: &mut Vec<Conflict>,
    ) -> BTreeSet<usize> {
        let mut people = BTreeSet::new();
        let mut seen: HashSet<&DnKey> = HashSet::from([top]);
        let mut level: Vec<&DnKey> = vec![top];
        for depth in 0..=nesting {
            let mut next = Vec::new();
            for group in level {
                people.extend(self.said.get(group).into_iter().flatten());
                let Some(group) = self.groups.get(group) else {
                    continue;
                };
                if group.unreadable > 0 {
                    let why = Why::UnreadableMembers(group.unreadable);
                    conflicts.push(Conflict::new(&*group.shown, why));
                }
                self.direct(group, &mut people, &mut next);
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
        people
    }

    fn direct(
        &self,
        group: &'r DirectoryGroup,
        people: &mut BTreeSet<usize>,
        groups: &mut Vec<&'r DnKey>,
    ) {
        for member in &group.members {
            match member {
                Member::Dn(dn) => {
                    people.extend(self.people.get(dn));
                    if self.groups.contains_key(dn) {
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
    }
}
