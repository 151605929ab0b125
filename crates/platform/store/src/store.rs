//! What a store does, whichever database is below it.

use std::sync::Arc;

use gw_model::{
    Actor, Change, Epoch, FactorId, PolicyFile, SessionId, Snapshot, Timestamp, TokenHash, UserId,
};

use crate::{Committed, LinkRow, PasskeyRow, Proposal, Refused, Secret, StoreError, WhyNot};

/// The writing side: one thread of one process owns it.
pub trait Store: Send {
    /// All facts at their epoch, read afresh.
    ///
    /// # Errors
    /// When the database fails, or holds what this program cannot read.
    fn load(&mut self) -> Result<Loaded, StoreError>;

    /// Runs transactions in order as one durable group.
    ///
    /// Each is all-or-nothing and independent of the refusal of others; each that changes facts
    /// gets the next epoch number. When this returns, all that is reported as committed survives
    /// a power loss: one sync for the whole group.
    ///
    /// # Errors
    /// When the database fails; then nothing of the group is to be relied on as committed.
    fn commit(
        &mut self,
        group: Vec<Proposal<'_>>,
    ) -> Result<Vec<Result<Committed, Refused>>, StoreError>;

    /// Saves what is not a fact: last uses, the clock's high-water mark, heads of logs. None of
    /// them ever goes back.
    ///
    /// # Errors
    /// When the database fails.
    fn save(&mut self, notes: &Notes) -> Result<(), StoreError>;

    /// Forgets one-time values that have expired, and links that were of no use for a month.
    ///
    /// # Errors
    /// When the database fails.
    fn sweep(&mut self, now: Timestamp) -> Result<(), StoreError>;

    /// Starts a new incarnation of the stream, as after a restore: all sessions, links, one-time
    /// values and recovery codes end, since some may have ended after the backup was made.
    ///
    /// # Errors
    /// When the database fails.
    fn begin_incarnation(&mut self, now: Timestamp) -> Result<Committed, StoreError>;

    /// A reading side.
    fn reader(&self) -> Reader;
}

/// The reading side: shared by control threads, each call blocks for a disk read at most.
pub type Reader = Arc<dyn Read>;

/// Look-ups of what is not in the [`Snapshot`].
///
/// They see what is committed, and consume nothing: single use is decided by
/// [`Store::commit`] alone.
///
/// # Errors
/// Each fails when the database does, or holds what this program cannot read.
#[expect(clippy::missing_errors_doc, reason = "said once, for all of them")]
pub trait Read: Send + Sync {
    /// A link by the hash of its token, used up or not.
    fn link(&self, hash: &TokenHash) -> Result<Option<LinkState>, StoreError>;

    /// A person's links that are kept, newest first.
    fn links_of(&self, user: UserId) -> Result<Vec<LinkState>, StoreError>;

