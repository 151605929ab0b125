//! The facts as a directory of SCIM, in one source's name.

use std::sync::Arc;

use gw_engine::random;
use gw_model::{Action, Change, ExternalIdentity, Resource, Snapshot, User, UserId};
use gw_scim::{
    Directory, Folded, Group, GroupChange, GroupIndex, Members, Page, ReadFault, ResourceId,
    StoredGroup, StoredUser, UserIndex, WriteFault,
};

use crate::{
    asking::Asking,
    groups::{self, Planned},
    people,
    sight::{Sight, group_id, user_id},
};

/// How often a group's change is planned anew, where others changed who is in it meanwhile.
const PLANS_MAX: usize = 5;

impl Directory for Asking {
    async fn user(&self, id: &ResourceId) -> Result<Option<StoredUser>, ReadFault> {
        let view = self.engine.view();
        let sight = self.sight(&view.facts)?;
        Ok(sight
            .person(id)
            .and_then(|user| people::shown(&sight, user)))
    }

    async fn find_users(&self, by: &UserIndex) -> Result<Vec<ResourceId>, ReadFault> {
        let view = self.engine.view();
        let sight = self.sight(&view.facts)?;
        let found = match by {
            UserIndex::UserName(name) => view.facts.user_named(name.as_str()),
            UserIndex::ExternalId(id) => {
                let identity = ExternalIdentity::of(self.source.clone(), (**id).into());
                let user = view.facts.user_of_identity(&identity);
                user.filter(|user| {
                    let shown = people::shown(&sight, user);
                    shown.is_some_and(|shown| shown.user.external_id.as_ref() == Some(id))
                })
            }
        };
        let linked = found.filter(|user| sight.link(user).is_some());
        Ok(linked
            .and_then(|user| user_id(user.id))
            .into_iter()
            .collect())
    }

    async fn users(&self, from: usize, count: usize) -> Result<Page<StoredUser>, ReadFault> {
        let view = self.engine.view();
        let sight = self.sight(&view.facts)?;
        let all = sight.people();
        let some = all.iter().skip(from).take(count);
        Ok(Page {
            total: all.len(),
            items: some
                .filter_map(|user| people::shown(&sight, user))
                .collect(),
        })
    }

