//! The schema, and its words as values.

use std::sync::LazyLock;

use cedar_policy::Schema;
use cedar_policy_core::ast::{Eid, EntityType, EntityUID};
use gw_model::Action;

/// The text of the Cedar schema.
pub const SCHEMA: &str = include_str!("../../../../policies/gatewright.cedarschema");

/// The entity types of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Anonymous,
    User,
    Local,
    Group,
    Tag,
    App,
    Route,
    Session,
    System,
    Action,
    Client,
}

impl Kind {
    const NAMES: [&'static str; 11] = [
        "Anonymous",
        "User",
        "Local",
        "Group",
        "Tag",
        "App",
        "Route",
        "Session",
        "System",
        "Action",
        "Client",
    ];

    /// The type as Cedar names it.
    pub(crate) fn type_name(self) -> &'static EntityType {
        #[expect(
            clippy::indexing_slicing,
            reason = "there is a name for every discriminant"
        )]
        &TYPE_NAMES[self as usize]
    }

    /// An entity of this type.
    pub(crate) fn uid(self, id: &str) -> EntityUID {
        EntityUID::from_components(self.type_name().clone(), Eid::new(id), None)
    }
}

#[expect(clippy::expect_used, reason = "the names are literals")]
static TYPE_NAMES: LazyLock<[EntityType; 11]> = LazyLock::new(|| {
    Kind::NAMES.map(|name| EntityType::from_normalized_str(name).expect("an entity type name"))
});

static VALIDATION_SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the schema is part of the binary, and a test reads it"
    )]
    Schema::from_cedarschema_str(SCHEMA)
        .expect("the shipped schema")
        .0
});

/// The schema, read once.
pub(crate) fn schema() -> &'static Schema {
    &VALIDATION_SCHEMA
}

/// An action as Cedar names it.
pub(crate) fn action_uid(action: Action) -> &'static EntityUID {
    #[expect(
        clippy::indexing_slicing,
        reason = "there is an entity for every discriminant"
    )]
    &ACTIONS[action as usize]
}

static ACTIONS: LazyLock<Vec<EntityUID>> = LazyLock::new(|| {
    Action::ALL
        .iter()
        .map(|action| Kind::Action.uid(action.as_str()))
        .collect()
});

/// The action group that an action belongs to, if one.
pub(crate) const fn action_group(action: Action) -> Option<&'static str> {
    match action {
        Action::HttpRequest | Action::OidcAuthorize | Action::TokenIssue => None,
        Action::FactorEnrol | Action::FactorRemove => Some("factor"),
        Action::AdminRead
        | Action::AdminUserAdd
        | Action::AdminUserChange
        | Action::AdminUserLink
        | Action::AdminSessionEnd
        | Action::AdminPolicyApply
        | Action::AdminExplain
        | Action::AdminLogRead
        | Action::AdminKeyRotate
        | Action::AdminAppChange
        | Action::AdminProviderSuspend
        | Action::AdminProviderChange
        | Action::AdminChangePropose
        | Action::AdminClientSuspend
        | Action::AdminClientChange
        | Action::AdminGroupChange => Some("admin"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cedar_policy::{PolicySet, ValidationMode, Validator};
    use gw_model::Attribute;

    use super::*;

    #[test]
    fn each_attribute_of_the_model_is_in_the_schema() {
        for attribute in Attribute::ALL {
            let path = attribute.path();
            let (record, name) = path.split_once('.').unwrap();
            let action = match record {
                "proposal" => Action::AdminPolicyApply,
                "factor" => Action::FactorEnrol,
                _ => Action::HttpRequest,
            };
            let text = format!(
                "@id(\"x\") forbid (principal, action == Action::\"{action}\", resource)
                 when {{ context has {record} && context.{record} has {name}
                         && context.{path} == context.{path} }};"
            );
            let set: PolicySet = text.parse().unwrap();
            let result = Validator::new(schema().clone()).validate(&set, ValidationMode::Strict);
            assert!(
                result.validation_passed_without_warnings(),
                "{path}: {result}"
            );
        }
    }

    #[test]
    fn the_schema_has_exactly_the_actions_of_the_model_in_their_groups() {
        let ours: BTreeSet<String> = Action::ALL
            .iter()
            .map(|a| a.as_str().to_owned())
            .chain(["admin".to_owned(), "factor".to_owned()])
            .collect();
        let theirs: BTreeSet<String> = schema()
            .actions()
            .map(|uid| uid.id().unescaped().to_owned())
            .collect();
        assert_eq!(ours, theirs);
        let hierarchy = schema().action_entities().unwrap();
        for action in Action::ALL {
            let uid = action_uid(*action).clone().into();
            let groups: Vec<_> = hierarchy.ancestors(&uid).unwrap().cloned().collect();
            let expected: Vec<_> = action_group(*action)
                .map(|g| Kind::Action.uid(g).into())
                .into_iter()
                .collect();
            assert_eq!(groups, expected, "{action}");
        }
    }
}
