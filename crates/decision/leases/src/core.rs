//! One core's judge and table of leases.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use gw_engine::{Circumstances, Engine, Follower, Judge, Judgement, View};
use gw_model::{Epoch, Timestamp};
use slab::Slab;
use tokio::sync::Notify;

use crate::{Cut, CutReason};

/// Leases looked at before other work of the thread gets a turn.
const TURN: usize = 128;

/// One traffic thread's judge and what is open on it. Cheap to clone, not to be sent.
#[derive(Clone)]
pub struct Core(Rc<Inner>);

struct Inner {
    engine: Engine,
    judge: RefCell<Judge>,
    open: RefCell<Slab<Entry>>,
    /// When the first judgement of an open lease runs out, or earlier.
    due: Cell<Timestamp>,
    due_sooner: Notify,
}

struct Entry {
    circumstances: Rc<Circumstances>,
    judgement: Option<Arc<Judgement>>,
    cut: Cut,
}

/// Something open: gone from the table when dropped.
pub struct Lease {
    core: Core,
    index: usize,
    cut: Cut,
}

impl Core {
    /// A core with nothing open.
    pub fn new(engine: Engine) -> Self {
        let judge = RefCell::new(Judge::new(engine.clock().clone()));
        Self(Rc::new(Inner {
            engine,
            judge,
            open: RefCell::new(Slab::new()),
            due: Cell::new(Timestamp::NEVER),
            due_sooner: Notify::new(),
        }))
    }

    /// The engine that this core follows.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// How many leases are open.
    pub fn open(&self) -> usize {
        self.0.open.borrow().len()
    }

    /// Registers an access that is about to be judged. To be followed by [`Core::judge`]
    /// without an await in between.
    pub fn register(&self, circumstances: Rc<Circumstances>) -> Lease {
        let cut = Cut::new();
        let entry = Entry {
            circumstances,
            judgement: None,
            cut: cut.clone(),
        };
        let index = self.0.open.borrow_mut().insert(entry);
        Lease {
            core: self.clone(),
            index,
            cut,
        }
    }

    /// Judges a registered access from the newest view; from now on the lease hangs on the
    /// judgement, if that allows it.
    pub fn judge(&self, lease: &Lease, view: &View, now: Timestamp) -> Arc<Judgement> {
        let circumstances = self.circumstances(lease.index);
        let judgement = self.0.judge.borrow_mut().judge(view, &circumstances, now);
        if judgement.is_allow() {
            self.hang(lease.index, &judgement);
            if self.look_by(judgement.valid_until()) {
                self.0.due_sooner.notify_one();
            }
        }
        judgement
    }

    /// Judges without anything being open.
    pub fn judge_unheld(
        &self,
        view: &View,
        circumstances: &Circumstances,
        now: Timestamp,
    ) -> Arc<Judgement> {
        self.0.judge.borrow_mut().judge(view, circumstances, now)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a lease's entry is in the table until it drops"
    )]
    fn circumstances(&self, index: usize) -> Rc<Circumstances> {
        self.0.open.borrow()[index].circumstances.clone()
    }

    fn hang(&self, index: usize, judgement: &Arc<Judgement>) {
        if let Some(entry) = self.0.open.borrow_mut().get_mut(index) {
            entry.judgement = Some(judgement.clone());
        }
    }

    /// Brings the next look forward; says whether it moved.
    fn look_by(&self, valid_until: Timestamp) -> bool {
        let sooner = valid_until < self.0.due.get();
        if sooner {
            self.0.due.set(valid_until);
        }
        sooner
    }

    /// Follows the engine for as long as the thread lives: judges again what a change or the
    /// passing of time may have touched, cuts what no longer holds, and tells the engine.
    pub async fn follow(self, mut follower: Follower) {
        loop {
            let epoch = self.sweep().await;
            follower.decided(epoch);
            if !self.wait(&mut follower).await {
                return;
            }
        }
    }

    /// Waits until facts moved or time is up; false once the engine is gone.
    async fn wait(&self, follower: &mut Follower) -> bool {
        loop {
            tokio::select! {
                moved = follower.moved() => return moved,
                () = self.until_due() => return true,
                () = self.0.due_sooner.notified() => {}
            }
        }
    }

    async fn until_due(&self) {
        let due = self.0.due.get();
        if due == Timestamp::NEVER {
            return std::future::pending().await;
        }
        self.0.engine.reach(due).await;
    }

    /// Judges again every lease whose grounds moved or whose time is up, in short turns.
    /// Returns the epoch that all of them have been judged at, or later.
    async fn sweep(&self) -> Epoch {
        let view = self.0.engine.view();
        let epoch = view.facts.epoch;
        self.0.due.set(Timestamp::NEVER);
        let mut next = 0;
        while next < self.0.open.borrow().capacity() {
            self.turn(&view, next..next.saturating_add(TURN));
            next = next.saturating_add(TURN);
            if next < self.0.open.borrow().capacity() {
                tokio::task::yield_now().await;
            }
        }
        epoch
    }

    fn turn(&self, view: &View, indices: std::ops::Range<usize>) {
        let now = self.0.engine.clock().now();
        for index in indices {
            let Some((circumstances, held)) = self.held(index) else {
                continue;
            };
            let judgement = self.0.judge.borrow_mut().judge(view, &circumstances, now);
            if judgement.is_allow() {
                self.look_by(judgement.valid_until());
                if judgement.id != held.id {
                    self.hang(index, &judgement);
                }
            } else {
                self.cut(index, &judgement);
            }
        }
    }

    fn held(&self, index: usize) -> Option<(Rc<Circumstances>, Arc<Judgement>)> {
        let open = self.0.open.borrow();
        let entry = open.get(index)?;
        let judgement = entry.judgement.clone()?;
        Some((entry.circumstances.clone(), judgement))
    }

    fn cut(&self, index: usize, judgement: &Arc<Judgement>) {
        let cut = self.0.open.borrow_mut().get_mut(index).map(|entry| {
            entry.judgement = None;
            entry.cut.clone()
        });
        if let Some(cut) = cut {
            cut.cut(CutReason::of(judgement));
        }
    }

    /// Cuts everything that is open: the process stops.
    pub fn cut_all(&self, reason: &Arc<CutReason>) {
        let cuts: Vec<_> = self
            .0
            .open
            .borrow()
            .iter()
            .map(|(_, e)| e.cut.clone())
            .collect();
        for cut in cuts {
            cut.cut(reason.clone());
        }
    }
}

impl Lease {
    /// Told when the lease ends before the access does.
    pub const fn cut(&self) -> &Cut {
        &self.cut
    }

    /// The judgement it hangs on now; `None` before it is judged and after it is cut.
    pub fn judgement(&self) -> Option<Arc<Judgement>> {
        self.core
            .0
            .open
            .borrow()
            .get(self.index)
            .and_then(|entry| entry.judgement.clone())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.core.0.open.borrow_mut().try_remove(self.index);
    }
}

#[cfg(test)]
mod tests;
