//! Records to bytes and back. Hot kinds have a fixed little-endian layout, the others are postcard.

use std::{sync::Arc, time::Duration};

use gw_model::{DecisionId, Epoch, JudgementId, Outcome, Timestamp};

use crate::{
    frame::{COMMITTED, Frame, FrameHead},
    personal::encode_attributes,
    record::{
        ChangeRecord, EndManner, EndRecord, ExchangeKind, ExchangeRecord, JudgementRecord, Kind,
        Method, NoteRecord, QuestionRecord, Record, RefusedRecord,
    },
};

/// The version of each kind's layout that this build writes.
const VERSION: u8 = 1;

/// A record that cannot be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a record could not be encoded: {0}")]
pub struct CodecFault(String);

/// A record to be written.
#[derive(Debug, Clone, Copy)]
pub enum RecordRef<'a> {
    /// See [`Record::Judgement`].
    Judgement(&'a JudgementRecord),
    /// See [`Record::Exchange`].
    Exchange(&'a ExchangeRecord),
    /// See [`Record::End`].
    End(&'a EndRecord),
    /// See [`Record::Refused`].
    Refused(&'a RefusedRecord),
    /// See [`Record::Change`].
    Change(&'a ChangeRecord),
    /// See [`Record::Question`].
    Question(&'a QuestionRecord),
    /// See [`Record::Note`].
    Note(&'a NoteRecord),
}

impl RecordRef<'_> {
    /// The kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Judgement(_) => Kind::Judgement,
            Self::Exchange(_) => Kind::Exchange,
            Self::End(_) => Kind::End,
            Self::Refused(_) => Kind::Refused,
            Self::Change(_) => Kind::Change,
            Self::Question(_) => Kind::Question,
            Self::Note(_) => Kind::Note,
        }
    }

    /// The first bytes of its frame.
    pub const fn head(&self, committed: bool) -> FrameHead {
        FrameHead {
            kind: self.kind() as u8,
            version: VERSION,
            flags: if committed { COMMITTED } else { 0 },
        }
    }

    /// Appends the payload.
    ///
    /// # Errors
    /// When a value cannot be serialised.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecFault> {
        match self {
            Self::Judgement(judgement) => to_postcard(judgement, out),
            Self::Exchange(exchange) => {
                out.extend_from_slice(&exchange.to_bytes());
                Ok(())
            }
            Self::End(end) => {
                encode_end(end, out);
                Ok(())
            }
            Self::Refused(refused) => to_postcard(refused, out),
            Self::Change(change) => to_postcard(change, out),
            Self::Question(question) => to_postcard(question, out),
            Self::Note(note) => to_postcard(note, out),
        }
    }

    /// Appends what the record itself holds of personal fields: values of attributes.
    pub fn encode_personal(&self, out: &mut Vec<u8>) {
        match self {
            Self::Judgement(judgement) => encode_attributes(&judgement.attributes, out),
            Self::Question(question) => encode_attributes(&question.judgement.attributes, out),
            _ => {}
        }
    }
}

impl<'a> From<&'a JudgementRecord> for RecordRef<'a> {
    fn from(record: &'a JudgementRecord) -> Self {
        Self::Judgement(record)
    }
}

impl<'a> From<&'a ChangeRecord> for RecordRef<'a> {
    fn from(record: &'a ChangeRecord) -> Self {
        Self::Change(record)
    }
}

impl<'a> From<&'a QuestionRecord> for RecordRef<'a> {
    fn from(record: &'a QuestionRecord) -> Self {
        Self::Question(record)
    }
}

impl<'a> From<&'a NoteRecord> for RecordRef<'a> {
    fn from(record: &'a NoteRecord) -> Self {
        Self::Note(record)
    }
}

impl<'a> From<&'a EndRecord> for RecordRef<'a> {
    fn from(record: &'a EndRecord) -> Self {
        Self::End(record)
    }
}

impl Record {
    /// Reads a frame. A kind, version or layout that this build does not know is [`Record::Unknown`], never an error.
    pub fn decode(frame: &Frame<'_>) -> Self {
        let head = frame.head();
        let unknown = Self::Unknown {
            kind: head.kind,
            version: head.version,
        };
        if head.version != VERSION {
            return unknown;
        }
        let payload = frame.payload();
        let record = match head.kind {
            1 => postcard::from_bytes(payload).ok().map(Self::Judgement),
            2 => ExchangeRecord::from_bytes(payload).map(Self::Exchange),
            3 => decode_end(payload).map(Self::End),
            4 => postcard::from_bytes(payload).ok().map(Self::Refused),
            5 => postcard::from_bytes(payload).ok().map(Self::Change),
            6 => postcard::from_bytes(payload).ok().map(Self::Question),
            7 => postcard::from_bytes(payload).ok().map(Self::Note),
            _ => None,
        };
        record.unwrap_or(unknown)
    }
}

fn to_postcard<T: serde::Serialize>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecFault> {
    *out = postcard::to_extend(value, std::mem::take(out))
        .map_err(|fault| CodecFault(fault.to_string()))?;
    Ok(())
}

/// Writes fixed fields one after the other into an array.
struct Fields<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Fields<N> {
    const fn new() -> Self {
        Self {
            bytes: [0; N],
            at: 0,
        }
    }

    fn put(mut self, field: &[u8]) -> Self {
        if let Some(place) = self.bytes.get_mut(self.at..self.at + field.len()) {
            place.copy_from_slice(field);
        }
        self.at += field.len();
        self
    }
}

