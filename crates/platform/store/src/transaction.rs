//! What the writer commits, as data: changes of facts, and effects that never travel with them.

use std::fmt;

use gw_model::{
    Actor, ApplyError, Change, Epoch, FactorId, GroupName, LinkId, Snapshot, Timestamp, TokenHash,
    UserId,
};

use crate::Secret;

/// A transaction: all of it or nothing.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// What changes, with all that follows from it ([`Snapshot::expand`]).
    pub changes: Vec<Change>,
    /// What goes with it, in order, after the changes.
    pub effects: Vec<Effect>,
    /// Who makes it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// It may take the disk space that is set aside for an emergency.
    pub urgent: bool,
}

impl Transaction {
    /// This transaction, whatever the facts are by then.
    pub fn propose<'a>(self) -> Proposal<'a> {
        Box::new(move |_| Ok(self))
    }
}

/// Makes a transaction from the facts as they are when its turn comes, or declines.
///
/// It sees all that the transactions before it in the same group did, and runs on the thread
/// that commits: it decides and returns.
pub type Proposal<'a> = Box<dyn FnOnce(&Snapshot) -> Result<Transaction, Refused> + Send + 'a>;

/// A secret or take-once value, kept by the store alone.
#[derive(Debug, Clone)]
pub enum Effect {
    /// A link is made.
    LinkPut(LinkRow),
    /// A link is used; refused when it is not there, spent, revoked or expired.
    LinkTaken {
        /// Hash of its token.
        hash: TokenHash,
        /// When.
        now: Timestamp,
    },
    /// All open links of a person are worth nothing from now on.
    LinksRevoked {
        /// Whose.
        user: UserId,
    },
    /// A value that can be taken once, for one purpose.
    OncePut {
        /// What for: a value for one purpose is not found under another.
        purpose: String,
        /// Hash of the secret that takes it.
        hash: TokenHash,
        /// From when on it cannot be taken.
        expires: Timestamp,
        /// What the taker gets.
        payload: Secret<Vec<u8>>,
    },
    /// Such a value is taken; refused when it is not there, spent or expired.
    OnceTaken {
        /// What for.
        purpose: String,
        /// Hash of the secret that takes it.
        hash: TokenHash,
        /// When.
        now: Timestamp,
    },
    /// A record is kept; refused when it is not in the place of what was read.
    KeptPut(KeptRow),
    /// A record is kept no more.
    KeptRemoved {
        /// What it is.
        kind: &'static str,
        /// By what it is found.
        hash: TokenHash,
    },
    /// A passkey is enrolled, or its stored form replaced. The person's facts name its factor.
    PasskeyPut(PasskeyRow),
    /// A passkey was used; refused when it is not there.
    PasskeyUsed {
        /// Which.
        factor: FactorId,
        /// Its stored form from now on (the counter moves).
        credential: String,
        /// When.
        now: Timestamp,
    },
    /// A passkey is gone. (One whose factor leaves the person's facts goes by itself.)
    PasskeyRemoved {
        /// Which.
        factor: FactorId,
    },
    /// A set of recovery codes replaces what there was under its factor, which the person's
    /// facts name.
    RecoveryCodesPut {
        /// The set.
        factor: FactorId,
        /// Whose.
        user: UserId,
        /// Password hashes of the codes (PHC strings), in the order they were shown.
        hashes: Vec<String>,
    },
    /// A code is used; refused when it is not there or was used before.
    RecoveryCodeUsed {
        /// The set.
        factor: FactorId,
        /// Its place in the set, from 0.
        index: u32,
        /// When.
        now: Timestamp,
    },
    /// A set of recovery codes is gone. (See [`Effect::PasskeyRemoved`].)
    RecoveryCodesRemoved {
        /// The set.
        factor: FactorId,
    },
    /// A factor's secret, sealed; refused when it is not in the place of what was read. It goes with
    /// its factor.
    FactorSecretPut(FactorSecretRow),
    /// A factor's counter moves on; refused when it is there already, or beyond.
    FactorSecretCounted {
        /// Which.
        factor: FactorId,
        /// What it is from now on.
        counter: u64,
    },
    /// A private key or the like, encrypted under the key file before it is stored.
    SealedPut {
        /// Its name, which it is bound to.
        name: String,
        /// What is sealed.
        bytes: Secret<Vec<u8>>,
    },
    /// A sealed value is gone.
    SealedRemoved {
        /// Its name.
        name: String,
    },
    /// An operator confirmed the system's clock: the only way for the saved high-water mark to go
    /// back.
    ClockConfirmed {
        /// The time from now on.
        now: Timestamp,
    },
    /// A setting of the store itself (RP id, demo stamp).
    MetaPut {
        /// Its name.
        key: String,
        /// Its value.
        value: String,
    },
}

/// A record that is found by a hash and changed only as it was read.
#[derive(Debug, Clone)]
pub struct KeptRow {
    /// What it is: one of a kind is not found under another.
    pub kind: &'static str,
    /// By what it is found.
    pub hash: TokenHash,
    /// Whose it is: it goes with them.
    pub owner: Option<UserId>,
    /// The version of the record in whose place it is put; none where there must be none.
    pub replaces: Option<u64>,
    /// From when on nobody needs it.
    pub expires: Timestamp,
    /// What is kept.
    pub payload: Secret<Vec<u8>>,
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// Set up a first factor.
    Enrolment,
    /// Sign in, weakly.
    SignIn,
    /// Set up a factor after all were lost.
    Recovery,
}

