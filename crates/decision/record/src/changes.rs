//! Which changes of facts the newest part of the control log tells of.

use std::{collections::BTreeSet, path::Path};

use gw_ledger::Record;
use gw_model::Epoch;

use crate::{
    files::{if_there, segment_numbers},
    options::CONTROL,
    read::{ReadError, file_error},
    reader::LogReader,
};

/// Segments that are looked through: a process that was killed left its last changes in them.
const SEGMENTS: u32 = 3;

/// The changes that the newest segments of the control log tell of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedChanges {
    /// No older segments were left out.
    whole: bool,
    epochs: BTreeSet<Epoch>,
}

impl RecordedChanges {
    /// Reads them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(folder: &Path) -> Result<Self, ReadError> {
        let log = folder.join(CONTROL);
        let numbers = if_there(segment_numbers(&log)).map_err(file_error(&log))?;
        let numbers = numbers.unwrap_or_default();
        let last = numbers.last().copied().unwrap_or_default();
        let from = last.saturating_sub(SEGMENTS);
        let mut reader = LogReader::new(folder, CONTROL, from);
        let mut epochs = BTreeSet::new();
        loop {
            match reader.next() {
                Ok(None) => break,
                Ok(Some(entry)) => {
                    if let Record::Change(change) = entry.record
                        && !change.changes.is_empty()
                    {
                        epochs.insert(change.epoch);
                    }
                }
                // What is damaged was said when the log was taken up.
                Err(ReadError::Broken { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(Self {
            whole: numbers.first().is_none_or(|first| *first >= from),
            epochs,
        })
    }

    /// Whether a change certainly has no record.
    pub fn lacks(&self, epoch: Epoch) -> bool {
        let after_some = self.epochs.first().is_some_and(|first| *first < epoch);
        !self.epochs.contains(&epoch) && (self.whole || after_some)
    }
}
