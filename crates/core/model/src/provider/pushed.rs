//! People and groups that a provider pushes in, or that are read of a directory.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{GroupName, Timestamp};

/// How far a provider may push people and groups in. It fills the groups that it made and these;
/// policy says the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScimSource {
    /// Groups that it did not make and puts people into.
    #[serde(default)]
    pub fills: Vec<GroupName>,
    /// Groups whose people it may change although it puts nobody into them. Who is in any other is
    /// switched off by it, and nothing else.
    #[serde(default)]
    pub over: Vec<GroupName>,
}

/// How far what is read of a directory may put people into groups; policy says the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectorySource {
    /// Groups that it puts people into.
    #[serde(default)]
    pub fills: Vec<GroupName>,
    /// Groups whose people it may change although it puts nobody into them. Who is in any other is
    /// switched off by it and taken out of its groups, and nothing else.
    #[serde(default)]
    pub over: Vec<GroupName>,
}

/// What a provider that pushes people and groups in keeps here of one of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pushed {
    /// Whether they came by it, and go with it; who was here before stays.
    pub made: bool,
    /// When it told of them first.
    pub created: Timestamp,
    /// When it told something else of them last.
    pub modified: Timestamp,
    /// What it told, as it has it: JSON.
    pub told: Arc<str>,
}
