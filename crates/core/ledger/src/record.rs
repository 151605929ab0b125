//! What is recorded.

use std::{fmt, sync::Arc, time::Duration};

use gw_model::{
    Action, Actor, Attribute, Change, Decision, DecisionId, Epoch, JudgementId, Outcome, Principal,
    Remedies, Resource, SessionId, Timestamp,
};
use serde::{Deserialize, Serialize, ser::SerializeStruct};

use crate::personal::PersonalFields;

/// Where a record is within its log.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
pub struct Position {
    /// The segment's number, from 1.
    pub segment: u32,
    /// The record's place in the segment, from 0.
    pub index: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.segment, self.index)
    }
}

/// The kind of a record, as its frame names it. Kinds are added, never changed in meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// [`JudgementRecord`].
    Judgement = 1,
    /// [`ExchangeRecord`].
    Exchange = 2,
    /// [`EndRecord`].
    End = 3,
    /// [`RefusedRecord`].
    Refused = 4,
    /// [`ChangeRecord`].
    Change = 5,
    /// [`QuestionRecord`].
    Question = 6,
    /// [`NoteRecord`].
    Note = 7,
}

/// A record as read back.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// An answer that exchanges refer to.
    Judgement(JudgementRecord),
    /// One access through an enforcement point.
    Exchange(ExchangeRecord),
    /// The end of what an access opened.
    End(EndRecord),
    /// Strangers that were turned away, summarised.
    Refused(RefusedRecord),
    /// Facts that changed, sign-ins, administration.
    Change(ChangeRecord),
    /// A decision that no exchange carries out: administration, factors, tokens.
    Question(QuestionRecord),
    /// What the ledger says of itself and of the node.
    Note(NoteRecord),
    /// A kind or version that this build does not know. It is hashed like any other.
    Unknown {
        /// The kind's number.
        kind: u8,
        /// Its version.
        version: u8,
    },
}

impl Record {
    /// When it happened, where the record says so.
    pub fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Judgement(judgement) => Some(judgement.time),
            Self::Exchange(exchange) => Some(exchange.time),
            Self::End(end) => Some(end.time),
            Self::Refused(refused) => Some(refused.to),
            Self::Change(change) => Some(change.time),
            Self::Question(question) => Some(question.judgement.time),
            Self::Note(note) => Some(note.time),
            Self::Unknown { .. } => None,
        }
    }

    /// The epoch that it names, if one.
    pub const fn epoch(&self) -> Option<Epoch> {
        match self {
            Self::Judgement(judgement) => Some(judgement.epoch),
            Self::Exchange(exchange) => Some(exchange.epoch),
            Self::Change(change) => Some(change.epoch),
            Self::Question(question) => Some(question.judgement.epoch),
            Self::End(_) | Self::Refused(_) | Self::Note(_) | Self::Unknown { .. } => None,
        }
    }
}

/// An answer with what it rests on, recorded once per segment, before the first exchange that names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgementRecord {
    /// Its id.
    pub judgement: JudgementId,
    /// When it was made.
    pub time: Timestamp,
    /// The epoch of the snapshot that it was made on.
    pub epoch: Epoch,
    /// Who asked.
    pub principal: Principal,
    /// Within which session, if one.
    pub session: Option<SessionId>,
    /// From which device, where one is known.
    pub device: Option<Arc<str>>,
    /// To do what.
    pub action: Action,
    /// On what.
    pub resource: Resource,
    /// The answer, with its policies, faults, report-only differences and `valid_until`.
    pub decision: Decision,
    /// The versions of the facts that it read.
    pub grounds: Vec<Ground>,
    /// The values of the context attributes that its policies mention.
    pub attributes: Vec<MentionedAttribute>,
    /// Ways out of a denial, where they were searched for.
    pub remedies: Option<Remedies>,
}

impl JudgementRecord {
    /// Puts back the personal values that were kept beside the record.
    pub fn restore(&mut self, personal: &PersonalFields) {
        for (path, value) in &personal.attributes {
            let bare = self
                .attributes
                .iter_mut()
                .find(|attribute| attribute.value.is_none() && *attribute.path == **path);
            if let Some(attribute) = bare {
                attribute.value = Some(Arc::from(value.as_str()));
            }
        }
    }
}

/// The version of a fact that a judgement read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// Which fact: `user`, `group:staff`, `app:wiki`, `policies`, …
    pub fact: Arc<str>,
    /// Its version.
    pub version: u64,
}

/// The value of a context attribute that a judgement read.
///
/// In the record itself a personal value is absent; it lies beside, among the removable fields.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MentionedAttribute {
    /// Its path below `context`.
    pub path: Arc<str>,
    /// Its value as text. `None` where it is personal and has been removed.
    pub value: Option<Arc<str>>,
}

impl MentionedAttribute {
    /// A value.
    pub fn new(attribute: Attribute, value: impl Into<Arc<str>>) -> Self {
        Self {
            path: Arc::from(attribute.path()),
            value: Some(value.into()),
        }
    }

    /// Whether its value is kept among the removable personal fields.
    pub fn is_personal(&self) -> bool {
        matches!(
            Attribute::from_path(&self.path),
            None | Some(Attribute::NetworkAddress | Attribute::HttpPath)
        )
    }
}

impl Serialize for MentionedAttribute {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let recorded = !serializer.is_human_readable();
        let value = self
            .value
            .as_ref()
            .filter(|_| !(recorded && self.is_personal()));
        let mut attribute = serializer.serialize_struct("MentionedAttribute", 2)?;
        attribute.serialize_field("path", &self.path)?;
        attribute.serialize_field("value", &value)?;
        attribute.end()
    }
}

