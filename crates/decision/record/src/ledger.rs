//! The ledger of a process: its folder, its key, its logs and their sealers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use gw_ledger::{Note, NoteRecord, Personal, Signer, StoredHead};
use rustix::fs::{FlockOperation, flock};
use tokio::sync::oneshot;

use crate::{
    chain::Author,
    fault::LedgerError,
    files::{is_log_name, log_names, make_folder, open_or_create, sync_folder},
    log::{Log, LogStatus, locked},
    options::{CONTROL, LedgerOptions, STRANGERS},
    quota::Quota,
    recorder::{ControlRecorder, Recorder, Unwritable},
    recover::{Recovered, recover},
    seal::Sealer,
    strangers::{Summaries, Tally},
};

/// A log that is being written.
struct Running {
    log: Arc<Log>,
    sealer: Option<JoinHandle<()>>,
    ended: Option<oneshot::Receiver<()>>,
}

/// The ledger of a process.
pub struct Ledger {
    folder: PathBuf,
    options: LedgerOptions,
    author: Author,
    lock: Arc<File>,
    recovered: Mutex<HashMap<String, Recovered>>,
    running: Mutex<BTreeMap<String, Running>>,
    tallies: Arc<Mutex<Vec<Arc<Tally>>>>,
    control: ControlRecorder,
}

impl Ledger {
    /// Takes up all logs in a folder, repairs and seals what a killed process left, and starts the control log.
    ///
    /// `stored` are the heads that the store kept, of which each log must hold its own.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn open(
        folder: &Path,
        options: LedgerOptions,
        signer: Signer,
        stored: &[StoredHead],
    ) -> Result<Self, LedgerError> {
        let lock = lock_folder(folder)?;
        let options = options.bounded();
        let author = Author {
            node: options.node,
            incarnation: options.incarnation,
            signer: Arc::new(signer),
            now: options.now.clone(),
        };
        let opening = Opening {
            folder,
            options: &options,
            author: &author,
            lock: &lock,
        };
        let mut recovered = opening.recover_all(stored)?;
        let notes: Vec<Note> = recovered
            .values_mut()
            .flat_map(|log| std::mem::take(&mut log.notes))
            .collect();
        let tallies = Arc::new(Mutex::new(Vec::new()));
        let mut running = BTreeMap::new();
        let strangers = opening.start(STRANGERS, &mut recovered, Some(&tallies))?;
        running.insert(STRANGERS.to_owned(), strangers);
        let control = opening.start(CONTROL, &mut recovered, None)?;
        let recorder = Recorder::new(control.log.clone(), Arc::default());
        running.insert(CONTROL.to_owned(), control);
        let ledger = Self {
            folder: folder.to_owned(),
            author,
            lock,
            recovered: Mutex::new(recovered),
            running: Mutex::new(running),
            tallies,
            control: ControlRecorder::new(recorder),
            options,
        };
        ledger.note_start(notes)?;
        Ok(ledger)
    }

    fn note_start(&self, notes: Vec<Note>) -> Result<(), LedgerError> {
        for note in notes {
            tracing::warn!(?note, "the ledger was repaired");
            self.note(note)?;
        }
        self.note(Note::Start {
            version: self.options.version.clone(),
        })?;
        Ok(())
    }

    fn note(&self, note: Note) -> Result<(), Unwritable> {
        let record = NoteRecord {
            time: (self.options.now)(),
            note,
        };
        self.control
            .append_blocking(&record, &Personal::default())
            .map(|_| ())
    }

    /// The recorder of a log, for one traffic thread. Dropped, it can be taken again.
    ///
    /// # Errors
    /// When the name cannot be a log's, the log has a recorder already, or its files cannot be used.
    pub fn recorder(&self, log: &str) -> Result<Recorder, LedgerError> {
        if !is_log_name(log) || log == STRANGERS || log == CONTROL {
            return Err(LedgerError::Name(log.to_owned()));
        }
        let mut running = locked(&self.running);
        let known = running.get(log).map(|running| running.log.clone());
        let shared = match known {
            Some(shared) => shared,
            None => {
                let opening = Opening {
                    folder: &self.folder,
                    options: &self.options,
                    author: &self.author,
                    lock: &self.lock,
                };
                let started = opening.start(log, &mut locked(&self.recovered), None)?;
                let shared = started.log.clone();
                running.insert(log.to_owned(), started);
                shared
            }
        };
        if !shared.take() {
            return Err(LedgerError::Taken(log.to_owned()));
        }
        let tally = Arc::new(Tally::default());
        locked(&self.tallies).push(tally.clone());
        Ok(Recorder::new(shared, tally))
    }

    /// The recorder of the control log.
    pub fn control(&self) -> &ControlRecorder {
        &self.control
    }

    /// The newest head of each log: sealed, signed and on disk.
    pub fn heads(&self) -> Vec<StoredHead> {
        let mut heads: BTreeMap<Arc<str>, StoredHead> = locked(&self.recovered)
            .values()
            .filter_map(|log| log.head.clone())
            .map(|head| (head.log.clone(), head))
            .collect();
        let running = locked(&self.running);
        let newest = running.values().filter_map(|running| running.log.head());
        heads.extend(newest.map(|head| (head.log.clone(), head)));
        heads.into_values().collect()
    }

    /// To be called about once a second: a log whose disk does not answer takes no more records
    /// until it does, so that no more than that is at stake.
    pub fn watch(&self) {
        for running in locked(&self.running).values() {
            running.log.watch();
        }
    }

    /// How each log is doing.
    pub fn status(&self) -> Vec<LogStatus> {
        let running = locked(&self.running);
        running
            .values()
            .map(|running| running.log.status())
            .collect()
    }

    /// Seals and closes all logs. Recorders should be dropped before; a log that still has one is closed at the next start.
    pub async fn close(self) {
        if let Err(fault) = self.note_synced(Note::Stop).await {
            tracing::warn!(%fault, "the stop was not recorded");
        }
        let ends = self.stop_all();
        for ended in ends {
            // An error means that the sealer is gone, which is what is waited for.
            let _ = ended.await;
        }
    }

    /// Records that the clock jumped, by so many milliseconds.
    ///
    /// # Errors
    /// When it is not accepted.
    pub async fn note_clock(&self, jump_ms: i64) -> Result<(), Unwritable> {
        self.note_synced(Note::ClockFault { jump_ms }).await
    }

    /// Records that something is missing, with an operator's knowledge. Blocks until it is synced.
    ///
    /// # Errors
    /// When it is not accepted.
    pub fn note_gap(&self, what: &str) -> Result<(), Unwritable> {
        self.note(Note::Gap { what: what.into() })
    }

    async fn note_synced(&self, note: Note) -> Result<(), Unwritable> {
        let record = NoteRecord {
            time: (self.options.now)(),
            note,
        };
        self.control
            .append(&record, &Personal::default())
            .await
            .map(|_| ())
    }

    fn stop_all(&self) -> Vec<oneshot::Receiver<()>> {
        self.control.park();
        let mut running = locked(&self.running);
        for running in running.values() {
            running.log.stop();
        }
        running
            .values_mut()
            .filter_map(|running| running.ended.take())
            .collect()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.stop_all();
        for running in locked(&self.running).values_mut() {
            if let Some(sealer) = running.sealer.take() {
                // A sealer that panicked has said so already.
                let _ = sealer.join();
            }
        }
    }
}

