//! Gatewright itself: keys, clock, ledger, settings, who asks.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use gw_model::{Action, GroupName, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ManagedBy;

/// Who asks, and what policy would let them do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// `person`, or `local` for who is on the machine.
    #[schemars(with = "String", extend("enum" = ["person", "local"]))]
    pub kind: Arc<str>,
    /// What they are called.
    pub name: String,
    /// The name that pages show.
    pub display_name: String,
    /// Where a person signs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_out: Option<String>,
    /// Where a person's own apps are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<String>,
    /// The groups that a person is in, directly or through others: whoever is in another one has
    /// rights that they have not.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub groups: Vec<GroupName>,
    /// Each action of administration, and whether policy would let them do it now. Where it is
    /// done on a person, on one who has no rights.
    pub may: BTreeMap<String, bool>,
    /// The actions that they may propose, for somebody else to make.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub may_propose: Vec<Action>,
}

/// A public key, for listings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KeyView {
    /// Its id.
    pub kid: Arc<str>,
    /// What it signs.
    pub purpose: Arc<str>,
    /// When it was published, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub published_at: Timestamp,
    /// When signing with it begins.
    #[schemars(with = "u64")]
    pub active_from: Timestamp,
    /// When signing with it ended, or will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub replaced_at: Option<Timestamp>,
}

/// A key that was rotated in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Rotated {
    /// The new key's id.
    pub kid: Arc<str>,
    /// When signing with it begins, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub active_from: Timestamp,
}

/// The clock as decisions are made by it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ClockView {
    /// The time, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub now: Timestamp,
    /// What is wrong with the system's clock, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Box<str>>,
}

/// The system's clock is the time from now on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ClockConfirmed {
    /// `forward`, `back` or `nothing`.
    pub moved: Box<str>,
    /// The time from now on, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub now: Timestamp,
    /// Sessions that were ended since they would have lived longer.
    pub ended: usize,
}

/// What reading the ledger takes. The files themselves are for who may read them on the machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LogAccess {
    /// The folder that holds the logs.
    pub folder: PathBuf,
    /// The newest head of each log, as `gatewright log head` prints it.
    pub heads: Vec<String>,
    /// The public keys that heads are signed with, in base64url.
    pub keys: Vec<String>,
}

/// Organisation-wide settings that decisions read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SettingsView {
    /// Zone of `context.time` where an app has none of its own.
    pub time_zone: Arc<str>,
    /// Named networks.
    pub networks: Vec<NetworkView>,
    /// Where they are changed.
    pub managed_by: ManagedBy,
    /// The file that they stand in.
    pub file: String,
    /// Moves with each change; the entity tag.
    pub version: u64,
}

/// A network with a name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NetworkView {
    /// Its name.
    pub name: Arc<str>,
    /// Its address ranges.
    pub prefixes: Vec<String>,
}
