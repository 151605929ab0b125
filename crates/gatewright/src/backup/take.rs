//! Taking a backup: the facts of one moment, then the ledger up to its signed heads.
//!
//! In this order, so that the ledger tells of everything that the facts hold. What it tells
//! beyond them was changed after that moment, and is in neither a part of the facts.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, BufWriter},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use gw_ledger::LogReport;
use gw_model::{Epoch, Timestamp};
use gw_record::{ReadError, SegmentCopy};
use gw_store::{Loaded, StoreError};

use super::{
    Archive, ArchiveFault, KEY, Opening, Passphrase, SEALED_KEY, SealFault, SealedKey,
    manifest::FORMAT,
};
use crate::wiring::ledger;

/// How long the ledger may take to tell of the newest change.
const LEDGER_PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// A backup that was taken.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) epoch: Epoch,
    pub(crate) bytes: u64,
    pub(crate) logs: Vec<LogReport>,
}

/// A backup that was not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeFault {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ReadError),
    /// The ledger is not whole.
    #[error("the ledger is not whole, and a copy of it could not be restored:\n{}", .0.join("\n"))]
    NotWhole(Vec<String>),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveFault),
    /// The key.
    #[error(transparent)]
    Seal(#[from] SealFault),
    /// The key is not here.
    #[error(
        "the key that private keys are sealed under is not in the data folder: it was handed over by the system (a systemd credential); keep it where it comes from"
    )]
    NoKey,
    /// The file is there already.
    #[error("`{}` is there already", .0.display())]
    There(PathBuf),
    /// The file's folder.
    #[error("cannot write beside `{}`: {}", .0.display(), .1)]
    Beside(PathBuf, io::Error),
}

/// Takes a backup of a data folder to a file. Keys are in it where there is a passphrase to seal
/// them under.
pub(crate) fn take(
    data: &Path,
    to: &Path,
    passphrase: Option<&Passphrase>,
    runs: bool,
    now: Timestamp,
) -> Result<Taken, TakeFault> {
    if to.exists() {
        return Err(TakeFault::There(to.to_owned()));
    }
    let key = match passphrase {
        None => None,
        Some(passphrase) => Some(SealedKey::seal(&key(data)?, passphrase)?),
    };
    let beside = Beside::make(to).map_err(|fault| TakeFault::Beside(to.to_owned(), fault))?;
    let facts = beside.path().join(gw_store::DATABASE);
    let loaded = gw_store::copy(data, &facts, key.is_some())?;
    if runs {
        wait_for_the_ledger(data, loaded.facts.epoch)?;
    }
    let opening = Opening {
        format: FORMAT,
        gatewright: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: now,
        epoch: loaded.facts.epoch,
        keys: key.is_some(),
    };
    let part = beside.path().join("archive");
    let logs = write(&part, &opening, key.as_ref(), &facts, data, &loaded)?;
    let failed = |fault| TakeFault::Beside(to.to_owned(), fault);
    let bytes = fs::metadata(&part).map_err(failed)?.len();
    put(&part, to).map_err(failed)?;
    beside.synced().map_err(failed)?;
    Ok(Taken {
        epoch: loaded.facts.epoch,
        bytes,
        logs,
    })
}

/// Gives the file its name, unless somebody has taken that meanwhile. Where the file system has no
/// second names, it is moved.
fn put(part: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(part, to) {
        Err(fault) if fault.kind() != io::ErrorKind::AlreadyExists => fs::rename(part, to),
        linked => linked,
    }
}

fn key(data: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, TakeFault> {
    let path = data.join(KEY);
    match fs::read(&path) {
        Ok(key) => Ok(key.into()),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Err(TakeFault::NoKey),
        Err(fault) => Err(ArchiveFault::io(format!("read `{}`", path.display()))(fault).into()),
    }
}

fn write(
    part: &Path,
    opening: &Opening,
    key: Option<&SealedKey>,
    facts: &Path,
    data: &Path,
    loaded: &Loaded,
) -> Result<Vec<LogReport>, TakeFault> {
    let failed = || ArchiveFault::io("write the backup");
    let file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(part);
    let file = file.map_err(failed())?;
    let mut archive = Archive::begin(BufWriter::new(file), opening)?;
    if let Some(key) = key {
        let text = serde_json::to_vec(key).map_err(io::Error::other);
        archive.bytes(SEALED_KEY, &text.map_err(failed())?)?;
    }
    archive.file(gw_store::DATABASE, facts)?;
    let logs = copy_ledger(&mut archive, data, loaded)?;
    let written = archive.end()?.into_inner();
    written
        .map_err(io::IntoInnerError::into_error)
        .and_then(|file| file.sync_all())
        .map_err(failed())?;
    Ok(logs)
}

fn copy_ledger(
    archive: &mut Archive<BufWriter<File>>,
    data: &Path,
    loaded: &Loaded,
) -> Result<Vec<LogReport>, TakeFault> {
    let keys = ledger::public_keys(&loaded.facts);
    let keys: Vec<_> = keys
        .iter()
        .filter_map(|key| ledger::public_key(key))
        .collect();
    let mut keep = |segment: &SegmentCopy| {
        for (name, bytes) in segment.files() {
            let kept = archive.bytes(&format!("ledger/{name}"), bytes);
            kept.map_err(io::Error::other)?;
        }
        Ok(())
    };
    let stored = ledger::stored(&loaded.heads);
    let logs = gw_record::copy_ledger(&ledger::folder(data), &keys, &stored, &mut keep)?;
    match not_whole(&logs) {
        faults if faults.is_empty() => Ok(logs),
        faults => Err(TakeFault::NotWhole(faults)),
    }
}

/// Everything that is wrong with logs, a line each.
pub(crate) fn not_whole(logs: &[LogReport]) -> Vec<String> {
    let of_log = |log: &LogReport| -> Vec<String> {
        let name = log.log.clone();
        let each = log.faults.iter();
        each.map(|fault| format!("{name}: {fault}")).collect()
    };
    logs.iter().flat_map(of_log).collect()
}

/// Waits until the ledger tells of the newest change under a signed head. One that does not in
/// time is copied as it is: what it lacks is recorded at the restore.
fn wait_for_the_ledger(data: &Path, epoch: Epoch) -> Result<(), TakeFault> {
    let folder = ledger::folder(data);
    let deadline = Instant::now() + LEDGER_PATIENCE;
    while gw_record::sealed_until(&folder)?.is_none_or(|sealed| sealed < epoch)
        && Instant::now() < deadline
    {
        std::thread::park_timeout(LOOK);
    }
    Ok(())
}

/// A folder of our own beside a file that is to come, gone when this is dropped.
struct Beside {
    folder: PathBuf,
    parent: PathBuf,
}

impl Beside {
    fn make(file: &Path) -> io::Result<Self> {
        let parent = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let folder = parent.join(format!(".{name}.{}.part", std::process::id()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self { folder, parent })
    }

    fn path(&self) -> &Path {
        &self.folder
    }

    fn synced(&self) -> io::Result<()> {
        File::open(&self.parent)?.sync_all()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Err(fault) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %fault, "what a backup was made of is still there");
        }
    }
}
