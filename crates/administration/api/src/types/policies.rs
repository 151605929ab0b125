//! Policies: what is in force, what a change of them does, what they answer.

use std::sync::Arc;

use gw_model::{Epoch, Outcome, PolicyFile, PolicyId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EpochShape;

/// The policies in force.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PoliciesView {
    /// The epoch of the facts that they are of.
    #[schemars(with = "EpochShape")]
    pub epoch: Epoch,
    /// Moves with each change of them.
    pub version: u64,
    /// The files.
    #[schemars(with = "Vec<FileShape>")]
    pub files: Vec<PolicyFile>,
    /// Each policy, those that are part of Gatewright first.
    pub policies: Vec<PolicyView>,
    /// What is worth a look, a line each.
    pub warnings: Vec<String>,
    /// Why the stored files cannot be loaded; then the last good set is in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// A file of policies.
#[derive(JsonSchema)]
#[schemars(rename = "PolicyFile")]
pub struct FileShape {
    /// Its name: `staff.cedar`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// One policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyView {
    /// Its id.
    #[schemars(with = "String")]
    pub id: PolicyId,
    /// The file it stands in; `gatewright` for what is built in.
    pub file: Arc<str>,
    /// The line it begins at.
    pub line: usize,
    /// What it does.
    #[schemars(with = "String", extend("enum" = ["permit", "forbid"]))]
    pub effect: Arc<str>,
    /// Whether it counts, or only reports.
    #[schemars(with = "String", extend("enum" = ["enforce", "report"]))]
    pub mode: Arc<str>,
    /// What its author says it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Arc<str>>,
    /// Its text.
    pub text: Arc<str>,
}

/// Files of policies.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyFiles {
    /// The files: the whole set.
    #[schemars(with = "Vec<FileShape>")]
    pub files: Vec<PolicyFile>,
}

/// What a look at files found.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CheckedPolicies {
    /// Why the set cannot be applied.
    pub faults: Vec<PlacedFault>,
    /// What is worth a look.
    pub warnings: Vec<PlacedFault>,
}

/// Something about a place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlacedFault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What it is.
    pub what: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Policies to look at or to apply: the whole set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyPolicies {
    /// The files.
    #[schemars(with = "Vec<FileShape>")]
    pub files: Vec<PolicyFile>,
    /// The version that the comparison was made with; another one by now refuses.
    #[serde(default)]
    pub over: Option<u64>,
}

/// What applying policies would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The version that it is made with.
    pub over: u64,
    /// Why the set cannot be applied; empty when it can.
    pub faults: Vec<String>,
    /// What is worth a look.
    pub warnings: Vec<String>,
    /// Policies that are new.
    #[schemars(with = "Vec<String>")]
    pub added: Vec<PolicyId>,
    /// Policies that are gone.
    #[schemars(with = "Vec<String>")]
    pub removed: Vec<PolicyId>,
    /// Policies that say something else.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub changed: Vec<PolicyId>,
    /// Files that are gone.
    pub files_removed: Vec<Arc<str>>,
    /// Files whose text differs.
    pub files_changed: Vec<Arc<str>>,
    /// Who could do what they cannot now.
    pub gains: Vec<Difference>,
    /// Who could no longer do what they can now.
    pub losses: Vec<Difference>,
    /// What is open now and would be cut.
    #[serde(default)]
    pub cut: WouldCut,
    /// Whether there were too many people and routes to compare all.
    pub incomplete: bool,
}

impl Comparison {
    /// Whether it takes away a policy or a file: never without somebody's word.
    pub fn takes_away(&self) -> bool {
        !self.removed.is_empty() || !self.files_removed.is_empty()
    }

    /// Whether anything differs at all.
    pub fn is_empty(&self) -> bool {
        self.files_changed.is_empty() && !self.takes_away() && self.added.is_empty()
    }
}

/// One thing on which two sets of policies differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// What is asked for: a route, an action on Gatewright itself, or one on people with whom it is
    /// done on (`admin.user.link on anybody but people in owners`).
    pub what: String,
    /// Signed in how: `passkey`, `sign-in-link` or `nothing`; or by which provider's word,
    /// `provider:corp,amr=otp`, where that differs from the one of those that it is like.
    pub proof: String,
    /// Who, by name; the first hundred of them.
    pub who: Vec<Arc<str>>,
    /// How many they are.
    #[serde(default)]
    pub people: usize,
}

/// What is open and would be cut.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WouldCut {
    /// How many leases.
    pub leases: usize,
    /// Of how many people.
    pub people: usize,
    /// Who, by name; the first hundred of them.
    pub who: Vec<Arc<str>>,
}

