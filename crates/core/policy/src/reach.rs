//! What permits can reach, by their scopes: a cheap "perhaps", or a certain "no".

use std::collections::{HashMap, HashSet};

use cedar_policy::Effect;
use gw_model::{Action, Principal, Resource, Snapshot, Timestamp};

use crate::{
    Policies,
    entities::Cast,
    scopes::{Key, LookedUp},
};

/// For each scope of principals, the scopes of resources that permits name with it.
#[derive(Debug, Default)]
pub struct Reach(HashMap<(Action, Key), HashSet<Key>>);

/// What a scope can name to match a principal.
#[derive(Debug)]
pub struct PrincipalScopes(Box<[Key]>);

/// The scopes of resources that permits name for one principal.
#[derive(Debug, Default)]
pub struct Reached(HashSet<Key>);

/// What a scope can name to match a resource.
#[derive(Debug, Clone)]
pub struct ResourceScopes(Box<[Key]>);

impl Reach {
    /// What the permits of a set reach.
    pub fn of(policies: &Policies) -> Self {
        let mut reach = HashMap::<_, HashSet<_>>::new();
        for (scope, held) in policies.held() {
            if held.iter().any(|policy| policy.effect == Effect::Permit) {
                reach
                    .entry((scope.action, scope.principal))
                    .or_default()
                    .insert(scope.resource);
            }
        }
        Self(reach)
    }

    /// What they reach by an action for a principal.
    pub fn reached(&self, principal: &PrincipalScopes, action: Action) -> Reached {
        let keys = principal.0.iter();
        let found = keys.filter_map(|key| self.0.get(&(action, *key)));
        Reached(found.flatten().copied().collect())
    }

    /// Whether a permit may be about an action on this, whoever does it. Where not, nothing lets
    /// anybody do it.
    pub fn may_reach(&self, action: Action, resource: &ResourceScopes) -> bool {
        self.0.iter().any(|((of, _), resources)| {
            *of == action && resource.0.iter().any(|key| resources.contains(key))
        })
    }
}

impl PrincipalScopes {
    /// Of a principal, whatever they do; none where the facts do not have them. `resource` is any
    /// that such a principal can act on.
    pub fn of(
        facts: &Snapshot,
        principal: Principal,
        (action, resource): (Action, &Resource),
        now: Timestamp,
    ) -> Option<Self> {
        let cast = Cast::find(facts, principal, action, resource, now).ok()?;
        let looked_up = LookedUp::of(action, &cast);
        Some(Self(looked_up.principals().collect()))
    }
}

impl ResourceScopes {
    /// Of a resource, whoever acts on it; none where the facts do not have it.
    pub fn of(
        facts: &Snapshot,
        principal: Principal,
        (action, resource): (Action, &Resource),
        now: Timestamp,
    ) -> Option<Self> {
        let cast = Cast::find(facts, principal, action, resource, now).ok()?;
        let looked_up = LookedUp::of(action, &cast);
        Some(Self(looked_up.resources().collect()))
    }
}

impl Reached {
    /// Whether they reach nothing at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a permit may be about this. Where not, nothing lets it happen.
    pub fn may_reach(&self, resource: &ResourceScopes) -> bool {
        resource.0.iter().any(|key| self.0.contains(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ANA, BO, NIGHT, facts, policies};

    #[test]
    fn what_permits_name_is_perhaps_reached_and_nothing_else_is() {
        let policies = policies(
            "@id(\"a\") permit (principal in Group::\"staff\", action == Action::\"oidc.authorize\", resource == App::\"wiki\");\n@id(\"b\") forbid (principal, action == Action::\"oidc.authorize\", resource == App::\"payroll\");",
        );
        let (reach, facts) = (Reach::of(&policies), facts());
        let on = |name: &str| Resource::App(name.parse().unwrap());
        let open = |action, name: &str| {
            let resource = on(name);
            let scopes =
                ResourceScopes::of(&facts, Principal::Anonymous, (action, &resource), NIGHT);
            reach.may_reach(action, &scopes.unwrap())
        };
        assert!(open(Action::OidcAuthorize, "wiki"));
        assert!(!open(Action::OidcAuthorize, "payroll"));
        assert!(!open(Action::TokenIssue, "wiki"));
        for (who, nothing) in [(ANA, false), (BO, true)] {
            let resource = on("wiki");
            let asked = (Action::OidcAuthorize, &resource);
            let scopes = PrincipalScopes::of(&facts, Principal::User(who), asked, NIGHT);
            let reached = reach.reached(&scopes.unwrap(), Action::OidcAuthorize);
            assert_eq!(reached.is_empty(), nothing);
        }
    }
}
