//! Declared state: files that say what there is to be, and what applying them changes.

use gw_model::{Epoch, PolicyFile, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Comparison, EpochShape, FileShape};

/// Files of declared state: `*.toml` for people, groups and apps, `*.cedar` for policies.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclaredFiles {
    /// The files.
    #[schemars(with = "Vec<FileShape>")]
    pub files: Vec<PolicyFile>,
    /// Also takes away what the administration made and no file names.
    #[serde(default)]
    pub prune: bool,
}

/// Files of declared state to be applied.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyDeclared {
    /// The files.
    #[schemars(with = "Vec<FileShape>")]
    pub files: Vec<PolicyFile>,
    /// Also takes away what the administration made and no file names.
    #[serde(default)]
    pub prune: bool,
    /// The plan that was looked at; another one by now refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
}

/// What applying files would change.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Which plan it is: the same changes have the same name.
    pub over: String,
    /// Why the files cannot be applied; empty when they can.
    pub faults: Vec<String>,
    /// What would change.
    pub changes: Vec<PlannedChange>,
    /// What the administration made and no file names; it stays unless it is pruned.
    pub undeclared: Vec<PlannedChange>,
    /// What the changes do to people, and to what is open.
    pub comparison: Comparison,
}

/// One thing that would change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PlannedChange {
    /// What would be done.
    pub action: ChangeWord,
    /// `user`, `group`, `app` or `policies`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Which of its fields differ, where it is changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// One thing that differs from the declared state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drifted {
    /// What applying the same files again would do to it.
    #[serde(flatten)]
    pub change: PlannedChange,
    /// When and by whom it was changed last; absent where that is too long ago to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastChange>,
}

/// The last change of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LastChange {
    /// Where it stands.
    #[schemars(with = "EpochShape")]
    pub epoch: Epoch,
    /// When it was made, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

/// What is done to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeWord {
    /// It is new.
    Add,
    /// It is there, and differs.
    Change,
    /// It goes.
    Remove,
}

/// Declared state that was applied.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredApplied {
    /// The epoch that it is in force from, on this node.
    #[schemars(with = "EpochShape")]
    pub epoch: Epoch,
    /// How many things changed.
    pub changes: usize,
}

/// What differs from the declared state.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// Whether anything was ever declared.
    pub declared: bool,
    /// When it was last applied, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub at: Option<Timestamp>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What applying the same files again would change.
    pub changes: Vec<Drifted>,
    /// What the administration made and no file names.
    pub undeclared: Vec<Drifted>,
}

/// What there is, as files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ExportedFiles {
    /// The files.
    #[schemars(with = "Vec<FileShape>")]
    pub files: Vec<PolicyFile>,
}
