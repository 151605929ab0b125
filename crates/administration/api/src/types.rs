//! What the administration's requests and answers hold: one set of types for server and client.

use std::{path::PathBuf, sync::Arc};

use gw_model::{
    AppName, Epoch, FactorKind, GroupName, PolicyFile, PolicyId, SessionId, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

/// A list, so that every listing has room for more than its items.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listing<T> {
    /// What there is.
    pub items: Vec<T>,
}

/// A person, for listings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserView {
    /// Opaque and never reused.
    pub id: UserId,
    /// The name one signs in with.
    pub name: Arc<str>,
    /// The name that pages show.
    pub display_name: Arc<str>,
    /// An address for messages.
    pub email: Option<Arc<str>>,
    /// Memberships.
    pub groups: Vec<MembershipView>,
    /// What the person has enrolled.
    pub factors: Vec<FactorView>,
    /// Whether the person is refused everywhere.
    pub disabled: bool,
    /// How many sessions are open.
    pub sessions: usize,
}

/// A place in a group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MembershipView {
    /// The group.
    pub group: GroupName,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// An enrolled factor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FactorView {
    /// What it is.
    pub kind: FactorKind,
    /// The name that its owner gave it.
    pub name: Arc<str>,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
}

/// A person to be added.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddUser {
    /// The name one signs in with.
    pub name: String,
    /// The name that pages show; the name itself where absent.
    #[serde(default)]
    pub display_name: Option<String>,
    /// An address for messages.
    #[serde(default)]
    pub email: Option<String>,
    /// Groups to be in.
    #[serde(default)]
    pub groups: Vec<GroupName>,
}

/// A link to be made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MakeLink {
    /// What for; to sign in where absent.
    #[serde(default)]
    pub kind: Option<LinkWord>,
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkWord {
    /// Sign in, weakly.
    SignIn,
    /// Set up a first factor.
    Enrolment,
    /// Set up a factor after all were lost.
    Recovery,
}

/// A link that was made. Its address is a secret of the person that it is for.
#[derive(Clone, Serialize, Deserialize)]
pub struct LinkView {
    /// The address to open.
    pub url: String,
    /// What it is for.
    pub kind: LinkWord,
    /// From when on it is worth nothing.
    pub expires: Timestamp,
}

impl std::fmt::Debug for LinkView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkView")
            .field("kind", &self.kind)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// A group, for listings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupView {
    /// Its name in policies.
    pub name: GroupName,
    /// What pages and listings show.
    pub title: Arc<str>,
    /// Groups that it is part of.
    pub parents: Vec<GroupName>,
    /// How many people are in it directly.
    pub members: usize,
}

/// A group to be added.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddGroup {
    /// Its name in policies.
    pub name: GroupName,
    /// What pages and listings show.
    #[serde(default)]
    pub title: String,
    /// Groups that it is part of.
    #[serde(default)]
    pub parents: Vec<GroupName>,
}

/// The apps, and how the configuration stands that they come from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Apps {
    /// The apps, by name.
    pub items: Vec<AppView>,
    /// The state of the configuration file.
    pub config: ConfigState,
}

/// An app, for listings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AppView {
    /// Its name in policies.
    pub name: AppName,
    /// What pages call it.
    pub title: Arc<str>,
    /// The host it is reached by.
    pub host: Arc<str>,
    /// Where its requests go.
    pub upstream: String,
    /// Labels.
    pub tags: Vec<String>,
    /// Names of its routes.
    pub routes: Vec<String>,
}

/// How a file stands that Gatewright follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum ConfigState {
    /// What it says is in force.
    InForce {
        /// The file.
        file: String,
        /// Since when.
        since: Timestamp,
    },
    /// It has faults; what it said before is still in force.
    Refused {
        /// The file.
        file: String,
        /// Since when.
        since: Timestamp,
        /// What is wrong with it, a line each.
        faults: Vec<String>,
    },
}

/// A session, for listings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// Whose it is, by name.
    pub user: Arc<str>,
    /// How the person proved who they are.
    pub methods: Vec<String>,
    /// When it began.
    pub started: Timestamp,
    /// Last use, coarse.
    pub seen: Timestamp,
    /// When it ends whatever happens.
    pub expires: Timestamp,
    /// Browser and system, in words.
    pub client: Arc<str>,
}

/// A public key, for listings.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyView {
    /// Its id.
    pub kid: Arc<str>,
    /// What it signs.
    pub purpose: Arc<str>,
    /// When it was published.
    pub published_at: Timestamp,
    /// When signing with it begins.
    pub active_from: Timestamp,
    /// When signing with it ended, or will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_at: Option<Timestamp>,
}

/// A key that was rotated in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rotated {
    /// The new key's id.
    pub kid: Arc<str>,
    /// When signing with it begins.
    pub active_from: Timestamp,
}

/// The clock as decisions are made by it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClockView {
    /// The time.
    pub now: Timestamp,
    /// What is wrong with the system's clock, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Box<str>>,
}

/// The system's clock is the time from now on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClockConfirmed {
    /// `forward`, `back` or `nothing`.
    pub moved: Box<str>,
    /// The time from now on.
    pub now: Timestamp,
    /// Sessions that were ended since they would have lived longer.
    pub ended: usize,
}

/// What reading the ledger takes. The files themselves are for who may read them on the machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogAccess {
    /// The folder that holds the logs.
    pub folder: PathBuf,
    /// The newest head of each log, as `gatewright log head` prints it.
    pub heads: Vec<String>,
    /// The public keys that heads are signed with, in base64url.
    pub keys: Vec<String>,
}

/// A change that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    /// The epoch that it is in force from, on this node.
    pub epoch: Epoch,
}

/// How many sessions were ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionsEnded {
    /// How many.
    pub ended: usize,
}

/// Policies to look at or to apply: the whole set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyPolicies {
    /// The files.
    pub files: Vec<PolicyFile>,
    /// The version that the comparison was made with; another one by now refuses.
    #[serde(default)]
    pub over: Option<u64>,
}

/// What applying policies would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The version that it is made with.
    pub over: u64,
    /// Why the set cannot be applied; empty when it can.
    pub faults: Vec<String>,
    /// What is worth a look.
    pub warnings: Vec<String>,
    /// Policies that are new.
    pub added: Vec<PolicyId>,
    /// Policies that are gone.
    pub removed: Vec<PolicyId>,
    /// Files that are gone.
    pub files_removed: Vec<Arc<str>>,
    /// Files whose text differs.
    pub files_changed: Vec<Arc<str>>,
    /// Who could do what they cannot now.
    pub gains: Vec<Difference>,
    /// Who could no longer do what they can now.
    pub losses: Vec<Difference>,
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// What is asked for: a route, or an action on Gatewright itself.
    pub what: String,
    /// Signed in how.
    pub proof: String,
    /// Who, by name.
    pub who: Vec<Arc<str>>,
}

/// A set of policies as it was applied once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RevisionView {
    /// Where it stands.
    pub epoch: Epoch,
    /// When it was applied.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// The names of its files.
    pub files: Vec<Arc<str>>,
    /// Whether it is the newest.
    pub newest: bool,
}

/// An earlier set of policies to go back to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The epoch at which it was applied.
    pub epoch: Epoch,
    /// As for applying.
    #[serde(default)]
    pub over: Option<u64>,
}

/// Why something was not done (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// Which kind of problem, as a stable name.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// The kind in words.
    pub title: Box<str>,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: Box<str>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Box<str>>,
    /// Each fault, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// The decision that refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<str>>,
}
