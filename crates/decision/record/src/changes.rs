//! Which changes of facts the newest part of the control log tells of.

use std::{collections::BTreeMap, path::Path};

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
    /// How many facts each tells of.
    facts: BTreeMap<Epoch, usize>,
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
        let mut facts = BTreeMap::new();
        loop {
            match reader.next() {
                Ok(None) => break,
                Ok(Some(entry)) => {
                    if let Record::Change(change) = entry.record
                        && !change.changes.is_empty()
                    {
                        *facts.entry(change.epoch).or_default() += change.changes.len();
                    }
                }
                // What is damaged was said when the log was taken up.
                Err(ReadError::Broken { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(Self {
            whole: numbers.first().is_none_or(|first| *first >= from),
            facts,
        })
    }

    /// Whether a change of so many facts certainly has no record of them all.
    pub fn lacks(&self, epoch: Epoch, facts: usize) -> bool {
        let after_some = self.facts.first_key_value();
        let after_some = after_some.is_some_and(|(first, _)| *first < epoch);
        let told = self.facts.get(&epoch).copied().unwrap_or_default();
        told < facts && (self.whole || after_some)
    }
}
