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
    /// Words for how somebody signed in at a provider that it looks for in `context.authn.acr`.
    pub acr: BTreeSet<String>,
    /// And in `context.authn.amr`.
    pub amr: BTreeSet<String>,
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
                    if matches!(key.as_str(), "contains" | "containsAll" | "containsAny") {
                        self.looked_for(field);
                    }
                    self.walk(field);
                }
            }
            Value::Array(members) => members.iter().for_each(|member| self.walk(member)),
            _ => {}
        }
    }

    fn looked_for(&mut self, call: &Value) {
        let (Some(within), Some(sought)) = (call.get("left"), call.get("right")) else {
            return;
        };
        match said(within) {
            Some("acr") => texts(sought, &mut self.acr),
            Some("amr") => texts(sought, &mut self.amr),
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

/// The attribute of `context.authn` that a value is.
fn said(tree: &Value) -> Option<&str> {
    let read = tree.get(".")?;
    let of = read.get("left")?.get(".")?;
    let is_authn = of.get("attr").and_then(Value::as_str) == Some("authn");
    let is_context = of.get("left")?.get("Var").and_then(Value::as_str) == Some("context");
    (is_authn && is_context).then_some(read.get("attr")?.as_str()?)
}

/// The texts of a value: itself, or the members of a set.
fn texts(tree: &Value, found: &mut BTreeSet<String>) {
    let members = tree.get("Set").and_then(Value::as_array);
    let members = members.map_or(std::slice::from_ref(tree), Vec::as_slice);
    let texts = members.iter().filter_map(|member| {
        let text = member.get("Value").and_then(Value::as_str);
        text.map(str::to_owned)
    });
    found.extend(texts);
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
    fn what_is_looked_for_in_a_providers_words_is_found_and_nothing_else() {
        let found = of(
            "context.authn.acr.contains(\"gold\") || context[\"authn\"].amr.containsAny([\"otp\", \"h\\u{77}k\"]) || context.authn.methods.contains(\"passkey\")",
        );
        let texts = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>();
        assert_eq!(texts(&found.acr), ["gold"]);
        assert_eq!(texts(&found.amr), ["hwk", "otp"]);
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
