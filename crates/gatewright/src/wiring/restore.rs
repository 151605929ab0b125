//! From the files of a backup to a data folder that a process may start on.
//!
//! What was true when the backup was made may not be true any more: somebody may have signed out
//! since, or been switched off. So all sessions, links and codes end, the facts begin a new
//! incarnation, and the ledger says that something is missing.

use std::path::Path;

use gw_clock::Clock;
use gw_ledger::{ChangeRecord, ChangedFact, LogReport, PublicKey};
use gw_model::{Actor, Change, Epoch, PublishedKey, Snapshot, Timestamp};
use gw_record::{Ledger, LedgerError, LedgerOptions, ReadError, Unwritable};
use gw_store::{
    Committed, DataFolder, KeySource, Loaded, Notes, Refused, SqliteStore, Store, StoreError,
    Transaction,
};

use super::{
    late::{self, LateFault},
    ledger::{self, KeyFault},
    open,
};
use crate::backup::{Opening, not_whole};

/// Segments that few records are written into.
const SEGMENT_BYTES: u64 = 1 << 20;

/// A backup that was put back.
#[derive(Debug)]
pub(crate) struct Restored {
    /// Where the facts stand now.
    pub(crate) epoch: Epoch,
    /// Sessions that were open in the backup.
    pub(crate) sessions_ended: usize,
    /// What the ledger proves.
    pub(crate) logs: Vec<LogReport>,
}

/// A backup that was not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreFault {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A change did not fit.
    #[error("the store refused: {0}")]
    Refused(#[from] Refused),
    /// The ledger cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The ledger is not whole.
    #[error("the ledger in this backup is not whole:\n{}", .0.join("\n"))]
    NotWhole(Vec<String>),
    /// The ledger cannot be taken up.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Its key.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// What the facts hold and the ledger does not.
    #[error(transparent)]
    Late(#[from] LateFault),
    /// The restore cannot be recorded.
    #[error("the restore cannot be recorded: {0}")]
    Unwritable(#[from] Unwritable),
    /// The process has no runtime.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
}

/// Makes what lies in a folder one that a process may start on.
pub(crate) fn finish(
    folder: DataFolder,
    opening: &Opening,
    actor: &Actor,
) -> Result<Restored, RestoreFault> {
    let (data, source) = (folder.path().to_owned(), key_source(opening));
    let mut store = SqliteStore::open(folder, &source)?;
    let loaded = store.load()?;
    let logs = verified(&data, &loaded)?;
    let clock = Clock::system(loaded.high_water, Clock::DEFAULT_BOUND);
    if !opening.keys {
        replace_ledger_key(&mut store, &loaded.facts, clock.now())?;
    }
    let facts = store.load()?.facts;
    let signer = ledger::signer(&mut store, &facts, clock.now())?;
    let epoch = store.load()?.facts.epoch;
    let untold = late::untold(&store.reader(), &ledger::folder(&data), epoch)?;
    let began = store.begin_incarnation(clock.now())?;
    let kept = take_up(&store, &data, signer, &loaded, &began, &clock)?;
    late::write(&untold, &kept)?;
    record(&kept, opening, &began, actor, clock.now())?;
    close(kept)?;
    let heads = gw_record::read_heads(&ledger::folder(&data))?;
    store.save(&Notes {
        seen: Vec::new(),
        high_water: Some(clock.high_water()),
        heads: heads.iter().map(ledger::kept).collect(),
    })?;
    let ended = |change: &&Change| matches!(change, Change::SessionEnded { .. });
    Ok(Restored {
        epoch: began.epoch,
        sessions_ended: began.changes.iter().filter(ended).count(),
        logs,
    })
}

/// A key that came with the backup lies in the data folder; a new one lies where it will be
/// looked for.
fn key_source(opening: &Opening) -> KeySource {
    match opening.keys {
        true => KeySource::DataFolder,
        false => open::key_source(),
    }
}

fn verified(data: &Path, loaded: &Loaded) -> Result<Vec<LogReport>, RestoreFault> {
    let keys = ledger::public_keys(&loaded.facts);
    let keys: Vec<PublicKey> = keys
        .iter()
        .filter_map(|key| ledger::public_key(key))
        .collect();
    let heads = ledger::stored(&loaded.heads);
    let logs = gw_record::verify_ledger(&ledger::folder(data), &keys, &heads)?;
    match not_whole(&logs) {
        faults if faults.is_empty() => Ok(logs),
        faults => Err(RestoreFault::NotWhole(faults)),
    }
}

/// What the old keys signed is still verified by their public halves.
fn replace_ledger_key(
    store: &mut SqliteStore,
    facts: &Snapshot,
    now: Timestamp,
) -> Result<(), RestoreFault> {
    let current = facts
        .keys()
        .filter(|key| &*key.purpose == ledger::PURPOSE && key.replaced_at.is_none());
    let replaced = current.map(|key| {
        let replaced = PublishedKey {
            replaced_at: Some(now),
            ..PublishedKey::clone(key)
        };
        Change::KeyPublished(replaced.into())
    });
    let transaction = Transaction {
        changes: replaced.collect(),
        effects: Vec::new(),
        actor: Actor::Gatewright,
        at: now,
        urgent: false,
    };
    if transaction.changes.is_empty() {
        return Ok(());
    }
    for committed in store.commit(vec![transaction.propose()])? {
        committed?;
    }
    Ok(())
}

fn take_up(
    store: &SqliteStore,
    data: &Path,
    signer: gw_ledger::Signer,
    loaded: &Loaded,
    began: &Committed,
    clock: &Clock,
) -> Result<Ledger, RestoreFault> {
    let node = store.reader().meta(open::NODE)?;
    let node = node.and_then(|node| node.parse().ok()).unwrap_or_default();
    let clock = clock.clone();
    let options = LedgerOptions {
        segment_bytes: SEGMENT_BYTES,
        ..LedgerOptions::new(node, began.epoch.incarnation, move || clock.now())
    };
    let heads = ledger::stored(&loaded.heads);
    Ok(Ledger::open(
        &ledger::folder(data),
        options,
        signer,
        &heads,
    )?)
}

fn record(
    kept: &Ledger,
    opening: &Opening,
    began: &Committed,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), Unwritable> {
    let (made_at, epoch) = (gw_pages::exact(opening.made_at, "UTC"), opening.epoch);
    kept.note_gap(&format!(
        "restored from a backup of epoch {epoch}, made at {made_at}: what happened between then and now is missing"
    ))?;
    let record = ChangeRecord {
        time: now,
        epoch: began.epoch,
        actor: actor.clone(),
        session: None,
        decision: None,
        what: "restored from a backup".into(),
        changes: began.changes.iter().map(ChangedFact::of).collect(),
    };
    kept.control().change_blocking(record)
}

fn close(kept: Ledger) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(kept.close());
    Ok(())
}
