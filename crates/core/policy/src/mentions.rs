//! Whom and what a policy names, and whether it reads more of what something is done on than which
//! it is: read from Cedar's own tree, in which a thing has one spelling.

use std::collections::BTreeSet;

use cedar_policy::Policy;
use serde_json::Value;

use crate::PolicyText;

/// What a policy mentions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// The names of groups.
    pub groups: BTreeSet<String>,
    /// The ids of people.
    pub users: BTreeSet<String>,
    /// Whether attributes or tags are read of anything but whoever asks and the circumstances.
    pub reads_of_resource: bool,
}

impl Mentions {
    /// What a policy mentions; everything there is to read where its tree is not to be had.
    pub fn of(policy: &PolicyText) -> Self {
        let parsed = Policy::parse(None, &*policy.text).ok();
        let mut found = Self::default();
        match parsed.and_then(|policy| policy.to_json().ok()) {
            Some(tree) => found.walk(&tree),
            None => found.reads_of_resource = true,
        }
        found
    }

    fn walk(&mut self, tree: &Value) {
        match tree {
            Value::Object(fields) => {
                self.entity(tree);
                for (key, field) in fields {
                    let reads = matches!(key.as_str(), "." | "has" | "getTag" | "hasTag");
                    self.reads_of_resource |=
                        reads && field.get("left").is_some_and(|of| !is_of_others(of));
                    self.walk(field);
                }
            }
            Value::Array(members) => members.iter().for_each(|member| self.walk(member)),
            _ => {}
        }
    }

    fn entity(&mut self, tree: &Value) {
        let text = |key| tree.get(key).and_then(Value::as_str);
        let (Some(kind), Some(id)) = (text("type"), text("id")) else {
            return;
        };
        match kind {
            "Group" => drop(self.groups.insert(id.to_owned())),
            "User" => drop(self.users.insert(id.to_owned())),
            _ => {}
        }
    }
}

/// Whether a value is of whoever asks, or of the circumstances.
fn is_of_others(mut tree: &Value) -> bool {
    while let Some(left) = tree.get(".").and_then(|read| read.get("left")) {
        tree = left;
    }
    let var = tree.get("Var").and_then(Value::as_str);
    matches!(var, Some("principal" | "context"))
}

#[cfg(test)]
mod tests {
    use gw_model::PolicyFile;

    use super::*;

    fn of(when: &str) -> Mentions {
        let text = format!(
            "@id(\"a\") permit (principal in Group::\"staff\", action == Action::\"admin.user.link\", resource is User) when {{ {when} }};"
        );
        let file = PolicyFile {
            name: "a.cedar".into(),
            text: text.into(),
        };
        let policies = crate::load(&[file]).unwrap();
        let mut texts = policies.texts().iter();
        Mentions::of(texts.find(|text| !text.built_in).unwrap())
    }

    #[test]
    fn what_is_read_of_whom_something_is_done_on_is_found_in_any_spelling() {
        for read in [
            "resource has email",
            "(resource) has email",
            "resource // said\n has email",
            "resource has email && resource[\"email\"] == \"a\"",
            "(if true then resource else resource) has email",
            "(resource).hasTag(\"x\")",
        ] {
            assert!(of(read).reads_of_resource, "{read}");
        }
        for read in [
            "context.authn.phishing_resistant",
            "principal has email",
            "principal != resource",
            "resource in Group::\"helpdesk\"",
            "context.network.address.isLoopback()",
        ] {
            assert!(!of(read).reads_of_resource, "{read}");
        }
    }

    #[test]
    fn whom_it_names_is_found_in_any_spelling() {
        let found = of("resource in Group::\"helpdes\\u{6b}\" || resource == User::\"u-\\u{61}\"");
        let groups: Vec<_> = found.groups.iter().map(String::as_str).collect();
        assert_eq!(groups, ["helpdesk", "staff"]);
        let users: Vec<_> = found.users.iter().map(String::as_str).collect();
        assert_eq!(users, ["u-a"]);
    }
}
