//! A directory in memory: for tests and the example, not for anybody's people.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use gw_model::Timestamp;
use gw_scim::{
    Directory, Folded, Group, GroupChange, GroupIndex, GroupOfUser, Member, Members, Page,
    ReadFault, ResourceId, ResourceKind, Stamp, StoredGroup, StoredMember, StoredUser, User,
    UserIndex, WriteFault,
};

/// How many groups may be in one another.
const LEVELS_MAX: usize = 10;

#[derive(Default)]
pub(crate) struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Counts changes; also the clock, in milliseconds after the first of them.
    changes: u64,
    groups_version: u64,
    users: BTreeMap<ResourceId, (Stamp, User)>,
    groups: BTreeMap<ResourceId, KeptGroup>,
    user_names: HashMap<Folded, ResourceId>,
    group_names: HashMap<Folded, ResourceId>,
    member_of: HashMap<ResourceId, BTreeSet<ResourceId>>,
    looked: Looked,
    contended: usize,
}

struct KeptGroup {
    stamp: Stamp,
    display_name: Box<str>,
    external_id: Option<Box<str>>,
    members: BTreeMap<ResourceId, ResourceKind>,
}

/// What was read so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) users: usize,
    pub(crate) groups: usize,
    pub(crate) members: usize,
}

#[allow(dead_code, reason = "the example needs less of it than the tests")]
impl Memory {
    /// What was read since this was last asked.
    pub(crate) fn looked(&self) -> Looked {
        std::mem::take(&mut self.lock().looked)
    }

