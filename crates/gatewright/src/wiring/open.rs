//! From a data folder to a running engine: store, clock, ledger, in this order.

use std::{path::PathBuf, sync::Arc};

use gw_clock::Clock;
use gw_engine::Engine;
use gw_ledger::Signer;
use gw_model::{Actor, Snapshot, Timestamp};
use gw_record::{Ledger, LedgerOptions};
use gw_store::{
    DataFolder, Effect, KeySource, Loaded, Reader, SqliteStore, Store, StoreError, Transaction,
};

use super::{Mode, StartFault, late, ledger};
use crate::config::Config;

/// The store's setting that stamps it as a demo's.
const DEMO_STAMP: &str = "demo";
/// The store's setting that names this node.
pub(super) const NODE: &str = "node";

/// What runs on a data folder.
pub(super) struct Opened {
    pub(super) data: PathBuf,
    pub(super) engine: Engine,
    pub(super) ledger: Arc<Ledger>,
}

/// Opens a data folder, makes what a first start makes, and starts the engine.
pub(super) fn open(config: &Config, mode: &Mode) -> Result<Opened, StartFault> {
    let folder = DataFolder::open(&config.data)?;
    let data = folder.path().to_owned();
    let mut store = SqliteStore::open(folder, &key_source())?;
    let loaded = store.load()?;
    let fresh = is_fresh(&loaded.facts);
    check_stamp(&store.reader(), mode, fresh)?;
    let clock = Clock::system(loaded.high_water, Clock::DEFAULT_BOUND);
    let now = clock.now();
    let node = first_settings(&mut store, mode, fresh, now)?;
    let signer = ledger::signer(&mut store, &loaded.facts, now)?;
    let kept = open_ledger(config, &data, &clock, node, signer, &loaded)?;
    let loaded = store.load()?;
    let folder = ledger::folder(&data);
    late::record(&store.reader(), &kept, &folder, loaded.facts.epoch)?;
    let control = kept.control().clone();
    let engine = Engine::start(Box::new(store), loaded, clock, control)?;
    Ok(Opened {
        data,
        engine,
        ledger: Arc::new(kept),
    })
}

/// A systemd credential where there is one, else a file in the data folder.
pub(super) fn key_source() -> KeySource {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let credential = credentials.map(|folder| folder.join("gatewright.key"));
    // One that cannot be looked at is there: to go on with another key would be a surprise later.
    match credential.filter(|path| !matches!(path.try_exists(), Ok(false))) {
        Some(path) => KeySource::Credential(path),
        None => KeySource::DataFolder,
    }
}

fn is_fresh(facts: &Snapshot) -> bool {
    facts.users().next().is_none() && facts.apps().next().is_none() && facts.keys().next().is_none()
}

/// The demo's people and links are for trying: their store never serves anything else, nor does
/// the demo touch a store that does.
fn check_stamp(reader: &Reader, mode: &Mode, fresh: bool) -> Result<(), StartFault> {
    let stamped = reader.meta(DEMO_STAMP)?.is_some();
    match (mode, stamped) {
        (Mode::Ordinary, true) => Err(StartFault::DemoStore),
        (Mode::Demo(_), false) if !fresh => Err(StartFault::NotDemoStore),
        _ => Ok(()),
    }
}

/// The stamp and this node's number, before anything else is there.
fn first_settings(
    store: &mut SqliteStore,
    mode: &Mode,
    fresh: bool,
    now: Timestamp,
) -> Result<u64, StartFault> {
    let mut effects = Vec::new();
    if fresh && matches!(mode, Mode::Demo(_)) {
        effects.push(Effect::MetaPut {
            key: DEMO_STAMP.into(),
            value: now.as_millis().to_string(),
        });
    }
    let known = store.reader().meta(NODE)?;
    let node = match known.and_then(|text| text.parse().ok()) {
        Some(node) => node,
        None => {
            let node = gw_engine::random::bits();
            effects.push(Effect::MetaPut {
                key: NODE.into(),
                value: node.to_string(),
            });
            node
        }
    };
    if !effects.is_empty() {
        let transaction = Transaction {
            changes: Vec::new(),
            effects,
            actor: Actor::Gatewright,
            at: now,
            urgent: false,
        };
        for committed in store.commit(vec![transaction.propose()])? {
            committed.map_err(|fault| StartFault::FirstSettings(fault.to_string()))?;
        }
    }
    Ok(node)
}

fn open_ledger(
    config: &Config,
    data: &std::path::Path,
    clock: &Clock,
    node: u64,
    signer: Signer,
    loaded: &Loaded,
) -> Result<Ledger, StartFault> {
    let clock = clock.clone();
    let options = LedgerOptions {
        segment_bytes: config.ledger.segment_bytes,
        accept_gap: config.ledger.accept_gap,
        ..LedgerOptions::new(node, loaded.facts.epoch.incarnation, move || clock.now())
    };
    let stored = ledger::stored(&loaded.heads);
    Ok(Ledger::open(
        &ledger::folder(data),
        options,
        signer,
        &stored,
    )?)
}

impl From<StoreError> for StartFault {
    fn from(fault: StoreError) -> Self {
        Self::Store(Box::new(fault))
    }
}
