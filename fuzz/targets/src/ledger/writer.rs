//! A small log in memory, written as the ledger's shell writes one, the same on every run.

use std::sync::{Arc, LazyLock};

use gw_ledger::{
    EndManner, EndRecord, ExchangeKind, ExchangeRecord, Hash, Head, JudgementRecord,
    MentionedAttribute, MerkleAccumulator, Method, Note, NoteRecord, Personal, PersonalFrame,
    PublicKey, RecordRef, SegmentHeader, Signer, StoredHead, commit, framed_bytes, leaf_hash,
    personal_header, seal_frame,
};
use gw_model::{
    Action, Attribute, Decision, DecisionId, Epoch, JudgementId, Outcome, PolicyId, Principal,
    Resource, SessionId, Timestamp, UserId,
};

/// The log's name.
pub(super) const NAME: &str = "core-0";

const TIME: Timestamp = Timestamp::from_secs(1_800_000_000);

/// The files of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) number: u32,
    pub(super) records: Vec<u8>,
    pub(super) heads: Vec<u8>,
    pub(super) personal: Vec<u8>,
}

/// Two segments: the first closed, the second with two sealed groups and three records after them.
pub(super) struct Log {
    pub(super) signer: Signer,
    pub(super) keys: Vec<PublicKey>,
    pub(super) segments: Vec<Segment>,
    pub(super) heads: Vec<Head>,
    pub(super) stored: Vec<StoredHead>,
    /// Where the last head of each segment ends.
    pub(super) ends: Vec<usize>,
}

pub(super) static LOG: LazyLock<Log> = LazyLock::new(|| {
    let signer = Signer::from_seed(&[9; 32]).unwrap();
    let mut writer = Writer {
        keys: vec![signer.public_key()],
        signer,
        segments: Vec::new(),
        heads: Vec::new(),
        previous: [0; 32],
        size: 0,
        first: 0,
        tree: MerkleAccumulator::default(),
        header: None,
    };
    writer.start();
    writer.judgement();
    writer.exchange(1);
    writer.seal(false);
    writer.exchange(2);
    writer.record(&[200, 1, 0, 0, 1, 2, 3]);
    writer.seal(true);
    writer.start();
    writer.judgement();
    writer.exchange(3);
    writer.seal(false);
    writer.note();
    writer.exchange(4);
    writer.seal(false);
    writer.exchange(5);
    writer.end(5);
    writer.exchange(6);
    writer.done()
});

struct Writer {
    signer: Signer,
    keys: Vec<PublicKey>,
    segments: Vec<Segment>,
    heads: Vec<Head>,
    previous: Hash,
    size: u64,
    first: u32,
    tree: MerkleAccumulator,
    header: Option<SegmentHeader>,
}

/// Appends a frame as it lies in a file.
pub(super) fn push_frame(out: &mut Vec<u8>, content: &[u8]) {
    let (length, crc) = seal_frame(&[content]).unwrap();
    let start = out.len();
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(content);
    out.resize(start + framed_bytes(content.len()), 0);
}

impl Writer {
    fn start(&mut self) {
        let number = u32::try_from(self.segments.len()).unwrap() + 1;
        let header = SegmentHeader {
            log: NAME.into(),
            segment: number,
            node: 3,
            incarnation: 1,
            created: TIME,
            previous: self.previous,
        };
        self.segments.push(Segment {
            number,
            records: header.to_bytes().to_vec(),
            heads: Vec::new(),
            personal: personal_header(number).to_vec(),
        });
        self.header = Some(header);
        self.first = 0;
    }

    fn push(&mut self, record: RecordRef<'_>, personal: &Personal<'_>) {
        let mut fields = Vec::new();
        record.encode_personal(&mut fields);
        personal.encode(&mut fields);
        let index = self.first + self.tree.count();
        let salt = [u8::try_from(index).unwrap(); 16];
        let mut content = record.head(!fields.is_empty()).to_bytes().to_vec();
        if !fields.is_empty() {
            content.extend_from_slice(&commit(&salt, &fields));
            let head = PersonalFrame::HEAD.to_bytes();
            let beside = [&head[..], &index.to_le_bytes(), &salt, &fields].concat();
            push_frame(&mut self.segments.last_mut().unwrap().personal, &beside);
        }
        record.encode(&mut content).unwrap();
        self.record(&content);
    }

    fn record(&mut self, content: &[u8]) {
        push_frame(&mut self.segments.last_mut().unwrap().records, content);
        self.tree.push(leaf_hash(content));
    }

    fn judgement(&mut self) {
        self.push(RecordRef::Judgement(&judgement()), &Personal::default());
    }

    fn exchange(&mut self, decision: u64) {
        let personal = Personal {
            host: "wiki.example",
            path: "/page",
            user: "ana",
            ..Personal::default()
        };
        self.push(RecordRef::Exchange(&exchange(decision)), &personal);
    }

    fn end(&mut self, decision: u64) {
        let end = EndRecord {
            time: TIME,
            decision: DecisionId::from_bits(decision),
            manner: EndManner::Cut,
            status: 200,
            bytes_up: 1,
            bytes_down: 2,
            duration: std::time::Duration::from_millis(3),
            reason: Some("session ended".into()),
        };
        self.push(RecordRef::End(&end), &Personal::default());
    }

    fn note(&mut self) {
        let note = NoteRecord {
            time: TIME,
            note: Note::Stop,
        };
        self.push(RecordRef::Note(&note), &Personal::default());
    }

    fn seal(&mut self, closes: bool) {
        let tree = std::mem::take(&mut self.tree);
        self.size += u64::from(tree.count());
        let header = self.header.clone().unwrap();
        let segment = self.segments.last_mut().unwrap();
        let head = Head {
            log: header.log.clone(),
            segment: header.segment,
            node: header.node,
            incarnation: header.incarnation,
            closes,
            first: self.first,
            count: tree.count(),
            end: segment.records.len() as u64,
            size: self.size,
            root: tree.root(),
            previous: self.previous,
            header: header.hash(),
            time: TIME,
            epoch: Epoch::default(),
        };
        self.first += tree.count();
        self.previous = head.hash();
        self.heads.push(head.clone());
        self.signer.sign(head).push_to(&mut segment.heads);
    }

    fn done(self) -> Log {
        let end_of = |segment: &Segment| {
            let mut heads = self
                .heads
                .iter()
                .filter(|head| head.segment == segment.number);
            usize::try_from(heads.next_back().unwrap().end).unwrap()
        };
        Log {
            ends: self.segments.iter().map(end_of).collect(),
            stored: vec![self.heads.last().unwrap().stored()],
            signer: self.signer,
            keys: self.keys,
            segments: self.segments,
            heads: self.heads,
        }
    }
}

fn judgement() -> JudgementRecord {
    JudgementRecord {
        judgement: JudgementId::from_bits(5),
        time: TIME,
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
        grounds: Vec::new(),
        attributes: vec![
            MentionedAttribute::new(Attribute::NetworkAddress, "192.0.2.7"),
            MentionedAttribute::new(Attribute::HttpMethod, "GET"),
        ],
        remedies: None,
    }
}

fn exchange(decision: u64) -> ExchangeRecord {
    ExchangeRecord {
        time: TIME,
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
