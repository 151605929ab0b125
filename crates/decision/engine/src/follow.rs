//! How cores follow the engine, and how the engine knows that they did.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use gw_model::Epoch;
use tokio::sync::{Notify, watch};

/// The epoch numbers that each core has decided at and told its leases about.
#[derive(Debug)]
pub(crate) struct Cores {
    moved: watch::Sender<u64>,
    attached: Mutex<Vec<Arc<AtomicU64>>>,
    progress: Notify,
}

impl Cores {
    pub(crate) fn new(epoch: Epoch) -> Self {
        Self {
            moved: watch::Sender::new(epoch.number),
            attached: Mutex::default(),
            progress: Notify::new(),
        }
    }

    fn attached(&self) -> MutexGuard<'_, Vec<Arc<AtomicU64>>> {
        self.attached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn attach(self: &Arc<Self>) -> Follower {
        let decided = Arc::new(AtomicU64::new(0));
        self.attached().push(decided.clone());
        Follower {
            moved: self.moved.subscribe(),
            decided,
            cores: self.clone(),
        }
    }

    /// Wakes every core: there is a newer view.
    pub(crate) fn wake(&self, epoch: Epoch) {
        self.moved.send_replace(epoch.number);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    fn all_at(&self, number: u64) -> bool {
        self.attached()
            .iter()
            .all(|decided| decided.load(Ordering::Acquire) >= number)
    }

    /// Waits until every attached core has decided at this epoch.
    pub(crate) async fn reach(&self, epoch: Epoch) {
        loop {
            let progress = self.progress.notified();
            tokio::pin!(progress);
            progress.as_mut().enable();
            if self.all_at(epoch.number) {
                return;
            }
            progress.await;
        }
    }
}

/// One core's side: hears that facts moved, says how far it is.
#[derive(Debug)]
pub struct Follower {
    moved: watch::Receiver<u64>,
    decided: Arc<AtomicU64>,
    cores: Arc<Cores>,
}

impl Follower {
    /// Waits until there is a newer view than the one last seen; false once the engine is gone.
    pub async fn moved(&mut self) -> bool {
        self.moved.changed().await.is_ok()
    }

    /// Says that from now on this core decides at this epoch or later, and that all leases
    /// which it ends have been told.
    pub fn decided(&self, epoch: Epoch) {
        self.decided.store(epoch.number, Ordering::Release);
        self.cores.progress.notify_waiters();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.cores
            .attached()
            .retain(|decided| !Arc::ptr_eq(decided, &self.decided));
        self.cores.progress.notify_waiters();
    }
}
