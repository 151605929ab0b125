//! What the engine asks of whoever keeps people and groups.
//!
//! A value of [`Directory`] is one client's view for one request: it may hold who asks, and the
//! snapshot that it reads. Resources are read and replaced whole, at a version, so that one request
//! is one change, made in full or not at all; only members of groups are also changed one by one,
//! since a group may have more of them than anybody wants to send around.

use std::{future::Future, time::Duration};

use crate::{
    id::ResourceId,
    resource::{Group, GroupChange, StoredGroup, StoredUser, User},
    text::Folded,
};

/// Keeps people and groups.
///
/// What it promises beyond what each operation says:
/// - an id is its own to choose and is never given out again, to either kind;
/// - a version moves with everything that is shown of a resource, and never comes back to what it
///   was; for a person this includes the groups that they are in;
/// - `userName` and a group's `displayName` are unique in the form that [`Folded`] has, decided
///   where the change is made and not before;
/// - when an operation answers, what it did is done: a person who is not active any more has no
///   session, and reads that begin later see it.
pub trait Directory: Sync {
    /// A person.
    fn user(
        &self,
        id: &ResourceId,
    ) -> impl Future<Output = Result<Option<StoredUser>, ReadFault>> + Send;

    /// The people of whom this holds, from an index: without looking at the others.
    fn find_users(
        &self,
        by: &UserIndex,
    ) -> impl Future<Output = Result<Vec<ResourceId>, ReadFault>> + Send;

    /// At most `count` people from the `from`th on, counted from 0, in an order that changes for
    /// nobody while no one is created or removed.
    fn users(
        &self,
        from: usize,
        count: usize,
    ) -> impl Future<Output = Result<Page<StoredUser>, ReadFault>> + Send;

    /// Creates a person.
    fn create_user(
        &self,
        user: User,
    ) -> impl Future<Output = Result<StoredUser, WriteFault>> + Send;

    /// Makes a person this one, if the version is still the expected one. Replacing by the same is
    /// no change, and need not move the version.
    fn replace_user(
        &self,
        id: &ResourceId,
        expected: u64,
        user: User,
    ) -> impl Future<Output = Result<StoredUser, WriteFault>> + Send;

    /// Removes a person, if the version is still the expected one where one is given.
    fn remove_user(
        &self,
        id: &ResourceId,
        expected: Option<u64>,
    ) -> impl Future<Output = Result<(), WriteFault>> + Send;

    /// A group, with its members where they are wanted.
    fn group(
        &self,
        id: &ResourceId,
        members: Members,
    ) -> impl Future<Output = Result<Option<StoredGroup>, ReadFault>> + Send;

    /// The groups of which this holds, from an index: without looking at the others.
    fn find_groups(
        &self,
        by: &GroupIndex,
    ) -> impl Future<Output = Result<Vec<ResourceId>, ReadFault>> + Send;

    /// At most `count` groups from the `from`th on, counted from 0, in an order that changes for
    /// none while none is created or removed.
    fn groups(
        &self,
        from: usize,
        count: usize,
        members: Members,
    ) -> impl Future<Output = Result<Page<StoredGroup>, ReadFault>> + Send;

    /// Creates a group. Answers with its members.
    fn create_group(
        &self,
        group: Group,
    ) -> impl Future<Output = Result<StoredGroup, WriteFault>> + Send;

    /// Makes a group this one, if the version is still the expected one. Answers with its members.
    fn replace_group(
        &self,
        id: &ResourceId,
        expected: u64,
        group: Group,
    ) -> impl Future<Output = Result<StoredGroup, WriteFault>> + Send;

    /// Changes of a group what is named, if the version is still the expected one where one is
    /// given. Who is added and is there already, and who is taken out and is not there, changes
    /// nothing. It costs what the change holds, not what the group holds; so it answers without
    /// members.
    fn change_group(
        &self,
        id: &ResourceId,
        expected: Option<u64>,
        change: GroupChange,
    ) -> impl Future<Output = Result<StoredGroup, WriteFault>> + Send;

    /// Removes a group, if the version is still the expected one where one is given.
    fn remove_group(
        &self,
        id: &ResourceId,
        expected: Option<u64>,
    ) -> impl Future<Output = Result<(), WriteFault>> + Send;
}

/// How people are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserIndex {
    /// By the name that they sign in with, without regard to case: at most one.
    UserName(Folded),
    /// By the client's own id, exactly. Clients know nothing of one another's ids (RFC 7643, section
    /// 3.1): where there are several, a view finds those of its own.
    ExternalId(Box<str>),
}

/// How groups are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupIndex {
    /// By name, without regard to case: at most one.
    DisplayName(Folded),
    /// By the client's own id, exactly.
    ExternalId(Box<str>),
    /// By whom they have as a direct member.
    Member(ResourceId),
}

/// Whether members are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Members {
    /// They are listed.
    Wanted,
    /// They are not even read.
    Left,
}

/// Some of all.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// How many there are in all.
    pub total: usize,
    /// Some of them.
    pub items: Vec<T>,
}

/// Why nothing could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    /// The directory cannot answer now.
    #[error("the directory cannot answer now")]
    Unavailable {
        /// When it is worth asking again.
        again_after: Duration,
    },
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteFault {
    /// There is no such resource (any more).
    #[error("there is no such resource")]
    Absent,
    /// The version is not the expected one (any more).
    #[error("it was changed meanwhile")]
    Stale,
    /// Another resource has the value of this attribute, which is unique.
    #[error("another resource has this `{attribute}`")]
    Taken {
        /// The attribute.
        attribute: &'static str,
    },
    /// There is nobody with this id who could be a member.
    #[error("there is no user or group `{0}`")]
    NoSuchMember(ResourceId),
    /// Groups cannot be in one another like this: in a circle, or too deep.
    #[error(
        "`{0}` cannot be in this group: groups in one another would go in a circle or too deep"
    )]
    Nesting(ResourceId),
    /// The directory does not take this value.
    #[error("`{attribute}` {reason}")]
    Invalid {
        /// The attribute.
        attribute: &'static str,
        /// What is wrong with it, and what to send instead; without the value.
        reason: Box<str>,
    },
    /// The client may not do this.
    #[error("{reason}")]
    Denied {
        /// Why, and who may.
        reason: Box<str>,
    },
    /// The directory cannot write now.
    #[error("the directory cannot write now")]
    Unavailable {
        /// When it is worth asking again.
        again_after: Duration,
    },
}

impl From<ReadFault> for WriteFault {
    fn from(fault: ReadFault) -> Self {
        let ReadFault::Unavailable { again_after } = fault;
        Self::Unavailable { again_after }
    }
}