    /// Lets others change what is replaced next, this often, just before it is.
    pub(crate) fn contend(&self, times: usize) {
        self.lock().contended = times;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000 + self.changes)
    }

    #[expect(clippy::expect_used, reason = "a letter and digits are an id")]
    fn stamp(&mut self, prefix: &str) -> Stamp {
        let version = self.next();
        let id = format!("{prefix}{version:08}").parse().expect("an id");
        Stamp {
            id,
            version,
            created: self.now(),
            last_modified: self.now(),
        }
    }

    fn touched(&mut self, stamp: &Stamp) -> Stamp {
        Stamp {
            version: self.next(),
            last_modified: self.now(),
            ..stamp.clone()
        }
    }

    fn user(&mut self, id: &ResourceId) -> Option<StoredUser> {
        let (stamp, user) = self.users.get(id)?;
        self.looked.users += 1;
        let mut stamp = stamp.clone();
        stamp.version = stamp.version.max(self.groups_version);
        Some(StoredUser {
            stamp,
            user: user.clone(),
            groups: self.groups_of(id),
        })
    }

    fn groups_of(&self, id: &ResourceId) -> Vec<GroupOfUser> {
        let mut level: BTreeSet<ResourceId> = self.member_of.get(id).cloned().unwrap_or_default();
        let mut seen = BTreeMap::new();
        let mut is_direct = true;
        while !level.is_empty() {
            let mut above = BTreeSet::new();
            for group in level {
                above.extend(self.member_of.get(&group).into_iter().flatten().cloned());
                seen.entry(group).or_insert(is_direct);
            }
            above.retain(|group| !seen.contains_key(group));
            level = above;
            is_direct = false;
        }
        let shown = seen.into_iter().filter_map(|(id, is_direct)| {
            let display_name = self.groups.get(&id)?.display_name.clone();
            Some(GroupOfUser {
                id,
                display_name,
                is_direct,
            })
        });
        shown.collect()
    }

    fn group(&mut self, id: &ResourceId, members: Members) -> Option<StoredGroup> {
        let group = self.groups.get(id)?;
        let listed: Vec<_> = match members {
            Members::Left => Vec::new(),
            Members::Wanted => group
                .members
                .iter()
                .map(|(id, kind)| self.member(id, *kind))
                .collect(),
        };
        let shown = StoredGroup {
            stamp: group.stamp.clone(),
            display_name: group.display_name.clone(),
            external_id: group.external_id.clone(),
            members: listed,
        };
        self.looked.groups += 1;
        self.looked.members += shown.members.len();
        Some(shown)
    }

    fn member(&self, id: &ResourceId, kind: ResourceKind) -> StoredMember {
        let display = match kind {
            ResourceKind::User => self.users.get(id).map(|(_, user)| {
                user.display_name
                    .as_ref()
                    .unwrap_or(&user.user_name)
                    .clone()
            }),
            ResourceKind::Group => self.groups.get(id).map(|group| group.display_name.clone()),
        };
        StoredMember {
            id: id.clone(),
            kind,
            display: display.unwrap_or_default(),
        }
    }

    fn kind_of(&self, member: &Member) -> Result<ResourceKind, WriteFault> {
        let kind = match () {
            () if self.users.contains_key(&member.id) => Some(ResourceKind::User),
            () if self.groups.contains_key(&member.id) => Some(ResourceKind::Group),
            () => None,
        };
        kind.filter(|kind| member.kind.is_none_or(|said| said == *kind))
            .ok_or_else(|| WriteFault::NoSuchMember(member.id.clone()))
    }

    /// Whether a group may have these members.
    fn check_members(
        &self,
        of: Option<&ResourceId>,
        members: &[Member],
    ) -> Result<Vec<(ResourceId, ResourceKind)>, WriteFault> {
        let mut checked = Vec::with_capacity(members.len());
        for member in members {
            let kind = self.kind_of(member)?;
            if kind == ResourceKind::Group && of.is_some_and(|of| !self.may_hold(of, &member.id)) {
                return Err(WriteFault::Nesting(member.id.clone()));
            }
            checked.push((member.id.clone(), kind));
        }
        Ok(checked)
    }

    /// Whether `inner` is neither `of` nor around it.
    fn may_hold(&self, of: &ResourceId, inner: &ResourceId) -> bool {
        let mut level = BTreeSet::from([of.clone()]);
        for _ in 0..LEVELS_MAX {
            if level.contains(inner) {
                return false;
            }
            level = level
                .iter()
                .flat_map(|id| self.member_of.get(id).into_iter().flatten().cloned())
                .collect();
        }
        level.is_empty()
    }

    fn check_user_name(&self, id: Option<&ResourceId>, name: &str) -> Result<(), WriteFault> {
        let holder = self.user_names.get(&Folded::of(name));
        free(holder, id, "userName")
    }

    fn check_group_name(&self, id: Option<&ResourceId>, name: &str) -> Result<(), WriteFault> {
        let holder = self.group_names.get(&Folded::of(name));
        free(holder, id, "displayName")
    }

    fn check_version(&mut self, version: u64, expected: Option<u64>) -> Result<(), WriteFault> {
        if self.contended > 0 && expected.is_some() {
            self.contended -= 1;
            return Err(WriteFault::Stale);
        }
        match expected.is_none_or(|expected| expected == version) {
            true => Ok(()),
            false => Err(WriteFault::Stale),
        }
    }

    fn put_member(&mut self, group: &ResourceId, member: ResourceId, kind: ResourceKind) {
        self.member_of
            .entry(member.clone())
            .or_default()
            .insert(group.clone());
        if let Some(group) = self.groups.get_mut(group) {
            group.members.insert(member, kind);
        }
    }

    fn take_member(&mut self, group: &ResourceId, member: &ResourceId) {
        if let Some(groups) = self.member_of.get_mut(member) {
            groups.remove(group);
        }
        if let Some(group) = self.groups.get_mut(group) {
            group.members.remove(member);
        }
    }

    /// Takes a resource out of all groups.
    fn forget(&mut self, id: &ResourceId) {
        for group in self.member_of.remove(id).unwrap_or_default() {
            self.take_member(&group, id);
        }
        self.groups_version = self.next();
    }

    fn rename_group(&mut self, id: &ResourceId, name: Box<str>) {
        if let Some(group) = self.groups.get_mut(id) {
            self.group_names.remove(&Folded::of(&group.display_name));
            self.group_names.insert(Folded::of(&name), id.clone());
            group.display_name = name;
        }
    }

    fn settle(&mut self, id: &ResourceId) {
        let Some(stamp) = self.groups.get(id).map(|group| group.stamp.clone()) else {
            return;
        };
        let stamp = self.touched(&stamp);
        self.groups_version = stamp.version;
        if let Some(group) = self.groups.get_mut(id) {
            group.stamp = stamp;
        }
    }
}

