//! The one form read as what the directory keeps, and its values checked.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{
    EMAIL_MAX, EMAILS_MAX, Email, Enterprise, Group, Member, NAME_MAX, PersonName, TEXT_MAX, User,
    plain::{ValueFault, ValueTrouble},
};
use crate::{
    id::{ResourceId, ResourceKind},
    schema::ENTERPRISE,
    text::is_deceptive,
};

type Parts = Map<String, Value>;

impl User {
    /// A person from the form that `canonical` makes. One that does not say whether it is active is
    /// as `active` says.
    pub(crate) fn of(form: &Parts, active: bool) -> Result<Self, ValueFault> {
        let name = form.get("name").and_then(Value::as_object);
        let enterprise = form.get(ENTERPRISE).and_then(Value::as_object);
        Ok(Self {
            user_name: required_name(form, "userName")?,
            external_id: text(form, "externalId")?,
            name: name.map(PersonName::of).transpose()?.unwrap_or_default(),
            display_name: text(form, "displayName")?,
            title: text(form, "title")?,
            user_type: text(form, "userType")?,
            active: form
                .get("active")
                .and_then(Value::as_bool)
                .unwrap_or(active),
            emails: emails(values(form, "emails"))?,
            enterprise: enterprise
                .map(Enterprise::of)
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// What a patch makes of a person. Where it only says whether they are active, nothing else is
    /// looked at: nobody stays active because of an address that is not taken any more.
    pub(crate) fn patched(&self, before: Parts, after: Parts) -> Result<Self, ValueFault> {
        let (mut before, mut rest) = (before, after.clone());
        before.remove("active");
        let active = rest.remove("active").and_then(|value| value.as_bool());
        match before == rest {
            true => Ok(Self {
                active: active.unwrap_or(self.active),
                ..self.clone()
            }),
            false => Self::of(&after, self.active),
        }
    }
}

impl PersonName {
    fn of(parts: &Parts) -> Result<Self, ValueFault> {
        Ok(Self {
            formatted: text(parts, "formatted")?,
            family: text(parts, "familyName")?,
            given: text(parts, "givenName")?,
        })
    }
}

impl Enterprise {
    fn of(parts: &Parts) -> Result<Self, ValueFault> {
        let manager = parts.get("manager").and_then(Value::as_object);
        Ok(Self {
            employee_number: text(parts, "employeeNumber")?,
            cost_center: text(parts, "costCenter")?,
            organization: text(parts, "organization")?,
            division: text(parts, "division")?,
            department: text(parts, "department")?,
            manager: manager
                .map(|parts| text(parts, "value"))
                .transpose()?
                .flatten(),
        })
    }
}

impl Group {
    /// A group from the form that `canonical` makes.
    pub(crate) fn of(form: &Parts) -> Result<Self, ValueFault> {
        Ok(Self {
            display_name: required_name(form, "displayName")?,
            external_id: text(form, "externalId")?,
            members: members(values(form, "members"))?,
        })
    }

    /// A name that a patch gives.
    pub(crate) fn name_of(value: Option<&Value>) -> Result<Box<str>, ValueFault> {
        required_name(&one("displayName", value), "displayName")
    }

    /// A client's id that a patch gives.
    pub(crate) fn external_id_of(value: Option<&Value>) -> Result<Option<Box<str>>, ValueFault> {
        text(&one("externalId", value), "externalId")
    }
}

fn one(attribute: &str, value: Option<&Value>) -> Parts {
    let of = |value: &Value| (attribute.to_owned(), value.clone());
    value.map(of).into_iter().collect()
}

/// Members, each once.
pub(crate) fn members(values: &[Value]) -> Result<Vec<Member>, ValueFault> {
    let mut seen = HashSet::with_capacity(values.len());
    let mut read = Vec::with_capacity(values.len());
    for value in values.iter().filter_map(Value::as_object) {
        let member = Member::of(value)?;
        if seen.insert(member.id.clone()) {
            read.push(member);
        }
    }
    Ok(read)
}

impl Member {
    /// A member by `value`, or where there is none by the last segment of `$ref`.
    fn of(parts: &Parts) -> Result<Self, ValueFault> {
        let given = |name| parts.get(name).and_then(Value::as_str);
        let referred = || given("$ref").and_then(|at| at.rsplit('/').next());
        let id = given("value").or_else(referred).unwrap_or_default();
        let kind = match given("type") {
            None => None,
            Some(name) => Some(kind_named(name)?),
        };
        Ok(Self {
            id: id_of(id)?,
            kind,
        })
    }
}

fn kind_named(name: &str) -> Result<ResourceKind, ValueFault> {
    let is_named = |kind: &ResourceKind| kind.name().eq_ignore_ascii_case(name);
    let unknown = ValueTrouble::Type("`User` or `Group`");
    let kind = ResourceKind::ALL.into_iter().find(is_named);
    kind.ok_or_else(|| ValueFault::new("members.type", unknown))
}

fn id_of(text: &str) -> Result<ResourceId, ValueFault> {
    text.parse()
        .map_err(|_| ValueFault::new("members.value", ValueTrouble::Id))
}

fn emails(values: &[Value]) -> Result<Vec<Email>, ValueFault> {
    if values.len() > EMAILS_MAX {
        return Err(ValueFault::new("emails", ValueTrouble::Many(EMAILS_MAX)));
    }
    // One without a `value` says nothing: clients send what a person has no address for like that.
    let all = values.iter().filter_map(Value::as_object);
    let given = all.filter_map(|parts| Some((parts.get("value")?.as_str()?, parts)));
    let all = given.map(|(value, parts)| email(value, parts));
    let all = all.collect::<Result<Vec<_>, _>>()?;
    let primaries = all.iter().filter(|email| email.primary == Some(true));
    match primaries.count() > 1 {
        true => Err(ValueFault::new("emails", ValueTrouble::Primaries)),
        false => Ok(all),
    }
}

fn email(value: &str, parts: &Parts) -> Result<Email, ValueFault> {
    let is_address = match value.rsplit_once('@') {
        Some((local, domain)) => !local.is_empty() && !domain.is_empty(),
        None => false,
    };
    let is_plain = !is_deceptive(value) && !value.contains(char::is_whitespace);
    if !is_address || !is_plain || value.len() > EMAIL_MAX {
        return Err(ValueFault::new("emails.value", ValueTrouble::Address));
    }
    Ok(Email {
        value: value.into(),
        kind: text(parts, "type")?,
        primary: parts.get("primary").and_then(Value::as_bool),
    })
}

fn required_name(form: &Parts, attribute: &str) -> Result<Box<str>, ValueFault> {
    let fault = |trouble| ValueFault::new(attribute, trouble);
    let name = form
        .get(attribute)
        .and_then(Value::as_str)
        .unwrap_or_default();
    if name.is_empty() {
        return Err(fault(ValueTrouble::Required));
    }
    if name.len() > NAME_MAX {
        return Err(fault(ValueTrouble::Long(NAME_MAX)));
    }
    if is_deceptive(name) || name.trim() != name {
        return Err(fault(ValueTrouble::Characters));
    }
    Ok(name.into())
}

/// A text; an empty one is none.
fn text(parts: &Parts, attribute: &str) -> Result<Option<Box<str>>, ValueFault> {
    let fault = |trouble| Err(ValueFault::new(attribute, trouble));
    match parts.get(attribute).and_then(Value::as_str) {
        None | Some("") => Ok(None),
        Some(text) if text.len() > TEXT_MAX => fault(ValueTrouble::Long(TEXT_MAX)),
        Some(text) if text.contains(char::is_control) => fault(ValueTrouble::Characters),
        Some(text) => Ok(Some(text.into())),
    }
}

fn values<'f>(form: &'f Parts, attribute: &str) -> &'f [Value] {
    let values = form.get(attribute).and_then(Value::as_array);
    values.map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(form: Value) -> Result<User, String> {
        User::of(form.as_object().unwrap(), true).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_name_that_deceives_is_refused() {
        for name in ["a\u{200b}na", " ana", "ana ", "a\u{0}", "\u{202e}ana"] {
            let said = user(json!({"userName": name})).unwrap_err();
            assert!(
                said.starts_with("`userName` has control characters"),
                "{said}"
            );
        }
        assert_eq!(user(json!({})).unwrap_err(), "`userName` is required");
        let long = user(json!({"userName": "x".repeat(257)}));
        assert_eq!(long.unwrap_err(), "`userName` is longer than 256 bytes");
    }

    #[test]
    fn what_does_not_say_whether_it_is_active_is_as_it_was() {
        let form = json!({"userName": "ana"});
        let form = form.as_object().unwrap();
        assert!(!User::of(form, false).unwrap().active);
        assert!(User::of(form, true).unwrap().active);
    }

    #[test]
    fn addresses_are_addresses_and_one_is_primary_at_most() {
        let with = |emails: Value| user(json!({"userName": "a", "emails": emails}));
        for bad in ["ana", "@", "a@", "@b", "a b@c", "a@b\u{200b}"] {
            assert!(with(json!([{"value": bad}])).is_err(), "{bad}");
        }
        let two = json!([{"value": "a@b", "primary": true}, {"value": "c@d", "primary": true}]);
        assert!(
            with(two)
                .unwrap_err()
                .contains("more than one value that is primary")
        );
        assert_eq!(with(json!([{"type": "work"}])).unwrap().emails, []);
    }

    #[test]
    fn a_member_is_named_by_its_id_or_by_where_it_is_and_is_there_once() {
        let given = json!([
            {"value": "u1"}, {"$ref": "https://x.example/v2/Users/u2"}, {"value": "u1", "type": "User"},
        ]);
        let read = members(given.as_array().unwrap()).unwrap();
        let ids: Vec<_> = read.iter().map(|member| member.id.as_str()).collect();
        assert_eq!(ids, ["u1", "u2"]);
        for bad in [
            json!([{"value": "../u"}]),
            json!([{}]),
            json!([{"value": "u", "type": "Door"}]),
        ] {
            assert!(members(bad.as_array().unwrap()).is_err());
        }
    }
}
