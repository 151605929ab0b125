//! A log in memory, for the tests of this crate.

use std::sync::Arc;

use gw_model::{
    Action, Decision, DecisionId, Epoch, JudgementId, Outcome, PolicyId, Principal, Resource,
    SessionId, Timestamp, UserId,
};

use crate::{
    ExchangeKind, ExchangeRecord, Ground, Hash, Head, JudgementRecord, LogFiles, LogReport,
    MentionedAttribute, MerkleAccumulator, Method, Note, NoteRecord, Personal, PersonalFrame,
    PublicKey, RecordRef, SegmentFiles, SegmentHeader, Signer, StoredHead, commit,
    frame::push_frame, leaf_hash, personal_header, verify_log,
};

pub(crate) fn judgement_record() -> JudgementRecord {
    JudgementRecord {
        judgement: JudgementId::from_bits(5),
        time: Timestamp::from_secs(1_800_000_000),
        epoch: Epoch {
            incarnation: 1,
            number: 42,
        },
        principal: Principal::User(UserId::from_bits(7)),
        session: Some(SessionId::from_bits(8)),
        device: None,
        action: Action::HttpRequest,
        resource: Resource::Route("wiki/default".parse().unwrap()),
        decision: Decision {
            outcome: Outcome::Allow,
            because: vec![PolicyId(Arc::from("wiki-for-staff"))],
            faults: Vec::new(),
            report: None,
            valid_until: Timestamp::NEVER,
        },
        grounds: vec![Ground {
            fact: Arc::from("user"),
            version: 40,
        }],
        attributes: vec![
            MentionedAttribute::new(gw_model::Attribute::NetworkAddress, "192.0.2.7"),
            MentionedAttribute::new(gw_model::Attribute::HttpMethod, "GET"),
        ],
        remedies: None,
    }
}

pub(crate) fn exchange_record(decision: u64) -> ExchangeRecord {
    ExchangeRecord {
        time: Timestamp::from_secs(1_800_000_000 + decision),
        decision: DecisionId::from_bits(decision),
        judgement: JudgementId::from_bits(5),
        epoch: Epoch {
            incarnation: 1,
            number: 42,
        },
        outcome: Outcome::Allow,
        kind: ExchangeKind::Http,
        method: Method::Get,
        latency_ns: 700,
    }
}

pub(crate) fn note_record(note: Note) -> NoteRecord {
    NoteRecord {
        time: Timestamp::from_secs(1_800_000_000),
        note,
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: u32,
    pub(crate) records: Vec<u8>,
    pub(crate) heads: Vec<u8>,
    pub(crate) personal: Option<Vec<u8>>,
}

/// Writes a log as the shell does, one segment after the other.
pub(crate) struct Writer {
    pub(crate) signer: Signer,
    pub(crate) segments: Vec<Segment>,
    pub(crate) stored: Vec<StoredHead>,
    header: Option<SegmentHeader>,
    previous: Hash,
    size: u64,
    first: u32,
    tree: MerkleAccumulator,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self {
            signer: Signer::from_seed(&[9; 32]).unwrap(),
            segments: Vec::new(),
            stored: Vec::new(),
            header: None,
            previous: [0; 32],
            size: 0,
            first: 0,
            tree: MerkleAccumulator::default(),
        }
    }

    pub(crate) fn keys(&self) -> Vec<PublicKey> {
        vec![self.signer.public_key()]
    }

    fn segment(&mut self) -> &mut Segment {
        self.segments.last_mut().unwrap()
    }

    pub(crate) fn start(&mut self) -> &mut Self {
        let number = self.segments.last().map_or(1, |last| last.number + 1);
        let header = SegmentHeader {
            log: "core-0".into(),
            segment: number,
            node: 3,
            incarnation: 1,
            created: Timestamp::from_secs(1_800_000_000),
            previous: self.previous,
        };
        self.segments.push(Segment {
            number,
            records: header.to_bytes().to_vec(),
            heads: Vec::new(),
            personal: Some(personal_header(number).to_vec()),
        });
        self.header = Some(header);
        self.first = 0;
        self
    }

    pub(crate) fn push(&mut self, record: RecordRef<'_>, personal: &Personal<'_>) -> &mut Self {
        let mut fields = Vec::new();
        record.encode_personal(&mut fields);
        personal.encode(&mut fields);
        let mut payload = Vec::new();
        record.encode(&mut payload).unwrap();
        let index = self.first + self.tree.count();
        let salt = [index as u8; 16];
        let head = record.head(!fields.is_empty()).to_bytes();
        let mut content = head.to_vec();
        if !fields.is_empty() {
            content.extend_from_slice(&commit(&salt, &fields));
            let personal = self.segment().personal.as_mut().unwrap();
            let parts: [&[u8]; 4] = [
                &PersonalFrame::HEAD.to_bytes(),
                &index.to_le_bytes(),
                &salt,
                &fields,
            ];
            push_frame(personal, &parts);
        }
        content.extend_from_slice(&payload);
        self.push_content(&content)
    }

    pub(crate) fn push_content(&mut self, content: &[u8]) -> &mut Self {
        push_frame(&mut self.segment().records, &[content]);
        self.tree.push(leaf_hash(content));
        self
    }

    pub(crate) fn exchange(&mut self, decision: u64) -> &mut Self {
        let personal = Personal {
            host: "wiki.example",
            path: "/page",
            user: "ana",
            ..Personal::default()
        };
        self.push(RecordRef::Exchange(&exchange_record(decision)), &personal)
    }

    pub(crate) fn seal(&mut self, closes: bool) -> &mut Self {
        let tree = std::mem::take(&mut self.tree);
        self.size += u64::from(tree.count());
        let header = self.header.clone().unwrap();
        let head = Head {
            log: header.log.clone(),
            segment: header.segment,
            node: header.node,
            incarnation: header.incarnation,
            closes,
            first: self.first,
            count: tree.count(),
            end: self.segment().records.len() as u64,
            size: self.size,
            root: tree.root(),
            previous: self.previous,
            header: header.hash(),
            time: Timestamp::from_secs(1_800_000_009),
            epoch: Epoch::default(),
        };
        self.first += tree.count();
        self.previous = head.hash();
        self.stored.push(head.stored());
        let signed = self.signer.sign(head);
        signed.push_to(&mut self.segment().heads);
        self
    }

    /// Two segments, three groups, judgements, exchanges with personal fields, one unknown kind.
    pub(crate) fn small_log() -> Self {
        let mut log = Self::new();
        log.start()
            .push(
                RecordRef::Judgement(&judgement_record()),
                &Personal::default(),
            )
            .exchange(1)
            .seal(false)
            .exchange(2)
            .push_content(&[200, 1, 0, 0, 1, 2, 3])
            .seal(true)
            .start()
            .push(
                RecordRef::Judgement(&judgement_record()),
                &Personal::default(),
            )
            .exchange(3)
            .exchange(4)
            .seal(true);
        log
    }
}

pub(crate) fn files(segments: &[Segment]) -> LogFiles<'_> {
    LogFiles {
        log: "core-0",
        segments: segments
            .iter()
            .map(|segment| SegmentFiles {
                number: segment.number,
                records: &segment.records,
                heads: &segment.heads,
                personal: segment.personal.as_deref(),
            })
            .collect(),
    }
}

pub(crate) fn verify(log: &Writer, segments: &[Segment], stored: &[StoredHead]) -> LogReport {
    verify_log(&files(segments), &log.keys(), stored)
}
