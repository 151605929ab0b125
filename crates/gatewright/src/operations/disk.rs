//! What lies on the disk and what is left of it: looked at now and then, by a thread that may wait
//! for it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::fs::statvfs;
use tokio::time::MissedTickBehavior;

use super::machine;
use crate::{supervise::Stopping, wiring::ledger};

/// What was seen last; clones are the same.
#[derive(Clone)]
pub(super) struct Disk {
    data: PathBuf,
    seen: Arc<Mutex<Seen>>,
}

/// Numbers of the disk and of the process. What could not be read is not there.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Bytes of each log.
    pub(super) logs: Vec<(String, u64)>,
    /// Bytes of the store and of what it has not yet folded in.
    pub(super) store: Option<u64>,
    /// Bytes that may still be written, and how many there are in all.
    pub(super) space: Option<(u64, u64)>,
    /// Descriptors that are open.
    pub(super) descriptors: Option<u64>,
}

impl Disk {
    pub(super) fn new(data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            seen: Arc::default(),
        }
    }

    pub(super) fn seen(&self) -> Seen {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }

    /// Looks until told to end. A disk that does not answer keeps only this waiting.
    pub(super) async fn follow(
        self,
        period: Duration,
        mut stopping: Stopping,
    ) -> Result<(), String> {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.told() => return Ok(()),
                _ = ticks.tick() => {}
            }
            let data = self.data.clone();
            let looking = tokio::task::spawn_blocking(move || look(&data));
            let looked = tokio::select! {
                () = stopping.told() => return Ok(()),
                looked = looking => looked.map_err(|fault| fault.to_string())?,
            };
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = looked;
        }
    }
}

fn look(data: &Path) -> Seen {
    let database = data.join(gw_store::DATABASE);
    let wal = database.with_extension("sqlite-wal");
    let bytes = |path: &Path| std::fs::metadata(path).ok().map(|found| found.len());
    Seen {
        logs: gw_record::bytes_on_disk(&ledger::folder(data)).unwrap_or_default(),
        store: bytes(&database).map(|store| store + bytes(&wal).unwrap_or_default()),
        space: statvfs(data)
            .ok()
            .map(|disk| (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)),
        descriptors: machine::open_descriptors(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen_and_what_is_not_is_left_out() {
        let data = tempfile::tempdir().unwrap();
        let seen = look(data.path());
        assert!(seen.logs.is_empty() && seen.store.is_none());
        let (left, all) = seen.space.unwrap();
        assert!(left <= all && all > 0);
        std::fs::write(data.path().join(gw_store::DATABASE), [0; 100]).unwrap();
        std::fs::write(data.path().join("facts.sqlite-wal"), [0; 11]).unwrap();
        assert_eq!(look(data.path()).store, Some(111));
    }
}
