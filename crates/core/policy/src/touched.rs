//! What a change of the policies can touch: the scopes in which something else stands.

use gw_model::{Action, Principal, Resource, Snapshot, Timestamp};
use rustc_hash::FxHashSet;

use crate::{
    entities::Cast,
    scopes::{Key, LookedUp, Scope},
};

/// The scopes that a change of the policies touches. What looks in none of them is answered as
/// before.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    scopes: FxHashSet<Scope>,
    principals: FxHashSet<Key>,
    resources: FxHashSet<(Action, Key)>,
}

impl Touched {
    pub(crate) fn of(scopes: Vec<Scope>) -> Self {
        Self {
            principals: scopes.iter().map(|scope| scope.principal).collect(),
            resources: scopes.iter().map(|s| (s.action, s.resource)).collect(),
            scopes: scopes.into_iter().collect(),
        }
    }

    /// Whether it touches nothing.
    pub fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// Whether it can touch anything that is done by them. `action` and `resource` are any that
    /// such a principal can do.
    pub fn touches_principal(
        &self,
        facts: &Snapshot,
        principal: Principal,
        (action, resource): (Action, &Resource),
        now: Timestamp,
    ) -> bool {
        self.looked_up(facts, principal, action, resource, now)
            .is_none_or(|looked| {
                looked
                    .principals()
                    .any(|key| self.principals.contains(&key))
            })
    }

    /// Whether it can touch this being done to that, whoever does it.
    pub fn touches_resource(
        &self,
        facts: &Snapshot,
        principal: Principal,
        (action, resource): (Action, &Resource),
        now: Timestamp,
    ) -> bool {
        self.looked_up(facts, principal, action, resource, now)
            .is_none_or(|looked| {
                looked
                    .resources()
                    .any(|key| self.resources.contains(&(action, key)))
            })
    }

    /// Whether it can touch an access. What cannot be looked up counts as touched.
    pub fn touches(
        &self,
        facts: &Snapshot,
        principal: Principal,
        (action, resource): (Action, &Resource),
        now: Timestamp,
    ) -> bool {
        self.looked_up(facts, principal, action, resource, now)
            .is_none_or(|looked| looked.scopes().any(|scope| self.scopes.contains(&scope)))
    }

    fn looked_up(
        &self,
        facts: &Snapshot,
        principal: Principal,
        action: Action,
        resource: &Resource,
        now: Timestamp,
    ) -> Option<LookedUp> {
        let cast = Cast::find(facts, principal, action, resource, now).ok()?;
        Some(LookedUp::of(action, &cast))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::policies;

    const STAFF: &str = "@id(\"wiki\") permit (principal in Group::\"staff\", action == Action::\"http.request\", resource in App::\"wiki\");";

    #[test]
    fn a_set_touches_nothing_beside_itself_and_only_its_scopes_beside_another() {
        let one = policies(STAFF);
        assert!(one.touched_since(&policies(STAFF)).is_empty());
        let other = policies(&STAFF.replace("\"wiki\") permit", "\"other\") permit"));
        assert!(!other.touched_since(&one).is_empty());
        let described = policies(&STAFF.replace(") permit", ")\n@description(\"why\") permit"));
        assert!(described.touched_since(&one).is_empty());
        assert!(described.changed_since(&one).is_empty());
    }
}
