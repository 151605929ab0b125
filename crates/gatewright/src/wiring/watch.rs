//! Tells when files may have changed: by the kernel's word, once they have settled.

use std::{path::Path, sync::Arc, time::Duration};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::AccessKind};
use tokio::sync::Notify;

/// Quiet time after which a burst of changes (an editor's save) is taken as over.
const SETTLED: Duration = Duration::from_millis(120);

/// A watched folder.
pub(crate) struct Watch {
    changed: Arc<Notify>,
    watcher: RecommendedWatcher,
}

impl Watch {
    /// Watches the files of a folder, not those of folders in it.
    ///
    /// # Errors
    /// When the folder is not there or cannot be watched.
    pub(crate) fn folder(folder: &Path) -> Result<Self, notify::Error> {
        let changed = Arc::new(Notify::new());
        let tell = Arc::clone(&changed);
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                // What cannot be told may have been a change.
                if event.map_or(true, |event| is_change(event.kind)) {
                    tell.notify_one();
                }
            })?;
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(Self { changed, watcher })
    }

    /// Watches the files of a further folder, too; of one that is watched already, nothing more.
    ///
    /// # Errors
    /// When the folder is not there or cannot be watched.
    pub(crate) fn also(&mut self, folder: &Path) -> Result<(), notify::Error> {
        self.watcher.watch(folder, RecursiveMode::NonRecursive)
    }

    /// Waits for a change, and until no further one follows.
    pub(crate) async fn settled(&self) {
        self.changed.notified().await;
        while tokio::time::timeout(SETTLED, self.changed.notified())
            .await
            .is_ok()
        {}
    }
}

/// Reading changes nothing, and what we read ourselves must not wake us.
const fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(notify::event::AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_burst_of_changes_is_told_once_it_is_over_and_reading_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let watch = Watch::folder(folder.path()).unwrap();
        for n in 0..5 {
            std::fs::write(&file, n.to_string()).unwrap();
        }
        watch.settled().await;
        std::fs::read(&file).unwrap();
        std::fs::write(&file, "again").unwrap();
        watch.settled().await;
        std::fs::remove_file(&file).unwrap();
        watch.settled().await;
    }

    #[tokio::test]
    async fn a_change_in_a_further_folder_is_told_as_well() {
        let (folder, further) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut watch = Watch::folder(folder.path()).unwrap();
        watch.also(further.path()).unwrap();
        watch.also(further.path()).unwrap();
        std::fs::write(further.path().join("a"), "1").unwrap();
        watch.settled().await;
        assert!(watch.also(&further.path().join("missing")).is_err());
    }
}
