//! The facts as far as one source may see and touch them.

use std::{collections::BTreeSet, sync::Arc};

use gw_model::{
    ExternalIdentity, FoundBy, Group, GroupName, Membership, Provider, ProviderName, Snapshot,
    Timestamp, User, UserId,
};
use gw_scim::ResourceId;

/// The group of those who run Gatewright: no source touches anybody in it, or makes them.
pub const OWNERS: &str = "owners";

/// Whether a source could be told to put people into a group of this name: ids of resources have no
/// dots, and nobody elsewhere makes owners.
pub fn is_fillable(group: &GroupName) -> bool {
    group.as_str() != OWNERS && group.as_str().parse::<ResourceId>().is_ok()
}

/// The facts as one source sees them at an instant: whom it pushed, the groups that it made or is
/// to fill, and what else it may not touch.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'f> {
    pub(crate) facts: &'f Snapshot,
    pub(crate) now: Timestamp,
    provider: &'f Provider,
    /// Groups that it is to fill.
    told: &'f [GroupName],
    /// Groups whose people it may change.
    over: &'f [GroupName],
}

impl<'f> Sight<'f> {
    /// What a source sees; nothing where it is off or not one any more.
    pub(crate) fn of(facts: &'f Snapshot, source: &ProviderName, now: Timestamp) -> Option<Self> {
        let provider = facts.provider(source).filter(|p| !p.is_off())?;
        let scim = provider.protocol.scim()?;
        Some(Self {
            facts,
            now,
            provider,
            told: &scim.fills,
            over: &scim.over,
        })
    }

    /// What a directory sees that is read.
    pub(crate) fn of_directory(
        facts: &'f Snapshot,
        directory: &ProviderName,
        now: Timestamp,
    ) -> Option<Self> {
        let provider = facts.provider(directory).filter(|p| !p.is_off())?;
        let source = provider.protocol.directory()?;
        Some(Self {
            facts,
            now,
            provider,
            told: &source.fills,
            over: &source.over,
        })
    }

