//! What cannot be as a directory says.

use std::{fmt, sync::Arc};

use gw_model::GroupName;

use crate::{reading::UnusableEntry, reading::UnusableName, settings::NESTING_MAX};

/// Something that cannot be as a directory says. Nothing else is held up by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The entry there, or the group here, that it is about.
    pub about: String,
    /// Why.
    pub why: Why,
}

impl Conflict {
    /// What cannot be, and why.
    pub fn new(about: impl Into<String>, why: Why) -> Self {
        Self {
            about: about.into(),
            why,
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.about, self.why)
    }
}

/// Why something cannot be as a directory says, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Why {
    /// Nobody can be made of it.
    #[error("{0}")]
    Unusable(UnusableEntry),
    /// Two entries are the same one.
    #[error("another entry has the same unique id: neither counts until one of them is gone")]
    UniqueIdTwice,
    /// Two entries have the same name, as names are compared.
    #[error("another entry has the same distinguished name: no group finds either by it")]
    DnTwice,
    /// It has no name to sign in with.
    #[error("it has no sign-in name: fill in the attribute, or leave it out by the filter")]
    NoName,
    /// It has one that none is.
    #[error(
        "`{0}` is no sign-in name: 1 to 64 of the characters a-z, 0-9 and `-_.@+`, beginning with a letter or digit"
    )]
    InvalidName(String),
    /// Several entries want to be called the same.
    #[error("several entries want the sign-in name `{0}`: give each another one")]
    NameTwice(Arc<str>),
    /// Somebody here is called that.
    #[error(
        "the sign-in name `{name}` belongs to {}: rename or remove one of the two, or link them", holder(.is_disabled)
    )]
    NameTaken {
        /// The name.
        name: Arc<str>,
        /// Whether who has it is switched off.
        is_disabled: bool,
    },
    /// Somebody here is called that and would be found by it, but signs in by other ways.
    #[error(
        "`{0}` has ways of their own to sign in: they are linked by themselves or by an administrator, never by a name"
    )]
    HasOwnWays(Arc<str>),
    /// Somebody here is called that and would be found by it, but is switched off.
    #[error("`{0}` is switched off here: switch them on, or remove them, and they are linked")]
    FoundDisabled(Arc<str>),
    /// Somebody here is two entries there.
    #[error("`{0}` is linked with several entries that are all there: unlink all but one")]
    LinkedTwice(Arc<str>),
    /// A mapped group is not there.
    #[error("there is no such group in the directory, so nobody is in `{0}` by it")]
    NoSuchGroup(GroupName),
    /// Several groups are called that.
    #[error(
        "several groups of the directory are called that, so nobody is in `{0}` by either: map the one by its distinguished name"
    )]
    GroupTwice(GroupName),
    /// A group here is not there.
    #[error("there is no group `{0}` here: declare it, or map another one")]
    NoGroupHere(GroupName),
    /// Groups go deeper than is followed.
    #[error(
        "groups within it go deeper than {0} levels, and who is below is not in it here: raise `nesting`, at most to {NESTING_MAX}"
    )]
    TooDeep(usize),
    /// Some of its members cannot be read.
    #[error("{0} of its members have no name that can be read")]
    UnreadableMembers(usize),
    /// Nobody elsewhere makes owners, through other groups neither.
    #[error("nobody elsewhere makes owners, so nobody is in it by the directory")]
    MakesOwners,
    /// Nobody elsewhere changes who runs Gatewright.
    #[error("they are an owner here: they are changed in Gatewright itself, by another owner")]
    IsOwner,
    /// Somebody has rights that the directory could not give.
    #[error(
        "they are in the group `{0}`, which the directory neither fills nor is put over: they are switched off and taken out of its own groups by it, and nothing else; an owner changes them, or adds the group to `over`"
    )]
    HasMoreRights(GroupName),
    /// Policy does not let it.
    #[error("policy does not let the directory do `{0}`: see `gatewright policy explain`")]
    NotPermitted(String),
    /// The facts do not take it.
    #[error("it cannot be: {0}")]
    NotTaken(String),
    /// Somebody removed them here.
    #[error(
        "they were removed here, and do not come back by the directory: if they should, add them and link them with `{0}` (`gatewright user add`, `gatewright user identity add`)"
    )]
    RemovedHere(Arc<str>),
    /// Not all people were read.
    #[error(
        "{places} places elsewhere are named where people are, and nobody goes there: who is missing from what was read may be there, and {kept} of them stay as they are. Name servers and a base that have everybody; where nobody there is wanted, set `referrals = \"ignore\"`"
    )]
    PeopleElsewhere {
        /// So many places.
        places: usize,
        /// So many people would else be taken for gone.
        kept: usize,
    },
    /// Not all groups were read.
    #[error(
        "{places} places elsewhere are named where groups are, and nobody goes there: who is in a group there, or in one that may be within it, stays in it here ({kept} memberships). Name servers and a base that have all groups; where nothing there is wanted, set `referrals = \"ignore\"`"
    )]
    GroupsElsewhere {
        /// So many places.
        places: usize,
        /// So many memberships would else end.
        kept: usize,
    },
    /// A mapped group is not there, as far as was read.
    #[error(
        "there is no such group in what was read of the directory, and it may be elsewhere: nobody comes into `{0}` by it, and who is in it stays"
    )]
    GroupElsewhere(GroupName),
}

const fn holder(is_disabled: &bool) -> &'static str {
    match is_disabled {
        true => "somebody here who is switched off",
        false => "somebody else here",
    }
}

impl From<UnusableName> for Why {
    fn from(name: UnusableName) -> Self {
        match name {
            UnusableName::Absent => Self::NoName,
            UnusableName::Invalid(name) => Self::InvalidName(name),
        }
    }
}
