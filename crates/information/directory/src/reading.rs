//! What a directory says at one time: its people, its groups, and who is in them.

mod group;
mod person;

use std::{fmt, sync::Arc};

pub(crate) use self::{group::group, person::person};
use crate::dn::DnKey;

/// The longest value of an attribute that is looked at, in bytes.
pub const VALUE_BYTES_MAX: usize = 4096;

/// A consistent reading of a directory; a complete one where no place elsewhere was named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Everybody whom the filter finds, switched off or not.
    pub people: Vec<Person>,
    /// Entries that were found and that nobody can be made of.
    pub unusable: Vec<Unusable>,
    /// The groups that were looked at.
    pub groups: Vec<DirectoryGroup>,
    /// What may be missing in it.
    pub elsewhere: Elsewhere,
}

/// Places elsewhere that a server named, and where nobody went: whoever is there was not read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Where people were looked for.
    pub people: usize,
    /// Where groups were looked for.
    pub groups: usize,
}

impl Elsewhere {
    /// How many there are.
    pub const fn places(self) -> usize {
        self.people + self.groups
    }
}

/// Somebody in a directory.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// What never changes of them.
    pub id: Arc<str>,
    /// Their entry's name, as it is compared.
    pub dn: DnKey,
    /// The same, as it is shown.
    pub shown: Arc<str>,
    /// The name that they sign in with, in lower case; or what there is in its place.
    pub name: Result<Arc<str>, UnusableName>,
    /// The name that pages show.
    pub display_name: Option<Arc<str>>,
    /// An address for messages.
    pub email: Option<Arc<str>>,
    /// Whether they are switched off there.
    pub is_disabled: bool,
    /// The groups that they say that they are directly in.
    pub member_of: Vec<DnKey>,
}

/// What is in the place of a sign-in name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnusableName {
    /// No value, or none that is text.
    Absent,
    /// A value that no sign-in name is.
    Invalid(String),
}

/// An entry that nobody can be made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unusable {
    /// Its name.
    pub shown: String,
    /// Why.
    pub why: UnusableEntry,
}

/// Why nobody can be made of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum UnusableEntry {
    /// Its name is none.
    #[error("its distinguished name cannot be read")]
    Dn,
    /// Nothing says who it is.
    #[error("its `{0}` is absent or cannot be read: may the account that reads see it?")]
    UniqueId(String),
}

/// A group in a directory.
#[derive(Clone, PartialEq, Eq)]
pub struct DirectoryGroup {
    /// Its entry's name, as it is compared.
    pub dn: DnKey,
    /// The same, as it is shown.
    pub shown: Arc<str>,
    /// Its names, as they are compared.
    pub names: Vec<String>,
    /// Who and what is directly in it.
    pub members: Vec<Member>,
    /// Members that cannot be read.
    pub unreadable: usize,
}

/// Who or what is in a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// By the name of their entry.
    Dn(DnKey),
    /// By the name that they sign in with, as it is compared.
    SignInName(Box<str>),
}

/// Who they are is not for logs: their id is.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("id", &self.id)
            .field("is_disabled", &self.is_disabled)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DirectoryGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryGroup")
            .field("dn", &self.shown)
            .field("members", &self.members.len())
            .finish_non_exhaustive()
    }
}