impl LinkKind {
    /// The word for listings and the stored form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enrolment => "enrolment",
            Self::SignIn => "sign-in",
            Self::Recovery => "recovery",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Enrolment, Self::SignIn, Self::Recovery]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A single-use link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Its id, for listings.
    pub id: LinkId,
    /// Hash of its token.
    pub hash: TokenHash,
    /// What it is for.
    pub kind: LinkKind,
    /// Whom it signs in.
    pub user: UserId,
    /// Who made it; the person sees this.
    pub made_by: Actor,
    /// When.
    pub made_at: Timestamp,
    /// From when on it is worth nothing.
    pub expires: Timestamp,
    /// The groups that whoever made it was in, where that bounds whom it lets in: by the time it
    /// is used the person must not be in another.
    pub within: Option<Vec<GroupName>>,
}

/// A passkey as the store keeps it: public credential and counter, no private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    /// The factor in the person's facts.
    pub factor: FactorId,
    /// Whose.
    pub user: UserId,
    /// The authenticator's id for it; nobody else may have the same.
    pub credential_id: Vec<u8>,
    /// The credential in its serialised form.
    pub credential: String,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
}

/// The secret of a factor: what a password is checked by, or an authenticator app's.
#[derive(Debug, Clone)]
pub struct FactorSecretRow {
    /// The factor in the person's facts.
    pub factor: FactorId,
    /// Whose.
    pub user: UserId,
    /// The counter of the secret in whose place it is put; none where there must be none.
    pub replaces: Option<u64>,
    /// Its own, beyond that one.
    pub counter: u64,
    /// What is sealed.
    pub secret: Secret<Vec<u8>>,
}

/// What a committed transaction did.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Where it stands in the stream; the place before it if it changed no fact.
    pub epoch: Epoch,
    /// The facts from then on.
    pub facts: Snapshot,
    /// What changed.
    pub changes: Vec<Change>,
    /// Who made it.
    pub actor: Actor,
    /// What its taking effects took, in their order.
    pub taken: Vec<Taken>,
}

/// What was taken, and can never be taken again.
#[derive(Debug, Clone)]
pub enum Taken {
    /// A link.
    Link(LinkRow),
    /// A one-time value's payload.
    Once {
        /// What for.
        purpose: String,
        /// What was kept under it.
        payload: Secret<Vec<u8>>,
    },
}

/// Why something single-use cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum WhyNot {
    /// There is none such.
    #[error("unknown")]
    Unknown,
    /// It was used before.
    #[error("spent")]
    Spent,
    /// It came too late.
    #[error("expired")]
    Expired,
    /// It was called back.
    #[error("revoked")]
    Revoked,
}

/// A transaction that was not committed; nothing of it is kept, and the others of its group are
/// none the worse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does not fit the facts.
    #[error(transparent)]
    Facts(#[from] ApplyError),
    /// The ledger has no room for its record.
    #[error("it could not be recorded: {0}")]
    Unrecordable(std::sync::Arc<str>),
    /// Nobody could administer afterwards.
    #[error(
        "this would leave no one able to administer Gatewright: neither root on this machine nor any owner with a passkey, for good, alone or with another, could enter the administration and apply policies"
    )]
    LockedOut,
    /// It has to wait until somebody acknowledged the use of a sealed way in.
    #[error("while the glass is broken, {0}")]
    GlassBroken(&'static str),
    /// It fits, and was only to be tried.
    #[error("it was only tried: nothing was changed")]
    Tried,
    /// The proposal declined once it saw the facts.
    #[error("{0}")]
    Declined(String),
    /// What was to be changed is not as it was when the change was thought of.
    #[error("it was changed by somebody else meanwhile: read it again and repeat the change")]
    Stale,
    /// It would leave a live session to a person who may have none: it was not expanded.
    #[error(
        "the change leaves a live session to {0}, who may have none: end it with the same change"
    )]
    SessionLeft(UserId),
    /// The link cannot be used.
    #[error("the link is {0}: ask for a new one")]
    Link(WhyNot),
    /// The one-time value cannot be used.
    #[error("the value for {purpose} is {why}: start again")]
    Once {
        /// What it was for.
        purpose: String,
        /// Why not.
        why: WhyNot,
    },
    /// The recovery code cannot be used.
    #[error("the recovery code is {0}: use another one")]
    RecoveryCode(WhyNot),
    /// The code of an authenticator app cannot be used.
    #[error("the code is {0}: wait for the next one")]
    FactorCode(WhyNot),
    /// The factor is not among the person's facts.
    #[error("{user} has no factor {factor}: name it in the person's facts with the same change")]
    NoFactor {
        /// Who.
        user: UserId,
        /// Which.
        factor: FactorId,
    },
    /// There is no such passkey.
    #[error("there is no passkey {0}")]
    NoPasskey(FactorId),
    /// It is there already.
    #[error("{0} exists already")]
    Duplicate(&'static str),
}