    async fn create_user(&self, user: gw_scim::User) -> Result<StoredUser, WriteFault> {
        let new = UserId::from_bits(random::bits());
        let decision = self.ask(Action::AdminUserAdd, Resource::User(new)).await?;
        let found = {
            let view = self.engine.view();
            let arriving = people::arriving(&self.sight(&view.facts)?, &user)?;
            arriving.map(|user| user.id)
        };
        // Who is here already changes.
        let decision = match found {
            Some(id) => {
                self.ask(Action::AdminUserChange, Resource::User(id))
                    .await?
            }
            None => decision,
        };
        let plan = move |sight: &Sight<'_>| {
            let user = people::created(sight, &user, new)?;
            match found.unwrap_or(new) == user.id {
                true => Ok(vec![Change::UserPut(Arc::new(user))]),
                false => Err(WriteFault::Stale),
            }
        };
        self.commit("user pushed in", decision, plan).await?;
        self.shown_user(found.unwrap_or(new))
    }

    async fn replace_user(
        &self,
        id: &ResourceId,
        expected: u64,
        user: gw_scim::User,
    ) -> Result<StoredUser, WriteFault> {
        let known = self.known_user(id)?;
        let decision = self
            .ask(Action::AdminUserChange, Resource::User(known))
            .await?;
        let plan = move |sight: &Sight<'_>| {
            let before = as_expected(sight, known, Some(expected))?;
            let after = people::replaced(sight, before, &user)?;
            Ok(match after == **before {
                true => Vec::new(),
                false => vec![Change::UserPut(Arc::new(after))],
            })
        };
        self.commit("user changed by a source", decision, plan)
            .await?;
        self.shown_user(known)
    }

    async fn remove_user(&self, id: &ResourceId, expected: Option<u64>) -> Result<(), WriteFault> {
        let known = self.known_user(id)?;
        let decision = self
            .ask(Action::AdminUserChange, Resource::User(known))
            .await?;
        let plan = move |sight: &Sight<'_>| {
            let before = as_expected(sight, known, expected)?;
            Ok(vec![people::removed(sight, before)?])
        };
        self.commit("user removed by a source", decision, plan)
            .await
    }

    async fn group(
        &self,
        id: &ResourceId,
        members: Members,
    ) -> Result<Option<StoredGroup>, ReadFault> {
        let view = self.engine.view();
        let sight = self.sight(&view.facts)?;
        let group = sight.group(id);
        Ok(group.and_then(|group| groups::shown(&sight, group, members)))
    }

    async fn find_groups(&self, by: &GroupIndex) -> Result<Vec<ResourceId>, ReadFault> {
        let view = self.engine.view();
        let sight = self.sight(&view.facts)?;
        let is_wanted = |group: &&Arc<gw_model::Group>| match by {
            GroupIndex::DisplayName(name) => Folded::of(&groups::display_name(group)) == *name,
            GroupIndex::ExternalId(id) => groups::is_known_as(&sight, group, id),
            GroupIndex::Member(_) => false,
        };
        let found: Vec<_> = match by {
            GroupIndex::Member(id) => groups_of(&sight, id),
            GroupIndex::DisplayName(_) | GroupIndex::ExternalId(_) => {
                sight.groups().filter(is_wanted).collect()
            }
        };
        let ids = found.into_iter().filter_map(|group| group_id(&group.name));
        Ok(ids.collect())
    }

    async fn groups(
        &self,
        from: usize,
        count: usize,
        members: Members,
    ) -> Result<Page<StoredGroup>, ReadFault> {
        let view = self.engine.view();
        let sight = self.sight(&view.facts)?;
        let all: Vec<_> = sight.groups().collect();
        let some = all.iter().skip(from).take(count);
        Ok(Page {
            total: all.len(),
            items: some
                .filter_map(|group| groups::shown(&sight, group, members))
                .collect(),
        })
    }

    async fn create_group(&self, group: Group) -> Result<StoredGroup, WriteFault> {
        let plan = move |sight: &Sight<'_>| groups::created(sight, &group);
        let name = self
            .change_planned("group pushed in", Members::Wanted, plan)
            .await?;
        name.ok_or(WriteFault::Absent)
    }

    async fn replace_group(
        &self,
        id: &ResourceId,
        expected: u64,
        group: Group,
    ) -> Result<StoredGroup, WriteFault> {
        let id = id.clone();
        let plan = move |sight: &Sight<'_>| {
            let before = group_as_expected(sight, &id, Some(expected))?;
            groups::replaced(sight, before, &group)
        };
        let shown = self
            .change_planned("group changed by a source", Members::Wanted, plan)
            .await?;
        shown.ok_or(WriteFault::Absent)
    }

    async fn change_group(
        &self,
        id: &ResourceId,
        expected: Option<u64>,
        change: GroupChange,
    ) -> Result<StoredGroup, WriteFault> {
        let id = id.clone();
        let plan = move |sight: &Sight<'_>| {
            let before = group_as_expected(sight, &id, expected)?;
            groups::changed(sight, before, &change)
        };
        let shown = self
            .change_planned("group changed by a source", Members::Left, plan)
            .await?;
        shown.ok_or(WriteFault::Absent)
    }

    async fn remove_group(&self, id: &ResourceId, expected: Option<u64>) -> Result<(), WriteFault> {
        let id = id.clone();
        let plan = move |sight: &Sight<'_>| {
            let before = group_as_expected(sight, &id, expected)?;
            groups::removed(sight, before)
        };
        self.change_planned("group removed by a source", Members::Left, plan)
            .await?;
        Ok(())
    }
}

impl Asking {
    fn known_user(&self, id: &ResourceId) -> Result<UserId, WriteFault> {
        let view = self.engine.view();
        let sight = self.sight(&view.facts)?;
        Ok(sight.person(id).ok_or(WriteFault::Absent)?.id)
    }

