//! Recent records of the ledger, one decision in full, and the overview.

use std::sync::Arc;

use gw_model::{DecisionId, Epoch, PolicyId, SessionId, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EpochShape, Reported, Way};

/// Some recent records.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Records {
    /// The records, oldest first.
    pub items: Vec<RecordLine>,
    /// What to ask for next (`after`).
    pub next: u64,
    /// How many came and went before they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// How far the window reaches back, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub since: Timestamp,
}

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeWord {
    /// It was let in.
    Allow,
    /// It was refused.
    Deny,
    /// It was let in, and ended since its grounds fell away.
    Cut,
    /// Facts changed.
    Change,
    /// The ledger says something of itself.
    Note,
}

impl OutcomeWord {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Cut => "cut",
            Self::Change => "change",
            Self::Note => "note",
        }
    }
}

/// A record in a line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RecordLine {
    /// Its place in the window.
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub time: Timestamp,
    /// `exchange`, `question`, `change`, `refused`, `end` or `note`.
    pub kind: String,
    /// What became of it.
    pub outcome: OutcomeWord,
    /// The decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub decision: Option<DecisionId>,
    /// Who.
    pub who: String,
    /// The person's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub user_id: Option<UserId>,
    /// At which app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// On which route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What was asked for or done.
    pub what: String,
    /// The host that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The policies that determined it.
    #[schemars(with = "Vec<String>")]
    pub because: Vec<PolicyId>,
    /// Why, in a few words.
    pub why: String,
    /// Microseconds from the request's head to the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<f64>,
    /// How many it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// One decision, with all that belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DecisionDocument {
    /// The decision.
    #[schemars(with = "String")]
    pub decision: DecisionId,
    /// It in one sentence.
    pub sentence: String,
    /// What became of it.
    pub outcome: OutcomeWord,
    /// When, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub time: Timestamp,
    /// Who.
    pub who: String,
    /// In which session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub session: Option<SessionId>,
    /// At which app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// What was asked for.
    pub what: String,
    /// What the policies looked at.
    pub rests_on: Vec<RestsOn>,
    /// The policies that determined it.
    pub policies: Vec<DecidingPolicy>,
    /// What would open it now, where a person was refused who is still there.
    pub ways: Vec<Way>,
    /// What report-only policies would have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Reported>,
    /// What could not be evaluated.
    pub faults: Vec<String>,
    /// The versions of the facts that were read.
    pub grounds: Vec<GroundView>,
    /// Until when it held with unchanged facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub valid_until: Option<Timestamp>,
    /// How what it opened came to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<EndedView>,
    /// Where it is recorded.
    pub recorded: Recorded,
    /// The epoch that it was decided at.
    #[schemars(with = "EpochShape")]
    pub epoch: Epoch,
}

/// Something that policies looked at.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RestsOn {
    /// What.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A policy that determined a decision.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DecidingPolicy {
    /// Its id.
    #[schemars(with = "String")]
    pub id: PolicyId,
    /// `permit` or `forbid`; unknown where it is not in force any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// What its author says it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Arc<str>>,
    /// Its text now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Arc<str>>,
    /// Whether a policy of this id is in force now.
    pub in_force: bool,
}

/// The version of a fact.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GroundView {
    /// Which fact.
    pub fact: String,
    /// Its version.
    pub version: u64,
}

/// How something came to its end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EndedView {
    /// `done`, `cut`, `client-gone`, …
    pub how: String,
    /// Why, for cuts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The status that the client got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long it was open, in milliseconds.
    pub duration_ms: f64,
    /// Bytes of body from the client.
    pub bytes_up: u64,
    /// Bytes of body to the client.
    pub bytes_down: u64,
}

/// Where a record stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Recorded {
    /// The log.
    pub log: String,
    /// The segment.
    pub segment: u32,
    /// The place in the segment.
    pub index: u32,
}

/// What is going on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OverviewView {
    /// The time, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub now: Timestamp,
    /// The epoch of the facts.
    #[schemars(with = "EpochShape")]
    pub epoch: Epoch,
    /// The version of Gatewright.
    pub version: String,
    /// When it began.
    #[schemars(with = "u64")]
    pub started: Timestamp,
    /// What is open.
    pub leases: OpenCount,
    /// Who is signed in.
    pub sessions: OpenCount,
    /// What is decided.
    pub decisions: DecisionCounts,
    /// What was refused and why, the most frequent first.
    pub refused: Vec<RefusedView>,
    /// How far the window of recent records reaches back.
    #[schemars(with = "u64")]
    pub window_since: Timestamp,
    /// What needs somebody.
    pub attention: Vec<Attention>,
    /// How much there is of what.
    pub counts: Counts,
}

/// How much is open, and of how many people.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct OpenCount {
    /// How many.
    pub open: usize,
    /// Of how many people.
    pub people: usize,
}

/// Decisions counted.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DecisionCounts {
    /// Each of the last 120 seconds, the oldest first.
    pub per_second: Vec<SecondView>,
    /// The last hour, as far as the window reaches.
    pub hour: HourView,
}

/// One second's decisions.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct SecondView {
    /// Its beginning.
    #[schemars(with = "u64")]
    pub at: Timestamp,
    /// How many were let in.
    pub allow: u64,
    /// How many were refused.
    pub deny: u64,
}

/// An hour's decisions.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub struct HourView {
    /// How many were let in.
    pub allow: u64,
    /// How many were refused.
    pub deny: u64,
    /// How many were cut.
    pub cut: u64,
}

/// What was refused.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RefusedView {
    /// At which app.
    pub app: String,
    /// Why.
    pub why: String,
    /// How often.
    pub times: u64,
    /// How many people.
    pub people: usize,
    /// The last time.
    #[schemars(with = "u64")]
    pub last: Timestamp,
}

/// Something that needs somebody.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Attention {
    /// What kind of thing it is.
    pub id: String,
    /// `fault`, `warning` or `note`.
    #[schemars(with = "String", extend("enum" = ["fault", "warning", "note"]))]
    pub level: String,
    /// What is so.
    pub what: String,
    /// What to do.
    pub help: String,
    /// Where in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// How much there is of what.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// People.
    pub users: usize,
    /// Groups.
    pub groups: usize,
    /// Apps.
    pub apps: usize,
    /// Policies, the built-in ones included.
    pub policies: usize,
}
