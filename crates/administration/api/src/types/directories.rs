//! Directories that people and groups are read of.

use std::sync::Arc;

use gw_model::{GroupName, ProviderName, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ProviderState;

/// A directory that people and groups are read of, and how following it stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DirectoryView {
    /// Its name in policies.
    #[schemars(with = "String")]
    pub name: ProviderName,
    /// What pages call it.
    pub title: Arc<str>,
    /// Whether its word counts.
    pub state: ProviderState,
    /// Whether the configuration file names it.
    pub configured: bool,
    /// Whether it is followed.
    pub followed: bool,
    /// Its servers, in the order in which they are tried.
    pub servers: Vec<String>,
    /// Groups that it puts people into.
    #[schemars(with = "Vec<String>")]
    pub fills: Vec<GroupName>,
    /// Groups whose people it may change although it puts nobody into them.
    #[schemars(with = "Vec<String>")]
    pub over: Vec<GroupName>,
    /// How many people are known at it.
    pub linked: usize,
    /// When it was last read and taken over, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub last_success: Option<Timestamp>,
    /// When it is read next, at the latest, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub next: Option<Timestamp>,
    /// The server that was read last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// How changes are noticed.
    pub following: String,
    /// What was found when it was last taken over.
    pub counts: DirectoryCounts,
    /// What could not be as it says, as far as it is shown; lists leave it out.
    pub conflicts: Vec<DirectoryConflict>,
    /// How many there are in all.
    pub conflicts_total: usize,
    /// What is wrong now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<DirectoryTrouble>,
    /// Why nothing is told of changes that was, until it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwatched: Option<DirectoryTrouble>,
    /// How often it was in vain since it was last taken over.
    pub failures: u32,
    /// Places elsewhere that its server named; nobody goes there.
    pub references: usize,
    /// Whether who is missing may be there, so that nobody who is missing was taken for gone.
    #[serde(default)]
    pub partial: bool,
}

/// How much was looked at in a directory, and how much changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DirectoryCounts {
    /// People in the directory.
    pub people: usize,
    /// Groups that were looked at there.
    pub groups: usize,
    /// People here who are linked with it.
    pub linked: usize,
    /// Memberships here by its word.
    pub memberships: usize,
    /// Who came.
    pub added: usize,
    /// Who changed in some way.
    pub changed: usize,
    /// Who was switched off.
    pub disabled: usize,
    /// Who was switched on again.
    pub enabled: usize,
    /// Who is there, was removed here, and does not come back.
    #[serde(default)]
    pub removed: usize,
}

/// Something that cannot be as a directory says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DirectoryConflict {
    /// The entry there, or the person or group here.
    pub about: String,
    /// Why, and what to do.
    pub why: String,
}

/// What is wrong with following a directory, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DirectoryTrouble {
    /// When it was seen, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub at: Timestamp,
    /// What.
    pub what: String,
    /// What to do.
    pub help: String,
    /// What somebody would have to allow, where it waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<DirectoryLoss>,
    /// Whom that is about, at most 10,000 of them; lists leave it out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub who: Vec<DirectoryEffect>,
}

/// What a directory may do at once: how much, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryLoss {
    /// So many people are switched off.
    pub people: usize,
    /// So many memberships of others end.
    pub memberships: usize,
    /// So many people are switched on again.
    #[serde(default)]
    pub returns: usize,
    /// What tells whom it is about from all others: only they may be allowed who were shown.
    pub digest: String,
}

/// What a directory would do to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DirectoryEffect {
    /// Who it is.
    #[schemars(with = "String")]
    pub user: UserId,
    /// The name that they sign in with.
    pub name: Arc<str>,
    /// What would be done.
    pub what: DirectoryEffectKind,
    /// The group that they would be in no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub group: Option<GroupName>,
}

/// What a directory would do to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DirectoryEffectKind {
    /// They would be switched off.
    Off,
    /// They would be in a group no longer.
    Leaves,
    /// They would be switched on again.
    On,
}