    fn shown_user(&self, id: UserId) -> Result<StoredUser, WriteFault> {
        let view = self.engine.view();
        let sight = self.sight(&view.facts)?;
        let user = view.facts.user(id);
        user.and_then(|user| people::shown(&sight, user))
            .ok_or(WriteFault::Absent)
    }

    /// Makes a planned change of a group: policy is asked about the group once, and about everybody
    /// whom the plan touches. Where it would touch others at its turn, it is planned anew.
    async fn change_planned(
        &self,
        what: &'static str,
        members: Members,
        plan: impl Fn(&Sight<'_>) -> Result<Planned, WriteFault> + Clone + Send + 'static,
    ) -> Result<Option<StoredGroup>, WriteFault> {
        for _ in 0..PLANS_MAX {
            let planned = self.planned(&plan)?;
            let group = planned.group.clone().ok_or(WriteFault::Absent)?;
            let resource = Resource::Group(group.clone());
            let decision = self.ask(Action::AdminGroupChange, resource).await?;
            for user in &planned.people {
                self.may_change(*user)?;
            }
            let (plan, looked_at) = (plan.clone(), planned);
            let expected = group.clone();
            let at_turn = move |sight: &Sight<'_>| {
                let planned = plan(sight)?;
                let is_known = planned.people.is_subset(&looked_at.people);
                match is_known && planned.group.as_ref() == Some(&expected) {
                    true => Ok(planned.changes),
                    false => Err(OTHERS),
                }
            };
            match self.commit(what, decision, at_turn).await {
                Err(OTHERS) => {}
                Err(fault) => return Err(fault),
                Ok(()) => {
                    let view = self.engine.view();
                    let sight = self.sight(&view.facts)?;
                    let group = view.facts.group(&group);
                    return Ok(group.and_then(|group| groups::shown(&sight, group, members)));
                }
            }
        }
        Err(WriteFault::Unavailable {
            again_after: std::time::Duration::from_secs(1),
        })
    }

    fn planned(
        &self,
        plan: &impl Fn(&Sight<'_>) -> Result<Planned, WriteFault>,
    ) -> Result<Planned, WriteFault> {
        let view = self.engine.view();
        plan(&self.sight(&view.facts)?)
    }
}

/// The plan would touch others than policy was asked about. No plan fails like this by itself: a
/// person or group that is gone is `Absent` or `Stale`.
const OTHERS: WriteFault = WriteFault::Taken { attribute: "" };

fn as_expected<'f>(
    sight: &Sight<'f>,
    id: UserId,
    expected: Option<u64>,
) -> Result<&'f Arc<User>, WriteFault> {
    let facts: &'f Snapshot = sight.facts;
    let user = facts.user(id).ok_or(WriteFault::Absent)?;
    let shown = people::shown(sight, user).ok_or(WriteFault::Absent)?;
    match expected.is_none_or(|expected| expected == shown.stamp.version) {
        true => Ok(user),
        false => Err(WriteFault::Stale),
    }
}

fn group_as_expected<'f>(
    sight: &Sight<'f>,
    id: &ResourceId,
    expected: Option<u64>,
) -> Result<&'f Arc<gw_model::Group>, WriteFault> {
    let group = sight.group(id).ok_or(WriteFault::Absent)?;
    let shown = groups::shown(sight, group, Members::Left).ok_or(WriteFault::Absent)?;
    match expected.is_none_or(|expected| expected == shown.stamp.version) {
        true => Ok(group),
        false => Err(WriteFault::Stale),
    }
}

/// The groups that somebody or some group is in directly, of those that the source sees.
fn groups_of<'f>(sight: &Sight<'f>, id: &ResourceId) -> Vec<&'f Arc<gw_model::Group>> {
    let names: Vec<_> = match (sight.person(id), sight.group(id)) {
        (Some(user), _) => {
            let ours = user.groups.iter().filter(|m| sight.is_ours(m));
            ours.map(|m| m.group.clone()).collect()
        }
        (None, Some(child)) if sight.makes(child) => child.parents.clone(),
        (None, _) => Vec::new(),
    };
    let ids = names.iter().filter_map(group_id);
    ids.filter_map(|id| sight.group(&id)).collect()
}
