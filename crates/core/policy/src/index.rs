//! Which policies can match an access, by their scopes.
//!
//! Exact: a policy's scope names at most one entity on each side, and matches only if that
//! entity is the asking one or above it, so looking up self, type, ancestors and "any" on both
//! sides finds every policy that can apply and none whose scope cannot match.

use std::collections::{BTreeSet, HashMap};

use cedar_policy::{ActionConstraint, Effect, Policy, PrincipalConstraint, ResourceConstraint};
use cedar_policy_core::ast::{EntityType, EntityUID};
use gw_model::{Action, GroupName};

use crate::{
    entities::Member,
    load::Mode,
    schema::{Kind, action_group, action_uid},
    scopes::{self, Key},
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
#[derive(Debug)]
struct Side {
    types: HashMap<EntityType, u32>,
    entities: HashMap<EntityUID, u32>,
    /// By number, what stands for it in other sets too.
    keys: Vec<Key>,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            types: HashMap::new(),
            entities: HashMap::new(),
            keys: vec![scopes::ANY],
        }
    }
}

/// What one side of a policy's scope asks for, at its most selective.
enum Scope {
    Any,
    Type(EntityType),
    Entity(EntityUID),
}

impl Scope {
    fn key(&self) -> Key {
        match self {
            Self::Any => scopes::ANY,
            Self::Type(name) => scopes::key_of_type(name),
            Self::Entity(uid) => scopes::key_of_entity(uid),
        }
    }
}

impl Index {
    /// Adds the policy of a position in the set.
    pub(crate) fn insert(&mut self, position: usize, policy: &Policy, mode: Mode) {
        let group = (mode == Mode::Enforce && policy.effect() == Effect::Permit)
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
        principal: &Member<'_>,
        resource: &Member<'_>,
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
        resource: &Member<'_>,
    ) -> BTreeSet<&GroupName> {
        self.resources
            .numbers_of(resource)
            .into_iter()
            .filter_map(|number| self.permitted.get(&(action, number)))
            .flatten()
            .collect()
    }
}

impl Index {
    /// Every scope that holds policies, with their positions in order.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (scopes::Scope, &[usize])> {
        self.cells
            .iter()
            .map(|((action, principal, resource), positions)| {
                let scope = scopes::Scope {
                    action: *action,
                    principal: self.principals.key(*principal),
                    resource: self.resources.key(*resource),
                };
                (scope, &**positions)
            })
    }
}

impl Side {
    fn number(&mut self, scope: Scope) -> u32 {
        let (key, next) = (
            scope.key(),
            u32::try_from(self.keys.len()).unwrap_or(u32::MAX),
        );
        let number = match scope {
            Scope::Any => ANY,
            Scope::Type(name) => *self.types.entry(name).or_insert(next),
            Scope::Entity(uid) => *self.entities.entry(uid).or_insert(next),
        };
        if number == next {
            self.keys.push(key);
        }
        number
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a number is given out together with its key"
    )]
    fn key(&self, number: u32) -> Key {
        self.keys[number as usize]
    }

    fn numbers_of(&self, member: &Member<'_>) -> Vec<u32> {
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
        PrincipalConstraint::Is(name) => Scope::Type(name.as_ref().clone()),
        PrincipalConstraint::In(uid)
        | PrincipalConstraint::Eq(uid)
        | PrincipalConstraint::IsIn(_, uid) => Scope::Entity(uid.into()),
    }
}

fn group_of(constraint: PrincipalConstraint) -> Option<GroupName> {
    match principal_scope(constraint) {
        Scope::Entity(uid) if uid.entity_type() == Kind::Group.type_name() => {
            let id: &str = uid.eid().as_ref();
            id.parse().ok()
        }
        _ => None,
    }
}

fn resource_scope(constraint: ResourceConstraint) -> Scope {
    match constraint {
        ResourceConstraint::Any => Scope::Any,
        ResourceConstraint::Is(name) => Scope::Type(name.as_ref().clone()),
        ResourceConstraint::In(uid)
        | ResourceConstraint::Eq(uid)
        | ResourceConstraint::IsIn(_, uid) => Scope::Entity(uid.into()),
    }
}

/// The actions that a constraint reaches.
fn actions(constraint: &ActionConstraint) -> Vec<Action> {
    let is = |named: &cedar_policy::EntityUid, uid: &EntityUID| named.as_ref() == uid;
    let reached = |action: Action| match constraint {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => is(uid, action_uid(action)),
        ActionConstraint::In(uids) => uids.iter().any(|uid| {
            is(uid, action_uid(action))
                || action_group(action).is_some_and(|group| is(uid, &Kind::Action.uid(group)))
        }),
    };
    Action::ALL
        .iter()
        .copied()
        .filter(|action| reached(*action))
        .collect()
}
