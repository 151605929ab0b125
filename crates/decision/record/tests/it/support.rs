//! A ledger in a temporary folder, records to put into it, and what is found there.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use gw_ledger::{
    Entry, ExchangeKind, ExchangeRecord, Ground, JudgementRecord, LogReport, MentionedAttribute,
    Method, Note, Personal, PersonalState, Position, PublicKey, Record, Signer, StoredHead,
};
use gw_model::{
    Action, Attribute, Decision, DecisionId, Epoch, JudgementId, Outcome, PolicyId, Principal,
    Resource, SessionId, Timestamp, UserId,
};
use gw_record::{
    Ledger, LedgerError, LedgerOptions, Recorder, Unwritable, read_logs, verify_ledger,
};

pub(crate) const SEED: [u8; 32] = [3; 32];

pub(crate) fn signer() -> Signer {
    Signer::from_seed(&SEED).unwrap()
}

pub(crate) fn keys() -> [PublicKey; 1] {
    [signer().public_key()]
}

/// Small segments, and a clock that moves on at each look.
pub(crate) fn options() -> LedgerOptions {
    let clock = Arc::new(AtomicU64::new(1_800_000_000_000));
    let now = move || Timestamp::from_millis(clock.fetch_add(1, Ordering::Relaxed));
    LedgerOptions {
        segment_bytes: 64 * 1024,
        sync_interval: Duration::from_millis(2),
        seal_interval: Duration::from_millis(4),
        ..LedgerOptions::new(7, 1, now)
    }
}

pub(crate) fn open(folder: &Path) -> Ledger {
    try_open(folder, options(), None).unwrap()
}

pub(crate) fn try_open(
    folder: &Path,
    options: LedgerOptions,
    stored: Option<&StoredHead>,
) -> Result<Ledger, LedgerError> {
    let stored: Vec<StoredHead> = stored.cloned().into_iter().collect();
    // A child that another test is starting holds the lock until it has become another program.
    eventually("the lock is free", || {
        match Ledger::open(folder, options.clone(), signer(), &stored) {
            Err(LedgerError::Locked(_)) => None,
            other => Some(other),
        }
    })
}

pub(crate) fn judgement(id: u64) -> JudgementRecord {
    JudgementRecord {
        judgement: JudgementId::from_bits(id),
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
        attributes: vec![MentionedAttribute::new(
            Attribute::NetworkAddress,
            "192.0.2.7",
        )],
        remedies: None,
    }
}

pub(crate) fn exchange(decision: u64, judgement: u64) -> ExchangeRecord {
    ExchangeRecord {
        time: Timestamp::from_millis(1_800_000_000_000 + decision),
        decision: DecisionId::from_bits(decision),
        judgement: JudgementId::from_bits(judgement),
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

pub(crate) fn personal(user: &str) -> Personal<'_> {
    Personal {
        address: Some("192.0.2.7".parse().unwrap()),
        host: "wiki.example",
        path: "/page",
        user,
        user_agent: "curl/8.0",
        ..Personal::default()
    }
}

/// Records one exchange of Ana's with its judgement, as the door does.
pub(crate) fn record(recorder: &mut Recorder, decision: u64) -> Result<Position, Unwritable> {
    recorder.judgement(&judgement(5))?;
    recorder.exchange(&exchange(decision, 5), &personal("ana"))
}

pub(crate) fn entries(folder: &Path) -> Vec<Entry> {
    read_logs(folder)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// What can be read of a damaged ledger.
pub(crate) fn readable(folder: &Path) -> Vec<Entry> {
    read_logs(folder).unwrap().filter_map(Result::ok).collect()
}

/// Does something again for as long as the disk is behind.
pub(crate) fn unhurried<T>(mut append: impl FnMut() -> Result<T, Unwritable>) -> T {
    eventually("the disk catches up", || match append() {
        Err(Unwritable::Behind { .. }) => None,
        other => Some(other.unwrap()),
    })
}

/// The exchanges of a folder, in order.
pub(crate) fn exchanges(folder: &Path) -> Vec<(Entry, ExchangeRecord)> {
    entries(folder)
        .into_iter()
        .filter_map(|entry| match entry.record {
            Record::Exchange(exchange) => Some((entry, exchange)),
            _ => None,
        })
        .collect()
}

pub(crate) fn notes(folder: &Path) -> Vec<Note> {
    readable(folder)
        .into_iter()
        .filter_map(|entry| match entry.record {
            Record::Note(note) => Some(note.note),
            _ => None,
        })
        .collect()
}

pub(crate) fn user_of(entry: &Entry) -> Option<&str> {
    match &entry.personal {
        PersonalState::Present(fields) => Some(&fields.user),
        _ => None,
    }
}

pub(crate) fn verify(folder: &Path, stored: &[StoredHead]) -> Vec<LogReport> {
    verify_ledger(folder, &keys(), stored).unwrap()
}

pub(crate) fn assert_sound(folder: &Path, stored: &[StoredHead]) {
    for report in verify(folder, stored) {
        assert_eq!(report.faults, [], "{}", report.statement());
    }
}

pub(crate) fn report<'r>(reports: &'r [LogReport], log: &str) -> &'r LogReport {
    reports.iter().find(|report| report.log == log).unwrap()
}

/// Looks again and again until there is something to see.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < patience, "never happened: {what}");
        thread::park_timeout(Duration::from_millis(1));
    }
}

/// Runs a future to its end.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}
