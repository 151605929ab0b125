//! One person's part of a plan.

use std::sync::Arc;

use gw_model::{GroupName, Membership, User, UserId};

use crate::present::Present;

/// One person's part of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Somebody comes.
    Add(NewPerson),
    /// Somebody who is here changes.
    Change(ChangedPerson),
}

/// Somebody who comes.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// Who they are in the directory.
    pub unique_id: Arc<str>,
    /// The name that they sign in with.
    pub name: Arc<str>,
    /// The name that pages show.
    pub display_name: Arc<str>,
    /// An address for messages.
    pub email: Option<Arc<str>>,
    /// The groups that they are in by the directory's word.
    pub groups: Vec<GroupName>,
}

/// Somebody who is here and changes.
#[derive(Clone)]
pub struct ChangedPerson {
    /// As they are.
    pub before: Arc<User>,
    /// As they will be.
    pub after: Arc<User>,
    /// What is different; never nothing.
    pub what: Vec<What>,
}

/// What is different about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// They are linked with the directory from now on.
    Linked,
    /// They sign in with another name.
    Renamed {
        /// With this one so far.
        from: Arc<str>,
    },
    /// The name that pages show, or the address for messages.
    Profile,
    /// They are switched off.
    Disabled(Off),
    /// They are switched on again.
    Enabled,
    /// They are in a group from now on.
    Joined(GroupName),
    /// They are in a group no longer.
    Left(GroupName),
    /// The directory's word on whether they are off is kept; they were off, and stay so for now.
    Said {
        /// Whether that is its word.
        off: bool,
    },
}

/// Why somebody is switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// The directory does not have them any more.
    Gone,
    /// The directory has them switched off.
    There,
}

impl Step {
    /// The name that they sign in with, afterwards.
    pub fn name(&self) -> &Arc<str> {
        match self {
            Self::Add(new) => &new.name,
            Self::Change(changed) => &changed.after.name,
        }
    }

    /// They, as they will be.
    pub(super) fn user(&self, present: &Present<'_>, new_id: impl FnOnce() -> UserId) -> User {
        match self {
            Self::Add(new) => new.user(present, new_id()),
            Self::Change(changed) => User::clone(&changed.after),
        }
    }

    pub(super) fn takes_away(&self) -> bool {
        let takes = |what: &What| matches!(what, What::Disabled(_) | What::Left(_));
        matches!(self, Self::Change(changed) if changed.what.iter().any(takes))
    }
}

impl NewPerson {
    fn user(&self, present: &Present<'_>, id: UserId) -> User {
        let by = |group: &GroupName| Membership {
            group: group.clone(),
            until: None,
            by: Some(present.provider().clone()),
        };
        User {
            id,
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            email: self.email.clone(),
            attributes: Default::default(),
            groups: self.groups.iter().map(by).collect(),
            factors: Vec::new(),
            identities: vec![present.identity(&self.unique_id)],
            disabled: false,
            verified_email: None,
            tokens_from: gw_model::Timestamp::default(),
            version: 0,
        }
    }
}

impl PartialEq for ChangedPerson {
    fn eq(&self, other: &Self) -> bool {
        self.before == other.before && self.after == other.after && self.what == other.what
    }
}

impl Eq for ChangedPerson {}

/// Who they are is not for logs: what changes is.
impl std::fmt::Debug for ChangedPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.before.id, self.what)
    }
}

impl std::fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {:?}", self.unique_id, self.groups)
    }
}
