//! A filter asked of a resource.

use serde_json::{Map, Value};

use super::{
    Operator,
    compiled::{Compiled, Condition},
};
use crate::{path::Place, text::Folded};

impl Compiled {
    /// Whether it holds for a resource, or for a value of the attribute that it was compiled for.
    pub(crate) fn holds(&self, of: &Map<String, Value>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|one| one.holds(of)),
            Self::Or(all) => all.iter().any(|one| one.holds(of)),
            Self::Not(filter) => !filter.holds(of),
            Self::Always(holds) => *holds,
            Self::Present(place) => match place.part {
                None => place.values(of).next().is_some(),
                Some(_) => place.leaves(of).next().is_some(),
            },
            Self::Compare(place, condition) => condition.holds_for_any(place.leaves(of)),
            Self::Values(place, filter) => place
                .values(of)
                .filter_map(Value::as_object)
                .any(|value| filter.holds(value)),
        }
    }
}

impl Place {
    /// The values of the attribute.
    pub(crate) fn values<'v>(
        &self,
        of: &'v Map<String, Value>,
    ) -> impl Iterator<Item = &'v Value> + use<'v> {
        let container = match self.extension {
            Some(schema) => of.get(schema.urn).and_then(Value::as_object),
            None => Some(of),
        };
        let value = container.and_then(|container| container.get(self.attribute.name));
        let values = match value {
            Some(Value::Array(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        values.iter()
    }

    /// What of the values is compared.
    fn leaves<'v>(&self, of: &'v Map<String, Value>) -> impl Iterator<Item = &'v Value> + use<'v> {
        let leaf = self.leaf();
        let is_complex = self.attribute.is_complex();
        self.values(of).filter_map(move |value| match is_complex {
            true => value.get(leaf?.name),
            false => Some(value),
        })
    }
}

impl Condition {
    fn holds_for_any<'v>(&self, mut values: impl Iterator<Item = &'v Value>) -> bool {
        match values.next() {
            None => self.holds_for_none(),
            Some(first) => self.holds_for(first) || values.any(|value| self.holds_for(value)),
        }
    }

    fn holds_for(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Absent(is_absent), _) => !is_absent,
            (Self::Boolean { is, wanted }, Value::Bool(value)) => (is == value) == *wanted,
            (Self::Exact(operator, with), Value::String(text)) => texts(*operator, text, with),
            (Self::Folded(operator, with), Value::String(text)) => {
                texts(*operator, Folded::of(text).as_str(), with.as_str())
            }
            (Self::Instant(operator, with), Value::String(text)) => {
                instant(text).is_some_and(|at| ordered(*operator, &at, with))
            }
            _ => false,
        }
    }
}

fn texts(operator: Operator, text: &str, with: &str) -> bool {
    match operator {
        Operator::Contains => text.contains(with),
        Operator::StartsWith => text.starts_with(with),
        Operator::EndsWith => text.ends_with(with),
        _ => ordered(operator, text, with),
    }
}

fn ordered<T: Ord + ?Sized>(operator: Operator, value: &T, with: &T) -> bool {
    let ordering = value.cmp(with);
    match operator {
        Operator::Equal => ordering.is_eq(),
        Operator::NotEqual => ordering.is_ne(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => false,
    }
}

/// A `dateTime` in milliseconds since the Unix epoch.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(at.as_millisecond())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{filter::Filter, id::ResourceKind};

    fn holds(text: &str) -> bool {
        let ana = json!({
            "id": "Ua",
            "userName": "Ana@Example.org",
            "externalId": "E-1",
            "active": true,
            "name": {"familyName": "Müller"},
            "emails": [
                {"value": "ana@work.example", "type": "work", "primary": true},
                {"value": "a@home.example", "type": "home"},
            ],
            "meta": {"lastModified": "2026-01-02T03:04:05.678Z"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "R&D", "manager": {"value": "M-1"},
            },
        });
        let filter = Compiled::of(&Filter::read(text).unwrap(), ResourceKind::User).unwrap();
        filter.holds(ana.as_object().unwrap())
    }

    fn misfit(text: &str) -> String {
        let filter = Filter::read(text).unwrap();
        Compiled::of(&filter, ResourceKind::User)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn case_counts_where_the_schema_says_so() {
        assert!(holds(r#"USERNAME EQ "ana@example.ORG""#));
        assert!(holds(r#"externalId eq "E-1""#) && !holds(r#"externalId eq "e-1""#));
        assert!(!holds(r#"id eq "ua""#));
        assert!(holds(r#"name.familyName eq "MU\u0308LLER""#));
    }

    #[test]
    fn each_operator_means_what_it_says() {
        assert!(holds(r#"userName co "@EXAMPLE""#) && holds(r#"userName sw "ana""#));
        assert!(holds(r#"userName ew ".org""#) && !holds(r#"userName ew ".com""#));
        assert!(holds(r#"userName gt "ana""#) && holds(r#"userName lt "anb""#));
        assert!(holds(
            r#"userName ge "ana@example.org" and userName le "ana@example.org""#
        ));
        assert!(
            holds("active eq true") && !holds("active ne true") && holds(r#"active eq "True""#)
        );
        assert!(holds(r#"userName ne "bo""#) && !holds(r#"userName ne "ana@example.org""#));
    }

    #[test]
    fn times_are_compared_as_times() {
        assert!(holds(r#"meta.lastModified gt "2026-01-02T04:04:05+01:00""#));
        assert!(holds(r#"meta.lastModified eq "2026-01-02T03:04:05.678Z""#));
        assert!(!holds(r#"meta.lastModified gt "2026-01-02T03:04:06Z""#));
        assert!(misfit(r#"meta.lastModified gt "yesterday""#).contains("a time"));
    }

    #[test]
    fn brackets_ask_one_value_and_dots_ask_any() {
        assert!(holds(
            r#"emails.type eq "work" and emails.value sw "a@home""#
        ));
        assert!(!holds(r#"emails[type eq "work" and value sw "a@home"]"#));
        assert!(holds(r#"emails[type eq "home" and not (primary eq true)]"#));
        assert!(holds(r#"emails co "work.example""#));
    }

    #[test]
    fn what_is_not_there_is_no_value() {
        assert!(holds("emails pr and name pr and name.familyName pr"));
        assert!(!holds("title pr") && !holds("name.givenName pr") && !holds("shoeSize pr"));
        assert!(holds(r#"title ne "x""#) && holds("title eq null") && holds("active ne null"));
        assert!(!holds(r#"shoeSize eq "44""#) && holds(r#"shoeSize ne "44""#));
        assert!(!holds(r#"urn:x:y:userName eq "ana@example.org""#));
    }

    #[test]
    fn extensions_are_asked_by_their_urn() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert!(holds(&format!(r#"{urn}:department eq "r&d""#)));
        assert!(holds(&format!(
            r#"{urn}:manager eq "M-1" and {urn}:manager.value pr"#
        )));
        assert!(!holds("department pr"));
    }

    #[test]
    fn what_cannot_be_compared_is_refused_and_says_why() {
        assert!(misfit("active gt true").contains("true or false"));
        assert!(misfit("userName eq 1").contains("texts"));
        assert!(misfit(r#"name eq "x""#).contains("name.formatted"));
        assert!(misfit("userName[value pr]").contains("brackets"));
        assert!(misfit("userName gt null").contains("null"));
    }
}