fn free(
    holder: Option<&ResourceId>,
    id: Option<&ResourceId>,
    attribute: &'static str,
) -> Result<(), WriteFault> {
    match holder.is_none_or(|holder| Some(holder) == id) {
        true => Ok(()),
        false => Err(WriteFault::Taken { attribute }),
    }
}

impl Directory for Memory {
    async fn user(&self, id: &ResourceId) -> Result<Option<StoredUser>, ReadFault> {
        Ok(self.lock().user(id))
    }

    async fn find_users(&self, by: &UserIndex) -> Result<Vec<ResourceId>, ReadFault> {
        let state = self.lock();
        Ok(match by {
            UserIndex::UserName(name) => state.user_names.get(name).cloned().into_iter().collect(),
            UserIndex::ExternalId(wanted) => {
                let all = state.users.iter();
                let found = all.filter(|(_, (_, user))| user.external_id.as_ref() == Some(wanted));
                found.map(|(id, _)| id.clone()).collect()
            }
        })
    }

    async fn users(&self, from: usize, count: usize) -> Result<Page<StoredUser>, ReadFault> {
        let mut state = self.lock();
        let ids: Vec<_> = state.users.keys().skip(from).take(count).cloned().collect();
        Ok(Page {
            total: state.users.len(),
            items: ids.iter().filter_map(|id| state.user(id)).collect(),
        })
    }

    async fn create_user(&self, user: User) -> Result<StoredUser, WriteFault> {
        let mut state = self.lock();
        state.check_user_name(None, &user.user_name)?;
        let stamp = state.stamp("u");
        let id = stamp.id.clone();
        state
            .user_names
            .insert(Folded::of(&user.user_name), id.clone());
        state.users.insert(id.clone(), (stamp, user));
        state.user(&id).ok_or(WriteFault::Absent)
    }

    async fn replace_user(
        &self,
        id: &ResourceId,
        expected: u64,
        user: User,
    ) -> Result<StoredUser, WriteFault> {
        let mut state = self.lock();
        let stored = state.user(id).ok_or(WriteFault::Absent)?;
        state.check_version(stored.stamp.version, Some(expected))?;
        state.check_user_name(Some(id), &user.user_name)?;
        state.user_names.remove(&Folded::of(&stored.user.user_name));
        state
            .user_names
            .insert(Folded::of(&user.user_name), id.clone());
        let stamp = state.touched(&stored.stamp);
        state.users.insert(id.clone(), (stamp, user));
        state.user(id).ok_or(WriteFault::Absent)
    }

    async fn remove_user(&self, id: &ResourceId, expected: Option<u64>) -> Result<(), WriteFault> {
        let mut state = self.lock();
        let stored = state.user(id).ok_or(WriteFault::Absent)?;
        state.check_version(stored.stamp.version, expected)?;
        state.users.remove(id);
        state.user_names.remove(&Folded::of(&stored.user.user_name));
        state.forget(id);
        Ok(())
    }

    async fn group(
        &self,
        id: &ResourceId,
        members: Members,
    ) -> Result<Option<StoredGroup>, ReadFault> {
        Ok(self.lock().group(id, members))
    }