/// What kind of exchange it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangeKind {
    /// An HTTP request and its answer.
    Http,
    /// A WebSocket.
    Websocket,
    /// A preflight, which Gatewright answers itself.
    Preflight,
    /// A request that one of Gatewright's own pages answers.
    BuiltIn,
    /// Another enforcement point asked (forward-auth and kin).
    Asked,
    /// A code that this build does not know.
    Other(u8),
}

/// The request's method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Where the protocol has none.
    None,
    /// `GET`.
    Get,
    /// `HEAD`.
    Head,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `DELETE`.
    Delete,
    /// `OPTIONS`.
    Options,
    /// `PATCH`.
    Patch,
    /// `CONNECT`.
    Connect,
    /// `TRACE`.
    Trace,
    /// Any other.
    Other,
}

/// One access: hot, of fixed layout. Its reasons are those of the judgement that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeRecord {
    /// When it was decided.
    pub time: Timestamp,
    /// Its own id.
    pub decision: DecisionId,
    /// The judgement that it rests on, recorded in the same segment.
    pub judgement: JudgementId,
    /// The epoch at which it was let through or refused.
    pub epoch: Epoch,
    /// The outcome.
    pub outcome: Outcome,
    /// What kind of exchange.
    pub kind: ExchangeKind,
    /// The method.
    pub method: Method,
    /// From the request's head to the decision, in nanoseconds; saturates at 4.29 s.
    pub latency_ns: u32,
}

/// How what an access opened came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndManner {
    /// All was sent.
    Done,
    /// Gatewright cut it because its grounds fell away.
    Cut,
    /// The client went away.
    ClientGone,
    /// The upstream failed or went away.
    UpstreamFailed,
    /// A limit of time or size was reached.
    LimitReached,
    /// Gatewright was shutting down.
    Shutdown,
    /// A code that this build does not know.
    Other(u8),
}

/// The end of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndRecord {
    /// When.
    pub time: Timestamp,
    /// The exchange that ended.
    pub decision: DecisionId,
    /// How.
    pub manner: EndManner,
    /// The status that the client got; 0 where none.
    pub status: u16,
    /// Bytes of body from the client.
    pub bytes_up: u64,
    /// Bytes of body to the client.
    pub bytes_down: u64,
    /// How long it was open.
    pub duration: Duration,
    /// Why, for cuts.
    pub reason: Option<Arc<str>>,
}

/// Refusals before a session was known, counted over at most a second or so.
///
/// The host and the address prefix are among the personal fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRecord {
    /// Why they were refused, as a stable word.
    pub reason: Arc<str>,
    /// How many.
    pub count: u64,
    /// The first.
    pub from: Timestamp,
    /// The last.
    pub to: Timestamp,
    /// Whether this is the remainder that had no row of its own.
    pub others: bool,
}

/// Facts that changed, or an event of sign-in or administration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// When.
    pub time: Timestamp,
    /// The epoch that it made, or at which it happened.
    pub epoch: Epoch,
    /// By whom.
    pub actor: Actor,
    /// In which session, if one.
    pub session: Option<SessionId>,
    /// The decision that let it happen, if one.
    pub decision: Option<DecisionId>,
    /// What was done, as a stable phrase: `signed in by passkey`.
    pub what: Arc<str>,
    /// The facts that changed; empty where none did (a refused sign-in).
    pub changes: Vec<ChangedFact>,
}

/// One changed fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFact {
    /// The kind of change.
    pub kind: Arc<str>,
    /// What it is about: opaque ids and names of things, not of people.
    pub subject: Arc<str>,
}

impl ChangedFact {
    /// What the ledger keeps of a change: its kind and subject, without people's names.
    pub fn of(change: &Change) -> Self {
        let subject = match change {
            Change::UserPut(user) => user.id.to_string(),
            other => other.subject(),
        };
        Self {
            kind: Arc::from(change.kind()),
            subject: Arc::from(subject),
        }
    }
}

/// A decision that no exchange carries out: a judgement and its one use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionRecord {
    /// Its own id.
    pub decision: DecisionId,
    /// The answer.
    pub judgement: JudgementRecord,
    /// From the question to the decision, in nanoseconds.
    pub latency_ns: u32,
}

/// A note with its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRecord {
    /// When.
    pub time: Timestamp,
    /// What.
    pub note: Note,
}

/// What the ledger says of itself and of the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// The writer started.
    Start {
        /// The program's version.
        version: Arc<str>,
    },
    /// The writer stopped in order.
    Stop,
    /// Records of a writer that was killed were kept and sealed, bytes after them discarded.
    Repair {
        /// In which segment.
        segment: u32,
        /// How many records were kept and sealed.
        kept: u32,
        /// How many bytes were discarded.
        discarded: u64,
    },
    /// Something is missing or damaged that a repair may not touch; an operator let the node go on.
    Gap {
        /// What is known of it.
        what: Arc<str>,
    },
    /// The oldest segments were removed to keep within a quota.
    Pruned {
        /// The last segment that was removed.
        through: u32,
    },
    /// The clock jumped by more than the set bound.
    ClockFault {
        /// By how much, in milliseconds; negative for backwards.
        jump_ms: i64,
    },
    /// Anything else that an operator should be able to look up.
    Remark {
        /// The text.
        text: Arc<str>,
    },
}
