//! What the decision plane itself tells the ledger: changes of facts, questions, events.

use gw_ledger::{ChangeRecord, Personal, QuestionRecord};
use gw_record::{ControlRecorder, Unwritable};

/// The control log of the ledger.
pub(crate) struct Recording {
    control: ControlRecorder,
}

impl Recording {
    pub(crate) const fn new(control: ControlRecorder) -> Self {
        Self { control }
    }

    /// Whether a change would be recorded.
    pub(crate) fn ready(&self) -> Result<(), Unwritable> {
        self.control.ready()
    }

    /// A change, synced when this returns. Blocks.
    pub(crate) fn change(&self, record: ChangeRecord) -> Result<(), Unwritable> {
        self.control.change_blocking(record)
    }

    /// A question of the control plane, synced.
    pub(crate) async fn question(&self, record: &QuestionRecord) -> Result<(), Unwritable> {
        self.control
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