    async fn find_groups(&self, by: &GroupIndex) -> Result<Vec<ResourceId>, ReadFault> {
        let state = self.lock();
        Ok(match by {
            GroupIndex::DisplayName(name) => {
                state.group_names.get(name).cloned().into_iter().collect()
            }
            GroupIndex::ExternalId(wanted) => {
                let all = state.groups.iter();
                let found = all.filter(|(_, group)| group.external_id.as_ref() == Some(wanted));
                found.map(|(id, _)| id.clone()).collect()
            }
            GroupIndex::Member(id) => state
                .member_of
                .get(id)
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
        })
    }

    async fn groups(
        &self,
        from: usize,
        count: usize,
        members: Members,
    ) -> Result<Page<StoredGroup>, ReadFault> {
        let mut state = self.lock();
        let ids: Vec<_> = state
            .groups
            .keys()
            .skip(from)
            .take(count)
            .cloned()
            .collect();
        Ok(Page {
            total: state.groups.len(),
            items: ids
                .iter()
                .filter_map(|id| state.group(id, members))
                .collect(),
        })
    }

    async fn create_group(&self, group: Group) -> Result<StoredGroup, WriteFault> {
        let mut state = self.lock();
        state.check_group_name(None, &group.display_name)?;
        let members = state.check_members(None, &group.members)?;
        let stamp = state.stamp("g");
        let id = stamp.id.clone();
        state
            .group_names
            .insert(Folded::of(&group.display_name), id.clone());
        let kept = KeptGroup {
            stamp,
            display_name: group.display_name,
            external_id: group.external_id,
            members: BTreeMap::new(),
        };
        state.groups.insert(id.clone(), kept);
        for (member, kind) in members {
            state.put_member(&id, member, kind);
        }
        state.settle(&id);
        state.group(&id, Members::Wanted).ok_or(WriteFault::Absent)
    }

    async fn replace_group(
        &self,
        id: &ResourceId,
        expected: u64,
        group: Group,
    ) -> Result<StoredGroup, WriteFault> {
        let mut state = self.lock();
        let stored = state.group(id, Members::Wanted).ok_or(WriteFault::Absent)?;
        state.check_version(stored.stamp.version, Some(expected))?;
        state.check_group_name(Some(id), &group.display_name)?;
        let members = state.check_members(Some(id), &group.members)?;
        for member in stored.members {
            state.take_member(id, &member.id);
        }
        for (member, kind) in members {
            state.put_member(id, member, kind);
        }
        state.rename_group(id, group.display_name);
        if let Some(kept) = state.groups.get_mut(id) {
            kept.external_id = group.external_id;
        }
        state.settle(id);
        state.group(id, Members::Wanted).ok_or(WriteFault::Absent)
    }

    async fn change_group(
        &self,
        id: &ResourceId,
        expected: Option<u64>,
        change: GroupChange,
    ) -> Result<StoredGroup, WriteFault> {
        let mut state = self.lock();
        let stored = state.group(id, Members::Left).ok_or(WriteFault::Absent)?;
        state.check_version(stored.stamp.version, expected)?;
        let name = change.display_name;
        if let Some(name) = &name {
            state.check_group_name(Some(id), name)?;
        }
        let members = state.check_members(Some(id), &change.add)?;
        for (member, kind) in members {
            state.put_member(id, member, kind);
        }
        for member in &change.remove {
            state.take_member(id, member);
        }
        if let Some(name) = name {
            state.rename_group(id, name);
        }
        if let (Some(kept), Some(external_id)) = (state.groups.get_mut(id), change.external_id) {
            kept.external_id = external_id;
        }
        state.settle(id);
        state.group(id, Members::Left).ok_or(WriteFault::Absent)
    }

    async fn remove_group(&self, id: &ResourceId, expected: Option<u64>) -> Result<(), WriteFault> {
        let mut state = self.lock();
        let stored = state.group(id, Members::Wanted).ok_or(WriteFault::Absent)?;
        state.check_version(stored.stamp.version, expected)?;
        for member in stored.members {
            state.take_member(id, &member.id);
        }
        state.groups.remove(id);
        state.group_names.remove(&Folded::of(&stored.display_name));
        state.forget(id);
        Ok(())
    }
}
