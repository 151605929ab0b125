//! People and groups as the directory keeps them.

mod plain;
mod read;
mod shown;

use gw_model::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    plain::{Reading, ValueFault, canonical, canonical_value, listed, present},
    read::members,
    shown::Locations,
};
use crate::id::{ResourceId, ResourceKind};

/// The longest value of an attribute, in bytes.
pub const TEXT_MAX: usize = 1024;
/// The longest `userName` and the longest `displayName` of a group, in bytes.
pub const NAME_MAX: usize = 256;
/// The longest address, in bytes: RFC 5321, section 4.5.3.1.
pub const EMAIL_MAX: usize = 320;
/// How many addresses a person may have.
pub const EMAILS_MAX: usize = 50;

/// A person, as a client has them (RFC 7643, section 4.1). All texts are without control
/// characters and at most [`TEXT_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The name that the person signs in with: not empty, at most [`NAME_MAX`] bytes, without
    /// spaces around it and characters that nobody sees.
    pub user_name: Box<str>,
    /// The client's own id of the person.
    pub external_id: Option<Box<str>>,
    /// The parts of the name.
    pub name: PersonName,
    /// The name that pages show.
    pub display_name: Option<Box<str>>,
    /// The title in the organisation.
    pub title: Option<Box<str>>,
    /// How the person belongs to the organisation, as `Employee` or `Contractor`.
    pub user_type: Option<Box<str>>,
    /// Whether the person may sign in. A new person may, where the client does not say; nobody
    /// becomes active by being replaced or patched without a word about it.
    pub active: bool,
    /// Addresses for messages, at most [`EMAILS_MAX`]; one of them at most is primary.
    pub emails: Vec<Email>,
    /// The place in an organisation.
    pub enterprise: Enterprise,
}

/// The parts of a name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonName {
    /// The whole of it.
    pub formatted: Option<Box<str>>,
    /// The family name.
    pub family: Option<Box<str>>,
    /// The given name.
    pub given: Option<Box<str>>,
}

/// An address for messages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Email {
    /// The address, with one `@` at least and at most [`EMAIL_MAX`] bytes; not proven to be the
    /// person's.
    pub value: Box<str>,
    /// What it is for, as `work`.
    pub kind: Option<Box<str>>,
    /// Whether it is the preferred one; `None` where the client does not say.
    pub primary: Option<bool>,
}

/// A person's place in an organisation: RFC 7643, section 4.3.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Enterprise {
    /// The number that the organisation gave the person.
    pub employee_number: Option<Box<str>>,
    /// The cost centre.
    pub cost_center: Option<Box<str>>,
    /// The organisation.
    pub organization: Option<Box<str>>,
    /// The division.
    pub division: Option<Box<str>>,
    /// The department.
    pub department: Option<Box<str>>,
    /// The manager's id, as the client has it; it need not be one of the directory's.
    pub manager: Option<Box<str>>,
}

/// A group, as a client has it: RFC 7643, section 4.2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Its name: not empty, at most [`NAME_MAX`] bytes, without spaces around it and characters
    /// that nobody sees.
    pub display_name: Box<str>,
    /// The client's own id of the group.
    pub external_id: Option<Box<str>>,
    /// Who is in it, directly; none of them twice.
    pub members: Vec<Member>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    /// Who it is.
    pub id: ResourceId,
    /// What it is, where the client says; if it is something else, there is no such member.
    pub kind: Option<ResourceKind>,
}

/// What changes of a group; all else stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupChange {
    /// Its new name.
    pub display_name: Option<Box<str>>,
    /// The client's new id of it, or `Some(None)` for none any more.
    pub external_id: Option<Option<Box<str>>>,
    /// Who comes in.
    pub add: Vec<Member>,
    /// Who goes out; nobody of them comes in.
    pub remove: Vec<ResourceId>,
}

/// What the directory knows of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Its id.
    pub id: ResourceId,
    /// Its version.
    pub version: u64,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub last_modified: Timestamp,
}

/// A person as the directory has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUser {
    /// What the directory knows.
    pub stamp: Stamp,
    /// What clients gave.
    pub user: User,
    /// The groups that the person is in.
    pub groups: Vec<GroupOfUser>,
}

/// A group that a person is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOfUser {
    /// Which one.
    pub id: ResourceId,
    /// Its name.
    pub display_name: Box<str>,
    /// Whether the person is in it directly, and not through another group.
    pub is_direct: bool,
}

/// A group as the directory has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGroup {
    /// What the directory knows.
    pub stamp: Stamp,
    /// Its name.
    pub display_name: Box<str>,
    /// The client's own id of it.
    pub external_id: Option<Box<str>>,
    /// Who is in it; empty where members were left.
    pub members: Vec<StoredMember>,
}

/// A member of a group as the directory has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMember {
    /// Who it is.
    pub id: ResourceId,
    /// What it is.
    pub kind: ResourceKind,
    /// Its name, for people to read.
    pub display: Box<str>,
}
