//! A permit, and what it opens.

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use gw_engine::Judgement;
use gw_leases::{Cut, CutReason, Lease};
use gw_ledger::{EndManner, EndRecord, Position};
use gw_model::{DecisionId, Timestamp};

use crate::door::{Inner, WhenUnwritable};

/// Leave to do one thing once. Made by the door alone, consumed by the sending.
#[must_use = "a permit that is not opened lets nothing happen"]
pub struct Permit {
    door: Rc<Inner>,
    lease: Lease,
    judgement: Arc<Judgement>,
    decision: DecisionId,
    wait_for: Option<Position>,
    asked_at: Timestamp,
    counted_only: bool,
}

impl Permit {
    pub(crate) const fn new(
        door: Rc<Inner>,
        lease: Lease,
        judgement: Arc<Judgement>,
        decision: DecisionId,
        wait_for: Option<Position>,
        asked_at: Timestamp,
    ) -> Self {
        Self {
            door,
            lease,
            judgement,
            decision,
            wait_for,
            asked_at,
            counted_only: false,
        }
    }

    /// Its end is not recorded, since its beginning was only counted.
    pub(crate) const fn counted_only(mut self) -> Self {
        self.counted_only = true;
        self
    }

    /// The id of the decision behind it.
    pub const fn decision(&self) -> DecisionId {
        self.decision
    }

    /// The judgement behind it.
    pub const fn judgement(&self) -> &Arc<Judgement> {
        &self.judgement
    }

    /// Opens what was asked for. In the synced mode it first waits until the record is
    /// on disk; an allow that waited is looked at again, and refused if its lease has ended.
    ///
    /// # Errors
    /// Why the lease has ended meanwhile, or that the record could not be synced.
    pub async fn open(self) -> Result<Open, NotOpened> {
        if let Some(position) = self.wait_for {
            Box::pin(self.wait_until_synced(position)).await?;
        }
        if let Some(reason) = self.lease.cut().reason() {
            return Err(NotOpened::Ended(reason));
        }
        self.lease.opened(self.decision, self.asked_at);
        Ok(Open {
            door: self.door,
            lease: self.lease,
            judgement: self.judgement,
            decision: self.decision,
            opened_at: self.asked_at,
            up: Cell::new(0),
            down: Cell::new(0),
            status: Cell::new(0),
            ended: Cell::new(self.counted_only),
        })
    }

    async fn wait_until_synced(&self, position: Position) -> Result<(), NotOpened> {
        let synced = self.door.recorder.borrow().synced(position);
        let Err(fault) = synced.await else {
            return Ok(());
        };
        let is_refused = self.door.options.when_unwritable == WhenUnwritable::Deny;
        if let Some(kept_back) = self.door.unwritten.due() {
            let decision = self.decision;
            if is_refused {
                tracing::error!(%fault, %decision, kept_back, "refused: the record was not synced");
            } else {
                tracing::error!(%fault, %decision, kept_back, "let through with a record that was not synced, as configured");
            }
        }
        if is_refused {
            return Err(NotOpened::Unwritable);
        }
        Ok(())
    }
}

/// Why a permit was not opened.
#[derive(Debug, Clone)]
pub enum NotOpened {
    /// What allowed it has ended since it was decided.
    Ended(Arc<CutReason>),
    /// Its record did not reach the disk.
    Unwritable,
}

/// What a permit opened: a live lease. Dropping it ends it as "client gone".
pub struct Open {
    door: Rc<Inner>,
    lease: Lease,
    judgement: Arc<Judgement>,
    decision: DecisionId,
    opened_at: Timestamp,
    up: Cell<u64>,
    down: Cell<u64>,
    status: Cell<u16>,
    ended: Cell<bool>,
}

impl Open {
    /// Told when it must end at once.
    pub const fn cut(&self) -> &Cut {
        self.lease.cut()
    }

    /// The id of the decision behind it.
    pub const fn decision(&self) -> DecisionId {
        self.decision
    }

    /// The judgement that opened it.
    pub const fn judgement(&self) -> &Arc<Judgement> {
        &self.judgement
    }

    /// Counts bytes of body from the client.
    pub fn note_up(&self, bytes: u64) {
        self.up.set(self.up.get().saturating_add(bytes));
    }

    /// Counts bytes of body to the client.
    pub fn note_down(&self, bytes: u64) {
        self.down.set(self.down.get().saturating_add(bytes));
    }

    /// The status that the client got.
    pub fn note_status(&self, status: u16) {
        self.status.set(status);
    }

    /// Notes that the person behind it is there: the idle limit counts from now.
    pub fn touch(&self) {
        self.judgement.touch(self.door.core.engine().clock().now());
    }

    /// Ends it. A cut that was told meanwhile is what the record says.
    pub fn end(self, manner: EndManner) {
        self.record_end(manner);
    }

    fn record_end(&self, manner: EndManner) {
        if self.ended.replace(true) {
            return;
        }
        let cut = self.lease.cut().reason();
        let now = self.door.core.engine().clock().now();
        let record = EndRecord {
            time: now,
            decision: self.decision,
            manner: if cut.is_some() {
                EndManner::Cut
            } else {
                manner
            },
            status: self.status.get(),
            bytes_up: self.up.get(),
            bytes_down: self.down.get(),
            duration: Duration::from_millis(
                now.as_millis().saturating_sub(self.opened_at.as_millis()),
            ),
            reason: cut.map(|reason| reason.sentence.clone()),
        };
        let mut recorder = self.door.recorder.borrow_mut();
        let written = recorder.end(&record).or_else(|fault| {
            let view = self.door.core.engine().view();
            match view.is_break_glass(self.judgement.session) {
                true => recorder.urgently(|recorder| recorder.end(&record)),
                false => Err(fault),
            }
        });
        if let Err(fault) = written
            && let Some(kept_back) = self.door.unended.due()
        {
            tracing::error!(%fault, decision = %self.decision, kept_back, "the end of an exchange could not be recorded");
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.record_end(EndManner::ClientGone);
    }
}
