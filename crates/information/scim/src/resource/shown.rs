//! Resources as they are answered: RFC 7643, section 3.

use gw_model::Timestamp;
use serde_json::{Map, Value, json};

use super::{Email, Enterprise, PersonName, Stamp, StoredGroup, StoredMember, StoredUser};
use crate::{
    conditional::entity_tag,
    id::{ResourceId, ResourceKind},
    schema::{ENTERPRISE, GROUP, USER},
};

type Parts = Map<String, Value>;

/// Where resources are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Locations<'b> {
    /// The address that all begin with, without a slash at its end.
    pub(crate) base: &'b str,
}

impl Locations<'_> {
    pub(crate) fn of(self, kind: ResourceKind, id: &ResourceId) -> String {
        format!("{}/{}/{id}", self.base, kind.segment())
    }

    pub(crate) fn user(self, stored: &StoredUser) -> Parts {
        let user = &stored.user;
        let enterprise = enterprise(&user.enterprise);
        let mut schemas = vec![USER];
        if !enterprise.is_empty() {
            schemas.push(ENTERPRISE);
        }
        let mut shown = self.stamped(ResourceKind::User, &stored.stamp, &schemas);
        shown.insert("userName".into(), (*user.user_name).into());
        text(&mut shown, "externalId", user.external_id.as_deref());
        object(&mut shown, "name", name(&user.name));
        text(&mut shown, "displayName", user.display_name.as_deref());
        text(&mut shown, "title", user.title.as_deref());
        text(&mut shown, "userType", user.user_type.as_deref());
        shown.insert("active".into(), user.active.into());
        list(
            &mut shown,
            "emails",
            user.emails.iter().map(email).collect(),
        );
        list(&mut shown, "groups", self.groups_of(stored));
        object(&mut shown, ENTERPRISE, enterprise);
        shown
    }

    pub(crate) fn group(self, stored: &StoredGroup) -> Parts {
        let mut shown = self.stamped(ResourceKind::Group, &stored.stamp, &[GROUP]);
        shown.insert("displayName".into(), (*stored.display_name).into());
        text(&mut shown, "externalId", stored.external_id.as_deref());
        let members = stored.members.iter().map(|member| self.member(member));
        list(&mut shown, "members", members.collect());
        shown
    }

    fn stamped(self, kind: ResourceKind, stamp: &Stamp, schemas: &[&str]) -> Parts {
        let meta = json!({
            "resourceType": kind.name(),
            "created": instant(stamp.created),
            "lastModified": instant(stamp.last_modified),
            "location": self.of(kind, &stamp.id),
            "version": entity_tag(stamp.version),
        });
        Parts::from_iter([
            ("schemas".into(), json!(schemas)),
            ("id".into(), stamp.id.as_str().into()),
            ("meta".into(), meta),
        ])
    }

    fn groups_of(self, stored: &StoredUser) -> Vec<Value> {
        let shown = stored.groups.iter().map(|group| {
            json!({
                "value": group.id.as_str(),
                "$ref": self.of(ResourceKind::Group, &group.id),
                "display": &*group.display_name,
                "type": if group.is_direct { "direct" } else { "indirect" },
            })
        });
        shown.collect()
    }

    fn member(self, member: &StoredMember) -> Value {
        json!({
            "value": member.id.as_str(),
            "$ref": self.of(member.kind, &member.id),
            "type": member.kind.name(),
            "display": &*member.display,
        })
    }
}

/// A `dateTime`: RFC 7643, section 2.3.5.
fn instant(at: Timestamp) -> String {
    let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    at.to_string()
}

fn name(name: &PersonName) -> Parts {
    let mut shown = Parts::new();
    text(&mut shown, "formatted", name.formatted.as_deref());
    text(&mut shown, "familyName", name.family.as_deref());
    text(&mut shown, "givenName", name.given.as_deref());
    shown
}

fn enterprise(of: &Enterprise) -> Parts {
    let mut shown = Parts::new();
    text(&mut shown, "employeeNumber", of.employee_number.as_deref());
    text(&mut shown, "costCenter", of.cost_center.as_deref());
    text(&mut shown, "organization", of.organization.as_deref());
    text(&mut shown, "division", of.division.as_deref());
    text(&mut shown, "department", of.department.as_deref());
    if let Some(manager) = &of.manager {
        shown.insert("manager".into(), json!({"value": &**manager}));
    }
    shown
}

fn email(email: &Email) -> Value {
    let mut shown = Parts::from_iter([("value".into(), (*email.value).into())]);
    text(&mut shown, "type", email.kind.as_deref());
    if let Some(primary) = email.primary {
        shown.insert("primary".into(), primary.into());
    }
    Value::Object(shown)
}

fn text(into: &mut Parts, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        into.insert(name.into(), value.into());
    }
}

fn object(into: &mut Parts, name: &str, value: Parts) {
    if !value.is_empty() {
        into.insert(name.into(), Value::Object(value));
    }
}

fn list(into: &mut Parts, name: &str, values: Vec<Value>) {
    if !values.is_empty() {
        into.insert(name.into(), Value::Array(values));
    }
}
