//! What the decision plane itself tells the ledger: changes of facts, questions, events.

use gw_ledger::{ChangeRecord, Personal, QuestionRecord};
use gw_record::{ControlRecorder, Unwritable};

/// The control log of the ledger.
pub(crate) struct Recording {
    control: ControlRecorder,
    /// The same, with the room that is kept for an emergency.
    urgent: ControlRecorder,
}

impl Recording {
    pub(crate) fn new(control: ControlRecorder) -> Self {
        Self {
            urgent: control.urgent(),
            control,
        }
    }

    const fn to(&self, urgent: bool) -> &ControlRecorder {
        match urgent {
            true => &self.urgent,
            false => &self.control,
        }
    }

    /// Whether a change would be recorded.
    pub(crate) fn ready(&self) -> Result<(), Unwritable> {
        self.control.ready()
    }

    /// Whether a change in an emergency would be.
    pub(crate) fn ready_urgently(&self) -> Result<(), Unwritable> {
        self.control.ready_urgently()
    }

    /// A change, synced when this returns. Blocks.
    pub(crate) fn change(&self, record: ChangeRecord, urgent: bool) -> Result<(), Unwritable> {
        self.to(urgent).change_blocking(record)
    }

    /// A question of the control plane, synced.
    pub(crate) async fn question(
        &self,
        record: &QuestionRecord,
        urgent: bool,
    ) -> Result<(), Unwritable> {
        self.to(urgent)
            .append(record, &Personal::default())
            .await
            .map(|_| ())
    }

    /// Something that changed no fact, synced.
    pub(crate) async fn event(
        &self,
        record: &ChangeRecord,
        personal: &Personal<'_>,
    ) -> Result<(), Unwritable> {
        self.control.append(record, personal).await.map(|_| ())
    }
}
