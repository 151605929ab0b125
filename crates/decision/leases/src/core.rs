//! One core's judge and table of leases.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use gw_engine::{Circumstances, Engine, Judge, Judgement, View};
use gw_model::Timestamp;
use tokio::sync::Notify;

use crate::{Cut, CutReason, table::Table};

mod follow;
mod sweep;

/// One traffic thread's judge and what is open on it. Cheap to clone, not to be sent.
#[derive(Clone)]
pub struct Core(Rc<Inner>);

struct Inner {
    engine: Engine,
    judge: RefCell<Judge>,
    table: RefCell<Table>,
    /// When the follower wakes by itself.
    due: Cell<Timestamp>,
    due_sooner: Notify,
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
            table: RefCell::default(),
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
        self.0.table.borrow().open()
    }

    /// Registers an access that is about to be judged. To be followed by [`Core::judge`]
    /// without an await in between.
    pub fn register(&self, circumstances: Rc<Circumstances>) -> Lease {
        let cut = Cut::new();
        let index = self
            .0
            .table
            .borrow_mut()
            .register(circumstances, cut.clone());
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
        let judgement = self.judge_unheld(view, &circumstances, now);
        if judgement.is_allow() {
            let number = view.facts.epoch.number;
            let mut table = self.0.table.borrow_mut();
            if table.hang(lease.index, &judgement, number)
                && let Some((due, _)) = table.first_due()
                && due < self.0.due.get()
            {
                self.0.due.set(due);
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
        clippy::expect_used,
        reason = "a lease's entry is in the table until it drops"
    )]
    fn circumstances(&self, index: usize) -> Rc<Circumstances> {
        let table = self.0.table.borrow();
        table.circumstances(index).expect("an entry").clone()
    }

    /// Cuts everything that is open: the process stops.
    pub fn cut_all(&self, reason: &Arc<CutReason>) {
        let cuts = self.0.table.borrow().cuts();
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
        self.core.0.table.borrow().judgement(self.index).cloned()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.core.0.table.borrow_mut().free(self.index);
    }
}

#[cfg(test)]
mod tests;