/// Reads fixed fields one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*chunk)
    }

    fn u64(&mut self) -> Option<u64> {
        self.chunk().map(u64::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.chunk().map(u32::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.chunk().map(u16::from_le_bytes)
    }

    fn u8(&mut self) -> Option<u8> {
        self.chunk::<1>().map(|[byte]| byte)
    }
}

impl ExchangeRecord {
    /// Length of the fixed layout.
    pub const BYTES: usize = 44;

    /// The fixed layout.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let outcome = match self.outcome {
            Outcome::Allow => 1,
            Outcome::Deny => 2,
        };
        Fields::<{ Self::BYTES }>::new()
            .put(&self.time.as_millis().to_le_bytes())
            .put(&self.decision.bits().to_le_bytes())
            .put(&self.judgement.bits().to_le_bytes())
            .put(&self.epoch.number.to_le_bytes())
            .put(&self.epoch.incarnation.to_le_bytes())
            .put(&self.latency_ns.to_le_bytes())
            .put(&[outcome, self.kind.code(), self.method.code(), 0])
            .bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let record = Self {
            time: Timestamp::from_millis(reader.u64()?),
            decision: DecisionId::from_bits(reader.u64()?),
            judgement: JudgementId::from_bits(reader.u64()?),
            epoch: Epoch {
                number: reader.u64()?,
                incarnation: reader.u32()?,
            },
            latency_ns: reader.u32()?,
            outcome: match reader.u8()? {
                1 => Outcome::Allow,
                2 => Outcome::Deny,
                _ => return None,
            },
            kind: ExchangeKind::from_code(reader.u8()?),
            method: Method::from_code(reader.u8()?),
        };
        matches!(reader.0, [0]).then_some(record)
    }
}

const END_FIXED: usize = 8 + 8 + 8 + 8 + 8 + 2 + 1 + 1;

fn encode_end(end: &EndRecord, out: &mut Vec<u8>) {
    let micros = u64::try_from(end.duration.as_micros()).unwrap_or(u64::MAX);
    let fixed = Fields::<END_FIXED>::new()
        .put(&end.time.as_millis().to_le_bytes())
        .put(&end.decision.bits().to_le_bytes())
        .put(&end.bytes_up.to_le_bytes())
        .put(&end.bytes_down.to_le_bytes())
        .put(&micros.to_le_bytes())
        .put(&end.status.to_le_bytes())
        .put(&[end.manner.code(), u8::from(end.reason.is_some())])
        .bytes;
    out.extend_from_slice(&fixed);
    if let Some(reason) = &end.reason {
        out.extend_from_slice(reason.as_bytes());
    }
}

fn decode_end(bytes: &[u8]) -> Option<EndRecord> {
    let mut reader = Reader(bytes);
    let (time, decision) = (reader.u64()?, reader.u64()?);
    let (bytes_up, bytes_down, micros) = (reader.u64()?, reader.u64()?, reader.u64()?);
    let (status, manner, reasoned) = (reader.u16()?, reader.u8()?, reader.u8()?);
    let reason = match reasoned {
        0 => None,
        _ => Some(Arc::from(String::from_utf8_lossy(reader.0))),
    };
    Some(EndRecord {
        time: Timestamp::from_millis(time),
        decision: DecisionId::from_bits(decision),
        manner: EndManner::from_code(manner),
        status,
        bytes_up,
        bytes_down,
        duration: Duration::from_micros(micros),
        reason,
    })
}

impl ExchangeKind {
    const fn code(self) -> u8 {
        match self {
            Self::Http => 1,
            Self::Websocket => 2,
            Self::Preflight => 3,
            Self::BuiltIn => 4,
            Self::Asked => 5,
            Self::Other(code) => code,
        }
    }

    const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Http,
            2 => Self::Websocket,
            3 => Self::Preflight,
            4 => Self::BuiltIn,
            5 => Self::Asked,
            other => Self::Other(other),
        }
    }
}

impl EndManner {
    const fn code(self) -> u8 {
        match self {
            Self::Done => 1,
            Self::Cut => 2,
            Self::ClientGone => 3,
            Self::UpstreamFailed => 4,
            Self::LimitReached => 5,
            Self::Shutdown => 6,
            Self::Other(code) => code,
        }
    }

    const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Done,
            2 => Self::Cut,
            3 => Self::ClientGone,
            4 => Self::UpstreamFailed,
            5 => Self::LimitReached,
            6 => Self::Shutdown,
            other => Self::Other(other),
        }
    }
}

const METHODS: [(Method, &str); 9] = [
    (Method::Get, "GET"),
    (Method::Head, "HEAD"),
    (Method::Post, "POST"),
    (Method::Put, "PUT"),
    (Method::Delete, "DELETE"),
    (Method::Options, "OPTIONS"),
    (Method::Patch, "PATCH"),
    (Method::Connect, "CONNECT"),
    (Method::Trace, "TRACE"),
];

impl Method {
    /// The code of a method as it stands in a request.
    pub fn of(method: &str) -> Self {
        METHODS
            .iter()
            .find(|(_, word)| *word == method)
            .map_or(Self::Other, |(known, _)| *known)
    }

    /// The method as it stood in the request; none where the record does not tell it.
    pub fn word(self) -> Option<&'static str> {
        let mut known = METHODS.iter();
        known
            .find(|(known, _)| *known == self)
            .map(|(_, word)| *word)
    }

    fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Get => 1,
            Self::Head => 2,
            Self::Post => 3,
            Self::Put => 4,
            Self::Delete => 5,
            Self::Options => 6,
            Self::Patch => 7,
            Self::Connect => 8,
            Self::Trace => 9,
            Self::Other => u8::MAX,
        }
    }

    fn from_code(code: u8) -> Self {
        match code.checked_sub(1) {
            None => Self::None,
            Some(place) => METHODS
                .get(usize::from(place))
                .map_or(Self::Other, |(known, _)| *known),
        }
    }
}

#[cfg(test)]
mod tests;
