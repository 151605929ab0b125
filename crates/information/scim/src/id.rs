//! What names a resource.

use std::{fmt, str::FromStr};

/// The kinds of resources that are provisioned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// A person: RFC 7643, section 4.1.
    User,
    /// A group: RFC 7643, section 4.2.
    Group,
}

impl ResourceKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    /// Its name, as `meta.resourceType` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The path segment under which its resources are.
    pub const fn segment(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }
}

/// A resource's id: chosen by the directory, never by a client, and never given out again.
///
/// 1 to 128 of the characters `A-Z a-z 0-9 - _`: it needs no escaping in a path, and nothing but
/// an id can be read as one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(Box<str>);

impl ResourceId {
    /// The longest, in bytes.
    pub const MAX: usize = 128;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What cannot be an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an id has 1 to {} of the characters A-Z, a-z, 0-9, `-` and `_`",
    ResourceId::MAX
)]
pub struct IdFault;

impl FromStr for ResourceId {
    type Err = IdFault;

    fn from_str(text: &str) -> Result<Self, IdFault> {
        let is_fit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if text.is_empty() || text.len() > Self::MAX || !text.bytes().all(is_fit) {
            return Err(IdFault);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_id() {
        for text in [
            "", ".", "..", "../x", "a/b", "a%2fb", "a b", "a\0", "é", "a\\b",
        ] {
            assert_eq!(text.parse::<ResourceId>(), Err(IdFault), "{text:?}");
        }
        assert!("x".repeat(129).parse::<ResourceId>().is_err());
        assert_eq!("u-7yq_A".parse::<ResourceId>().unwrap().as_str(), "u-7yq_A");
    }
}