/// What starting a log needs.
struct Opening<'a> {
    folder: &'a Path,
    options: &'a LedgerOptions,
    author: &'a Author,
    lock: &'a Arc<File>,
}

impl Opening<'_> {
    /// Brings every log in order, also those that nobody writes any more or that are gone.
    fn recover_all(
        &self,
        stored: &[StoredHead],
    ) -> Result<HashMap<String, Recovered>, LedgerError> {
        let names = log_names(self.folder).map_err(|source| self.unusable(source))?;
        let mut names: BTreeSet<String> = names.into_iter().collect();
        names.extend(stored.iter().map(|head| head.log.to_string()));
        let mut all = HashMap::new();
        for name in names {
            let heads: Vec<&StoredHead> = stored.iter().filter(|h| *h.log == *name).collect();
            let folder = self.folder.join(&name);
            let accept_gap = self.options.accept_gap;
            let recovered = recover(&name, &folder, self.author, &heads, accept_gap)?;
            all.insert(name, recovered);
        }
        Ok(all)
    }

    fn unusable(&self, source: io::Error) -> LedgerError {
        LedgerError::Folder {
            folder: self.folder.to_owned(),
            source,
        }
    }

    /// Starts a log's sealer, and has its first segment ready.
    fn start(
        &self,
        name: &str,
        recovered: &mut HashMap<String, Recovered>,
        tallies: Option<&Arc<Mutex<Vec<Arc<Tally>>>>>,
    ) -> Result<Running, LedgerError> {
        let folder = self.folder.join(name);
        make_folder(&folder)
            .and_then(|()| sync_folder(self.folder))
            .map_err(|fault| LedgerError::log(name, fault))?;
        let found = recovered.remove(name).unwrap_or(Recovered {
            next: 1,
            ..Recovered::default()
        });
        let log = Log::new(name, folder, self.options, found.next, self.lock.clone())
            .map_err(|fault| LedgerError::log(name, fault))?;
        let log = Arc::new(log);
        if let Some(head) = found.head {
            log.set_head(head);
        }
        log.restock();
        let summaries = tallies.map(|tallies| {
            let recorder = Recorder::new(log.clone(), Arc::default());
            let quota = Quota::new(self.options.strangers_bytes);
            Summaries::new(tallies.clone(), recorder, quota)
        });
        let sealer = Sealer::new(
            log.clone(),
            self.author.clone(),
            found.chain,
            self.options.pace(name),
            summaries,
        );
        spawn(name, log, sealer)
    }
}

fn spawn(name: &str, log: Arc<Log>, sealer: Sealer) -> Result<Running, LedgerError> {
    let (end, ended) = oneshot::channel();
    let sealed = log.clone();
    let handle = thread::Builder::new()
        .name(format!("ledger-{name}"))
        .spawn(move || {
            let _guard = FailsWithItsSealer(sealed.clone());
            sealer.run();
            // Nobody may be waiting.
            let _ = end.send(());
        })
        .map_err(|source| LedgerError::Thread {
            log: name.to_owned(),
            source,
        })?;
    log.set_sealer(handle.thread().clone());
    Ok(Running {
        log,
        sealer: Some(handle),
        ended: Some(ended),
    })
}

/// A log whose sealer died takes no more records: nobody would sync them.
struct FailsWithItsSealer(Arc<Log>);

impl Drop for FailsWithItsSealer {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail("its sealer died");
        }
    }
}

/// One process writes a ledger: the lock ends with it, however it ends.
fn lock_folder(folder: &Path) -> Result<Arc<File>, LedgerError> {
    let unusable = |source: io::Error| LedgerError::Folder {
        folder: folder.to_owned(),
        source,
    };
    make_folder(folder)
        .and_then(|()| folder.parent().map_or(Ok(()), sync_folder))
        .map_err(unusable)?;
    let lock = open_or_create(&folder.join("lock")).map_err(unusable)?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Arc::new(lock)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(LedgerError::Locked(folder.to_owned())),
        Err(fault) => Err(unusable(fault.into())),
    }
}
