//! One core's judge and table of leases.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use gw_engine::{Circumstances, Engine, Judge, Judgement, View};
use gw_model::{DecisionId, Timestamp};
use tokio::sync::Notify;

use crate::{
    Cut, CutReason, Desk,
    desk::{OpenLease, Question, Questions},
    table::Table,
};

/// Places of the table that are looked at in one turn of a listing.
const PLACES: usize = 512;

mod follow;
mod sweep;

/// Why an access that is open would not be what it was taken for, if it were asked for in this view:
/// its path belongs to something else by now. None where it would.
pub type Astray = Rc<dyn Fn(&View, &Circumstances) -> Option<&'static str>>;

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
    /// Questions about what is open, until somebody answers them.
    questions: RefCell<Option<Questions>>,
    astray: RefCell<Option<Astray>>,
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
            questions: RefCell::default(),
            astray: RefCell::default(),
        }))
    }

    /// Has accesses that are judged again looked at first by who knows what is asked for by what: a
    /// judgement is about a resource, and which one a request is for may change while it is open.
    pub fn look_for_astray(&self, astray: Astray) {
        *self.0.astray.borrow_mut() = Some(astray);
    }

    /// A core with nothing open, whose leases are listed and ended at a desk too.
    pub fn at_desk(engine: Engine, desk: &Desk) -> Self {
        let core = Self::new(engine);
        *core.0.questions.borrow_mut() = Some(desk.place());
        core
    }

    /// Answers what the desk asks for as long as it is there, in short turns.
    pub async fn answer(self) {
        let Some(mut questions) = self.0.questions.take() else {
            return;
        };
        while let Some(question) = questions.recv().await {
            match question {
                Question::List(reply) => {
                    let _ = reply.send(self.list().await);
                }
                Question::End(decision, reason, reply) => {
                    let found = self.0.table.borrow().opened_by(decision);
                    let _ = reply.send(found.is_some());
                    if let Some(cut) = found {
                        cut.cut(reason);
                    }
                }
            }
        }
    }

    async fn list(&self) -> Vec<OpenLease> {
        let (mut all, mut from) = (Vec::new(), Some(0));
        while let Some(place) = from {
            let (some, next) = self.0.table.borrow().some(place, PLACES);
            all.extend(some);
            from = next;
            tokio::task::yield_now().await;
        }
        all
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

    /// A refusal of what has gone astray.
    fn strays(
        &self,
        view: &View,
        circumstances: &Circumstances,
        now: Timestamp,
    ) -> Option<Arc<Judgement>> {
        let astray = self.0.astray.borrow().clone()?;
        let why = astray(view, circumstances)?;
        let mut judge = self.0.judge.borrow_mut();
        Some(judge.refused(view, circumstances, now, why))
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

    /// Notes what opened it, for listings.
    pub fn opened(&self, decision: DecisionId, at: Timestamp) {
        let mut table = self.core.0.table.borrow_mut();
        table.opened(self.index, decision, at);
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