/// A set of policies as it was applied once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RevisionView {
    /// Where it stands.
    #[schemars(with = "EpochShape")]
    pub epoch: Epoch,
    /// When it was applied, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Who proposed it, where somebody else did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<String>,
    /// The names of its files.
    pub files: Vec<Arc<str>>,
    /// Whether it is the newest.
    pub newest: bool,
}

/// The same with the text of its files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RevisionDocument {
    /// Where it stands.
    #[schemars(with = "EpochShape")]
    pub epoch: Epoch,
    /// When it was applied, in milliseconds since the Unix epoch.
    #[schemars(with = "u64")]
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Who proposed it, where somebody else did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<String>,
    /// Its files.
    #[schemars(with = "Vec<FileShape>")]
    pub files: Vec<PolicyFile>,
}

/// An earlier set of policies to go back to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The epoch at which it was applied.
    #[schemars(with = "EpochShape")]
    pub epoch: Epoch,
    /// As for applying.
    #[serde(default)]
    pub over: Option<u64>,
}

/// Cases to try on policies.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TryCases {
    /// The policies; those in force where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<FileShape>>")]
    pub files: Option<Vec<PolicyFile>>,
    /// The cases, as `gatewright policy test` reads them (TOML).
    pub cases: String,
}

/// How cases came out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CasesTried {
    /// Each case.
    pub cases: Vec<CaseTried>,
    /// Why policies or cases cannot be read.
    pub faults: Vec<String>,
}

/// How a case came out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CaseTried {
    /// What it is called.
    pub name: String,
    /// Whether it came out as expected.
    pub ok: bool,
    /// What differs, where it did not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
}

/// A question about what would happen.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// Who asks, by name; a stranger where absent.
    #[serde(default)]
    pub user: Option<String>,
    /// Which app is asked for.
    pub app: String,
    /// The method.
    #[serde(default = "get")]
    pub method: String,
    /// The path.
    #[serde(default = "root")]
    pub path: String,
    /// How they signed in just now.
    #[serde(default)]
    pub proof: ProofWord,
    /// What a provider said, where it is a provider's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<SaidAsked>,
    /// From where; this machine where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub address: Option<std::net::IpAddr>,
    /// When, in milliseconds since the Unix epoch; now where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub at: Option<Timestamp>,
    /// Under which policies; those in force where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<FileShape>>")]
    pub files: Option<Vec<PolicyFile>>,
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

/// How somebody is imagined to have signed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProofWord {
    /// With a passkey.
    #[default]
    Passkey,
    /// By a link.
    SignInLink,
    /// By the word of a provider of identities, which `said` tells.
    Provider,
    /// Not at all.
    Nothing,
}

/// What a provider is imagined to have said. How much it counts for, its declaration says.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaidAsked {
    /// The provider.
    pub provider: String,
    /// The authentication context class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The authentication methods.
    #[serde(default)]
    pub amr: Vec<String>,
}

/// What would happen, and why.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    /// The answer.
    #[schemars(with = "String", extend("enum" = ["allow", "deny"]))]
    pub outcome: Outcome,
    /// The answer as a sentence.
    pub sentence: String,
    /// The route that the path belongs to.
    pub route: String,
    /// The policies that determined it.
    #[schemars(with = "Vec<String>")]
    pub because: Vec<PolicyId>,
    /// Those policies.
    pub policies: Vec<PolicyView>,
    /// All policies that were looked at.
    #[schemars(with = "Vec<String>")]
    pub considered: Vec<PolicyId>,
    /// The attributes of the circumstances that they mention.
    pub attributes: Vec<AttributeView>,
    /// What could not be evaluated.
    pub faults: Vec<String>,
    /// What report-only policies would have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Reported>,
    /// What would open it.
    pub ways: Vec<Way>,
    /// Until when the answer holds with unchanged facts, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u64>")]
    pub valid_until: Option<Timestamp>,
}

/// What report-only policies would have changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Reported {
    /// The outcome with them enforced.
    #[schemars(with = "String", extend("enum" = ["allow", "deny"]))]
    pub outcome: Outcome,
    /// The policies that would have determined it.
    #[schemars(with = "Vec<String>")]
    pub because: Vec<PolicyId>,
}

/// A way out of a denial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Way {
    /// What to change, all of it, in the order to do it.
    pub steps: Vec<String>,
    /// Whether the person can do all of it alone, now.
    pub alone: bool,
}

/// An attribute of the circumstances, as policies write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttributeView {
    /// Its path below `context`.
    pub name: String,
    /// Its value; empty where it is not known.
    pub value: String,
}