    /// The payload of a one-time value that could still be taken at `now`.
    fn once(
        &self,
        purpose: &str,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<Secret<Vec<u8>>>, StoreError>;

    /// A record by the hash that finds it, over or not.
    fn kept(&self, kind: &str, hash: &TokenHash) -> Result<Option<Kept>, StoreError>;

    /// A person's records of one kind, over or not.
    fn kept_of(&self, kind: &str, owner: UserId) -> Result<Vec<Kept>, StoreError>;

    /// Records of one kind that belong to nobody, or to nobody any more, over or not.
    fn kept_of_nobody(&self, kind: &str) -> Result<Vec<Kept>, StoreError>;

    /// A person's passkeys.
    fn passkeys_of(&self, user: UserId) -> Result<Vec<PasskeyRow>, StoreError>;

    /// A passkey by the authenticator's id for it.
    fn passkey(&self, credential_id: &[u8]) -> Result<Option<PasskeyRow>, StoreError>;

    /// A person's recovery codes.
    fn recovery_of(&self, user: UserId) -> Result<Vec<RecoverySet>, StoreError>;

    /// The secrets of a person's password and authenticator app, opened.
    fn factor_secrets_of(&self, user: UserId) -> Result<Vec<FactorSecret>, StoreError>;

    /// A sealed value, opened.
    fn sealed(&self, name: &str) -> Result<Option<Secret<Vec<u8>>>, StoreError>;

    /// Names of all sealed values, sorted.
    fn sealed_names(&self) -> Result<Vec<String>, StoreError>;

    /// A setting of the store itself.
    fn meta(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// The transactions after an epoch, oldest first.
    fn changes_since(&self, epoch: Epoch) -> Result<ChangesSince, StoreError>;

    /// Tells every transaction that is kept, oldest first.
    fn each_kept(&self, tell: &mut dyn FnMut(StoredTransaction)) -> Result<(), StoreError>;

    /// Every set of policies that was applied, newest first.
    fn policy_history(&self) -> Result<Vec<PolicyRevision>, StoreError>;
}

/// The kinds of records that stay when their owner goes, as nobody's: that an app was told of
/// somebody, which it is still to be told is over.
pub const OUTLIVE_THEIR_OWNER: [&str; 1] = ["oauth-login"];

/// A record as it was read.
#[derive(Debug, Clone)]
pub struct Kept {
    /// By what it is found.
    pub hash: TokenHash,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// Its version: what replaces it names it.
    pub version: u64,
    /// From when on nobody needs it.
    pub expires: Timestamp,
    /// What is kept.
    pub payload: Secret<Vec<u8>>,
}

/// What a store holds at its epoch.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// All facts, each with its version, sessions with their last use as saved.
    pub facts: Snapshot,
    /// The clock's high-water mark as saved.
    pub high_water: Timestamp,
    /// The newest saved head of each log.
    pub heads: Vec<LogHead>,
}

/// What is saved lazily.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// Last uses of sessions.
    pub seen: Vec<(SessionId, Timestamp)>,
    /// The clock's high-water mark.
    pub high_water: Option<Timestamp>,
    /// Heads of logs.
    pub heads: Vec<LogHead>,
}

/// The signed head of a log, kept apart from it so that a shortened log is found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// Which log.
    pub log: String,
    /// How many records it covers; a smaller one never replaces a larger one.
    pub size: u64,
    /// The head in the log's own form.
    pub head: String,
}

/// A link as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkState {
    /// The link.
    pub link: LinkRow,
    /// When it was used, if it was.
    pub spent: Option<Timestamp>,
    /// Whether it was called back.
    pub revoked: bool,
}

impl LinkState {
    /// Whether it could be used at `now`, and otherwise why not.
    ///
    /// # Errors
    /// Why not.
    pub fn usable(&self, now: Timestamp) -> Result<&LinkRow, WhyNot> {
        if self.spent.is_some() {
            Err(WhyNot::Spent)
        } else if self.revoked {
            Err(WhyNot::Revoked)
        } else if now >= self.link.expires {
            Err(WhyNot::Expired)
        } else {
            Ok(&self.link)
        }
    }
}

/// A set of recovery codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverySet {
    /// The factor in the person's facts.
    pub factor: FactorId,
    /// The codes, in the order they were shown.
    pub codes: Vec<RecoveryCode>,
}

/// One recovery code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCode {
    /// Its place in the set, from 0.
    pub index: u32,
    /// Its password hash (a PHC string).
    pub hash: String,
    /// When it was used, if it was.
    pub used: Option<Timestamp>,
}

/// A factor's secret.
#[derive(Debug, Clone)]
pub struct FactorSecret {
    /// The factor in the person's facts.
    pub factor: FactorId,
    /// Moves with each change or use.
    pub counter: u64,
    /// The secret.
    pub secret: Secret<Vec<u8>>,
}

/// What happened since an epoch.
#[derive(Debug, Clone)]
pub enum ChangesSince {
    /// All of it, oldest first.
    All(Vec<StoredTransaction>),
    /// It is too long ago, or of another incarnation: load afresh.
    Gap,
}

/// A transaction of the stream.
#[derive(Debug, Clone)]
pub struct StoredTransaction {
    /// Where it stands.
    pub epoch: Epoch,
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// What it changed.
    pub changes: Vec<Change>,
}

/// A set of policies as it was applied once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRevision {
    /// Where it stands.
    pub epoch: Epoch,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// Who proposed it, where somebody else did.
    pub proposed_by: Option<Actor>,
    /// The files.
    pub files: Arc<[PolicyFile]>,
}