    pub(crate) const fn source(&self) -> &'f ProviderName {
        &self.provider.name
    }

    /// Who somebody is at the source, if they are linked with it. What was said of them by somebody
    /// who has fewer rights than they have by now is worth nothing.
    pub(crate) fn link<'u>(&self, user: &'u User) -> Option<&'u ExternalIdentity> {
        let mut all = user.identities.iter();
        let link = all.find(|i| i.provider == *self.source())?;
        let Some(within) = &link.within else {
            return Some(link);
        };
        let mut without = user.clone();
        without.groups.retain(|m| !self.is_ours(m));
        let groups = self.facts.groups_of(&without, self.now).0;
        groups.iter().all(|g| within.contains(g)).then_some(link)
    }

    pub(crate) fn person(&self, id: &ResourceId) -> Option<&'f Arc<User>> {
        let user = self.facts.user(id.as_str().parse().ok()?)?;
        // Case counts in ids.
        let is_it = user.id.to_string() == id.as_str();
        (is_it && self.link(user).is_some()).then_some(user)
    }

    /// Everybody whom it pushed, in an order that only coming and going changes.
    pub(crate) fn people(&self) -> Vec<&'f Arc<User>> {
        let linked = self.facts.users().filter(|user| self.link(user).is_some());
        let mut people: Vec<_> = linked.collect();
        people.sort_unstable_by_key(|user| user.id);
        people
    }

    /// A group that it made or is to fill.
    pub(crate) fn group(&self, id: &ResourceId) -> Option<&'f Arc<Group>> {
        let group = self.facts.group(&id.as_str().parse().ok()?)?;
        self.fills(group).then_some(group)
    }

    /// All of them, by name.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &'f Arc<Group>> {
        let sight = *self;
        self.facts.groups().filter(move |group| sight.fills(group))
    }

    /// Whether it puts people into a group: it made it, or was told to. Nobody elsewhere makes
    /// owners, through other groups neither.
    fn fills(&self, group: &Group) -> bool {
        let is_told = is_fillable(&group.name) && self.told.contains(&group.name);
        (self.makes(group) || is_told) && !self.is_below_owners(&group.name)
    }

    /// Whether a directory puts people into a group: it was told to, and makes nobody an owner by
    /// it.
    pub(crate) fn may_fill(&self, group: &GroupName) -> bool {
        self.told.contains(group) && group.as_str() != OWNERS && !self.is_below_owners(group)
    }

    fn is_below_owners(&self, group: &GroupName) -> bool {
        let is_owners = |above: &GroupName| above.as_str() == OWNERS;
        self.facts.groups_above(group).iter().any(is_owners)
    }

    /// Whether it made a group, and so may rename and remove it.
    pub(crate) fn makes(&self, group: &Group) -> bool {
        group.is_made_by(self.source())
    }

    pub(crate) fn is_ours(&self, membership: &Membership) -> bool {
        membership.by.as_ref() == Some(self.source())
    }

    /// A place in a group by its word.
    pub(crate) fn membership(&self, group: GroupName) -> Membership {
        Membership {
            group,
            until: None,
            by: Some(self.source().clone()),
        }
    }

    /// Who is in a group by its word, directly.
    pub(crate) fn members(&self, group: &GroupName) -> impl Iterator<Item = &'f Arc<User>> {
        let sight = *self;
        let all = self.facts.members_by_word(self.source(), group);
        all.filter(move |user| sight.link(user).is_some())
    }

    /// The groups that it made and that are directly in this one.
    pub(crate) fn children(&self, group: &GroupName) -> impl Iterator<Item = &'f Arc<Group>> {
        let (sight, group) = (*self, group.clone());
        self.groups()
            .filter(move |child| sight.makes(child) && child.parents.contains(&group))
    }

    /// Whether somebody is to be found by their name the first time.
    pub(crate) fn finds_by_name(&self) -> bool {
        self.provider.people.found_by == FoundBy::Name
    }

    /// Whether its words for who somebody is count: no other source pushed them before.
    pub(crate) fn describes(&self, user: &User) -> bool {
        let pushes = |identity: &&ExternalIdentity| {
            let provider = self.facts.provider(&identity.provider);
            provider.is_some_and(|provider| provider.protocol.scim().is_some())
        };
        let first = user.identities.iter().find(pushes);
        first.is_none_or(|identity| identity.provider == *self.source())
    }

    pub(crate) fn is_owner(&self, user: &User) -> bool {
        let groups = self.facts.groups_of(user, self.now).0;
        groups.iter().any(|group| group.as_str() == OWNERS)
    }

    /// The first group of somebody that gives them rights which the source could not give.
    pub(crate) fn beyond(&self, user: &User) -> Option<GroupName> {
        let told = self.told.iter().chain(self.over).cloned();
        let made = self.groups().map(|group| group.name.clone());
        let mut within: BTreeSet<GroupName> = told.chain(made).collect();
        let above: Vec<_> = within
            .iter()
            .flat_map(|group| self.facts.groups_above(group))
            .collect();
        within.extend(above);
        let groups = self.facts.groups_of(user, self.now).0;
        groups.into_iter().find(|group| !within.contains(group))
    }

    /// Whether somebody has no way of their own to sign in, no account elsewhere, and no more
    /// rights than the source could give: only they are linked by their name alone.
    pub(crate) fn may_be_found(&self, user: &User) -> bool {
        user.factors.is_empty()
            && user.identities.is_empty()
            && !user.disabled
            && self.facts.break_glass_of(user.id).is_none()
            && self.beyond(user).is_none()
            && !self.is_owner(user)
    }
}

/// Ids as SCIM has them.
pub(crate) fn user_id(id: UserId) -> Option<ResourceId> {
    id.to_string().parse().ok()
}

pub(crate) fn group_id(name: &GroupName) -> Option<ResourceId> {
    name.as_str().parse().ok()
}
