//! Which scopes of the policies change, from each set to the one that follows it.
//!
//! An answer rests on the policies that were found for an access, and on there being no others
//! where they were looked for. So each scope (action, principal, resource) has a version: that of
//! the set which last changed what it holds, kept for scopes that hold nothing any more, and
//! known for those that never held anything. While no scope that an access looks up has changed,
//! the same policies would be found again.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use cedar_policy_core::ast::{EntityType, EntityUID};
use gw_model::Action;
use rustc_hash::FxHashMap;

use crate::entities::{Cast, Member};

/// Scopes whose versions are told apart; when more have changed, all count as changed once.
const APART_MAX: usize = 16_384;

/// What stands for an entity or a type of entities, whatever the set of policies. Two that fell
/// together would be judged again for nothing, and never taken for unchanged.
pub(crate) type Key = u64;

/// A side that is not constrained.
pub(crate) const ANY: Key = 0;

/// Where policies are found: an action, and a key on either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    pub(crate) action: Action,
    pub(crate) principal: Key,
    pub(crate) resource: Key,
}

pub(crate) fn key_of_type(name: &EntityType) -> Key {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn key_of_entity(uid: &EntityUID) -> Key {
    let mut hasher = DefaultHasher::new();
    uid.hash(&mut hasher);
    hasher.finish()
}

/// The scopes that an access looks for policies in: each of one side with each of the other.
#[derive(Debug)]
pub(crate) struct LookedUp {
    action: Action,
    principals: Box<[Key]>,
    resources: Box<[Key]>,
}

impl LookedUp {
    pub(crate) fn of(action: Action, cast: &Cast<'_>) -> Self {
        Self {
            action,
            principals: keys_of(&cast.principal),
            resources: keys_of(&cast.resource),
        }
    }
}

impl LookedUp {
    pub(crate) fn principals(&self) -> impl Iterator<Item = Key> {
        self.principals.iter().copied()
    }

    pub(crate) fn resources(&self) -> impl Iterator<Item = Key> {
        self.resources.iter().copied()
    }

    pub(crate) fn scopes(&self) -> impl Iterator<Item = Scope> {
        let action = self.action;
        self.principals().flat_map(move |principal| {
            self.resources().map(move |resource| Scope {
                action,
                principal,
                resource,
            })
        })
    }
}

/// All that a scope can name to match an entity.
fn keys_of(member: &Member<'_>) -> Box<[Key]> {
    let own = [
        ANY,
        key_of_type(member.kind.type_name()),
        key_of_entity(&member.uid),
    ];
    let above = member.ancestors.iter().map(key_of_entity);
    own.into_iter().chain(above).collect()
}

/// The versions of all scopes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Versions {
    /// Of the set.
    newest: u64,
    /// Of the scopes that are not told apart.
    floor: u64,
    apart: FxHashMap<(Action, Key), FxHashMap<Key, u64>>,
    count: usize,
}

impl Versions {
    /// Of the first set.
    pub(crate) fn starting(version: u64) -> Self {
        Self {
            newest: version,
            floor: version,
            ..Self::default()
        }
    }

    /// Of the set that follows, in which these scopes hold something else.
    pub(crate) fn followed(&self, version: u64, changed: impl Iterator<Item = Scope>) -> Self {
        let mut next = self.clone();
        // Versions only go up, whoever numbers them.
        next.newest = version.max(self.newest.saturating_add(1));
        for scope in changed {
            let of_resource = next
                .apart
                .entry((scope.action, scope.resource))
                .or_default();
            let known = of_resource.insert(scope.principal, next.newest);
            next.count += usize::from(known.is_none());
        }
        if next.count > APART_MAX {
            return Self::starting(next.newest);
        }
        next
    }

    /// The newest version of the scopes that were looked up.
    pub(crate) fn of(&self, looked_up: &LookedUp) -> u64 {
        looked_up
            .resources
            .iter()
            .filter_map(|resource| self.apart.get(&(looked_up.action, *resource)))
            .flat_map(|by_principal| {
                let principals = looked_up.principals.iter();
                principals.filter_map(|principal| by_principal.get(principal))
            })
            .fold(self.floor, |newest, version| newest.max(*version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: Scope = Scope {
        action: Action::HttpRequest,
        principal: 7,
        resource: 9,
    };

    fn looked_up(principals: &[Key], resources: &[Key]) -> LookedUp {
        LookedUp {
            action: Action::HttpRequest,
            principals: principals.into(),
            resources: resources.into(),
        }
    }

    #[test]
    fn only_who_looks_in_a_changed_scope_sees_a_newer_version() {
        let first = Versions::starting(5);
        let next = first.followed(6, [SCOPE].into_iter());
        for (principals, resources, version) in [
            (vec![ANY, 7], vec![ANY, 9], 6),
            (vec![ANY, 7], vec![ANY, 8], 5),
            (vec![ANY, 8], vec![ANY, 9], 5),
        ] {
            let looked_up = looked_up(&principals, &resources);
            assert_eq!(first.of(&looked_up), 5);
            assert_eq!(next.of(&looked_up), version);
        }
    }

    #[test]
    fn a_version_that_does_not_go_up_counts_as_newer_all_the_same() {
        let next = Versions::starting(5).followed(5, [SCOPE].into_iter());
        assert_eq!(next.of(&looked_up(&[7], &[9])), 6);
    }

    #[test]
    fn beyond_so_many_changed_scopes_all_count_as_changed() {
        let scopes = |from: u64, number: u64| {
            (from..from + number).map(|principal| Scope { principal, ..SCOPE })
        };
        let most = APART_MAX as u64;
        let full = Versions::starting(1).followed(2, scopes(1, most));
        let elsewhere = looked_up(&[0], &[9]);
        assert_eq!(full.of(&elsewhere), 1);
        let over = full.followed(3, scopes(most, 2));
        assert_eq!(over.of(&elsewhere), 3);
        assert_eq!(over.count, 0);
    }
}
