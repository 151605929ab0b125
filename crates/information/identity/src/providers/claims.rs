//! What a provider tells of somebody, and whether it meets what an operator declared.

use std::sync::Arc;

use gw_model::{ClaimTests, GroupName, MembershipRule};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Values of one claim that are looked at.
const VALUES_MAX: usize = 2_000;

/// Claims about one person, from an ID token and from what else the provider tells; or the
/// attributes of an assertion.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Told(Map<String, Value>);

impl Told {
    /// The claims of a token, and beside them what else was told: the token's word, which is
    /// signed, stands where both have one.
    pub(crate) fn new(signed: &Map<String, Value>, beside: Map<String, Value>) -> Self {
        let mut all = beside;
        all.extend(signed.clone());
        Self(all)
    }

    /// What was signed as a whole.
    pub(crate) const fn of(signed: Map<String, Value>) -> Self {
        Self(signed)
    }

    /// The values of a claim as texts. A claim inside another is named with a dot between.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let Some(value) = found(&self.0, name) else {
            return Vec::new();
        };
        match value {
            Value::Array(values) => values.iter().take(VALUES_MAX).filter_map(text).collect(),
            one => text(one).into_iter().collect(),
        }
    }

    /// The value of a claim that has one.
    pub(crate) fn one(&self, name: &str) -> Option<String> {
        match found(&self.0, name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            _ => None,
        }
    }

    /// Whether a claim is true: the value, not the word.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        found(&self.0, name) == Some(&Value::Bool(true))
    }

    /// Whether each claim has one of its values.
    pub(crate) fn meet(&self, tests: &ClaimTests) -> bool {
        tests
            .0
            .iter()
            .all(|(name, wanted)| self.has_one(name, wanted))
    }

    /// The groups of all rules that are met, each once.
    pub(crate) fn groups(&self, rules: &[MembershipRule]) -> Vec<GroupName> {
        let met = rules.iter().filter(|rule| self.meet(&rule.when));
        let mut groups: Vec<_> = met.flat_map(|rule| rule.groups.iter().cloned()).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    fn has_one(&self, name: &str, wanted: &[Arc<str>]) -> bool {
        self.values(name)
            .iter()
            .any(|value| wanted.iter().any(|wanted| **wanted == **value))
    }
}

/// By its whole name first, which may have dots (`https://example.com/roles`).
fn found<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = members.get(name) {
        return Some(value);
    }
    let (outer, inner) = name.split_once('.')?;
    match members.get(outer) {
        Some(Value::Object(members)) => found(members, inner),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told() -> Told {
        let signed = json!({
            "sub": "17", "groups": ["engineers", "on.call"], "email": "ana@corp.test",
            "email_verified": true, "level": 3,
        });
        let beside = json!({
            "sub": "another", "groups": ["owners"], "realm_access": { "roles": ["admin"] },
            "https://corp.test/team": "red", "nested": { "deep": { "er": "x" } },
        });
        Told::new(
            signed.as_object().unwrap(),
            beside.as_object().unwrap().clone(),
        )
    }

    fn tests(pairs: &[(&str, &[&str])]) -> ClaimTests {
        let pair = |(name, values): &(&str, &[&str])| {
            ((*name).into(), values.iter().map(|v| (*v).into()).collect())
        };
        ClaimTests(pairs.iter().map(pair).collect())
    }

    #[test]
    fn what_is_signed_stands_over_what_is_told_beside() {
        assert_eq!(told().one("sub").as_deref(), Some("17"));
        assert_eq!(told().values("groups"), ["engineers", "on.call"]);
    }

    #[test]
    fn claims_are_found_by_name_and_inside_others() {
        assert_eq!(told().values("realm_access.roles"), ["admin"]);
        assert_eq!(told().values("https://corp.test/team"), ["red"]);
        assert_eq!(told().values("nested.deep.er"), ["x"]);
        assert_eq!(told().values("level"), ["3"]);
        for none in ["nobody", "nested.deep", "groups.0", "email.x", ""] {
            assert!(told().values(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn every_claim_must_have_one_of_its_values_to_the_letter() {
        let meet = |pairs| told().meet(&tests(pairs));
        assert!(meet(&[]));
        assert!(meet(&[
            ("groups", &["ops", "engineers"]),
            ("email_verified", &["true"])
        ]));
        assert!(!meet(&[
            ("groups", &["engineers"]),
            ("email_verified", &["false"])
        ]));
        assert!(!meet(&[("groups", &["Engineers"])]));
        assert!(!meet(&[("groups", &["engineer"])]));
        assert!(!meet(&[("groups", &[])]), "no value is none that one has");
        assert!(!meet(&[("missing", &["x"])]));
    }

    #[test]
    fn the_word_true_is_not_true() {
        let word = json!({ "email_verified": "true" });
        let told = Told::new(word.as_object().unwrap(), Map::new());
        assert!(!told.is_true("email_verified"));
        assert!(self::told().is_true("email_verified"));
    }

    #[test]
    fn groups_are_those_of_all_rules_that_are_met() {
        let rule = |pairs, groups: &[&str]| MembershipRule {
            when: tests(pairs),
            groups: groups.iter().map(|g| g.parse().unwrap()).collect(),
        };
        let rules = [
            rule(&[], &["everybody"]),
            rule(&[("groups", &["engineers"])], &["staff", "builders"]),
            rule(&[("groups", &["on.call"])], &["staff"]),
            rule(&[("groups", &["owners"])], &["owners"]),
        ];
        let groups: Vec<_> = told()
            .groups(&rules)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(groups, ["builders", "everybody", "staff"]);
    }
}
