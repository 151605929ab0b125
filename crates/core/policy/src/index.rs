//! Which policies can match an access, by their scopes.
//!
//! Exact: a policy's scope names at most one entity on each side, and matches only if that
//! entity is the asking one or above it, so looking up self, type, ancestors and "any" on both
//! sides finds every policy that can apply and none whose scope cannot match.

use std::collections::{BTreeSet, HashMap};

use cedar_policy::{
    ActionConstraint, EntityTypeName, EntityUid, Policy, PrincipalConstraint, ResourceConstraint,
};
use gw_model::{Action, GroupName};

use crate::{
    entities::Member,
    schema::{Kind, action_group},
};

/// The number that stands for "any" on either side.
const ANY: u32 = 0;

/// Policies by action and the scopes of both sides.
#[derive(Debug, Default)]
pub(crate) struct Index {
    principals: Side,
    resources: Side,
    cells: HashMap<(Action, u32, u32), Vec<usize>>,
    /// Groups whose members are permitted something, by action and resource scope.
    permitted: HashMap<(Action, u32), BTreeSet<GroupName>>,
}

/// The scopes that policies name on one side, numbered.
#[derive(Debug, Default)]
struct Side {
    types: HashMap<EntityTypeName, u32>,
    entities: HashMap<EntityUid, u32>,
}

/// What one side of a policy's scope asks for, at its most selective.
enum Scope {
    Any,
    Type(EntityTypeName),
    Entity(EntityUid),
}

impl Index {
    /// Adds the policy of a position in the set; `permits` if it is an enforced permit.
    pub(crate) fn insert(&mut self, position: usize, policy: &Policy, permits: bool) {
        let group = permits
            .then(|| group_of(policy.principal_constraint()))
            .flatten();
        let principal = self
            .principals
            .number(principal_scope(policy.principal_constraint()));
        let resource = self
            .resources
            .number(resource_scope(policy.resource_constraint()));
        for action in actions(&policy.action_constraint()) {
            self.cells
                .entry((action, principal, resource))
                .or_default()
                .push(position);
            if let Some(group) = &group {
                self.permitted
                    .entry((action, resource))
                    .or_default()
                    .insert(group.clone());
            }
        }
    }

    /// The positions of the policies whose scope matches, in order.
    pub(crate) fn slice(
        &self,
        action: Action,
        principal: &Member,
        resource: &Member,
    ) -> Vec<usize> {
        let resources = self.resources.numbers_of(resource);
        let mut found: Vec<usize> = self
            .principals
            .numbers_of(principal)
            .into_iter()
            .flat_map(|p| resources.iter().map(move |r| (action, p, *r)))
            .filter_map(|cell| self.cells.get(&cell))
            .flatten()
            .copied()
            .collect();
        found.sort_unstable();
        found
    }
}

impl Index {
    /// The groups that permits for this action on this resource name.
    pub(crate) fn groups_permitted(
        &self,
        action: Action,
        resource: &Member,
    ) -> BTreeSet<&GroupName> {
        self.resources
            .numbers_of(resource)
            .into_iter()
            .filter_map(|number| self.permitted.get(&(action, number)))
            .flatten()
            .collect()
    }
}

impl Side {
    fn number(&mut self, scope: Scope) -> u32 {
        let next = u32::try_from(self.types.len() + self.entities.len() + 1).unwrap_or(u32::MAX);
        match scope {
            Scope::Any => ANY,
            Scope::Type(name) => *self.types.entry(name).or_insert(next),
            Scope::Entity(uid) => *self.entities.entry(uid).or_insert(next),
        }
    }

    fn numbers_of(&self, member: &Member) -> Vec<u32> {
        let mut numbers = vec![ANY];
        numbers.extend(self.types.get(member.kind.type_name()));
        numbers.extend(self.entities.get(&member.uid));
        numbers.extend(member.ancestors.iter().filter_map(|a| self.entities.get(a)));
        numbers
    }
}

fn principal_scope(constraint: PrincipalConstraint) -> Scope {
    match constraint {
        PrincipalConstraint::Any => Scope::Any,
        PrincipalConstraint::Is(name) => Scope::Type(name),
        PrincipalConstraint::In(uid)
        | PrincipalConstraint::Eq(uid)
        | PrincipalConstraint::IsIn(_, uid) => Scope::Entity(uid),
    }
}

fn group_of(constraint: PrincipalConstraint) -> Option<GroupName> {
    match principal_scope(constraint) {
        Scope::Entity(uid) if uid.type_name() == Kind::Group.type_name() => {
            uid.id().unescaped().parse().ok()
        }
        _ => None,
    }
}

fn resource_scope(constraint: ResourceConstraint) -> Scope {
    match constraint {
        ResourceConstraint::Any => Scope::Any,
        ResourceConstraint::Is(name) => Scope::Type(name),
        ResourceConstraint::In(uid)
        | ResourceConstraint::Eq(uid)
        | ResourceConstraint::IsIn(_, uid) => Scope::Entity(uid),
    }
}

/// The actions that a constraint reaches.
fn actions(constraint: &ActionConstraint) -> Vec<Action> {
    let reached = |action: Action| match constraint {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => *uid == Kind::Action.uid(action.as_str()),
        ActionConstraint::In(uids) => uids.iter().any(|uid| {
            *uid == Kind::Action.uid(action.as_str())
                || action_group(action).is_some_and(|g| *uid == Kind::Action.uid(g))
        }),
    };
    Action::ALL
        .iter()
        .copied()
        .filter(|a| reached(*a))
        .collect()
}
